"""Cost limits, and what happens to a request that would exceed one.

Cheaper candidates of its own line first, then of all permitted models that can do it: the dearest that fits where the
limit is that of a request or a session, the cheapest where all requests share it. What is free is always affordable.
Only when nothing is left, or the operator says `reject`, the request is refused, with the limit and what was spent.
"""

from collections.abc import Iterator

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.policy.candidates import Candidate
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.choose import Overrides
from openclaw_extproc.record import Downgrade


@dataclass(frozen=True, slots=True)
class BudgetLimit:
    """One cost limit in US dollars, with the amount spent so far."""

    scope: Downgrade
    words: str
    most: float
    """US dollars."""
    spent: float = 0.0
    rejects: bool = False
    """Nothing cheaper is looked for."""

    def allows(self, cost: float | None, *, unknown: bool) -> bool:
        """`unknown`: what is said of a price that nobody knows."""
        if cost is None:
            return unknown
        return cost == 0 or self.spent + cost <= self.most

    @property
    def is_used_up(self) -> bool:
        """Whether nothing of it is left."""
        return self.spent >= self.most

    @property
    def is_of_one(self) -> bool:
        """Whether one request or one session has it to itself: it gets the best that fits. What all share is spared."""
        return self.scope not in ("hourly_budget", "daily_budget")

    @property
    def description(self) -> str:
        spent = f", {_dollars(self.spent)} spent" if self.spent else ""
        return f"{self.words}: {_dollars(self.most)} USD{spent}"


def _dollars(amount: float) -> str:
    """To the cent, or as small as it is."""
    return f"{amount:.2f}" if amount == 0 or amount >= 0.01 else f"{amount:.2g}"


@dataclass(frozen=True, slots=True)
class Budget:
    """The cost limits that apply to one request."""

    limits: tuple[BudgetLimit, ...] = ()
    per_task: BudgetLimit | None = None
    """Above it something cheaper is taken, if there is anything; nobody is refused for it."""
    unknown: bool = True

    def broken_by(self, one: Candidate) -> BudgetLimit | None:
        return next((limit for limit in self.limits if not limit.allows(one.cost, unknown=self.unknown)), None)

    def rejecting(self, one: Candidate) -> BudgetLimit | None:
        """A broken limit that wants the request refused."""
        broken = (limit for limit in self.limits if not limit.allows(one.cost, unknown=self.unknown))
        return next((limit for limit in broken if limit.rejects), None)

    def is_too_much(self, one: Candidate) -> bool:
        return self.per_task is not None and not self.per_task.allows(one.cost, unknown=True)


def budget(case: RoutingContext, over: Overrides) -> Budget:
    if case.features.operation == "count_tokens":
        return Budget()
    wanted = case.strategy.optimization
    task = None if wanted.max_cost_per_task is None else BudgetLimit("task", "limit per task", wanted.max_cost_per_task)
    return Budget(tuple(_limits(case, over)), task, wanted.unknown_price == "allow")


def _limits(case: RoutingContext, over: Overrides) -> Iterator[BudgetLimit]:
    wanted, situation = case.strategy.optimization, case.situation
    rejects = wanted.on_exceeded == "reject"
    centre = case.strategy.cost_centres.get(case.features.declared.cost_centre)
    if over.max_cost_usd is not None:
        yield BudgetLimit("request", "limit of this request", over.max_cost_usd)
    if centre and centre.max_cost_usd is not None:
        yield BudgetLimit("cost_centre", "limit per request of this cost centre", centre.max_cost_usd)
    if wanted.max_cost_per_session is not None:
        yield BudgetLimit(
            "session", "session budget", wanted.max_cost_per_session, situation.remembered.spent_usd, rejects
        )
    if wanted.hourly_budget is not None:
        yield BudgetLimit("hourly_budget", "hourly budget", wanted.hourly_budget, situation.spent_this_hour, rejects)
    if wanted.daily_budget is not None:
        yield BudgetLimit("daily_budget", "daily budget", wanted.daily_budget, situation.spent_today, rejects)


def too_dear(limit: BudgetLimit, one: Candidate) -> Fault:
    asks = (
        "and the price of this request is unknown"
        if one.cost is None
        else f"and this request would cost about {_dollars(one.cost)}"
    )
    return Fault(FaultKind.OVER_BUDGET, f"{limit.description}, {asks}")


def notice(limit: BudgetLimit, before: Candidate, now: Candidate) -> str:
    return f"downgraded from {before.name} to {now.name}: {limit.description}"
