"""The way of a request, top to bottom: what is asked, features, decision, plan.

Pure, and the only one there is: the route stage goes it with every request, `explain` with one out of a file. How far a
request came is part of the answer, so that a refusal can be explained too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from openclaw_extproc import features
from openclaw_extproc import plan as plans
from openclaw_extproc.faults import Fault, FaultError, Kind
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.model import json as j
from openclaw_extproc.model.ask import Ask
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.decide import Decision, decide
from openclaw_extproc.policy.situation import Situation
from openclaw_extproc.policy.trace import RefusedError, Trace
from openclaw_extproc.record import Record
from openclaw_extproc.stages import headers as h
from openclaw_extproc.stages import own_answers
from openclaw_extproc.wire import Spoken
from openclaw_extproc.wire.base import Asked

MAX_NAME_CHARS = 128
"""Of request ids, user and model names in log lines: all come from a stranger."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request, all of it."""

    headers: Mapping[str, str]
    """As `RequestHead.headers`."""
    spoken: Spoken
    body: bytes
    at: float
    """When its head came: seconds since the epoch."""

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")[:MAX_NAME_CHARS]


@dataclass(frozen=True, slots=True)
class Known:
    """What a request says."""

    ask: Ask
    features: Features


@dataclass(frozen=True, slots=True)
class Planned:
    known: Known
    decision: Decision
    plan: Plan

    user: str
    """As the log calls them."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A count of tokens was asked for that no provider can give: here is an estimate."""

    known: Known
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    fault: Fault
    known: Known | None = None
    """`None`: not even the request could be read."""
    record: Record | None = None
    trace: Trace = field(default_factory=Trace)


Way: TypeAlias = Planned | Counted | Refused


Recall: TypeAlias = Callable[[Features], Situation]
"""What is true now and bears on such a request."""


def go(arrived: Arrived, recall: Recall, gateway: Gateway) -> Way:
    known = read(arrived)
    return known if isinstance(known, Refused) else choose(arrived, known, recall(known.features), gateway)


def read(arrived: Arrived) -> Known | Refused:
    spoken = arrived.spoken
    try:
        asked = Asked(spoken.path, spoken.query, arrived.body, j.parse(arrived.body, where="request body"))
        ask = spoken.client.decode_request(asked)
        return Known(ask, features.extract(ask, client_format=spoken.format, headers=arrived.headers))
    except FaultError as error:
        return Refused(error.fault)
    except UnreadableError as problem:
        return Refused(Fault(Kind.MALFORMED, str(problem)))


def choose(arrived: Arrived, known: Known, situation: Situation, gateway: Gateway) -> Way:
    try:
        decision = decide(known.features, situation, gateway)
    except FaultError as error:
        counted = own_answers.count(arrived.spoken, known.ask) if error.fault.kind in _MAY_BE_COUNTED else None
        if counted is not None:
            return Counted(known, *counted)
        if isinstance(error, RefusedError):
            return Refused(error.fault, known, error.record, error.trace)
        return Refused(error.fault, known)
    user = known.features.declared.user
    plan = _plan(arrived, known, decision, gateway, uncorrected(decision, situation, gateway))
    return Planned(known, decision, plan, user[:MAX_NAME_CHARS])


_MAY_BE_COUNTED = frozenset({Kind.UNSUPPORTED, Kind.EXHAUSTED})
"""Why nobody can be asked, where an estimate helps. An unknown model and what is forbidden stay what they are."""


def uncorrected(decision: Decision, situation: Situation, gateway: Gateway) -> int:
    """The estimate of the prompt's tokens before it was corrected."""
    ratio = situation.token_ratio.get(gateway.facts(decision.groups[0][0]).family, 1.0)
    return round(decision.record.input_tokens / ratio) if ratio > 0 else 0


def _plan(arrived: Arrived, known: Known, decision: Decision, gateway: Gateway, estimated_tokens: int) -> Plan:
    spoken = arrived.spoken
    groups = plans.groups(decision.groups, gateway.limits)
    return Plan(
        request_id=arrived.request_id,
        client_format=spoken.format,
        path=spoken.path,
        query=spoken.query,
        asked_model=known.ask.model[:MAX_NAME_CHARS],
        groups=groups,
        began=arrived.at,
        patience_ms=_patience(known, groups, decision, gateway),
        limits=gateway.limits,
        emergency=gateway.emergency,
        record=decision.record,
        estimated_tokens=estimated_tokens,
        client_headers=h.of_format(arrived.headers, spoken.format),
    )


def _patience(known: Known, groups: Sequence[tuple[Target, ...]], decision: Decision, gateway: Gateway) -> int:
    ask, limits = known.ask, gateway.limits
    usual = limits.patience_ms(stream=ask.stream, reasons=ask.reasons, output_tokens=ask.max_output_tokens)
    own = plans.patience_ms(groups, usual, limits.longest_ms)
    return own if decision.timeout_ms is None else min(own, decision.timeout_ms)
