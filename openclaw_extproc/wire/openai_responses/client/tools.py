"""OpenAI Responses: the tools of a request, read. See `openai_responses` for the source.

Functions only. What OpenAI runs itself (web search, code, MCP servers) and tools of other kinds (shell, patches, free
text) can be carried by OpenAI's own format alone.
"""

from collections.abc import Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import ToolChoice, ToolSpec
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.openai_responses.fields import Losses, array, left_behind, must_carry, name, text, thing


def tools(value: Json, lost: Losses) -> Iterator[ToolSpec]:
    for n, item in enumerate(array(value, at="tools")):
        at = f"tools[{n}]"
        tool = j.an_object(item, at=at)
        kind = j.a_string(tool.get("type"), at=f"{at}.type")
        if kind == "function":
            yield _function(tool, at, lost)
        else:
            must_carry(lost, f"{at}: {kind if kind in _KNOWN else 'unknown type'}")


_KNOWN = frozenset(
    {"file_search", "computer", "computer_use_preview", "web_search", "web_search_preview", "mcp", "code_interpreter"}
    | {"image_generation", "local_shell", "shell", "custom", "namespace", "tool_search", "apply_patch"}
    | {"programmatic_tool_calling"}
)
"""Types that may stand in a message; the client chooses the others."""


def _function(tool: Mapping[str, Json], at: str, lost: Losses) -> ToolSpec:
    lax = set[str]() if tool.get("strict") else {"strict"}
    left_behind(tool, {"type", "name", "description", "parameters"} | lax, at, lost)
    return ToolSpec(
        name(tool.get("name"), at=f"{at}.name"),
        text(tool, "description", f"{at}.") or "",
        thing(tool.get("parameters"), at=f"{at}.parameters"),
    )


def chosen(choice: Json, offered: tuple[ToolSpec, ...], lost: Losses) -> tuple[tuple[ToolSpec, ...], ToolChoice | None]:
    """The tools that may be called, and how. `allowed_tools` is a shorter list of tools to everybody else."""
    match choice:
        case None:
            return offered, None
        case "auto" | "none" | "required":
            return offered, ToolChoice(choice)
        case str():
            raise UnreadableError("tool_choice: unknown choice (known: auto, none, required)")
        case _:
            given = j.an_object(choice, at="tool_choice")
    match j.a_string(given.get("type"), at="tool_choice.type"):
        case "function":
            return offered, ToolChoice("named", name(given.get("name"), at="tool_choice.name"))
        case "allowed_tools":
            return _allowed(given, offered, lost)
        case kind:
            must_carry(lost, f"tool_choice: {kind if kind in _KNOWN else 'unknown type'}")
            return offered, None


def _allowed(
    given: Mapping[str, Json], offered: tuple[ToolSpec, ...], lost: Losses
) -> tuple[tuple[ToolSpec, ...], ToolChoice]:
    names: set[str] = set()
    for n, item in enumerate(array(given.get("tools"), at="tool_choice.tools")):
        at = f"tool_choice.tools[{n}]"
        tool = j.an_object(item, at=at)
        if tool.get("type") == "function":
            names.add(name(tool.get("name"), at=f"{at}.name"))
        else:
            must_carry(lost, f"{at}: not a function")
    left = tuple(tool for tool in offered if tool.name in names)
    return left, ToolChoice("required" if given.get("mode") == "required" else "auto")
