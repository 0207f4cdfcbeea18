"""The beginning of an answer's body: what comes before the first byte that means something.

Some servers write a byte order mark before UTF-8. Readers of server-sent events drop it, as the standard says; Google's
SDKs stumble over one before JSON, and OpenAI's and Anthropic's lose the first event behind it.
"""

from openclaw_extproc.model.json import BYTE_ORDER_MARK


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
