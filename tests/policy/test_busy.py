"""Promises about models that have all the calls they may have at a time."""

from dataclasses import replace

from openclaw_extproc.gateway import Gateway
from openclaw_extproc.policy.decide import decide
from openclaw_extproc.policy.runtime_state import RuntimeState, SessionState
from openclaw_extproc.strategy import Affinity, Level, Pool, Strategy
from tests.policy.making import SIMPLE, asking, declaring, gateway, names

CHAINS = {"large": ["a/large", "b/medium"], "medium": ["b/medium"], "small": ["c/small"]}
FULL = RuntimeState(inflight={"a/large": 2})


def limited(strategy: Strategy | None = None) -> Gateway:
    """Two calls at a time for the first two models."""
    pools = {"one": Pool({"large": 1}, 2), "both": Pool({"large": 1, "medium": 1}, 2)}
    return gateway(replace(strategy or Strategy(), pools=pools), chains=CHAINS)


def order(model: str, situation: RuntimeState, *, session: str = "", in_tool_loop: bool = False) -> list[str]:
    features = declaring(asking(model, in_tool_loop=in_tool_loop), session=session)
    return names(decide(features, situation, limited(Strategy(affinity=Affinity())), judgement=SIMPLE))


def test_who_is_full_goes_behind_who_stands_in() -> None:
    assert order("one", RuntimeState(inflight={"a/large": 1})) == ["a/large", "b/medium"]
    assert order("one", FULL) == ["b/medium", "a/large"]
    assert order("large", FULL) == ["b/medium", "a/large"], "also where the pool was not asked: Envoy does not care"


def test_the_reason_is_told() -> None:
    decision = decide(asking("one"), FULL, limited(), judgement=SIMPLE)

    assert (
        "a/large moved to the end of the chain: it has reached its limit of 2 concurrent calls"
        in decision.record.because
    )


def test_where_all_are_full_nothing_changes() -> None:
    everybody = RuntimeState(inflight={"a/large": 2, "b/medium": 9})

    assert order("one", everybody) == order("one", RuntimeState())


def test_a_session_does_not_end_where_there_is_no_room() -> None:
    full = replace(FULL, remembered=SessionState("a/large"))

    assert order("both", full, session="s")[0] == "b/medium"
    assert order("both", full, session="s", in_tool_loop=True)[0] == "b/medium"
    assert order("both", replace(full, inflight={}), session="s")[0] == "a/large"


def test_who_switched_routing_off_is_not_moved() -> None:
    off = declaring(asking("large"), level=Level("x-openclaw-routing", routing=False))

    assert names(decide(off, FULL, limited(), judgement=SIMPLE)) == ["a/large"]
