"""The scope of a failed call: what it says, and of whom.

    of the provider and the model   no connection, silence, 401 of our key, unreadable answers, 500, 502 and the like
    of the model alone              429, 503, 529, 403, 408, 504, 424
    of nobody                       the client's own mistakes, refusals and content filters, limits and bugs of ours

A provider that is overloaded as a whole shows in all of its models; that its other models answer shows in its own
circuit, as each good answer is a success of the provider too. 403 is a model that our account may not use.
"""

from enum import Enum
from typing import assert_never

from openclaw_extproc.faults import FaultKind

_FAILED_MODEL = 424
"""Bedrock's status for a model that failed."""


class Reach(Enum):
    """The scope of a failure: the provider, the model, or neither."""

    NOBODY = "nobody"
    MODEL = "model"
    PROVIDER = "provider"
    """Of the model too."""


def reach(kind: FaultKind, status: int | None = None) -> Reach:
    """`status`: the provider's own, where it gave one."""
    match kind:
        case FaultKind.UPSTREAM_GARBLED | FaultKind.UNAUTHENTICATED:
            return Reach.PROVIDER
        case FaultKind.UPSTREAM_SILENT:
            return Reach.PROVIDER if status is None else Reach.MODEL  # 408 and 504: it is there, the model was too slow
        case FaultKind.UPSTREAM_ERROR:
            return Reach.MODEL if status == _FAILED_MODEL else Reach.PROVIDER
        case FaultKind.RATE_LIMITED | FaultKind.OVERLOADED | FaultKind.FORBIDDEN:
            return Reach.MODEL
        case (
            FaultKind.MALFORMED | FaultKind.UNSUPPORTED | FaultKind.TOO_LARGE | FaultKind.NOT_FOUND | FaultKind.REFUSED
        ):
            return Reach.NOBODY
        case (
            FaultKind.OVER_BUDGET
            | FaultKind.EXHAUSTED
            | FaultKind.ABANDONED
            | FaultKind.BUG
            | FaultKind.METHOD_NOT_ALLOWED
        ):
            return Reach.NOBODY
        case _ as never:
            assert_never(never)
