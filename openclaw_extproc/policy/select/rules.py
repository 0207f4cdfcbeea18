"""The evaluation of `routing_strategy.rules`, in their order.

A rule without a model sets its priority and its fallbacks and lets the next ones choose; where several set the same,
the first has it. A rule whose condition cannot be evaluated (a header that is not there) does not hold.
"""

import re
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.snapshot import Batch
from openclaw_extproc.policy.trace import RuleSeen
from openclaw_extproc.strategy import Rule

MAX_SEEN = 100
"""About so many rules are looked at for the trace, though an earlier one chose. One takes a microsecond or two."""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """The combined effect of the rules that matched."""

    chosen: Rule | None = None
    priority: Literal["", "cost", "quality"] = ""
    """Of the rules before it that name no model."""
    fallback: tuple[str, ...] = ()
    """Likewise."""
    seen: tuple[RuleSeen, ...] = ()


def apply_rules(case: RoutingContext) -> RuleOutcome:
    so_far, seen = RuleOutcome(), list[RuleSeen]()
    applies = case.may_be_chosen
    for batch in case.snapshot.batches:
        if so_far.chosen and len(seen) >= MAX_SEEN:
            break
        if not applies or _none_holds(batch, case):
            seen += batch.told
        else:
            so_far = _one_by_one(batch, case, so_far, seen)
    return RuleOutcome(so_far.chosen, so_far.priority, so_far.fallback, tuple(seen))


def _none_holds(batch: Batch, case: RoutingContext) -> bool:
    return batch.any_of is not None and case.holds(batch.any_of) is False


def _one_by_one(batch: Batch, case: RoutingContext, so_far: RuleOutcome, seen: list[RuleSeen]) -> RuleOutcome:
    for rule, told in zip(batch.rules, batch.told, strict=True):
        matched = case.holds(rule.condition) if case.is_chat or _is_about_operation(rule) else False
        seen.append(told if matched is False else RuleSeen(told.name, told.source, matched, told.does))
        if matched and so_far.chosen is None:
            so_far = _after(so_far, rule)
    return so_far


def _after(so_far: RuleOutcome, rule: Rule) -> RuleOutcome:
    if rule.model:
        return replace(so_far, chosen=rule)
    return replace(
        so_far,
        priority=so_far.priority or rule.priority,
        fallback=so_far.fallback or rule.fallback,
    )


def _is_about_operation(rule: Rule) -> bool:
    """Rules are about chats. One that is about embeddings says so: `operation == "embeddings"`."""
    return rule.condition is not None and _names_operation(rule.condition.source)


@lru_cache(maxsize=1_024)
def _names_operation(source: str) -> bool:
    return re.search(r"\boperation\b", source) is not None
