"""Which notices are sent, and when: repetitions are joined, outages are seen once for all workers, and rates hold.

Of one subject each kind is sent at once the first time, and then once in some minutes. What comes again meanwhile is
counted, and the last of it is sent when the time is over. While it goes on, that time doubles, so that an outage of a
night is no reason for a hundred messages.

An outage begins with the first worker that reports it and ends with the last: each worker has circuits of its own, so
the same outage is seen several times, at several moments.
"""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from openclaw_extproc.notices.channels import Rate
from openclaw_extproc.notices.kinds import Notice, NoticeKind

FIRST_SECONDS = 300.0
LONGEST_SECONDS = 4 * 3_600.0
MAX_SUBJECTS = 1_000
"""Names are the configuration's own, so only many reloads could make more."""


@dataclass(slots=True)
class _Window:
    ends: float
    seconds: float
    told: set[tuple[NoticeKind, int]]
    """Kinds that were told, and by whom they were heard."""
    held: Notice | None = None
    times: int = 0


@dataclass(slots=True)
class Joining:
    _windows: dict[str, _Window] = field(default_factory=dict[str, _Window])
    """By subject."""

    def take(self, notice: Notice, source: int) -> Notice | None:
        """To be told now; `None`: it is counted. `source`: several workers see the same once each."""
        window = self._windows.get(notice.subject)
        if window is None:
            if len(self._windows) >= MAX_SUBJECTS:
                self._windows.clear()
            self._windows[notice.subject] = _Window(notice.at + FIRST_SECONDS, FIRST_SECONDS, {(notice.kind, source)})
            return notice
        seen = {kind for kind, _ in window.told}
        known = (notice.kind, source) in window.told
        window.told.add((notice.kind, source))
        if notice.kind not in seen:
            return notice
        if known:
            window.held, window.times = notice, window.times + 1
        return None

    def due(self, at: float) -> Iterator[Notice]:
        """What was held back and is to be told now."""
        for subject, window in list(self._windows.items()):
            if at < window.ends:
                continue
            if window.held is None:
                del self._windows[subject]
                continue
            yield replace(window.held, times=window.times)
            longer = min(2 * window.seconds, LONGEST_SECONDS)
            self._windows[subject] = _Window(at + longer, longer, set(window.told))


@dataclass(slots=True)
class Pace:
    rate: Rate | None
    _sent: deque[float] = field(default_factory=deque[float])

    def wait(self, at: float) -> float:
        """Seconds until the next message may go."""
        if self.rate is None:
            return 0.0
        while self._sent and at - self._sent[0] >= self.rate.seconds:
            self._sent.popleft()
        return 0.0 if len(self._sent) < self.rate.count else self._sent[0] + self.rate.seconds - at

    def note_sent(self, at: float) -> None:
        if self.rate is not None:
            self._sent.append(at)


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

    def forget_worker(self, source: int) -> tuple[str, ...]:
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
