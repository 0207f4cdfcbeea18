"""Requests on paths that are no model call (files, batches, audio, realtime): on to their own provider, as they are.

The table of `wire/http/passthrough.py` says which. Where a request names a model in its body, the route stage reads
that body for the name and nothing else; all other bodies pass by. The attempt stage cannot let a body pass (Envoy takes
no `mode_override` away from `FULL_DUPLEX_STREAMED`, its issue 40340), so each provider has a second cluster, where the
attempt stage sees the head of the request and nothing else: an answer that it would hold, however shortly, before the
request is through, ends Envoy (decision 19). What came of the attempt, and our credential where the answer quotes it,
is seen by the route stage. One attempt, no fallback: a file belongs to who keeps it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from openclaw_extproc import features
from openclaw_extproc.callers import CallerIdentity, CallerRules
from openclaw_extproc.faults import Fault, FaultKind, kind_of_status
from openclaw_extproc.features import Features
from openclaw_extproc.features.identity import BETA, OAUTH_BETA, without_login
from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.passthrough import PassthroughDecision
from openclaw_extproc.stages import headers as h
from openclaw_extproc.stages.attempt.exchange import entry as attempt_entry
from openclaw_extproc.stages.attempt.history import History, noted_start
from openclaw_extproc.stages.attempt.retries import MAX_ANSWER_BYTES
from openclaw_extproc.stages.attempt.upstream_request import BoundAttempt
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry
from openclaw_extproc.stages.events import (
    Continue,
    Credential,
    GoogleCredential,
    HeaderCredential,
    RequestHead,
    ResponseHead,
    To,
)
from openclaw_extproc.stages.pipeline import MAX_NAME_CHARS
from openclaw_extproc.stages.route import envoy_timeouts, local_responses
from openclaw_extproc.stages.route.request_checks import request_id
from openclaw_extproc.stages.route.request_entry import answering_target
from openclaw_extproc.wire import FORMATS, ApiPath
from openclaw_extproc.wire.http import passthrough
from openclaw_extproc.wire.http.model_names import SentRequest, with_model
from openclaw_extproc.wire.http.passthrough import Rule

MAX_RELAYED_BYTES = MAX_ANSWER_BYTES
"""The bytes of a response that are searched for our credential; the rest passes unseen. No buffer of Envoy's is smaller
(decision 21), so none overflows."""
WITHOUT_END = 2**63
"""Bytes. A WebSocket is looked at for as long as it lasts: it says little at a time."""
SWITCHING_PROTOCOLS = "101"
_EXTENSIONS = "sec-websocket-extensions"
"""The header by which a client offers compressed messages. It is removed, because our credential could not be found in
those."""
VERSION = re.compile(r"/v[0-9]+(?:alpha|beta)?[0-9]*$")
"""The API version at the end of a base path. A path that is passed on has one itself."""
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
"""The methods that any vendor's API has. `TRACE` would show our credential to the caller, `CONNECT` is for proxies."""


def owners(gateway: Gateway, spoken: ApiPath) -> tuple[Provider, ...]:
    """Returns the providers that serve these paths: those that speak this vendor's format, at their passthrough
    clusters."""
    speakers = (p for p in gateway.providers.values() if {p.format, *p.also} & set(spoken.family))
    # A signature of AWS covers the body, which is not read here.
    return tuple(p.at_unread_cluster for p in speakers if p.unread_cluster and p.auth != "aws")


def rule_of(head: RequestHead, spoken: ApiPath, gateway: Gateway) -> Rule | Fault:
    """The rule by which a request that is no model call is passed on, or why it is not."""
    method = head.headers.get(":method", "")
    rule = passthrough.find_rule(_table(spoken, gateway), method, spoken.path)
    if rule is None:
        known = methods(spoken, gateway)
        if known or method not in METHODS:
            return Fault(FaultKind.METHOD_NOT_ALLOWED, f"{_word(method)}: not a method of this path")
        return Fault(FaultKind.NOT_FOUND, f"{method} on this path is not served here")
    if not rule.is_open(gateway.opened):
        names = " and ".join(rule.opened_by)
        public = f"{method} on this path is closed here: gateway.passthrough opens it by the name {names}"
        return Fault(FaultKind.FORBIDDEN, public)
    return rule


def methods(spoken: ApiPath, gateway: Gateway) -> tuple[str, ...]:
    """The methods that a path is known with."""
    ours = {"POST"} if spoken.served else set[str]()
    ours |= {"GET"} if local_responses.is_list(spoken) else set[str]()
    return tuple(sorted(ours | passthrough.methods_of(_table(spoken, gateway), spoken.path)))


def _table(spoken: ApiPath, gateway: Gateway) -> tuple[Rule, ...]:
    return spoken.passthrough if gateway.passthrough and owners(gateway, spoken) else ()


def _word(method: str) -> str:
    """A method as people may read it: a stranger made it up."""
    return method if method.isascii() and method.isalpha() and len(method) <= 16 else "the method"


def features_of(
    head: RequestHead, spoken: ApiPath, model: str, identity: CallerIdentity, callers: CallerRules
) -> Features:
    """Raises `FaultError`: one of its headers means nothing, or nothing names the cost centre that is required."""
    return features.of_unread(
        model, client_format=spoken.format, headers=head.headers, identity=identity, callers=callers
    )


def sent_request(head: RequestHead, spoken: ApiPath, body: bytes = b"") -> SentRequest:
    return SentRequest(spoken.path, spoken.query, body, head.headers.get("content-type", ""))


def for_target(rule: Rule, sent: SentRequest, target: Target) -> SentRequest:
    """The request with the model's real name at its provider."""
    return with_model(rule, sent, target.model) if target.model else sent


def plan(
    head: RequestHead, spoken: ApiPath, sent: SentRequest, asked: str, found: PassthroughDecision, gateway: Gateway
) -> Plan:
    """`sent`: as it goes out. `asked`: the model as the client calls it."""
    longest = gateway.timeouts.max_attempt_timeout_ms
    return Plan(
        request_id=request_id(head),
        client_format=spoken.format,
        path=sent.path,
        query=sent.query,
        asked_model=asked[:MAX_NAME_CHARS],
        groups=((found.target,),),
        began=head.at,
        attempt_timeout_ms=longest if found.timeout_ms is None else min(found.timeout_ms, longest),
        timeouts=gateway.timeouts,
        retry_policy=gateway.retry_policy,
        emergency=gateway.emergency,
        record=found.record,
        passes=True,
        generation=gateway.generation,
    )


def directives(plan: Plan, user: str, head: RequestHead, body: bytes | None) -> Continue:
    """The route stage's answer to the head, or to the `body` as it goes out: to this provider, once."""
    changed = {"x-envoy-max-retries": "0", "x-envoy-upstream-rq-per-try-timeout-ms": str(plan.attempt_timeout_ms)}
    if body is not None:
        changed["content-length"] = str(len(body))
    gone = tuple(sorted(n for n in head.headers if n.startswith("x-envoy-") and n not in changed))
    to = To.REQUEST_HEAD if body is None else To.REQUEST_BODY
    noted = envoy_timeouts.directive_metadata(plan, user)
    return Continue(to, changed, gone, body=body, groups=plan.groups, metadata=noted, bypass=body is None)


def request(bound: BoundAttempt, head: RequestHead) -> Continue:
    """The attempt stage's answer: the provider's path, the right credential, nothing of ours."""
    provider = bound.target.provider
    forwards = provider.auth == "forward"
    query = h.upstream_query(bound.plan.query, keep_credentials=forwards)
    changed = {":path": VERSION.sub("", provider.base_path) + bound.plan.path + (f"?{query}" if query else "")}
    if not forwards:
        changed |= h.subprotocols(head.headers)
    format = bound.plan.client_format
    unwanted = set(h.unwanted_in_passing(head.headers, provider, format, keep_credentials=forwards))
    if not forwards and OAUTH_BETA in (said := head.headers.get(BETA, "")):
        changed |= without_login({BETA: said})
        unwanted.add(BETA)
    if _is_shown(provider):
        changed["accept-encoding"] = "identity"  # our credential could not be found in a compressed answer
        unwanted |= {_EXTENSIONS} & head.headers.keys()
    return Continue(
        To.REQUEST_HEAD,
        changed,
        tuple(sorted(unwanted - changed.keys())),
        notes=noted_start(bound.attempt, provider.cluster, bound.began),
        credential=credential(provider),
    )


def credential(provider: Provider) -> Credential | None:
    """Returns the provider's configured credential, which is added to the request."""
    side = FORMATS[provider.format].provider
    assert side is not None, "the configuration check lets no such provider through"
    match provider.auth:
        case "google":
            return GoogleCredential(provider.credential)
        case "inject" if provider.credential:
            return HeaderCredential(provider.credential, side.credential_header)
        case _:
            return None


def _is_shown(provider: Provider) -> bool:
    """Whether a provider's answers are looked at: our credential is cut out."""
    return credential(provider) is not None


def relayed_bytes(plan: Plan, head: ResponseHead) -> int:
    """Returns how much of a response's body is searched: nothing of one that is known to be longer, because it is a
    file."""
    if head.end or not _is_shown(plan.groups[0][0].provider):
        return 0
    if head.headers.get(":status") == SWITCHING_PROTOCOLS:
        return WITHOUT_END
    length = head.headers.get("content-length", "0")
    short = length.isdecimal() and len(length) < 16 and int(length) <= MAX_RELAYED_BYTES
    return MAX_RELAYED_BYTES if short else 0


def caller_headers(plan: Plan, answered: Target | None) -> dict[str, str]:
    """What a caller is told of who answered a passed request; of a model call the attempt stage has told it."""
    return h.response_headers(plan, answered, (), ()) if plan.passes and answered is not None else {}


def with_attempt(entry: RequestEntry, head: Mapping[str, str], at: float) -> RequestEntry:
    """The entry with its attempt, if it is of a request that passed.

    Args:
        entry: Of the request.
        head: Of the answer; empty where the stream ended without one.
        at: When it came.
    """
    if entry.plan is None or not entry.plan.passes:
        return entry
    return replace(entry, passed=_attempt(entry, entry.plan, head, at))


def _attempt(entry: RequestEntry, plan: Plan, head: Mapping[str, str], at: float) -> AttemptEntry:
    target = plan.groups[0][0]
    bound = BoundAttempt(plan, 1, target, {}, History(), plan.began)
    if answering_target(plan, head) is None:
        return attempt_entry(bound, at, Outcome.NO_ANSWER, entry.fault)
    status = int(head.get(":status", "0"))
    fault = Fault(kind_of_status(status), f"the provider answered {status}", status)
    failed = status >= 400 and fault.kind is not FaultKind.MALFORMED
    return attempt_entry(bound, at, Outcome.FAILED if failed else Outcome.OK, fault if failed else None)


def not_theirs(plan: Plan, asked: Mapping[str, str], head: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the answer's headers that do not go to callers, but for the provider's name, which Envoy set.

    `asked`: headers of the request.
    """
    forwards = plan.groups[0][0].provider.auth == "forward"
    gone = h.not_theirs_in_passing(head, asked.get(":method", ""), keep_credentials=forwards)
    return tuple(name for name in gone if name != h.PROVIDER)
