"""Promises about what a process remembers, for how long, and that strangers cannot make it grow."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.callers import CallerIdentity, Source
from openclaw_extproc.catalog import ModelFacts, Price
from openclaw_extproc.edge.runtime import memory as session_memory
from openclaw_extproc.edge.runtime.memory import (
    DAY,
    HOUR,
    LATENCY_SAMPLES,
    LATENCY_SECONDS,
    MAX_ASKED,
    MAX_SESSIONS,
    MIN_LATENCY_SAMPLES,
    SESSION_SECONDS,
    USUAL_TTL_SECONDS,
    Latencies,
    Memory,
    SessionKey,
    Sessions,
    Spending,
)
from openclaw_extproc.features import Declarations, Features
from openclaw_extproc.features.tokens import Corrections
from openclaw_extproc.gateway import Emergency, Gateway, Provider, Target, Timeouts
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.runtime_state import RuntimeState, SessionState
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, Selection
from openclaw_extproc.strategy import Affinity, Strategy

AT = 1_754_006_400.0
"""The first second of an hour and of a day, UTC."""
P = Target(Provider("p", "p", "openai_chat", models=("m",)), "m")
Q = Target(Provider("q", "q", "openai_chat", models=("n",)), "n")
FACTS = {
    "p/m": ModelFacts((Price(input=1.0, output=2.0),), family="openai"),
    "q/n": ModelFacts((Price(input=10.0, output=20.0),), family="llama"),
}
USAGE = Usage(input_tokens=1_000_000, output_tokens=500_000)
FEATURES = Features("openai_chat", "m", stream=True, turns=1, tools=0, images=0, declared=Declarations(session="s"))


def key(session: str, owner: str = "") -> SessionKey:
    return SessionKey(owner, session)


def gateway(affinity: Affinity | None = Affinity(60.0)) -> Gateway:  # noqa: B008  # it is frozen
    return Gateway(
        providers={"p": P.provider, "q": Q.provider},
        chains={"m": (P, Q)},
        catalog=FACTS,
        strategy=Strategy(affinity=affinity),
    )


def entry(target: Target = P, outcome: Outcome = Outcome.OK, *, asked: str = "m", **record: str) -> AttemptEntry:
    plan = Plan(
        "r",
        "openai_chat",
        "/v1/chat/completions",
        "",
        asked,
        ((P,), (Q,)),
        AT,
        60_000,
        Timeouts(),
        Emergency(),
        record=DecisionRecord(
            session=record.get("session", "s"), owner=record.get("owner", ""), tier=record.get("tier", "")
        ),
        estimated_tokens=900_000,
    )
    return AttemptEntry(
        "r", 1, target, Selection.PRIMARY, outcome, True, usage=USAGE, first_content_seconds=0.5, plan=plan
    )


def after(*entries: AttemptEntry, at: float = AT) -> Memory:
    memory = Memory(gateway)
    for one in entries:
        memory.attempt(one, at)
    return memory


# --- what a request gets to know ---


def test_nothing_is_remembered_of_nobody() -> None:
    assert Memory(Gateway).situation(FEATURES, Gateway(), AT) == RuntimeState()


def test_a_good_answer_is_where_the_session_stays() -> None:
    found = after(entry(Q, tier="large")).situation(FEATURES, gateway(), AT).remembered

    assert found == SessionState("q/n", tier="large", spent_usd=20.0)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.BROKEN, Outcome.NO_ANSWER, Outcome.GONE])
def test_a_bad_answer_moves_no_session(outcome: Outcome) -> None:
    found = after(entry(P), entry(Q, outcome)).situation(FEATURES, gateway(), AT).remembered

    assert found.target == "p/m"


CALLERS = (
    CallerIdentity(),
    CallerIdentity("search", "key", "search"),
    CallerIdentity("chat", "key", "chat"),
    CallerIdentity("search", "jwt", "search"),
    CallerIdentity("search", "jwt", "search", tenant="acme"),
    CallerIdentity("search", "certificate"),
    CallerIdentity("search", "xfcc"),
)


@pytest.mark.parametrize("owner", CALLERS)
def test_whoever_names_the_session_of_another_caller_has_one_of_its_own(owner: CallerIdentity) -> None:
    memory = after(entry(Q, tier="large", owner=owner.owner))

    found = {one: memory.situation(replace(FEATURES, identity=one), gateway(), AT).remembered for one in CALLERS}

    assert found.pop(owner) == SessionState("q/n", tier="large", spent_usd=20.0)
    assert set(found.values()) == {SessionState()}


def test_a_client_has_its_sessions_however_it_is_verified() -> None:
    ways: tuple[Source, ...] = ("key", "certificate", "xfcc")

    assert len({CallerIdentity("search", way, "search").owner for way in ways}) == 1


def test_affinity_ends_with_its_time() -> None:
    memory = after(entry())

    assert memory.situation(FEATURES, gateway(), AT + 60).remembered.target == "p/m"
    found = memory.situation(FEATURES, gateway(), AT + 60.1).remembered
    assert found == SessionState("", spent_usd=2.0), "what was spent is no question of affinity"


def test_without_affinity_only_a_tool_loop_finds_its_target_again() -> None:
    memory, free = after(entry()), gateway(None)
    in_loop = replace(FEATURES, in_tool_loop=True)

    assert memory.situation(FEATURES, free, AT + 1).remembered.target == ""
    assert memory.situation(in_loop, free, AT + USUAL_TTL_SECONDS).remembered.target == "p/m"
    assert memory.situation(in_loop, free, AT + USUAL_TTL_SECONDS + 1).remembered.target == ""


def test_the_large_and_the_small_model_of_one_session_keep_apart() -> None:
    memory = after(entry(P, asked="large", tier="large"), entry(Q, asked="small", tier="simple"))

    found = [memory.situation(replace(FEATURES, model=name), gateway(), AT).remembered for name in ("large", "small")]

    assert [(one.target, one.tier) for one in found] == [("p/m", "large"), ("q/n", "simple")]
    assert [one.spent_usd for one in found] == [22.0, 22.0]


def test_a_request_of_no_session_remembers_and_leaves_none() -> None:
    memory = after(entry(session=""))

    assert memory.situation(replace(FEATURES, declared=Declarations()), gateway(), AT).remembered == SessionState()
    assert not memory.sessions.by_key


def test_what_providers_counted_is_spent() -> None:
    found = after(entry(P), entry(Q, Outcome.BROKEN)).situation(FEATURES, gateway(), AT)

    assert (found.spent_this_hour, found.spent_today) == (22.0, 22.0)


def test_what_a_subscription_pays_is_not_spent() -> None:
    found = after(replace(entry(P), subscription=True), entry(Q)).situation(FEATURES, gateway(), AT)

    assert found.spent_today == after(entry(Q)).situation(FEATURES, gateway(), AT).spent_today > 0


def test_to_count_tokens_costs_nothing() -> None:
    counting = entry()
    assert counting.plan is not None

    memory = after(replace(counting, plan=replace(counting.plan, client_format="anthropic_count_tokens")))

    assert memory.situation(FEATURES, gateway(), AT).spent_today == 0.0


def test_what_passes_unread_is_not_remembered() -> None:
    memory = after(replace(entry(), passed=True))

    assert memory.situation(FEATURES, gateway(), AT) == RuntimeState()


def test_counts_of_tokens_are_learned_of_the_family_they_were_estimated_for() -> None:
    memory = after(entry(P), entry(Q), entry(P, Outcome.FAILED), replace(entry(P), usage=Usage()))

    once = Corrections()
    once.note("openai", 900_000, 1_000_000)
    assert memory.situation(FEATURES, gateway(), AT).token_ratio == once.ratios()


# --- latency ---


def latencies(*seconds: float, streamed: bool = True) -> Latencies:
    made = Latencies()
    for one in seconds:
        made.note("p/m", one, AT, streamed=streamed)
    return made


def test_latency_is_the_median_of_the_last_calls() -> None:
    assert latencies(0.1, 9.0, 0.3).medians(AT, streamed=True) == {"p/m": 0.3}
    assert latencies(*[9.0] * 50, *[0.2] * LATENCY_SAMPLES).medians(AT, streamed=True) == {"p/m": 0.2}


def test_a_few_calls_say_nothing_of_latency() -> None:
    assert latencies(*[0.1] * (MIN_LATENCY_SAMPLES - 1)).medians(AT, streamed=True) == {}


def test_streams_are_compared_with_streams() -> None:
    assert latencies(1, 1, 1, streamed=False).medians(AT, streamed=True) == {}
    assert latencies(1, 1, 1, streamed=False).medians(AT, streamed=False) == {"p/m": 1}


def test_old_latencies_say_nothing_of_now() -> None:
    made = latencies(9, 9, 9)

    assert made.medians(AT + LATENCY_SECONDS + 1, streamed=True) == {}
    made.note("p/m", 0.1, AT + LATENCY_SECONDS + 1, streamed=True)
    assert made.medians(AT + LATENCY_SECONDS + 1, streamed=True) == {}, "the old ones are not counted in"


def test_a_target_that_is_no_longer_configured_is_forgotten() -> None:
    memory = after(entry(P), entry(Q))

    memory.update(Gateway(chains={"m": (P,)}))

    assert memory.latencies.by_target.keys() == {("p/m", True)}


# --- spending ---


def test_hours_and_days_begin_at_nothing() -> None:
    spending = Spending()
    spending.note(3.0, AT)

    assert (spending.this_hour(AT + HOUR - 1), spending.today(AT + HOUR - 1)) == (3.0, 3.0)
    assert (spending.this_hour(AT + HOUR), spending.today(AT + HOUR)) == (0.0, 3.0)
    spending.note(1.0, AT + HOUR)
    assert (spending.this_hour(AT + HOUR), spending.today(AT + HOUR)) == (1.0, 4.0)
    assert (spending.this_hour(AT + DAY), spending.today(AT + DAY)) == (0.0, 0.0)


# --- bounds ---


def test_strangers_ids_cannot_make_it_grow() -> None:
    sessions = Sessions()

    for n in range(MAX_SESSIONS + 500):
        sessions.note_cost(key(f"{n}-{'x' * 10_000}"), 1.0, AT)

    assert len(sessions.by_key) == MAX_SESSIONS
    assert max(len(one.id) for one in sessions.by_key) <= 256
    assert next(iter(sessions.by_key)).id.startswith("500-"), "those used last are kept"


def test_one_session_cannot_grow_either() -> None:
    sessions = Sessions()

    for n in range(10 * MAX_ASKED):
        sessions.note_answer(key("s"), f"{n}-{'x' * 10_000}", "p/m", AT)

    assert len(sessions.by_key[key("s")].asked) == MAX_ASKED
    assert sessions.recall(key("s"), f"{10 * MAX_ASKED - 1}-{'x' * 10_000}", AT, 60).target == "p/m"


def test_a_session_that_is_used_is_not_the_one_to_go() -> None:
    sessions = Sessions()
    sessions.note_cost(key("kept"), 1.0, AT)

    for n in range(2 * MAX_SESSIONS):
        sessions.note_cost(key(str(n)), 1.0, AT)
        if n % 1_000 == 0:
            sessions.note_cost(key("kept"), 1.0, AT)

    assert sessions.recall(key("kept"), "m", AT, 60).spent_usd > 1


def test_a_caller_that_makes_up_sessions_forgets_its_own() -> None:
    sessions = Sessions()
    quiet = [key(str(n), "quiet") for n in range(100)]
    for one in quiet:
        sessions.note_cost(one, 1.0, AT)

    for n in range(2 * MAX_SESSIONS):
        sessions.note_cost(key(str(n), "loud"), 1.0, AT)

    assert len(sessions.by_key) == MAX_SESSIONS
    assert all(sessions.recall(one, "m", AT, 60).spent_usd for one in quiet)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.floats(0, SESSION_SECONDS)), max_size=200))
def test_no_mix_of_callers_makes_it_grow(calls: list[tuple[int, int, float]]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(session_memory, "MAX_SESSIONS", 10)
        sessions, at = Sessions(), AT
        for owner, session, later in calls:
            at += later
            sessions.note_cost(key(str(session), str(owner)), 1.0, at)

            assert sessions.recall(key(str(session), str(owner)), "m", at, 60).spent_usd >= 1.0
            assert len(sessions.by_key) <= 10


def test_quiet_sessions_are_forgotten_with_the_next_one() -> None:
    sessions = Sessions()
    for n in range(100):
        sessions.note_cost(key(str(n)), 1.0, AT)

    assert sessions.recall(key("5"), "m", AT + SESSION_SECONDS + 1, 60) == SessionState()
    sessions.note_cost(key("new"), 1.0, AT + SESSION_SECONDS + 1)

    assert list(sessions.by_key) == [key("new")]


OUTCOMES = st.sampled_from(list(Outcome))
STEPS = st.lists(st.tuples(st.integers(0, 5), OUTCOMES, st.sampled_from([P, Q]), st.floats(0, 2 * DAY)), max_size=60)


@given(STEPS)
def test_any_order_of_attempts_leaves_sums_that_make_sense(steps: list[tuple[int, Outcome, Target, float]]) -> None:
    memory, at, spent = Memory(gateway), AT, set[int]()

    for session, outcome, target, wait in steps:
        at += wait
        memory.attempt(entry(target, outcome, session=str(session), tier="simple"), at)
        found = memory.situation(replace(FEATURES, declared=Declarations(session=str(session))), gateway(), at)
        if outcome is not Outcome.FAILED:  # of which nothing is billed
            spent.add(session)
        assert found.spent_this_hour <= found.spent_today
        assert (found.remembered.spent_usd > 0) <= (session in spent)
        assert found.spent_this_hour > 0 or outcome in (Outcome.FAILED, Outcome.NO_ANSWER)
        assert outcome is not Outcome.OK or found.remembered.target == target.name

    assert len(memory.sessions.by_key) <= 6
