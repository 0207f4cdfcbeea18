"""Linking of `gateway.routing_strategy`: rules, tasks, fallbacks, tiers, experiments, canaries, the second opinion."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from openclaw_extproc.config.conditions import Compiler, is_constant
from openclaw_extproc.config.findings import Finding, error, known_names, suggestion, warning
from openclaw_extproc.config.models.names import Names
from openclaw_extproc.config.providers.endpoints import Endpoint, endpoint
from openclaw_extproc.config.schema.routing import (
    CanaryEntry,
    ExperimentEntry,
    RoutingRules,
    SecondOpinionSection,
    StrategyRule,
)
from openclaw_extproc.strategy import Condition, Experiment, Rule, SecondOpinion, Task

PATH = "gateway.routing_strategy"

TIER_WORDS: Mapping[str, tuple[str, ...]] = {
    "simple": ("simple",),
    "standard": ("standard",),
    "reasoning": ("standard",),
    "large": ("large",),
    "large_context": ("large",),
    "complex": ("standard", "large"),
    "coding": ("coding",),
}
"""From what an operator may write to the keys of `Strategy.tiers`."""


@dataclass(frozen=True, slots=True)
class Linking:
    """The names, the compiler and the findings that all parts of a strategy are linked with."""

    names: Names
    compiler: Compiler

    @property
    def findings(self) -> list[Finding]:
        return self.names.findings

    def condition(self, source: str | None, path: str) -> Condition | None:
        return None if source is None else self.compiler.condition(source, f"{path}.if")


# -- rules -----------------------------------------------------------------------


def link_rules(section: RoutingRules, linking: Linking) -> tuple[tuple[Rule, ...], str]:
    """The rules and the default: the model of `- fallback: NAME`."""
    rules, default, over = list[Rule](), "", ""
    names = _Unique("rule", linking.findings)
    for n, rule in enumerate(section.rules):
        path = f"{PATH}.rules[{n}]"
        if rule.name:
            names.add(rule.name, f"{path}.name")
        if over:
            finding = f"never reached: {over} matches every request and names a model"
            linking.findings.append(warning(path, finding, "move it before that one"))
        if _is_default(rule):
            default = _default(rule, path, linking, is_last=n == len(section.rules) - 1) or default
            continue
        linked = _rule(rule, n, linking)
        if linked is None:
            continue
        rules.append(linked)
        if linked.model and not over and (linked.condition is None or is_constant(linked.condition)):
            over = f"rules[{n}]"
    return tuple(rules), default


def _is_default(rule: StrategyRule) -> bool:
    return bool(rule.fallback) and rule.condition is None and rule.model is None and rule.priority is None


def _default(rule: StrategyRule, path: str, linking: Linking, *, is_last: bool) -> str:
    if not is_last:
        finding = "the fallback of all rules has to be the last of them, and there can be one"
        linking.findings.append(error(path, finding, "move it to the end, or give it an if:"))
        return ""
    if len(rule.fallback) > 1:
        remedy = f"name one, and the others under {PATH}.fallbacks"
        linking.findings.append(error(f"{path}.fallback", "the fallback of all rules is one model", remedy))
    return linking.names.model(rule.fallback[0], f"{path}.fallback", says="without it, the default chain is")


def _rule(rule: StrategyRule, n: int, linking: Linking) -> Rule | None:
    """`None` for one that is wrong or that nothing is left of."""
    path = f"{PATH}.rules[{n}]"
    if rule.model is None and rule.priority is None and not rule.fallback:
        linking.findings.append(error(path, "has no effect", "name a model, a priority or a fallback"))
    condition = linking.condition(rule.condition, path)
    model = linking.names.model(rule.model, f"{path}.model") if rule.model else ""
    fallback = linking.names.models(rule.fallback, f"{path}.fallback")
    if rule.condition is not None and condition is None:
        return None
    if rule.model and not model:
        # It chose what is not there: what stands in for that is chosen now, or the rule is as if it were not written.
        model, fallback = (fallback[0], fallback[1:]) if fallback else ("", ())
        if not model:
            return None
    if model in fallback:
        linking.findings.append(warning(f"{path}.fallback", f'"{model}" is its own fallback: not used', "remove it"))
    return Rule(
        name=rule.name or f"rules[{n}]",
        condition=condition,
        model=model,
        priority=rule.priority or "",
        fallback=tuple(name for name in fallback if name != model),
    )


@dataclass(slots=True)
class _Unique:
    """Names that are reported, and must not be two things."""

    what: str
    findings: list[Finding]
    seen: frozenset[str] = frozenset()

    def add(self, name: str, path: str) -> None:
        if name in self.seen:
            self.findings.append(error(path, f'a second {self.what} named "{name}"', "give it another name"))
        self.seen |= {name}


# -- maps ------------------------------------------------------------------------


def link_tasks(section: RoutingRules, top_level: Mapping[str, str], linking: Linking) -> dict[str, str]:
    """The models of tasks: those of the section, and of `task_to_model` where the section has none."""
    tasks: dict[str, str] = {}
    for path, written in ((f"{PATH}.tasks", section.tasks), ("task_to_model", top_level)):
        for task, name in written.items():
            model = linking.names.model(name, f"{path}.{task}")
            if task not in get_args(Task):
                linking.findings.append(_no_such("task", task, f"{path}.{task}", get_args(Task)))
            elif tasks.get(task, model) != model:
                linking.findings.append(_overridden(f"{path}.{task}", f"{PATH}.tasks"))
            elif model:
                tasks[task] = model
    return tasks


def link_fallbacks(
    section: RoutingRules, top_level: Mapping[str, list[str]], linking: Linking
) -> dict[str, tuple[str, ...]]:
    """The fallbacks of models: those of the section, and of `fallback_map` where the section has none."""
    fallbacks: dict[str, tuple[str, ...]] = {}
    for path, written in ((f"{PATH}.fallbacks", section.fallbacks), ("fallback_map", top_level)):
        for name, others in written.items():
            place = f"{path}.{name}"
            model = linking.names.model(name, place)
            found = linking.names.models(others, place)
            if model in found:
                finding = "a model cannot be its own fallback"
                linking.findings.append(error(place, finding, "name another one, or remove it"))
            elif fallbacks.get(model, found) != found:
                linking.findings.append(_overridden(place, f"{PATH}.fallbacks"))
            elif model and found:
                fallbacks[model] = found
    return fallbacks


def _overridden(path: str, by: str) -> Finding:
    return warning(path, f"not used: {by} sets another value", "set it in one of the two places")


def _no_such(what: str, word: str, path: str, words: Sequence[str]) -> Finding:
    remedy = suggestion(word, words) or "write one of these"
    return error(path, f'no {what} is named "{word}" {known_names(words)}', remedy)


def link_tiers(section: RoutingRules, linking: Linking) -> dict[str, tuple[str, ...]]:
    """The models of tiers, by the words of `Strategy.tiers`. What names one tier goes before `complex`, which names
    two."""
    tiers: dict[str, tuple[str, ...]] = {}
    said_by: dict[str, str] = {}
    for word in sorted(section.tiers, key=lambda word: len(TIER_WORDS.get(word, ()))):
        path, meant = f"{PATH}.tiers.{word}", TIER_WORDS.get(word, ())
        found = linking.names.models(section.tiers[word], path)
        if not meant:
            linking.findings.append(_no_such("tier", word, path, [*TIER_WORDS]))
        if not section.tiers[word]:
            linking.findings.append(error(path, "names no model", "name one, or remove it"))
        for tier in meant:
            if tier in said_by and len(meant) == 1:
                finding = f"is an alias of {said_by[tier]}, which is set too"
                linking.findings.append(error(path, finding, "write one of the two"))
            elif tier not in said_by and found:
                tiers[tier] = found
            said_by.setdefault(tier, word)
    return tiers


# -- shares ----------------------------------------------------------------------


def link_experiments(section: RoutingRules, linking: Linking) -> tuple[Experiment, ...]:
    """The linked experiments and canaries."""
    names = _Unique("experiment", linking.findings)
    found = [
        *(_experiment(one, f"{PATH}.experiments[{n}]", names, linking) for n, one in enumerate(section.experiments)),
        *(_canary(one, f"{PATH}.canary[{n}]", names, linking) for n, one in enumerate(section.canary)),
    ]
    return tuple(one for one in found if one is not None)


def _experiment(one: ExperimentEntry, path: str, names: _Unique, linking: Linking) -> Experiment | None:
    condition = linking.condition(one.condition, path)
    of = linking.names.models(one.of, f"{path}.of")
    arm = _arm(one.name, one.model, f"{path}.model", names, linking)
    linking.findings.extend(_same(arm, of, f"{path}.model", linking.names))
    if not arm or (one.of and not of) or (one.condition is not None and condition is None):
        return None
    return Experiment(one.name or arm, arm, one.share, frozenset(of), condition, one.sticky)


def _canary(one: CanaryEntry, path: str, names: _Unique, linking: Linking) -> Experiment | None:
    if one.model is None:
        linking.findings.append(error(f"{path}.model", "missing", "name the model that is in use"))
    used = linking.names.model(one.model, f"{path}.model") if one.model else ""
    arm = _arm(one.name, one.to, f"{path}.to", names, linking)
    linking.findings.extend(_same(arm, (used,), f"{path}.to", linking.names))
    if not arm or not used:
        return None
    return Experiment(one.name or arm, arm, one.share, frozenset({used}), None, one.sticky, canary=True)


def _arm(name: str | None, model: str | None, path: str, names: _Unique, linking: Linking) -> str:
    if model is None:
        linking.findings.append(error(path, "missing", "name the model that gets the share"))
        return ""
    names.add(name or model, f"{path.rpartition('.')[0]}.name")
    if linking.names.knows(model) and not linking.names.is_plain(model):
        finding = f'"{model}" is a wish, and an arm has to be always the same'
        linking.findings.append(error(path, finding, "name a model, an alias or a pool"))
        return ""
    return linking.names.model(model, path)


def _same(arm: str, of: Sequence[str], path: str, names: Names) -> Iterator[Finding]:
    """An arm that is what it is compared with, maybe under another name."""
    first = names.first(arm) if arm else ()
    if first and any(name and names.first(name) == first for name in of):
        yield error(path, "is the same model as what it is compared with", "name another one")


# -- second opinion ----------------------------------------------------------------


def link_second_opinion(section: SecondOpinionSection, findings: list[Finding]) -> SecondOpinion | None:
    """The model that classifies unclear requests; `None`: there is none."""
    path = f"{PATH}.second_opinion"
    place = endpoint(section.endpoint, f"{path}.endpoint") if section.endpoint else None
    if isinstance(place, Finding):
        findings.append(place)
    if not section.enabled:
        return None
    for key, value in (("endpoint", section.endpoint), ("model", section.model)):
        if value is None:
            findings.append(error(f"{path}.{key}", "missing", "write it, or remove enabled: true"))
    if section.endpoint is None or section.model is None or not isinstance(place, Endpoint):
        return None
    return SecondOpinion(
        section.endpoint.rstrip("/"),
        section.model,
        section.timeout_ms,
        section.below,
        frozenset(section.data_classes),
    )
