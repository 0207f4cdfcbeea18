"""Compliance: the data classes of a request and the targets that they permit. The check fails closed.

The only check there is: of model calls and of what goes to its provider unread. What cannot be decided counts against
the request: a condition that cannot be evaluated gives its data class (none can be, of a body that is not read), a
provider without a region is in none, a request that names no model is to none of the models that a restriction allows,
a class or cost centre that a client made up is refused.
"""

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.policy.candidates import Candidate
from openclaw_extproc.policy.eligible.cost_centres import restrictions_of
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.strategy import Restriction


@dataclass(frozen=True, slots=True)
class Bounds:
    """The restrictions that apply to one request."""

    classes: tuple[str, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    """All of them hold."""
    fault: Fault | None = None
    """The request may go nowhere at all."""

    def forbids(self, one: Candidate, case: RoutingContext) -> str:
        """The name of what keeps it from there; empty: nothing does."""
        if not self.restrictions:
            return ""
        words = case.snapshot.known_as.get(one.name, frozenset())
        return next((r.name for r in self.restrictions if not _allows(r, one.target, words)), "")


def _allows(restriction: Restriction, target: Target, words: frozenset[str]) -> bool:
    return (
        (restriction.providers is None or target.provider.name in restriction.providers)
        and (restriction.regions is None or target.provider.region in restriction.regions)
        and (restriction.models is None or not words.isdisjoint(restriction.models))
    )


def bounds(case: RoutingContext, of_levels: tuple[str, ...]) -> Bounds:
    compliance, declared = case.strategy.compliance, case.features.declared
    by_rule = (name for condition, name in compliance.when if case.holds(condition) is not False)
    named = (compliance.data_class, *of_levels, declared.data_class, *by_rule)
    classes = tuple(dict.fromkeys(name for name in named if name))
    restrictions = (
        *compliance.always,
        *(compliance.classes[name] for name in classes if name in compliance.classes),
        *restrictions_of(declared, case.strategy),
    )
    return Bounds(classes, restrictions, _unknown(case) or _class_fault(case, classes))


def _class_fault(case: RoutingContext, classes: tuple[str, ...]) -> Fault | None:
    if case.strategy.compliance.required and not classes:
        return Fault(FaultKind.FORBIDDEN, "every request needs a data class: send x-openclaw-data-class")
    return None


def _unknown(case: RoutingContext) -> Fault | None:
    """A word of the client's that the operator has not heard of. A data class is one also where there are none at all:
    a client that believes its data is kept from somebody has to learn that it is not. A cost centre keeps nothing from
    anybody: where there are none, any word will do.
    """
    declared, compliance = case.features.declared, case.strategy.compliance
    classes = {*compliance.classes, *(name for _, name in compliance.when), compliance.data_class} - {""}
    if declared.data_class and declared.data_class not in classes:
        known = ", ".join(sorted(classes)) or "none"
        return Fault(FaultKind.MALFORMED, f"x-openclaw-data-class: unknown data class (known: {known})")
    centres = case.strategy.cost_centres
    if declared.cost_centre and centres and declared.cost_centre not in centres:
        if declared.cost_centre == case.features.identity.cost_centre:
            return Fault(FaultKind.FORBIDDEN, "the caller's cost centre is not configured")
        return Fault(FaultKind.MALFORMED, "x-openclaw-cost-centre: unknown cost centre")
    return None
