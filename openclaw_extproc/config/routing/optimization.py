"""Linking of the cost sections: preferences, limits, and findings about models that a limit cannot count."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from openclaw_extproc.config.findings import Finding, error, known_names, suggestion, unknown_words, warning
from openclaw_extproc.config.known.hosting import KINDS
from openclaw_extproc.config.models.catalog import Catalogue
from openclaw_extproc.config.schema.config_file import Written
from openclaw_extproc.config.schema.models import CostAware, CostOptimization, SwitchingRule
from openclaw_extproc.strategy import Optimization, Switching

_TARGET = "minimize_cost"
_STRATEGY = "cost_window"
_NEXT_CHEAPER = "next_cheaper"
_ACTIONS: Mapping[str, str] = {
    "cost_per_task": "downgrade_model",
    "error_rate": "switch_provider",
    "latency_p99": "fallback_fast",
}
"""Of each metric the one thing that helps."""
_AWARE = "cost_aware.optimization"
_SWITCHING = "cost_aware.dynamic_switching"
_THRESHOLD = "router.cost_optimization.cost_threshold"
MAX_NAMES_TOLD = 8


def link_optimization(
    written: Written, catalogue: Catalogue
) -> tuple[Optimization, tuple[Switching, ...], list[Finding]]:
    """What is switched off counts as not written."""
    aware = written.cost_aware or CostAware()
    aware = aware if aware.enabled else CostAware()
    priority = written.router.cost_optimization or CostOptimization()
    priority = priority if priority.enabled else CostOptimization()
    limits, budget = aware.optimization.constraints, priority.cost_threshold
    days = [dollars for dollars in (limits.max_daily_budget, budget.daily_budget) if dollars is not None]
    tasks = [rule.threshold for rule in aware.dynamic_switching.rules if rule.metric == "cost_per_task"]
    optimization = Optimization(
        minimize_cost=aware.optimization.target == _TARGET,
        quality_threshold=limits.quality_threshold,
        kinds=tuple(dict.fromkeys(priority.priority)),
        max_cost_per_session=limits.max_cost_per_session,
        hourly_budget=budget.hourly_budget,
        daily_budget=min(days, default=None),
        on_exceeded=aware.on_exceeded,
        max_cost_per_task=min((limit for limit in tasks if limit is not None), default=None),
        unknown_price=aware.unknown_price,
    )
    findings = [
        *_words(aware, priority),
        *_rules(aware),
        *_budgets(optimization),
        *_unreachable_limits(optimization, catalogue),
        *_minimizing_findings(optimization, catalogue),
        *_of_one_kind(optimization, catalogue),
        *_unused_models(optimization, catalogue),
        *_uncounted_findings(optimization, aware, catalogue),
    ]
    return optimization, tuple(_switching_rules(aware)), findings


def _words(aware: CostAware, priority: CostOptimization) -> Iterator[Finding]:
    yield from unknown_words("router.cost_optimization.priority", "kind of models", priority.priority, KINDS)
    yield from _unknown(f"{_AWARE}.target", aware.optimization.target, "target", (_TARGET,))
    yield from _unknown(f"{_SWITCHING}.strategy", aware.dynamic_switching.strategy, "strategy", (_STRATEGY,))


def _unknown(path: str, word: str | None, what: str, allowed: tuple[str, ...]) -> Iterator[Finding]:
    if word is not None and word not in allowed:
        yield error(
            path, f'no {what} is named "{word}" {known_names(allowed)}', suggestion(word, allowed) or "remove it"
        )


# -- dynamic_switching ---------------------------------------------------------------------


def _rules(aware: CostAware) -> Iterator[Finding]:
    metrics: set[str] = set()
    for n, rule in enumerate(aware.dynamic_switching.rules):
        path = f"{_SWITCHING}.rules[{n}]"
        if rule.metric in metrics:
            yield warning(f"{path}.metric", f"a second rule about {rule.metric}: the lower threshold applies")
        metrics |= {rule.metric} if rule.metric else set()
        yield from _rule(path, rule)


def _rule(path: str, rule: SwitchingRule) -> Iterator[Finding]:
    if rule.metric is None:
        yield error(f"{path}.metric", "missing", f"write one of: {', '.join(_ACTIONS)}")
    if rule.threshold is None:
        yield error(f"{path}.threshold", "missing", "write the number above which it happens")
    yield from _unknown(f"{path}.metric", rule.metric, "metric", tuple(_ACTIONS))
    if rule.metric is None or rule.metric not in _ACTIONS:
        return
    yield from _unknown(f"{path}.action", rule.action, f"action for {rule.metric}", (_ACTIONS[rule.metric],))
    if rule.metric == "cost_per_task":
        yield from _unknown(f"{path}.downgrade_to", rule.downgrade_to, "way down", (_NEXT_CHEAPER,))
    elif rule.downgrade_to is not None:
        yield warning(f"{path}.downgrade_to", f"not used: {rule.metric} is not about cost", "remove it")
    if rule.metric == "error_rate" and (rule.threshold or 0) > 1:
        yield error(f"{path}.threshold", "is a share, from 0 to 1", "write 0.05 for 5 percent")


def _switching_rules(aware: CostAware) -> Iterator[Switching]:
    switching = aware.dynamic_switching
    for rule in switching.rules:
        window = 60.0 * (switching.window_minutes or 5)
        interval = _seconds(switching.check_interval or "30s")
        match rule.metric:
            case "error_rate":
                yield Switching("error_rate", rule.threshold or 0.0, "switch_provider", window, interval)
            case "latency_p99":
                yield Switching("latency_p99", rule.threshold or 0.0, "fallback_fast", window, interval)
            case _:
                pass


_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def _seconds(duration: str) -> float:
    """Of a duration that was checked when it was read: `30s`, `every 6h`."""
    number, unit = re.findall(r"(\d+)([a-z]+)$", duration)[0]
    return float(number) * _SECONDS[unit]


# -- limits and models ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Limit:
    path: str
    dollars: float | None


def _limits(made: Optimization) -> list[_Limit]:
    limits = (
        _Limit(f"{_AWARE}.constraints.max_cost_per_session", made.max_cost_per_session),
        _Limit(f"{_AWARE}.constraints.max_daily_budget", made.daily_budget),
        _Limit(f"{_THRESHOLD}.hourly_budget", made.hourly_budget),
        _Limit(f"{_SWITCHING}.rules", made.max_cost_per_task),
    )
    return [limit for limit in limits if limit.dollars is not None]


def _budgets(made: Optimization) -> Iterator[Finding]:
    if made.hourly_budget is not None and made.daily_budget is not None and made.hourly_budget > made.daily_budget:
        finding = f"exceeds the daily budget, {made.daily_budget:g}: it has no effect"
        yield warning(f"{_THRESHOLD}.hourly_budget", finding, "write less here, or more there")


def _unreachable_limits(made: Optimization, catalogue: Catalogue) -> Iterator[Finding]:
    threshold = made.quality_threshold
    known_ones = [q for name in catalogue.chatting if (q := catalogue.facts[name].quality) is not None]
    if threshold is None or not catalogue.chatting or any(quality >= threshold for quality in known_ones):
        return
    best = f"the best has {max(known_ones):g}" if known_ones else "of none the quality is known"
    path = f"{_AWARE}.constraints.quality_threshold"
    yield warning(path, f"no model reaches {threshold:g}: {best}", "write quality: of the models, or lower it")


def _minimizing_findings(made: Optimization, catalogue: Catalogue) -> Iterator[Finding]:
    if made.minimize_cost and catalogue.facts and not any(facts.prices for facts in catalogue.facts.values()):
        finding = "makes no difference: no model's price is known"
        yield warning(f"{_AWARE}.target", finding, "write input_cost_per_million and output_cost_per_million")


def _of_one_kind(made: Optimization, catalogue: Catalogue) -> Iterator[Finding]:
    ranks = {made.kinds.index(kind) if kind in made.kinds else -1 for kind in _kinds(catalogue)}
    if made.kinds and catalogue.chatting and len(ranks) == 1:
        found = ", ".join(sorted(_kinds(catalogue) - {""})) or "of a kind that is not known"
        finding = f"makes no difference: all models are {found}"
        yield warning("router.cost_optimization.priority", finding, "list models of the other kinds, or write kind:")


def _kinds(catalogue: Catalogue) -> set[str]:
    return {catalogue.facts[name].kind for name in catalogue.chatting}


def _unused_models(made: Optimization, catalogue: Catalogue) -> Iterator[Finding]:
    """Where costs matter: models whose price would be known if they were asked at their vendor's own address."""
    if not (_limits(made) or made.minimize_cost or made.kinds):
        return
    for name, price in list(catalogue.at_vendor.items())[:MAX_NAMES_TOLD]:
        finding = f"the price of {name} is not known, because its endpoint is not its vendor's"
        told = f"input_cost_per_million: {price.input:g} and output_cost_per_million: {price.output:g}"
        yield warning(catalogue.paths.get(name, ""), finding, f"if you pay the vendor's price, write {told}")


def _uncounted_findings(made: Optimization, aware: CostAware, catalogue: Catalogue) -> Iterator[Finding]:
    """A limit that does not count what is spent is worse than none, as somebody relies on it."""
    limits = _limits(made)
    without = (name for name, facts in catalogue.facts.items() if not facts.prices)
    unpriced = sorted(name for name in without if name not in catalogue.at_vendor)
    told = aware.unknown_price == "allow" and "unknown_price" in aware.model_fields_set
    if not limits or not unpriced or told:
        return
    names = ", ".join(unpriced[:MAX_NAMES_TOLD]) + (", …" if len(unpriced) > MAX_NAMES_TOLD else "")
    done = "left out by this limit" if aware.unknown_price == "deny" else "not counted"
    remedy = "write input_cost_per_million and output_cost_per_million of them (0 if they are free)"
    yield warning(limits[0].path, f"the price of {names} is unknown: {done}", remedy)
