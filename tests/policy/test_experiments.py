"""Promises about experiments: who is in which arm, and that an arm breaks nothing."""

from dataclasses import replace

import pytest

from openclaw_extproc.features import Features
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.policy.decide import Decision, decide
from openclaw_extproc.policy.runtime_state import RuntimeState, SessionState
from openclaw_extproc.policy.select.experiments import share_of
from openclaw_extproc.strategy import Affinity, Experiment, Level, Restriction, Strategy
from openclaw_extproc.strategy import Compliance as Rules
from tests.policy.making import ASKED, NOW, as_they_are, asking, declaring, gateway, names, when

SESSIONS = 4_000
TRIAL = Experiment("trial", "medium", share=0.05)
IN_ARM = next(name for n in range(1_000) if share_of("trial", name := f"s{n}") < 0.05)
IN_CONTROL = next(name for n in range(1_000) if share_of("trial", name := f"s{n}") >= 0.05)


def on_trial(*experiments: Experiment, **more: object) -> Gateway:
    strategy = Strategy(activate=as_they_are, experiments=experiments)
    return gateway(replace(strategy, **more))  # type: ignore[arg-type]  # fields of `Strategy` by name


def of(session: str, features: Features = ASKED) -> Features:
    return declaring(features, session=session)


def first(decision: Decision) -> str:
    return names(decision)[0]


def test_the_share_is_what_was_asked_for_and_a_session_sticks_to_its_arm() -> None:
    made = on_trial(TRIAL)
    decisions = [decide(of(f"session-{n}"), replace(NOW, draw=n / SESSIONS), made) for n in range(SESSIONS)]
    again = [decide(of(f"session-{n}"), replace(NOW, draw=0.5), made) for n in range(0, SESSIONS, 10)]

    arms = [first(decision) == "b/medium" for decision in decisions]

    # five standard deviations of a share of 5 % in 4,000
    assert sum(arms) / SESSIONS == pytest.approx(0.05, abs=0.0175)
    assert arms[::10] == [first(decision) == "b/medium" for decision in again]
    told = {True: "trial=arm", False: "trial=control"}
    assert [decision.record.experiment for decision in decisions] == [told[arm] for arm in arms]


def test_two_experiments_do_not_share_their_arms() -> None:
    made = on_trial(replace(TRIAL, share=0.5), replace(TRIAL, name="other", arm="small", share=0.5))

    told = [decide(of(f"s{n}"), NOW, made).record.experiment for n in range(1_000)]

    assert told.count("trial=arm") == pytest.approx(500, abs=80)
    assert told.count("trial=control,other=arm") == pytest.approx(250, abs=70)
    assert told.count("trial=control,other=control") == pytest.approx(250, abs=70)


def test_an_arm_falls_back_to_what_it_stands_for() -> None:
    decision = decide(of(IN_ARM), NOW, on_trial(TRIAL))

    assert names(decision) == ["b/medium", "a/large"]
    assert decision.record.because[1] == "experiment trial: medium"
    assert decision.record.chosen_by == "experiment"


def test_only_requests_of_the_named_models_are_moved() -> None:
    made = on_trial(replace(TRIAL, share=1.0, of=frozenset({"large"})))

    assert first(decide(of("s"), NOW, made)) == "b/medium"
    assert decide(of("s", asking("small")), NOW, made).record.experiment == ""
    assert decide(of("s", asking("medium")), NOW, on_trial(TRIAL)).record.experiment == "", "that is the arm itself"


@pytest.mark.parametrize("answer", [False, None])
def test_a_condition_that_does_not_hold_keeps_a_request_out(answer: bool | None) -> None:
    made = on_trial(replace(TRIAL, share=1.0, condition=when("tools == 0", lambda _: answer)))

    assert decide(of("s"), NOW, made).record.experiment == ""


def test_users_and_single_requests_may_be_what_a_share_sticks_to() -> None:
    by_user = on_trial(replace(TRIAL, sticky="user"))
    by_request = on_trial(replace(TRIAL, sticky="request"))

    assert first(decide(declaring(user=IN_ARM, session="x"), NOW, by_user)) == "b/medium"
    assert first(decide(declaring(user=IN_CONTROL, session="x"), NOW, by_user)) == "a/large"
    assert first(decide(of(IN_CONTROL), replace(NOW, draw=0.049), by_request)) == "b/medium"
    assert first(decide(of(IN_ARM), replace(NOW, draw=0.05), by_request)) == "a/large"


@pytest.mark.parametrize("sticky", ["session", "user", "request"])
def test_no_tool_loop_changes_its_arm_even_if_nobody_remembers_it(sticky: str) -> None:
    made = on_trial(replace(TRIAL, share=0.5, sticky=sticky))  # type: ignore[arg-type]  # one of three words

    for n in range(200):
        begins = asking("large", tools=1, query=f"question {n}")
        goes_on = replace(begins, in_tool_loop=True, turns=3)
        arms = {first(decide(each, replace(NOW, draw=draw), made)) for each in (begins, goes_on) for draw in (0.0, 0.9)}
        assert len(arms) == 1


def test_a_canary_is_off_while_its_provider_fails() -> None:
    canary = on_trial(replace(TRIAL, share=1.0, canary=True))

    assert first(decide(of("s"), NOW, canary)) == "b/medium"
    ill = decide(of("s"), replace(NOW, unhealthy=frozenset({"b"})), canary)
    assert names(ill) == ["a/large"]
    assert ill.record.experiment == ""


def test_an_arm_that_fails_is_counted_on_neither_side() -> None:
    ill = decide(of("s"), replace(NOW, unhealthy=frozenset({"b"})), on_trial(replace(TRIAL, share=1.0)))

    assert first(ill) == "a/large"
    assert ill.record.experiment == ""


@pytest.mark.parametrize("session", [IN_ARM, IN_CONTROL])
def test_who_cannot_go_to_the_arm_is_in_no_arm(session: str) -> None:
    only_a = Rules(always=(Restriction("here", providers=frozenset({"a"})),))

    decision = decide(of(session), NOW, on_trial(TRIAL, compliance=only_a))

    assert names(decision) == ["a/large"]
    assert decision.record.experiment == ""


def test_a_session_that_began_before_the_experiment_stays_and_is_not_counted() -> None:
    before = RuntimeState(remembered=SessionState("a/large"))
    loop = of(IN_ARM, asking("large", tools=1, in_tool_loop=True))

    decision = decide(loop, before, on_trial(TRIAL, affinity=Affinity()))

    assert first(decision) == "a/large"
    assert decision.record.experiment == ""


def test_who_named_a_model_for_this_request_is_in_no_experiment() -> None:
    header = declaring(session=IN_ARM, level=Level("x-openclaw-model", "large"))

    assert decide(header, NOW, on_trial(TRIAL)).record.experiment == ""


def test_shares_are_even_and_below_one() -> None:
    drawn = sorted(share_of("name", str(n)) for n in range(10_000))

    assert drawn[0] >= 0
    assert drawn[-1] < 1
    assert max(abs(drawn[n] - n / 10_000) for n in range(10_000)) < 0.02
