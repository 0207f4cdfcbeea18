"""Promises of listening, with decoders that say what no real one should."""

from collections.abc import Iterator

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Started,
    Stop,
    TextStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.stages.attempt.response_reader import ResponseReader

HELLO: tuple[Fact, ...] = (Started("a", "m"), Finished(Stop.END))


class Says:
    """A decoder that says the same whatever it reads, and then cannot read on."""

    def __init__(self, *facts: Fact, breaks: bool = False) -> None:
        self._facts = facts
        self._breaks = breaks

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        del chunk
        yield from self._facts
        if self._breaks:
            raise UnreadableError("here")

    def end(self) -> Iterator[Fact]:
        yield from ()


def test_behind_the_end_nothing_is_heard() -> None:
    listening = ResponseReader(Says(*HELLO, Started("b", "m"), UsageReported(Usage(9))), None)

    assert listening.feed(b"x", end=False) == (list(HELLO), b"")
    assert listening.feed(b"x", end=True) == ([], b"")
    assert (listening.complete, listening.fault, listening.usage) == (True, None, Usage())


def test_behind_a_failure_nothing_is_heard() -> None:
    failed = Failed(Fault(FaultKind.OVERLOADED, "too much"))
    listening = ResponseReader(Says(failed, *HELLO), None)

    assert listening.feed(b"x", end=True)[0] == [failed]
    assert (listening.complete, listening.fault) == (False, failed.fault)


@pytest.mark.parametrize(
    "facts", [(Delta("x"),), (TextStarted(),), (Started("a", "m"), Started("a", "m")), (Started("a", "m"), Delta("x"))]
)
def test_facts_out_of_order_are_the_providers_fault(facts: tuple[Fact, ...]) -> None:
    listening = ResponseReader(Says(*facts), None)

    heard, _ = listening.feed(b"x", end=False)

    assert isinstance(heard[-1], Failed)
    assert heard[:-1] == list(facts[:-1])
    assert listening.fault
    assert listening.fault.kind is FaultKind.UPSTREAM_GARBLED


def test_what_came_before_the_unreadable_is_heard() -> None:
    heard, _ = ResponseReader(Says(Started("a", "m"), UsageReported(Usage(3)), breaks=True), None).feed(b"x", end=False)

    assert heard[:2] == [Started("a", "m"), UsageReported(Usage(3))]
    assert isinstance(heard[2], Failed)
    assert heard[2].fault.public == "the provider's answer is unreadable: here"


def test_without_a_decoder_nothing_is_heard() -> None:
    listening = ResponseReader()

    assert listening.feed(b"x", end=True) == ([], b"")
    assert listening.fault is None


class CannotWrite:
    """An encoder that fails at what was read, and notes what it gets."""

    def __init__(self) -> None:
        self.got: list[Fact] = []

    def feed(self, fact: Fact) -> bytes:
        self.got.append(fact)
        if isinstance(fact, Delta):
            raise UnreadableError("nested too deeply")
        return b""


def test_what_cannot_be_written_is_a_failure_and_the_last_word() -> None:
    encoder = CannotWrite()
    said: tuple[Fact, ...] = (Started("a", "m"), TextStarted(), Delta("x"), BlockEnded(), Finished(Stop.END))
    listening = ResponseReader(Says(*said), encoder)

    listening.feed(b"x", end=True)

    assert listening.fault
    assert listening.fault.kind is FaultKind.UPSTREAM_GARBLED
    assert not listening.complete
    assert encoder.got == [*said[:3], Failed(listening.fault)]
