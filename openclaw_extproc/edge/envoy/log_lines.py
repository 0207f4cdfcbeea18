"""Lines of ours among what Envoy says on standard error, for our log."""

import logging

from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.unanswered_log import FLAGS, PREFIX
from openclaw_extproc.stages.route.request_entry import no_answer_reason

_EMPTY = "-"


def heard(line: str) -> bool:
    """Whether this line was one of ours. It is in the log then."""
    found = attempt(line)
    if found is not None:
        logs.event("envoy", "attempt_unanswered", found, level=logging.WARNING)
    return found is not None


def attempt(line: str) -> dict[str, Json] | None:
    """What a line says of an attempt that got no answer; `None`: it is none of `unanswered_log`."""
    words = line.removeprefix(PREFIX).split(" ", 4) if line.startswith(PREFIX) else []
    if len(words) < 5:  # as many as the line has
        return None
    cluster, milliseconds, flags, reason, request_id = words
    details = "|".join((*(FLAGS.get(flag, "") for flag in flags.split(",")), reason))
    return {
        "request_id": None if request_id == _EMPTY else request_id,
        "cluster": cluster,
        "why": no_answer_reason(details) or "connection",
        "envoy_says": None if reason == _EMPTY else reason,
        "milliseconds": int(milliseconds) if milliseconds.isdecimal() else None,
    }
