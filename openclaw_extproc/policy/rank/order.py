"""The order of eligible targets. Each step moves some targets and leaves the others in the order of the step before.

From the weakest reason to the strongest, so that a later step has the last word: nearness, the wish of a virtual name,
price and quality, what a model is known to be able to, never dearer than what the client asked for, health.
"""

from collections.abc import Callable, Sequence
from math import inf

from openclaw_extproc.policy.candidates import Candidate, CandidateRole, candidate, fallback_candidates
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.choose import ModelChoice

UNMEASURED_SHARE = 0.05
"""Of the requests that go to the fastest, so many go to one that nobody has measured yet: without them the first one
measured would stay the fastest for ever."""


def order_candidates(
    usable: Sequence[Candidate], base: Candidate, choice: ModelChoice, case: RoutingContext
) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """The line, and why it begins with somebody else than it would have; never empty if `usable` is not.

    `base`: who would be asked first if nobody objected and nothing else mattered. What the others cost is compared
    with that.
    """
    line, why = list(usable), ""
    for step, reason in _STEPS:
        moved = step(line, base, choice, case)
        why = reason if moved[0] is not line[0] else why
        line = moved
    first, usual = line[0].name, usable[0].name
    moved_up = line[0] is not usable[0]
    return tuple(line), (f"{first} before {usual}: {why.format(usual=usual)}",) if moved_up else ()


def _partition(line: Sequence[Candidate], first: Callable[[Candidate], bool]) -> list[Candidate]:
    return sorted(line, key=lambda one: not first(one))


# -- nearness and speed ------------------------------------------------------------


def _near_first(line: list[Candidate], _: Candidate, __: ModelChoice, case: RoutingContext) -> list[Candidate]:
    """Of the same model at several providers, the one in our region, then the fastest."""
    if not case.strategy.region and not case.strategy.optimization.latency:
        return line
    place: dict[tuple[CandidateRole, str], int] = {}
    for n, one in enumerate(line):
        place.setdefault((one.standing, one.target.model), n)
    if len(place) == len(line):
        return line
    return sorted(
        line,
        key=lambda one: (
            place[one.standing, one.target.model],
            bool(case.strategy.region) and one.target.provider.region != case.strategy.region,
            case.situation.latency.get(one.name, inf),
        ),
    )


def _fastest(line: list[Candidate], case: RoutingContext) -> list[Candidate]:
    known = case.situation.latency
    line = sorted(line, key=lambda one: known.get(one.name, inf))
    new = [one for one in line if one.name not in known]
    if not new or case.features.tools or case.situation.draw >= UNMEASURED_SHARE:
        return line
    chosen = new[int(case.situation.draw / UNMEASURED_SHARE * len(new))]
    return [chosen, *(one for one in line if one is not chosen)]


# -- wishes ------------------------------------------------------------------------


def _by_wish(line: list[Candidate], _: Candidate, choice: ModelChoice, case: RoutingContext) -> list[Candidate]:
    """Among those that are as good as each other by the choice; who stands in stays behind."""
    chosen = [one for one in line if one.standing is CandidateRole.CHOSEN]
    others = [one for one in line if one.standing is not CandidateRole.CHOSEN]
    found = case.meaning(choice.names[0])
    match found.wish if found else "":
        case "fast":
            return _fastest(chosen, case) + others
        case "cheap":
            return _cheapest(chosen, case) + others
        case "best":
            return sorted(chosen, key=lambda one: _badness(one)) + others
        case _:
            pass
    if case.strategy.optimization.latency and not choice.pinned:
        return _fastest(chosen, case) + others
    return line


def _cheapest(line: list[Candidate], case: RoutingContext) -> list[Candidate]:
    """Those that are good enough first. A price that nobody knows may be any: it goes behind those that are known."""
    least = case.strategy.optimization.quality_threshold or 0.0

    def poor(one: Candidate) -> bool:
        return (one.facts.quality or 0.0) < least

    return sorted(line, key=lambda one: (poor(one), inf if one.cost is None else one.cost))


def _badness(one: Candidate) -> float:
    quality = one.facts.quality
    return inf if quality is None else -quality


# -- price -------------------------------------------------------------------------


def _by_price(line: list[Candidate], base: Candidate, choice: ModelChoice, case: RoutingContext) -> list[Candidate]:
    if choice.priority == "quality":
        return sorted(line, key=lambda one: (one.standing is not CandidateRole.CHOSEN, _badness(one)))
    importance = case.features.declared.priority
    if importance == "low":
        line = [one for one in line if not _is_dearer(one, base)] or line
    elif choice.priority == "cost":
        line = sorted(line, key=lambda one: _is_dearer(one, base))  # a dear answer is better than none
    elif not case.snapshot.minds_cost:
        return line
    elif importance == "normal":
        line = _cheaper_stand_ins_first(line, base)
    return _saving(line, base, choice, case)


def _is_dearer(one: Candidate, base: Candidate) -> bool:
    return one.cost is not None and base.cost is not None and one.cost > base.cost


def _cheaper_stand_ins_first(line: list[Candidate], base: Candidate) -> list[Candidate]:
    """Dearer ones are not dropped: an answer for more money is better than none."""

    def rank(one: Candidate) -> int:
        if one.standing is CandidateRole.CHOSEN or base.cost is None or one.weight:
            return 0  # who has a share of what falls over has it whatever it costs
        return 1 if one.cost is None else 2 * (one.cost > base.cost)

    return sorted(line, key=rank)


def _saving(line: list[Candidate], base: Candidate, choice: ModelChoice, case: RoutingContext) -> list[Candidate]:
    """The cheapest that can do it goes first, or the one of the kind that is wanted most; never for more money."""
    wanted = case.strategy.optimization
    by_cost = wanted.minimize_cost or choice.priority == "cost"
    if not (by_cost or wanted.kinds) or not _may_be_saved_on(choice, case) or _is_spread(line):
        return line

    def saves(one: Candidate) -> bool:
        return one.standing is not CandidateRole.LAST and _saves(one, base, case)

    saving = [one for one in line if saves(one)]
    saving.sort(key=lambda one: (_kind(one, case), inf if one.cost is None else one.cost if by_cost else 0.0))
    return saving + [one for one in line if not saves(one)]


def of_preferred_kinds(line: Sequence[Candidate], choice: ModelChoice, case: RoutingContext) -> tuple[Candidate, ...]:
    """All models outside the line that are of a kind the operator prefers to that of the line's first, and that cost no
    more and are good enough. Empty unless `cost_optimization.priority` is set and may move this request.
    """
    base = line[0]
    if not case.strategy.optimization.kinds or not case.is_chat or choice.priority == "quality":
        return ()
    if not choice.routing or not _may_be_saved_on(choice, case) or _is_spread(list(line)):
        return ()
    strangers = fallback_candidates(case.snapshot.chats, line, case, CandidateRole.STANDS_IN)
    return tuple(one for one in strangers if _kind(one, case) < _kind(base, case) and _saves(one, base, case))


def _saves(one: Candidate, base: Candidate, case: RoutingContext) -> bool:
    return _costs_no_more(one, base, case) and _is_good_enough(one, base, case)


def _is_spread(line: list[Candidate]) -> bool:
    """Whether Envoy chooses by weight among those that were chosen: the operator has said who gets how much."""
    return any(one.weight and one.standing is CandidateRole.CHOSEN for one in line)


def _kind(one: Candidate, case: RoutingContext) -> int:
    word, kinds = one.facts.kind, case.strategy.optimization.kinds
    return kinds.index(word) if word in kinds else len(kinds)


def _costs_no_more(one: Candidate, base: Candidate, case: RoutingContext) -> bool:
    """Where a price is not known, the operator's order of kinds tells: `local` before `paid` is meant as cheaper."""
    if one.cost is None or base.cost is None:
        return one.name == base.name or _kind(one, case) < _kind(base, case)
    return one.cost <= base.cost


def _may_be_saved_on(choice: ModelChoice, case: RoutingContext) -> bool:
    if choice.pinned or choice.by in ("virtual", "experiment"):
        return False
    return case.strategy.applies_to == "all" or case.leaves_choice or choice.by != "asked"


def _is_good_enough(one: Candidate, base: Candidate, case: RoutingContext) -> bool:
    """With a threshold: known to reach it. Without one a simple request is served by anybody, and any other by whoever
    is not known to be worse than what was chosen.
    """
    quality, threshold = one.facts.quality, case.strategy.optimization.quality_threshold
    if threshold is not None:
        return quality is not None and quality >= threshold
    chosen = base.facts.quality
    return case.judgement.tier == "simple" or quality is None or chosen is None or quality >= chosen


# -- what outweighs price ----------------------------------------------------------


def _able_first(line: list[Candidate], _: Candidate, choice: ModelChoice, case: RoutingContext) -> list[Candidate]:
    """Those that are known to be able to do what the request needs, before those of which nobody said so. Whoever was
    asked for by name stays where they are: silence is no reason to send a request elsewhere.
    """
    needed = case.abilities

    def able(one: Candidate) -> bool:
        return needed <= one.facts.capabilities

    named = choice.pinned or (choice.by == "asked" and case.asked == "model")
    if not needed or (named and line[0].standing is CandidateRole.CHOSEN):
        return [*line[:1], *_partition(line[1:], able)] if needed else line
    return _partition(line, able)


def no_dearer_than_asked_first(line: list[Candidate], choice: ModelChoice, case: RoutingContext) -> list[Candidate]:
    """A client that named a model does not pay more for another one while there is one that costs no more. Where it
    said that its request is important, that holds for the first attempt only.
    """
    asked = case.meaning(case.asked_name)
    if not line or choice.may_be_dearer or case.asked != "model" or not case.snapshot.minds_cost or asked is None:
        return line
    wanted = candidate(asked.chain[0], case)
    if case.features.declared.priority != "high":
        return _partition(line, lambda one: _costs_no_more(one, wanted, case))
    fitting = [one for one in line if _costs_no_more(one, wanted, case)]
    first = next((one for one in fitting if case.is_healthy(one.target)), line[0])
    return [first, *(one for one in line if one is not first)]


def _not_dearer_first(
    line: list[Candidate], _: Candidate, choice: ModelChoice, case: RoutingContext
) -> list[Candidate]:
    return no_dearer_than_asked_first(line, choice, case)


def healthy_first(line: Sequence[Candidate], case: RoutingContext) -> list[Candidate]:
    return _partition(line, lambda one: case.is_healthy(one.target))


def _healthy_first(line: list[Candidate], _: Candidate, __: ModelChoice, case: RoutingContext) -> list[Candidate]:
    return healthy_first(line, case)


_STEPS: tuple[tuple[Callable[[list[Candidate], Candidate, ModelChoice, RoutingContext], list[Candidate]], str], ...] = (
    (_near_first, "it is in this region, or it is faster"),
    (_by_wish, "by the preference of the virtual model, or by latency"),
    (_by_price, "by price, kind or quality"),
    (_able_first, "it is known to have the capabilities that the request needs"),
    (_not_dearer_first, "it costs no more than the model asked for"),
    (_healthy_first, "{usual} is failing"),
)
