"""Promises about asking several rules at once: what is found is what asking each would have found."""

from dataclasses import replace
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.config.conditions import Compiler, activate, any_of
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import AUTO, Gateway, Provider, Target
from openclaw_extproc.policy.complexity import Classification, classify_request
from openclaw_extproc.policy.routing_context import routing_context_of
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.policy.select.rules import apply_rules
from openclaw_extproc.policy.select.variables import values
from openclaw_extproc.strategy import Condition, Rule, Strategy

HOLDS, FAILS, BREAKS = "tokens >= 0", "tokens < 0", 'headers["none"] == "x"'
SOURCES = (HOLDS, FAILS, BREAKS, "tokens < 0 // never\n", 'operation == "embeddings"', "has_code", 'model == "m-2"')
CHAT = Features("openai_chat", "m-2", stream=False, turns=1, tools=0, images=0)
P = Provider("p", "c", "openai_chat", models=("m-1", "m-2"))


def condition(source: str) -> Condition:
    made = Compiler().condition(source, "if")
    assert made is not None, source
    return made


def gateway(strategy: Strategy) -> Gateway:
    return Gateway(
        providers={"p": P}, chains={"m-1": (Target(P, "m-1"),), AUTO: (Target(P, "m-1"),)}, strategy=strategy
    )


@given(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=12))
def test_it_is_false_only_when_each_of_them_is(sources: list[str]) -> None:
    conditions = [condition(source) for source in sources]
    activation = activate(values(CHAT, classify_request(CHAT)))

    together = any_of(conditions)

    assert together is not None
    each = [one.test(activation) for one in conditions]
    assert (together.test(activation) is False) == all(found is False for found in each)


def test_more_than_the_language_takes_has_no_short_cut() -> None:
    deep = replace(condition(HOLDS), source=f"{'(' * 40}{HOLDS}{')' * 40}")

    assert any_of([deep]) is None


@given(
    st.lists(st.tuples(st.sampled_from(("", *SOURCES)), st.sampled_from(("", "m-1", "m-2"))), max_size=130),
    st.booleans(),
    st.booleans(),
)
def test_rules_find_the_same_with_and_without(written: list[tuple[str, str]], is_chat: bool, for_all: bool) -> None:
    priorities: tuple[Literal["", "cost"], ...] = ("", "cost", "")
    rules = tuple(
        Rule(f"rules[{n}]", condition(source) if source else None, model, priorities[n % 3])
        for n, (source, model) in enumerate(written)
    )
    features = replace(CHAT, operation="chat" if is_chat else "embeddings")
    slow = Strategy(rules=rules, activate=activate, applies_to="all" if for_all else "auto")
    fast = replace(slow, any_of=any_of)
    judgement = Classification("standard", "conversation", 0.5, 1.0)

    found = [apply_rules(routing_context_of(features, RuntimeState(), gateway(one), judgement)) for one in (slow, fast)]

    assert found[0] == found[1]
