"""Anthropic messages: what a request must be, as strictly as the real API.

Source: anthropic 2.11 `types/message_create_params.py` and the block types for the fields; the wording of errors from
public issue threads (for instance anthropics/claude-code#8210 and #13460 for tool ids).
Left out: server tools' results (taken as they come), documents' insides, containers.
"""

import base64
import binascii
import re

from openclaw_extproc.simulator.reading import Dialect, Json, Node, Path, RefusedError, dump, read, words
from openclaw_extproc.simulator.script import Ask, Image, Tool

SIGNED = b"simulated thought"
"""What the signatures of our own thinking blocks decode to: another one is refused, as the real API does."""

_KNOWN = words("""model messages max_tokens cache_control container context_management diagnostics inference_geo mcp_servers
    metadata output_config service_tier speed stop_sequences stream system temperature thinking tool_choice tools top_k
    top_p""")
_CACHED = frozenset(("type", "cache_control"))
_BLOCKS = {
    "text": _CACHED | {"text", "citations"},
    "image": _CACHED | {"source"},
    "document": _CACHED | {"source", "citations", "context", "title"},
    "search_result": _CACHED | {"source", "title", "content", "citations"},
    "tool_use": _CACHED | {"id", "name", "input", "caller", "toolset_name"},
    "tool_result": _CACHED | {"tool_use_id", "content", "is_error", "toolset_name"},
    "thinking": frozenset(("type", "thinking", "signature")),
    "redacted_thinking": frozenset(("type", "data")),
}
_SAID_BY = {
    "user": ("text", "image", "document", "search_result", "tool_result"),
    "assistant": ("text", "tool_use", "thinking", "redacted_thinking"),
    "system": ("text",),
}
_SERVER_BLOCKS = ("server_tool_use", "container_upload", "mcp_tool_use", "compaction")
_TOOL = _CACHED | words(
    "name description input_schema strict defer_loading allowed_callers eager_input_streaming input_examples"
)
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_TOOL_ID = re.compile(r"[a-zA-Z0-9_-]+")
_MAX_CACHE_MARKS = 4


def _place(at: Path) -> str:
    """`messages.0.content`."""
    return ".".join(map(str, at))


def refused(message: str) -> RefusedError:
    return RefusedError(400, message)


def _invalid(at: Path, why: str) -> RefusedError:
    return refused(f"{_place(at)}: Input {why}")


def _missing(at: Path) -> RefusedError:
    return refused(f"{_place(at)}: Field required")


def _mistyped(at: Path, wanted: str, _: Json) -> RefusedError:
    wanted = {"a string": "a valid string", "an object": "a valid dictionary", "an array": "a valid list"}.get(
        wanted, wanted
    )
    return refused(f"{_place(at)}: Input should be {wanted}")


def _unknown(at: Path) -> RefusedError:
    return refused(f"{_place(at)}: Extra inputs are not permitted")


def _unreadable(why: str) -> RefusedError:
    return refused(f"The request body is not valid JSON: {why}")


DIALECT = Dialect(_missing, _mistyped, _unknown, _invalid, _unreadable)


def read_request(body: bytes) -> Ask:
    """Check a request; say what the model sees of it."""
    root = read(body, DIALECT).only(_KNOWN)
    model = root.need("model").filled()
    max_tokens = root.need("max_tokens").integer(0)
    turns = _turns(root)
    _check_pairing(turns)
    _check_cache_marks(body, root)
    thinks = _thinking(root, max_tokens, turns)
    tools = _tools(root)
    must_call, may_call, several, only_tool = _tool_choice(root, tools)
    _check_numbers(root)
    role, last = turns[-1]
    asked = last if role == "user" else []
    stream = root.may("stream")
    return Ask(
        model=model,
        texts=tuple(_system(root)) + tuple(text for _, blocks in turns for text in _texts(blocks)),
        last=" ".join(text for block in asked if _kind(block) == "text" for text in _texts([block])),
        images=tuple(_image(block) for block in asked if _kind(block) == "image"),
        results=tuple(" ".join(_texts([block])) for block in asked if _kind(block) == "tool_result"),
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


# --- messages ---


def _turns(root: Node) -> list[tuple[str, list[Node]]]:
    """Check the messages; consecutive ones of a role are one turn, as in the real API."""
    messages = list(root.need("messages").items())
    if not messages:
        raise refused("messages: at least one message is required")
    turns: list[tuple[str, list[Node]]] = []
    for message in messages:
        role = message.only(frozenset(("role", "content"))).need("role").choice(*_SAID_BY)
        blocks = _blocks(message, role, is_last=message is messages[-1])
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        else:
            turns.append((role, blocks))
    if turns[0][0] != "user":
        raise refused('messages: first message must use the "user" role')
    _check_prefill(turns)
    return turns


def _blocks(message: Node, role: str, *, is_last: bool) -> list[Node]:
    content = message.need("content")
    if isinstance(content.value, str):
        text: Json = {"type": "text", "text": content.value}
        blocks = [Node(text, (*content.at, 0), DIALECT)] if content.value else []
    else:
        blocks = list(content.items())
    if not blocks and not (is_last and role == "assistant"):
        raise refused(
            f"{_place(message.at)}: all messages must have non-empty content except for the optional final assistant message"
        )
    for block in blocks:
        _check_block(block, _SAID_BY[role])
    return blocks


def _kind(block: Node) -> str:
    return block.need("type").text()


def _check_block(block: Node, allowed: tuple[str, ...]) -> None:
    kind = _kind(block)
    if kind in _SERVER_BLOCKS or (kind.endswith("_tool_result") and kind != "tool_result"):
        return
    if kind not in allowed:
        tags = ", ".join(repr(word) for word in allowed)
        raise refused(
            f"{_place(block.at)}: Input tag '{kind[:40]}' found using 'type' does not match any of the expected tags: {tags}"
        )
    block.only(_BLOCKS[kind])
    _check_cache_mark(block)
    match kind:
        case "text":
            if not block.need("text").text():
                raise refused("messages: text content blocks must be non-empty")
        case "image":
            _image(block)
        case "tool_use":
            _matching(block.need("id"), _TOOL_ID, "^[a-zA-Z0-9_-]+$")
            _matching(block.need("name"), _TOOL_NAME, "^[a-zA-Z0-9_-]{1,128}$")
            block.need("input").fields()
        case "tool_result":
            _check_result(block)
        case "thinking":
            block.need("thinking").text()
            _check_signature(block)
        case _:
            pass  # documents, search results, redacted thinking: known fields are enough


def _matching(node: Node, pattern: re.Pattern[str], written: str) -> str:
    text = node.text()
    if pattern.fullmatch(text):
        return text
    raise refused(f"{_place(node.at)}: String should match pattern '{written}'")


def _check_result(block: Node) -> None:
    _matching(block.need("tool_use_id"), _TOOL_ID, "^[a-zA-Z0-9_-]+$")
    if flag := block.may("is_error"):
        flag.flag()
    content = block.may("content")
    if content and not isinstance(content.value, str):
        for inner in content.items():
            _check_block(inner, ("text", "image", "document", "search_result"))


def _check_signature(block: Node) -> None:
    signature = block.need("signature").text()
    try:
        good = base64.b64decode(signature, validate=True).startswith(SIGNED)
    except binascii.Error:
        good = False
    if not good:
        raise refused(f"{_place(block.at)}: Invalid `signature` in `thinking` block")


def _image(block: Node) -> Image:
    source = block.need("source")
    match source.need("type").choice("base64", "url", "file"):
        case "base64":
            source.only(frozenset(("type", "media_type", "data")))
            mime = source.need("media_type").choice("image/jpeg", "image/png", "image/gif", "image/webp")
            return Image(mime, _size(source.need("data")))
        case "url":
            url = source.only(frozenset(("type", "url"))).need("url").filled()
            if not url.startswith(("http://", "https://")):
                raise refused(f"{_place(source.at)}.url: Only HTTPS URLs are supported.")
            return Image(None, None, url)
        case _:
            return Image(None, None, f"file:{source.need('file_id').filled()}")


def _size(node: Node) -> int:
    try:
        return len(base64.b64decode(node.filled(), validate=True))
    except binascii.Error as problem:
        raise refused(f"{_place(node.at)}: Invalid base64 data") from problem


def _check_prefill(turns: list[tuple[str, list[Node]]]) -> None:
    role, blocks = turns[-1]
    if role != "assistant" or not blocks:
        return
    texts = _texts(blocks[-1:])
    if texts and texts[-1] != texts[-1].rstrip():
        raise refused("messages: final assistant content cannot end with trailing whitespace")


def _check_pairing(turns: list[tuple[str, list[Node]]]) -> None:
    """Each `tool_use` has its `tool_result` first in the next turn, and the other way round."""
    asked: list[str] = []
    seen: set[str] = set()
    for at, (_, blocks) in enumerate(turns):
        leading: list[str] = []
        for index, block in enumerate(blocks):
            if _kind(block) != "tool_result":
                continue
            answered = block.need("tool_use_id").text()
            if answered not in asked:
                raise refused(
                    f"{_place(block.at)}: unexpected `tool_use_id` found in `tool_result` blocks: {answered}. "
                    "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                )
            if answered in leading:
                raise refused(
                    f"{_place(block.at)}: each tool_use must have a single result. Found multiple `tool_result` blocks with id: {answered}"
                )
            if index == len(leading):
                leading.append(answered)
        _refuse_unanswered([one for one in asked if one not in leading], at)
        asked = [block.need("id").text() for block in blocks if _kind(block) == "tool_use"]
        if len({*asked} | seen) < len(asked) + len(seen):
            raise refused(f"messages.{at}: `tool_use` ids must be unique")
        seen.update(asked)
    _refuse_unanswered(asked, len(turns))


def _refuse_unanswered(missing: list[str], at: int) -> None:
    if missing:
        raise refused(
            f"messages.{at - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
        )


def _texts(blocks: list[Node]) -> list[str]:
    """All text of some blocks, that of tool results included."""
    found: list[str] = []
    for block in blocks:
        content = block.may("content")
        match _kind(block):
            case "text":
                found.append(block.need("text").text())
            case "tool_result" if content:
                found += [content.text()] if isinstance(content.value, str) else _texts(list(content.items()))
            case _:
                pass
    return found


# --- the rest ---


def _system(root: Node) -> list[str]:
    system = root.may("system")
    if system is None:
        return []
    if isinstance(system.value, str):
        return [system.value]
    blocks = list(system.items())
    for block in blocks:
        _check_block(block, ("text",))
    return _texts(blocks)


def _check_cache_mark(node: Node) -> None:
    if mark := node.may("cache_control"):
        mark.only(frozenset(("type", "ttl"))).need("type").choice("ephemeral")
        if ttl := mark.may("ttl"):
            ttl.choice("5m", "1h")


def _check_cache_marks(body: bytes, root: Node) -> None:
    _check_cache_mark(root)
    if body.count(b'"cache_control"') <= _MAX_CACHE_MARKS:
        return
    marks = dump([root.fields().get(key) for key in ("messages", "system", "tools")]).count(b'"cache_control":{"type"')
    if marks > _MAX_CACHE_MARKS:
        raise refused(f"A maximum of {_MAX_CACHE_MARKS} blocks with cache_control may be provided. Found {marks}.")


def _thinking(root: Node, max_tokens: int, turns: list[tuple[str, list[Node]]]) -> bool:
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


def _check_thought_kept(turns: list[tuple[str, list[Node]]]) -> None:
    """In a tool loop, the assistant's turn must still begin with its thinking."""
    role, last = turns[-1]
    if role != "user" or len(turns) < 2 or all(_kind(block) != "tool_result" for block in last):
        return
    first = turns[-2][1][0]
    if "thinking" not in _kind(first):
        raise refused(
            f"{_place(first.at)}.type: Expected `thinking` or `redacted_thinking`, but found `{_kind(first)}`. When "
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
    _check_cache_mark(tool)
    name = _matching(Node(tool.value, at, DIALECT).need("name"), _TOOL_NAME, "^[a-zA-Z0-9_-]{1,128}$")
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
