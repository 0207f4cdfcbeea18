"""Promises about cost centres: the one that counts limits, a claimed one narrows, neither lifts what the other says."""

from dataclasses import replace

from openclaw_extproc.callers import CallerIdentity
from openclaw_extproc.faults import FaultKind
from openclaw_extproc.features import Features, of_unread
from openclaw_extproc.policy.decide import decide
from openclaw_extproc.policy.passthrough import decide_passthrough
from openclaw_extproc.strategy import CostCentre, Restriction, Strategy
from tests.policy.making import ASKED, NOW, declaring, gateway, names, provider, refusal

CENTRES = {
    "research": CostCentre(Restriction("cost centre research", providers=frozenset({"a", "b"}))),
    "secret": CostCentre(Restriction("cost centre secret", providers=frozenset({"b", "c"}))),
    "free": CostCentre(),
    "poor": CostCentre(max_cost_usd=0.0),
}
MADE = gateway(Strategy(cost_centres=CENTRES), chains={"large": ["a/large", "b/medium", "c/small"]})


def of(counts: str = "", claims: str = "") -> Features:
    return declaring(cost_centre=counts, cost_centre_label=claims)


def test_the_one_that_counts_restricts() -> None:
    assert names(decide(ASKED, NOW, MADE)) == ["a/large", "b/medium", "c/small"]
    assert names(decide(of("research"), NOW, MADE)) == ["a/large", "b/medium"]
    assert decide(of("research"), NOW, MADE).record.cost_centre == "research"


def test_a_claimed_one_only_narrows() -> None:
    claimed = decide(of(claims="secret"), NOW, MADE)

    assert names(claimed) == ["b/medium", "c/small"]
    assert claimed.record.cost_centre == ""
    assert names(decide(of("research", claims="secret"), NOW, MADE)) == ["b/medium"]
    assert names(decide(of("research", claims="free"), NOW, MADE)) == ["a/large", "b/medium"]


def test_a_claim_limits_no_amount_and_need_not_mean_anything() -> None:
    assert len(names(decide(of(claims="poor"), NOW, MADE))) == 3
    assert len(names(decide(of(claims="made up"), NOW, MADE))) == 3


def test_what_is_not_read_obeys_both() -> None:
    seen = of_unread("", client_format="openai_chat", headers={})
    seen = replace(seen, declared=of("research", claims="secret").declared)

    found = decide_passthrough(seen, [provider(name) for name in "abc"], NOW, MADE, is_billed=False)

    assert found.target.provider.name == "b"


def test_a_verified_cost_centre_that_nobody_knows_is_not_the_headers_fault() -> None:
    caller = replace(of("gone"), identity=CallerIdentity("ada", "jwt", cost_centre="gone"))

    assert refusal(caller, NOW, MADE).kind is FaultKind.FORBIDDEN
    assert refusal(of("gone"), NOW, MADE).kind is FaultKind.MALFORMED
