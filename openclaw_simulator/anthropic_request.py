"""Anthropic messages: what a request must be, as strictly as the real API.

Source: anthropic 2.11 `types/message_create_params.py` for the fields, and `temperature`, `top_p` and `top_k`, which
this SDK no longer types and the API still takes.
Left out: tools that run at Anthropic (taken as they come), batches.
"""

from collections.abc import Iterator
from dataclasses import replace

from openclaw_simulator.anthropic_cache import check_mark, prefixes_of
from openclaw_simulator.anthropic_dialect import DIALECT, matching, refused
from openclaw_simulator.anthropic_media import document_of, image_of
from openclaw_simulator.anthropic_schema import read_schema
from openclaw_simulator.anthropic_thinking import check_kept, read_thinking
from openclaw_simulator.anthropic_turns import (
    CACHED,
    TOOL_NAME,
    Turn,
    check_block,
    check_pairing,
    kind_of,
    texts_of,
    turns_of,
)
from openclaw_simulator.reading import Json, Node, read, words
from openclaw_simulator.script import Ask, Tool

_KNOWN = words(
    """model messages max_tokens cache_control container context_management diagnostics inference_geo mcp_servers
    metadata output_config service_tier speed stop_sequences stream system temperature thinking tool_choice tools top_k
    top_p"""
)
_COUNTED = words(
    """model messages cache_control context_management mcp_servers output_config speed system thinking tool_choice
    tools"""
)
"""What `count_tokens` knows: types/message_count_tokens_params.py, and what only the beta has."""
_ON_VERTEX = (_KNOWN | {"anthropic_version", "anthropic_beta"}) - {"model"}
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_TOOL = CACHED | words(
    "name description input_schema strict defer_loading allowed_callers eager_input_streaming input_examples"
)
_VERTEX_VERSIONS = ("vertex-2023-10-16", "2026-10-21")
_BEDROCK_VERSIONS = ("bedrock-2023-05-31", "2026-10-21")
"""Of each the documented one, and the one that anthropic 2.11 sends (`_constants.py`)."""


def read_request(body: bytes) -> Ask:
    """Check a request; say what the model sees of it."""
    root = read(body, DIALECT).only(_KNOWN)
    return _ask(root, root.need("model").filled(), root.need("max_tokens").integer(0))


def read_counted(body: bytes) -> Ask:
    """The same for a request whose tokens are only counted."""
    root = read(body, DIALECT).only(_COUNTED)
    return _ask(root, root.need("model").filled(), None)


def read_on_vertex(body: bytes, model: str, *, stream: bool) -> Ask:
    """The same for Vertex AI, where the path names the model and says whether to stream.

    That `stream` must agree with the path is stricter than what is documented.
    """
    root = _vertex_version(read(body, DIALECT).only(_ON_VERTEX))
    asked = root.may("stream")
    if (asked.flag() if asked else False) is not stream:
        raise refused("stream: Input should agree with the method: `streamRawPredict` streams, `rawPredict` does not")
    return _ask(root, model, root.need("max_tokens").integer(0))


def read_counted_on_vertex(body: bytes) -> Ask:
    """There the body names the model, for the path says `count-tokens`."""
    root = _vertex_version(read(body, DIALECT).only(_COUNTED | {"anthropic_version", "anthropic_beta"}))
    return _ask(root, root.need("model").filled(), None)


def read_on_bedrock(body: bytes, model: str, *, stream: bool) -> Ask:
    """The same for Bedrock, where the path names the model and whether to stream, and the body must not."""
    root = read(body, DIALECT).only(_ON_VERTEX - {"stream"})
    if root.need("anthropic_version").text() not in _BEDROCK_VERSIONS:
        raise refused(f"anthropic_version: Input should be '{_BEDROCK_VERSIONS[0]}'")
    if flags := root.may("anthropic_beta"):
        for flag in flags.items():
            flag.filled()
    return replace(_ask(root, model, root.need("max_tokens").integer(0)), stream=stream)


def _vertex_version(root: Node) -> Node:
    version = root.need("anthropic_version").text()
    if version not in _VERTEX_VERSIONS:
        raise refused(f"anthropic_version: Input should be '{_VERTEX_VERSIONS[0]}'")
    return root


def _ask(root: Node, model: str, max_tokens: int | None) -> Ask:
    turns = turns_of(root)
    check_pairing(turns)
    prefixes = prefixes_of(root, _cacheable(root, turns))
    thinks, shows_thought = read_thinking(root, max_tokens)
    check_kept(root, turns)
    tools = _tools(root)
    must_call, may_call, several, only_tool = _tool_choice(root, tools)
    _check_numbers(root)
    role, last = turns[-1]
    asked = last if role == "user" else []
    stream = root.may("stream")
    return Ask(
        model=model,
        texts=tuple(texts_of(_system_blocks(root))) + tuple(text for _, blocks in turns for text in texts_of(blocks)),
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
        schema=_schema(root, turns),
        prefilled=role == "assistant",
        thinks=thinks,
        shows_thought=shows_thought,
        attachments=tuple(document_of(block) for block in asked if kind_of(block) == "document"),
        prefixes=prefixes,
        stream=stream.flag() if stream else False,
    )


# --- the rest ---


def _system_blocks(root: Node) -> list[Node]:
    system = root.may("system")
    if system is None:
        return []
    if isinstance(system.value, str):
        text: Json = {"type": "text", "text": system.value}
        return [Node(text, system.at, DIALECT)]
    blocks = list(system.items())
    for block in blocks:
        check_block(block, ("text",))
    return blocks


def _cacheable(root: Node, turns: list[Turn]) -> Iterator[tuple[Node, list[str]]]:
    """All that can carry a breakpoint, in the order of the cache, with what it says."""
    yield from ((tool, []) for tool in _items(root, "tools"))
    yield from ((block, texts_of([block])) for block in _system_blocks(root))
    for _, blocks in turns:
        for block in blocks:
            if kind_of(block) == "tool_result":
                yield from ((part, []) for part in _items(block, "content"))
            yield block, texts_of([block])


def _items(node: Node, key: str) -> list[Node]:
    found = node.may(key)
    return list(found.items()) if found and isinstance(found.value, list) else []


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
    check_mark(tool)
    name = matching(Node(tool.value, at, DIALECT).need("name"), TOOL_NAME, "^[a-zA-Z0-9_-]{1,128}$")
    schema = Node(tool.value, at, DIALECT).need("input_schema")
    schema.need("type").choice("object")
    if (strict := tool.may("strict")) and strict.flag():
        read_schema(Node(schema.value, (*at, "input_schema"), DIALECT))
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


def _schema(root: Node, turns: list[Turn]) -> dict[str, Json] | None:
    config = root.may("output_config")
    if config is None:
        return None
    if effort := config.only(frozenset(("effort", "format", "task_budget"))).may("effort"):
        effort.choice(*_EFFORTS)
    wanted = config.may("format")
    if wanted is None:
        return None
    wanted.only(frozenset(("type", "schema"))).need("type").choice("json_schema")
    if turns[-1][0] == "assistant":
        raise refused("output_config.format: Prefilling the assistant's turn is not supported with structured outputs")
    if any(_cites(block) for _, blocks in turns for block in blocks):
        raise refused("output_config.format: Citations are not supported with structured outputs")
    return read_schema(wanted.need("schema"))


def _cites(block: Node) -> bool:
    citations = block.may("citations") if kind_of(block) in ("document", "search_result") else None
    return citations is not None and citations.fields().get("enabled") is True
