"""The target of last resort: the model of `router.emergency`. The check fails closed.

It is no candidate: nothing is compared with it and no rule can choose it, and it is asked by chats only. But what holds
for candidates holds for it: compliance, budgets, what it can do, and its credential.
"""

from collections.abc import Sequence

from openclaw_extproc.gateway import Target
from openclaw_extproc.policy import candidates as cands
from openclaw_extproc.policy.eligible import eligibility
from openclaw_extproc.policy.rank.budgets import budget
from openclaw_extproc.policy.rank.priority_groups import Group
from openclaw_extproc.policy.ranking import Selection


def last_resort(groups: Sequence[Group], chosen: Selection) -> Target | None:
    """`None`: nobody is configured, it may not have this request, or it is asked anyway."""
    case = chosen.case
    name = case.gateway.emergency.model
    chain = case.gateway.chain_of(name) if name and case.is_chat else None
    if not chain or any(target.name == chain[0].name for group in groups for target in group):
        return None
    (found,) = cands.fallback_candidates(chain[:1], (), case)
    if eligibility.is_ineligible(found, chosen.terms, case) or budget(case, chosen.over).broken_by(found):
        return None
    return found.target
