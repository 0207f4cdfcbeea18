"""`rate_limit` of a channel: at most so many messages in any such time."""

from collections import deque
from dataclasses import dataclass, field

from openclaw_extproc.notices.channels import Rate


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

    def sent(self, at: float) -> None:
        if self.rate is not None:
            self._sent.append(at)
