"""Promises about `observe` and `shadow`: only the choice of the model is the client's, and all that protects holds."""

from dataclasses import replace

import pytest

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.gateway import AUTO, Gateway
from openclaw_extproc.policy.decide import decide
from openclaw_extproc.policy.trace import RefusedError
from openclaw_extproc.strategy import (
    Compliance,
    Experiment,
    Level,
    Mode,
    Optimization,
    Pool,
    Restriction,
    Rule,
    Strategy,
    Virtual,
)
from tests.policy.making import ASKED, NOW, SIMPLE, asking, declaring, facts, gateway, names, refusal

BUSY = Strategy(
    rules=(Rule("all", None, "small"),),
    fallbacks={"large": ("medium",)},
    compliance=Compliance(classes={"pii": Restriction("data class pii", providers=frozenset({"b"}))}),
    experiments=(Experiment("trial", "medium", share=1.0),),
    pools={"pool": Pool({"medium": 1, "small": 5})},
    virtual={"cheap": Virtual("cheap")},
)
CHAINS = {"large": ["a/large", "b/medium"], "medium": ["b/medium"], "small": ["c/small"]}
QUIET: tuple[Mode, ...] = ("observe", "shadow")


def watching(mode: Mode) -> Gateway:
    return gateway(replace(BUSY, mode=mode), chains=CHAINS)


@pytest.mark.parametrize("mode", QUIET)
def test_what_was_asked_for_goes_first_and_its_fallbacks_stand_behind_it(mode: Mode) -> None:
    decision = decide(declaring(level=Level("x-openclaw-model", "small")), NOW, watching(mode), judgement=SIMPLE)

    assert names(decision) == ["a/large", "b/medium", "c/small"], "what enforce would ask is the last to be asked"
    assert decision.record.because[0] == "a lists the requested model"
    assert (decision.record.mode, decision.record.tier) == (mode, "simple")
    assert (decision.record.experiment, decision.record.notice) == ("", "")


@pytest.mark.parametrize("mode", QUIET)
def test_a_restriction_holds(mode: Mode) -> None:
    decision = decide(declaring(data_class="pii"), NOW, watching(mode), judgement=SIMPLE)

    assert names(decision) == ["b/medium"]
    assert "a skipped: data class pii does not allow a/large" in decision.record.because
    assert decision.record.data_classes == ("pii",)


@pytest.mark.parametrize("mode", QUIET)
def test_nobody_gets_what_nobody_may_have(mode: Mode) -> None:
    nowhere = Compliance(always=(Restriction("all requests", providers=frozenset({"x"})),))

    assert refusal(ASKED, NOW, gateway(replace(BUSY, mode=mode, compliance=nowhere))).kind is FaultKind.FORBIDDEN
    assert refusal(declaring(data_class="ppi"), NOW, watching(mode)).kind is FaultKind.MALFORMED


@pytest.mark.parametrize("mode", QUIET)
def test_a_spent_budget_holds(mode: Mode) -> None:
    spent = replace(NOW, spent_today=5.0)
    downgrade = replace(BUSY, mode=mode, optimization=Optimization(daily_budget=5.0))
    reject = replace(downgrade, optimization=Optimization(daily_budget=5.0, on_exceeded="reject"))
    free = {"b/medium": facts(0.0)}

    cheaper = decide(ASKED, spent, gateway(downgrade, chains=CHAINS, catalog=free), judgement=SIMPLE)
    assert names(cheaper) == ["b/medium"]
    assert cheaper.record.downgrade == "daily_budget"
    for strategy, catalog in ((downgrade, {}), (reject, free)):
        assert refusal(ASKED, spent, gateway(strategy, chains=CHAINS, catalog=catalog)).kind is FaultKind.OVER_BUDGET


@pytest.mark.parametrize("mode", QUIET)
def test_who_fails_goes_behind_the_others(mode: Mode) -> None:
    ill = replace(NOW, unhealthy=frozenset({"a"}))

    decision = decide(ASKED, ill, watching(mode), judgement=SIMPLE)

    assert names(decision) == ["b/medium", "c/small", "a/large"]
    assert "b/medium before a/large: a/large is failing" in decision.record.because


@pytest.mark.parametrize("mode", QUIET)
def test_who_has_no_room_for_the_conversation_is_passed_over(mode: Mode) -> None:
    narrow = gateway(replace(BUSY, mode=mode), chains=CHAINS, catalog={"a/large": facts(10.0, window=100)})

    decision = decide(asking("large", tokens=5_000), NOW, narrow, judgement=SIMPLE)

    assert names(decision)[0] == "b/medium"


@pytest.mark.parametrize("mode", QUIET)
def test_who_cannot_be_asked_at_all_is_passed_over(mode: Mode) -> None:
    keyless = replace(NOW, missing_credentials=frozenset({"KEY_a"}))

    assert names(decide(ASKED, keyless, watching(mode))) == ["b/medium", "c/small"]
    nobody = replace(NOW, missing_credentials=frozenset({"KEY_a", "KEY_b", "KEY_c"}))
    assert refusal(ASKED, nobody, watching(mode)).kind is FaultKind.EXHAUSTED
    assert refusal(asking("x"), NOW, watching(mode)).kind is FaultKind.NOT_FOUND


@pytest.mark.parametrize("mode", QUIET)
def test_a_caller_may_ask_for_no_fallbacks(mode: Mode) -> None:
    alone = declaring(level=Level("x-openclaw-routing", routing=False))

    assert names(decide(alone, NOW, watching(mode), judgement=SIMPLE)) == ["a/large"]


@pytest.mark.parametrize("mode", QUIET)
def test_names_that_leave_the_choice_to_us_get_the_default_chain(mode: Mode) -> None:
    assert names(decide(asking(AUTO), NOW, watching(mode)))[0] == "a/large"
    assert names(decide(asking("cheap"), NOW, watching(mode)))[0] == "a/large"
    pool = decide(asking("pool"), NOW, watching(mode))
    assert [one.name for one in pool.groups[0]] == ["b/medium"], "its first member, whatever the weights"
    assert names(pool)[:2] == ["b/medium", "c/small"]


def test_observe_tells_nothing_of_what_would_have_been_done() -> None:
    decision = decide(ASKED, NOW, watching("observe"), judgement=SIMPLE)

    assert (decision.record.would, decision.record.rule, decision.trace.rules) == ("", "", ())
    assert not [reason for reason in decision.record.because if reason.startswith("would")]


def test_shadow_tells_what_would_have_been_done() -> None:
    decision = decide(ASKED, NOW, watching("shadow"), judgement=SIMPLE)

    assert names(decision)[0] == "a/large"
    assert decision.record.would == "b/medium", "the arm of the experiment"
    assert decision.record.rule == "all"
    assert "would: rule all: small" in decision.record.because
    assert [rule.name for rule in decision.trace.rules] == ["all"]
    assert decision.record.cost_usd == pytest.approx(0.03), "that of the target that is asked"


def test_shadow_tells_of_a_refusal_that_the_choice_alone_would_bring() -> None:
    """Enforced, the request would go to the model of its header, which its data class forbids."""
    asked = declaring(level=Level("x-openclaw-model", "small", routing=False), data_class="pii")
    strategy = replace(BUSY, mode="shadow", rules=())

    decision = decide(replace(asked, model="medium"), NOW, gateway(strategy, chains=CHAINS), judgement=SIMPLE)

    assert names(decision) == ["b/medium"]
    assert decision.record.would == "refused: forbidden"


def test_a_refusal_in_shadow_tells_both() -> None:
    nowhere = replace(BUSY, mode="shadow", compliance=Compliance(always=(Restriction("all", providers=frozenset()),)))

    with pytest.raises(RefusedError) as caught:
        decide(ASKED, NOW, gateway(nowhere, chains=CHAINS), judgement=SIMPLE)

    assert caught.value.record.would == "refused: forbidden"
    assert caught.value.record.mode == "shadow"
