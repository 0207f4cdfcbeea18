"""What is not read may only go where nothing in it could be out of place, and is held to the checks of a model call."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultError, FaultKind
from openclaw_extproc.features import Declarations, Features, of_unread
from openclaw_extproc.gateway import AUTO, Gateway
from openclaw_extproc.policy.decide import decide
from openclaw_extproc.policy.passthrough import PassthroughDecision, decide_passthrough
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.strategy import (
    Compliance,
    Condition,
    CostCentre,
    Level,
    Levels,
    Mode,
    Optimization,
    Pool,
    Restriction,
    Strategy,
    Virtual,
)
from tests.policy.making import ASKED, NOW, declaring, gateway
from tests.policy.random_cases import Case

A = Restriction("data class pii", providers=frozenset({"a"}))
C = Restriction("data class pii", providers=frozenset({"c"}))
MODELS = Restriction("all requests", models=frozenset({"b/medium"}))
SOMETIMES = (Condition("tokens > 5", lambda _: False), "pii")
MODES: tuple[Mode, ...] = get_args(Mode)


def unread(model: str = "", **declared: object) -> Features:
    seen = of_unread(model, client_format="openai_chat", headers={})
    return replace(seen, declared=Declarations(**declared))  # type: ignore[arg-type]  # fields of `Declared` by name


def found(
    features: Features, made: Gateway, situation: RuntimeState = NOW, *, owners: str = "ab", is_billed: bool = True
) -> PassthroughDecision | Fault:
    there = [replace(made.providers[name], cluster=f"u-{name}") for name in owners]
    try:
        return decide_passthrough(features, there, situation, made, is_billed=is_billed)
    except FaultError as error:
        return error.fault


def where(one: PassthroughDecision | Fault) -> str:
    assert isinstance(one, PassthroughDecision), one
    assert one.target.provider.cluster == f"u-{one.target.provider.name}"
    return one.target.name


def why(one: PassthroughDecision | Fault) -> tuple[FaultKind, str]:
    assert isinstance(one, Fault), one
    return one.kind, one.public


def under(compliance: Compliance, mode: Mode = "enforce") -> Gateway:
    return gateway(Strategy(compliance=compliance, mode=mode))


# -- compliance -----------------------------------------------------------------------


def test_without_rules_the_first_owner_has_it() -> None:
    assert where(found(unread(), gateway())) == "a/"


@pytest.mark.parametrize("mode", MODES)
def test_it_goes_to_the_first_owner_that_may_have_it_in_every_mode(mode: Mode) -> None:
    b = Restriction("all requests", providers=frozenset({"b"}))

    assert where(found(unread(), under(Compliance(always=(b,)), mode))) == "b/"
    assert why(found(unread(), under(Compliance(always=(C,)), mode)))[0] is FaultKind.FORBIDDEN


def test_a_restriction_to_models_is_met_by_who_names_one_of_them() -> None:
    made = under(Compliance(always=(MODELS,)))

    assert why(found(unread(), made)) == (
        FaultKind.FORBIDDEN, "all requests: requests that are forwarded unread are not allowed at a",
    )  # fmt: skip
    assert why(found(unread("large"), made)) == (FaultKind.FORBIDDEN, "all requests does not allow a/large")
    assert where(found(unread("medium"), made)) == "b/medium"


def test_the_class_of_the_sidecar_that_of_a_level_and_that_of_the_client_all_count() -> None:
    classes = {"pii": C, "internal": A}

    assert where(found(unread(), under(Compliance(classes=classes, data_class="internal")))) == "a/"
    assert why(found(unread(data_class="pii"), under(Compliance(classes=classes))))[0] is FaultKind.FORBIDDEN
    levels = Levels(prompt=Level("prompt:", data_class="pii"))
    made = gateway(Strategy(compliance=Compliance(classes=classes), levels=levels))
    assert why(found(unread(), made))[0] is FaultKind.FORBIDDEN


def test_a_class_that_depends_on_the_body_is_taken_for_given() -> None:
    assert why(found(unread(), under(Compliance(classes={"pii": C}, when=(SOMETIMES,)))))[0] is FaultKind.FORBIDDEN
    passes = found(unread(), under(Compliance(classes={"pii": A}, when=(SOMETIMES,))))
    assert where(passes) == "a/"
    assert isinstance(passes, PassthroughDecision)
    assert passes.record.data_classes == ("pii",)


@pytest.mark.parametrize("classes", [{}, {"pii": A}])
def test_a_class_that_nobody_keeps_is_refused_as_for_a_chat(classes: dict[str, Restriction]) -> None:
    made = under(Compliance(classes=classes))

    with pytest.raises(FaultError) as chat:
        decide(declaring(data_class="ppi"), NOW, made)

    assert found(unread(data_class="ppi"), made) == chat.value.fault
    assert chat.value.fault.kind is FaultKind.MALFORMED


def test_a_cost_centre_has_its_own_bounds() -> None:
    made = gateway(Strategy(cost_centres={"research": CostCentre(Restriction("research", providers=frozenset("b")))}))

    assert where(found(unread(cost_centre="research"), made)) == "b/"
    assert why(found(unread(cost_centre="sales"), made))[0] is FaultKind.MALFORMED
    assert where(found(unread(cost_centre="sales"), gateway())) == "a/"


@given(st.integers(0, 2**64))
def test_a_chat_and_an_unread_request_are_refused_for_the_same_words(seed: int) -> None:
    """One check: of a request that says the same of itself, both say the same that needs no provider to be said."""
    case = Case(seed).drawn()
    said, made = case.features.declared, case.gateway
    plain = replace(ASKED, model=AUTO, declared=replace(said, level=None))

    def told(one: Fault | None) -> str:
        """A word of the request's that is not known."""
        return one.public if one and one.public.startswith("x-openclaw-") else ""

    try:
        decide(plain, case.situation, made)
        chat = None
    except FaultError as error:
        chat = error.fault
    passed = found(unread(**{f: getattr(plain.declared, f) for f in Declarations.__slots__}), made, case.situation)

    if chat is None or told(chat):
        assert told(passed if isinstance(passed, Fault) else None) == told(chat)


# -- the model ------------------------------------------------------------------------


def test_it_goes_to_who_has_the_model_under_its_real_name() -> None:
    made = gateway(chains={"large": ["a/large"], "pictures": ["b/medium"]})

    assert where(found(unread("pictures"), made)) == "b/medium"
    assert where(found(unread("b/medium"), made)) == "b/medium"


def test_a_model_of_somebody_who_does_not_speak_for_this_path_is_refused() -> None:
    assert why(found(unread("small"), gateway())) == (
        FaultKind.UNSUPPORTED, "model: c serves it, but does not accept requests of this kind",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["unheard", AUTO, "fast", "level:session"])
def test_a_name_that_is_no_model_is_not_found(name: str) -> None:
    made = gateway(Strategy(virtual={"fast": Virtual("fast")}))

    assert why(found(unread(name), made))[0] is FaultKind.NOT_FOUND


def test_with_unknown_models_allowed_an_unknown_one_goes_on_as_it_is() -> None:
    made = replace(gateway(Strategy(virtual={"fast": Virtual("fast")})), unknown_models="auto")

    assert where(found(unread("unheard-of"), made)) == "a/"
    for name in (AUTO, "fast", "../x", "a b", "x%2f", "é"):
        assert why(found(unread(name), made))[0] is FaultKind.NOT_FOUND


def test_of_several_that_have_it_the_healthy_and_roomy_ones_come_first() -> None:
    strategy = Strategy(pools={"pool": Pool({"large": 1, "medium": 1}, max_concurrent=1)})
    made, ill, busy = gateway(strategy), frozenset({"a"}), {"a/large": 1}

    assert where(found(unread("pool"), made)) == "a/large"
    assert where(found(unread("pool"), made, replace(NOW, unhealthy=ill))) == "b/medium"
    assert where(found(unread("pool"), made, replace(NOW, inflight=busy))) == "b/medium"
    assert why(found(unread("large"), made, replace(NOW, inflight=busy))) == (
        FaultKind.RATE_LIMITED, "a/large has reached its limit of 1 concurrent calls",
    )  # fmt: skip


def test_an_object_stays_with_its_keeper_who_fails() -> None:
    assert where(found(unread(), gateway(), replace(NOW, unhealthy=frozenset({"a"})))) == "a/"


def test_without_its_key_nobody_is_asked() -> None:
    no_a, none = frozenset({"KEY_a"}), frozenset({"KEY_a", "KEY_b"})

    assert where(found(unread(), gateway(), RuntimeState(no_a))) == "b/"
    assert why(found(unread(), gateway(), RuntimeState(none))) == (FaultKind.EXHAUSTED, "a: its credential is not set")


def test_a_callers_key_goes_to_the_first_owner_only() -> None:
    made = gateway(Strategy(compliance=Compliance(always=(Restriction("all", providers=frozenset("b")),))))
    providers = {**made.providers, "b": replace(made.providers["b"], auth="forward")}

    assert why(found(unread(), replace(made, providers=providers)))[1] == (
        "b: the caller's own credential is sent only to the first provider of a chain"
    )


# -- money ----------------------------------------------------------------------------


def spending(mode: Mode = "enforce", **limits: object) -> Gateway:
    return gateway(Strategy(mode=mode, optimization=Optimization(**limits)))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("model", ["", "large"])
def test_a_budget_that_is_used_up_refuses_what_is_billed_in_every_mode(mode: Mode, model: str) -> None:
    made, spent = spending(mode, daily_budget=5.0), replace(NOW, spent_today=5.0)

    assert why(found(unread(model), made, spent)) == (
        FaultKind.OVER_BUDGET, "daily budget: 5.00 USD, 5.00 spent, and the price of this request is unknown",
    )  # fmt: skip
    assert isinstance(found(unread(model), made, spent, is_billed=False), PassthroughDecision)
    assert isinstance(found(unread(model), made, replace(NOW, spent_today=4.99)), PassthroughDecision)


def test_where_an_unknown_price_is_denied_any_limit_refuses() -> None:
    denied = spending(daily_budget=5.0, unknown_price="deny")

    assert why(found(unread("large"), denied))[0] is FaultKind.OVER_BUDGET
    assert isinstance(found(unread("large"), spending(unknown_price="deny")), PassthroughDecision)


def test_the_limit_of_a_session_and_that_of_a_request_count() -> None:
    session = replace(NOW, remembered=replace(NOW.remembered, spent_usd=1.0))

    assert why(found(unread(session="s"), spending(max_cost_per_session=1.0), session))[0] is FaultKind.OVER_BUDGET
    nothing = unread(level=Level("x-openclaw-max-cost-usd", max_cost_usd=0.0))
    assert why(found(nothing, gateway()))[0] is FaultKind.OVER_BUDGET
