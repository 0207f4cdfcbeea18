"""The reasons why a target cannot or may not serve a request. Cost limits are in `rank/budgets.py`.

Compliance: the data classes of a request and the targets that they permit. The check fails closed.

The only check there is: of model calls and of what goes to its provider unread. What cannot be decided counts against
the request: a condition that cannot be evaluated gives its data class (none can be, of a body that is not read), a
provider without a region is in none, a request that names no model is to none of the models that a restriction allows,
a class or cost centre that a client made up is refused.

The restrictions of the cost centre of a request.

The one that counts restricts it. One that the caller only claims restricts it besides, because that can only narrow:
a caller that keeps its data from somebody by naming its cost centre must not lose that by not being believed. A claim
lifts nothing, and nothing is spent or counted by it.
"""

from collections.abc import Iterable, Sequence

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.features import Declarations
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import AUTO, Target
from openclaw_extproc.policy import cost
from openclaw_extproc.policy.candidates import Candidate
from openclaw_extproc.policy.context import fits
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.strategy import Restriction, Strategy
from openclaw_extproc.wire import upstream_format
from openclaw_extproc.wire.base import Operation

# -- cost centres ----------------------------------------------------------------------


def restrictions_of(declared: Declarations, strategy: Strategy) -> tuple[Restriction, ...]:
    names = dict.fromkeys((declared.cost_centre, declared.cost_centre_label))
    centres = (strategy.cost_centres[name] for name in names if name in strategy.cost_centres)
    return tuple(centre.restriction for centre in centres if centre.restriction is not None)


# -- compliance ------------------------------------------------------------------------


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


# -- eligibility -----------------------------------------------------------------------


TOO_LONG = "context_length_exceeded"
"""The code that clients know it by; encoders of errors look at it."""


LEAST_OF_ESTIMATE = 0.7
"""Of an estimate of tokens: a prompt has at least this share of it."""


@dataclass(frozen=True, slots=True)
class EligibilityTerms:
    """The requirements of one request that all candidates are checked against."""

    bounds: Bounds
    first: Target
    """Of the candidates: whose vectors are asked for."""
    home: str
    """Name of the provider that a key of the caller's was meant for: the one that has what the client asked for."""
    shortens: bool
    """Whether a conversation that is too long is made shorter on its way, and nobody knows yet how short."""


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The candidates that remain, and the removed ones with their reasons."""

    usable: tuple[Candidate, ...]
    objections: tuple[tuple[Candidate, Fault], ...]


def eligibility_terms(first: Target, level: str, bounds: Bounds, case: RoutingContext) -> EligibilityTerms:
    """`level`: the model that the request's own header asks for instead of its body; empty: none."""
    own = None if case.asked == "unknown" and not level else case.meaning(level or case.asked_name)
    asked = own or case.meaning(AUTO)
    home = asked.chain[0].provider.name if asked else first.provider.name
    return EligibilityTerms(
        bounds, first, home, case.strategy.context is not None and case.features.least_tokens is None
    )


def filter_candidates(
    candidates: Sequence[Candidate], terms: EligibilityTerms, case: RoutingContext, *, others: bool = False
) -> Eligibility:
    """`others`: whether somebody else is looked for when none of these has room, so that an estimate may say so."""
    found = [(one, ineligibility(one, terms, case)) for one in candidates]
    usable = [one for one, fault in found if fault is None]
    objections = [(one, fault) for one, fault in found if fault is not None]
    for doubt in (_absent, _unable, _too_long):
        doubted = [(one, fault) for one in usable if (fault := doubt(one, case))]
        if len(doubted) == len(usable):
            # An estimate has its error: only what surely does not fit is refused, and never where there is one target,
            # whose provider knows, and says so in its own words.
            counts = doubt is _too_long and not terms.shortens and (others or len({one.name for one in usable}) > 1)
            doubted = [(one, fault) for one, fault in doubted if counts and (others or _surely_too_long(one, case))]
        if doubted:
            usable = [one for one in usable if not any(one is other for other, _ in doubted)]
            objections += doubted
    return Eligibility(tuple(usable), tuple(objections))


def ineligibility(one: Candidate, terms: EligibilityTerms, case: RoutingContext) -> Fault | None:
    """What holds whoever else there is."""
    return _compliance_fault(one, terms, case) or _unfit(one.target, terms, case)


def is_ineligible(one: Candidate, terms: EligibilityTerms, case: RoutingContext) -> bool:
    """Whether there is any objection at all, or a doubt, even one that all others share."""
    return bool(ineligibility(one, terms, case) or any(doubt(one, case) for doubt in (_absent, _unable, _too_long)))


def most_telling_fault(objections: Iterable[tuple[Candidate, Fault]]) -> Fault:
    """Which one a caller is told, when there is nobody left: what they can do something about, before what they cannot.

    If nobody may have it, that: whatever else is missing at a provider that is out of bounds is no business of theirs.
    """
    faults = [fault for _, fault in objections]
    allowed = [fault for fault in faults if fault.kind is not FaultKind.FORBIDDEN]
    if not allowed:
        return faults[0]
    unfit = (fault for fault in allowed if fault.kind is FaultKind.UNSUPPORTED)
    long = (fault for fault in allowed if fault.code == TOO_LONG)
    return next(unfit, None) or next(long, None) or allowed[0]


def _compliance_fault(one: Candidate, terms: EligibilityTerms, case: RoutingContext) -> Fault | None:
    name = terms.bounds.forbids(one, case)
    return Fault(FaultKind.FORBIDDEN, f"{name} does not allow {one.name}") if name else None


def _unfit(target: Target, terms: EligibilityTerms, case: RoutingContext) -> Fault | None:
    features, situation, provider = case.features, case.situation, target.provider
    spoken = upstream_format(provider, features.client_format)
    if spoken is None or spoken.provider is None:
        return Fault(
            FaultKind.UNSUPPORTED,
            f"model: {provider.name} serves it, but not for {_OPERATION_NAMES[features.operation]}",
        )
    other_vectors = features.operation == "embeddings" and target.model != terms.first.model
    if other_vectors and not case.gateway.mixed_embeddings:
        return Fault(
            FaultKind.EXHAUSTED, f"vectors of {target.model} cannot be compared with those of {terms.first.model}"
        )
    foreign = spoken.words != features.client_format
    if provider.auth == "forward" and (foreign or provider.name != terms.home):
        # A caller's key goes to the provider it was sent for and to nobody else.
        return Fault(FaultKind.EXHAUSTED, "the caller's own credential is sent only to the first provider of a chain")
    if provider.auth != "forward" and provider.identity in situation.missing_credentials:
        return Fault(FaultKind.EXHAUSTED, "its credential is not set")
    if foreign and features.bound_to_format:
        bound = features.bound_to_format[0]
        return Fault(FaultKind.UNSUPPORTED, f"{bound} cannot be translated for {provider.name}", about=bound)
    if foreign and (missing := sorted(features.needs - spoken.provider.carries)):
        return Fault(FaultKind.UNSUPPORTED, f"{', '.join(missing)} cannot be translated for {provider.name}")
    return None


def _absent(one: Candidate, case: RoutingContext) -> Fault | None:
    """It is not put last, but left out: where Envoy comes to it, the call is over. Where all are absent, one of them
    is asked, as the name may resolve by then."""
    if one.target.provider.name not in case.situation.without_address:
        return None
    return Fault(FaultKind.EXHAUSTED, "Envoy has no address of it")


def _too_long(one: Candidate, case: RoutingContext) -> Fault | None:
    """A hard limit, for what is left when all of the conversation is left out that may be."""
    facts = one.facts
    if facts.window is None or case.features.operation == "count_tokens":
        return None
    tokens = cost.wanted_tokens(case.features, facts, case.tokens(facts))
    if tokens <= facts.window:
        return None
    ratio = case.situation.token_ratio.get(facts.family, 1.0)
    if fits(case.features, facts, case.strategy.context, ratio):
        return None
    asks = f"about {tokens:,} tokens with the requested output"
    public = f"{asks}; the context window of {one.target.model} is {facts.window:,}"
    return Fault(FaultKind.MALFORMED, public, code=TOO_LONG)


def _surely_too_long(one: Candidate, case: RoutingContext) -> bool:
    """Whether the prompt alone is wider than the window, however wrong the estimate is."""
    window = one.facts.window
    return window is not None and case.tokens(one.facts) * LEAST_OF_ESTIMATE > window


def _unable(one: Candidate, case: RoutingContext) -> Fault | None:
    """Only what is known. And where all are said to be unable, the catalogue may be wrong: the provider will know."""
    missing = one.facts.lacks & case.abilities
    if not missing:
        return None
    return Fault(FaultKind.UNSUPPORTED, f"{one.target.model} does not support {', '.join(sorted(missing))}")


_OPERATION_NAMES: dict[Operation, str] = {
    "chat": "chats",
    "completions": "completions",
    "embeddings": "embeddings",
    "count_tokens": "a count of tokens",
    "compaction": "a compaction",
}
