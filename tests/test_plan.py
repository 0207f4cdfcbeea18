"""Promises about the plan: what is tried in which order, and that it travels as text."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.gateway import Changes, Emergency, Gateway, Provider, RetryPolicy, Target, Timeouts
from openclaw_extproc.plan import MAX_ATTEMPTS, Plan, UnconfirmedError, groups, read, windows, write
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.snapshots import Snapshots

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


def target(name: str) -> Target:
    provider = Provider(name, f"c-{name}", "openai_chat", credential=f"KEY-{name}", models=("other",), region="eu")
    return Target(provider, f"m-{name}")


A, B, C = map(target, "abc")


def plan(*chain: Target) -> Plan:
    return Plan("r", "openai_chat", "/p", "", "m", tuple((t,) for t in chain), 0.0, 60_000, Timeouts(), Emergency())


LIMITS, EMERGENCY = Timeouts(first_token_ms=7), Emergency("nobody", 9)
GATEWAY = Gateway(
    {t.provider.name: t.provider for t in (A, B, C)},
    {"m": (A, B, C)},
    timeouts=LIMITS,
    emergency=EMERGENCY,
    catalog={"a/m-a": ModelFacts(window=1_000), "b/m-b": ModelFacts()},
    generation="g1",
)
KNOWN = Snapshots(GATEWAY)

targets = st.builds(
    replace,
    st.sampled_from([A, B, C]),
    weight=st.integers(0, 100),
    timeout_ms=st.none() | st.integers(1, 10**6),
    changes=st.builds(Changes, text, text, st.none() | st.floats(0, 2), st.none() | st.integers(1, 10**6)),
)
plans = st.builds(
    Plan,
    text,
    st.just("openai_chat"),
    text,
    text,
    text,
    st.lists(st.lists(targets, min_size=1, max_size=2).map(tuple), min_size=1, max_size=4).map(tuple),
    st.floats(0, 2e9),
    st.integers(1, 10**6),
    st.just(LIMITS),
    st.just(EMERGENCY),
    st.builds(DecisionRecord, session=text, owner=text, tier=text, cost_usd=st.none() | st.floats(0, 100)),
    generation=st.just("g1"),
)


@given(plans)
def test_a_plan_survives_its_journey(made: Plan) -> None:
    assert read(write(made), KNOWN) == replace(made, windows=windows(made.groups, GATEWAY))


def test_of_a_provider_only_its_name_travels() -> None:
    written = write(plan(A))

    assert "KEY-a" not in written
    assert "c-a" not in written
    assert len(written) < 250


def test_what_a_plan_says_of_why_it_is_so_stays_here() -> None:
    written = write(replace(plan(A), record=DecisionRecord(because=("a long story",), data_classes=("pii",))))

    assert "story" not in written
    assert "pii" not in written


def test_a_target_travels_once_however_often_it_is_planned() -> None:
    once, often = write(plan(A, B)), write(plan(A, B, A, B, A, B, A, B))

    assert read(often, KNOWN).groups == ((A,), (B,)) * 4
    assert len(often) - len(once) <= len("[0],[1],") * 3


@pytest.mark.parametrize("written", ["", "{", "[]", "{}", "null", '{"request_id": 7}'])
def test_what_is_no_plan_is_refused(written: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        read(written, KNOWN)


@pytest.mark.parametrize("groups", ["[]", "[[]]", "[[1]]", "[[-1]]", "[[0],[]]"])
def test_a_plan_whose_groups_lead_nowhere_is_refused(groups: str) -> None:
    written = write(plan(A)).replace('"groups":[[0]]', f'"groups":{groups}')

    with pytest.raises(msgspec.MsgspecError):
        read(written, KNOWN)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ('"provider":"a"', '"provider":"z"'),
        ('"model":"m-a"', '"model":"../../admin"'),
        ('"client_format":"openai_chat"', '"client_format":"bedrock_converse"'),
        ('"client_format":"openai_chat"', '"client_format":"gemini_embeddings"'),
        ('"client_format":"openai_chat"', '"client_format":"no such"'),
        ('"groups"', '"passes":true,"groups"'),
    ],
)
def test_a_plan_that_names_what_is_not_configured_is_refused(ours: str, theirs: str) -> None:
    written = write(plan(A))
    assert ours in written

    with pytest.raises(UnconfirmedError):
        read(written.replace(ours, theirs), KNOWN)


def test_a_plan_that_describes_a_provider_is_refused() -> None:
    written = write(plan(A)).replace('"provider":"a"', '"credential":"PATH","provider":"a"')

    with pytest.raises(msgspec.MsgspecError):
        read(written, KNOWN)


@pytest.mark.parametrize("amount", ["-1.0", "1e999"])
def test_a_plan_lifts_no_budget(amount: str) -> None:
    written = write(replace(plan(A), record=DecisionRecord(cost_usd=1.0))).replace(
        '"cost_usd":1.0', f'"cost_usd":{amount}'
    )

    with pytest.raises(msgspec.MsgspecError):
        read(written, KNOWN)


def test_a_chain_is_tried_once() -> None:
    assert groups([(A,), (B,), (C,)], RetryPolicy(max_retries=5)) == ((A,), (B,), (C,))


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (2, 3), (100, MAX_ATTEMPTS)])
def test_a_single_target_is_tried_again(retries: int, attempts: int) -> None:
    assert groups([(A,)], RetryPolicy(max_retries=retries)) == ((A,),) * attempts


def test_no_chain_is_longer_than_callers_wait() -> None:
    assert len(groups([(target(str(n)),) for n in range(50)], RetryPolicy())) == MAX_ATTEMPTS


def test_past_the_end_it_starts_again() -> None:
    assert [plan(A, B).group(n) for n in (1, 2, 3, 4)] == [(A,), (B,), (A,), (B,)]


def test_a_target_is_told_by_its_cluster() -> None:
    assert plan(A, B).target(2, "c-b") == B
    assert plan(A, B).target(1, "c-b") is None
    assert plan(A, B).target(2, "") is None


def test_it_knows_its_last_attempt_and_who_is_next() -> None:
    assert [plan(A, B).is_last(n) for n in (1, 2, 3)] == [False, True, True]
    assert [plan(A, A, B).stays(n) for n in (1, 2, 3)] == [True, False, False]
