"""Whether bytes of a stream say anything, for who told no fact: hosted tools at work do, a sign of life does not.

Comments (`: keepalive`, `: OPENROUTER PROCESSING`), Anthropic's `ping`, OpenAI's `keepalive` and the same event over
and over keep a connection open and are no progress. What is not in lines of server-sent events counts, whatever it is,
unless it is white space.
"""

import re

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
