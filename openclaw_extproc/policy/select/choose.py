"""The choice of the model: the first source that names one decides.

A level (request, `prompt:`, session), the user's preference, a rule, the task, the tier, the client. Tasks and tiers
know nothing of the request but a guess of ours, so they never give a client that named a model a dearer one. A pinned
choice is somebody's word for this request or this person: it is filtered, and never improved upon.

The combined overrides of the request, its session and `prompt:`.

For each field the first level that says something has it: the request, `prompt:`, the session's entry in
`session.yml`, `session:`. Two things only ever get narrower: every data class that any level names holds, and so does
the smallest cost limit. A request can shorten its time limit and never lengthen the operator's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import AUTO, LEVEL
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.rules import RuleOutcome
from openclaw_extproc.record import Chooser
from openclaw_extproc.strategy import Level, Task

# -- overrides -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Overrides:
    """The overrides that apply to one request."""

    model: str = ""
    level: str = ""
    """Name of the level that chose the model."""
    fallback: tuple[str, ...] = ()
    """What stands in for its model; where no level names a model, for whatever is chosen."""
    by: Chooser = ""
    routing: bool = True
    timeout_ms: int | None = None
    data_classes: tuple[str, ...] = ()
    max_cost_usd: float | None = None


def merge_overrides(case: RoutingContext) -> Overrides:
    levels = list(_levels(case))
    if not levels:
        return Overrides()
    own = tuple(level for by, level in levels if by == "request")
    others = tuple(level for by, level in levels if by != "request")
    named: list[tuple[Chooser, Level]]
    named = [entry for entry in levels if entry[1].model and (case.is_chat or entry[0] == "request")]
    by, chosen = next(iter(named), _NOBODY)
    standing_in = chosen.fallback if named else next((one.fallback for _, one in levels if one.fallback), ())
    times = [next((one.timeout_ms for one in part if one.timeout_ms is not None), None) for part in (own, others)]
    costs = [level.max_cost_usd for _, level in levels if level.max_cost_usd is not None]
    return Overrides(
        model=chosen.model,
        level=chosen.name,
        fallback=tuple(name for name in standing_in if not name.startswith(LEVEL)),
        by=by,
        routing=next((level.routing for _, level in levels if level.routing is not None), True),
        timeout_ms=min((ms for ms in times if ms is not None), default=None),
        data_classes=tuple(level.data_class for _, level in levels if level.data_class),
        max_cost_usd=min(costs, default=None),
    )


_NOBODY: tuple[Chooser, Level] = "", Level()


def _levels(case: RoutingContext) -> Iterator[tuple[Chooser, Level]]:
    """In the order of precedence."""
    declared, levels = case.features.declared, case.strategy.levels
    if declared.level:
        yield "request", declared.level
    if levels.prompt:
        yield "prompt", levels.prompt
    if not declared.session:
        return
    if entry := case.snapshot.session(declared.session):
        yield "session", entry
    if levels.session:
        yield "session", levels.session


# -- choose ----------------------------------------------------------------------------


MAX_NAMES_TOLD = 20
"""An error message is read by a person."""

CODING = "coding"
_CODING: frozenset[Task] = frozenset({"code_generation", "code_review"})

Priority = Literal["", "cost", "quality"]


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The chosen models, the source of the choice, and the reasons."""

    names: tuple[str, ...]
    """Models, pools or virtual names; those of one tier are as good as each other, the first one first."""
    by: Chooser
    because: tuple[str, ...]
    priority: Priority = ""
    fallback: tuple[str, ...] = ()
    """Of the rules: names that stand in before all others."""
    rule: str = ""
    level: str = ""
    routing: bool = True
    """`False`: the model that was asked for, and nobody else."""

    @property
    def pinned(self) -> bool:
        return self.by in ("request", "prompt", "session", "user")

    @property
    def may_be_dearer(self) -> bool:
        """Than what the client asked for: somebody said so."""
        return self.pinned or self.by in ("rule", "experiment")


def choose(case: RoutingContext, over: Overrides, ruled: RuleOutcome) -> ModelChoice:
    """Raises `FaultError`: nobody lists the model asked for."""
    notes: list[str] = []
    choice = _by_level(case, over)
    if choice is None and over.routing:
        choice = _by_user(case) or _by_rule(case, ruled)
        if choice is None and _may_guess(case):
            choice = _by_task(case, notes) or _by_tier(case, notes)
    choice = choice or _by_client(case, over)
    if not over.routing:
        return replace(choice, routing=False, because=(*choice.because, "routing is disabled for this request"))
    priority = ruled.priority or choice.priority
    fallback = over.fallback or ruled.fallback or choice.fallback
    if not notes and (priority, fallback) == (choice.priority, choice.fallback):
        return choice
    return replace(choice, because=(*choice.because, *notes), priority=priority, fallback=fallback)


def _by_level(case: RoutingContext, over: Overrides) -> ModelChoice | None:
    if not over.model:
        return None
    found = None if over.by == "request" and over.model.startswith(LEVEL) else case.meaning(over.model)
    if found is None:
        raise FaultError(FaultKind.NOT_FOUND, f"{over.level}: no provider is configured for its model")
    told = found.chain[0].name if over.model.startswith(LEVEL) else over.model
    return ModelChoice((over.model,), over.by, (f"{over.level}: {told}",), fallback=over.fallback, level=over.level)


def _by_user(case: RoutingContext) -> ModelChoice | None:
    wanted = case.strategy.users.get(case.features.declared.user, "")
    if not wanted or not case.is_chat or case.meaning(wanted) is None:
        return None
    return ModelChoice((wanted,), "user", (f"the user prefers {wanted}",))


def _by_rule(case: RoutingContext, ruled: RuleOutcome) -> ModelChoice | None:
    rule = ruled.chosen
    if rule is None or case.meaning(rule.model) is None:
        return None
    why = f"rule {rule.name}: {rule.model}"
    return ModelChoice((rule.model,), "rule", (why,), rule.priority, rule.fallback, rule=rule.name)


def _may_guess(case: RoutingContext) -> bool:
    """Whether tasks and tiers have a say. A virtual name with a wish of its own said what is wanted."""
    wish = case.strategy.virtual[case.features.model].wish if case.asked == "virtual" else "auto"
    if not case.is_chat or case.asked == "unknown" or wish != "auto":
        return False
    return case.may_be_chosen


def _by_task(case: RoutingContext, notes: list[str]) -> ModelChoice | None:
    if not case.strategy.tasks:
        return None
    task = case.judgement.task
    wanted = case.strategy.tasks.get(task)
    return _choice_by_guess("task", f"task {task}", (wanted,), case, notes) if wanted else None


def _by_tier(case: RoutingContext, notes: list[str]) -> ModelChoice | None:
    if not (tiers := case.strategy.tiers):
        return None
    tier = case.judgement.tier
    if case.judgement.task in _CODING and CODING in tiers:
        return _choice_by_guess("tier", f"tier {CODING}", tiers[CODING], case, notes)
    return _choice_by_guess("tier", f"tier {tier}", tiers[tier], case, notes) if tier in tiers else None


def _choice_by_guess(
    by: Chooser, words: str, names: Iterable[str], case: RoutingContext, notes: list[str]
) -> ModelChoice | None:
    known = tuple(name for name in names if case.meaning(name) is not None)
    fitting = tuple(name for name in known if _is_within(name, case))
    if fitting:
        return ModelChoice(fitting, by, (f"{words}: {', '.join(fitting)}",))
    if known:
        why = "is not one of the requested models" if case.leaves_choice else "may cost more than the requested model"
        notes.append(f"{words}: {', '.join(known)} not used, because it {why}")
    return None


def _is_within(name: str, case: RoutingContext) -> bool:
    """What the client's model name allows: any model, one of its own, or no dearer one."""
    if not case.leaves_choice:
        return _is_no_dearer(name, case)
    own = case.meaning(case.asked_name) if case.asked == "virtual" else None
    found = case.meaning(name)
    return own is None or (found is not None and {t.name for t in found.peers} <= {t.name for t in own.chain})


def _is_no_dearer(name: str, case: RoutingContext) -> bool:
    most, asked = _dearest(name, case), _dearest(case.features.model, case)
    return name == case.features.model or (most is not None and asked is not None and most <= asked)


def _dearest(name: str, case: RoutingContext) -> float | None:
    """What the dearest of those would cost that the name stands for; `None` if that is not known of each."""
    found = case.meaning(name)
    costs = [case.cost(target) for target in found.peers] if found else []
    known = [cost for cost in costs if cost is not None]
    return max(known) if known and len(known) == len(costs) else None


def client_choice(case: RoutingContext) -> ModelChoice:
    """What a request would get if there were no policy at all. Raises `FaultError`, as `choose`."""
    if case.leaves_choice and case.meaning(AUTO) is not None:
        return ModelChoice((AUTO,), "asked", ("the client asked for the default chain",))
    return _by_client(case, Overrides(routing=False))


def _by_client(case: RoutingContext, over: Overrides) -> ModelChoice:
    model, default = case.features.model, case.strategy.default
    if case.asked not in ("auto", "unknown") and case.meaning(model) is not None:
        return _choice_by_name(model, case)
    if case.asked == "auto":
        listed = model == AUTO or model in case.strategy.virtual
        if default and over.routing and case.is_chat and case.meaning(default) is not None:
            why = f"no rule or tier chose a model: the default fallback {default}"
            return ModelChoice((default,), "default", (why,), priority=case.strategy.default_priority)
        if case.meaning(AUTO) is not None:
            why = "the client asked for the default chain" if listed else _NOBODY_LISTS_IT
            return ModelChoice((AUTO,), "asked", (why,))
    raise unknown_model_fault(case)


_NOBODY_LISTS_IT = "no provider lists the requested model: using the default chain"


def _choice_by_name(model: str, case: RoutingContext) -> ModelChoice:
    found = case.meaning(model)
    assert found is not None, "looked up before"
    match case.asked:
        case "pool":
            return ModelChoice((model,), "asked", (f"the client asked for the pool {model}",))
        case "virtual":
            wish = f": {_WISHES[found.wish]}" if found.wish else ""
            return ModelChoice((model,), "virtual", (f"the client asked for {model}{wish}",))
        case _:
            return ModelChoice((model,), "asked", (f"{found.chain[0].provider.name} lists the requested model",))


_WISHES = {"fast": "the fastest capable model", "cheap": "the cheapest capable model", "best": "the best capable model"}


def unknown_model_fault(case: RoutingContext) -> FaultError:
    """What a client hears that asked for a model which nobody lists."""
    strategy = case.strategy
    known = sorted({*case.gateway.listed, *strategy.pools, *strategy.virtual})
    told = ", ".join(known[:MAX_NAMES_TOLD]) + (", …" if len(known) > MAX_NAMES_TOLD else "")
    return FaultError(FaultKind.NOT_FOUND, f"model: no provider is configured for the requested model (known: {told})")
