"""Promises about the plan: what is tried in which order, and that it travels as text."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.gateway import Emergency, Limits, Provider, Target
from openclaw_extproc.plan import MAX_ATTEMPTS, Plan, groups, read, write
from openclaw_extproc.record import Record

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
providers = st.builds(
    Provider, text, text, text, text, text, st.sampled_from(["inject", "forward"]), st.lists(text).map(tuple), text
)
targets = st.builds(Target, providers, text, st.integers(1, 100))
limits = st.builds(Limits, *[st.integers(0, 10**6)] * 4, st.floats(1, 10))
plans = st.builds(
    Plan,
    text,
    text,
    text,
    text,
    text,
    st.lists(st.lists(targets, min_size=1, max_size=2).map(tuple), min_size=1, max_size=4).map(tuple),
    st.floats(0, 2e9),
    st.integers(1, 10**6),
    limits,
    st.builds(Emergency, text, st.integers(0, 10**6)),
    st.builds(Record, because=st.lists(text).map(tuple)),
)


def target(name: str) -> Target:
    return Target(Provider(name, f"c-{name}", "f"), f"m-{name}")


A, B, C = map(target, "abc")


def plan(*chain: Target) -> Plan:
    return Plan("r", "f", "/p", "", "m", tuple((t,) for t in chain), 0.0, 60_000, Limits(), Emergency())


def alone(target: Target) -> Target:
    return replace(target, provider=replace(target.provider, models=()))


@given(plans)
def test_a_plan_survives_its_journey_without_what_its_providers_list(made: Plan) -> None:
    expected = replace(made, groups=tuple(tuple(map(alone, group)) for group in made.groups))

    assert read(write(made)) == expected


def test_a_target_travels_once_however_often_it_is_planned() -> None:
    once, often = write(plan(A, B)), write(plan(A, B, A, B, A, B, A, B))

    assert read(often).groups == ((A,), (B,)) * 4
    assert len(often) - len(once) <= len("[0],[1],") * 3


@pytest.mark.parametrize("written", ["", "{", "[]", "{}", "null", '{"request_id": 7}'])
def test_what_is_no_plan_is_refused(written: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        read(written)


def test_a_plan_that_names_a_target_it_has_not_is_refused() -> None:
    written = write(plan(A)).replace('"groups":[[0]]', '"groups":[[1]]')

    with pytest.raises(msgspec.MsgspecError):
        read(written)


def test_a_chain_is_tried_once() -> None:
    assert groups([(A,), (B,), (C,)], Limits(max_retries=5)) == ((A,), (B,), (C,))


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (2, 3), (100, MAX_ATTEMPTS)])
def test_a_single_target_is_tried_again(retries: int, attempts: int) -> None:
    assert groups([(A,)], Limits(max_retries=retries)) == ((A,),) * attempts


def test_no_chain_is_longer_than_callers_wait() -> None:
    assert len(groups([(target(str(n)),) for n in range(50)], Limits())) == MAX_ATTEMPTS


def test_past_the_end_it_starts_again() -> None:
    assert [plan(A, B).group(n) for n in (1, 2, 3, 4)] == [(A,), (B,), (A,), (B,)]


def test_a_target_is_told_by_its_cluster() -> None:
    assert plan(A, B).target(2, "c-b") == B
    assert plan(A, B).target(1, "c-b") is None
    assert plan(A, B).target(2, "") is None


def test_it_knows_its_last_attempt_and_who_is_next() -> None:
    assert [plan(A, B).is_last(n) for n in (1, 2, 3)] == [False, True, True]
    assert [plan(A, A, B).stays(n) for n in (1, 2, 3)] == [True, False, False]
