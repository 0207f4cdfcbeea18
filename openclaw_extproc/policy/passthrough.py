"""The provider of a request that is forwarded unread: a file, a batch, audio or an image. The check fails closed.

One provider, and no fallback: an object belongs to who keeps it. Where the request names a model, that is the provider
which has it; else the first one that may have the request. Compliance and limits in dollars are those of a model call,
in every mode. What such a request will cost nobody knows, so a limit that is used up refuses it, and so does any limit
where a price that is not known is not allowed.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.features import Features
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import AUTO, Gateway, Provider, Target
from openclaw_extproc.policy import candidates as cands
from openclaw_extproc.policy.candidates import Candidate
from openclaw_extproc.policy.eligibility import Bounds, bounds, most_telling_fault
from openclaw_extproc.policy.rank.budgets import Budget, BudgetLimit, budget, too_dear
from openclaw_extproc.policy.ranking import record_headers_of
from openclaw_extproc.policy.routing_context import RoutingContext, routing_context_of
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.policy.select import choose
from openclaw_extproc.policy.select.choose import merge_overrides
from openclaw_extproc.policy.snapshot import is_full
from openclaw_extproc.policy.trace import RefusedError
from openclaw_extproc.record import DecisionRecord

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:~/@+-]{0,127}", re.ASCII)
"""A model's name that is in no configuration and may go to a vendor all the same."""


@dataclass(frozen=True, slots=True)
class PassthroughDecision:
    """The provider of a request that is forwarded unread, with the record of the decision."""

    target: Target
    """Its model is the name at that provider; empty: the request names none, or one that nobody lists."""
    record: DecisionRecord
    timeout_ms: int | None = None


def decide_passthrough(
    features: Features, owners: Sequence[Provider], situation: RuntimeState, gateway: Gateway, *, is_billed: bool
) -> PassthroughDecision:
    """Whom an unread request goes to.

    Args:
        features: Of operation `passthrough`, with the model that the request names.
        owners: The providers whose paths these are, in their order, at their clusters for this.
        is_billed: Whether the vendor takes money for it.

    Raises `FaultError`: nobody lists its model. `RefusedError`: nobody may have it, or nobody can be asked.
    """
    case = routing_context_of(features, situation, gateway)
    over = merge_overrides(case)
    limits = bounds(case, over.data_classes)
    line = cands.fallback_candidates(_targets(owners, case), (), case)
    found = [(one, _objection(one, line[0], limits, case)) for one in line]
    usable = [one for one, fault in found if fault is None]
    fault = limits.fault or (None if usable else most_telling_fault((one, fault) for one, fault in found if fault))
    first = None if fault else _healthy_first(usable, case)[0]
    if first is not None and is_billed:
        fault = _too_dear(first, budget(case, over))
    record = _record(first, limits, case)
    if first is None or fault is not None:
        fault = fault or Fault(FaultKind.EXHAUSTED, "no provider can take this request")
        raise RefusedError(fault, replace(record, because=(fault.public,)))
    return PassthroughDecision(first.target, record, over.timeout_ms)


def _targets(owners: Sequence[Provider], case: RoutingContext) -> tuple[Target, ...]:
    name = case.features.model
    found = case.meaning(name) if name and case.asked in ("model", "pool") else None
    if found is None:
        is_ours = name == AUTO or name in case.strategy.virtual
        if name and (case.gateway.unknown_models != "auto" or is_ours or not _PLAIN.fullmatch(name)):
            raise choose.unknown_model_fault(case)
        return tuple(Target(one, "") for one in owners)
    at = {one.name: one for one in owners}
    there = tuple(Target(at[t.provider.name], t.model) for t in found.chain if t.provider.name in at)
    if not there:
        has = found.chain[0].provider.name
        fault = Fault(FaultKind.UNSUPPORTED, f"model: {has} serves it, but does not accept requests of this kind")
        raise RefusedError(fault, record_headers_of(case, None))
    return there


def _objection(one: Candidate, first: Candidate, limits: Bounds, case: RoutingContext) -> Fault | None:
    provider = one.target.provider
    if name := limits.forbids(one, case):
        public = f"{name} does not allow {one.name}"
        unnamed = f"{name}: requests that are forwarded unread are not allowed at {provider.name}"
        return Fault(FaultKind.FORBIDDEN, public if one.target.model else unnamed)
    if provider.auth == "forward" and provider.name != first.target.provider.name:
        # A caller's key goes to the provider it was sent for and to nobody else.
        public = f"{provider.name}: the caller's own credential is sent only to the first provider of a chain"
        return Fault(FaultKind.EXHAUSTED, public)
    if provider.auth != "forward" and provider.identity in case.situation.missing_credentials:
        return Fault(FaultKind.EXHAUSTED, f"{provider.name}: its credential is not set")
    if is_full(one.name, case.snapshot.limits, case.situation.inflight):
        most = case.snapshot.limits[one.name]
        return Fault(FaultKind.RATE_LIMITED, f"{one.name} has reached its limit of {most} concurrent calls")
    return None


def _healthy_first(usable: list[Candidate], case: RoutingContext) -> list[Candidate]:
    """Of those that have a model. An object stays where it is, however its keeper is."""
    named = [one for one in usable if one.target.model]
    return sorted(named, key=lambda one: not case.is_healthy(one.target)) or usable


def _too_dear(one: Candidate, purse: Budget) -> Fault | None:
    broken = next((limit for limit in purse.limits if _is_broken(limit, unknown=purse.unknown)), None)
    return None if broken is None else too_dear(broken, replace(one, cost=None))


def _is_broken(limit: BudgetLimit, *, unknown: bool) -> bool:
    return limit.is_used_up or not limit.allows(None, unknown=unknown)


def _record(first: Candidate | None, limits: Bounds, case: RoutingContext) -> DecisionRecord:
    named = first is not None and first.target.model
    why = f"not a model call: {first.target.provider.name} lists its model" if first and named else _TO_ITS_OWN
    return replace(record_headers_of(case, None), because=(why,), data_classes=limits.classes)


_TO_ITS_OWN = "not a model call: forwarded to the provider of its API"
