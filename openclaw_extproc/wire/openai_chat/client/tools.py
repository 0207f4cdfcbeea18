"""OpenAI Chat Completions: the tools of a client's request, read. See `openai_chat` for the source."""

from collections.abc import Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import ToolChoice, ToolSpec
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.openai_chat.fields import Losses, array, filled, is_function, left_behind, or_else
from openclaw_extproc.wire.translation.losses import MUST_CARRY


def tools_and_choice(body: Mapping[str, Json], lost: Losses) -> tuple[tuple[ToolSpec, ...], ToolChoice | None]:
    """`allowed_tools` is a choice among some of the tools: the others are left out."""
    tools = tuple(_tools(body.get("tools"), lost))
    choice = body.get("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        return tools, _choice(choice, lost)
    allowed = j.an_object(choice.get("allowed_tools"), at="tool_choice.allowed_tools")
    names = set(_allowed(allowed.get("tools"), lost))
    match allowed.get("mode"):
        case "auto" | "required" as mode:
            return tuple(tool for tool in tools if tool.name in names), ToolChoice(mode)
        case mode:
            j.a_string(mode, at="tool_choice.allowed_tools.mode")
            raise UnreadableError("tool_choice.allowed_tools.mode: unknown mode (known: auto, required)")


def _tools(value: Json, lost: Losses) -> Iterator[ToolSpec]:
    for n, item in enumerate(array(value, at="tools")):
        at = f"tools[{n}]"
        tool = j.an_object(item, at=at)
        if not is_function(tool, at, lost):
            continue
        function = j.an_object(tool.get("function"), at=f"{at}.function")
        left_behind(tool, {"type", "function"}, at, lost)
        strict = {"strict"} if function.get("strict") is False else set[str]()
        left_behind(function, {"name", "description", "parameters"} | strict, f"{at}.function", lost)
        yield ToolSpec(
            filled(function.get("name"), at=f"{at}.function.name"),
            j.a_string(or_else(function.get("description"), ""), at=f"{at}.function.description"),
            j.an_object(or_else(function.get("parameters"), {}), at=f"{at}.function.parameters"),
        )


def _allowed(value: Json, lost: Losses) -> Iterator[str]:
    for n, item in enumerate(j.an_array(value, at="tool_choice.allowed_tools.tools")):
        at = f"tool_choice.allowed_tools.tools[{n}]"
        tool = j.an_object(item, at=at)
        if is_function(tool, at, lost):
            function = j.an_object(tool.get("function"), at=f"{at}.function")
            yield filled(function.get("name"), at=f"{at}.function.name")


def _choice(choice: Json, lost: Losses) -> ToolChoice | None:
    match choice:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(choice)
        case str():
            raise UnreadableError("tool_choice: unknown choice (known: auto, none, required)")
        case _:
            named = j.an_object(choice, at="tool_choice")
            if not is_function(named, "tool_choice", lost):
                return None
            function = j.an_object(named.get("function"), at="tool_choice.function")
            return ToolChoice("named", filled(function.get("name"), at="tool_choice.function.name"))


def note_legacy(body: Mapping[str, Json], lost: Losses) -> None:
    """See `history`: they stay with OpenAI."""
    lost.extend(f"{MUST_CARRY}{name}: legacy" for name in ("functions", "function_call") if body.get(name) is not None)
