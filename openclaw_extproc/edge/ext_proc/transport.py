"""The seam between whatever carries messages and the stages: bytes in, bytes out, one session per stream."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from openclaw_extproc.faults import Fault
from openclaw_extproc.stages.route.side_requests import Question
from openclaw_extproc.stages.step import Close


class Session(Protocol):
    """What one stream of Envoy's talks to. `ask`, `wake_at` and `closing` are as of its last step."""

    @property
    def begins(self) -> bool:
        """Returns whether the next message is the head of a call, which may be refused: that goes before what is under
        way."""
        ...

    def receive(self, message: bytes | bytearray) -> list[bytes]:
        """Take one message of Envoy's; return what is to be sent now, which may be nothing or several. A buffer is
        cleared when it is read.

        A long message is taken in slices: see `has_more`.
        """
        ...

    @property
    def has_more(self) -> bool:
        """The last message has slices left: call `resume` for each, with a turn of the event loop in between, and give
        no other message before."""
        ...

    def resume(self) -> list[bytes]:
        """Take the next slice of the last message; return what is to be sent now."""
        ...

    @property
    def ask(self) -> Question | None:
        """What has to be asked before the last message can be answered."""
        ...

    def take_answer(self, text: str | None) -> list[bytes]:
        """Take the answer to the question, `None` if there was none in time; return what is to be sent now."""
        ...

    @property
    def wake_at(self) -> float | None:
        """Returns when `wake` is to be called if nothing comes until then, in seconds since the epoch; `None`:
        never."""
        ...

    def wake(self) -> list[bytes]:
        """Takes the event that nothing came until `wake_at`; returns what is to be sent now."""
        ...

    def overrun(self) -> list[bytes]:
        """Takes the event that more messages wait than `WaitingBytes` allows; returns what is to be sent now. A session
        may ignore it."""
        ...

    @property
    def closing(self) -> Close | None:
        """How the stream has to end now; `None`: more is expected."""
        ...

    def close(self, fault: Fault | None) -> None:
        """The stream is over; `fault` is set when we broke. May come more than once."""
        ...


Open: TypeAlias = Callable[[], Session]

Answerer: TypeAlias = Callable[[Question], Awaitable[str | None]]
"""Answers within the question's deadline, or with nothing. Never raises but when it is cancelled."""


class ListenError(Exception):
    """The address cannot be listened on."""


async def nobody(_: Question) -> str | None:
    return None
