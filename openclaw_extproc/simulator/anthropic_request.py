"""Anthropic messages: what a request must be, as strictly as the real API.

Source: anthropic 2.11 `types/message_create_params.py` for the fields, and `temperature`, `top_p` and `top_k`, which
this SDK no longer types and the API still takes.
Left out: tools that run at Anthropic (taken as they come), batches.
"""

from openclaw_extproc.simulator.anthropic_turns import (
    CACHED,
    DIALECT,
    TOOL_NAME,
    Turn,
    check_block,
    check_cache_mark,
    check_pairing,
    image_of,
    kind_of,
    matching,
    place,
    refused,
    texts_of,
    turns_of,
)
from openclaw_extproc.simulator.reading import Json, Node, read, words
from openclaw_extproc.simulator.script import Ask, Tool

_KNOWN = words(
    """model messages max_tokens cache_control container context_management diagnostics inference_geo mcp_servers
    metadata output_config service_tier speed stop_sequences stream system temperature thinking tool_choice tools top_k
    top_p"""
)
_TOOL = CACHED | words(
    "name description input_schema strict defer_loading allowed_callers eager_input_streaming input_examples"
)
_MAX_CACHE_MARKS = 4


def read_request(body: bytes) -> Ask:
    """Check a request; say what the model sees of it."""
    root = read(body, DIALECT).only(_KNOWN)
    model = root.need("model").filled()
    max_tokens = root.need("max_tokens").integer(0)
    turns = turns_of(root)
    check_pairing(turns)
    _check_cache_marks(root, turns)
    thinks = _thinking(root, max_tokens, turns)
    tools = _tools(root)
    must_call, may_call, several, only_tool = _tool_choice(root, tools)
    _check_numbers(root)
    role, last = turns[-1]
    asked = last if role == "user" else []
    stream = root.may("stream")
    return Ask(
        model=model,
        texts=tuple(_system(root)) + tuple(text for _, blocks in turns for text in texts_of(blocks)),
        last=" ".join(text for block in asked if kind_of(block) == "text" for text in texts_of([block])),
        images=tuple(image_of(block) for block in asked if kind_of(block) == "image"),
        results=tuple(" ".join(texts_of([block])) for block in asked if kind_of(block) == "tool_result"),
        tools=tools,
        must_call=must_call,
        may_call=may_call,
        several_calls=several,
        only_tool=only_tool,
        max_tokens=max_tokens,
        stops=_stops(root),
        schema=_schema(root),
        prefilled=role == "assistant",
        thinks=thinks,
        stream=stream.flag() if stream else False,
    )


# --- the rest ---


def _system(root: Node) -> list[str]:
    system = root.may("system")
    if system is None:
        return []
    if isinstance(system.value, str):
        return [system.value]
    blocks = list(system.items())
    for block in blocks:
        check_block(block, ("text",))
    return texts_of(blocks)


def _check_cache_marks(root: Node, turns: list[Turn]) -> None:
    """At most four breakpoints in a request."""
    check_cache_mark(root)
    blocks = [block for _, blocks in turns for block in blocks]
    inner = [part for block in blocks if kind_of(block) == "tool_result" for part in _items(block, "content")]
    marked = [*blocks, *inner, *_items(root, "system"), *_items(root, "tools")]
    count = sum(node.may("cache_control") is not None for node in marked)
    if count > _MAX_CACHE_MARKS:
        raise refused(f"A maximum of {_MAX_CACHE_MARKS} blocks with cache_control may be provided. Found {count}.")


def _items(node: Node, key: str) -> list[Node]:
    found = node.may(key)
    return list(found.items()) if found and isinstance(found.value, list) else []


def _thinking(root: Node, max_tokens: int, turns: list[Turn]) -> bool:
    thinking = root.may("thinking")
    if thinking is None:
        return False
    kind = thinking.need("type").choice("enabled", "disabled", "adaptive", "between_tools")
    if kind == "enabled":
        budget = thinking.only(frozenset(("type", "budget_tokens", "display"))).need("budget_tokens").integer(1024)
        if budget >= max_tokens:
            raise refused("`max_tokens` must be greater than `thinking.budget_tokens`.")
        temperature = root.may("temperature")
        if temperature and temperature.number() != 1:
            raise refused("`temperature` may only be set to 1 when thinking is enabled.")
        _check_thought_kept(turns)
    return kind in ("enabled", "adaptive")


def _check_thought_kept(turns: list[Turn]) -> None:
    """In a tool loop, the assistant's turn must still begin with its thinking."""
    role, last = turns[-1]
    if role != "user" or len(turns) < 2 or all(kind_of(block) != "tool_result" for block in last):
        return
    first = turns[-2][1][0]
    if "thinking" not in kind_of(first):
        raise refused(
            f"{place(first.at)}.type: Expected `thinking` or `redacted_thinking`, but found `{kind_of(first)}`. When "
            "`thinking` is enabled, a final `assistant` message must start with a thinking block."
        )


def _tools(root: Node) -> tuple[Tool, ...]:
    node = root.may("tools")
    if node is None:
        return ()
    tools = tuple(tool for one in node.items() if (tool := _tool(one)) is not None)
    if len({tool.name for tool in tools}) < len(tools):
        raise refused("tools: Tool names must be unique.")
    return tools


def _tool(tool: Node) -> Tool | None:
    """A tool of the client's; `None` for one that runs at the provider."""
    kind = tool.may("type")
    if kind and kind.text() != "custom":
        return None
    at = (*tool.at, "custom")
    Node(tool.value, at, DIALECT).only(_TOOL)
    check_cache_mark(tool)
    name = matching(Node(tool.value, at, DIALECT).need("name"), TOOL_NAME, "^[a-zA-Z0-9_-]{1,128}$")
    schema = Node(tool.value, at, DIALECT).need("input_schema")
    schema.need("type").choice("object")
    if description := tool.may("description"):
        description.text()
    return Tool(name, schema.fields())


def _tool_choice(root: Node, tools: tuple[Tool, ...]) -> tuple[bool, bool, bool, str | None]:
    """Whether a call is demanded, one is allowed, several are, and of which tool."""
    choice = root.may("tool_choice")
    if choice is None:
        return False, True, True, None
    if not tools and root.may("tools") is None:
        raise refused("tool_choice: tool_choice may only be specified while providing tools.")
    kind = choice.need("type").choice("auto", "any", "tool", "none")
    known = {"tool": {"type", "name", "disable_parallel_tool_use"}, "none": {"type"}}
    choice.only(frozenset(known.get(kind, {"type", "disable_parallel_tool_use"})))
    single = choice.may("disable_parallel_tool_use")
    name = choice.need("name").text() if kind == "tool" else None
    if name is not None and name not in {tool.name for tool in tools}:
        raise refused(f"tool_choice: Tool '{name}' not found in provided tools")
    if kind in ("any", "tool") and (thinking := root.may("thinking")) and thinking.need("type").text() == "enabled":
        raise refused("Thinking may not be enabled when tool_choice forces tool use.")
    return kind in ("any", "tool"), kind != "none", not (single and single.flag()), name


def _check_numbers(root: Node) -> None:
    for key in ("temperature", "top_p"):
        if node := root.may(key):
            node.number(0, 1)
    if top := root.may("top_k"):
        top.integer(0)
    if metadata := root.may("metadata"):
        metadata.only(frozenset(("user_id",)))


def _stops(root: Node) -> tuple[str, ...]:
    node = root.may("stop_sequences")
    stops = tuple(stop.text() for stop in node.items()) if node else ()
    if any(not stop.strip() for stop in stops):
        raise refused("stop_sequences: each stop sequence must contain non-whitespace")
    return stops


def _schema(root: Node) -> dict[str, Json] | None:
    config = root.may("output_config")
    wanted = config.only(frozenset(("effort", "format", "task_budget"))).may("format") if config else None
    if wanted is None:
        return None
    wanted.need("type").choice("json_schema")
    return wanted.need("schema").fields()
