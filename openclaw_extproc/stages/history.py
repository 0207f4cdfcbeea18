"""What the attempts of a request before this one came to.

Attempts share no memory: each notes its start and its failure in Envoy's dynamic metadata, the next one reads them, and
so does the route stage at the end. An attempt that left no failure behind got no answer at all; how long it took says
whether nobody was there or nobody spoke. Which fault of a connection it was, Envoy tells of the last attempt alone
(decision 30).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from openclaw_extproc.gateway import Target
from openclaw_extproc.plan import Plan

MAX_WORDS_CHARS = 300
"""Of a provider's words that are noted: Envoy sends all notes with each message to a later attempt."""
TOLD_BY_ENVOY = "failed"
"""The key of what Envoy says behind the emergency message, where it has to say that by itself."""


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    target: Target
    reason: str
    """A `Failure.reason`, or `connection`, or `timeout`."""
    words: str = ""
    """The provider's own, as far as they are known and anybody's business."""

    @property
    def text(self) -> str:
        """For people: `openai: rate limited: Limit 30000, used 29500`."""
        return ": ".join(filter(None, (self.target.provider.name, self.reason.replace("_", " "), self.words)))


@dataclass(frozen=True, slots=True)
class History:
    """The attempts before this one."""

    failed: tuple[FailedAttempt, ...] = ()

    def told(self) -> tuple[str, ...]:
        """In the words of `x-openclaw-fallbacks`."""
        return tuple(f"{one.target.provider.name}:{one.reason}" for one in self.failed)

    @property
    def text(self) -> str:
        """For people; of a provider that says the same again and again it is there once. Empty: there were none."""
        return "; ".join(dict.fromkeys(one.text for one in self.failed))

    def and_then(self, failed: FailedAttempt) -> "History":
        return History((*self.failed, failed))


def noted_start(attempt: int, cluster: str, at: float) -> dict[str, str]:
    return {f"try-{attempt}": f"{cluster} {at:.3f}"}


def noted_failure(attempt: int, failed: FailedAttempt) -> dict[str, str]:
    words = {f"said-{attempt}": failed.words[:MAX_WORDS_CHARS]} if failed.words else {}
    return {f"why-{attempt}": failed.reason, **words}


def noted_ahead(attempt: int, plan: Plan) -> dict[str, str]:
    """Who comes behind this attempt by a plan that it has changed: those to come may be over before they note it."""
    behind = enumerate(plan.groups[attempt:], attempt + 1)
    return {f"try-{n}": group[0].provider.cluster for n, group in behind if len(group) == 1}


def history(plan: Plan, attempt: int, notes: Mapping[str, str], at: float) -> History:
    """What the notes say of attempts 1 to `attempt` - 1."""
    failed: list[FailedAttempt] = []
    for earlier in range(1, attempt):
        cluster, _, began = notes.get(f"try-{earlier}", "").partition(" ")
        ended = notes.get(f"try-{earlier + 1}", "").partition(" ")[2] or str(at)
        reason = notes.get(f"why-{earlier}") or _unanswered(plan, began, ended)
        failed.append(FailedAttempt(_target(plan, earlier, cluster), reason, notes.get(f"said-{earlier}", "")))
    return History(tuple(failed))


def _target(plan: Plan, attempt: int, cluster: str) -> Target:
    """The plan may have been changed since: then it is in another group, with whatever model."""
    everybody = chain.from_iterable(plan.groups)
    known = plan.target(attempt, cluster) or next((t for t in everybody if t.provider.cluster == cluster), None)
    return known or plan.group(attempt)[0]


def _unanswered(plan: Plan, began: str, ended: str) -> str:
    waited = float(ended) - float(began) if began else 0.0
    return "timeout" if waited >= 0.9 * plan.patience_ms / 1000 else "connection"
