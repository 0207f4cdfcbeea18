"""A stage on a stream: protobuf outside, events inside, entries to whoever records them."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Generic, Protocol, TypeVar

from openclaw_extproc.edge.ext_proc import protobuf
from openclaw_extproc.edge.ext_proc.fast_protobuf import (
    ApplyCredential,
    read_request_body,
    read_response_body,
    write_delivery,
)
from openclaw_extproc.edge.ext_proc.response_view import AppliedSecrets, PassedSecrets, ResponseView
from openclaw_extproc.edge.runtime.in_flight import AttemptAccount, InFlight, RouteAccount
from openclaw_extproc.edge.runtime.overload import OverloadGate
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.telemetry.recorder import Recorder
from openclaw_extproc.faults import Fault
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import (
    Answer,
    Close,
    Closed,
    Continue,
    Credential,
    Deliver,
    Event,
    Overrun,
    QuestionAnswered,
    RequestBody,
    RequestHead,
    ResponseBody,
    Step,
    TimerFired,
    To,
)
from openclaw_extproc.stages.fast_path.combined import CombinedStage
from openclaw_extproc.stages.route.side_requests import Question
from openclaw_extproc.stages.route.stage import RouteStage

EntryT_co = TypeVar("EntryT_co", covariant=True)
EntryT_contra = TypeVar("EntryT_contra", contravariant=True)
EntryT = TypeVar("EntryT")

SLICE_BYTES: Final = 32 * 1024
"""The bytes of a response body that a stage takes at once: 2 ms for events of 20 characters. Envoy sends what it has
read in one message, and a fast provider makes that many MiB; in between, the event loop serves others."""


def _puts_nothing_on(_: Credential) -> Mapping[str, str]:
    """Attempts alone put credentials on."""
    return {}


_PLAIN = {
    (answer.to, answer.reads): (answer, protobuf.write_answer(answer, _puts_nothing_on))
    for answer in (*map(Continue, To), Continue(To.REQUEST_HEAD, reads=True))
}
"""The answers without a change, written once."""


def _read(message: bytes | bytearray) -> Event:
    if (piece := read_response_body(message)) is not None:
        return ResponseBody(*piece, time.time())
    if (body := read_request_body(message)) is not None:
        return RequestBody(body, time.time())
    return protobuf.read_message(pb.ProcessingRequest.FromString(bytes(message)), at=time.time())


class Stage(Protocol[EntryT_co]):
    def receive(self, event: Event) -> Step[EntryT_co]: ...


class Account(Protocol[EntryT_contra]):
    """What is counted while the stream is open."""

    def hold(self, size: int) -> None:
        """Counts the bytes of a request's body that have arrived."""
        ...

    def take(self, step: Step[EntryT_contra]) -> None:
        """A step that has an entry or a placement."""
        ...

    def close(self) -> None: ...


class StageSession(Generic[EntryT]):
    """The session of one stage on one stream (`transport.Session`)."""

    _awaited_bytes = 0
    """Of a body that is to come; they are held already."""

    def __init__(
        self,
        stage: Stage[EntryT],
        record: Callable[[EntryT], None],
        account: Account[EntryT],
        view: ResponseView,
        *,
        apply: ApplyCredential = _puts_nothing_on,
        timed: Callable[[float], None] | None = None,
        record_request: Callable[[RequestEntry], None] = lambda _: None,
        is_route: bool = False,
    ) -> None:
        """
        Args:
            stage: Takes the events.
            record: Takes each entry.
            account: What is counted while the stream is open.
            view: What the stage is shown of an answer.
            apply: From a credential to its headers.
            timed: Gets how many seconds each message kept the stage busy.
            record_request: Takes the entry of a request that no route stage has seen.
            is_route: The first message is the head of a request that may be refused, and Envoy wants one answer for
                each piece of an answer; otherwise long pieces are taken in slices.
        """
        self.begins = is_route
        self.ask: Question | None = None
        self.wake_at: float | None = None
        self.closing: Close | None = None
        self._takes_slices = not is_route
        self._stage = stage
        self._record = record
        self._record_request = record_request
        self._account = account
        self._view = view
        self._apply = apply
        self._timed = timed
        self._pieces: Iterator[Event] = iter(())
        """The pieces of the last message behind the next one."""
        self._piece: Event | None = None
        """The next of them; `None`: the stage has got all."""

    def receive(self, message: bytes | bytearray) -> list[bytes]:
        self.begins = False
        began = time.perf_counter()
        event = _read(message)
        if isinstance(message, bytearray):
            message.clear()  # others have it too, and the largest thing in the process should not be there twice
        if isinstance(event, ResponseBody) and self._is_cut(event):
            self._pieces = self._cut(event)
            self._piece = next(self._pieces, None)
            return self.resume() if self.has_more else []
        steps = [self._stage.receive(one) for one in self._view.to_stage(event)]
        if self._timed is not None:
            self._timed(time.perf_counter() - began)
        self._hold(event, steps)
        return [answer for step in steps for answer in self._apply_step(step)]

    def _hold(self, event: Event, steps: Iterable[Step[EntryT]]) -> None:
        """Count a body from its head on: many may be on their way here at a time."""
        if isinstance(event, RequestHead) and (awaited := sum(step.awaited_bytes for step in steps)):
            self._awaited_bytes = awaited
            self._account.hold(awaited)
        elif isinstance(event, RequestBody):
            kept = sum(step.kept_bytes for step in steps)
            self._account.hold(len(event.body) + kept - self._awaited_bytes)
            self._awaited_bytes = 0

    def _is_cut(self, body: ResponseBody) -> bool:
        """Whether the stage gets it in slices, between which others have their turns."""
        return self._takes_slices and (len(body.chunk) > SLICE_BYTES or self._view.is_packed)

    def _cut(self, body: ResponseBody) -> Iterator[Event]:
        for start in range(0, max(len(body.chunk), 1), SLICE_BYTES):
            is_last = start + SLICE_BYTES >= len(body.chunk)
            part = ResponseBody(body.chunk[start : start + SLICE_BYTES], body.end and is_last, time.time())
            yield from self._view.to_stage(part)

    @property
    def has_more(self) -> bool:
        return self._piece is not None

    def resume(self) -> list[bytes]:
        piece = self._piece
        assert piece is not None, "asked for only where there is more"
        step = self._stage.receive(piece)
        self._piece = None if step.close is not None else next(self._pieces, None)
        return self._apply_step(step)

    def take_answer(self, text: str | None) -> list[bytes]:
        began = time.perf_counter()
        step = self._stage.receive(QuestionAnswered(text, time.time()))
        if self._timed is not None:
            self._timed(time.perf_counter() - began)
        return self._apply_step(step)

    def wake(self) -> list[bytes]:
        return self._apply_step(self._stage.receive(TimerFired(time.time())))

    def overrun(self) -> list[bytes]:
        answers = self._apply_step(self._stage.receive(Overrun(time.time())))
        if self.closing is not None:
            self._piece = None
        return answers

    def _apply_step(self, step: Step[EntryT]) -> list[bytes]:
        self.ask, self.wake_at, self.closing = step.ask, step.wake_at, step.close
        if step.entry is not None:
            self._record(step.entry)
        if step.request is not None:
            self._record_request(step.request)
        answers = [self._encode(self._view.to_envoy(answer)) for answer in step.answers]
        if step.entry is not None or step.placed is not None or step.request is not None:
            self._account.take(step)
        if step.warning:
            logs.event("attempts", "plan_refused", {"why": step.warning}, level=logging.WARNING)
        return answers

    def _encode(self, answer: Answer) -> bytes:
        if isinstance(answer, Deliver):  # most answers of a stream
            return write_delivery(answer.chunk, end=answer.end)
        if isinstance(answer, Continue) and answer == (plain := _PLAIN[answer.to, answer.reads])[0]:
            return plain[1]
        return protobuf.write_answer(answer, self._apply)

    def close(self, fault: Fault | None) -> None:
        self._account.close()
        self._piece = None
        step = self._stage.receive(Closed(time.time(), fault))
        if step.entry is not None:
            self._record(step.entry)
        if step.request is not None:
            self._record_request(step.request)


def route_session(
    stage: RouteStage,
    record: Callable[[RequestEntry], None],
    quotable: Callable[[Credential], Iterable[str]],
    in_flight: InFlight,
    gate: OverloadGate,
    planned: Callable[[Plan], None] = lambda _: None,
) -> StageSession[RequestEntry]:
    """
    Args:
        stage: Of one request.
        record: Takes its entry.
        quotable: What an answer may quote of a credential.
        in_flight: The calls in flight, at which the request counts.
        gate: Counts the request and the bytes of its body.
        planned: Gets each plan of a model call as soon as it is made.
    """
    secrets = PassedSecrets(quotable)
    account = RouteAccount(gate, in_flight, planned, secrets.take)
    view = ResponseView(secrets, is_last=stage.leaves_with)
    return StageSession(stage, record, account, view, timed=stage.took, is_route=True)


def attempt_session(
    stage: AttemptStage,
    record: Callable[[AttemptEntry], None],
    apply: ApplyCredential,
    in_flight: InFlight,
    gate: OverloadGate,
) -> StageSession[AttemptEntry]:
    """
    Args:
        stage: Of one attempt.
        record: Takes its entry.
        apply: From a credential to its headers.
        in_flight: The calls in flight, at which the attempt counts.
        gate: Counts the attempt and the bytes of its request's body.
    """
    secrets = AppliedSecrets(apply)
    account = AttemptAccount(gate, in_flight)
    return StageSession(stage, record, account, ResponseView(secrets, unpacks=True), apply=secrets.apply)


def combined_session(
    stage: CombinedStage, recorder: Recorder, apply: ApplyCredential, account: AttemptAccount
) -> StageSession[AttemptEntry]:
    """The session of an attempt, which is the request's as well where that takes the fast path.

    Args:
        stage: Of the attempt.
        recorder: Takes the entries.
        apply: From a credential to its headers.
        account: Of the attempt.
    """
    secrets = AppliedSecrets(apply)
    view = ResponseView(secrets, unpacks=True)
    return StageSession(
        stage, recorder.attempt, account, view, apply=secrets.apply, timed=stage.took, record_request=recorder.request
    )
