"""The request of one attempt: its target by the plan, which is read and confirmed, and the client's body, edited or
translated."""

from collections.abc import Mapping

import msgspec

from openclaw_extproc import plan as plans
from openclaw_extproc.faults import Fault, FaultError, FaultKind
from openclaw_extproc.features.identity import without_login
from openclaw_extproc.frozen import dataclass, replace
from openclaw_extproc.gateway import Target
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.model.requests import Ask, Chat, Embed
from openclaw_extproc.plan import Plan, UnconfirmedError
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages import context_shortening
from openclaw_extproc.stages import headers as h
from openclaw_extproc.stages.attempt.history import History, noted_start
from openclaw_extproc.stages.attempt.history import history as read_history
from openclaw_extproc.stages.attempt.retries import classify_failure
from openclaw_extproc.stages.decoded_requests import DecodedRequest, DecodedRequests
from openclaw_extproc.stages.events import (
    AwsCredential,
    Continue,
    Credential,
    GoogleCredential,
    HeaderCredential,
    RequestHead,
    To,
)
from openclaw_extproc.wire import client_side, format_in_chain
from openclaw_extproc.wire.base import (
    ClientRequest,
    ClientSide,
    EncodedRequest,
    Injection,
    ProviderSide,
    UpstreamEdit,
    WireFormat,
)
from openclaw_extproc.wire.edits import with_changes, with_fields
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.tools import readable, rename_tools

MOST_ATTEMPTS = 2 * plans.MAX_ATTEMPTS
"""The highest number of an attempt that is believed: Envoy counts no further than the plan is long."""

NO_PLAN = Fault(FaultKind.BUG, "the attempt stage was given no plan for this request")
UNCONFIRMED_PLAN = Fault(FaultKind.OVERLOADED, "the gateway's configuration has changed; try again", 503)
"""The plan was made with a configuration that is not known here. The status is ours: 529 is what Anthropic says, and
not all clients know it."""

AWS_SERVICE = "bedrock"
"""The name that signatures for `bedrock-runtime` hosts are made for."""


HTTP_ERROR, HTTP_UNAUTHENTICATED, HTTP_FORBIDDEN = 400, 401, 403
MAX_QUOTED_CHARS = 1_000
"""The length to which a provider's own message is cut beside ours."""


@dataclass(frozen=True, slots=True)
class BoundAttempt:
    """A request head that knows where it goes."""

    plan: Plan
    attempt: int
    """1, 2, …"""
    target: Target
    headers: Mapping[str, str]
    history: History
    began: float
    is_reused: bool = False
    """Whether the request goes out on a connection that was used before."""
    decoded: DecodedRequest | None = None
    """The request, where it was decoded in this process; `None`: its body has to be asked for."""

    @property
    def fallback(self) -> bool:
        """Whether the provider stands in for the first one of the chain."""
        return self.target.provider != self.plan.groups[0][0].provider

    @property
    def client(self) -> ClientSide[Ask]:
        return client_side(self.plan.client_format)

    @property
    def format(self) -> WireFormat[Ask]:
        """Returns the wire format in which the provider is asked."""
        chain = (target.provider for group in self.plan.groups for target in group)
        spoken = format_in_chain(self.target.provider, chain, self.plan.client_format)
        assert spoken is not None, "the policy plans no such target"
        return spoken

    @property
    def provider(self) -> ProviderSide[Ask]:
        side = self.format.provider
        assert side is not None, "the configuration check lets no such provider through"
        return side

    @property
    def translates(self) -> bool:
        return self.plan.client_format != self.format.words

    @property
    def forwards(self) -> bool:
        """Whether the caller's own credential goes on. Only ever to the provider it was sent for: the first one."""
        provider = self.target.provider
        return provider.auth == "forward" and not self.translates and provider == self.plan.groups[0][0].provider

    def refuses_ours(self, status: int) -> bool:
        """AWS says 403 of a signature it does not accept, and quotes what it was made from, session token included."""
        aws = self.target.provider.auth == "aws"
        return not self.forwards and (status == HTTP_UNAUTHENTICATED or (aws and status == HTTP_FORBIDDEN))


def bind(head: RequestHead, snapshots: Snapshots, requests: DecodedRequests) -> BoundAttempt | Fault:
    """The attempt that this head begins, or why there is none."""
    try:
        text = head.metadata.get("plan", "")
        decoded = requests.find(text, snapshots.current.generation) if head.takes_whole else None
        plan = plans.read(text, snapshots) if decoded is None else decoded.plan
        attempt = int(head.headers.get("x-envoy-attempt-count", "1"))
        target = plan.target(attempt, head.cluster) if 1 <= attempt <= MOST_ATTEMPTS else None
        if target is None:
            return NO_PLAN
        history = read_history(plan, attempt, head.metadata, head.at)
    except (msgspec.MsgspecError, ValueError):
        return NO_PLAN
    except UnconfirmedError:
        return UNCONFIRMED_PLAN
    return BoundAttempt(plan, attempt, target, head.headers, history, head.at, head.is_reused, decoded)


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    ask: Ask
    encoded: EncodedRequest

    @property
    def ask_without_words(self) -> Ask:
        """What an answer is read and written by. The words themselves, which may have megabytes, need not stay here
        for as long as the answer takes."""
        match self.ask:
            case Chat():
                return replace(self.ask, turns=(), system=())
            case Embed():
                return replace(self.ask, inputs=("",) * len(self.ask.inputs))


def prepare_upstream_request(bound: BoundAttempt, body: bytes) -> UpstreamRequest:
    """Raises `FaultError`: the client's fault, or something this provider's format cannot carry."""
    raw = j.without_mark(body)  # which no provider has to know
    try:
        asked = ClientRequest(bound.plan.path, bound.plan.query, raw, j.parse(raw, where="request body"))
    except UnreadableError as problem:
        raise FaultError(FaultKind.MALFORMED, str(problem)) from problem
    return prepare_parsed_request(bound, asked)


def prepare_parsed_request(bound: BoundAttempt, asked: ClientRequest, ask: Ask | None = None) -> UpstreamRequest:
    """As `prepare_upstream_request`. `ask`: what is asked, where that is known already."""
    try:
        target, cut = bound.target, bound.plan.shortened.get(bound.target.name)
        losses = [] if cut is None else [context_shortening.shortening_name(cut)]
        if ask is None or cut is not None:
            asked = context_shortening.apply_shortening(asked, bound.client.conversation, cut)
            ask = bound.client.decode_request(asked)
        changes = target.changes
        change = _edit(bound)
        losses += _output_limit_losses(ask, change)
        if bound.translates:
            encoded = bound.provider.encode_request(_prepare_translation(ask, bound, losses), change)
        else:
            change = replace(change, headers=bound.plan.client_headers)
            amended = bound.client.amend(asked.body, Injection(changes, target.model), losses)
            encoded = bound.client.edit(_without_state(with_fields(asked, amended)), change)
        encoded = replace(encoded, losses=(*encoded.losses, *losses)) if losses else encoded
        adapt = bound.provider.adapt
        return UpstreamRequest(ask, encoded if adapt is None else adapt(encoded, ask, change))
    except UnreadableError as problem:
        raise FaultError(FaultKind.MALFORMED, str(problem)) from problem


ROOM_FOR_ERROR = 1.25
"""The factor on the estimated prompt tokens where the rest of the context window becomes the output limit."""


def _edit(bound: BoundAttempt) -> UpstreamEdit:
    target, facts = bound.target, bound.plan.facts_of(bound.target)
    room = None if facts.window is None else max(0, facts.window - int(bound.plan.estimated_tokens * ROOM_FOR_ERROR))
    return UpstreamEdit(
        target.model,
        target.changes.max_output_tokens,
        target.provider,
        fallback=bound.fallback,
        most=facts.max_output,
        room=room,
    )


def _output_limit_losses(ask: Ask, change: UpstreamEdit) -> list[str]:
    """A limit of the client's that the model cannot reach. One that the operator lowered is told nowhere."""
    asked = ask.max_output_tokens
    if asked is None or change.most is None or min(asked, change.cap or asked) <= change.most:
        return []
    return [f"max output tokens: {asked} became {change.most}"]


def _prepare_translation(ask: Ask, bound: BoundAttempt, losses: list[str]) -> Ask:
    """What is to be translated: the client's words, the operator's, and results of tools that can be carried."""
    ask = replace(ask, model=bound.target.model)
    if not isinstance(ask, Chat):
        return ask
    ask = readable(with_changes(ask, bound.target.changes), bound.provider.carries, losses)
    return rename_tools(ask, bound.provider.tool_names, losses)


def _without_state(asked: ClientRequest) -> ClientRequest:
    raw = provider_state.without_state(asked.raw)
    return asked if raw is asked.raw else replace(asked, raw=raw, body=j.parse(raw, where="request body"))


def upstream_request_step(
    bound: BoundAttempt, prepared: UpstreamRequest, body: bytes, to: To = To.REQUEST_BODY
) -> Continue:
    """What Envoy has to change in the request for this provider. `body`: the one that Envoy has; `to`: its message."""
    provider, client_format = bound.target.provider, bound.plan.client_format
    side = bound.provider
    own = not bound.translates and side.takes_query
    query = "" if not own else h.upstream_query(bound.plan.query, keep_credentials=bound.forwards)
    encoded = prepared.encoded
    said = h.of_plan(bound.plan.client_headers, provider, client_format)
    path = provider.base_path + _with_query(encoded.path, query)
    changed = {
        ":path": path,
        **h.upstream(side, said if bound.forwards else without_login(said), len(encoded.body)),
        **encoded.headers,
    }
    changed = {name: value for name, value in changed.items() if value or name not in encoded.headers}
    unwanted = h.unwanted_headers(bound.headers, provider, client_format, keep_credentials=bound.forwards)
    if provider.auth == "aws":
        changed[":authority"] = provider.authority  # what is signed, also where the cluster does not name its host
    return Continue(
        to,
        changed,
        tuple(sorted(unwanted - changed.keys())),
        body=None if encoded.body is body else encoded.body,
        notes=noted_start(bound.attempt, provider.cluster, bound.began, is_reused=bound.is_reused),
        credential=_credential(bound, path, encoded.body),
        is_whole=to is To.REQUEST_HEAD,
    )


def _with_query(path: str, query: str) -> str:
    return path if not query else f"{path}{'&' if '?' in path else '?'}{query}"


def _credential(bound: BoundAttempt, path: str, body: bytes) -> Credential | None:
    provider = bound.target.provider
    match provider.auth:
        case "aws":
            return AwsCredential(provider.credential, provider.region, AWS_SERVICE, provider.authority, path, body)
        case "google":
            return GoogleCredential(provider.credential)
        case "inject" | "forward":
            if bound.forwards or not provider.credential:
                return None
            return HeaderCredential(provider.credential, bound.provider.credential_header)


def exhausted_fault(bound: BoundAttempt, fault: Fault) -> Fault:
    """What the caller is told when no attempt is left: the status says whether to slow down or to come back.

    Where the plan has one target only, that one's status says it best; and its words, which limit or which field it
    was, stand beside ours in any case.
    """
    failure = classify_failure(fault)
    last = f"{bound.target.provider.name}: {failure.reason.replace('_', ' ')}"
    tried = "1 attempt" if bound.attempt == 1 else f"{bound.attempt} attempts"
    # What an operator has to mend is told to the operator.
    words = "" if failure.alerts else f": {fault.public[:MAX_QUOTED_CHARS]}"
    earlier = f"; before: {bound.history.text}" if bound.history.failed else ""
    public = f"{bound.plan.emergency.message} ({tried}, the last at {last}{words}{earlier})"
    targets = {target.name for group in bound.plan.groups for target in group}
    if len(targets) == 1 and not failure.alerts and (fault.upstream_status or 0) >= HTTP_ERROR:
        return Fault(fault.kind, public, fault.upstream_status, fault.code)
    return Fault(FaultKind.RATE_LIMITED if fault.kind is FaultKind.RATE_LIMITED else FaultKind.EXHAUSTED, public)
