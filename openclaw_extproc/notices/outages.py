"""Who is out, as all workers see it together: an outage begins with the first who says so and ends with the last.

Each worker has circuits of its own, so the same outage is seen several times, at several moments.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from openclaw_extproc.notices.kinds import Notice, NoticeKind

_OF_OUTAGES = (NoticeKind.PROVIDER_OUT, NoticeKind.PROVIDER_BACK)


@dataclass(slots=True)
class Outages:
    _out: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    """By subject: the sources that say so."""
    _told: set[str] = field(default_factory=set[str])
    """Of whom it was told that they are out."""

    def news(self, notice: Notice, source: int) -> bool:
        """Whether it says something new, so that it is to be told. Of what is no outage: yes."""
        if notice.kind not in _OF_OUTAGES:
            return True
        sources = self._out.setdefault(notice.subject, set())
        if notice.kind is NoticeKind.PROVIDER_OUT:
            sources.add(source)
            return self._begins(notice.subject)
        sources.discard(source)
        return self._ends(notice.subject)

    def gone(self, source: int) -> tuple[str, ...]:
        """Subjects that nobody says to be out any more, because this source has ended."""
        for sources in self._out.values():
            sources.discard(source)
        return tuple(subject for subject in sorted(self._out) if self._ends(subject))

    def update(self, providers: Collection[str]) -> None:
        """Forget all that is not of these."""
        for subject in [one for one in self._out if one.partition("/")[0] not in providers]:
            del self._out[subject]
            self._told.discard(subject)

    def _begins(self, subject: str) -> bool:
        provider = subject.partition("/")[0]
        if subject in self._told or (provider != subject and provider in self._told):
            return False  # that the whole provider is out says it of its models too
        self._told.add(subject)
        return True

    def _ends(self, subject: str) -> bool:
        if self._out.get(subject):
            return False
        self._out.pop(subject, None)
        if subject not in self._told:
            return False
        self._told.discard(subject)
        return True
