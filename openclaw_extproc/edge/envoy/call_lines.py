"""The lines in which Envoy says how a call on the fast path ended of which no stage has the last word.

The attempts of such a call are all that a stage sees of it. Where the last one gets no answer, Envoy replies by itself;
where the client has gone, nobody does. What the stage knew of the call is noted in Envoy's metadata, which stands in
the line (`render/stderr_logs.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from openclaw_extproc.render.stderr_logs import CALL_PREFIX

_GONE = "0"
"""Envoy's status of a call that was not answered."""


@dataclass(frozen=True, slots=True)
class CallLine:
    """How a call ended."""

    status: str
    """Empty: the client left before there was one."""
    attempts: str
    cluster: str
    """Where the last attempt went."""
    details: str
    """Envoy's "response code details"."""
    noted: Mapping[str, str]
    """Of the request."""
    notes: Mapping[str, str]
    """Of the attempts."""
    seconds: float
    """How long it took."""
    head: Mapping[str, str]
    """Path and id of the request, where no attempt has changed them."""
    model: str
    """As Envoy has read it."""


def read_call_line(line: str) -> CallLine | None:
    """What a line of Envoy's standard error says; `None`: it is another one."""
    parts = line.removeprefix(CALL_PREFIX).split("\t", 6) if line.startswith(CALL_PREFIX) else []
    words = parts[0].split(" ", 3) if parts else []
    if len(parts) != 7 or len(words) != 4:  # as many as the line has
        return None
    (status, attempts, cluster, details), (_, noted, notes, milliseconds, path, model, request_id) = words, parts
    return CallLine(
        status="" if status == _GONE else status,
        attempts=attempts,
        cluster=cluster,
        details=details,
        noted=_texts(noted),
        notes=_texts(notes),
        seconds=int(milliseconds) / 1000 if milliseconds.isdecimal() else 0.0,
        head={":path": path, "x-request-id": request_id},
        model=model,
    )


def _texts(text: str) -> dict[str, str]:
    """Of an object, the fields with texts: all that a stage notes are."""
    try:
        found = msgspec.json.decode(text, type=dict[str, object])
    except msgspec.MsgspecError:
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)}
