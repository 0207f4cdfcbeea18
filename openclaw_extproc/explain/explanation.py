"""The explanation of one request, from which the text and the JSON of `explain` are generated.

The JSON has these fields in this order; unknown values are `null`. Fields may be added; a change of an existing field
increases `VERSION`.

From a file to a request as Envoy would show it to the route stage.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Literal, cast

from openclaw_extproc.callers import ANONYMOUS, CallerIdentity
from openclaw_extproc.faults import Fault, FaultError
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Ask
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.complexity import Classification
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.policy.trace import Candidate, RuleSeen, Trace
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages import decision_output, pipeline
from openclaw_extproc.stages.attempt.history import History
from openclaw_extproc.stages.attempt.upstream_request import BoundAttempt, prepare_upstream_request
from openclaw_extproc.stages.fast_path.routes import why_two_stages
from openclaw_extproc.stages.pipeline import IncomingRequest
from openclaw_extproc.stages.route.reservation import AskBudget
from openclaw_extproc.stages.route.side_requests import AskOpinion, AskSummary, Question
from openclaw_extproc.wire import CLIENTS, api_path_of, example_target, format_of_shape
from openclaw_extproc.wire.base import ClientSide

# -- asking ----------------------------------------------------------------------------


class UnclearError(ValueError):
    """Nobody can tell what kind of request this is, or what is asked of it cannot be."""


@dataclass(frozen=True, slots=True)
class Asking:
    arrived: IncomingRequest
    found_by: Literal["path", "format", "shape"]
    """What told the client's format."""


def ask(
    body: bytes,
    headers: Mapping[str, str],
    *,
    path: str = "",
    format: str = "",
    at: float,
    identity: CallerIdentity = ANONYMOUS,
) -> Asking:
    """`identity`: who is taken for the caller. Raises `UnclearError`, or `UnreadableError`: it is not a JSON object."""
    parsed = j.parse(body, where="the request")
    said = {":method": "POST", "content-type": "application/json", **headers}
    if path:
        return Asking(_incoming_request(body, {**said, ":path": path}, at, identity), "path")
    if format and format not in CLIENTS:
        raise UnclearError(f"no client speaks {format} (known: {', '.join(CLIENTS)})")
    if found := format or format_of_shape(parsed):
        headed = {**said, ":path": example_target(found, parsed.get("model"))}
        return Asking(_incoming_request(body, headed, at, identity), "format" if format else "shape")
    raise UnclearError("the body does not tell its format: name its path (--path /v1/chat/completions)")


def _incoming_request(body: bytes, headers: Mapping[str, str], at: float, identity: CallerIdentity) -> IncomingRequest:
    spoken = api_path_of(headers[":path"], headers)
    if not spoken.served:
        raise UnclearError(f"{headers[':path']} is not a model call: it is answered with 404, or passed on unread")
    return IncomingRequest(headers, spoken, body, at, identity=identity)


def header(text: str) -> tuple[str, str]:
    """Of `name: value`. Raises `UnclearError`."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UnclearError(f"a header is written 'name: value', not {text!r}")
    return name.strip().lower(), value.strip()


# -- explanation -----------------------------------------------------------------------


VERSION = 1
MAX_QUERY_CHARS = 200


@dataclass(frozen=True, slots=True)
class Request:
    format: str
    found_by: str
    """`path`, `format` (the option) or `shape` (of the body)."""
    path: str
    bytes: int
    model: str | None
    stream: bool | None


@dataclass(frozen=True, slots=True)
class Candidacy:
    provider: str
    model: str
    cost_usd: float | None
    objection: str | None
    """Why it is not in the plan."""


@dataclass(frozen=True, slots=True)
class Share:
    provider: str
    model: str
    cluster: str
    weight: int
    percent: float


@dataclass(frozen=True, slots=True)
class Planning:
    attempts: tuple[tuple[Share, ...], ...]
    """Attempt n goes to one of group n, which Envoy picks by weight."""
    attempt_timeout_ms: int
    """The per-try timeout in milliseconds: how long each attempt may be silent."""
    patience_ms: int
    """The former name of `attempt_timeout_ms`. It goes with the next release."""
    keepalive_ms: int | None = None
    """After so long a silence a stream's head goes out, and no other attempt follows; `None`: it waits."""
    why_two_stages: str = ""
    """Why the request passes both stages; empty: it takes the fast path, and passes one."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What the first target would get. Nothing is sent."""

    provider: str
    model: str
    format: str
    translated: bool
    path: str | None
    bytes: int | None
    warnings: tuple[str, ...] = ()
    """`x-openclaw-warnings`: what this target's format puts otherwise, or cannot carry."""


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    kind: str
    body: Json
    """As the client would get it."""


@dataclass(frozen=True, slots=True)
class Explanation:
    version: int
    outcome: str
    """`decided`, `refused`, or `answered`: by us, without asking anybody."""
    request: Request
    features: dict[str, Json] | None
    judgement: Classification | None
    rules: tuple[RuleSeen, ...]
    candidates: tuple[Candidacy, ...]
    decision: dict[str, Json] | None
    """As in the log line, and `because`."""
    plan: Planning | None
    sending: Sending | None
    refusal: Refusal | None
    headers: dict[str, str]
    """What the caller would be told by the route stage."""
    notes: tuple[str, ...] = ()
    """What this explanation leaves out of account."""


def explain(asking: Asking, situation: RuntimeState, gateway: Gateway, notes: tuple[str, ...] = ()) -> Explanation:
    """Go the way that the route stage goes, and tell all of it."""
    gone = pipeline.route(asking.arrived, lambda _: situation, gateway)
    known = gone.known
    request = _request(asking, known)
    features = None if known is None else _features(known.features)
    match gone:
        case pipeline.RejectedRequest(fault, _, record, make_trace):
            told = {} if record is None else decision_output.decision_headers(record, None, None)
            refusal = _refusal(fault, asking.arrived.spoken.client)
            return _explain(request, features, make_trace(), record, gateway, told, notes, refusal=refusal)
        case pipeline.TokenCount(_, headers, _):
            return _explain(request, features, Trace(), None, gateway, dict(headers), notes)
        case pipeline.RoutedRequest(_, decision, plan, question=question):
            sending, unsendable = _dry(asking, plan)
            told, first = (
                decision_output.decision_headers(plan.record, plan.groups[0][0], plan.groups[0][0]),
                _unasked_questions(question),
            )
            return _explain(
                request, features, decision.trace, plan.record, gateway, told, (*first, *notes),
                refusal=unsendable, plan=_planning(asking, plan, situation, gateway), sending=sending,
            )  # fmt: skip


def _unasked_questions(question: Question | None) -> tuple[str, ...]:
    """What the route stage asks others first, and `explain` does not."""
    match question:
        case AskOpinion(url, _, deadline_ms):
            return (f"the second opinion on the tier is not requested from {url} (timeout {deadline_ms} ms)",)
        case AskSummary(_, deadline_ms, of):
            return (f"the summary of {len(of)} messages beyond the window is not requested (timeout {deadline_ms} ms)",)
        case AskBudget() | None:
            return ()


def _request(asking: Asking, known: pipeline.ParsedRequest | None) -> Request:
    arrived = asking.arrived
    path, size = arrived.headers[":path"].partition("?")[0], len(arrived.body)
    if known is None:
        return Request(arrived.spoken.format, asking.found_by, path, size, None, None)
    return Request(arrived.spoken.format, asking.found_by, path, size, known.ask.model, known.ask.stream)


def _refusal(fault: Fault, client: ClientSide[Ask]) -> Refusal:
    return Refusal(fault.status, fault.kind.value, j.parse(client.encode_error(fault), where="our own error"))


def _explain(
    request: Request,
    features: dict[str, Json] | None,
    trace: Trace,
    record: DecisionRecord | None,
    gateway: Gateway,
    headers: dict[str, str],
    notes: tuple[str, ...],
    *,
    refusal: Refusal | None = None,
    plan: Planning | None = None,
    sending: Sending | None = None,
) -> Explanation:
    return Explanation(
        VERSION,
        "refused" if refusal else "decided" if plan else "answered",
        request,
        features,
        trace.judgement,
        trace.rules,
        tuple(_candidacy(one) for one in trace.candidates),
        None if record is None else {**decision_output.decision_log_fields(record), "because": list(record.because)},
        plan,
        sending,
        refusal,
        decision_output.allowed_headers(headers, gateway.response_headers),
        (*notes, *_note_of_unused_classification(trace, record, features), *_models_without_price(trace, gateway)),
    )


def _note_of_unused_classification(
    trace: Trace, record: DecisionRecord | None, features: Mapping[str, Json] | None
) -> tuple[str, ...]:
    """That the classification shown is made for the explanation alone."""
    is_chat = features is not None and features["operation"] != "embeddings"
    if trace.judgement is None or record is None or record.tier or not is_chat:
        return ()
    unused = "the decision does not depend on the classification: it is not in response headers, log and metrics"
    return (f"{unused} (gateway.classification: always adds it)",)


def _models_without_price(trace: Trace, gateway: Gateway) -> tuple[str, ...]:
    """Where costs matter, whose price is not known: no limit counts them, and none of them is the cheapest."""
    wanted = gateway.strategy.optimization
    limits = (wanted.max_cost_per_session, wanted.hourly_budget, wanted.daily_budget, wanted.max_cost_per_task)
    if not wanted.minimize_cost and not wanted.kinds and all(limit is None for limit in limits):
        return ()
    names = dict.fromkeys(one.target.name for one in trace.candidates if one.cost_usd is None)
    what = "excluded by cost limits" if wanted.unknown_price == "deny" else "not counted by cost limits"
    return (f"price unknown, therefore {what} and never the cheapest: {', '.join(names)}",) if names else ()


_NOT_SHOWN = ("declared", "headers", "size", "reader")
"""`size` counts characters for the estimate of `tokens`, and says nothing to a reader; `reader` is no feature."""


def _features(features: Features) -> dict[str, Json]:
    """All of them but the headers, which may be anything; the declared ones among the rest."""
    declared = {f.name: getattr(features.declared, f.name) for f in fields(features.declared) if f.name != "level"}
    seen = {f.name: getattr(features, f.name) for f in fields(features) if f.name not in _NOT_SHOWN}
    level = features.declared.level
    level_name = None if level is None else level.name
    return {
        **{name: _plain(value) for name, value in seen.items()},
        "query": features.query[:MAX_QUERY_CHARS],
        "declared": {**{name: _plain(value) for name, value in declared.items()}, "level": level_name},
    }


def _plain(value: object) -> Json:
    match value:
        case frozenset() | tuple():
            return [*sorted(map(str, cast("Collection[object]", value)))]
        case bool() | int() | float() | str() | None:
            return value
        case _:
            return str(value)


def _candidacy(one: Candidate) -> Candidacy:
    return Candidacy(one.target.provider.name, one.target.model, one.cost_usd, one.objection or None)


def _planning(asking: Asking, plan: Plan, situation: RuntimeState, gateway: Gateway) -> Planning:
    groups, first = tuple(_shares(group) for group in plan.groups), plan.groups[0][0]
    why = why_two_stages(asking.arrived, gateway)
    if not why and not situation.unhealthy.isdisjoint((first.name, first.provider.name)):
        why = f"{first.name} is failing"
    return Planning(groups, plan.attempt_timeout_ms, plan.attempt_timeout_ms, plan.timeouts.keepalive_ms, why)


def _shares(group: tuple[Target, ...]) -> tuple[Share, ...]:
    whole = sum(target.weight for target in group) or 1
    return tuple(
        Share(t.provider.name, t.model, t.provider.cluster, t.weight, round(100 * t.weight / whole, 1)) for t in group
    )


def _dry(asking: Asking, plan: Plan) -> tuple[Sending, Refusal | None]:
    """The first attempt's request, made by the attempt stage's own code, and thrown away."""
    target = plan.groups[0][0]
    bound = BoundAttempt(plan, 1, target, asking.arrived.headers, History(), asking.arrived.at)
    provider, model, format = target.provider.name, target.model, bound.format.name
    try:
        encoded = prepare_upstream_request(bound, asking.arrived.body).encoded
    except FaultError as error:
        return Sending(provider, model, format, bound.translates, None, None), _refusal(error.fault, bound.client)
    path = target.provider.base_path + encoded.path
    return Sending(provider, model, format, bound.translates, path, len(encoded.body), encoded.losses), None
