"""What the route stage asks the books of the budgets: to reserve what a request will probably cost.

A decision looks at what is known of budgets where it is made; the books know of all workers, and grant or refuse. Where
they refuse, it is decided anew with what they say is spent: for something cheaper, or to refuse the request.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from openclaw_extproc.books import DAILY, HOURLY, Account, Balances, Limit, Scope, seconds_to_reset
from openclaw_extproc.catalog import MILLION
from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.record import DecisionRecord, Downgrade

GRANTED = "granted"
"""The answer where the amount is reserved. Otherwise it is what `refusal` writes."""
MAX_TRIES = 4
"""Other requests may take what a decision has just found to be left."""
TAKEN = Fault(FaultKind.OVER_BUDGET, "what is left of the budget is reserved for requests under way")


@dataclass(frozen=True, slots=True)
class AskBudget:
    """Asks for a reservation."""

    request_id: str
    micro_usd: int
    limits: tuple[Limit, ...]
    tries: int = 1
    """How often the books were asked for this request, this time included."""


def reservation(plan: Plan, gateway: Gateway, tries: int = 1) -> AskBudget | None:
    """What the books are asked; `None`: no budget is shared with other requests, or the request costs nothing, or its
    cost is not known."""
    wanted, record, cost = gateway.strategy.optimization, plan.record, plan.record.cost_usd
    if not cost:
        return None
    limits = tuple(
        Limit(account, round(most * MILLION))
        for account, most in (
            (Account("session", record.owner, record.session), wanted.max_cost_per_session if record.session else None),
            (HOURLY, wanted.hourly_budget),
            (DAILY, wanted.daily_budget),
        )
        if most is not None
    )
    return AskBudget(plan.request_id, math.ceil(cost * MILLION), limits, tries) if limits else None


def refusal(balances: Balances) -> str:
    """The answer where the amount is not left: what is spent and reserved."""
    return " ".join(map(str, balances))


def with_balances(situation: RuntimeState, refused: str) -> RuntimeState:
    """The state of the gateway with what the books say is spent and reserved."""
    found = Balances(*map(int, refused.split()))
    return replace(
        situation,
        spent_this_hour=found.hour / MILLION,
        spent_today=found.day / MILLION,
        remembered=replace(situation.remembered, spent_usd=found.session / MILLION),
    )


def retry_after(record: DecisionRecord | None, at: float) -> dict[str, str]:
    """When a budget that refused a request begins anew, for the caller; nothing where it was something else."""
    scope = _RESETS.get(record.downgrade) if record is not None else None
    seconds = None if scope is None else seconds_to_reset(scope, at)
    return {} if seconds is None else {"retry-after": str(math.ceil(seconds))}


_RESETS: Mapping[Downgrade, Scope] = {"hourly_budget": "hour", "daily_budget": "day"}
