"""OpenAI Chat Completions: the one commonest event of a stream, more of its text, read for that alone.

Typed decoding looks at the few fields that could say something else; whatever is there of them that is not as expected,
or not known here, is left to `decoder`. See `openai_chat` for the source.
"""

from typing import Final, Literal

import msgspec

from openclaw_extproc.model.facts import Delta
from openclaw_extproc.wire.streams.text_events import data_of


class _Delta(msgspec.Struct, gc=False):
    content: str
    role: str | None = None
    refusal: None = None
    reasoning_content: None = None
    reasoning: None = None
    tool_calls: None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta
    index: Literal[0] | None = None
    finish_reason: None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: tuple[_Choice]
    usage: None = None
    error: None = None


_decode: Final = msgspec.json.Decoder(_Chunk).decode


def more_text(event: bytes) -> tuple[Delta] | tuple[()]:
    """The text of an event that has nothing but that; nothing for any other."""
    data = data_of(event, b"data: ")
    if not data:
        return ()
    try:
        text = _decode(data).choices[0].delta.content
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    return (Delta(text),) if text else ()
