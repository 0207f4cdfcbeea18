"""Gemini: a stream without `alt=sse`, one JSON array, on its way to a client of the same format.

Elements go on whole. Cut in the middle, the array gets its error as the last element and is closed: a client that
reads it at its end and one that reads it as it grows both find the error.
"""

from openclaw_extproc.faults import Fault
from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat
from openclaw_extproc.wire.gemini import objects
from openclaw_extproc.wire.gemini.client.requests import wants_events
from openclaw_extproc.wire.gemini.errors import encode_stream_error, error
from openclaw_extproc.wire.streams.chunks import EventPieces, Pieces


def pieces(chat: Chat) -> Pieces:
    return EventPieces(encode_stream_error) if wants_events(chat) else ArrayPieces()


def unlike(chat: Chat, beginning: bytes) -> str | None:
    """Whether one object came where an array was asked for, or the other way: both are `application/json`."""
    match beginning.lstrip()[:1]:
        case b"":
            return None
        case b"{" if chat.stream:
            return "one object"
        case b"[" if not chat.stream:
            return "an array"
        case _:
            return ""


class ArrayPieces:
    def __init__(self) -> None:
        self._reader = objects.Reader()
        self._waiting: list[bytes] = []
        """The bytes behind the last whole element: what stands between two of them, and the beginning of the next."""
        self._has_begun = False

    def feed(self, chunk: bytes, *, end: bool) -> bytes:
        cut = self._reader.last_end(chunk)
        if not cut and not end:
            self._waiting.append(chunk)
            return b""
        self._has_begun = True
        whole = b"".join((*self._waiting, chunk if end else chunk[:cut]))
        self._waiting = [] if end else [chunk[cut:]]
        return whole

    def break_off(self, fault: Fault) -> bytes:
        self._waiting = []
        return (b"," if self._has_begun else b"[") + j.dump(error(fault)) + b"]"
