"""OpenAI Chat Completions: the tools of a client's request, read. See `openai_chat` for the source.

A `custom` tool takes free text. It becomes a function of one text, as in Responses, and a call of that is given back as
a call of the tool (`encoder`). Its grammar is told and not enforced.
"""

from collections.abc import Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import ToolChoice, ToolSpec
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.openai.free_text import SCHEMA
from openclaw_extproc.wire.openai_chat.fields import (
    CUSTOM,
    Losses,
    array,
    kind_of,
    left_behind,
    or_else,
    required_text,
    table,
)
from openclaw_extproc.wire.translation.losses import MUST_CARRY


def tools_and_choice(body: Mapping[str, Json], lost: Losses) -> tuple[tuple[ToolSpec, ...], ToolChoice | None]:
    """`allowed_tools` is a choice among some of the tools: the others are left out."""
    tools = tuple(_tools(body.get("tools"), lost))
    choice = body.get("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        return tools, _choice(choice, lost)
    allowed = j.an_object(choice.get("allowed_tools"), at="tool_choice.allowed_tools")
    names = set(_allowed_names(allowed.get("tools"), lost))
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
        kind = kind_of(tool, at, lost)
        if kind == CUSTOM:
            yield _custom(tool, at, lost)
        if kind != "function":
            continue
        function = j.an_object(tool.get("function"), at=f"{at}.function")
        left_behind(tool, {"type", "function"}, at, lost)
        strict = {"strict"} if function.get("strict") is False else set[str]()
        left_behind(function, {"name", "description", "parameters"} | strict, f"{at}.function", lost)
        yield ToolSpec(
            required_text(function.get("name"), at=f"{at}.function.name"),
            j.a_string(or_else(function.get("description"), ""), at=f"{at}.function.description"),
            j.an_object(or_else(function.get("parameters"), {}), at=f"{at}.function.parameters"),
        )


def _custom(tool: dict[str, Json], at: str, lost: Losses) -> ToolSpec:
    left_behind(tool, {"type", CUSTOM}, at, lost)
    custom = j.an_object(tool.get(CUSTOM), at=f"{at}.custom")
    left_behind(custom, {"name", "description", "format"}, f"{at}.custom", lost)
    form = table(custom.get("format"), at=f"{at}.custom.format")
    grammar = table(form.get("grammar"), at=f"{at}.custom.format.grammar")
    said = [j.a_string(or_else(custom.get("description"), ""), at=f"{at}.custom.description")]
    if grammar:
        lost.append(f"{at}.custom.format: told, not enforced")
        syntax, definition = (or_else(grammar.get(key), "") for key in ("syntax", "definition"))
        said.append(f"The input has to follow this {syntax} grammar:\n{definition}")
    name = required_text(custom.get("name"), at=f"{at}.custom.name")
    return ToolSpec(name, "\n\n".join(filter(None, said)), SCHEMA, tool)


def named(typed: Mapping[str, Json], at: str, lost: Losses) -> str | None:
    """The name of the tool that a choice is about; `None`: it is for OpenAI alone."""
    if (kind := kind_of(typed, at, lost)) is None:
        return None
    about = j.an_object(typed.get(kind), at=f"{at}.{kind}")
    return required_text(about.get("name"), at=f"{at}.{kind}.name")


def _allowed_names(value: Json, lost: Losses) -> Iterator[str]:
    for n, item in enumerate(j.an_array(value, at="tool_choice.allowed_tools.tools")):
        at = f"tool_choice.allowed_tools.tools[{n}]"
        if name := named(j.an_object(item, at=at), at, lost):
            yield name


def _choice(choice: Json, lost: Losses) -> ToolChoice | None:
    match choice:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(choice)
        case str():
            raise UnreadableError("tool_choice: unknown choice (known: auto, none, required)")
        case _:
            name = named(j.an_object(choice, at="tool_choice"), "tool_choice", lost)
            return None if name is None else ToolChoice("named", name)


def note_legacy(body: Mapping[str, Json], lost: Losses) -> None:
    """See `history`: they stay with OpenAI."""
    lost.extend(f"{MUST_CARRY}{name}: legacy" for name in ("functions", "function_call") if body.get(name) is not None)
