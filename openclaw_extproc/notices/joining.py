"""Repetitions joined: of one subject each kind is told at once the first time, and then once in some minutes.

What comes again meanwhile is counted, and the last of it is told when the time is over. While it goes on, that time
doubles, so that an outage of a night is no reason for a hundred messages.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

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
