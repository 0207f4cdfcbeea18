"""A stage on a stream: protobuf outside, events inside, entries to whoever records them."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Generic, Protocol, TypeVar

from openclaw_extproc.edge.ext_proc import protobuf
from openclaw_extproc.edge.ext_proc.decompression import DecompressedResponse
from openclaw_extproc.edge.ext_proc.masking import MaskedResponse, Masker, secrets_in
from openclaw_extproc.edge.ext_proc.websocket_masking import FramesMasker
from openclaw_extproc.edge.runtime.in_flight import InFlight, Reservation
from openclaw_extproc.edge.runtime.overload import OverloadGate
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.faults import Fault
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import (
    Answer,
    Closed,
    Continue,
    Credential,
    Event,
    Overrun,
    RequestBody,
    ResponseBody,
    ResponseHead,
    TimerFired,
    To,
)
from openclaw_extproc.stages.route.passthrough import SWITCHING_PROTOCOLS
from openclaw_extproc.stages.route.side_requests import Question
from openclaw_extproc.stages.route.stage import RouteStage

EntryT_co = TypeVar("EntryT_co", covariant=True)
EntryT = TypeVar("EntryT")


SLICE_BYTES: Final = 32 * 1024
"""Of a response body that a stage takes at once: 2 ms for events of 20 characters. Envoy sends what it has read in one
message, and a fast provider makes that many MiB; in between, the event loop serves others."""

_PLAIN = {to: (Continue(to), protobuf.write_answer(Continue(to), lambda _: {}).SerializeToString()) for to in To}
"""The answers without a change, written once."""


_PLAIN_HEAD = Continue(To.REQUEST_HEAD)
_READ_ON = protobuf.read_on(_PLAIN_HEAD, lambda _: {}).SerializeToString()


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
    _takes_slices = True

    def __init__(
        self,
        stage: Stage[EntryT],
        record: Callable[[EntryT], None],
        put_on: protobuf.ApplyCredential,
        took: Callable[[float], None] = lambda _: None,
        hold: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`took` is told how many seconds each message kept the stage busy, `hold` how many bytes of bodies more."""
        self._hold = hold
        self._held = 0
        self._took = took
        self._stage = stage
        self._record = record
        self._put_on = put_on
        self._answer: MaskedResponse | None = None
        """Of the provider, once it has a credential of ours."""
        self._pieces: Iterator[Event] = iter(())
        """Of the last message, behind the next one."""
        self._piece: Event | None = None
        """The next of them; `None`: the stage has got all."""

    @property
    def over(self) -> bool:
        return self._stage.over

    @property
    def begins(self) -> bool:
        return False

    def receive(self, message: bytes) -> list[bytes]:
        began = time.perf_counter()
        event = protobuf.read_message(pb.ProcessingRequest.FromString(message), at=time.time())
        if isinstance(event, ResponseBody) and self._is_cut(event):
            self._pieces = self._cut(event)
            self._piece = next(self._pieces, None)
            return self.resume() if self.has_more else []
        steps = [self._stage.receive(one) for one in self._shown(event)]
        self._took(time.perf_counter() - began)
        if isinstance(event, RequestBody):
            self._held += len(event.body)
            self._hold(len(event.body))
        return [answer for step in steps for answer in self._taken(step)]

    def _shown(self, event: Event) -> Iterable[Event]:
        """What the stage is told of Envoy's message."""
        if self._answer is None:
            return (event,)
        return self._answer.shown(event, last=self._leaves_with(event))

    def _leaves_with(self, event: Event) -> bool:  # noqa: ARG002  # as sessions of one kind need it
        """Whether nothing of the answer is looked at after this piece."""
        return False

    def _mask(self, secrets: Iterable[str], *, talks: bool = False) -> None:
        """Cut these out of the answer. `talks`: it is a WebSocket."""
        if not (known := tuple(dict.fromkeys(secrets))):
            return
        self._answer = MaskedResponse(FramesMasker(Masker(known), Masker(known)) if talks else Masker(known))

    @property
    def has_more(self) -> bool:
        return self._piece is not None

    def resume(self) -> list[bytes]:
        piece = self._piece
        assert piece is not None, "asked for only where there is more"
        step = self._stage.receive(piece)
        self._piece = None if self._stage.over else next(self._pieces, None)
        return self._taken(step)

    def _is_cut(self, body: ResponseBody) -> bool:
        """Whether the stage gets it in slices, between which others have their turns."""
        return self._takes_slices and len(body.chunk) > SLICE_BYTES

    def _cut(self, body: ResponseBody) -> Iterator[Event]:
        for start in range(0, max(len(body.chunk), 1), SLICE_BYTES):
            is_last = start + SLICE_BYTES >= len(body.chunk)
            part = ResponseBody(body.chunk[start : start + SLICE_BYTES], body.end and is_last, time.time())
            yield from self._shown(part)

    @property
    def wakes_at(self) -> float | None:
        return None

    def wake(self) -> list[bytes]:
        return []

    def overrun(self) -> list[bytes]:
        return []  # Envoy waits for our answer to each piece

    @property
    def broken(self) -> bool:
        return False

    def _let_go(self) -> None:
        self._hold(-self._held)
        self._held = 0

    def _taken(self, step: StepLike[EntryT]) -> list[bytes]:
        if step.entry is not None:
            self._record(step.entry)
        return [self._written(answer) for answer in step.answers]

    def _written(self, answer: Answer) -> bytes:
        return self._serialized(answer if self._answer is None else self._answer.told(answer))

    def _serialized(self, answer: Answer) -> bytes:
        if isinstance(answer, Continue) and answer == (plain := _PLAIN[answer.to])[0]:
            return plain[1]
        return protobuf.write_answer(answer, self._put_on).SerializeToString()

    @property
    def question(self) -> Question | None:
        return None

    def found(self, text: str | None) -> list[bytes]:
        raise AssertionError(f"an answer to nothing: {text is not None}")

    def close(self, fault: Fault | None) -> None:
        self._let_go()
        self._piece = None
        step = self._stage.receive(Closed(time.time(), fault))
        if step.entry is not None:
            self._record(step.entry)


def _puts_nothing_on(_: Credential) -> Mapping[str, str]:
    """Attempts alone put credentials on."""
    return {}


class RouteSession(StageSession[RequestEntry]):
    """Tells what is planned, for as long as no attempt has begun. Its stage may ask others before it answers.

    Of what is passed on nobody else sees the end, nor the answer: so it counts such a request while that is under way,
    and cuts our credential out of what comes back.
    """

    _takes_slices = False  # Envoy wants one answer for each piece

    def __init__(
        self,
        stage: RouteStage,
        record: Callable[[RequestEntry], None],
        quotable: Callable[[Credential], Iterable[str]],
        under_way: InFlight,
        gate: OverloadGate,
        tell: Callable[[Plan], None] = lambda _: None,
    ) -> None:
        """`quotable`: what an answer may quote of a credential; `tell` gets each plan as soon as it is made."""
        super().__init__(stage, record, _puts_nothing_on, stage.took, gate.hold)
        self._quotable = quotable
        self._credential: Credential | None = None
        """That an attempt puts on what is passed on."""
        self._quotable_then: tuple[str, ...] = ()
        """When the plan was made. A key that is renewed since may be quoted in the old form and in the new."""
        self._told = tell
        self._gate: OverloadGate | None = gate
        gate.begin()
        self._route = stage
        self._under_way = under_way
        self._planned = ""
        """Id of the request that was told; empty: none."""
        self._call: Reservation | None = None
        """A request that is passed on, while it is under way."""
        self._begins = True

    @property
    def begins(self) -> bool:
        return self._begins

    def receive(self, message: bytes) -> list[bytes]:
        self._begins = False
        answers = super().receive(message)
        if self.question is not None and (patience := self._route.patience_ms):
            answers.append(protobuf.longer(patience).SerializeToString())
        self._tell()
        return answers

    def _written(self, answer: Answer) -> bytes:
        if not (isinstance(answer, Continue) and answer.to is To.REQUEST_HEAD) or answer.bypass:
            return super()._written(answer)
        # Where who calls is known by a key, the key is taken out of the head as well.
        return _READ_ON if answer == _PLAIN_HEAD else protobuf.read_on(answer, self._put_on).SerializeToString()

    @property
    def question(self) -> Question | None:
        return self._route.question

    def found(self, text: str | None) -> list[bytes]:
        began = time.perf_counter()
        step = self._route.found(text, time.time())
        self._route.took(time.perf_counter() - began)
        self._tell()
        return self._taken(step)

    def _tell(self) -> None:
        plan = self._route.plan
        if self._route.settled:
            self._leave()
        if plan is None:
            return
        self._let_go()  # the attempts get it anew
        if plan.passes:
            self._pass(plan)
        elif not self._planned and plan.request_id:
            self._planned = plan.request_id
            names = tuple(target.name for target in plan.groups[0])
            self._under_way.plan(plan.request_id, Reservation(names, plan.record.cost_usd or 0.0))
            self._told(plan)

    def _pass(self, plan: Plan) -> None:
        if self._credential is None and (credential := self._route.credential) is not None:
            self._credential, self._quotable_then = credential, tuple(self._quotable(credential))
        if plan.names_model and self._call is None:
            self._call = Reservation((plan.groups[0][0].name,), plan.record.cost_usd or 0.0)
            self._under_way.begin("", self._call)

    def _shown(self, event: Event) -> Iterable[Event]:
        if isinstance(event, ResponseHead) and self._credential is not None:
            secrets = (*self._quotable_then, *self._quotable(self._credential))
            self._mask(secrets, talks=event.headers.get(":status") == SWITCHING_PROTOCOLS)
        return super()._shown(event)

    def _leaves_with(self, event: Event) -> bool:
        return self._route.leaves_with(event)

    def close(self, fault: Fault | None) -> None:
        self._leave()
        call, self._call = self._call, None
        if call is not None:
            self._under_way.end(call, time.time())
        if self._planned:
            self._under_way.forget(self._planned)
        super().close(fault)

    def _leave(self) -> None:
        if self._gate is not None:
            self._gate.end()
            self._gate = None


class AttemptSession(StageSession[AttemptEntry]):
    """Tells when a call begins and when it is over, however it ends: a session is always closed."""

    def __init__(
        self,
        stage: AttemptStage,
        record: Callable[[AttemptEntry], None],
        put_on: protobuf.ApplyCredential,
        under_way: InFlight,
        gate: OverloadGate,
    ) -> None:
        super().__init__(stage, record, self._putting_on(put_on), hold=gate.hold)
        self._gate = gate
        gate.begin_attempt()
        self._attempt = stage
        self._unpacked = DecompressedResponse()
        self._under_way = under_way
        self._call: Reservation | None = None
        """While it is under way."""
        self._closed = False
        self._is_told = False

    def receive(self, message: bytes) -> list[bytes]:
        answers = super().receive(message)
        if self._attempt.refused and not self._is_told:
            self._is_told = True
            logs.event("attempts", "plan_refused", {"why": "it names what is not configured"}, level=logging.WARNING)
        bound = self._attempt.bound
        if bound is not None and self._call is None and not self._closed:
            self._call = Reservation((bound.target.name,), bound.plan.record.cost_usd or 0.0)
            self._under_way.begin(bound.plan.request_id, self._call)
        return answers

    def _putting_on(self, put_on: protobuf.ApplyCredential) -> protobuf.ApplyCredential:
        def noted(credential: Credential) -> Mapping[str, str]:
            headers = put_on(credential)
            self._mask(secrets_in(headers))
            return headers

        return noted

    def _is_cut(self, body: ResponseBody) -> bool:
        return self._unpacked.is_packed or super()._is_cut(body)

    def _shown(self, event: Event) -> Iterable[Event]:
        if isinstance(event, ResponseHead):
            return super()._shown(self._unpacked.head(event))
        if not self._unpacked.is_packed:
            return super()._shown(event)
        return (masked for plain in self._unpacked.shown(event) for masked in super(AttemptSession, self)._shown(plain))

    def _written(self, answer: Answer) -> bytes:
        masked = answer if self._answer is None else self._answer.told(answer)
        return self._serialized(self._unpacked.told(masked))

    @property
    def wakes_at(self) -> float | None:
        return self._attempt.wakes_at

    def wake(self) -> list[bytes]:
        return self._taken(self._attempt.receive(TimerFired(time.time())))

    def overrun(self) -> list[bytes]:
        answers = self._taken(self._attempt.receive(Overrun(time.time())))
        if self.over or self.broken:
            self._piece = None
        return answers

    @property
    def broken(self) -> bool:
        return self._attempt.broken

    def close(self, fault: Fault | None) -> None:
        if not self._closed:
            self._gate.end_attempt()
        call, self._call, self._closed = self._call, None, True
        if call is not None:
            self._under_way.end(call, time.time())
        super().close(fault)
