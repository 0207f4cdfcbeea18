"""Our credential in WebSocket messages: looked for in what frames carry, over the frames of one message.

Frames keep their headers, because what is cut out is replaced by as many asterisks. A message that is complete goes out
at once: nothing that could be a key's beginning is held back behind its end.

Source: RFC 6455, section 5. A server does not mask its frames. Left out: compressed messages (RFC 7692), which the
attempt stage does not offer to providers.
"""

from collections import deque
from collections.abc import Mapping

from openclaw_extproc.edge.ext_proc.masking import Masker

MAX_DUE = 4_096
"""Headers and parts of frames that may wait for what follows a key's beginning. Beyond, the beginning is cut out."""
_FIN, _CONTROL, _LENGTH = 0x80, 0x08, 0x7F
_MASK, _MASK_BYTES = 0x80, 4
_LENGTH_BYTES = {126: 2, 127: 8}
"""What follows where a length does not fit into seven bits."""


class FramesMasker:
    """Cuts secrets out of the messages of one WebSocket connection; has the methods of `Masker`."""

    def __init__(self, message: Masker, control: Masker) -> None:
        """`message`, `control`: for payloads of messages, and for those of pings, pongs and closes between them."""
        self._message, self._control = message, control
        self._header = bytearray()
        """Of the next frame, as far as it is here."""
        self._left = 0
        """Bytes of the payload that are still to come."""
        self._is_control = self._is_last = False
        self._masked = bytearray()
        """Of the message, not delivered yet."""
        self._due: deque[bytes | int] = deque()
        """What is to be delivered next: these bytes, or so many of the message."""

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return self._message.headers(headers)

    def feed(self, chunk: bytes, *, end: bool) -> bytes:
        at, out = 0, bytearray()
        while at < len(chunk):
            if self._left:
                part = chunk[at : at + self._left]
                at += len(part)
                self._payload(part)
            else:
                at = self._read_header(chunk, at)
            if len(self._due) > MAX_DUE:
                out += self._deliver()
            if len(self._due) > MAX_DUE:
                self._masked += b"*" * len(self._message.rest())
        return bytes(out) + self._deliver() + (self.rest() if end else b"")

    def rest(self) -> bytes:
        """What is held back, when nothing follows."""
        self._masked += self._message.rest()
        held = self._deliver() + bytes(self._header)
        self._header.clear()
        return held

    def _read_header(self, chunk: bytes, at: int) -> int:
        """Returns where the frame's header ends, or the chunk."""
        header = self._header
        while len(header) < _header_bytes(header) and at < len(chunk):
            header.append(chunk[at])
            at += 1
        if len(header) == _header_bytes(header):
            self._begin(bytes(header))
            header.clear()
        return at

    def _begin(self, header: bytes) -> None:
        more = _LENGTH_BYTES.get(header[1] & _LENGTH, 0)
        self._left = int.from_bytes(header[2 : 2 + more], "big") if more else header[1] & _LENGTH
        self._is_control, self._is_last = bool(header[0] & _CONTROL), bool(header[0] & _FIN)
        self._due.append(header)
        if not self._left:
            self._payload(b"")

    def _payload(self, part: bytes) -> None:
        self._left -= len(part)
        ends = not self._left and self._is_last
        if self._is_control:
            self._due.append(self._control.feed(part, end=not self._left))
        else:
            self._due.append(len(part))
            self._masked += self._message.feed(part, end=ends)

    def _deliver(self) -> bytes:
        """Returns as much of the message as is due and known."""
        out = bytearray()
        taken = 0
        while self._due:
            match self._due[0]:
                case int(count):
                    known = min(count, len(self._masked) - taken)
                    out += self._masked[taken : taken + known]
                    taken += known
                    if known < count:
                        self._due[0] = count - known
                        break
                case piece:
                    out += piece
            self._due.popleft()
        del self._masked[:taken]
        return bytes(out)


def _header_bytes(header: bytes | bytearray) -> int:
    """Returns the length of a frame's header, as far as its beginning tells."""
    if len(header) < 2:
        return 2
    return 2 + _LENGTH_BYTES.get(header[1] & _LENGTH, 0) + (_MASK_BYTES if header[1] & _MASK else 0)
