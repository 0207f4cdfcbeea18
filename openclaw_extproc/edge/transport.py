"""The seam between whatever carries messages and the stages: bytes in, bytes out, one session per stream."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from openclaw_extproc.faults import Fault


class Session(Protocol):
    @property
    def over(self) -> bool:
        """Nothing more is expected: the stream may be ended."""
        ...

    def receive(self, message: bytes) -> list[bytes]:
        """Take one message of Envoy's; return what is to be sent now, which may be nothing or several."""
        ...

    def close(self, fault: Fault | None) -> None:
        """The stream is over; `fault` is set when we broke. May come more than once."""
        ...


Open: TypeAlias = Callable[[], Session]
