"""OpenAI Responses: the items of `input`, read as turns. See `openai_responses` for the source.

What a model answers is several items in a row (reasoning, message, calls); they are one turn. So are the results that
follow one another. Calls of all kinds that a client runs are calls of functions (`tools.kinds`); tools that become
known on the way are offered with the others.

OpenAI Responses: items of a history that tell what OpenAI ran, as others can read them. See `openai_responses`.

What a tool of OpenAI's brought to light is told as text in the model's turn, where the item has it; where it has not (a
search names its words, not what it found), the answer that follows has what mattered, and the item is a named loss.

Source: `response_input_item_param` of openai-python (main of 2026-08).
Left out: pictures that were made (`image_generation_call`), as no other model takes one from the model's own turn.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeGuard

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    CachePoint,
    File,
    Image,
    Instruction,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire.openai_responses import state
from openclaw_extproc.wire.openai_responses.client import compaction_summaries
from openclaw_extproc.wire.openai_responses.client.parts import content
from openclaw_extproc.wire.openai_responses.client.tools.declared import function_name, tools
from openclaw_extproc.wire.openai_responses.client.tools.kinds import BY_CALL, BY_OUTPUT, ClientRun
from openclaw_extproc.wire.openai_responses.fields import Losses, array, left_behind, lose, must_carry, name, text
from openclaw_extproc.wire.translation import provider_state

# -- vendor items ----------------------------------------------------------------------


MAX_TOLD_CHARS = 64 * 1024
"""The length to which the text of one tool's findings is cut."""

Object = Mapping[str, Json]


def _words(value: Json) -> str:
    return value if isinstance(value, str) else "" if value in (None, [], {}) else j.text(value)


def _as_text(what: str, asked: Json, brought: Json) -> str:
    if not (found := _words(brought)):
        return ""
    asked_words = _words(asked)
    return f"[{what}{': ' if asked_words else ''}{asked_words}]\n{found[:MAX_TOLD_CHARS]}"


def _mcp_call(item: Object) -> str:
    return _as_text(f"{_words(item.get('name'))} at {_words(item.get('server_label'))}", item.get("arguments"),
                 item.get("output") or item.get("error"))  # fmt: skip


VENDOR_ITEMS: Mapping[str, Callable[[Object], str]] = {
    "web_search_call": lambda _: "",
    "file_search_call": lambda item: _as_text("search in files", item.get("queries"), item.get("results")),
    "code_interpreter_call": lambda item: _as_text("code that was run", item.get("code"), item.get("outputs")),
    "image_generation_call": lambda _: "",
    "mcp_call": _mcp_call,
    "mcp_list_tools": lambda _: "",
    "mcp_approval_request": lambda _: "",
    "mcp_approval_response": lambda _: "",
    "program": lambda item: _as_text("program", None, item.get("code")),
    "program_output": lambda item: _as_text("its result", None, item.get("result")),
    "configuration_update": lambda _: "",
}
"""The functions that write an item as text, by its type; an empty text: the item has nothing that others could use."""


# -- items -----------------------------------------------------------------------------


_ALWAYS = {"type", "id", "status"}
"""The fields of every item. Ids of items mean something to OpenAI only, and not even there when nothing is stored."""


class Conversation:
    """Collects system texts, turns, and the tools that come with them."""

    def __init__(self, lost: Losses) -> None:
        self.system: list[str] = []
        self.turns: list[Turn] = []
        self.tools: list[ToolSpec] = []
        self.asks_for_compaction = False
        self._lost = lost
        self._role: Role = "user"
        self._parts: list[Part] = []
        """The parts of the turn that may go on with the next item."""
        self._are_results = False

    def read(self, value: Json) -> None:
        if isinstance(value, str):
            self._say("user", list(content(value, "input", self._lost)))
            self._close()
            return
        if value is not None and not isinstance(value, list):
            raise UnreadableError(f"input: expected a string or an array, found {j.name_of(value)}")
        items = value or []
        for n, item in enumerate(items):
            self._item(j.an_object(item, at=f"input[{n}]"), f"input[{n}]", is_last=n == len(items) - 1)
        self._close()

    def _item(self, item: Mapping[str, Json], at: str, *, is_last: bool) -> None:
        match item.get("type"):
            case "message":
                self._message(item, at)
            case None if "role" in item:
                self._message(item, at)
            case "reasoning":
                self._say("assistant", [_thinking(item, at)])
            case "function_call":
                self._say("assistant", list(_tool_use(item, at, self._lost)))
            case "function_call_output":
                self._say("user", [_tool_result(item, at, self._lost)])
            case "compaction" | "compaction_summary":
                self._compaction(item, at)
            case "compaction_trigger":
                self.asks_for_compaction = is_last
            case None:
                self._nameless(item, at)
            case kind:
                self._other(j.a_string(kind, at=f"{at}.type"), item, at, is_last=is_last)

    def _other(self, kind: str, item: Mapping[str, Json], at: str, *, is_last: bool) -> None:
        """An item of a kind that other formats have not."""
        if kind in ("additional_tools", "tool_search_output"):
            self.tools += tools(item.get("tools"), self._lost, f"{at}.tools")
        if kind == "additional_tools":
            return
        if (called := BY_CALL.get(kind)) and _is_clients(item):
            self._say("assistant", list(_native_use(item, called, at)))
        elif (answered := BY_OUTPUT.get(kind)) and _is_clients(item):
            self._say("user", [_native_result(item, answered, at, self._lost)])
        elif told := VENDOR_ITEMS[kind](item) if kind in VENDOR_ITEMS else "":
            self._say("assistant", [Text(told)])
        elif kind == "item_reference" or (is_last and kind not in _KNOWN_TYPES):
            must_carry(self._lost, f"{at}: {kind if kind in _KNOWN_TYPES else 'unknown type of item'}")
        else:
            lose(self._lost, f"{at}: {kind if kind in _KNOWN_TYPES else 'unknown type of item'}")

    def _nameless(self, item: Mapping[str, Json], at: str) -> None:
        if "id" not in item:
            raise UnreadableError(f"{at}.type: expected a string, found nothing")
        must_carry(self._lost, f"{at}: item_reference")

    def _compaction(self, item: Mapping[str, Json], at: str) -> None:
        """A summary of ours is told; OpenAI's own can be opened by OpenAI alone."""
        summary = compaction_summaries.summary_of(text(item, "encrypted_content", f"{at}.") or "")
        if summary is None:
            must_carry(self._lost, f"{at}: compaction, which only the provider that made it can open")
        else:
            self._say("user", [Text(compaction_summaries.as_message(summary))])

    def _message(self, item: Mapping[str, Json], at: str) -> None:
        left_behind(item, {*_ALWAYS, "role", "content", *_SAYS_NOTHING}, at, self._lost)
        said = list(content(item.get("content"), f"{at}.content", self._lost))
        match item.get("role"):
            case "system" | "developer":
                self._instruct(said, at)
            case "user":
                self._say("user", said)
            case "assistant":
                self._say("assistant", said)
            case _:
                raise UnreadableError(f"{at}.role: unknown role (known: user, assistant, system, developer)")

    def _instruct(self, said: list[Text | Image | File | CachePoint], at: str) -> None:
        texts = [part.text for part in said if isinstance(part, Text)]
        if any(not isinstance(part, Text | CachePoint) for part in said):
            must_carry(self._lost, f"{at}.content: more than text in a system message")
        if self.turns or self._parts:
            self._close()
            self.turns += [Turn("user", tuple(map(Instruction, texts)))] if texts else []
        else:
            self.system += texts

    def _say(self, role: Role, parts: Sequence[Part]) -> None:
        if not parts:
            return
        are_results = all(isinstance(part, ToolResult) for part in parts)
        if role != self._role or not (role == "assistant" or (self._are_results and are_results)):
            self._close()
        self._role, self._are_results = role, are_results
        self._parts += parts

    def _close(self) -> None:
        """The turn is complete. Put together once: an answer may be thousands of items."""
        if self._parts:
            self.turns.append(Turn(self._role, tuple(self._parts)))
            self._parts = []


_SAYS_NOTHING = {"phase", "caller", "internal_chat_message_metadata_passthrough"}
"""The fields of messages and calls that are no loss: in which part of a response an item came, that the model called,
and notes of OpenAI's service."""

_KNOWN_TYPES = frozenset(
    {*BY_CALL, *BY_OUTPUT, *VENDOR_ITEMS, "item_reference", "additional_tools", "compaction_trigger"}
)
"""Types that may stand in a message; the client chooses the others."""


def _is_clients(item: Mapping[str, Json]) -> bool:
    """Whether the client ran it: a search for tools may have been OpenAI's own, a shell in OpenAI's container."""
    environment = item.get("environment")
    at_openai = isinstance(environment, dict) and environment.get("type") == "container_reference"
    return bool(_call_id(item)) and item.get("execution") != "server" and not at_openai


def _call_id(item: Mapping[str, Json]) -> str:
    """A `local_shell_call_output` has its call's in `id`."""
    id = item.get("call_id") or (item.get("id") if item.get("type") == "local_shell_call_output" else None)
    return id if isinstance(id, str) else ""


def _thinking(item: Mapping[str, Json], at: str) -> Thinking:
    """The summary; open models have their thoughts in `content`."""
    shown = _texts(item.get("summary"), f"{at}.summary") or _texts(item.get("content"), f"{at}.content")
    encrypted = text(item, "encrypted_content", f"{at}.") or ""
    return Thinking("\n\n".join(shown), state.unpack_state(text(item, "id", f"{at}.") or "", encrypted))


def _texts(value: Json, at: str) -> list[str]:
    parts = [j.an_object(part, at=f"{at}[{n}]") for n, part in enumerate(array(value, at=at))]
    said = [j.a_string(part.get("text"), at=f"{at}[{n}].text") for n, part in enumerate(parts)]
    return [one for one in said if one]


def _tool_use(item: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Part]:
    """A call; another provider's state that travelled in its id comes first."""
    left_behind(item, {*_ALWAYS, "call_id", "name", "arguments", "namespace", *_SAYS_NOTHING}, at, lost)
    called = provider_state.state_of_call_id(name(item.get("call_id"), at=f"{at}.call_id"))
    yield from called.thoughts
    arguments = text(item, "arguments", f"{at}.") or ""
    yield ToolUse(called.id, _function(item, at), arguments, called.sealed)


def _function(item: Mapping[str, Json], at: str) -> str:
    return function_name(text(item, "namespace", f"{at}.") or "", name(item.get("name"), at=f"{at}.name"))


def _native_use(item: Mapping[str, Json], kind: ClientRun, at: str) -> Iterator[Part]:
    called = provider_state.state_of_call_id(name(_call_id(item), at=f"{at}.call_id"))
    yield from called.thoughts
    yield ToolUse(called.id, kind.name or _function(item, at), j.text(kind.arguments(item)), called.sealed)


def _tool_result(item: Mapping[str, Json], at: str, lost: Losses) -> ToolResult:
    known = {*_ALWAYS, "call_id", "output", "name", "namespace", *_SAYS_NOTHING}
    left_behind(item, known, at, lost)
    id = provider_state.result_of(name(item.get("call_id"), at=f"{at}.call_id"))
    return ToolResult(id, _leaves(item.get("output"), f"{at}.output", lost))


def _native_result(item: Mapping[str, Json], kind: ClientRun, at: str, lost: Losses) -> ToolResult:
    id = provider_state.result_of(name(_call_id(item), at=f"{at}.call_id"))
    given = kind.result(item)
    shown = _leaves("" if given is None else given, f"{at}.output", lost)
    return ToolResult(id, shown, is_error=kind.failed(item))


def _leaves(value: Json, at: str, lost: Losses) -> tuple[Text | Image | File, ...]:
    return tuple(part for part in content(value, at, lost) if _is_leaf(part))


def _is_leaf(part: Text | Image | File | CachePoint) -> TypeGuard[Text | Image | File]:
    return not isinstance(part, CachePoint)
