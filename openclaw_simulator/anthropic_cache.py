"""Anthropic messages: the prompt cache.

A breakpoint ends a prefix; a prefix seen before is read, a new one written. What was seen lives in the `Stamp`.

Source: anthropic 2.11 `types/cache_control_ephemeral_param.py`, `cache_creation.py`, `usage.py`;
https://platform.claude.com/docs/en/build-with-claude/prompt-caching; vellum-ai/vellum-assistant#22191 for the order.
Left out: the least length of a prefix, that the API looks back 20 blocks only; tools and images count no tokens.
"""

import hashlib
from collections.abc import Iterable

from openclaw_simulator.anthropic_dialect import place, refused
from openclaw_simulator.reading import Json, Node, dump
from openclaw_simulator.script import Ask, Prefix, pieces
from openclaw_simulator.shape import Stamp

_MAX_MARKS = 4
_SECONDS = {"5m": 300, "1h": 3600}
_MAX_REMEMBERED = 10_000
_UNMARKABLE = ("thinking", "redacted_thinking")


def check_mark(node: Node) -> None:
    if mark := node.may("cache_control"):
        mark.only(frozenset(("type", "ttl"))).need("type").choice("ephemeral")
        if ttl := mark.may("ttl"):
            ttl.choice(*_SECONDS)


def prefixes_of(root: Node, blocks: Iterable[tuple[Node, list[str]]]) -> tuple[Prefix, ...]:
    """The prefixes up to the last breakpoint, shortest first: each block ends one that may have been cached before.

    `blocks` are tools, system and messages in order, each with its texts; what stands within a block comes before it.
    """
    check_mark(root)
    listed = list(blocks)
    marks = [(at, node.may("cache_control")) for at, (node, _) in enumerate(listed)]
    marked = {at: mark for at, mark in marks if mark}
    if (top := root.may("cache_control")) and (last := _last_cacheable(listed)) is not None:
        marked.setdefault(last, top)
    if len(marked) > _MAX_MARKS:
        raise refused(f"A maximum of {_MAX_MARKS} blocks with cache_control may be provided. Found {len(marked)}.")
    found: list[Prefix] = []
    digest, tokens = hashlib.sha256(), 0
    for at, (node, texts) in enumerate(listed):
        fields = {key: value for key, value in node.fields().items() if key != "cache_control"}
        digest.update(dump(fields))
        tokens += sum(len(pieces(text)) for text in texts)
        mark = marked.get(at)
        found.append(Prefix(digest.hexdigest(), tokens, _seconds(mark, found) if mark else 0))
    return tuple(found[: max(marked, default=-1) + 1])


def _last_cacheable(blocks: list[tuple[Node, list[str]]]) -> int | None:
    able = [at for at, (node, _) in enumerate(blocks) if node.fields().get("type") not in _UNMARKABLE]
    return able[-1] if able else None


def _seconds(mark: Node, before: list[Prefix]) -> int:
    ttl = mark.may("ttl")
    seconds = _SECONDS[ttl.text() if ttl else "5m"]
    if any(0 < prefix.seconds < seconds for prefix in before):
        raise refused(
            f"{place(mark.at)}.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. "
            "Note that blocks are processed in the following order: `tools`, `system`, `messages`."
        )
    return seconds


def counted(ask: Ask, stamp: Stamp, input_tokens: int) -> dict[str, Json]:
    """The input side of `usage`; call it once per answer, for it remembers the prefixes."""
    read = 0
    for prefix in ask.prefixes:
        if stamp.cached.get(_key(ask, prefix), 0.0) >= stamp.at:
            read = prefix.tokens
    written = dict.fromkeys(_SECONDS.values(), 0)
    behind = read
    for prefix in ask.prefixes:
        if prefix.seconds and prefix.tokens > behind:
            written[prefix.seconds] += prefix.tokens - behind
            behind = prefix.tokens
    _remember(ask, stamp)
    return {
        "input_tokens": input_tokens - behind,
        "cache_creation_input_tokens": behind - read,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": written[300], "ephemeral_1h_input_tokens": written[3600]},
    }


def _remember(ask: Ask, stamp: Stamp) -> None:
    """Reading renews what was cached."""
    if len(stamp.cached) > _MAX_REMEMBERED:
        stamp.cached.clear()
    for prefix in ask.prefixes:
        if prefix.seconds:
            stamp.cached[_key(ask, prefix)] = stamp.at + prefix.seconds


def _key(ask: Ask, prefix: Prefix) -> str:
    return f"{ask.model} {prefix.digest}"
