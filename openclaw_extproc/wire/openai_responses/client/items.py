"""OpenAI Responses: the items of `input`, read as turns. See `openai_responses` for the source.

What a model answers is several items in a row (reasoning, message, calls); they are one turn. So are the results that
follow one another.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import (
    CachePoint,
    File,
    Image,
    Instruction,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.openai_responses import state
from openclaw_extproc.wire.openai_responses.client.parts import content
from openclaw_extproc.wire.openai_responses.fields import Losses, array, left_behind, must_carry, name, text
from openclaw_extproc.wire.translation import provider_state

_ALWAYS = {"type", "id", "status"}
"""Of every item; ids of items mean something to OpenAI only, and not even there when nothing is stored."""


class Conversation:
    """Collects system texts and turns."""

    def __init__(self, lost: Losses) -> None:
        self.system: list[str] = []
        self.turns: list[Turn] = []
        self._lost = lost
        self._role: Role = "user"
        self._parts: list[Part] = []
        """Of the turn that may go on with the next item."""
        self._are_results = False

    def read(self, value: Json) -> None:
        if isinstance(value, str):
            self._say("user", list(content(value, "input", self._lost)))
            self._close()
            return
        if value is not None and not isinstance(value, list):
            raise UnreadableError(f"input: expected a string or an array, found {j.name_of(value)}")
        for n, item in enumerate(value or []):
            self._item(j.an_object(item, at=f"input[{n}]"), f"input[{n}]")
        self._close()

    def _item(self, item: Mapping[str, Json], at: str) -> None:
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
            case str() as kind if kind in _OPENAIS_OWN:
                must_carry(self._lost, f"{at}: {kind}")
            case None if "id" in item:
                must_carry(self._lost, f"{at}: item_reference")
            case None:
                raise UnreadableError(f"{at}.type: expected a string, found nothing")
            case kind:
                j.a_string(kind, at=f"{at}.type")
                must_carry(self._lost, f"{at}: unknown type of item")

    def _message(self, item: Mapping[str, Json], at: str) -> None:
        left_behind(item, {*_ALWAYS, "role", "content"}, at, self._lost)
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


_OPENAIS_OWN = frozenset(
    {"item_reference", "file_search_call", "computer_call", "computer_call_output", "web_search_call"}
    | {"image_generation_call", "code_interpreter_call", "local_shell_call", "local_shell_call_output"}
    | {"shell_call", "shell_call_output", "apply_patch_call", "apply_patch_call_output", "mcp_list_tools"}
    | {"mcp_approval_request", "mcp_approval_response", "mcp_call", "custom_tool_call", "custom_tool_call_output"}
    | {"tool_search_call", "tool_search_output", "additional_tools", "compaction", "compaction_trigger"}
    | {"configuration_update", "program", "program_output"}
)
"""Items that only OpenAI can make anything of."""


def _thinking(item: Mapping[str, Json], at: str) -> Thinking:
    """The summary; open models have their thoughts in `content`."""
    shown = _texts(item.get("summary"), f"{at}.summary") or _texts(item.get("content"), f"{at}.content")
    encrypted = text(item, "encrypted_content", f"{at}.") or ""
    return Thinking("\n\n".join(shown), state.unpacked(text(item, "id", f"{at}.") or "", encrypted))


def _texts(value: Json, at: str) -> list[str]:
    parts = [j.an_object(part, at=f"{at}[{n}]") for n, part in enumerate(array(value, at=at))]
    said = [j.a_string(part.get("text"), at=f"{at}[{n}].text") for n, part in enumerate(parts)]
    return [one for one in said if one]


def _tool_use(item: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Part]:
    """A call; another provider's state that travelled in its id comes first."""
    left_behind(item, {*_ALWAYS, "call_id", "name", "arguments"}, at, lost)
    called = provider_state.called(name(item.get("call_id"), at=f"{at}.call_id"))
    yield from called.thoughts
    arguments = text(item, "arguments", f"{at}.") or ""
    yield ToolUse(called.id, name(item.get("name"), at=f"{at}.name"), arguments, called.sealed)


def _tool_result(item: Mapping[str, Json], at: str, lost: Losses) -> ToolResult:
    left_behind(item, {*_ALWAYS, "call_id", "output", "name"}, at, lost)
    id = provider_state.result_of(name(item.get("call_id"), at=f"{at}.call_id"))
    return ToolResult(id, tuple(part for part in content(item.get("output"), f"{at}.output", lost) if _is_leaf(part)))


def _is_leaf(part: Text | Image | File | CachePoint) -> TypeGuard[Text | Image | File]:
    return not isinstance(part, CachePoint)
