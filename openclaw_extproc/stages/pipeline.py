"""The way of a request, top to bottom: what is asked, features, decision, plan.

Pure, and the only one there is: the route stage goes it with every request, `explain` with one out of a file. How far a
request came is part of the answer, so that a refusal can be explained too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import TypeAlias

from openclaw_extproc import features
from openclaw_extproc import plan as plans
from openclaw_extproc.callers import ANONYMOUS, CallerIdentity, CallerRules
from openclaw_extproc.faults import Fault, FaultError, FaultKind
from openclaw_extproc.features import Features
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.model import json as j
from openclaw_extproc.model.ask import Ask
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.complexity import (
    Classification,
    classify_request,
    parse_second_opinion,
    with_second_opinion,
)
from openclaw_extproc.policy.context import MeasuredContext
from openclaw_extproc.policy.decide import Decision, decide
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.policy.trace import RefusedError, Trace
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages import context_shortening
from openclaw_extproc.stages import headers as h
from openclaw_extproc.stages.route import local_responses, side_requests
from openclaw_extproc.stages.route.side_requests import INSIDE, AskOpinion, AskSummary, Question
from openclaw_extproc.strategy import Level
from openclaw_extproc.wire import Spoken
from openclaw_extproc.wire.base import Asked

MAX_NAME_CHARS = 128
"""Of request ids, user and model names in log lines: all come from a stranger."""


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A request, all of it."""

    headers: Mapping[str, str]
    """As `RequestHead.headers`."""
    spoken: Spoken
    body: bytes
    at: float
    """When its head came: seconds since the epoch."""
    inside: bool = False
    """It is one of our own questions to a model."""
    identity: CallerIdentity = ANONYMOUS
    """Who sent it, as it was verified."""

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")[:MAX_NAME_CHARS]


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """What a request says."""

    ask: Ask
    features: Features
    body: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """As the client wrote it."""
    weighed: MeasuredContext | None = None
    """The conversation, where some of it may have to be left out."""


@dataclass(frozen=True, slots=True)
class Routed:
    known: ParsedRequest
    decision: Decision
    plan: Plan

    user: str
    """As the log calls them."""
    question: Question | None = None
    """What is to be asked before the plan is final. Without an answer it is as it stands."""


@dataclass(frozen=True, slots=True)
class TokenCount:
    """A count of tokens was asked for that no provider can give: here is an estimate."""

    known: ParsedRequest
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    fault: Fault
    known: ParsedRequest | None = None
    """`None`: not even the request could be read."""
    record: DecisionRecord | None = None
    make_trace: Callable[[], Trace] = Trace
    """Called by whoever wants to read the trace."""


Way: TypeAlias = Routed | TokenCount | Refused


Recall: TypeAlias = Callable[[Features], RuntimeState]
"""What is true now and bears on such a request."""


def route(arrived: IncomingRequest, recall: Recall, gateway: Gateway) -> Way:
    known = parse(arrived, gateway.callers)
    return known if isinstance(known, Refused) else choose(arrived, known, recall(known.features), gateway)


def parse(arrived: IncomingRequest, callers: CallerRules) -> ParsedRequest | Refused:
    spoken = arrived.spoken
    if arrived.inside:
        callers = replace(callers, trusts_labels=True)  # we said it ourselves, of the request that we ask for
    try:
        asked = Asked(spoken.path, spoken.query, arrived.body, j.parse(arrived.body, where="request body"))
        ask = spoken.client.decode_request(asked)
        if (ask.max_output_tokens or 0) < 0:
            raise UnreadableError("the most tokens of an answer: a negative number")
        seen = features.extract(
            ask, client_format=spoken.format, headers=_shown(arrived), identity=arrived.identity, callers=callers
        )
        return ParsedRequest(ask, _as_written(seen) if arrived.inside else seen, asked.body)
    except FaultError as error:
        return Refused(error.fault)
    except UnreadableError as problem:
        return Refused(Fault(FaultKind.MALFORMED, str(problem)))


def _shown(arrived: IncomingRequest) -> Mapping[str, str]:
    """The headers without our own secret: what policy may look at, people may read."""
    headers = arrived.headers
    return {name: headers[name] for name in headers if name != INSIDE} if arrived.inside else headers


def _as_written(seen: Features) -> Features:
    """One of our own questions goes to the model that the operator named for it."""
    return replace(seen, declared=replace(seen.declared, level=Level("a question of ours", model=seen.model)))


def choose(
    arrived: IncomingRequest,
    known: ParsedRequest,
    situation: RuntimeState,
    gateway: Gateway,
    judgement: Classification | None = None,
) -> Way:
    """`judgement`: our own and a second one, which is not asked for again."""
    if not arrived.inside:
        known = _weighed(arrived, known, gateway)
    try:
        decision = decide(known.features, situation, gateway, judgement=judgement)
    except FaultError as error:
        counted = local_responses.count(arrived.spoken, known.ask) if error.fault.kind in _MAY_BE_COUNTED else None
        if counted is not None:
            return TokenCount(known, *counted)
        if isinstance(error, RefusedError):
            return Refused(error.fault, known, error.record, error.make_trace)
        return Refused(error.fault, known)
    plan = context_shortening.planned(
        _plan(arrived, known, decision, gateway, without_correction(decision, situation, gateway)),
        known.weighed,
        known.features,
        gateway,
        situation,
    )
    planned = Routed(known, decision, plan, with_called_model(known.features))
    return planned if arrived.inside else replace(planned, question=_question(planned, situation, gateway, judgement))


def _weighed(arrived: IncomingRequest, known: ParsedRequest, gateway: Gateway) -> ParsedRequest:
    weighed = context_shortening.weighed(arrived.spoken.client.conversation, known.body, known.features, gateway)
    return replace(known, weighed=weighed, features=context_shortening.measured(known.features, weighed, gateway))


def _question(
    planned: Routed, situation: RuntimeState, gateway: Gateway, judgement: Classification | None
) -> Question | None:
    known = planned.known
    if judgement is None and (asks := side_requests.opinion(planned.decision, known.features, situation, gateway)):
        return asks
    pieces = () if known.weighed is None else known.weighed.pieces
    return side_requests.summary(planned.plan, pieces, known.features, gateway)


def continue_after_answer(
    arrived: IncomingRequest, planned: Routed, text: str | None, recall: Recall, gateway: Gateway
) -> Way:
    """The way on with the answer to the question, or without one."""
    match planned.question:
        case AskOpinion():
            seen = planned.known.features
            judgement = with_second_opinion(
                classify_request(seen), None if text is None else parse_second_opinion(text)
            )
            return choose(arrived, planned.known, recall(seen), gateway, judgement)
        case AskSummary(of=entries) if text is not None and text.strip():
            plan = context_shortening.summarized(
                planned.plan, entries, side_requests.shortest(text), planned.decision.record
            )
            return replace(planned, plan=plan, question=None)
        case AskSummary() | None:
            return replace(planned, question=None)


def with_called_model(seen: Features) -> str:
    """The user, as the log calls them."""
    return (seen.declared.user_label or seen.declared.user)[:MAX_NAME_CHARS]


_MAY_BE_COUNTED = frozenset({FaultKind.UNSUPPORTED, FaultKind.EXHAUSTED})
"""Why nobody can be asked, where an estimate helps. An unknown model and what is forbidden stay what they are."""


def without_correction(decision: Decision, situation: RuntimeState, gateway: Gateway) -> int:
    """The estimate of the prompt's tokens before it was corrected."""
    ratio = situation.token_ratio.get(gateway.facts(decision.groups[0][0]).family, 1.0)
    return round(decision.record.input_tokens / ratio) if ratio > 0 else 0


def _plan(
    arrived: IncomingRequest, known: ParsedRequest, decision: Decision, gateway: Gateway, estimated_tokens: int
) -> Plan:
    spoken = arrived.spoken
    last = decision.last_resort
    groups = plans.groups(decision.groups, gateway.limits, () if last is None else (last,))
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
        degraded="" if last is None else last.name,
        windows=plans.windows(groups, gateway),
        client_headers=h.carried(arrived.headers, spoken.format, (target for group in groups for target in group)),
        generation=gateway.generation,
    )


def _patience(known: ParsedRequest, groups: Sequence[tuple[Target, ...]], decision: Decision, gateway: Gateway) -> int:
    ask, limits = known.ask, gateway.limits
    each = (limits.of(target.provider) for group in groups for target in group if target.timeout_ms is None)
    usual = max(
        (one.patience_ms(stream=ask.stream, reasons=ask.reasons, output_tokens=ask.max_output_tokens) for one in each),
        default=limits.longest_ms,
    )
    own = plans.patience_ms(groups, usual, limits.longest_ms)
    if limits.total_ms is not None:
        own = min(own, limits.total_ms // len(set(groups)))  # each of them gets its share of the whole call
    return own if decision.timeout_ms is None else min(own, decision.timeout_ms)
