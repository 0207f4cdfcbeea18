"""What is not read may only go where nothing in it could be out of place."""

from dataclasses import replace

import pytest

from openclaw_extproc.features import Declared
from openclaw_extproc.gateway import Provider
from openclaw_extproc.policy.permitted import forbidden
from openclaw_extproc.strategy import Compliance, Condition, CostCentre, Restriction, Strategy

HERE = Provider("here", "c", "openai_chat", region="eu-west-1")
EU = Restriction("data class pii", regions=frozenset({"eu-west-1"}))
US = Restriction("data class pii", regions=frozenset({"us-east-1"}))
MODELS = Restriction("all requests", models=frozenset({"gpt-4o"}))
SOMETIMES = (Condition("tokens > 5", lambda _: False), "pii")


def why(compliance: Compliance, **declared: str) -> str:
    fault = forbidden(HERE, Declared(**declared), Strategy(compliance=compliance))  # type: ignore[arg-type]  # all are texts
    return "" if fault is None else fault.public


def test_without_rules_everybody_may_have_it() -> None:
    assert why(Compliance()) == ""
    assert why(Compliance(), data_class="whatever") == ""


@pytest.mark.parametrize("restriction", [US, MODELS, Restriction("all", providers=frozenset({"there"}))])
def test_a_restriction_that_is_not_met_forbids(restriction: Restriction) -> None:
    assert restriction.name in why(Compliance(always=(restriction,)))


def test_the_class_of_the_sidecar_and_that_of_the_client_both_count() -> None:
    classes = {"pii": US, "internal": EU}

    assert why(Compliance(classes=classes, data_class="pii")) != ""
    assert why(Compliance(classes=classes, data_class="internal")) == ""
    assert why(Compliance(classes=classes, data_class="internal"), data_class="pii") != ""


def test_a_class_that_depends_on_the_body_is_taken_for_given() -> None:
    assert why(Compliance(classes={"pii": US}, when=(SOMETIMES,))) != ""
    assert why(Compliance(classes={"pii": EU}, when=(SOMETIMES,))) == ""


def test_a_class_that_nobody_knows_is_refused() -> None:
    assert "ppi" in why(Compliance(classes={"pii": EU}), data_class="ppi")


def test_a_class_that_is_required_and_missing_is_refused() -> None:
    assert "needs a data class" in why(Compliance(required=True, classes={"pii": EU}))
    assert why(Compliance(required=True, classes={"pii": EU}), data_class="pii") == ""


def test_a_cost_centre_has_its_own_bounds() -> None:
    strategy = Strategy(cost_centres={"research": CostCentre(Restriction("research", providers=frozenset({"there"})))})

    assert forbidden(HERE, Declared(cost_centre="research"), strategy)
    assert forbidden(HERE, Declared(cost_centre="sales"), strategy)
    assert forbidden(HERE, Declared(), strategy) is None
    assert forbidden(HERE, Declared(cost_centre="sales"), Strategy()) is None


def test_modes_that_only_look_on_forbid_nothing() -> None:
    strict = Strategy(compliance=Compliance(always=(US,)))

    assert forbidden(HERE, Declared(), strict)
    for mode in ("observe", "shadow"):
        assert forbidden(HERE, Declared(), replace(strict, mode=mode)) is None
