"""A request's way to its plan, from top to bottom:

    1  `parse`                    the body, as the client's format reads it, and its features
    2  `context_shortening`       the sizes of its turns, where some may have to be left out
    3  `decide` (`policy`)        the chain of targets; or an estimate, where a count was asked for that nobody can give
    4  `_plan`                    the chain as attempts, with the time that each may take
    5  `context_shortening`       what each target does not get of the conversation
    6  `_question`                what another model is asked before the plan is final; `continue_after_answer` goes on

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
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Ask
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
from openclaw_extproc.stages.route.reservation import (
    GRANTED,
    MAX_TRIES,
    TAKEN,
    AskBudget,
    reservation,
    with_balances,
)
from openclaw_extproc.stages.route.side_requests import INSIDE, AskOpinion, AskSummary, Question
from openclaw_extproc.strategy import Level
from openclaw_extproc.wire import ApiPath
from openclaw_extproc.wire.base import ClientRequest

MAX_NAME_CHARS = 128
"""The length to which request ids, user names and model names are cut in log lines: all come from a stranger."""


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A request, all of it."""

    headers: Mapping[str, str]
    """The request headers; see `RequestHead.headers`."""
    spoken: ApiPath
    body: bytes
    at: float
    """The time when the request's head arrived, in seconds since the epoch."""
    inside: bool = False
    """Whether it is one of our own questions to a model."""
    identity: CallerIdentity = ANONYMOUS
    """The verified identity of the caller."""

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")[:MAX_NAME_CHARS]


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """What a request says."""

    ask: Ask
    features: Features
    body: dict[str, Json] = field(default_factory=dict[str, Json])
    """The body as the client wrote it."""
    measured: MeasuredContext | None = None
    """The turns of the conversation, where some of them may have to be left out."""


@dataclass(frozen=True, slots=True)
class RoutedRequest:
    known: ParsedRequest
    decision: Decision
    plan: Plan
    user: str
    """The name of the user for the log."""
    question: Question | None = None
    """What is to be asked before the plan is final. Without an answer it is as it stands."""
    judgement: Classification | None = None
    """The classification with a second opinion; `None`: nobody was asked for one."""


@dataclass(frozen=True, slots=True)
class TokenCount:
    """A count of tokens was asked for that no provider can give: here is an estimate."""

    known: ParsedRequest
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class RejectedRequest:
    fault: Fault
    known: ParsedRequest | None = None
    """`None`: not even the request could be read."""
    record: DecisionRecord | None = None
    make_trace: Callable[[], Trace] = Trace
    """Called by whoever wants to read the trace."""


Way: TypeAlias = RoutedRequest | TokenCount | RejectedRequest


Recall: TypeAlias = Callable[[Features], RuntimeState]
"""What is true now and bears on such a request."""


def route(arrived: IncomingRequest, recall: Recall, gateway: Gateway) -> Way:
    """The whole way, up to the first question."""
    known = parse(arrived, gateway.callers)
    if isinstance(known, RejectedRequest):
        return known
    if not arrived.inside:
        known = _with_measurement(arrived, known, gateway)
    return _decide(arrived, known, recall(known.features), gateway)


# -- 1, 2: what is asked ------------------------------------------------------------------


def parse(arrived: IncomingRequest, callers: CallerRules) -> ParsedRequest | RejectedRequest:
    spoken = arrived.spoken
    if arrived.inside:
        callers = replace(callers, trusts_labels=True)  # we said it ourselves, of the request that we ask for
    try:
        asked = ClientRequest(spoken.path, spoken.query, arrived.body, j.parse(arrived.body, where="request body"))
        ask = spoken.client.decode_request(asked)
        if (ask.max_output_tokens or 0) < 0:
            raise UnreadableError("the most tokens of an answer: a negative number")
        seen = features.extract(
            ask,
            client_format=spoken.format,
            headers=_visible_headers(arrived),
            identity=arrived.identity,
            callers=callers,
        )
        return ParsedRequest(ask, _as_written(seen) if arrived.inside else seen, asked.body)
    except FaultError as error:
        return RejectedRequest(error.fault)
    except UnreadableError as problem:
        return RejectedRequest(Fault(FaultKind.MALFORMED, str(problem)))


def _visible_headers(arrived: IncomingRequest) -> Mapping[str, str]:
    """The headers without our own secret: what policy may look at, people may read."""
    headers = arrived.headers
    return {name: headers[name] for name in headers if name != INSIDE} if arrived.inside else headers


def _as_written(seen: Features) -> Features:
    """Returns features that lead to the model named by the operator, for one of our own questions."""
    return replace(seen, declared=replace(seen.declared, level=Level("a question of ours", model=seen.model)))


def _with_measurement(arrived: IncomingRequest, known: ParsedRequest, gateway: Gateway) -> ParsedRequest:
    conversation = arrived.spoken.client.conversation
    measured = context_shortening.measure(conversation, known.body, known.features, gateway)
    least = context_shortening.with_least_tokens(known.features, measured, gateway)
    if measured is None and least is known.features:
        return known
    return replace(known, measured=measured, features=least)


# -- 3: who is asked ----------------------------------------------------------------------


def _decide(
    arrived: IncomingRequest,
    known: ParsedRequest,
    situation: RuntimeState,
    gateway: Gateway,
    judgement: Classification | None = None,
    tries: int = 1,
) -> Way:
    """`judgement`: our own and a second one, which is not asked for again; `tries`: of a reservation, with this one."""
    try:
        decision = decide(known.features, situation, gateway, judgement=judgement)
    except FaultError as error:
        counted = local_responses.count(arrived.spoken, known.ask) if error.fault.kind in _MAY_BE_COUNTED else None
        if counted is not None:
            return TokenCount(known, *counted)
        if isinstance(error, RefusedError):
            return RejectedRequest(error.fault, known, error.record, error.make_trace)
        return RejectedRequest(error.fault, known)
    plan = _plan(arrived, known, decision, gateway, _uncorrected_tokens(decision, situation, gateway))
    plan = context_shortening.shortened_plan(plan, known.measured, known.features, gateway, situation)
    question = None
    if not arrived.inside and tries == 1:
        question = _question(decision, plan, known, situation, gateway, judgement)
    question = question or reservation(plan, gateway, tries)
    return RoutedRequest(known, decision, plan, user_label(known.features), question, judgement)


_MAY_BE_COUNTED = frozenset({FaultKind.UNSUPPORTED, FaultKind.EXHAUSTED})
"""The faults after which a count of tokens is estimated. After others (an unknown model, a restriction) the fault is
the answer."""


# -- 4: how they are asked ----------------------------------------------------------------


def _plan(
    arrived: IncomingRequest, known: ParsedRequest, decision: Decision, gateway: Gateway, estimated_tokens: int
) -> Plan:
    spoken = arrived.spoken
    last = decision.last_resort
    groups = plans.groups(decision.groups, gateway.retry_policy, () if last is None else (last,))
    return Plan(
        request_id=arrived.request_id,
        client_format=spoken.format,
        path=spoken.path,
        query=spoken.query,
        asked_model=known.ask.model[:MAX_NAME_CHARS],
        groups=groups,
        began=arrived.at,
        attempt_timeout_ms=_attempt_timeout_ms(known, groups, decision, gateway),
        timeouts=gateway.timeouts,
        retry_policy=gateway.retry_policy,
        emergency=gateway.emergency,
        record=decision.record,
        estimated_tokens=estimated_tokens,
        degraded="" if last is None else last.name,
        windows=plans.windows(groups, gateway),
        facts={target.name: gateway.facts(target) for group in groups for target in group},
        client_headers=h.plan_headers(arrived.headers, spoken.format, (target for group in groups for target in group)),
        generation=gateway.generation,
        user=user_label(known.features),
    )


def _attempt_timeout_ms(
    known: ParsedRequest, groups: Sequence[tuple[Target, ...]], decision: Decision, gateway: Gateway
) -> int:
    ask, timeouts = known.ask, gateway.timeouts
    each = (timeouts.of(target.provider) for group in groups for target in group if target.timeout_ms is None)
    usual = max(
        (
            one.attempt_timeout_ms(stream=ask.stream, reasons=ask.reasons, output_tokens=ask.max_output_tokens)
            for one in each
        ),
        default=timeouts.max_attempt_timeout_ms,
    )
    own = plans.attempt_timeout_ms(groups, usual, timeouts.max_attempt_timeout_ms)
    if timeouts.total_ms is not None:
        own = min(own, timeouts.total_ms // len(set(groups)))  # each of them gets its share of the whole call
    return own if decision.timeout_ms is None else min(own, decision.timeout_ms)


def _uncorrected_tokens(decision: Decision, situation: RuntimeState, gateway: Gateway) -> int:
    """The estimate of the prompt's tokens before it was corrected."""
    ratio = situation.token_ratio.get(gateway.facts(decision.groups[0][0]).family, 1.0)
    return round(decision.record.input_tokens / ratio) if ratio > 0 else 0


def user_label(seen: Features) -> str:
    """The user, as the log calls them."""
    return (seen.declared.user_label or seen.declared.user)[:MAX_NAME_CHARS]


# -- 6: what is asked before --------------------------------------------------------------


def _question(
    decision: Decision,
    plan: Plan,
    known: ParsedRequest,
    situation: RuntimeState,
    gateway: Gateway,
    judgement: Classification | None,
) -> Question | None:
    if judgement is None and (asks := side_requests.opinion(decision, known.features, situation, gateway)):
        return asks
    pieces = () if known.measured is None else known.measured.pieces
    return side_requests.summary(plan, pieces, known.features, gateway)


def continue_after_answer(
    arrived: IncomingRequest, planned: RoutedRequest, text: str | None, recall: Recall, gateway: Gateway
) -> Way:
    """The way on with the answer to the question, or without one: again from the decision where it may be another one,
    else with the plan as it is."""
    match planned.question:
        case AskOpinion():
            seen = planned.known.features
            opinion = None if text is None else parse_second_opinion(text)
            judgement = with_second_opinion(classify_request(seen), opinion)
            return _decide(arrived, planned.known, recall(seen), gateway, judgement)
        case AskSummary(of=entries) if text is not None and text.strip():
            summary, record = side_requests.shortest(text), planned.decision.record
            plan = context_shortening.summarized_plan(planned.plan, entries, summary, record)
            return replace(planned, plan=plan, question=reservation(plan, gateway))
        case AskSummary():
            return replace(planned, question=reservation(planned.plan, gateway))
        case AskBudget(tries=tries) if text is not None and text != GRANTED:
            return _decided_again(arrived, planned, with_balances(recall(planned.known.features), text), gateway, tries)
        case AskBudget() | None:
            return replace(planned, question=None)


def _decided_again(
    arrived: IncomingRequest, planned: RoutedRequest, situation: RuntimeState, gateway: Gateway, tries: int
) -> Way:
    """What is decided where the books refused. What others ask for at the same time may be granted first each time."""
    if tries >= MAX_TRIES:
        return RejectedRequest(TAKEN, planned.known, planned.decision.record)
    return _decide(arrived, planned.known, situation, gateway, planned.judgement, tries + 1)
