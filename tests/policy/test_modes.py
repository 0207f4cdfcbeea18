"""Promises about `observe` and `shadow`: nothing changes."""

from dataclasses import replace

import pytest

from openclaw_extproc.faults import Kind
from openclaw_extproc.gateway import AUTO, Gateway
from openclaw_extproc.policy.decide import decide
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
from tests.policy.making import ASKED, NOW, SIMPLE, asking, declaring, gateway, names, refusal

BUSY = Strategy(
    rules=(Rule("all", None, "small"),),
    fallbacks={"large": ("medium",)},
    compliance=Compliance(classes={"pii": Restriction("data class pii", providers=frozenset({"b"}))}),
    experiments=(Experiment("trial", "medium", share=1.0),),
    optimization=Optimization(max_cost_per_session=0.0),
    pools={"pool": Pool({"medium": 1, "small": 5})},
    virtual={"cheap": Virtual("cheap")},
)
CHAINS = {"large": ["a/large", "b/medium"], "medium": ["b/medium"], "small": ["c/small"]}
QUIET: tuple[Mode, ...] = ("observe", "shadow")


def watching(mode: Mode) -> Gateway:
    return gateway(replace(BUSY, mode=mode), chains=CHAINS)


@pytest.mark.parametrize("mode", QUIET)
def test_a_request_goes_to_the_first_target_of_what_was_asked_for_and_nowhere_else(mode: Mode) -> None:
    request = declaring(level=Level("x-openclaw-model", "small"), data_class="pii", session="s")
    ill = replace(NOW, unhealthy=frozenset({"a"}))

    decision = decide(request, ill, watching(mode), judgement=SIMPLE)

    assert names(decision) == ["a/large"]
    assert decision.because[0] == "a lists the model asked for"
    assert (decision.record.mode, decision.record.tier, decision.record.data_classes) == (mode, "simple", ("pii",))
    assert (decision.record.experiment, decision.record.notice) == ("", "")


@pytest.mark.parametrize("mode", QUIET)
def test_who_cannot_be_asked_at_all_is_passed_over(mode: Mode) -> None:
    keyless = replace(NOW, missing_credentials=frozenset({"KEY_a"}))

    assert names(decide(ASKED, keyless, watching(mode))) == ["b/medium"]
    nobody = replace(NOW, missing_credentials=frozenset({"KEY_a", "KEY_b"}))
    assert refusal(ASKED, nobody, watching(mode)).kind is Kind.EXHAUSTED
    assert refusal(asking("x"), NOW, watching(mode)).kind is Kind.NOT_FOUND


@pytest.mark.parametrize("mode", QUIET)
def test_names_that_leave_the_choice_to_us_get_the_default_chain(mode: Mode) -> None:
    assert names(decide(asking(AUTO), NOW, watching(mode))) == ["a/large"]
    assert names(decide(asking("cheap"), NOW, watching(mode))) == ["a/large"]
    assert names(decide(asking("pool"), NOW, watching(mode))) == ["b/medium"]


def test_observe_tells_what_compliance_would_have_said() -> None:
    decision = decide(declaring(data_class="pii"), NOW, watching("observe"))

    assert decision.because[-1] == "would be refused: data class pii does not allow a/large"
    assert decision.record.would == ""


def test_shadow_tells_what_would_have_been_done() -> None:
    cheap = replace(BUSY, mode="shadow", optimization=Optimization(), experiments=())

    decision = decide(ASKED, NOW, gateway(cheap, chains=CHAINS), judgement=SIMPLE)

    assert names(decision) == ["a/large"]
    assert decision.record.would == "c/small"
    assert decision.record.rule == "all"
    assert "would: rule all: small" in decision.because
    assert [rule.name for rule in decision.trace.rules] == ["all"]
    assert decision.record.cost_usd == pytest.approx(0.03), "that of the target that is asked"


def test_shadow_tells_of_a_refusal_and_refuses_nobody() -> None:
    decision = decide(ASKED, NOW, watching("shadow"))

    assert names(decision) == ["a/large"]
    assert decision.record.would == "refused: over_budget"
    assert any(reason.startswith("would: session budget") for reason in decision.because)
