"""Server-sent events: parsing, keep-alives, and a byte order mark before the first one.

Server-sent events, one byte at a time if need be.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html (line endings, field parsing; `id` and `retry`
are ignored: no provider uses them). Lines end at CR, LF and CRLF only: U+2028 and its kin are text.

Whether bytes of a stream say anything, for who told no fact: hosted tools at work do, a sign of life does not.

Comments (`: keepalive`, `: OPENROUTER PROCESSING`), Anthropic's `ping`, OpenAI's `keepalive` and the same event over
and over keep a connection open and are no progress. What is not in lines of server-sent events counts, whatever it is,
unless it is white space.

The beginning of an answer's body: what comes before the first byte that means something.

Some servers write a byte order mark before UTF-8. Readers of server-sent events drop it, as the standard says; Google's
SDKs stumble over one before JSON, and OpenAI's and Anthropic's lose the first event behind it.
"""

import re

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import BYTE_ORDER_MARK, UnreadableError

# -- sse -------------------------------------------------------------------------------


MAX_EVENT_BYTES = 32 * 1024 * 1024
"""An upstream that never ends an event must not eat our memory. As large as the largest body we pass."""


@dataclass(frozen=True, slots=True)
class Event:
    data: str
    name: str = "message"


class Reader:
    """Bytes in, whole events out; what is incomplete waits inside."""

    def __init__(self, *, limit: int = MAX_EVENT_BYTES) -> None:
        self._limit = limit
        self._pending: list[bytes] = []
        self._waiting = 0
        self._skip_lf = False
        self._first = True
        self._name = ""
        self._data: list[str] = []
        self._size = 0
        """The size of the event's data so far. An empty line counts too, or a million of them would cost nothing."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing of an event is here: the next byte begins one."""
        return not (self._pending or self._data or self._name or self._skip_lf)

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes; return the events they complete.

        Raises:
            UnreadableError: an event exceeds the limit; the reader is unusable afterwards.
        """
        events: list[Event] = []
        for line in self._lines(chunk):
            if line:
                self._field(line)
            elif event := self._dispatch():
                events.append(event)
        if self._waiting + self._size > self._limit:
            raise UnreadableError(f"event longer than {self._limit} bytes")
        return events

    def _lines(self, chunk: bytes) -> list[bytes]:
        """Split at CR, LF or CRLF. A CR ends its line at once; the LF after it is then skipped."""
        if self._skip_lf and chunk:
            self._skip_lf = False
            chunk = chunk.removeprefix(b"\n")
        if not chunk:
            return []
        self._skip_lf = chunk.endswith(b"\r")
        self._pending.append(chunk)
        if b"\n" not in chunk and b"\r" not in chunk:
            self._waiting += len(chunk)
            return []
        text = b"".join(self._pending)
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._pending = [rest] if rest else []
        self._waiting = len(rest)
        if self._first and lines:
            self._first = False
            lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
        return lines

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value.decode("utf-8", "replace"))
            self._size += len(line)
        elif name == b"event":
            self._name = value.decode("utf-8", "replace")

    def _dispatch(self) -> Event | None:
        data, name = self._data, self._name or "message"
        self._data, self._name, self._size = [], "", 0
        return Event("\n".join(data), name) if data else None


def write(event: Event) -> bytes:
    head = "" if event.name == "message" else f"event: {event.name}\n"
    body = "".join(f"data: {line}\n" for line in event.data.split("\n"))
    return f"{head}{body}\n".encode()


def is_stream(content_type: str) -> bool:
    return media_type(content_type) == "text/event-stream"


def media_type(content_type: str) -> str:
    """Returns the media type of a content type, without parameters."""
    return content_type.partition(";")[0].strip().lower()


# -- heartbeats ------------------------------------------------------------------------


MAX_LINE_BYTES = 256
"""The length of an unfinished line above which it counts as data."""

_SIGN_OF_LIFE = re.compile(rb'"type"\s*:\s*"(?:ping|keepalive|keep-alive|heartbeat)"')
_NO_DATA = (b":", b"event:", b"id:", b"retry:")


class Heartbeats:
    def __init__(self) -> None:
        self._line = b""
        """The last one, as far as it is there."""
        self._said = b""
        """The data before."""

    def says(self, chunk: bytes) -> bool:
        """Whether there is more in it than signs of life."""
        text = self._line + chunk if self._line else chunk
        *lines, self._line = (text.replace(b"\r", b"\n") if b"\r" in text else text).split(b"\n")
        found = False
        for line in lines:
            if self._is_new(line.strip()):
                found = True
                break
        if not self._line:
            return found
        if len(self._line) > MAX_LINE_BYTES and not self._line.startswith(b":"):
            self._line = self._line[:MAX_LINE_BYTES]
            return True
        self._line = self._line[:MAX_LINE_BYTES]
        return found

    def _is_new(self, line: bytes) -> bool:
        if not line or line.startswith(_NO_DATA) or _SIGN_OF_LIFE.search(line):
            return False
        before, self._said = self._said, line[:MAX_LINE_BYTES]
        return self._said != before or len(line) > MAX_LINE_BYTES


# -- byte order mark -------------------------------------------------------------------


class Beginning:
    """The beginning of one body, which may come a byte at a time."""

    def __init__(self) -> None:
        self._waiting: bytes = b""
        self._is_over = False
        self.had_mark: bool = False

    def feed(self, chunk: bytes, *, end: bool) -> bytes:
        """Returns the bytes without a byte order mark; nothing while they may still be one."""
        if self._is_over:
            return chunk
        chunk, self._waiting = self._waiting + chunk, b""
        if not end and len(chunk) < len(BYTE_ORDER_MARK) and BYTE_ORDER_MARK.startswith(chunk):
            self._waiting = chunk
            return b""
        self._is_over = True
        self.had_mark = chunk.startswith(BYTE_ORDER_MARK)
        return chunk.removeprefix(BYTE_ORDER_MARK)
