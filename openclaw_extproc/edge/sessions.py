"""A stage on a stream: protobuf outside, events inside, entries to whoever records them."""

import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from openclaw_extproc.edge import envoy
from openclaw_extproc.faults import Fault
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.stages.events import Answer, Closed, Continue, Event, To

EntryT_co = TypeVar("EntryT_co", covariant=True)
EntryT = TypeVar("EntryT")


_PLAIN = {to: (Continue(to), envoy.write(Continue(to), lambda _: {}).SerializeToString()) for to in To}
"""The answers without a change, written once: a stream that passes as it is gets one for each chunk."""


class StepLike(Protocol[EntryT_co]):
    @property
    def answers(self) -> tuple[Answer, ...]: ...
    @property
    def entry(self) -> EntryT_co | None: ...


class Stage(Protocol[EntryT_co]):
    @property
    def over(self) -> bool: ...
    def receive(self, event: Event) -> StepLike[EntryT_co]: ...


class StageSession(Generic[EntryT]):
    def __init__(
        self,
        stage: Stage[EntryT],
        record: Callable[[EntryT], None],
        put_on: envoy.PutOn,
        took: Callable[[float], None] = lambda _: None,
    ) -> None:
        """`took` is told how many seconds each message kept the stage busy."""
        self._took = took
        self._stage = stage
        self._record = record
        self._put_on = put_on

    @property
    def over(self) -> bool:
        return self._stage.over

    def receive(self, message: bytes) -> list[bytes]:
        began = time.perf_counter()
        event = envoy.read(pb.ProcessingRequest.FromString(message), at=time.time())
        step = self._stage.receive(event)
        self._took(time.perf_counter() - began)
        if step.entry is not None:
            self._record(step.entry)
        return [self._written(answer) for answer in step.answers]

    def _written(self, answer: Answer) -> bytes:
        if isinstance(answer, Continue) and answer == (plain := _PLAIN[answer.to])[0]:
            return plain[1]
        return envoy.write(answer, self._put_on).SerializeToString()

    def close(self, fault: Fault | None) -> None:
        step = self._stage.receive(Closed(time.time(), fault))
        if step.entry is not None:
            self._record(step.entry)
