"""OpenAI Responses: the tools that a client runs itself and that are no functions, as functions and back.

Every other format has functions alone, so each such tool becomes one, a call of it becomes the item that the client
knows, and both are read again from the history. One row of `CLIENT_RUN` for each.

Source: `tool_param`, `response_input_item_param` and `response_output_item` of openai-python (main of 2026-08); Codex
(`tools/src/tool_spec.rs`, `protocol/src/models.rs`) sends `custom`, `namespace`, `tool_search` and `local_shell`.
Left out: `allowed_callers` (`program` runs at OpenAI), and acknowledged safety checks, which nobody else makes.
"""

from collections.abc import Callable, Mapping
from dataclasses import field

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.openai.free_text import INPUT, SCHEMA, input_of

Object = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ClientRun:
    """A kind of tool that the client runs, and the conversions between its items and function calls."""

    call: str
    """The type of the item that calls it."""
    output: str
    """The type of the item with its result."""
    says: str
    """What a model that has never heard of it needs to know."""
    schema: Object = field(default_factory=dict[str, Json])
    """The JSON Schema of the function's arguments."""
    name: str = ""
    """The name of the function; empty: the tool has a name of its own."""
    arguments: Callable[[Object], Json] = dict
    """The function from a call's item to the arguments of a function."""
    fields: Callable[[Object, Object], dict[str, Json]] = lambda _, __: {}
    """The function from the tool as declared and a function's arguments to the fields of a call's item besides its
    ids."""
    result: Callable[[Object], Json] = lambda item: item.get("output")
    """The function from the item with a result to what can stand in the `output` of a function's."""
    failed: Callable[[Object], bool] = lambda _: False
    prefix: str = "fc"
    """The prefix of the ids of its items."""


def _object(properties: dict[str, Json], *required: str) -> dict[str, Json]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _has(given: Object, *names: str) -> dict[str, Json]:
    return {name: given[name] for name in names if given.get(name) is not None}


def _inside(item: Object, key: str) -> Object:
    value = item.get(key)
    return value if isinstance(value, dict) else {}


_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "integer"}
_TEXTS: Json = {"type": "array", "items": _TEXT}


# -- free text: `custom` --------------------------------------------------------------------


def _custom_fields(_: Object, arguments: Object) -> dict[str, Json]:
    return {"input": input_of(arguments)}


# -- commands: `local_shell`, `shell` -------------------------------------------------------

_LOCAL = ("command", "working_directory", "timeout_ms", "env", "user")


def _local_fields(_: Object, arguments: Object) -> dict[str, Json]:
    """A model may write a command as one text, as a shell takes it."""
    command = arguments.get("command")
    whole: Json = ["bash", "-lc", command] if isinstance(command, str) else command
    listed: Json = whole if isinstance(whole, list) else []
    return {"action": {"type": "exec", "env": {}, **_has(arguments, *_LOCAL), "command": listed}}


_SHELL = ("commands", "timeout_ms", "max_output_length")


def _shell_fields(_: Object, arguments: Object) -> dict[str, Json]:
    commands = arguments.get("commands")
    listed: Json = [commands] if isinstance(commands, str) else commands if isinstance(commands, list) else []
    return {"action": {**_has(arguments, *_SHELL), "commands": listed}}


def _shell_result(item: Object) -> Json:
    """A list of what each command wrote and how it ended, as text."""
    output = item.get("output")
    return output if output is None or isinstance(output, str) else j.text(output)


# -- changes of files: `apply_patch` --------------------------------------------------------


def _patch_fields(_: Object, arguments: Object) -> dict[str, Json]:
    return {"operation": {"type": "update_file", **_has(arguments, "type", "path", "diff")}}


def _patch_result(item: Object) -> Json:
    return item.get("output") or str(item.get("status") or "")


# -- a screen: `computer`, `computer_use_preview` -------------------------------------------

_ACTION = _object(
    {
        "type": {
            "type": "string",
            "enum": ["click", "double_click", "drag", "keypress", "move", "screenshot", "scroll", "type", "wait"],
        },
        "x": _NUMBER,
        "y": _NUMBER,
        "button": {"type": "string", "enum": ["left", "right", "wheel", "back", "forward"]},
        "keys": _TEXTS,
        "text": _TEXT,
        "scroll_x": _NUMBER,
        "scroll_y": _NUMBER,
        "path": {"type": "array", "items": _object({"x": _NUMBER, "y": _NUMBER}, "x", "y")},
    },
    "type",
)


def _computer_arguments(item: Object) -> Json:
    actions = item.get("actions")
    first = actions[0] if isinstance(actions, list) and len(actions) == 1 else None
    if isinstance(actions, list) and not isinstance(first, dict):
        return {"type": "screenshot", "actions": actions}
    return first or dict(_inside(item, "action"))


def _computer_fields(tool: Object, arguments: Object) -> dict[str, Json]:
    """The newer tool has a list of actions, the preview a single one."""
    action: Json = dict(arguments)
    acts: dict[str, Json] = {"actions": [action]} if tool.get("type") == "computer" else {"action": action}
    return {**acts, "pending_safety_checks": []}


def _computer_result(item: Object) -> Json:
    shown = _inside(item, "output")
    return [{"type": "input_image", **_has(shown, "image_url", "file_id")}]


# -- a search for tools that the client makes: `tool_search` --------------------------------


def _search_arguments(item: Object) -> Json:
    """Returns the arguments of a search. They are an object, where a function has them as text."""
    given = item.get("arguments")
    return given if isinstance(given, dict) else {}


def _search_fields(_: Object, arguments: Object) -> dict[str, Json]:
    return {"execution": "client", "arguments": dict(arguments)}


def _search_result(item: Object) -> Json:
    """The tools themselves are offered from here on (`Conversation.tools`); this says which they are."""
    tools = item.get("tools")
    names = [_tool_name(tool) for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return f"These tools can be called now: {', '.join(names)}" if names else "No tool was found."


def _tool_name(tool: Object) -> str:
    return str(tool.get("name") or tool.get("type") or "")


_COMPUTER = ClientRun(
    "computer_call",
    "computer_call_output",
    "Acts on a computer's screen with mouse and keyboard, and answers with a screenshot. Coordinates are pixels.",
    _ACTION,
    "computer",
    _computer_arguments,
    _computer_fields,
    _computer_result,
    prefix="cu",
)

CLIENT_RUN: Mapping[str, ClientRun] = {
    "custom": ClientRun(
        "custom_tool_call",
        "custom_tool_call_output",
        "",
        SCHEMA,
        arguments=lambda item: {INPUT: item.get("input") or ""},
        fields=_custom_fields,
        prefix="ctc",
    ),
    "local_shell": ClientRun(
        "local_shell_call",
        "local_shell_call_output",
        "Runs a command on the user's computer and answers with what it wrote.",
        _object(
            {
                "command": {"type": "array", "items": _TEXT, "description": "The program and its arguments."},
                "working_directory": _TEXT,
                "timeout_ms": _NUMBER,
            },
            "command",
        ),
        "local_shell",
        lambda item: _has(_inside(item, "action"), *_LOCAL),
        _local_fields,
        prefix="lsh",
    ),
    "shell": ClientRun(
        "shell_call",
        "shell_call_output",
        "Runs shell commands on the user's computer and answers with what each of them wrote and its exit code.",
        _object({"commands": _TEXTS, "timeout_ms": _NUMBER, "max_output_length": _NUMBER}, "commands"),
        "shell",
        lambda item: _has(_inside(item, "action"), *_SHELL),
        _shell_fields,
        _shell_result,
        prefix="sh",
    ),
    "apply_patch": ClientRun(
        "apply_patch_call",
        "apply_patch_call_output",
        "Creates, updates or deletes one file. `diff` is a V4A diff without the lines that begin and end a patch: `@@` "
        "and a line to find the place by, then lines that begin with a space, `-` or `+`; of a new file each line "
        "begins with `+`. A file is deleted without one.",
        _object(
            {
                "type": {"type": "string", "enum": ["create_file", "update_file", "delete_file"]},
                "path": _TEXT,
                "diff": _TEXT,
            },
            "type",
            "path",
        ),
        "apply_patch",
        lambda item: dict(_inside(item, "operation")),
        _patch_fields,
        _patch_result,
        lambda item: item.get("status") == "failed",
        prefix="apc",
    ),
    "computer": _COMPUTER,
    "computer_use_preview": _COMPUTER,
    "tool_search": ClientRun(
        "tool_search_call",
        "tool_search_output",
        "Finds more tools, which can be called afterwards.",
        _object({"query": _TEXT}, "query"),
        "tool_search",
        _search_arguments,
        _search_fields,
        _search_result,
        prefix="tsc",
    ),
}
"""The tools that a client runs, by type. `tool_search` only where its `execution` is `client`."""

BY_CALL: Mapping[str, ClientRun] = {kind.call: kind for kind in CLIENT_RUN.values()}
BY_OUTPUT: Mapping[str, ClientRun] = {kind.output: kind for kind in CLIENT_RUN.values()}


def is_client_run(tool: Object) -> bool:
    """Whether a declared tool that is no function is the client's to run."""
    kind = tool.get("type")
    if kind == "tool_search":
        return tool.get("execution") == "client"
    if kind == "shell":
        return _inside(tool, "environment").get("type") not in ("container_auto", "container_reference")
    return isinstance(kind, str) and kind in CLIENT_RUN


def arguments_of(text: str) -> dict[str, Json]:
    """What a model wrote as arguments; what is no object is none."""
    try:
        return j.parse(text, where="arguments")
    except UnreadableError:
        return {}
