"""What the attempts of a request before this one came to.

Attempts share no memory: each notes its start and its failure in Envoy's dynamic metadata, the next one reads them, and
so does the route stage at the end. An attempt that left no failure behind got no answer at all; how long it took says
whether nobody was there or nobody spoke. Which fault of a connection it was, Envoy tells of the last attempt alone
(decision 30).
"""

from collections.abc import Mapping
from itertools import chain

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.plan import Plan

MAX_WORDS_CHARS = 300
"""The length to which a provider's error message is cut: Envoy sends all notes with each message to a later attempt."""
STALE = "stale_connection"
STALE_SECONDS = 1.0
"""A request on a kept connection that the provider has just closed is reset within one round trip."""
TOLD_BY_ENVOY = "failed"
"""The key of what Envoy says behind the emergency message, where it has to say that by itself."""


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    target: Target
    reason: str
    """A `Failure.reason`, or `connection`, `timeout` or `stale_connection`."""
    words: str = ""
    """The provider's own, as far as they are known and anybody's business."""

    @property
    def text(self) -> str:
        """Returns a line for people: `openai: rate limited: Limit 30000, used 29500`."""
        return ": ".join(filter(None, (self.target.provider.name, self.reason.replace("_", " "), self.words)))


@dataclass(frozen=True, slots=True)
class History:
    """The attempts before this one."""

    failed: tuple[FailedAttempt, ...] = ()

    def fallbacks(self) -> tuple[str, ...]:
        """Returns the failed attempts in the words of `x-openclaw-fallbacks`."""
        return tuple(f"{one.target.provider.name}:{one.reason}" for one in self.failed)

    @property
    def text(self) -> str:
        """Returns the failed attempts as a text for people; a provider that fails the same way again is named once.
        Empty: no attempt failed."""
        return "; ".join(dict.fromkeys(one.text for one in self.failed))

    def and_then(self, failed: FailedAttempt) -> "History":
        return History((*self.failed, failed))


@dataclass(frozen=True, slots=True)
class _Start:
    cluster: str = ""
    at: str = ""
    reused: str = ""


def noted_start(attempt: int, cluster: str, at: float, *, is_reused: bool = False) -> dict[str, str]:
    return {f"try-{attempt}": f"{cluster} {at:.3f}{' reused' if is_reused else ''}"}


def _start(attempt: int, notes: Mapping[str, str]) -> _Start:
    return _Start(*notes.get(f"try-{attempt}", "").split(" ")[:3])


def noted_failure(attempt: int, failed: FailedAttempt) -> dict[str, str]:
    words = {f"said-{attempt}": failed.words[:MAX_WORDS_CHARS]} if failed.words else {}
    return {f"why-{attempt}": failed.reason, **words}


def noted_ahead(attempt: int, plan: Plan) -> dict[str, str]:
    """Returns notes about the later targets of a plan that this attempt has changed: their attempts may be over before
    they can note it themselves."""
    behind = enumerate(plan.groups[attempt:], attempt + 1)
    return {f"try-{n}": group[0].provider.cluster for n, group in behind if len(group) == 1}


def history(plan: Plan, attempt: int, notes: Mapping[str, str], at: float) -> History:
    """What the notes say of attempts 1 to `attempt` - 1."""
    failed: list[FailedAttempt] = []
    for earlier in range(1, attempt):
        start, ended = _start(earlier, notes), _start(earlier + 1, notes).at or str(at)
        reason = notes.get(f"why-{earlier}") or _no_answer_text(plan, start, float(ended))
        failed.append(FailedAttempt(_target(plan, earlier, start.cluster), reason, notes.get(f"said-{earlier}", "")))
    return History(tuple(failed))


def _target(plan: Plan, attempt: int, cluster: str) -> Target:
    """The plan may have been changed since: then it is in another group, with whatever model."""
    everybody = chain.from_iterable(plan.groups)
    known = plan.target(attempt, cluster) or next((t for t in everybody if t.provider.cluster == cluster), None)
    return known or plan.group(attempt)[0]


def _no_answer_text(plan: Plan, start: _Start, ended: float) -> str:
    waited = ended - float(start.at) if start.at else 0.0
    if waited >= 0.9 * plan.attempt_timeout_ms / 1000:
        return "timeout"
    return STALE if start.reused and waited < STALE_SECONDS else "connection"


def was_stale(attempt: int, notes: Mapping[str, str], at: float) -> bool:
    """Whether an attempt that ended now, without an answer, went out on a connection that was closed already."""
    start = _start(attempt, notes)
    return bool(start.reused) and at - float(start.at) < STALE_SECONDS
