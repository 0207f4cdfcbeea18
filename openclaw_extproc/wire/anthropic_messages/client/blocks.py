"""Content blocks of a client's request, read.

Source: as `anthropic_messages`. A search result becomes the text that it is made of, and a document of blocks those
blocks: only Anthropic's citations need their frame. What only Anthropic knows is read as its JSON where it is something
that happened (what a tool or Anthropic's own tools said, an unknown block amid the history), as the question stays the
same; it is refused where it is a part of the question (a file by its id, an unknown block in the last message).

Collects what another format cannot carry while one request is read.
"""

import base64
import re
from collections.abc import Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    CachePoint,
    InlineFile,
    InlineImage,
    Leaf,
    LinkedFile,
    LinkedImage,
    Part,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from openclaw_extproc.wire.anthropic_messages import native_tools, thinking
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.losses import MUST_CARRY

# -- losses ----------------------------------------------------------------------------


MAX_LOSSES = 32
"""The number of kinds of loss that are named. A client chooses the keys, so there could be very many."""


class Losses:
    """The first place of each kind, so that a long history names it once."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def drop(self, kind: str, path: str) -> None:
        if len(self._first) < MAX_LOSSES:
            self._first.setdefault(kind, path)

    def refuse(self, path: str) -> None:
        """The first is enough to keep the request from every other format."""
        self._first.setdefault(MUST_CARRY, f"{MUST_CARRY}{path}")

    def rest(self, block: Mapping[str, Json], known: str, at: str) -> None:
        """Drop the keys that are not among the `known` ones."""
        for key in j.without(block, frozenset(known.split())):
            self.drop(key, key if key == "cache_control" else f"{at}.{key}")

    def all(self) -> tuple[str, ...]:
        return tuple(self._first.values())


# -- blocks ----------------------------------------------------------------------------


PDF = "application/pdf"


def parts(content: Json, at: str, losses: Losses, *, asks: bool = True) -> tuple[Part, ...]:
    """`asks`: whether the message holds the question; what has no reading elsewhere may not be passed over in it."""
    return tuple(
        part for item, where in _blocks(content, at) for part in _with_cache_point(item, where, losses, asks=asks)
    )


def texts(content: Json, at: str, losses: Losses) -> tuple[tuple[str, ...], CachePoint | None]:
    """System texts, and the point behind them."""
    said = parts(content, at, losses)
    points = [part for part in said if isinstance(part, CachePoint)]
    rest = [part for part in said if not isinstance(part, CachePoint)]
    if any(not isinstance(part, Text) for part in rest):
        losses.refuse(f"{at}: an image")
    if len(points) > 1 or (points and said[-1] is not points[-1]):
        losses.drop("cache_control", f"{at}: cache_control before the last text")
    told = tuple(part.text for part in rest if isinstance(part, Text) and part.text)
    return told, points[-1] if points else None


def cache_point(value: Json, *, at: str) -> CachePoint:
    ttl = j.an_object(value, at=at).get("ttl")
    return CachePoint("" if ttl is None else j.a_string(ttl, at=f"{at}.ttl"))


def word(kind: str) -> str:
    """A type for a complaint; what does not look like one could be anything."""
    return kind if re.fullmatch(r"[a-z0-9_]{1,64}", kind) else "unknown type"


def _with_cache_point(item: Json, at: str, losses: Losses, *, asks: bool) -> Iterator[Part]:
    block = j.an_object(item, at=at)
    yield from _part(block, at, losses, asks=asks)
    if (point := block.get("cache_control")) is not None:
        yield cache_point(point, at=f"{at}.cache_control")


def _leaves(content: Json, at: str, losses: Losses) -> tuple[Leaf, ...]:
    """Returns the parts of a tool's result. Every kind of content becomes a part."""
    found: list[Leaf] = []
    for item, where in _blocks(content, at):
        block = j.an_object(item, at=where)
        if block.get("cache_control") is not None:
            losses.drop("cache_control", f"{where}.cache_control")
        kind = j.a_string(block.get("type"), at=f"{where}.type")
        if kind in _LEAVES and not _by_id(block):
            found += _leaf(block, where, losses)
        elif kind == "tool_reference":
            found.append(Text(f"The tool {block.get('tool_name')} can be called now."))
        else:
            losses.drop(kind, f"{where}: {word(kind)}, as text")
            found.append(Text(block_as_text(block)))
    return tuple(found)


_LEAVES = frozenset({"text", "image", "document", "search_result"})
MAX_TOLD_CHARS = 2_000
"""The length to which each string is cut in content that is passed on as JSON: a file's bytes say nothing to a
model."""


def _by_id(block: Mapping[str, Json]) -> bool:
    """Whether what it holds is kept at Anthropic."""
    source = block.get("source")
    return isinstance(source, dict) and source.get("type") == "file"


def _is_of_server_tool(kind: str) -> bool:
    """Whether a block is of what Anthropic's own tools did in an earlier turn."""
    return kind in ("server_tool_use", "mcp_tool_use") or kind.endswith("_tool_result")


def block_as_text(block: Mapping[str, Json]) -> str:
    """A block as JSON, without what only Anthropic reads, and with long strings cut."""
    return j.text({key: _cut(value) for key, value in block.items() if key != "cache_control"})


def _cut(value: Json) -> Json:
    match value:
        case str() if len(value) > MAX_TOLD_CHARS:
            return f"({len(value):,} characters)"
        case list():
            return [_cut(item) for item in value]
        case dict():
            return {key: _cut(item) for key, item in value.items() if key != "encrypted_content"}
        case _:
            return value


def _blocks(content: Json, at: str) -> list[tuple[Json, str]]:
    """Returns each block with its path in the body; a string is short for a single text."""
    if isinstance(content, str):
        return [({"type": "text", "text": content}, at)]
    if isinstance(content, list):
        return [(item, f"{at}[{n}]") for n, item in enumerate(content)]
    raise UnreadableError(f"{at}: expected a string or an array, found {j.name_of(content)}")


def _part(block: Mapping[str, Json], at: str, losses: Losses, *, asks: bool) -> Iterator[Part]:
    match block.get("type"):
        case "tool_use":
            yield from _tool_use(block, at, losses)
        case "tool_result":
            losses.rest(block, "type tool_use_id content is_error cache_control", at)
            id = provider_state.result_of(j.a_string(block.get("tool_use_id"), at=f"{at}.tool_use_id"))
            content = block.get("content")
            failed = block.get("is_error")
            yield ToolResult(
                id,
                _leaves([] if content is None else content, f"{at}.content", losses),
                failed is not None and j.a_bool(failed, at=f"{at}.is_error"),
            )
        case "thinking":
            losses.rest(block, "type thinking signature cache_control", at)
            yield thinking.thinking(block, at=at)
        case "redacted_thinking":
            yield Thinking("", thinking.state_of_redacted(j.a_string(block.get("data"), at=f"{at}.data")))
        case "compaction":
            yield from compacted(block, at)
        case "tool_removal":
            losses.drop("tool_removal", f"{at}: tool_removal")
        case str() as kind if kind in _SAY_NOTHING:
            pass
        case str() as kind if _is_of_server_tool(kind) or not (asks or kind in _KNOWN):
            losses.drop(kind, f"{at}: {word(kind)}, as text")
            yield Text(block_as_text(block))
        case _:
            yield from _leaf(block, at, losses)


_SAY_NOTHING = frozenset({"tool_addition", "fallback", "mcp_tool_listing"})
"""The first offers a tool that is offered anyway (`requests`), the others tell Anthropic of its own doings."""
_KNOWN = _LEAVES | {"container_upload"}


def compacted(block: Mapping[str, Json], at: str) -> Iterator[Text]:
    """The summary that stands for what came before; none where Anthropic could not make one."""
    summary = block.get("content")
    if summary is not None and (text := j.a_string(summary, at=f"{at}.content")):
        yield Text(text)


def _tool_use(block: Mapping[str, Json], at: str, losses: Losses) -> Iterator[Part]:
    # `caller` says whether a server tool made the call; the server tool's own blocks are told as text.
    losses.rest(block, "type id name input caller cache_control toolset_name", at)
    called = provider_state.state_of_call_id(j.a_string(block.get("id"), at=f"{at}.id"))
    name = native_tools.function_name(block.get(native_tools.TOOLSET), j.a_string(block.get("name"), at=f"{at}.name"))
    given = block.get("input")
    args = j.an_object({} if given is None else given, at=f"{at}.input")
    yield from called.thoughts
    yield ToolUse(called.id, name, j.text(args), called.sealed)


def _leaf(block: Mapping[str, Json], at: str, losses: Losses) -> Iterator[Leaf]:
    """A block that holds no others: all that a tool result may hold."""
    match j.a_string(block.get("type"), at=f"{at}.type"):
        case "text":
            losses.rest(block, "type text cache_control", at)
            yield Text(j.a_string(block.get("text"), at=f"{at}.text"))
        case "image":
            losses.rest(block, "type source cache_control", at)
            yield from _image(block, f"{at}.source", losses)
        case "document":
            yield from _document(block, at, losses)
        case "search_result":
            losses.drop("search_result", f"{at}: search_result, as text")
            source = j.a_string(block.get("source"), at=f"{at}.source")
            yield Text(f"{j.a_string(block.get('title'), at=f'{at}.title')} ({source})")
            yield from _leaves(block.get("content"), f"{at}.content", losses)
        case other:
            losses.refuse(f"{at}: {word(other)}")


def _image(block: Mapping[str, Json], at: str, losses: Losses) -> Iterator[Leaf]:
    source = j.an_object(block.get("source"), at=at)
    match j.a_string(source.get("type"), at=f"{at}.type"):
        case "base64":
            kind = j.a_string(source.get("media_type"), at=f"{at}.media_type")
            yield InlineImage(kind, j.a_string(source.get("data"), at=f"{at}.data"))
        case "url":
            yield LinkedImage(j.a_string(source.get("url"), at=f"{at}.url"))
        case other:
            losses.refuse(f"{at}: {word(other)}")


def _document(block: Mapping[str, Json], at: str, losses: Losses) -> Iterator[Leaf]:
    losses.rest(block, "type source title context citations cache_control", at)
    if _cites(block.get("citations"), at=f"{at}.citations"):
        losses.drop("citations", f"{at}.citations")
    title, context = _word_of(block, "title", at), _word_of(block, "context", at)
    if context:
        yield Text(context)
    source, at = j.an_object(block.get("source"), at=f"{at}.source"), f"{at}.source"
    match j.a_string(source.get("type"), at=f"{at}.type"):
        case "base64":
            kind = source.get("media_type")
            media_type = PDF if kind is None else j.a_string(kind, at=f"{at}.media_type")
            yield InlineFile(media_type, j.a_string(source.get("data"), at=f"{at}.data"), title)
        case "text":
            data = j.a_string(source.get("data"), at=f"{at}.data")
            yield InlineFile("text/plain", base64.b64encode(data.encode()).decode(), title)
        case "url":
            yield LinkedFile(j.a_string(source.get("url"), at=f"{at}.url"), PDF, title)
        case "content":
            losses.drop("document", f"{at}: content, as blocks of their own")
            if title:
                yield Text(title)
            yield from _leaves(source.get("content"), f"{at}.content", losses)
        case other:
            losses.refuse(f"{at}: {word(other)}")


def _cites(value: Json, *, at: str) -> bool:
    return value is not None and bool(j.an_object(value, at=at).get("enabled"))


def _word_of(block: Mapping[str, Json], key: str, at: str) -> str:
    value = block.get(key)
    return "" if value is None else j.a_string(value, at=f"{at}.{key}")
