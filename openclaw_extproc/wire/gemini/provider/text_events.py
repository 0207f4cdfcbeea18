"""Gemini: the one commonest event of a stream, more of its text and the tokens so far, read for that alone.

Whatever is not as expected is left to `decoder`. Source: see the package.
"""

from typing import Annotated, Final, Literal

import msgspec

from openclaw_extproc.model.json import LARGEST
from openclaw_extproc.wire.streams.text_events import data_of

_HEAD: Final = b"data: "


_Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]


class Tokens(msgspec.Struct, gc=False, rename="camel"):
    """The token counts of `usageMetadata`; those of the response are always there."""

    candidates_token_count: _Count
    prompt_token_count: _Count | None = None
    tool_use_prompt_token_count: _Count | None = None
    cached_content_token_count: _Count | None = None
    thoughts_token_count: _Count | None = None


class _Part(msgspec.Struct, gc=False, rename="camel"):
    text: str
    thought: bool | None = None
    thought_signature: None = None
    function_call: None = None


class _Content(msgspec.Struct, gc=False):
    parts: tuple[_Part]


class _Candidate(msgspec.Struct, gc=False, rename="camel"):
    content: _Content
    index: Literal[0] | None = None
    finish_reason: None = None


class _Chunk(msgspec.Struct, gc=False, rename="camel"):
    candidates: tuple[_Candidate]
    usage_metadata: Tokens | None = None
    error: None = None


_decode: Final = msgspec.json.Decoder(_Chunk).decode


def text_and_tokens(event: bytes) -> tuple[str, Tokens | None] | None:
    """The text of an event that has nothing but that and counts; `None` for any other."""
    data = data_of(event, _HEAD)
    if not data:
        return None
    try:
        read = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    part, tokens = read.candidates[0].content.parts[0], read.usage_metadata
    return (part.text, tokens) if part.text and part.thought is not True else None
