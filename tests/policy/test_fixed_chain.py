"""A decision that is kept is the one that would be made anew, whatever happens in between."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openclaw_extproc.catalog import Price
from openclaw_extproc.faults import Fault, FaultError
from openclaw_extproc.features import Declarations, Features
from openclaw_extproc.gateway import AUTO, ClassificationMode, Emergency, Gateway
from openclaw_extproc.policy.decide import Decision, decide, decide_anew
from openclaw_extproc.policy.fixed_chain import why_not_fixed
from openclaw_extproc.policy.routing_context import routing_context_of
from openclaw_extproc.policy.runtime_state import RuntimeState, SessionState
from openclaw_extproc.policy.snapshot import MAX_KEPT, snapshot
from openclaw_extproc.strategy import (
    Affinity,
    Compliance,
    CostCentre,
    Experiment,
    Level,
    Levels,
    Optimization,
    Pool,
    Restriction,
    Rule,
    Strategy,
    Virtual,
)
from tests.policy.making import ASKED, NOW, as_they_are, asking, declaring, facts, gateway, provider, when
from tests.policy.random_cases import MODELS, Case

MANY = settings(max_examples=max(600, settings().max_examples))
SEEDS = st.integers(0, 2**64)
EVENTS = 12
"""Requests at one gateway, each at a moment of its own."""


CHANGING = (
    "missing_credentials", "without_address", "unhealthy", "latency", *3 * ("inflight",), "token_ratio", "draw",
)  # fmt: skip
"""What changes from one moment to the next; calls under way do so most often."""


def plain(case: Case, made: Gateway, model: str) -> Gateway:
    """Most of what makes plans depend on requests taken away, and more left of what leaves chains fixed."""
    whole = made.strategy
    left: dict[str, object] = {
        "rules": (), "tasks": {}, "tiers": {}, "experiments": (), "optimization": Optimization(), "virtual": {},
        "compliance": Compliance(), "cost_centres": {}, "levels": Levels(), "users": {}, "default": "", "pools": {},
        "fallbacks": {}, "default_priority": "", "region": "", "affinity": None, "context": None,
    }  # fmt: skip
    fixed = {"users", "default", "fallbacks", "cost_centres", "levels", "pools", "affinity", "context"}
    taken = {name: empty for name, empty in left.items() if not case.chance(0.3 if name in fixed else 0.08)}
    if case.chance(0.4):
        taken |= {"users": {"ann": case.one(*MODELS)}, "pools": {"pool": Pool({model: 1}, max_concurrent=2)}}
    emergency = Emergency(model=case.one("", "", "m1", "a/m1"))
    classification: ClassificationMode = case.one("when_used", "when_used", "always")
    strategy = replace(whole, **taken)  # type: ignore[arg-type]  # fields of `Strategy` by name
    return replace(made, strategy=strategy, emergency=emergency, classification=classification)


def asking_again(case: Case, model: str) -> Features:
    """A request, often for the same model as the others: else nothing would be kept for long."""
    drawn = case.request()
    said = Declarations(session=drawn.declared.session, user=drawn.declared.user)
    declared = drawn.declared if case.chance(0.2) else said
    return replace(drawn, model=model if case.chance(0.8) else drawn.model, declared=declared)


def moments(case: Case) -> Iterator[RuntimeState]:
    """One after the other: often the same as before but for one thing, or for nothing."""
    now = replace(case.situation(), remembered=SessionState())
    while True:
        other = case.situation()
        changed = case.some(CHANGING, most=1)
        now = replace(now, **{name: getattr(other, name) for name in changed})
        yield replace(now, remembered=other.remembered if case.chance(0.2) else SessionState())


@MANY
@given(SEEDS)
def test_a_kept_decision_is_the_one_made_anew(seed: int) -> None:
    case = Case(seed)
    drawn = case.gateway()
    model = case.one(*drawn.chains)
    made = plain(case, drawn, model)

    for _, now in zip(range(EVENTS), moments(case), strict=False):
        features = asking_again(case, model)
        anew = _outcome(decide_anew, features, now, made)
        assert _outcome(decide, features, now, made) == anew
        assert _outcome(decide, features, now, made) == anew, "the second one is kept"


def _outcome(
    how: Callable[[Features, RuntimeState, Gateway], Decision], features: Features, now: RuntimeState, made: Gateway
) -> object:
    try:
        decision = how(features, now, made)
    except FaultError as error:
        return error.fault
    return decision, decision.trace


# -- what is kept ------------------------------------------------------------------

CHAINS = {"large": ["a/large", "b/medium"], "medium": ["b/medium"], "small": ["c/small"]}


def is_kept(made: Gateway, features: Features = ASKED, now: RuntimeState = NOW) -> bool:
    """Whether a second decision like the first has the very same groups, and not only equal ones."""
    return decide(features, now, made).groups is decide(features, now, made).groups


def test_the_plan_of_a_fixed_chain_is_made_once() -> None:
    made = gateway(chains=CHAINS)
    first, second = decide(ASKED, NOW, made), decide(replace(ASKED, tokens=5, query="other"), NOW, made)

    assert second.groups is first.groups
    assert (first.record.input_tokens, second.record.input_tokens) == (1_000, 5), "what it costs is its own"
    assert second.record.cost_usd != first.record.cost_usd


@pytest.mark.parametrize(
    "now",
    [
        RuntimeState(unhealthy=frozenset({"a"})),
        RuntimeState(unhealthy=frozenset({"a/large"})),
        RuntimeState(without_address=frozenset({"a"})),
        RuntimeState(missing_credentials=frozenset({"KEY_a"})),
    ],
)
def test_a_kept_plan_holds_while_nothing_changes(now: RuntimeState) -> None:
    made = gateway(chains=CHAINS)

    before, during, after = (decide(ASKED, state, made) for state in (NOW, now, NOW))

    assert (before.chain[0].name, during.chain[0].name) == ("a/large", "b/medium")
    assert after.groups is before.groups


def test_who_is_full_goes_behind_and_comes_back() -> None:
    strategy = Strategy(pools={"pool": Pool({"large": 1}, max_concurrent=2)}, applies_to="auto")
    made = gateway(strategy, chains=CHAINS)
    full = RuntimeState(inflight={"a/large": 2})

    found = [decide(ASKED, now, made).chain[0].name for now in (NOW, full, NOW)]

    assert found == ["a/large", "b/medium", "a/large"]
    assert is_kept(made)


def test_what_a_request_needs_is_asked_of_each() -> None:
    known = {
        "a/large": facts(10.0, window=2_000, lacks=frozenset({"vision"})),
        "b/medium": facts(2.0, window=9_000, capabilities=frozenset({"vision"})),
    }
    made = gateway(chains=CHAINS, catalog=known)
    requests = {"": ASKED, "long": replace(ASKED, tokens=3_000), "picture": replace(ASKED, images=1)}

    found = {what: decide(one, NOW, made).chain[0].name for what, one in (*requests.items(), *requests.items())}

    assert found == {"": "a/large", "long": "b/medium", "picture": "b/medium"}
    assert not is_kept(made, requests["long"])


def test_the_order_of_stand_ins_follows_the_price_of_each_request() -> None:
    tiered = replace(facts(), prices=(Price(1.0, 1.0), Price(100.0, 100.0, above=2_000)))
    chains = {"large": ["a/large", "b/medium", "c/small"], "medium": ["b/medium"], "small": ["c/small"]}
    known = {"a/large": facts(10.0), "b/medium": tiered, "c/small": facts(5.0)}
    made = gateway(Strategy(default="small", applies_to="auto"), chains=chains, catalog=known)

    found = [[t.model for t in decide(replace(ASKED, tokens=n), NOW, made).chain] for n in (1_000, 3_000, 1_000)]

    assert found == [["large", "medium", "small"], ["large", "small", "medium"], ["large", "medium", "small"]]


NEVER = when("?", lambda _: False)
CLASS = Restriction("c", providers=frozenset({"a"}))
DEPENDING: dict[str, Strategy] = {
    "the mode is not enforce": Strategy(mode="shadow"),
    "a compliance rule": Strategy(activate=as_they_are, compliance=Compliance(when=((NEVER, "c"),))),
    "a budget": Strategy(optimization=Optimization(daily_budget=1.0)),
    "an experiment": Strategy(experiments=(Experiment("e", "small"),)),
    "a rule": Strategy(activate=as_they_are, rules=(Rule("r", NEVER, "small"),)),
    "a task or a tier": Strategy(tiers={"simple": ("small",)}),
    "a preference by price or speed": Strategy(optimization=Optimization(latency=True)),
}


@pytest.mark.parametrize("why", DEPENDING)
def test_what_makes_a_plan_depend_on_the_request_keeps_nothing(why: str) -> None:
    made = gateway(DEPENDING[why], chains=CHAINS)

    assert why_not_fixed(routing_context_of(ASKED, NOW, made)) == why
    assert not is_kept(made)


STATIC: dict[str, Strategy] = {
    "nothing": Strategy(),
    "rules for who leaves the choice": Strategy(
        applies_to="auto", rules=(Rule("r", NEVER, "small"),), tiers={"simple": ("small",)}
    ),
    "a class of all requests": Strategy(compliance=Compliance(always=(CLASS,), data_class="c", classes={"c": CLASS})),
    "a limit of time": Strategy(levels=Levels(prompt=Level("prompt", timeout_ms=1_000))),
    "a session's level": Strategy(levels=Levels(session=Level("session", "small"))),
    "a user's model": Strategy(users={"ann": "small"}),
    "a cost centre": Strategy(cost_centres={"lab": CostCentre(max_cost_usd=1.0)}),
    "affinity": Strategy(affinity=Affinity()),
}  # fmt: skip


@pytest.mark.parametrize("what", STATIC)
def test_what_other_requests_depend_on_keeps_this_one(what: str) -> None:
    assert is_kept(gateway(STATIC[what], chains=CHAINS))


@pytest.mark.parametrize(
    ("what", "features"),
    [
        ("a session's level", declaring(session="s")),
        ("a user's model", declaring(user="ann")),
        ("a cost centre", declaring(cost_centre="lab")),
        ("nothing", declaring(priority="low")),
        ("nothing", declaring(level=Level("x-openclaw-model", "small"))),
        ("a class of all requests", declaring(data_class="c")),
    ],
)
def test_a_request_that_says_something_of_itself_is_decided_anew(what: str, features: Features) -> None:
    assert not is_kept(gateway(STATIC[what], chains=CHAINS), features)


@pytest.mark.parametrize("affinity", [None, Affinity()])
def test_a_session_that_stays_somewhere_is_decided_anew(affinity: Affinity | None) -> None:
    made = gateway(Strategy(affinity=affinity), chains=CHAINS)
    looping, stays = replace(ASKED, in_tool_loop=True), RuntimeState(remembered=SessionState(target="b/medium"))

    assert decide(looping, NOW, made).chain[0].name == "a/large"
    assert decide(looping, stays, made).chain[0].name == "b/medium"


def test_pools_and_preferences_are_no_fixed_chains() -> None:
    strategy = Strategy(pools={"pool": Pool({"large": 1, "small": 1})}, virtual={"cheap": Virtual("cheap")})
    made = gateway(strategy, chains=CHAINS)

    assert not is_kept(made, asking("pool"))
    assert not is_kept(made, asking("cheap"))
    assert is_kept(made, asking("small"))


def test_a_translated_request_is_kept_while_nothing_of_it_can_be_lost() -> None:
    made = gateway(chains={"large": ["g/large", "a/large"]}, providers=(provider("g", format="gemini"),))
    bound = replace(ASKED, bound_to_format=("n",))

    assert decide(ASKED, NOW, made).chain[0].name == "g/large"
    assert is_kept(made)
    assert decide(bound, NOW, made).chain[0].name == "a/large"


def test_what_strangers_say_does_not_grow_what_is_kept() -> None:
    made = replace(gateway(chains=CHAINS), unknown_models="auto")
    for n in range(300):
        decide(asking(f"unknown-{n}"), NOW, made)
        decide(ASKED, RuntimeState(unhealthy=frozenset({f"x{n}"})), made)

    known = snapshot(made).fixed_chains
    assert [name for name, _, _ in known] == ["large"]
    assert all(chain is None or len(chain.decisions) <= MAX_KEPT for chain in known.values())
    assert is_kept(made, asking(AUTO))


def test_nobody_left_is_refused_each_time() -> None:
    made = gateway(chains=CHAINS)
    nobody = RuntimeState(missing_credentials=frozenset({"KEY_a", "KEY_b"}))

    for _ in range(2):
        assert isinstance(_outcome(decide, ASKED, nobody, made), Fault)
    assert decide(ASKED, NOW, made).chain[0].name == "a/large"
