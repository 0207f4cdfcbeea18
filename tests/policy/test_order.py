"""Promises about who of several is asked first: price, quality, nearness, health, abilities."""

from dataclasses import replace

import pytest

from openclaw_extproc.catalog import Price
from openclaw_extproc.faults import FaultKind
from openclaw_extproc.features import extract, tokens_for
from openclaw_extproc.gateway import AUTO, Gateway
from openclaw_extproc.model.requests import Chat, Text, Turn
from openclaw_extproc.policy.decide import decide
from openclaw_extproc.strategy import Context, Optimization, Rule, Strategy, Virtual
from tests.policy.making import (
    ASKED,
    NOW,
    SIMPLE,
    STANDARD,
    asking,
    declaring,
    facts,
    gateway,
    names,
    provider,
    refusal,
)

ALL_OF_THEM = {"large": ["a/large"], "medium": ["b/medium", "a/large", "c/small"], "small": ["c/small"]}
ANSWERS_FIRST = Strategy(fallbacks={"other": ("medium",)})
"""Something about choosing, that does not choose here."""


def of_medium(strategy: Strategy, **catalog: object) -> Gateway:
    return gateway(strategy, chains=ALL_OF_THEM, catalog=catalog or None, auto="medium")  # type: ignore[arg-type]


def test_cheaper_stand_ins_go_first_and_dearer_ones_stay() -> None:
    made = of_medium(ANSWERS_FIRST)

    assert names(decide(asking("medium"), NOW, made)) == ["b/medium", "c/small", "a/large"]


def test_who_named_a_model_pays_no_more_while_anybody_is_left_who_costs_no_more() -> None:
    strategy = Strategy(tiers={"simple": ("small",)}, default="large")
    keyless = replace(NOW, missing_credentials=frozenset({"KEY_c"}))

    decision = decide(asking("medium"), keyless, gateway(strategy), judgement=SIMPLE)

    assert names(decision) == ["b/medium", "a/large"]
    assert "b/medium before a/large: it costs no more than the model asked for" in decision.record.because
    high = declaring(asking("medium"), priority="high")
    assert names(decide(high, keyless, gateway(strategy), judgement=SIMPLE)) == ["b/medium", "a/large"]
    by_rule = replace(strategy, rules=(Rule("all", None, "small"),))
    assert names(decide(asking("medium"), keyless, gateway(by_rule), judgement=SIMPLE)) == ["a/large", "b/medium"]


def test_high_priority_keeps_the_operators_order() -> None:
    high = declaring(asking("medium"), priority="high")

    assert names(decide(high, NOW, of_medium(ANSWERS_FIRST))) == ["b/medium", "a/large", "c/small"]


def test_low_priority_drops_dearer_stand_ins_unless_nothing_else_is_left() -> None:
    low = declaring(asking("medium"), priority="low")
    nobody_else = replace(NOW, missing_credentials=frozenset({"KEY_b", "KEY_c"}))

    decision = decide(low, NOW, of_medium(ANSWERS_FIRST))

    assert names(decision) == ["b/medium", "c/small"]
    assert [one.target.name for one in decision.trace.candidates if one.objection] == ["a/large"]
    assert names(decide(low, nobody_else, of_medium(ANSWERS_FIRST))) == ["a/large"]


def test_priority_cost_takes_the_cheapest_that_is_good_enough() -> None:
    by_cost = Strategy(rules=(Rule("all", None, "medium", "cost"),))

    assert names(decide(asking(AUTO), NOW, of_medium(by_cost), judgement=SIMPLE)) == ["c/small", "b/medium", "a/large"]


def test_priority_quality_welcomes_dearer_stand_ins() -> None:
    by_quality = Strategy(rules=(Rule("all", None, "medium", "quality"),))
    known = {"a/large": facts(10.0, quality=0.9), "c/small": facts(0.1, quality=0.4)}

    decision = decide(asking(AUTO), NOW, of_medium(by_quality, **known))

    assert names(decision) == ["b/medium", "a/large", "c/small"]


MINIMIZING = Strategy(optimization=Optimization(minimize_cost=True, quality_threshold=0.85))


def test_minimize_cost_takes_the_cheapest_above_the_threshold() -> None:
    known = {
        "a/large": facts(10.0, quality=0.95),
        "b/medium": facts(2.0, quality=0.9),
        "c/small": facts(0.1, quality=0.5),
    }
    made = gateway(MINIMIZING, chains={"large": ["a/large", "b/medium", "c/small"]}, catalog=known)

    decision = decide(ASKED, NOW, made, judgement=STANDARD)

    assert names(decision)[0] == "b/medium"
    assert "b/medium before a/large: by price, kind or quality" in decision.record.because


def test_minimize_cost_never_takes_what_is_dearer_or_not_known_to_be_good() -> None:
    known = {"b/medium": facts(2.0, quality=0.2), "a/large": facts(10.0, quality=0.99), "c/small": facts(0.1)}

    assert names(decide(asking("medium"), NOW, of_medium(MINIMIZING, **known)))[0] == "b/medium"


def test_without_a_threshold_only_simple_requests_go_to_who_is_known_to_be_worse() -> None:
    cheap = Strategy(optimization=Optimization(minimize_cost=True))
    known = {"b/medium": facts(2.0, quality=0.8), "c/small": facts(0.1, quality=0.5)}

    assert names(decide(asking("medium"), NOW, of_medium(cheap, **known), judgement=SIMPLE))[0] == "c/small"
    assert names(decide(asking("medium"), NOW, of_medium(cheap, **known), judgement=STANDARD))[0] == "b/medium"


def test_kinds_are_preferred_in_their_order_and_never_for_more_money() -> None:
    kinds = Strategy(optimization=Optimization(kinds=("local", "open_source", "paid")))
    known = {"a/large": facts(10.0, kind="local"), "b/medium": facts(2.0, kind="paid"), "c/small": facts(kind="local")}

    decision = decide(asking("medium"), NOW, of_medium(kinds, **known), judgement=SIMPLE)

    assert names(decision) == ["c/small", "b/medium", "a/large"]


def test_a_choice_that_somebody_made_for_this_request_is_not_improved_upon() -> None:
    strategy = replace(MINIMIZING, users={"ann": "medium"}, optimization=Optimization(minimize_cost=True))

    assert names(decide(declaring(user="ann"), NOW, of_medium(strategy), judgement=SIMPLE))[0] == "b/medium"


def test_a_price_has_steps() -> None:
    """Gemini asks more above 200,000 tokens of input."""
    stepped = replace(facts(), prices=(Price(1.0, 4.0), Price(50.0, 200.0, above=200_000)))
    made = of_medium(Strategy(optimization=Optimization(minimize_cost=True)), **{"c/small": stepped})

    assert names(decide(asking("medium"), NOW, made, judgement=SIMPLE))[0] == "c/small"
    assert names(decide(asking("medium", tokens=300_000), NOW, made, judgement=SIMPLE))[0] == "b/medium"


# -- health, region, latency -------------------------------------------------------


def test_who_fails_goes_behind_all_others() -> None:
    made = gateway(chains={"large": ["a/large", "b/medium", "c/small"]})

    ill = decide(ASKED, replace(NOW, unhealthy=frozenset({"a"})), made)

    assert names(ill) == ["b/medium", "c/small", "a/large"]
    assert "b/medium before a/large: a/large is failing" in ill.record.because
    assert names(decide(ASKED, replace(NOW, unhealthy=frozenset("abc")), made)) == ["a/large", "b/medium", "c/small"]
    assert names(decide(ASKED, replace(NOW, unhealthy=frozenset({"a/large"})), made))[0] == "b/medium"


def test_the_same_model_is_asked_in_our_region_first_and_then_where_it_is_fastest() -> None:
    here = [provider("a", region="us"), provider("b", region="eu"), provider("c", region="eu")]
    made = gateway(
        Strategy(region="eu"), chains={"m": ["a/m", "b/m", "c/m", "a/other"]}, providers=here, auto="m", catalog={}
    )

    assert names(decide(asking("m"), NOW, made)) == ["b/m", "c/m", "a/m", "a/other"]
    measured = replace(NOW, latency={"c/m": 0.1, "b/m": 0.5, "a/m": 0.01})
    assert names(decide(asking("m"), measured, made)) == ["c/m", "b/m", "a/m", "a/other"]
    ill = replace(measured, unhealthy=frozenset({"c", "b"}))
    assert names(decide(asking("m"), ill, made)) == ["a/m", "a/other", "c/m", "b/m"]


def test_least_latency_orders_who_was_chosen_and_not_who_stands_in() -> None:
    fastest = Strategy(optimization=Optimization(latency=True), tiers={"simple": ("large", "medium")})
    measured = replace(NOW, latency={"a/large": 2.0, "b/medium": 0.5, "c/small": 0.1}, draw=0.5)

    decision = decide(asking(AUTO), measured, gateway(fastest, auto="small"), judgement=SIMPLE)

    assert names(decision) == ["b/medium", "a/large", "c/small"]


# -- abilities and windows ---------------------------------------------------------

PICTURE = asking("medium", images=1, needs=frozenset({"image"}))


def test_a_model_that_is_known_to_be_blind_gets_no_picture() -> None:
    blind = facts(2.0, lacks=frozenset({"vision"}))

    decision = decide(PICTURE, NOW, of_medium(Strategy(), **{"b/medium": blind}))

    assert names(decision) == ["a/large", "c/small"]
    assert "b skipped: medium does not support vision" in decision.record.because


def test_if_all_are_said_to_be_blind_the_provider_decides() -> None:
    blind = {name: facts(2.0, lacks=frozenset({"vision"})) for name in ("a/large", "b/medium", "c/small")}

    assert names(decide(PICTURE, NOW, of_medium(Strategy(), **blind)))[0] == "b/medium"


def test_silence_does_not_send_a_named_model_away_but_orders_its_stand_ins() -> None:
    sees = {"c/small": facts(0.1, capabilities=frozenset({"vision"}))}

    assert names(decide(PICTURE, NOW, of_medium(Strategy(), **sees))) == ["b/medium", "c/small", "a/large"]
    left = replace(PICTURE, model=AUTO)
    assert names(decide(left, NOW, of_medium(Strategy(), **sees))) == ["c/small", "b/medium", "a/large"]


@pytest.mark.parametrize(
    ("features", "ability"),
    [
        (asking(AUTO, tools=1), "tools"),
        (asking(AUTO, output_format="json_schema"), "json_schema"),
        (asking(AUTO, reasoning_effort="high"), "reasoning"),
        (asking(AUTO, needs=frozenset({"audio_link"})), "audio"),
        (asking(AUTO, needs=frozenset({"pdf"})), "pdf"),
    ],
)
def test_each_ability_is_looked_for(features: object, ability: str) -> None:
    able = {"c/small": facts(0.1, capabilities=frozenset({ability}))}

    assert names(decide(features, NOW, of_medium(Strategy(), **able)))[0] == "c/small"  # type: ignore[arg-type]


def test_nothing_is_planned_that_is_too_long_for_its_window() -> None:
    known = {"b/medium": facts(2.0, window=1_200), "c/small": facts(0.1, window=100_000)}
    made = of_medium(Strategy(), **known)

    assert names(decide(asking("medium"), NOW, made))[0] == "b/medium"
    assert names(decide(asking("medium", output_tokens=300), NOW, made)) == ["a/large", "c/small"]
    capped = of_medium(Strategy(), **{"b/medium": facts(2.0, window=1_200, max_output=100)})
    assert names(decide(asking("medium", output_tokens=300), NOW, capped))[0] == "b/medium"


def test_tokens_are_counted_as_the_family_counts_them() -> None:
    made = of_medium(Strategy(), **{"b/medium": facts(2.0, window=1_200, family="x")})

    assert names(decide(asking("medium"), replace(NOW, token_ratio={"x": 1.3}), made))[0] == "a/large"
    record = decide(asking("medium"), replace(NOW, token_ratio={"x": 1.1}), made).record
    assert record.input_tokens == 1_100
    assert record.cost_usd == pytest.approx((1_100 * 2 + 500 * 8) / 1e6)


def test_every_family_counts_the_same_prompt_in_its_own_way() -> None:
    text = "Ein Satz, den jeder anders zählt. " * 100
    long = extract(Chat("medium", (Turn("user", (Text(text),)),)), client_format="openai_chat", headers={})
    counts = {
        family: decide(long, NOW, of_medium(Strategy(), **{"b/medium": facts(2.0, family=family)})).record.input_tokens
        for family in ("openai", "anthropic", "gemini")
    }

    assert counts == {family: tokens_for(long.size, family) for family in counts}
    assert len(set(counts.values())) > 1


def test_a_request_nobody_has_room_for_is_refused_in_words_its_sdk_knows() -> None:
    small = {name: facts(1.0, window=500) for name in ("a/large", "b/medium", "c/small")}

    fault = refusal(asking("medium"), NOW, of_medium(Strategy(), **small))

    assert (fault.kind, fault.code, fault.status) == (FaultKind.MALFORMED, "context_length_exceeded", 400)
    assert fault.public == "about 1,000 tokens with the requested output; the context window of medium is 500"


def test_who_left_the_choice_to_us_gets_anybody_with_room() -> None:
    small = {"a/large": facts(1.0, window=500)}

    decision = decide(asking(AUTO), NOW, gateway(catalog=small))

    assert names(decision) == ["c/small", "b/medium"]
    assert names(decide(ASKED, NOW, gateway(catalog=small))) == ["a/large"], "a named model is no other"


def test_an_estimate_refuses_nobody_whose_prompt_may_fit() -> None:
    """A prompt of about 1,000 tokens has 700 at least."""
    close = {
        name: facts(1.0, window=window) for name, window in (("a/large", 600), ("b/medium", 800), ("c/small", 699))
    }

    assert names(decide(asking("medium"), NOW, of_medium(Strategy(), **close))) == ["b/medium"]


def test_a_single_target_is_never_refused_for_its_window() -> None:
    small = {"a/large": facts(1.0, window=10)}

    assert names(decide(ASKED, NOW, gateway(catalog=small))) == ["a/large"]


def test_where_conversations_are_shortened_more_room_goes_first_and_nobody_is_refused() -> None:
    shortening = Strategy(context=Context())
    known = {"b/medium": facts(2.0, window=500), "a/large": facts(1.0, window=900)}

    assert names(decide(asking("medium"), NOW, of_medium(shortening, **known))) == ["c/small"]
    every = {**known, "c/small": facts(0.1, window=100)}
    assert names(decide(asking("medium"), NOW, of_medium(shortening, **every)))[0] == "b/medium"


def test_among_all_models_none_is_taken_that_does_not_chat() -> None:
    made = gateway(
        Strategy(virtual={"cheap": Virtual("cheap")}),
        chains={"large": ["a/large"], "text-embedding-3-small": ["a/text-embedding-3-small"], "tts-1": ["b/tts-1"]},
        catalog={"a/text-embedding-3-small": facts(0.001), "b/tts-1": facts(0.001)},
    )

    assert names(decide(asking("cheap"), NOW, made)) == ["a/large"]
