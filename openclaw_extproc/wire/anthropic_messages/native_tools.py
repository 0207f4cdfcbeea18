"""Anthropic Messages: tools that Anthropic defines, as functions where the client runs them.

Every other format has functions alone. A shell, an editor, a memory and a screen run at the client, so each becomes a
function, and its call is a `tool_use` like any other. A toolset (`computer_toolset_20260801`) becomes a function for
each of its members, `computer_left_click`; a call of one is given back as the member of its toolset. What Anthropic
runs (`VENDOR_RUN`) stays behind.

Source: `beta_tool_union_param` and the `…_input` types of the official SDK (anthropic 2.11, read 2026-12-01), for the
editor https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/text-editor-tool. Versions of one kind differ in
what a model may ask for, not in who runs it, so a kind is known by its name without the date.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import ToolSpec

Object = Mapping[str, Json]

_DATED = re.compile(r"([a-z][a-z0-9_]*?)_(20\d{6})")
TOOLSET = "toolset_name"
"""In a call of a toolset's member: whose member it is."""

VENDOR_RUN = frozenset(
    {"web_search", "web_fetch", "code_execution", "tool_search_tool_bm25", "tool_search_tool_regex", "advisor"}
    | {"mcp_toolset"}
)
"""Kinds of tools that Anthropic runs."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of tool that the client runs."""

    name: str
    says: str
    properties: Object
    required: tuple[str, ...]


def kind_of(type: str) -> str:
    """The kind of a tool's type: without its date."""
    dated = _DATED.fullmatch(type)
    return dated[1] if dated else type


def is_client_run(kind: str) -> bool:
    return kind in _KINDS or kind in _TOOLSETS


def functions(kind: str, tool: Object) -> Iterator[ToolSpec]:
    """The functions that stand for a tool that the client runs."""
    if (family := _TOOLSETS.get(kind)) is not None:
        yield from _members(family, tool.get("configs"))
        return
    made = _KINDS[kind]
    given = tool.get("name")
    shown = [f"{key}: {tool[key]}" for key in _SCREEN if isinstance(tool.get(key), int)]
    says = " ".join((made.says, *shown))
    schema: dict[str, Json] = {"type": "object", "properties": dict(made.properties), "required": [*made.required]}
    yield ToolSpec(given if isinstance(given, str) and given else made.name, says, schema)


def function_name(toolset: Json, member: str) -> str:
    """The function that stands for a member of a toolset; a tool without one keeps its name."""
    return f"{toolset}_{member}" if isinstance(toolset, str) and toolset in _FAMILIES else member


def native_call(native: Object, name: str) -> dict[str, Json]:
    """How a call of a function is named in a `tool_use`; `native` as in the function's `ToolSpec`."""
    return {"name": native.get("name", name), **({TOOLSET: native[TOOLSET]} if TOOLSET in native else {})}


def _members(family: str, configs: Json) -> Iterator[ToolSpec]:
    about = configs if isinstance(configs, dict) else {}
    for member, (says, asks) in _FAMILIES[family].items():
        config = about.get(member)
        if isinstance(config, dict) and config.get("enabled") is False:
            continue
        required: list[Json] = [name for name in asks if not name.endswith("?")]
        properties: dict[str, Json] = {name.removesuffix("?"): _SHAPES[of] for name, of in asks.items()}
        schema: dict[str, Json] = {"type": "object", "properties": properties, "required": required}
        yield ToolSpec(f"{family}_{member}", says, schema, {TOOLSET: family, "name": member})


# -- single tools -----------------------------------------------------------------------------

_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "integer"}
_PAIR: Json = {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}
_SCREEN = ("display_width_px", "display_height_px", "display_number")

_EDITED: Object = {
    "path": _TEXT,
    "view_range": _PAIR,
    "file_text": _TEXT,
    "old_str": _TEXT,
    "new_str": _TEXT,
    "insert_line": {"type": "integer", "description": "The line behind which to insert; 0: before the first."},
}
_ACTIONS = (
    *("key", "type", "mouse_move", "left_click", "left_click_drag", "right_click", "middle_click", "double_click"),
    *("triple_click", "screenshot", "cursor_position", "left_mouse_down", "left_mouse_up", "scroll", "hold_key"),
    *("wait", "zoom"),
)
_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "bash": _Kind(
            "bash",
            "Runs a command in a shell that stays open, and answers with what it wrote. `restart` begins a new shell.",
            {"command": _TEXT, "restart": {"type": "boolean"}},
            (),
        ),
        "text_editor": _Kind(
            "str_replace_based_edit_tool",
            "Views and edits files. `view` shows a file or lists a folder, `create` writes `file_text`, `str_replace` "
            "puts `new_str` for the only place where `old_str` stands, `insert` puts `new_str` behind `insert_line`.",
            {"command": {"type": "string", "enum": ["view", "create", "str_replace", "insert"]}, **_EDITED},
            ("command", "path"),
        ),
        "memory": _Kind(
            "memory",
            "Keeps notes in files below /memories, from one conversation to the next. `view` shows a file or lists a "
            "folder; look there first. `insert` puts `insert_text` behind `insert_line`.",
            {
                "command": {
                    "type": "string",
                    "enum": ["view", "create", "str_replace", "insert", "delete", "rename"],
                },
                **_EDITED,
                "insert_text": _TEXT,
                "old_path": _TEXT,
                "new_path": _TEXT,
            },
            ("command",),
        ),
        "computer": _Kind(
            "computer",
            "Acts on a computer's screen with mouse and keyboard, and answers with a screenshot. Coordinates are "
            "pixels.",
            {
                "action": {"type": "string", "enum": [*_ACTIONS]},
                "coordinate": _PAIR,
                "start_coordinate": _PAIR,
                "text": {"type": "string", "description": "What to type, or the keys to press (`ctrl+s`)."},
                "scroll_direction": {"type": "string", "enum": ["up", "down", "left", "right"]},
                "scroll_amount": _NUMBER,
                "duration": {"type": "number", "description": "In seconds."},
                "region": {"type": "array", "items": _NUMBER, "minItems": 4, "maxItems": 4},
            },
            ("action",),
        ),
    }
)

# -- toolsets ---------------------------------------------------------------------------------

_SHAPES: Mapping[str, Json] = MappingProxyType(
    {
        "text": _TEXT,
        "number": _NUMBER,
        "seconds": {"type": "number"},
        "texts": {"type": "array", "items": _TEXT},
        "point": _PAIR,
        "region": {"type": "array", "items": _NUMBER, "minItems": 4, "maxItems": 4},
        "way": {"type": "string", "enum": ["up", "down", "left", "right"]},
        "place": {
            "type": "object",
            "description": "A point in pixels (`coordinate`, with x and y), or an element (`ref`, with its reference).",
            "properties": {
                "type": {"type": "string", "enum": ["coordinate", "ref"]},
                "x": _NUMBER,
                "y": _NUMBER,
                "ref": _TEXT,
            },
            "required": ["type"],
        },
        "value": {"description": "A text, a number, or whether a box is ticked."},
        "filter": {"type": "string", "enum": ["all", "interactive"]},
    }
)
_CLICK = {"coordinate?": "point", "text?": "text"}
_AT = {"target": "place", "modifiers?": "text", "tab_id?": "text"}
_TAB = {"tab_id?": "text"}
_Members = Mapping[str, tuple[str, Mapping[str, str]]]
_COMPUTER: _Members = {
    "cursor_position": ("Tells where the cursor is, in pixels.", {}),
    "double_click": ("Double-clicks at a coordinate, or where the cursor is.", _CLICK),
    "hold_key": ("Holds a key, or keys joined by `+`, for some seconds.", {"duration": "number", "text": "text"}),
    "key": ("Presses a key, or keys joined by `+` (`ctrl+s`).", {"text": "text", "repeat?": "number"}),
    "left_click": ("Clicks at a coordinate, or where the cursor is.", _CLICK),
    "left_click_drag": (
        "Drags from one coordinate to another.",
        {"coordinate": "point", "start_coordinate": "point", "text?": "text"},
    ),
    "left_mouse_down": ("Presses the left mouse button and keeps it down.", {}),
    "left_mouse_up": ("Lets the left mouse button go.", {}),
    "middle_click": ("Clicks with the middle button.", _CLICK),
    "mouse_move": ("Moves the cursor without a click.", {"coordinate": "point"}),
    "right_click": ("Clicks with the right button.", _CLICK),
    "screenshot": ("Takes a picture of the screen.", {}),
    "scroll": (
        "Scrolls at a coordinate, or where the cursor is.",
        {"scroll_amount": "number", "scroll_direction": "way", "coordinate?": "point", "text?": "text"},
    ),
    "triple_click": ("Clicks three times.", _CLICK),
    "type": ("Types a text.", {"text": "text"}),
    "wait": ("Waits for some seconds.", {"duration": "number"}),
    "zoom": ("Takes a picture of a region of the screen, enlarged.", {"region": "region"}),
}
_BROWSER: _Members = {
    "close_tab": ("Closes a tab.", {"tab_id": "text"}),
    "double_click": ("Double-clicks at a place.", _AT),
    "file_upload": (
        "Puts files into an input for files.",
        {"target": "place", "paths?": "texts", "document_ids?": "texts", **_TAB},
    ),
    "find": ("Finds elements by a description, and tells their references.", {"query": "text", **_TAB}),
    "form_input": ("Fills in an element of a form.", {"target": "place", "value": "value", **_TAB}),
    "get_page_text": ("Tells the text of the page.", _TAB),
    "hold_key": ("Holds a key for some seconds.", {"duration": "seconds", "text": "text", **_TAB}),
    "hover": ("Moves the cursor to a place.", {"target": "place", **_TAB}),
    "javascript_exec": ("Runs JavaScript in the page and tells its last value.", {"text": "text", **_TAB}),
    "key": ("Presses a key, or keys joined by `+`.", {"text": "text", "repeat?": "number", **_TAB}),
    "left_click": ("Clicks at a place.", _AT),
    "left_click_drag": ("Drags from one coordinate to another.", {"from": "place", "target": "place", **_TAB}),
    "left_mouse_down": ("Presses the left mouse button.", {"target": "place", **_TAB}),
    "left_mouse_up": ("Lets the left mouse button go.", {"target": "place", **_TAB}),
    "list_tabs": ("Lists the open tabs.", {}),
    "middle_click": ("Clicks with the middle button.", _AT),
    "mouse_move": ("Moves the pointer without a click.", {"target": "place", **_TAB}),
    "navigate": ("Goes to an address, or `back`, `forward`, `reload`.", {"url": "text", **_TAB}),
    "new_tab": ("Opens an empty tab.", {}),
    "read_console": ("Tells what the console has written since it was last read.", _TAB),
    "read_network": ("Tells what was requested since that was last read.", _TAB),
    "read_page": (
        "Tells the elements of the page and their references.",
        {"depth?": "number", "filter?": "filter", "ref?": "text", **_TAB},
    ),
    "right_click": ("Clicks with the right button.", _AT),
    "screenshot": ("Takes a picture of the page.", _TAB),
    "scroll": (
        "Scrolls at a coordinate.",
        {"scroll_direction": "way", "target": "place", "scroll_amount?": "number", **_TAB},
    ),
    "scroll_to": ("Scrolls to an element.", {"target": "place", **_TAB}),
    "switch_tab": ("Makes a tab the active one.", {"tab_id": "text"}),
    "triple_click": ("Clicks three times.", _AT),
    "type": ("Types a text.", {"text": "text", **_TAB}),
    "wait": ("Waits for some seconds.", {"duration": "seconds", **_TAB}),
    "zoom": ("Takes a picture of a region of the page, enlarged.", {"region": "region", **_TAB}),
}
_FAMILIES: Mapping[str, _Members] = MappingProxyType({"computer": _COMPUTER, "browser": _BROWSER})
_TOOLSETS: Mapping[str, str] = MappingProxyType({f"{family}_toolset": family for family in _FAMILIES})
