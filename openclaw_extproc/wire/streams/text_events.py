"""The data of an event whose bytes are of the usual form, for who reads it without the general reader."""

from typing import Final

from openclaw_extproc.model.json_limits import MAX_DEPTH, MAX_NAME_CHARS

MAX_BYTES: Final = MAX_NAME_CHARS
"""The size of an event that is read quickly; a longer one may hold more than `json_limits` allows, and is rare."""


def data_of(event: bytes, head: bytes) -> bytes:
    """The one line of data of an event, small and not deep; empty where the event is of another form.

    Args:
        event: A whole one, without the line ends behind it.
        head: All that stands before the data.
    """
    if len(event) > MAX_BYTES or not event.startswith(head):
        return b""
    data = event[len(head) :]
    is_usual = b"\n" not in data and b"\r" not in data and data.count(b"{") + data.count(b"[") <= MAX_DEPTH
    return data if is_usual else b""
