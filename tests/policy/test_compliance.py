"""Promises about where a request may go."""

from dataclasses import replace

import pytest

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.gateway import AUTO, Gateway
from openclaw_extproc.policy.decide import decide
from openclaw_extproc.policy.runtime_state import SessionState
from openclaw_extproc.strategy import Compliance, CostCentre, Level, Levels, Restriction, Rule, Strategy
from tests.policy.making import ASKED, NOW, as_they_are, asking, declaring, gateway, names, provider, refusal, when

PII = Restriction("data class pii", providers=frozenset({"c"}))
CLASSES = Compliance(classes={"pii": PII})
EVERYBODY = {"large": ["a/large", "b/medium", "c/small"], "medium": ["b/medium"], "small": ["c/small"]}
OF_PII = declaring(data_class="pii")


def bound(compliance: Compliance = CLASSES, **more: object) -> Gateway:
    strategy = Strategy(activate=as_they_are, compliance=compliance)
    return gateway(replace(strategy, **more), chains=EVERYBODY)  # type: ignore[arg-type]  # fields of `Strategy` by name


def test_a_data_class_leaves_only_who_is_allowed() -> None:
    decision = decide(OF_PII, NOW, bound())

    assert names(decision) == ["c/small"]
    assert decision.record.data_classes == ("pii",)
    assert "a skipped: data class pii does not allow a/large" in decision.record.because
    assert names(decide(ASKED, NOW, bound())) == ["a/large", "b/medium", "c/small"]


def test_nobody_allowed_is_a_refusal_that_names_the_restriction() -> None:
    fault = refusal(declaring(asking("medium"), data_class="pii"), NOW, bound())

    assert (fault.kind, fault.status) == (FaultKind.FORBIDDEN, 403)
    assert fault.public == "data class pii does not allow b/medium"


def test_who_left_the_choice_to_us_gets_somebody_who_is_allowed() -> None:
    left = declaring(asking(AUTO), data_class="pii")
    made = gateway(Strategy(compliance=CLASSES), chains={"large": ["a/large"], "small": ["c/small"]})

    decision = decide(left, NOW, made)

    assert names(decision) == ["c/small"]
    assert (
        "none of the chosen models is able or allowed to answer: using the cheapest that is" in decision.record.because
    )


def test_several_restrictions_all_hold() -> None:
    compliance = Compliance(
        always=(Restriction("always", providers=frozenset({"b", "c"})),),
        classes={"pii": Restriction("data class pii", providers=frozenset({"a", "b"}))},
    )
    lab = {"lab": CostCentre(Restriction("cost centre lab", models=frozenset({"small"})))}

    assert names(decide(OF_PII, NOW, bound(compliance))) == ["b/medium"]
    nobody = declaring(OF_PII, cost_centre="lab")
    assert refusal(nobody, NOW, bound(compliance, cost_centres=lab)).kind is FaultKind.FORBIDDEN


def test_levels_and_rules_add_classes_and_take_none_away() -> None:
    by_rule = replace(CLASSES, when=((when("has_code", lambda v: v["has_code"] is True), "pii"),))
    of_session = Levels(session=Level("session", data_class="pii"), prompt=Level("prompt", data_class="public"))

    assert names(decide(asking("large", has_code=True), NOW, bound(by_rule))) == ["c/small"]
    decision = decide(declaring(session="s"), NOW, bound(levels=of_session))
    assert names(decision) == ["c/small"]
    assert decision.record.data_classes == ("public", "pii")
    both = declaring(level=Level("x-openclaw-prompt", model="large", routing=False))
    assert refusal(both, NOW, bound(replace(CLASSES, data_class="pii"))).kind is FaultKind.FORBIDDEN


def test_a_condition_that_cannot_be_evaluated_gives_its_class() -> None:
    unsure = replace(CLASSES, when=((when('headers["x"] == "y"', lambda _: None), "pii"),))

    assert names(decide(ASKED, NOW, bound(unsure))) == ["c/small"]


def test_a_provider_whose_region_nobody_knows_is_in_none() -> None:
    here = [provider("a"), provider("b", region="eu"), provider("c", region="us")]
    european = Compliance(always=(Restriction("regions", regions=frozenset({"eu"})),))
    made = gateway(Strategy(compliance=european), chains=EVERYBODY, providers=here)

    assert names(decide(ASKED, NOW, made)) == ["b/medium"]


@pytest.mark.parametrize("word", ["small", "c/small", "light"])
def test_a_model_is_allowed_by_any_of_its_names(word: str) -> None:
    only = Compliance(always=(Restriction("models", models=frozenset({word})),))
    made = gateway(Strategy(compliance=only), chains={**EVERYBODY, "light": ["c/small"]})

    assert names(decide(ASKED, NOW, made)) == ["c/small"]


def test_a_class_may_be_required() -> None:
    required = replace(CLASSES, required=True)

    fault = refusal(ASKED, NOW, bound(required))

    assert fault.kind is FaultKind.FORBIDDEN
    assert "x-openclaw-data-class" in fault.public
    assert names(decide(OF_PII, NOW, bound(required))) == ["c/small"]


def test_a_class_or_cost_centre_nobody_defined_is_the_clients_mistake() -> None:
    centres = {"lab": CostCentre()}

    unknown = refusal(declaring(data_class="pii2"), NOW, bound())

    assert (unknown.kind, unknown.public) == (
        FaultKind.MALFORMED,
        "x-openclaw-data-class: unknown data class (known: pii)",
    )
    assert refusal(declaring(cost_centre="moon"), NOW, bound(cost_centres=centres)).kind is FaultKind.MALFORMED
    assert refusal(declaring(data_class="x"), NOW, gateway()).kind is FaultKind.MALFORMED, "nobody would keep to it"
    assert decide(declaring(cost_centre="moon"), NOW, gateway()).record.cost_centre == "moon"


def test_no_rule_no_fallback_and_no_memory_leads_around_it() -> None:
    strategy = {
        "rules": (Rule("r", None, "large", fallback=("medium",)),),
        "fallbacks": {"small": ("medium", "large")},
        "default": "large",
        "users": {"ann": "medium"},
    }
    remembered = replace(NOW, remembered=SessionState("a/large"))
    loop = declaring(asking("small", in_tool_loop=True), data_class="pii", user="ann")

    assert names(decide(loop, remembered, bound(CLASSES, **strategy))) == ["c/small"]
