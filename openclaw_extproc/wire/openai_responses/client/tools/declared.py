"""OpenAI Responses: the tools of a request, read. See `openai_responses` for the source.

Functions are functions. What the client runs itself becomes one (`kinds`), a namespace its tools. What OpenAI runs is
left out, and said so, unless `tool_choice` insists on it.

OpenAI Responses: the name of the function that stands for a tool of a namespace.

Source: openai-python, `namespace_tool_param` and `namespace` of `response_function_tool_call`; functions elsewhere have
names of 64 letters, digits, `_` and `-`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import ToolChoice, ToolSpec
from openclaw_extproc.wire.openai_responses.client.tools.kinds import CLIENT_RUN, ClientRun, is_client_run
from openclaw_extproc.wire.openai_responses.fields import (
    Losses,
    array,
    left_behind,
    lose,
    must_carry,
    name,
    text,
    thing,
)

# -- names -----------------------------------------------------------------------------


MAX_NAME_CHARS = 64
SEPARATOR = "__"
DEFAULT_NAMESPACE = "functions"
"""What is in there is called by its name alone (Codex, `tools/src/responses_api.rs`)."""


def function_name(namespace: str, name: str) -> str:
    """Returns the name of the function, the same for a tool and for each call of it. A long name is cut at its
    beginning and gets a hash of the whole."""
    if namespace in ("", DEFAULT_NAMESPACE):
        return name
    whole = f"{namespace}{SEPARATOR}{name}"
    if len(whole) <= MAX_NAME_CHARS:
        return whole
    mark = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{mark}_{whole[-(MAX_NAME_CHARS - len(mark) - 1) :]}"


# -- declared --------------------------------------------------------------------------


VENDOR_RUN = frozenset(
    {"web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11", "file_search"}
    | {"code_interpreter", "image_generation", "mcp", "tool_search", "programmatic_tool_calling", "shell"}
)
"""Types of tools that OpenAI runs; `shell` in a container of its own, `tool_search` where the client does not.
Source: `tool_param` and `tool_choice_types_param` of openai-python (main of 2026-08)."""

_FUNCTION = {"type", "name", "description", "parameters"}
_SAYS_NOTHING = {"defer_loading", "allowed_callers", "output_schema"}
"""The fields about how OpenAI loads and calls a tool, which are no loss: all tools are offered at once here, and called
by the model."""

_SCREEN = ("environment", "display_width", "display_height")
"""What a model has to know of the screen that it acts on."""


def tools(value: Json, lost: Losses, at: str = "tools") -> Iterator[ToolSpec]:
    """The functions that stand for the tools of a list."""
    for n, item in enumerate(array(value, at=at)):
        here = f"{at}[{n}]"
        tool = j.an_object(item, at=here)
        if j.a_string(tool.get("type"), at=f"{here}.type") == "namespace":
            yield from _of_namespace(tool, here, lost)
        else:
            yield from _single(tool, here, lost)


def join_tools(tools: Iterable[ToolSpec], lost: Losses) -> tuple[ToolSpec, ...]:
    """Returns all tools of a request, each name once: the first declaration stays, so that a prompt begins as
    before."""
    known: dict[str, ToolSpec] = {}
    for spec in tools:
        if known.setdefault(spec.name, spec) != spec:
            lose(lost, "tools: two of the same name")
    return tuple(known.values())


def _single(tool: dict[str, Json], at: str, lost: Losses) -> Iterator[ToolSpec]:
    kind = tool["type"]
    if kind == "function":
        yield _function(tool, at, lost)
    elif is_client_run(tool):
        yield _as_function(tool, CLIENT_RUN[str(kind)], at, lost)
    else:
        lose(lost, f"{at}: {kind if kind in VENDOR_RUN else 'unknown type'}")


def _of_namespace(tool: Mapping[str, Json], at: str, lost: Losses) -> Iterator[ToolSpec]:
    """What all its tools are for is said with each of them: other formats have no place for it."""
    left_behind(tool, {"type", "name", "description", "tools"}, at, lost)
    namespace = name(tool.get("name"), at=f"{at}.name")
    purpose = text(tool, "description", f"{at}.") or ""
    for spec in tools(tool.get("tools"), lost, f"{at}.tools"):
        described = "\n\n".join(filter(None, (purpose, spec.description)))
        native = spec.native or {"type": "function", "name": spec.name}
        is_plain = namespace == DEFAULT_NAMESPACE
        own = spec.native if is_plain else {**native, "namespace": namespace}
        yield ToolSpec(function_name(namespace, spec.name), described, spec.schema, own)


def _function(tool: Mapping[str, Json], at: str, lost: Losses) -> ToolSpec:
    lax = set[str]() if tool.get("strict") else {"strict"}
    left_behind(tool, _FUNCTION | _SAYS_NOTHING | lax, at, lost)
    return ToolSpec(
        name(tool.get("name"), at=f"{at}.name"),
        text(tool, "description", f"{at}.") or "",
        thing(tool.get("parameters"), at=f"{at}.parameters"),
    )


def _as_function(tool: dict[str, Json], kind: ClientRun, at: str, lost: Losses) -> ToolSpec:
    own = kind.name or name(tool.get("name"), at=f"{at}.name")
    said = text(tool, "description", f"{at}.") or kind.says
    grammar = _grammar(tool.get("format"), f"{at}.format", lost)
    shown = [f"{key}: {tool[key]}" for key in _SCREEN if isinstance(tool.get(key), str | int)]
    given = tool.get("parameters") if kind.call == "tool_search_call" else None
    schema = kind.schema if given is None else j.an_object(given, at=f"{at}.parameters")
    return ToolSpec(own, "\n\n".join(filter(None, (said, grammar, ", ".join(shown)))), schema, tool)


def _grammar(value: Json, at: str, lost: Losses) -> str:
    """A grammar is told and not enforced."""
    given = thing(value, at=at)
    if given.get("type", "text") == "text":
        return ""
    lose(lost, f"{at}: told, not enforced")
    syntax, definition = text(given, "syntax", f"{at}.") or "", text(given, "definition", f"{at}.") or ""
    return f"The input has to follow this {syntax} grammar:\n{definition}"


# -- which of them ----------------------------------------------------------------------------


def choose_tools(
    choice: Json, offered: tuple[ToolSpec, ...], lost: Losses
) -> tuple[tuple[ToolSpec, ...], ToolChoice | None]:
    """The tools that may be called, and how. `allowed_tools` is a shorter list of tools to everybody else."""
    match choice:
        case None:
            return offered, None
        case "auto" | "none" | "required":
            if not offered and any(loss.startswith("tools[") for loss in lost):
                return _without_any(choice == "required", lost), None
            return offered, ToolChoice(choice)
        case str():
            raise UnreadableError("tool_choice: unknown choice (known: auto, none, required)")
        case _:
            given = j.an_object(choice, at="tool_choice")
    kind = j.a_string(given.get("type"), at="tool_choice.type")
    if kind == "allowed_tools":
        return _allowed_tools(given, offered, lost)
    if (named := _chosen_function(given, "tool_choice", offered)) is not None:
        return offered, ToolChoice("named", named)
    must_carry(lost, f"tool_choice: {kind if kind in VENDOR_RUN or kind in CLIENT_RUN else 'unknown type'}")
    return offered, None


def _without_any(is_forced: bool, lost: Losses) -> tuple[ToolSpec, ...]:
    if is_forced:
        must_carry(lost, "tool_choice: required, of tools that OpenAI runs")
    return ()


def _chosen_function(given: Mapping[str, Json], at: str, offered: tuple[ToolSpec, ...]) -> str | None:
    """The function that a choice means; `None`: it is none of the client's."""
    kind = given.get("type")
    if kind in ("function", "custom"):
        return function_name(text(given, "namespace", f"{at}.") or "", name(given.get("name"), at=f"{at}.name"))
    return next((spec.name for spec in offered if spec.native and spec.native.get("type") == kind), None)


def _allowed_tools(
    given: Mapping[str, Json], offered: tuple[ToolSpec, ...], lost: Losses
) -> tuple[tuple[ToolSpec, ...], ToolChoice]:
    """Returns only the tools that are named; a namespace's name means all of its tools."""
    names: set[str] = set()
    for n, item in enumerate(array(given.get("tools"), at="tool_choice.tools")):
        at = f"tool_choice.tools[{n}]"
        tool = j.an_object(item, at=at)
        if tool.get("type") == "namespace":
            inside = name(tool.get("name"), at=f"{at}.name")
            names |= {spec.name for spec in offered if spec.native.get("namespace") == inside}
        elif (own := _chosen_function(tool, at, offered)) is not None:
            names.add(own)
        else:
            lose(lost, f"{at}: OpenAI runs it")
    left = tuple(tool for tool in offered if tool.name in names)
    is_forced = given.get("mode") == "required"
    return left or _without_any(is_forced, lost), ToolChoice("required" if is_forced else "auto")
