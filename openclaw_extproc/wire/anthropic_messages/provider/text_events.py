"""Anthropic Messages: the one commonest event of a stream, more of its text, read for that alone.

Whatever is not as expected is left to `decoder`. Source: as there.
"""

from typing import Final, Literal

import msgspec

from openclaw_extproc.model.facts import Delta
from openclaw_extproc.wire.streams.text_events import data_of

_HEAD: Final = b"event: content_block_delta\ndata: "


class _Text(msgspec.Struct, gc=False):
    text: str
    type: Literal["text_delta"]


class _Event(msgspec.Struct, gc=False):
    delta: _Text
    index: int
    type: Literal["content_block_delta"]


_decode: Final = msgspec.json.Decoder(_Event).decode


def more_text(event: bytes, index: int) -> tuple[Delta] | tuple[()]:
    """The text of a `text_delta` of the block with that index; nothing for any other event."""
    data = data_of(event, _HEAD)
    if not data:
        return ()
    try:
        read = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    text = read.delta.text
    return (Delta(text),) if text and read.index == index else ()
