"""The wire formats, one file each, and the paths they are spoken at. A new one is a new file and one line here."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import cast

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model.ask import Ask
from openclaw_extproc.wire import (
    anthropic_count_tokens,
    anthropic_messages,
    azure_embeddings,
    azure_openai,
    azure_responses,
    bedrock_anthropic,
    bedrock_converse,
    client_headers,
    gemini,
    gemini_count_tokens,
    gemini_embeddings,
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_models,
    openai_responses,
    passthrough,
    vertex_anthropic,
    vertex_gemini,
)
from openclaw_extproc.wire.anthropic_messages import models as anthropic_models
from openclaw_extproc.wire.base import ClientSide, Models, WireFormat
from openclaw_extproc.wire.client_headers import HeaderNames
from openclaw_extproc.wire.gemini import models as gemini_models
from openclaw_extproc.wire.passthrough import Rule
from openclaw_extproc.wire.request_path import canonical

FORMATS: dict[str, WireFormat[Ask]] = {
    module.NAME: cast("WireFormat[Ask]", module.FORMAT)
    for module in (
        anthropic_count_tokens,
        anthropic_messages,
        azure_embeddings,
        azure_openai,
        azure_responses,
        bedrock_anthropic,
        bedrock_converse,
        gemini,
        gemini_count_tokens,
        gemini_embeddings,
        openai_chat,
        openai_completions,
        openai_embeddings,
        openai_responses,
        vertex_anthropic,
        vertex_gemini,
    )
}
"""A request meets only formats of its own operation (`spoken_to`), so each of them gets what it is about."""


@dataclass(frozen=True, slots=True)
class Family:
    """The paths of one vendor's SDKs: all under its prefix, and bare where no other vendor has the same."""

    prefix: str
    formats: tuple[str, ...]
    """The first one writes the errors of paths that no format serves."""
    bare: tuple[str, ...]
    """Bare paths that begin so are this family's."""
    hosts: tuple[str, ...]
    """Of the vendor itself: what an application calls that does not know of us."""
    passthrough: tuple[Rule, ...]
    """What may go on to the vendor unread."""
    models: Models
    headers: HeaderNames
    """What its clients say in headers on purpose."""
    signs: tuple[str, ...] = ()
    """Headers that only this vendor's clients send: they decide about paths that several vendors have."""
    websockets: tuple[str, ...] = ()
    """Passable paths at which a websocket may be opened, and all paths below them."""


FAMILIES = (
    Family(
        "/anthropic",
        (anthropic_messages.NAME, anthropic_count_tokens.NAME),
        ("/v1/messages", "/v1/complete"),
        hosts=("api.anthropic.com",),
        passthrough=passthrough.ANTHROPIC,
        models=Models(anthropic_models.encode_models, anthropic_models.encode_model),
        headers=client_headers.ANTHROPIC,
        signs=("anthropic-version",),
    ),
    # OpenAI and Anthropic have `/v1/models` as well, and single models below it; only Gemini calls them, with a colon.
    Family(
        "/gemini",
        (gemini.NAME, gemini_count_tokens.NAME, gemini_embeddings.NAME),
        (
            *("/v1beta/", "/v1beta1/", "/v1alpha/", "/upload/", "/download/", "/v1/models/", "/v1/tunedModels/"),
            # Vertex AI has them all below `publishers/google`, as a rule below a project.
            *("/v1/projects/", "/v1/publishers/"),
        ),
        hosts=("generativelanguage.googleapis.com",),
        passthrough=passthrough.GEMINI,
        models=Models(gemini_models.encode_models, gemini_models.encode_model),
        headers=client_headers.GEMINI,
        signs=("x-goog-api-key", "x-goog-api-client"),
    ),
    Family(
        "/openai",
        (openai_chat.NAME, openai_responses.NAME, openai_completions.NAME, openai_embeddings.NAME),
        ("/",),
        hosts=("api.openai.com",),
        passthrough=passthrough.OPENAI,
        models=Models(openai_models.encode_models, openai_models.encode_model),
        websockets=("/v1/realtime",),
        headers=client_headers.OPENAI,
    ),
)
"""In the order of looking; the last one takes what nobody claims."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a request path says about who is asking."""

    format: str
    client: ClientSide[Ask]
    path: str
    """In its canonical spelling, without prefix and query."""
    query: str
    served: bool
    """Whether the format has a model call at this path; if not, errors are still written in it."""
    family: tuple[str, ...]
    """All formats of the vendor whose path this is."""
    models: Models
    passthrough: tuple[Rule, ...]
    """What may go on to that vendor unread."""
    websocket: bool
    """Whether a websocket at the path may go on to the vendor. At others none is spoken."""


def spoken_at(target: str, headers: Mapping[str, str] = MappingProxyType({})) -> Spoken:
    """Read an HTTP request target (`/openai/v1/chat/completions?x=y`), and the headers where it is not enough."""
    path, _, query = target.partition("?")
    family, rest = _family(canonical(path), headers)
    name = next((name for name in family.formats if client_side(name).serves(rest)), None)
    first = name or family.formats[0]
    return Spoken(
        first,
        client_side(first),
        rest,
        query,
        name is not None,
        family.formats,
        family.models,
        family.passthrough,
        any(f"{rest}/".startswith(f"{one}/") for one in family.websockets),
    )


def spoken_to(provider: Provider, client_format: str) -> WireFormat[Ask] | None:
    """The format in which a provider is asked on behalf of a client: the client's own where the provider knows it, else
    the first one that both can be translated through. `None`: there is none.
    """
    return _spoken((provider.format, *provider.also), client_format)


@lru_cache(maxsize=1_024)  # asked ten times for each request; a configuration has a few of these pairs
def _spoken(formats: tuple[str, ...], client_format: str) -> WireFormat[Ask] | None:
    known = [FORMATS[name] for name in formats if name in FORMATS]
    asked = FORMATS[client_format]
    own = (fmt for fmt in known if fmt.words == client_format)
    others = (fmt for fmt in known if fmt.translated and _translates(asked, fmt))
    return next(own, None) or next(others, None)


def _translates(asked: WireFormat[Ask], into: WireFormat[Ask]) -> bool:
    chats = ("chat", "completions")
    return asked.operation == into.operation or (asked.operation in chats and into.operation in chats)


def family_of(name: str) -> str:
    """The format that stands for all of a vendor's, in Envoy's own error replies."""
    return next(family.formats[0] for family in FAMILIES if name in family.formats)


def headers_of(name: str) -> HeaderNames:
    """What clients of this format say in headers on purpose."""
    return next(family.headers for family in FAMILIES if name in family.formats)


def client_side(name: str) -> ClientSide[Ask]:
    client = FORMATS[name].client
    assert client is not None, f"{name} has no client side"
    return client


def _family(path: str, headers: Mapping[str, str]) -> tuple[Family, str]:
    for family in FAMILIES:
        if path == family.prefix or path.startswith(family.prefix + "/"):
            return family, path.removeprefix(family.prefix)
    host = headers.get(":authority", "").partition(":")[0]
    at_home = (f for f in FAMILIES if host in f.hosts)
    by_call = (f for f in FAMILIES if any(client_side(name).serves(path) for name in f.formats))
    by_path = (f for f in FAMILIES[:-1] if path.startswith(f.bare))
    by_sign = (f for f in FAMILIES if any(sign in headers for sign in f.signs))
    return next(at_home, None) or next(by_call, None) or next(by_path, None) or next(by_sign, FAMILIES[-1]), path
