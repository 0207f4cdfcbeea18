"""Tools and the choice among them, which chat completions nest and the Responses API writes flat.

Source: openai 3.52 `types/chat/chat_completion_tool_param.py`, `chat_completion_allowed_tool_choice_param.py`,
`types/responses/function_tool_param.py`, `tool_choice_allowed_param.py`.
Left out: custom tools' grammars, and every tool that the provider runs itself: those are accepted and never called.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from openclaw_simulator.openai_schema import check_tool
from openclaw_simulator.openai_words import filled, flag, name, place, refused
from openclaw_simulator.reading import Node
from openclaw_simulator.script import Tool


@dataclass(frozen=True, slots=True)
class Choice:
    must: bool = False
    """A call is demanded."""
    may: bool = True
    """A call is allowed."""
    only: str | None = None


def function(node: Node, strict: bool) -> Tool:
    """The name and the schema of a function, wherever they stand."""
    named = name(node.need("name"))
    if description := node.may("description"):
        description.text()
    parameters = node.may("parameters")
    return Tool(named, check_tool(parameters, named, strict=strict) if parameters else {})


def nested(tools: Node | None) -> tuple[Tool, ...]:
    """`{"type": "function", "function": {…}}`, of chat completions."""
    return tuple(_nested(tool) for tool in (filled(tools) if tools else ()))


def _nested(tool: Node) -> Tool:
    kind = tool.need("type").choice("function", "custom")
    inner = tool.need(kind)
    tool.only(frozenset(("type", kind)))
    if kind == "custom":
        return Tool(name(inner.need("name")), {})
    inner.only(frozenset(("name", "description", "parameters", "strict")))
    return function(inner, flag(inner, "strict"))


def choice(node: Node | None, tools: tuple[Tool, ...]) -> Choice:
    """`tool_choice` of chat completions."""
    if node is None:
        return Choice()
    if isinstance(node.value, str):
        return word(node)
    kind = node.need("type").choice("function", "custom", "allowed_tools")
    inner = node.only(frozenset(("type", kind))).need(kind)
    if kind == "allowed_tools":
        return allowed(inner.only(frozenset(("mode", "tools"))), tools)
    return named(inner.only(frozenset(("name",))).need("name"), tools)


def word(node: Node) -> Choice:
    said = node.choice("none", "auto", "required")
    return Choice(said == "required", said != "none")


def named(node: Node, tools: Iterable[Tool]) -> Choice:
    wanted = node.text()
    if wanted not in {tool.name for tool in tools}:
        said = f"Tool choice '{wanted}' not found in 'tools' parameter."
        raise refused(f"Invalid value for 'tool_choice': {said}", "tool_choice")
    return Choice(must=True, only=wanted)


def allowed(node: Node, tools: tuple[Tool, ...]) -> Choice:
    """A mode and the tools it may take from; the first of them is the one that is taken."""
    must = node.need("mode").choice("auto", "required") == "required"
    found = [_allowed_name(tool) for tool in filled(node.need("tools"))]
    first = [name.text() for name in found if name]
    for one in found:
        if one:
            named(one, tools)
    return Choice(must, only=first[0] if first else None)


def _allowed_name(tool: Node) -> Node | None:
    if tool.need("type").text() != "function":
        return None
    nested_name = tool.may("function")
    if nested_name is None:
        return tool.need("name")
    return nested_name.need("name")


def check_alone(root: Node, key: str, tools: tuple[Tool, ...]) -> None:
    """Chat completions refuse what says how to use tools when there are none."""
    node = root.may(key)
    if node and not tools:
        said = f"Invalid value for '{key}': '{key}' is only allowed when 'tools' are specified."
        raise refused(said, place(node.at))
