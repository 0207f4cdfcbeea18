"""Promises about who goes behind all others, for how long, and what is told of it."""

import random
from dataclasses import replace

import pytest

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.health_rules import HealthRules, Recovery, Thresholds
from openclaw_extproc.policy.health.circuit import Reach, State, reach
from openclaw_extproc.policy.health.headroom import Headroom
from openclaw_extproc.policy.health.provider_health import HealthTable
from openclaw_extproc.strategy import Strategy, Switching

AT = 1_754_000_000.0
ACE = Provider("ace", "ace", "openai_chat", models=("large", "small"))
BEE = Provider("bee", "bee", "openai_chat", models=("large",))
LARGE, SMALL, BEES = Target(ACE, "large"), Target(ACE, "small"), Target(BEE, "large")
RULES = HealthRules(Thresholds(recovery=Recovery(interval_seconds=5.0, slow_start_seconds=10.0)))
GATEWAY = Gateway(providers={"ace": ACE, "bee": BEE}, chains={"large": (LARGE, BEES)}, health=RULES)


def fails(
    health: HealthTable, target: Target, kind: FaultKind, at: float = AT, *, times: int = 3, status: int | None = None
) -> None:
    for _ in range(times):
        health.record_failure(target, kind, at, status=status)


def avoided(health: HealthTable, at: float = AT, draw: float = 0.99) -> set[str]:
    return set(health.avoid(at, draw))


def closed_again(health: HealthTable, target: Target, at: float) -> None:
    for _ in range(RULES.thresholds.good_trials):
        health.record_success(target, at, began=at)


# -- whom a failure speaks of ------------------------------------------------------------


@pytest.mark.parametrize("kind", FaultKind)
def test_every_kind_of_fault_has_its_reach(kind: FaultKind) -> None:
    theirs = {
        FaultKind.RATE_LIMITED: Reach.MODEL, FaultKind.OVERLOADED: Reach.MODEL, FaultKind.FORBIDDEN: Reach.MODEL,
        FaultKind.UPSTREAM_ERROR: Reach.PROVIDER, FaultKind.UPSTREAM_GARBLED: Reach.PROVIDER,
        FaultKind.UPSTREAM_SILENT: Reach.PROVIDER, FaultKind.UNAUTHENTICATED: Reach.PROVIDER,
    }  # fmt: skip

    assert reach(kind) is theirs.get(kind, Reach.NOBODY)


@pytest.mark.parametrize(
    ("kind", "status"),
    [(FaultKind.UPSTREAM_SILENT, 408), (FaultKind.UPSTREAM_SILENT, 504), (FaultKind.UPSTREAM_ERROR, 424)],
)
def test_a_model_that_is_slow_or_broken_says_nothing_of_its_provider(kind: FaultKind, status: int) -> None:
    assert reach(kind, status) is Reach.MODEL


def test_an_overloaded_model_goes_behind_and_the_provider_s_others_do_not() -> None:
    health = HealthTable(GATEWAY)

    fails(health, LARGE, FaultKind.OVERLOADED, status=503)

    assert avoided(health) == {"ace/large"}
    assert health.state("ace", AT) is State.HEALTHY


def test_a_provider_that_nobody_reaches_goes_behind_with_all_its_models() -> None:
    health = HealthTable(GATEWAY)

    fails(health, LARGE, FaultKind.UPSTREAM_SILENT)

    assert avoided(health) == {"ace", "ace/large"}


def test_a_provider_whose_other_models_answer_stays_where_it_is() -> None:
    health = HealthTable(GATEWAY)

    for _ in range(4):
        for _ in range(6):
            health.record_success(SMALL, AT, began=AT)
        fails(health, LARGE, FaultKind.UPSTREAM_ERROR, status=500, times=1)

    assert avoided(health) == {"ace/large"}


@pytest.mark.parametrize(
    "kind", [FaultKind.MALFORMED, FaultKind.TOO_LARGE, FaultKind.NOT_FOUND, FaultKind.OVER_BUDGET, FaultKind.BUG]
)
def test_what_the_client_did_wrong_counts_for_nobody(kind: FaultKind) -> None:
    health = HealthTable(GATEWAY)

    fails(health, LARGE, kind, times=100)

    assert avoided(health) == set()
    assert [view.samples for view in health.view(AT)] == [0, 0, 0, 0, 0]


# -- how it comes back -------------------------------------------------------------------


def test_one_request_at_a_time_tries_it_out_and_only_one_that_goes_there() -> None:
    health = HealthTable(GATEWAY)
    fails(health, LARGE, FaultKind.OVERLOADED)

    later = AT + 5
    assert avoided(health, later) == set()
    health.record_planned([BEES], later)
    assert avoided(health, later) == set(), "that request went elsewhere: the trial is free"
    health.record_planned([LARGE], later)

    assert avoided(health, later) == {"ace/large"}


def test_a_trial_whose_client_left_is_followed_by_the_next() -> None:
    health = HealthTable(GATEWAY)
    fails(health, LARGE, FaultKind.OVERLOADED)
    health.record_planned([LARGE], AT + 5)

    health.record_inconclusive(LARGE)

    assert avoided(health, AT + 5) == set()


def test_who_comes_back_gets_its_share_little_by_little() -> None:
    health = HealthTable(GATEWAY)
    fails(health, LARGE, FaultKind.OVERLOADED)

    closed_again(health, LARGE, AT + 5)

    assert avoided(health, AT + 5, draw=0.09) == set()
    assert avoided(health, AT + 5, draw=0.11) == {"ace/large"}
    assert avoided(health, AT + 10, draw=0.49) == set()
    assert avoided(health, AT + 15, draw=0.99) == set()


def test_who_asks_to_be_left_alone_is_and_not_for_longer_than_an_hour() -> None:
    health = HealthTable(GATEWAY)

    health.record_failure(LARGE, FaultKind.RATE_LIMITED, AT, status=429, retry_after=40)
    health.record_failure(BEES, FaultKind.RATE_LIMITED, AT, status=429, retry_after=1e9)

    assert avoided(health, AT + 39) == {"ace/large", "bee/large"}
    assert avoided(health, AT + 41) == {"bee/large"}
    assert avoided(health, AT + 3_601) == set()


# -- probes --------------------------------------------------------------------------------


def test_a_good_probe_is_the_trial_after_an_outage() -> None:
    health = HealthTable(GATEWAY)
    fails(health, LARGE, FaultKind.UPSTREAM_SILENT)

    for second in (6, 7):
        health.record_probe("ace", AT + second, ok=True)

    assert {health.state(name, AT + 7) for name in ("ace", "ace/large")} == {State.HEALTHY}


def test_a_good_probe_while_the_wait_goes_on_changes_nothing() -> None:
    health = HealthTable(GATEWAY)
    fails(health, LARGE, FaultKind.UPSTREAM_SILENT)

    for _ in range(5):
        health.record_probe("ace", AT + 1, ok=True)

    assert avoided(health, AT + 1) == {"ace", "ace/large"}


def test_a_free_probe_cannot_know_that_a_model_has_room_again() -> None:
    health = HealthTable(GATEWAY)
    fails(health, LARGE, FaultKind.OVERLOADED)

    for second in (6, 7):
        health.record_probe("ace", AT + second, ok=True)
    assert health.state("ace/large", AT + 7) is State.HALF_OPEN
    for second in (8, 9):
        health.record_probe("ace", AT + second, ok=True, model="large")

    assert health.state("ace/large", AT + 9) is State.HEALTHY


def test_a_failed_probe_puts_the_provider_behind_before_any_request_meets_it() -> None:
    health = HealthTable(GATEWAY)

    health.record_probe("ace", AT, ok=False, why="3 probes in a row: connection")

    assert avoided(health) == {"ace"}
    assert health.view(AT)[0].why == "3 probes in a row: connection"


def test_who_answers_well_need_not_be_probed() -> None:
    health = HealthTable(GATEWAY)
    assert not health.answered_within("ace", AT, 30)

    health.record_success(LARGE, AT, began=AT)
    assert health.answered_within("ace", AT + 29, 30)
    assert not health.answered_within("ace", AT + 31, 30)
    fails(health, SMALL, FaultKind.OVERLOADED)

    assert not health.answered_within("ace", AT + 1, 30), "one of its models is out"


# -- doubts ----------------------------------------------------------------------------------


def test_who_has_nearly_reached_a_limit_goes_behind_until_it_is_reset() -> None:
    health = HealthTable(GATEWAY)

    health.has_left(LARGE, Headroom("tokens", 0.01, 8.0), AT)

    assert avoided(health, AT + 7) == {"ace/large"}
    assert avoided(health, AT + 9) == set()


def test_who_says_that_there_is_room_again_is_believed() -> None:
    health = HealthTable(GATEWAY)
    health.has_left(LARGE, Headroom("requests", 0.0, 50.0), AT)

    health.has_left(LARGE, Headroom("requests", 0.5, 1.0), AT + 1)

    assert avoided(health, AT + 1) == set()


def test_who_envoy_ejected_goes_behind_unless_it_answers_all_the_same() -> None:
    health = HealthTable(GATEWAY)

    health.record_ejection("ace", AT, 4)
    assert avoided(health, AT + 1) == {"ace"}
    health.record_success(LARGE, AT + 2, began=AT + 2)
    health.record_ejection("ace", AT + 3, 4)

    assert avoided(health, AT + 3) == set()
    health.record_ejection("ace", AT + 100, 4)
    assert avoided(health, AT + 100) == {"ace"}, "another ejection, later"


def test_who_has_no_address_goes_behind_whatever_the_rules_forgive() -> None:
    """Of a doubt an operator may want to hear nothing; this is none."""
    rules = replace(GATEWAY.health, thresholds=replace(GATEWAY.health.thresholds, failure_rate=1.0))
    forgiving = HealthTable(replace(GATEWAY, health=rules))

    forgiving.record_ejection("ace", AT, 4)
    assert avoided(forgiving, AT + 1) == set()
    forgiving.absent("ace", AT, 4)

    assert avoided(forgiving, AT + 1) == {"ace"}
    assert forgiving.without_address(AT + 1) == {"ace"}
    assert avoided(forgiving, AT + 5) == set()
    assert forgiving.without_address(AT + 5) == frozenset()
    forgiving.absent("nobody", AT, 4)


def test_who_answers_has_an_address() -> None:
    health = HealthTable(GATEWAY)
    health.absent("ace", AT, 30)

    health.record_success(LARGE, AT + 1, began=AT + 1)

    assert health.without_address(AT + 2) == frozenset()


def test_an_answer_from_the_address_it_had_is_no_new_one() -> None:
    """Calls that are under way when a provider gets another host name end well, and say nothing of that name."""
    health = HealthTable(GATEWAY)
    health.absent("ace", AT, 3)
    health.absent("ace", AT + 1, 3)

    health.record_success(LARGE, AT + 2, began=AT - 1)

    assert health.without_address(AT + 3) == {"ace"}
    assert avoided(health, AT + 3) == {"ace"}


# -- dynamic switching -------------------------------------------------------------------------


def switching(*rules: Switching) -> HealthTable:
    return HealthTable(replace(GATEWAY, strategy=Strategy(switching=rules)))


ERRORS = Switching("error_rate", 0.05, "switch_provider", window_seconds=300, interval_seconds=0)
SLOW = Switching("latency_p99", 10_000, "fallback_fast", window_seconds=300, interval_seconds=0)


def test_more_errors_than_the_rule_allows_put_a_model_behind() -> None:
    health = switching(ERRORS)

    for n in range(38):
        health.record_success(LARGE, AT + 2 * n, began=AT + 2 * n)
    health.record_failure(LARGE, FaultKind.UPSTREAM_ERROR, AT + 80, status=500)
    assert avoided(health, AT + 80) == set(), "1 of 39"
    health.record_failure(LARGE, FaultKind.UPSTREAM_ERROR, AT + 81, status=500)
    assert avoided(health, AT + 81) == set(), "2 of 40 are 5 %, not above"
    health.record_failure(LARGE, FaultKind.UPSTREAM_ERROR, AT + 82, status=500)

    assert "ace/large" in avoided(health, AT + 82)
    assert "error_rate" in health.view(AT + 82)[1].why


def test_a_model_that_is_slow_goes_behind_and_is_still_measured() -> None:
    health = switching(SLOW)

    for n in range(30):
        health.record_success(LARGE, AT + n, began=AT + n, seconds=11.0 if n % 10 == 9 else 1.0)

    assert avoided(health, AT + 30) == {"ace/large"}
    assert avoided(health, AT + 30, draw=0.04) == set()
    for n in range(100):
        health.record_success(LARGE, AT + 330 + n, began=AT + 330 + n, seconds=1.0)
    assert avoided(health, AT + 430) == set()


def test_one_slow_answer_is_no_slow_model() -> None:
    health = switching(SLOW)

    for n in range(30):
        health.record_success(LARGE, AT + n, began=AT + n, seconds=60.0 if n == 20 else 1.0)

    assert avoided(health, AT + 30) == set()


def test_a_rule_is_looked_at_once_in_its_interval() -> None:
    health = switching(replace(ERRORS, interval_seconds=30))

    for n in range(25):
        health.record_success(LARGE, AT + n / 10, began=AT + n / 10)
    for _ in range(2):
        health.record_failure(LARGE, FaultKind.UPSTREAM_ERROR, AT + 3, status=500)
    assert avoided(health, AT + 3) == set()
    health.record_success(LARGE, AT + 31, began=AT + 31)

    assert avoided(health, AT + 31) == {"ace/large"}


# -- what is told --------------------------------------------------------------------------------


def test_each_change_is_told_once_also_one_that_only_time_made() -> None:
    health = HealthTable(GATEWAY)
    fails(health, LARGE, FaultKind.OVERLOADED, status=529)

    told = [[(c.name, c.before, c.after) for c in health.changes(AT + s)] for s in (0, 1, 5, 6)]

    assert told == [
        [("ace/large", State.HEALTHY, State.OPEN)], [], [("ace/large", State.OPEN, State.HALF_OPEN)], [],
    ]  # fmt: skip


def test_a_recovery_is_told_though_nobody_looked_before_it_was_over() -> None:
    health = HealthTable(GATEWAY)
    fails(health, LARGE, FaultKind.OVERLOADED)
    assert len(health.changes(AT)) == 1

    closed_again(health, LARGE, AT + 5)
    health.avoid(AT + 1_000, 0.5)

    assert [(c.before, c.after) for c in health.changes(AT + 1_000)] == [(State.OPEN, State.HEALTHY)]


def test_a_provider_is_of_no_use_when_all_its_models_that_are_called_are_out() -> None:
    health = HealthTable(GATEWAY)
    assert health.status("ace", AT)

    fails(health, LARGE, FaultKind.OVERLOADED)
    assert not health.status("ace", AT)
    assert health.status("bee", AT)
    health.record_success(SMALL, AT, began=AT)

    assert health.status("ace", AT)


def test_a_provider_that_nobody_calls_any_more_rings_no_alarm_for_ever() -> None:
    health = HealthTable(GATEWAY)
    fails(health, LARGE, FaultKind.UPSTREAM_SILENT)

    assert not health.status("ace", AT + 60)
    assert health.status("ace", AT + 66)


def test_operators_hear_of_a_provider_that_fails_too_often() -> None:
    health = HealthTable(replace(GATEWAY, health=replace(RULES, critical_rate=0.3)))

    for n in range(10):
        if n < 4:
            health.record_failure(LARGE, FaultKind.OVERLOADED, AT)
        else:
            health.record_success(LARGE, AT, began=AT)

    assert dict(health.critical(AT)) == {"ace": 0.4}


# -- what is kept ----------------------------------------------------------------------------------


def test_only_names_of_the_configuration_get_in() -> None:
    health = HealthTable(GATEWAY)

    for n in range(1_000):
        fails(health, Target(Provider(f"p{n}", "c", "openai_chat"), f"m{n}"), FaultKind.UPSTREAM_SILENT)

    assert [view.name for view in health.view(AT)] == ["ace", "ace/large", "ace/small", "bee", "bee/large"]
    assert avoided(health) == set()


def test_a_reload_keeps_what_is_known_and_forgets_who_is_gone() -> None:
    health = HealthTable(GATEWAY)
    fails(health, LARGE, FaultKind.UPSTREAM_SILENT)
    fails(health, BEES, FaultKind.UPSTREAM_SILENT)

    health.update(replace(GATEWAY, providers={"ace": ACE}, chains={"large": (LARGE,)}))

    assert avoided(health) == {"ace", "ace/large"}


def test_without_auto_recover_a_reload_opens_the_way_again() -> None:
    gateway = replace(GATEWAY, health=HealthRules(Thresholds(recovery=Recovery(auto=False))))
    health = HealthTable(gateway)
    fails(health, LARGE, FaultKind.UPSTREAM_SILENT)
    assert avoided(health, AT + 1e6) == {"ace", "ace/large"}

    health.update(gateway)

    assert avoided(health, AT + 1e6) == set()


def test_all_outlets_tell_one_truth_about_a_provider() -> None:
    """Whatever happens to it and its models: the gauge is 0 exactly where the table says open or half-open."""
    health, rng = HealthTable(GATEWAY), random.Random(7)  # noqa: S311  # the same every time
    kinds = (FaultKind.RATE_LIMITED, FaultKind.UPSTREAM_GARBLED, FaultKind.OVERLOADED, FaultKind.UPSTREAM_SILENT)
    targets = (LARGE, SMALL, BEES)
    seen = set[State]()
    for step in range(2_000):
        at, target = AT + 3.0 * step, rng.choice(targets)
        if rng.random() < 0.4:
            health.record_success(target, at, began=at)
        elif rng.random() < 0.9:
            health.record_failure(target, rng.choice(kinds), at)
        at += rng.choice((0.0, 1.0, 70.0))
        for view in health.view(at):
            if not view.model:
                seen.add(view.state)
                assert health.status(view.provider, at) == (view.state not in (State.OPEN, State.HALF_OPEN))

    assert seen == set(State)


def test_a_provider_whose_every_called_model_is_out_is_shown_as_out_with_the_reason() -> None:
    health = HealthTable(GATEWAY)
    targets = (LARGE, SMALL)
    for target in targets:
        for _ in range(5):
            health.record_failure(target, FaultKind.RATE_LIMITED, AT, status=429)

    row = next(view for view in health.view(AT) if view.name == "ace")

    assert row.state is State.OPEN
    assert row.why == "rate_limited (429)"
    assert row.tries_again_at is not None
    assert health.state("ace", AT) is State.HEALTHY, "its own circuit is another matter: the limits are its models'"
