"""The JSON objects of a body, each as soon as it is whole: one alone, or those of an array.

Source: https://google.aip.dev/127 and what `streamGenerateContent` answers without `alt=sse`: an array that grows by
one object per chunk. A reader that waited for its end would hold the whole stream back.

Gemini: the one commonest event of a stream, more of its text and the tokens so far, read for that alone.

Whatever is not as expected is left to `decoder`. Source: see the package.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal

import msgspec

from openclaw_extproc.model.json import LARGEST, UnreadableError
from openclaw_extproc.wire.streams.event_decoder import data_of
from openclaw_extproc.wire.streams.sse import MAX_EVENT_BYTES

# -- objects ---------------------------------------------------------------------------


_MARK = re.compile(rb'[{}"\\]')
_BETWEEN = b" \t\r\n,[]"


class Reader:
    """Bytes in, whole objects out; what is incomplete waits inside. Whether an object is JSON is not checked here."""

    def __init__(self) -> None:
        self._pending: list[bytes] = []
        self._waiting = 0
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Take the next bytes; yield the objects they complete.

        Raises:
            UnreadableError: something that is no object, or one that exceeds the limit.
        """
        begin = at = 0
        while (at := self._next_edge(chunk, at)) < len(chunk):
            if chunk[at : at + 1] == b"{":
                self._check_between(chunk[begin:at])
                begin = at
                at += 1
            else:
                at += 1
                yield b"".join([*self._pending, chunk[begin:at]])
                self._pending, self._waiting, begin = [], 0, at
        self._keep(chunk[begin:])

    def last_end(self, chunk: bytes) -> int:
        """Instead of `feed`: where in the next bytes the last object ends that they complete; 0 where none does."""
        at = last = 0
        while (at := self._next_edge(chunk, at)) < len(chunk):
            at += 1
            if chunk[at - 1 : at] == b"}":
                last = at
        return last

    def _next_edge(self, chunk: bytes, at: int) -> int:
        """Returns where the next outermost object begins or ends, from `at` on; the chunk's length when nowhere in
        it."""
        if self._escaped and at == 0 and chunk:
            self._escaped, at = False, 1
        while found := _MARK.search(chunk, at):
            at = found.end()
            match found[0]:
                case b'"':
                    self._in_string = not self._in_string
                case b"\\" if self._in_string:
                    self._escaped = at == len(chunk)
                    at += 1
                case b"{" if not self._in_string:
                    self._depth += 1
                    if self._depth == 1:
                        return found.start()
                case b"}" if not self._in_string:
                    self._depth -= 1
                    if self._depth <= 0:
                        return found.start()
                case _:
                    pass
        return len(chunk)

    def _keep(self, rest: bytes) -> None:
        if self._depth == 0:
            self._check_between(rest)
            return
        self._pending.append(rest)
        self._waiting += len(rest)
        if self._waiting > MAX_EVENT_BYTES:
            raise UnreadableError(f"the provider's answer: longer than {MAX_EVENT_BYTES} bytes")

    def _check_between(self, text: bytes) -> None:
        if text.strip(_BETWEEN):
            raise UnreadableError("the provider's answer: expected a JSON object or an array of them")


# -- text events -----------------------------------------------------------------------


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
