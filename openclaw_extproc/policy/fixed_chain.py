"""Models with a fixed chain: nothing in the configuration makes the plan of a request depend on what it says.

Their decisions are made once and kept for all requests that are alike in what a decision can still depend on: who is
healthy, has a credential, an address and room for another call, what the request needs a model to be able to, and which
targets cost more than the first. All else is asked of each request: whether it fits into the windows, can be
translated, and says nothing of itself that a decision looks at. Where any of that is not so, it is decided anew.

`decide` makes every decision that is kept; this module makes none.
"""

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.gateway import AUTO
from openclaw_extproc.policy import cost
from openclaw_extproc.policy.candidates import candidates
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.choose import ModelChoice, choose, merge_overrides
from openclaw_extproc.policy.select.rules import RuleOutcome
from openclaw_extproc.policy.snapshot import DecisionKey, FixedChain, KeptDecision, is_full
from openclaw_extproc.wire import upstream_format


def fixed_chain_of(case: RoutingContext) -> FixedChain | None:
    """The fixed chain of the model asked for; `None`: it has none, or this request is not an ordinary one."""
    features = case.features
    if not _is_ordinary(case):
        return None
    known, key = case.snapshot.fixed_chains, (features.model, features.client_format, features.operation)
    if key not in known:
        if features.model != AUTO and features.model not in case.snapshot.meanings:
            return None  # its name is a stranger's word, of which there is no end
        known[key] = None if why_not_fixed(case) else _make_chain(case)
    return known[key]


def _is_ordinary(case: RoutingContext) -> bool:
    """Whether the request says nothing of itself that a decision looks at, and is not in the middle of anything."""
    declared, strategy, remembered = case.features.declared, case.strategy, case.situation.remembered
    if case.given is not None or declared.level or declared.data_class or declared.priority == "low":
        return False
    if declared.session and (strategy.levels.session or strategy.levels.sessions):
        return False
    if strategy.cost_centres and (declared.cost_centre or declared.cost_centre_label):
        return False
    if declared.user and declared.user in strategy.users:
        return False
    return not remembered.target or not (strategy.affinity or case.features.in_tool_loop)


def why_not_fixed(case: RoutingContext) -> str:
    """What in the configuration can make the plan depend on the request; empty: nothing does."""
    strategy = case.strategy
    wanted, prompt = strategy.optimization, strategy.levels.prompt
    budgets = wanted.max_cost_per_session, wanted.hourly_budget, wanted.daily_budget, wanted.max_cost_per_task
    reasons = {
        "the mode is not enforce": strategy.mode != "enforce",
        "a compliance rule": bool(strategy.compliance.when),
        "a budget": any(limit is not None for limit in budgets) or (prompt and prompt.max_cost_usd is not None),
        "an experiment": bool(strategy.experiments),
        "a rule": case.may_be_chosen and bool(strategy.rules),
        "a task or a tier": case.may_be_chosen and bool(strategy.tasks or strategy.tiers),
        "a preference by price or speed": wanted.minimize_cost or wanted.latency or bool(wanted.kinds),
        "a preference for cheaper models": case.may_be_chosen and strategy.default_priority != "",
        "a model that nobody lists": case.asked == "unknown",
    }
    return next((reason for reason, is_so in reasons.items() if is_so), "") or _why_not_of(case)


def _why_not_of(case: RoutingContext) -> str:
    """The same of the chain itself."""
    choice = _choice(case)
    line = candidates(choice, case)
    if any(found.pool or found.wish for name in choice.names if (found := case.meaning(name))):
        return "a pool or a preference of a virtual model"
    if any(one.weight for one in line):
        return "stand-ins with shares"
    if case.strategy.region and len({one.target.model for one in line}) < len(line):
        return "the nearest of several providers, and the fastest among those"
    return ""


def _choice(case: RoutingContext) -> ModelChoice:
    """Raises `FaultError`, as `choose`."""
    return choose(case, merge_overrides(case), RuleOutcome())


def _make_chain(case: RoutingContext) -> FixedChain:
    choice = _choice(case)
    line = [(one.target, one.facts) for one in candidates(choice, case)]
    emergency = case.gateway.emergency.model
    others = (case.gateway.chain_of(emergency) or ())[:1] if emergency else ()
    everybody = dict.fromkeys((*(target for target, _ in line), *others))
    facts = [case.gateway.facts(target) for target in everybody]
    spoken = [upstream_format(target.provider, case.features.client_format) for target in everybody]
    return FixedChain(
        targets=tuple((target.name, facts) for target, facts in line),
        windows=tuple(dict.fromkeys(one for one in facts if one.window is not None)),
        translates=any(one is not None and one.words != case.features.client_format for one in spoken),
        limited=tuple(target.name for target in everybody if target.name in case.snapshot.limits),
        minds_cost=case.snapshot.minds_cost,
    )


def key_of(chain: FixedChain, case: RoutingContext) -> DecisionKey | None:
    """What the decision on this request depends on; `None`: on something that is not kept."""
    features, situation = case.features, case.situation
    if chain.translates and (features.bound_to_format or features.needs):
        return None
    if features.operation != "count_tokens" and not all(_fits(facts, case) for facts in chain.windows):
        return None
    full = [name for name in chain.limited if is_full(name, case.snapshot.limits, situation.inflight)]
    return (
        case.abilities,
        situation.missing_credentials,
        situation.unhealthy,
        situation.without_address,
        tuple(full),
        _dearer(chain, case) if chain.minds_cost else (),
        features.declared.priority,
    )


def _fits(facts: ModelFacts, case: RoutingContext) -> bool:
    assert facts.window is not None, "others are not among them"
    return cost.wanted_tokens(case.features, facts, case.tokens(facts)) <= facts.window


def _dearer(chain: FixedChain, case: RoutingContext) -> tuple[bool | None, ...]:
    """Of each target, whether it costs more than the first; `None`: nobody knows."""
    costs = [case.cost_of(name, facts) for name, facts in chain.targets]
    first = costs[0]
    return tuple(None if one is None or first is None else one > first for one in costs)


def keep(chain: FixedChain, key: DecisionKey, decision: KeptDecision) -> None:
    """Keep a decision, unless it names somebody outside the chain: those are compared by what this request costs."""
    known = {name for name, _ in chain.targets}
    if all(target.name in known for group in decision.groups for target in group):
        chain.keep(key, decision)
