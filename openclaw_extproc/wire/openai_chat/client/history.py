"""OpenAI Chat Completions: the messages of a client's request, read. See `openai_chat` for the source.

Legacy functions (`role: function`, `function_call`) stay with OpenAI: a client that asks with them also wants to be
answered with them, one call at a time and without ids. The API has called them deprecated since 2023.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import CachePoint, Instruction, Part, Text, Thinking, ToolResult, ToolUse, Turn
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.openai.free_text import INPUT
from openclaw_extproc.wire.openai_chat.client.parts import content
from openclaw_extproc.wire.openai_chat.fields import CUSTOM, Losses, array, kind_of, left_behind, or_else, required_text
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.losses import MUST_CARRY

REASONING = ("reasoning_content", "reasoning")
"""The fields in which compatible servers give a model's thoughts: DeepSeek and vLLM the first, OpenRouter and Groq the
second."""


@dataclass(slots=True)
class History:
    system: list[str] = field(default_factory=list[str])
    cache_system: CachePoint | None = None
    turns: list[Turn] = field(default_factory=list[Turn])
    _results: list[Part] = field(default_factory=list[Part])
    """The tool results that may go on with the next message."""

    def say(self, turn: Turn) -> None:
        """Add a turn that says something; results of one round of tools become one turn, as Anthropic demands."""
        if not turn.parts:
            return
        if _is_results(turn):
            self._results += turn.parts
        else:
            self.close()
            self.turns.append(turn)

    def instruct(self, parts: tuple[Part, ...]) -> None:
        """Add a system message amid the conversation."""
        self.close()
        if parts:
            self.turns.append(Turn("user", parts))

    def close(self) -> None:
        """Ends the current round of tool results. They are put together once: a round may have thousands of them."""
        if self._results:
            self.turns.append(Turn("user", tuple(self._results)))
            self._results = []

    @property
    def has_begun(self) -> bool:
        return bool(self.turns or self._results)


def messages(value: Json, lost: Losses) -> History:
    items = j.an_array(value, at="messages")
    if not items:
        raise UnreadableError("messages: expected at least one message")
    history = History()
    for n, item in enumerate(items):
        _message(j.an_object(item, at=f"messages[{n}]"), f"messages[{n}]", history, lost)
    history.close()
    return history


def _message(message: Mapping[str, Json], at: str, history: History, lost: Losses) -> None:
    match message.get("role"):
        case "system" | "developer":
            if history.has_begun:
                history.instruct(tuple(_instructions(message, at, lost)))
            else:
                _system(message, at, history, lost)
        case "user":
            left_behind(message, {"role", "content"}, at, lost)
            history.say(Turn("user", tuple(content(message.get("content"), f"{at}.content", lost))))
        case "assistant":
            history.say(Turn("assistant", _assistant(message, at, lost)))
        case "tool":
            history.say(Turn("user", tuple(_tool_result(message, at, lost))))
        case "function":
            lost.append(f"{MUST_CARRY}{at}: role function")
        case role:
            j.a_string(role, at=f"{at}.role")
            raise UnreadableError(
                f"{at}.role: unknown role (known: system, developer, user, assistant, tool, function)"
            )


def _is_results(turn: Turn) -> bool:
    return all(isinstance(part, ToolResult | CachePoint) for part in turn.parts)


def _system(message: Mapping[str, Json], at: str, history: History, lost: Losses) -> None:
    left_behind(message, {"role", "content"}, at, lost)
    for n, part in enumerate(content(message.get("content"), f"{at}.content", lost)):
        match part:
            case Text(text):
                history.system.append(text)
            case CachePoint():
                history.cache_system = part
            case _:
                lost.append(f"{MUST_CARRY}{at}.content[{n}]: more than text in a system message")


def _instructions(message: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Instruction | CachePoint]:
    left_behind(message, {"role", "content"}, at, lost)
    for n, part in enumerate(content(message.get("content"), f"{at}.content", lost)):
        match part:
            case Text(text):
                yield Instruction(text)
            case CachePoint():
                yield part
            case _:
                lost.append(f"{MUST_CARRY}{at}.content[{n}]: more than text in a system message")


def _assistant(message: Mapping[str, Json], at: str, lost: Losses) -> tuple[Part, ...]:
    """Thoughts come first: Anthropic wants the turn of a tool loop to begin with them."""
    left_behind(message, {"role", "content", "refusal", "tool_calls", "function_call", "audio", *REASONING}, at, lost)
    for alone in ("function_call", "audio"):
        if message.get(alone) is not None:
            lost.append(f"{MUST_CARRY}{at}.{alone}")
    said = tuple(_model_parts(message, at, lost))
    calls = tuple(_calls(message.get("tool_calls"), f"{at}.tool_calls", lost))
    first = next((n for n, part in enumerate(calls) if isinstance(part, ToolUse)), 0)
    thoughts = calls[:first] or tuple(_thoughts(message, at))
    return (*thoughts, *said, *calls[first:]) if said or calls else ()


def _model_parts(message: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Part]:
    if message.get("content") is not None:
        yield from content(message["content"], f"{at}.content", lost)
    if refusal := message.get("refusal"):
        yield Text(j.a_string(refusal, at=f"{at}.refusal"))


def _thoughts(message: Mapping[str, Json], at: str) -> Iterator[Thinking]:
    for name in REASONING:
        if thought := message.get(name):
            yield Thinking(j.a_string(thought, at=f"{at}.{name}"))
            return


def _calls(value: Json, at: str, lost: Losses) -> Iterator[Thinking | ToolUse]:
    for n, item in enumerate(array(value, at=at)):
        yield from _tool_use(j.an_object(item, at=f"{at}[{n}]"), f"{at}[{n}]", lost)


def _tool_use(call: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Thinking | ToolUse]:
    """A call, behind the thoughts that its id carries."""
    kind = kind_of(call, at, lost)
    if kind is None:
        return
    left_behind(call, {"id", "type", kind, "index"}, at, lost)
    called = j.an_object(call.get(kind), at=f"{at}.{kind}")
    given = j.a_string(or_else(called.get("input" if kind == CUSTOM else "arguments"), ""), at=f"{at}.{kind}")
    state = provider_state.state_of_call_id(j.a_string(call.get("id"), at=f"{at}.id"))
    yield from state.thoughts
    yield ToolUse(
        state.id,
        required_text(called.get("name"), at=f"{at}.{kind}.name"),
        j.text({INPUT: given}) if kind == CUSTOM else given,
        state.sealed,
    )


def _tool_result(message: Mapping[str, Json], at: str, lost: Losses) -> Iterator[ToolResult | CachePoint]:
    left_behind(message, {"role", "content", "tool_call_id", "name"}, at, lost)
    parts = tuple(content(message.get("content"), f"{at}.content", lost))
    id = provider_state.result_of(j.a_string(message.get("tool_call_id"), at=f"{at}.tool_call_id"))
    yield ToolResult(id, tuple(part for part in parts if not isinstance(part, CachePoint)))
    yield from (part for part in parts[-1:] if isinstance(part, CachePoint))
