"""Requests on paths that are no model call (files, batches, audio, realtime): on to their own provider, as they are.

Nothing of a request is read but the head. The route stage tells Envoy to let the body pass by; the attempt stage cannot
(Envoy takes no `mode_override` away from `FULL_DUPLEX_STREAMED`, its issue 40340), so each provider has a second
cluster, where the attempt stage sees the head of the request and nothing else: an answer that it would hold, however
shortly, before the request is through, ends Envoy (decision 19). What came of the attempt is seen by the route stage.
One attempt, no fallback: a file belongs to who keeps it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from openclaw_extproc.callers import ANONYMOUS, CallerIdentity
from openclaw_extproc.faults import Fault, FaultError, Kind, kind_of_status
from openclaw_extproc.features.attribution import attributed
from openclaw_extproc.features.declared import declared
from openclaw_extproc.features.identity import Identity
from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.permitted import forbidden
from openclaw_extproc.record import Record
from openclaw_extproc.stages import headers as h
from openclaw_extproc.stages.arriving import request_id
from openclaw_extproc.stages.call import entry as attempt_entry
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
from openclaw_extproc.stages.retries import History, noted_start
from openclaw_extproc.stages.sending import Bound
from openclaw_extproc.wire import Spoken

MAX_RELAYED_BYTES = 1024 * 1024
"""Of an answer that is looked at for our credential; the rest passes unseen."""
_PROVIDER = "x-openclaw-provider"
_VERSION = re.compile(r"/v[0-9]+(?:alpha|beta)?[0-9]*$")


def homes(gateway: Gateway, spoken: Spoken) -> tuple[Provider, ...]:
    """Whose paths these are: the providers that speak this vendor's format, at their clusters for this."""
    if not (gateway.passthrough and spoken.passable):
        return ()
    speakers = (p for p in gateway.providers.values() if {p.format, *p.also} & set(spoken.family))
    # A signature of AWS covers the body, which is not read here.
    return tuple(p.at_unread_cluster for p in speakers if p.unread_cluster and p.auth != "aws")


def home(
    homes: Sequence[Provider], headers: Mapping[str, str], gateway: Gateway, identity: CallerIdentity = ANONYMOUS
) -> Provider | Fault:
    """The first of them that may have it; else why the first one may not."""
    strategy = gateway.strategy
    try:
        said = attributed(declared(headers, Identity()), identity, gateway.callers)
    except FaultError as error:
        return error.fault
    first: Fault | None = None
    for one in homes:
        if (fault := forbidden(one, said, strategy)) is None:
            return one
        first = first or fault
    assert first is not None, "somebody's paths these are"
    return first


def plan(head: RequestHead, spoken: Spoken, home: Provider, gateway: Gateway) -> Plan:
    return Plan(
        request_id=request_id(head),
        client_format=spoken.format,
        path=spoken.path,
        query=spoken.query,
        asked_model="",
        groups=((Target(home, ""),),),
        began=head.at,
        patience_ms=gateway.limits.longest_ms,
        limits=gateway.limits,
        emergency=gateway.emergency,
        record=Record(because=("no model call: to its own provider",)),
        passes=True,
        generation=gateway.generation,
    )


def planned(plan: Plan, headers: Mapping[str, str], metadata: Mapping[str, str]) -> Continue:
    """The route stage's answer: to this provider, once, without stopping here."""
    changed = {"x-envoy-max-retries": "0", "x-envoy-upstream-rq-per-try-timeout-ms": str(plan.patience_ms)}
    steering = tuple(sorted(n for n in headers if n.startswith("x-envoy-") and n not in changed))
    return Continue(To.REQUEST_HEAD, changed, steering, groups=plan.groups, metadata=metadata, bypass=True)


def request(bound: Bound, head: RequestHead) -> Continue:
    """The attempt stage's answer: the provider's path, the right credential, nothing of ours."""
    provider = bound.target.provider
    forwards = provider.auth == "forward"
    query = h.upstream_query(bound.plan.query, keep_credentials=forwards)
    changed = {":path": _VERSION.sub("", provider.base_path) + bound.plan.path + (f"?{query}" if query else "")}
    if not forwards:
        changed |= h.subprotocols(head.headers)
    if relays(bound):
        changed["accept-encoding"] = "identity"  # our credential could not be found in a compressed answer
    format = bound.plan.client_format
    unwanted = h.unwanted_in_passing(head.headers, provider, format, keep_credentials=forwards)
    return Continue(
        To.REQUEST_HEAD,
        changed,
        tuple(sorted(unwanted - changed.keys())),
        notes=noted_start(bound.attempt, provider.cluster, bound.began),
        credential=_credential(bound),
    )


def relays(bound: Bound) -> bool:
    """Whether the answer's body is shown to us: our credential is cut out of it. Not of an upgraded connection."""
    return _credential(bound) is not None and "upgrade" not in bound.headers


def is_looked_at(bound: Bound, head: ResponseHead) -> bool:
    """Whether more than the head of an answer is looked at: what is known to be longer is a file, and quotes nobody."""
    length = head.headers.get("content-length", "0")
    short = length.isdecimal() and len(length) < 16 and int(length) <= MAX_RELAYED_BYTES
    return relays(bound) and short and not head.end


def _credential(bound: Bound) -> Credential | None:
    provider = bound.target.provider
    match provider.auth:
        case "google":
            return GoogleCredential(provider.credential)
        case "inject" if provider.credential:
            return HeaderCredential(provider.credential, bound.vendor.credential_header)
        case _:
            return None


def noted(entry: RequestEntry, head: Mapping[str, str], at: float) -> RequestEntry:
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
    bound = Bound(plan, 1, target, {}, History(), plan.began)
    # Envoy puts the name on what the provider itself said, and on nothing else.
    if head.get(_PROVIDER) != h.safe(target.provider.name):
        return attempt_entry(bound, at, Outcome.NO_ANSWER, entry.fault)
    status = int(head.get(":status", "0"))
    fault = Fault(kind_of_status(status), f"the provider answered {status}", status)
    failed = status >= 400 and fault.kind is not Kind.MALFORMED
    return attempt_entry(bound, at, Outcome.FAILED if failed else Outcome.OK, fault if failed else None)


def not_theirs(head: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the answer's headers that only we may set, but for the provider's name, which Envoy did."""
    return tuple(name for name in h.not_theirs(head) if name != _PROVIDER)
