"""The models whose calls Envoy may route by itself, and why others may not.

A model is among them when nothing in the configuration can make another target the first one of an ordinary call's
chain. The chain itself is not looked for here: `pipeline.route` finds it, for the smallest request of each format, as
it does for every other request. What a call needs of its targets, and who stands behind the first one, is decided for
each call by the stage that it meets there (`combined`).

What a request must be like to take the fast path, as a table: Envoy's routes and `explain` are both made from it.

Envoy looks at heads and at top-level fields of a JSON body alone. Whatever could make another target the first one, or
have it waited for longer, has to show there; a request that may is routed by the route stage, as every other is.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import TypeAlias

from openclaw_extproc.features.declared import COST, COST_CENTRE, MODEL, PROMPT, ROUTING, SESSION, TIMEOUT
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import AUTO, LEVEL, USUAL_TOKENS, Gateway, Target
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.fixed_chain import why_not_fixed
from openclaw_extproc.policy.routing_context import RoutingContext, routing_context_of
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages import pipeline
from openclaw_extproc.stages.pipeline import IncomingRequest, RejectedRequest, RoutedRequest
from openclaw_extproc.stages.route.identification import OWN_HEADER
from openclaw_extproc.stages.route.side_requests import INSIDE
from openclaw_extproc.wire import CLIENTS, FORMATS, api_path_of, client_side, upstream_format

# -- conditions ------------------------------------------------------------------------


MAX_BODY_BYTES = 16 * 1024
"""Envoy parses the body of a request that may take the fast path, at 7 to 9 ns a byte (measured with 1.40)."""
JSON_TYPE = "application/json"

DECIDING_HEADERS = (
    *(MODEL, PROMPT, ROUTING, TIMEOUT, COST, *COST_CENTRE, OWN_HEADER, INSIDE, SESSION[0]),
    *(f"x-openclaw-{name}" for name in ("user", "task", "tier", "priority", "data-class")),
)
"""Our own request headers: a decision looks at each of them."""
SESSION_HEADERS = SESSION[1:]
"""Those of other makers that name a session, which may have to stay with a later target of its chain."""
FieldPath: TypeAlias = tuple[str, ...]
SESSION_FIELDS: tuple[FieldPath, ...] = (("user",), ("metadata", "user_id"), ("prompt_cache_key",))
"""Fields of a body that may name a session, in any format."""
REASONING_FIELDS: tuple[FieldPath, ...] = (
    ("reasoning_effort",),
    *(("reasoning", name) for name in ("effort", "summary", "generate_summary")),
    ("thinking", "type"),
    ("output_config", "effort"),
)
"""Fields of a body that may ask for thought, which is waited for longer and not every model is able to."""
OUTPUT_FIELDS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
"""Fields of a body that limit the answer: a long one is waited for longer."""
MAX_OUTPUT_TOKENS = USUAL_TOKENS
"""Up to this many an answer is waited for no longer than usual."""
STREAM_FIELD, MODEL_FIELD = "stream", "model"


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What more the bodies of one route's requests are asked for."""

    names_no_session: bool
    """Where the chain has several targets: a session may have to stay with another one than the first."""
    has_short_output: bool
    """`MAX_OUTPUT_TOKENS` at most."""


def objection_to_head(headers: Mapping[str, str], size: int, limits: BodyLimits) -> str:
    """Why a request with this head does not take the fast path; empty: nothing is in the way. `size`: of its body."""
    names = (*DECIDING_HEADERS, *(SESSION_HEADERS if limits.names_no_session else ()))
    if found := next((name for name in names if name in headers), ""):
        return f"the request has the header {found}"
    if size > MAX_BODY_BYTES:
        return f"the body has more than {MAX_BODY_BYTES:,} bytes"
    if not headers.get("content-type", "").startswith(JSON_TYPE):
        return f"the content-type is not {JSON_TYPE}"
    return ""


def objection_to_body(body: Mapping[str, Json], limits: BodyLimits) -> str:
    """Why a request with this body does not take the fast path; empty: nothing is in the way."""
    fields = (*REASONING_FIELDS, *(SESSION_FIELDS if limits.names_no_session else ()))
    if found := next((path for path in fields if _has(body, path)), ()):
        return f"the body has the field {'.'.join(found)}"
    if limits.has_short_output and (long := next((n for n in OUTPUT_FIELDS if not _is_short(body.get(n))), "")):
        return f"{long} is more than {MAX_OUTPUT_TOKENS:,}"
    return ""


def _has(body: Mapping[str, Json], path: FieldPath) -> bool:
    """Whether there is a text, a number or a truth value: Envoy sees no other."""
    found: Json = dict(body)
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return isinstance(found, str | int | float)


def _is_short(value: Json) -> bool:
    return value is None or (isinstance(value, int | float) and 0 <= value <= MAX_OUTPUT_TOKENS)


# -- routes ----------------------------------------------------------------------------


MAX_MODELS = 500
"""Of a configuration that has more names, the others are routed by the route stage. To look at one takes up to 2 ms."""
_HEALTHY = RuntimeState()


@dataclass(frozen=True, slots=True)
class FastRoute:
    """The route of a model's ordinary calls in one client format."""

    client_format: str
    model: str
    first: Target
    """Where the first attempt goes."""
    clusters: tuple[str, ...]
    """Where attempt 1, 2, … go while nobody says anything else."""
    whole_ms: int
    """How long an attempt may be silent whose answer comes in one piece."""
    stream_ms: int
    is_alone: bool
    """The chain has one target: nothing can make another one the first."""
    needs_short_output: bool
    """A longer answer could be more than fits into the first target's window, where a later one has more room."""
    plan: Plan = field(compare=False, repr=False)
    """Of the smallest request."""

    @property
    def stream_limits(self) -> BodyLimits:
        return BodyLimits(not self.is_alone, self.needs_short_output)

    @property
    def whole_limits(self) -> BodyLimits:
        """An answer in one piece is waited for longer when it may be long."""
        return BodyLimits(not self.is_alone, has_short_output=True)


@dataclass(frozen=True, slots=True)
class FastPath:
    """The fast path of one configuration."""

    routes: tuple[FastRoute, ...] = ()
    why_not: str = ""
    """What keeps all calls from it; empty: nothing."""


def formats() -> tuple[str, ...]:
    """The client formats of chats whose body names the model, which is where Envoy looks for it."""
    return tuple(
        name
        for name, side in CLIENTS.items()
        if FORMATS[name].operation == "chat" and not side.example.model_in_path and side.example.stream_path is None
    )


def paths(client_format: str) -> tuple[str, ...]:
    """The paths at which a format's calls are known by the path alone."""
    side = client_side(client_format)
    own = side.example.path
    bare = (own,) if api_path_of(own).format == client_format else ()
    return (f"/{side.family}{own}", *bare)


def fast_path(gateway: Gateway) -> FastPath:
    if why := why_no_fast_path(gateway):
        return FastPath(why_not=why)
    asked = ((name, one) for name in gateway.listed[:MAX_MODELS] for one in formats())
    found = (route_or_why(name, one, gateway) for name, one in asked)
    return FastPath(tuple(one for one in found if isinstance(one, FastRoute)))


def why_no_fast_path(gateway: Gateway) -> str:
    """What in the configuration keeps all calls from the fast path; empty: nothing does."""
    strategy, levels = gateway.strategy, gateway.strategy.levels
    reasons = {
        "gateway.fast_path is false, or gateway.on_sidecar_failure is set": not gateway.fast_path,
        "callers are identified": gateway.callers.identifies or gateway.callers.requires_cost_centre,
        "a call has a total time": gateway.timeouts.total_ms is not None,
        "sessions keep their target": strategy.affinity is not None,
        "long conversations are shortened": strategy.context is not None,
        "users have settings of their own": bool(strategy.users),
        "sessions have settings of their own": bool(levels.session or levels.sessions or levels.prompt),
        "cost centres": bool(strategy.cost_centres),
    }
    return next((reason for reason, is_so in reasons.items() if is_so), "")


def route_or_why(model: str, client_format: str, gateway: Gateway) -> FastRoute | str:
    """The route of a model, or why it has none."""
    if model == AUTO or model.startswith(LEVEL) or model not in gateway.chains:
        return "the model is left to the gateway"
    whole, stream = (_planned(model, client_format, gateway, stream=one) for one in (False, True))
    if isinstance(whole, RejectedRequest) or isinstance(stream, RejectedRequest):
        return "no target can answer in this format"
    case = routing_context_of(whole.known.features, _HEALTHY, gateway)
    groups = whole.plan.groups
    if why := why_not_fixed(case) or _why_not_first(whole, case):
        return why
    facts = gateway.facts(groups[0][0])
    return FastRoute(
        client_format,
        model,
        groups[0][0],
        tuple(group[0].provider.cluster for group in groups),
        whole.plan.attempt_timeout_ms,
        stream.plan.attempt_timeout_ms,
        is_alone=len(_targets(whole)) == 1,
        needs_short_output=len(_targets(whole)) > 1 and facts.window is not None and facts.max_output is None,
        plan=whole.plan,
    )


def _planned(model: str, client_format: str, gateway: Gateway, *, stream: bool) -> RoutedRequest | RejectedRequest:
    side = client_side(client_format)
    path, body = f"/{side.family}{side.example.path}", side.example.body_for(model, stream=stream)
    headers = {":method": "POST", ":path": path, "content-type": "application/json"}
    arrived = IncomingRequest(headers, api_path_of(path), j.dump(body), at=0.0)
    way = pipeline.route(arrived, lambda _: _HEALTHY, gateway)
    assert not isinstance(way, pipeline.TokenCount), "a chat is no count of tokens"
    return way


def _targets(way: RoutedRequest) -> Mapping[str, Target]:
    return {target.name: target for group in way.plan.groups for target in group}


def _why_not_first(way: RoutedRequest, case: RoutingContext) -> str:
    """What can make another target than the first one of this plan the first for another request."""
    groups, targets = way.plan.groups, _targets(way)
    if any(len(group) > 1 for group in groups):
        return "targets with weights"
    if not targets.keys().isdisjoint(case.snapshot.limits):
        return "a limit of concurrent calls"
    first, *others = targets.values()
    meant = case.meaning(case.asked_name)
    if meant is None or meant.chain[0].name != first.name:
        return "the first target of its chain cannot be asked in this format"
    return next(filter(None, (_can_more(first, other, way, case.gateway) for other in others)), "")


def _can_more(first: Target, other: Target, way: RoutedRequest, gateway: Gateway) -> str:
    """What a later target may be able to serve that the first one is not."""
    facts, more = gateway.facts(first), gateway.facts(other)
    if missing := sorted(facts.lacks - more.lacks):
        return f"{other.name} may have capabilities that {first.name} has not: {', '.join(missing)}"
    room = MAX_BODY_BYTES + max(MAX_OUTPUT_TOKENS, facts.max_output or 0)
    if facts.window is not None and facts.window < room:
        return f"the context window of {first.name} is small"
    client_format = way.plan.client_format
    spoken = [upstream_format(target.provider, client_format) for target in (first, other)]
    words = [None if one is None else one.words for one in spoken]
    if words[0] not in (client_format, words[1]):
        return f"{first.name} speaks another format than {other.name}"
    return ""


def why_two_stages(arrived: IncomingRequest, gateway: Gateway) -> str:
    """Why a request passes both stages; empty: it takes the fast path, while its first target is healthy.

    Envoy starts from the same conditions.
    """
    if why := why_no_fast_path(gateway):
        return why
    try:
        body = j.parse(arrived.body, where="request body")
    except UnreadableError as problem:
        return str(problem)
    path, model = arrived.headers.get(":path", "").partition("?")[0], body.get("model")
    if arrived.spoken.format not in formats() or path not in paths(arrived.spoken.format):
        return "the path is not one of a chat whose body names the model"
    route = route_or_why(model, arrived.spoken.format, gateway) if isinstance(model, str) else "there is no model"
    if isinstance(route, str):
        return route
    if model not in gateway.listed[:MAX_MODELS]:
        return f"the model is not among the first {MAX_MODELS}"
    limits = route.stream_limits if body.get("stream") is True else route.whole_limits
    return objection_to_head(arrived.headers, len(arrived.body), limits) or objection_to_body(body, limits)
