"""What may be passed on to a vendor unread, with our credential: a table of methods and paths for each family.

A path that is not here is not passed on, and a path that is here is passed on in this one spelling only: the fixed
parts as they stand, and for each `{id}` a single segment of plain letters, digits and a few marks.
Source: the resources of the SDKs (openai 2, anthropic 0, google-genai 2: their `resources` and `_api_client`),
https://platform.openai.com/docs/api-reference, https://platform.claude.com/docs/en/api, https://ai.google.dev/api.
Left out: Azure's and Vertex AI's own paths (`/openai/deployments/…`, `/v1/projects/…`), as no client of a family has
them; Azure's `/openai/v1` is a base path of OpenAI's format. Whatever hands out a key or a token, or administers an
account, is here under a name that an operator has to write.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

ModelAt: TypeAlias = Literal["", "json", "form", "body", "path", "query"]
"""The place where a request names its model: a top-level key of a JSON body, a field of a multipart form, either of
them by its content type, `{model}` of the path, a parameter of the query, or nowhere."""

USUAL = frozenset(
    {"files", "uploads", "batches", "caches", "responses", "operations"}
    | {"audio", "images", "videos", "moderations", "realtime"}
)
"""Open without a word of the operator's."""
DELETE = "delete"
"""Opens what deletes, cancels or changes an object: with one key for all callers, it may be somebody else's."""


@dataclass(frozen=True)  # no slots: the pattern is kept
class Rule:
    """One row of the passthrough table."""

    group: str
    """The name by which an operator opens the row."""
    methods: tuple[str, ...]
    path: str
    """`{id}` is one segment, `{version}` Google's, `{model}` a model's name, `**` one segment or more."""
    model_at: ModelAt = ""
    is_billed: bool = False
    """Whether the vendor takes money for it: budgets hold for it then."""
    destroys: bool = False
    """Whether it needs the name `delete` too."""

    def is_open(self, opened: Collection[str]) -> bool:
        """`opened`: the names that the operator wrote, besides those that are open anyway."""
        names = {*USUAL, *opened}
        return self.group in names and (not self.destroys or DELETE in names)

    @property
    def opened_by(self) -> tuple[str, ...]:
        """The names that have to be written for it."""
        own = () if self.group in USUAL else (self.group,)
        return (*own, DELETE) if self.destroys else own

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        written = re.escape(self.path).replace(r"\{", "{").replace(r"\}", "}").replace(r"\*\*", "**")
        for mark, meaning in _MEANINGS.items():
            written = written.replace(mark, meaning)
        return re.compile(written, re.ASCII)

    def model_of(self, path: str) -> str:
        """The model that the path names, as it stands there; empty: it names none."""
        found = self.pattern.fullmatch(path)
        return found["model"] if found and self.model_at == "path" else ""


_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9_.~=+@,-]{0,511}"
_MEANINGS = {
    "{id}": _SEGMENT,
    "{version}": r"v1(?:alpha|beta)?",
    "{model}": r"(?P<model>[^/:]{1,512})",
    "**": rf"{_SEGMENT}(?:/{_SEGMENT})*(?::[A-Za-z]+)?",
}


def find_rule(table: tuple[Rule, ...], method: str, path: str) -> Rule | None:
    """The first rule for this request, open or not. `path`: as `request_path.canonical` writes it."""
    return next((rule for rule in table if method in rule.methods and rule.pattern.fullmatch(path)), None)


def methods_of(table: tuple[Rule, ...], path: str) -> frozenset[str]:
    """The methods that the table has for a path."""
    return frozenset(method for rule in table if rule.pattern.fullmatch(path) for method in rule.methods)


def _get(group: str, *paths: str) -> Iterator[Rule]:
    return (Rule(group, ("GET",), path) for path in paths)


def _post(group: str, path: str, model_at: ModelAt = "", *, free: bool = False) -> Rule:
    return Rule(group, ("POST",), path, model_at, is_billed=not free)


def _deletions(group: str, *paths: str) -> Iterator[Rule]:
    return (Rule(group, ("DELETE",), path, destroys=True) for path in paths)


def _cancel(group: str, path: str) -> Rule:
    return Rule(group, ("POST",), path, destroys=True)


def _tree(group: str, *paths: str) -> Iterator[Rule]:
    """Yields rules for a path and everything below it."""
    for path in paths:
        for one in (path, f"{path}/**"):
            yield Rule(group, ("GET",), one)
            yield Rule(group, ("POST",), one, is_billed=True)
            yield Rule(group, ("PUT", "PATCH", "DELETE"), one, destroys=True)


OPENAI = (
    *_get("files", "/v1/files", "/v1/files/{id}", "/v1/files/{id}/content"),
    _post("files", "/v1/files", free=True),
    *_deletions("files", "/v1/files/{id}"),
    _post("uploads", "/v1/uploads", free=True),
    _post("uploads", "/v1/uploads/{id}/parts", free=True),
    _post("uploads", "/v1/uploads/{id}/complete", free=True),
    _post("uploads", "/v1/uploads/{id}/cancel", free=True),
    *_get("batches", "/v1/batches", "/v1/batches/{id}"),
    _post("batches", "/v1/batches"),
    _cancel("batches", "/v1/batches/{id}/cancel"),
    _post("audio", "/v1/audio/speech", "json"),
    _post("audio", "/v1/audio/transcriptions", "form"),
    _post("audio", "/v1/audio/translations", "form"),
    _post("images", "/v1/images/generations", "json"),
    _post("images", "/v1/images/edits", "body"),
    _post("images", "/v1/images/variations", "form"),
    *_get("videos", "/v1/videos", "/v1/videos/{id}", "/v1/videos/{id}/content"),
    _post("videos", "/v1/videos", "body"),
    _post("videos", "/v1/videos/{id}/remix"),
    *_deletions("videos", "/v1/videos/{id}"),
    _post("moderations", "/v1/moderations", "json", free=True),
    *_get("responses", "/v1/responses/{id}", "/v1/responses/{id}/input_items"),
    _post("responses", "/v1/responses/{id}/cancel", free=True),  # ids are not listed: who knows one was given it
    *_deletions("responses", "/v1/responses/{id}"),
    Rule("realtime", ("GET",), "/v1/realtime", "query", is_billed=True),
    *_tree("realtime_sessions", "/v1/realtime/client_secrets", "/v1/realtime/sessions", "/v1/realtime/calls"),
    *_tree("realtime_sessions", "/v1/realtime/transcription_sessions", "/v1/realtime/translations"),
    *_tree("stored_completions", "/v1/chat/completions"),
    *_tree("conversations", "/v1/conversations"),
    *_tree("vector_stores", "/v1/vector_stores"),
    _post("assistants", "/v1/assistants", "json"),
    _post("assistants", "/v1/assistants/{id}", "json"),
    _post("assistants", "/v1/threads/runs", "json"),
    _post("assistants", "/v1/threads/{id}/runs", "json"),
    *_tree("assistants", "/v1/assistants", "/v1/threads"),
    *_tree("containers", "/v1/containers"),
    *_tree("evals", "/v1/evals"),
    *_tree("skills", "/v1/skills"),
    _post("fine_tuning", "/v1/fine_tuning/jobs", "json"),
    *_tree("fine_tuning", "/v1/fine_tuning"),
    *_deletions("fine_tuning", "/v1/models/{id}"),
    *_tree("organization", "/v1/organization", "/v1/projects"),
)
"""A call of a model is never passed on, so no rule for `POST` at its path is ever asked."""

ANTHROPIC = (
    *_get("files", "/v1/files", "/v1/files/{id}", "/v1/files/{id}/content"),
    _post("files", "/v1/files", free=True),
    *_deletions("files", "/v1/files/{id}"),
    *_get("batches", "/v1/messages/batches", "/v1/messages/batches/{id}", "/v1/messages/batches/{id}/results"),
    _post("batches", "/v1/messages/batches"),
    _cancel("batches", "/v1/messages/batches/{id}/cancel"),
    *_deletions("batches", "/v1/messages/batches/{id}"),
    *_tree("skills", "/v1/skills"),
    *_tree("agents", "/v1/agents", "/v1/sessions", "/v1/environments", "/v1/deployments", "/v1/memory_stores"),
    *_tree("organization", "/v1/organizations", "/v1/vaults"),
)

GEMINI = (
    *_get("files", "/{version}/files", "/{version}/files/{id}", "/{version}/files/{id}:download"),
    *_get("files", "/download/{version}/files/{id}:download"),
    _post("files", "/upload/{version}/files", free=True),
    *_deletions("files", "/{version}/files/{id}"),
    *_get("batches", "/{version}/batches", "/{version}/batches/{id}"),
    _post("batches", "/{version}/models/{model}:batchGenerateContent", "path"),
    _post("batches", "/{version}/models/{model}:asyncBatchEmbedContent", "path"),
    _cancel("batches", "/{version}/batches/{id}:cancel"),
    *_deletions("batches", "/{version}/batches/{id}"),
    _post("images", "/{version}/models/{model}:predict", "path"),
    _post("videos", "/{version}/models/{model}:predictLongRunning", "path"),
    Rule("operations", ("GET",), "/{version}/models/{model}/operations/{id}", "path"),
    *_get("operations", "/{version}/operations/{id}"),
    *_get("caches", "/{version}/cachedContents", "/{version}/cachedContents/{id}"),
    _post("caches", "/{version}/cachedContents", "json"),
    Rule("caches", ("PATCH", "DELETE"), "/{version}/cachedContents/{id}", destroys=True),
    *_tree("interactions", "/{version}/interactions"),
    *_tree("fine_tuning", "/{version}/tunedModels"),
    *_tree("vector_stores", "/{version}/fileSearchStores", "/{version}/corpora"),
    *_tree("vector_stores", "/upload/{version}/fileSearchStores"),
    *_tree("realtime_sessions", "/{version}/auth_tokens"),
)

NAMES = tuple(sorted({name for rule in (*OPENAI, *ANTHROPIC, *GEMINI) for name in rule.opened_by}))
"""The names of all groups that an operator can open."""
