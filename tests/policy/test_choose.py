"""Promises about who names the model."""

from dataclasses import replace

import pytest

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.gateway import AUTO
from openclaw_extproc.policy.decide import decide
from openclaw_extproc.policy.snapshot import snapshot
from openclaw_extproc.policy.trace import RuleSeen
from openclaw_extproc.strategy import Level, Levels, Pool, Rule, Strategy, Virtual
from tests.policy.making import (
    ASKED,
    NOW,
    SIMPLE,
    STANDARD,
    as_they_are,
    asked_first,
    asking,
    declaring,
    facts,
    gateway,
    names,
    provider,
    refusal,
    when,
)

AUTOMATIC = asking(AUTO)
IS_SIMPLE = when('task_complexity == "simple"', lambda v: v["task_complexity"] == "simple")
IS_LARGE = when('task_complexity == "large"', lambda v: v["task_complexity"] == "large")
NO_KEY = when('headers["x"] == "y"', lambda _: None)
SIMPLE_TO_SMALL = Rule("short", IS_SIMPLE, "small")


def ruled(*rules: Rule, **more: object) -> Strategy:
    return replace(Strategy(activate=as_they_are, rules=rules), **more)  # type: ignore[arg-type]  # fields by name


# -- precedence --------------------------------------------------------------------


def test_the_first_that_says_something_names_the_model() -> None:
    everything = ruled(
        SIMPLE_TO_SMALL,
        levels=Levels(Level("session", "medium"), {"night-*": Level("session.yml: night-*", "small")}),
        users={"ann": "medium"},
        tasks={"simple_qa": "medium"},
        tiers={"simple": ("medium",)},
    )
    of_request = declaring(level=Level("x-openclaw-model", "large"), session="night-1", user="ann")

    assert asked_first(everything, of_request) == "a/large"
    assert asked_first(everything, declaring(session="night-1", user="ann")) == "c/small"
    assert asked_first(everything, declaring(session="day", user="ann")) == "b/medium"
    assert asked_first(everything, declaring(user="ann")) == "b/medium"
    assert asked_first(everything) == "c/small"
    assert asked_first(replace(everything, rules=())) == "b/medium"
    assert asked_first(replace(everything, rules=(), tasks={})) == "b/medium"
    assert asked_first(ruled()) == "a/large"


def test_a_prompt_level_holds_for_every_request_and_a_request_for_itself() -> None:
    strategy = ruled(levels=Levels(session=Level("session", "medium"), prompt=Level("prompt", "small")))

    decision = decide(declaring(session="s"), NOW, gateway(strategy), judgement=SIMPLE)

    assert names(decision) == ["c/small"]
    assert (decision.record.level, decision.record.chosen_by) == ("prompt", "prompt")
    assert decision.record.because == ("prompt: small",)
    assert asked_first(strategy, declaring(level=Level("x-openclaw-model", "b/medium"))) == "b/medium"


def test_the_first_entry_that_fits_a_session_has_it() -> None:
    entries = {"night-*": Level("n", "small"), "night-1": Level("x", "medium"), "*": Level("rest", "large")}
    strategy = ruled(levels=Levels(sessions=entries))
    exact_first = ruled(levels=Levels(sessions=dict(reversed(entries.items()))))

    assert asked_first(strategy, declaring(asking("medium"), session="night-1")) == "c/small"
    assert asked_first(strategy, declaring(asking("medium"), session="day.1")) == "a/large"
    assert asked_first(exact_first, declaring(asking("medium"), session="night-1")) == "a/large"


@pytest.mark.parametrize(
    ("pattern", "session", "fits"),
    [
        ("a*b", "ab", True), ("a*b", "a-b", True), ("a*b", "a", False), ("a*a", "a", False), ("a*b*c", "abc", True),
        ("a*b*c", "acb", False), ("*ab*", "xaby", True), ("**", "", False), ("a**", "a", True), ("a.*", "axb", False),
        ("*\n", "x\n", True), ("ab*ba", "aba", False), ("*a*b*a", "aba", True), ("*a*b*", "ba", False),
    ],
)  # fmt: skip
def test_a_star_stands_for_any_letters(pattern: str, session: str, fits: bool) -> None:
    strategy = ruled(levels=Levels(sessions={pattern: Level("it", "small")}))

    assert (asked_first(strategy, declaring(asking("medium"), session=session)) == "c/small") is fits


def test_a_pattern_of_many_stars_is_matched_without_trying_everything() -> None:
    """A regular expression takes hours for this."""
    strategy = ruled(levels=Levels(sessions={"*a" * 40 + "*b": Level("it", "small")}))

    assert asked_first(strategy, declaring(asking("medium"), session="a" * 254)) == "b/medium"


def test_a_level_that_names_no_model_leaves_the_choice_to_the_next() -> None:
    strategy = ruled(SIMPLE_TO_SMALL, levels=Levels(prompt=Level("prompt", timeout_ms=5_000, max_cost_usd=1.0)))

    decision = decide(declaring(level=Level("header", timeout_ms=9_000)), NOW, gateway(strategy), judgement=SIMPLE)

    assert names(decision)[0] == "c/small"
    assert decision.timeout_ms == 5_000, "a request cannot lengthen what the operator set"
    shorter = declaring(level=Level("header", timeout_ms=1_000))
    assert decide(shorter, NOW, gateway(strategy), judgement=SIMPLE).timeout_ms == 1_000


def test_routing_switched_off_leaves_the_asked_model_alone() -> None:
    strategy = ruled(SIMPLE_TO_SMALL, fallbacks={"large": ("medium",)}, users={"ann": "medium"})
    off = declaring(level=Level("x-openclaw-routing", routing=False), user="ann")

    decision = decide(off, NOW, gateway(strategy), judgement=SIMPLE)

    assert names(decision) == ["a/large"]
    assert decision.trace.rules == ()


def test_a_request_that_names_a_model_nobody_has_is_told() -> None:
    wrong = declaring(level=Level("x-openclaw-model", "nobody"))

    fault = refusal(wrong, NOW, gateway())

    assert (fault.kind, fault.public) == (
        FaultKind.NOT_FOUND,
        "x-openclaw-model: no provider is configured for its model",
    )


def test_no_client_can_ask_for_the_chain_of_a_level() -> None:
    made = gateway(chains={"large": ["a/large"], "level:session": ["c/small"]})

    assert refusal(asking("level:session"), NOW, made).kind is FaultKind.NOT_FOUND
    assert "level:" not in refusal(asking("level:session"), NOW, made).public
    header = declaring(level=Level("x-openclaw-model", "level:session"))
    assert refusal(header, NOW, made).kind is FaultKind.NOT_FOUND
    of_operator = replace(made, strategy=ruled(levels=Levels(prompt=Level("prompt", "level:session"))))
    assert decide(ASKED, NOW, of_operator).record.because == ("prompt: c/small",)


def test_what_a_level_names_to_stand_in_goes_before_all_others() -> None:
    strategy = ruled(fallbacks={"large": ("medium",)})
    both = declaring(level=Level("x-openclaw-prompt", "large", fallback=("small", "level:session", "nobody")))
    alone = declaring(level=Level("x-openclaw-prompt", fallback=("small",)))

    assert names(decide(both, NOW, gateway(strategy))) == ["a/large", "c/small", "b/medium"]
    assert names(decide(alone, NOW, gateway(strategy))) == ["a/large", "c/small", "b/medium"]


def test_ten_thousand_sessions_are_not_gone_through_one_by_one() -> None:
    entries = {f"team-{n}-*": Level(f"entry {n}", "small") for n in range(10_000)}
    made = gateway(ruled(levels=Levels(sessions={**entries, "*": Level("rest", "medium")})))
    decide(ASKED, NOW, made)
    tried = snapshot(made).patterns

    decision = decide(declaring(session="team-9999-x"), NOW, made)

    assert decision.record.level == "entry 9999"
    assert max(map(len, tried.values())) == 1
    assert decide(declaring(session="team-9999x"), NOW, made).record.level == "rest"


# -- rules -------------------------------------------------------------------------


def test_the_first_rule_that_holds_chooses_and_all_are_traced() -> None:
    strategy = ruled(
        Rule("long", IS_LARGE, "large"), Rule("no key", NO_KEY, "large"), SIMPLE_TO_SMALL, Rule("all", None, "medium")
    )

    decision = decide(ASKED, NOW, gateway(strategy), judgement=SIMPLE)

    assert names(decision)[0] == "c/small"
    assert decision.record.rule == "short"
    assert decision.record.because[0] == "rule short: small"
    assert decision.trace.rules == (
        RuleSeen("long", IS_LARGE.source, False, "model large"),
        RuleSeen("no key", NO_KEY.source, None, "model large"),
        RuleSeen("short", IS_SIMPLE.source, True, "model small"),
        RuleSeen("all", "", True, "model medium"),
    )


def test_a_rule_without_a_model_sets_the_rest_and_lets_others_choose() -> None:
    strategy = ruled(Rule("careful", None, fallback=("large",)), SIMPLE_TO_SMALL, fallbacks={"small": ("medium",)})

    decision = decide(asking("small"), NOW, gateway(strategy), judgement=SIMPLE)

    assert names(decision) == ["c/small", "a/large", "b/medium"]


def test_a_rules_priority_is_its_own() -> None:
    """What a rule says besides its model does not hold where somebody else chose."""
    strategy = ruled(
        Rule("small first", None, "small", "cost", ("large",)),
        levels=Levels(prompt=Level("prompt", "medium")),
        fallbacks={"medium": ("large",)},
    )

    assert names(decide(ASKED, NOW, gateway(strategy), judgement=SIMPLE)) == ["b/medium", "a/large"]


def test_rules_for_auto_leave_named_models_alone() -> None:
    strategy = ruled(SIMPLE_TO_SMALL, applies_to="auto", tiers={"simple": ("small",)}, tasks={"simple_qa": "small"})

    assert asked_first(strategy) == "a/large"
    assert asked_first(strategy, AUTOMATIC) == "c/small"


def test_rules_about_chats_do_not_move_embeddings() -> None:
    embeds = [replace(provider(name), also=("openai_embeddings",)) for name in "abc"]
    about = when('operation == "embeddings"', lambda v: v["operation"] == "embeddings")
    embedding = asking("large", client_format="openai_embeddings", operation="embeddings")
    strategy = ruled(SIMPLE_TO_SMALL, Rule("always", None, "small"), users={"": "small"}, default="small")

    assert names(decide(embedding, NOW, gateway(strategy, providers=embeds))) == ["a/large"]
    moved = replace(strategy, rules=(SIMPLE_TO_SMALL, Rule("vectors", about, "medium")))
    assert names(decide(embedding, NOW, gateway(moved, providers=embeds))) == ["b/medium"]


def test_where_nothing_chooses_the_rules_fallback_does() -> None:
    strategy = ruled(Rule("long", IS_LARGE, "large"), default="medium")

    decision = decide(AUTOMATIC, NOW, gateway(strategy), judgement=SIMPLE)

    assert names(decision)[0] == "b/medium"
    assert decision.record.chosen_by == "default"
    assert asked_first(strategy) == "a/large", "a client that named a model gets it"
    unknown = replace(gateway(strategy), unknown_models="auto")
    assert names(decide(asking("who knows"), NOW, unknown, judgement=SIMPLE))[0] == "b/medium"
    assert refusal(asking("who knows"), NOW, gateway(strategy)).kind is FaultKind.NOT_FOUND


# -- tasks and tiers ---------------------------------------------------------------


def test_a_task_has_its_model_and_a_tier_its_own() -> None:
    strategy = ruled(tasks={"analysis": "medium"}, tiers={"simple": ("small",), "standard": ("large",)})

    assert asked_first(strategy, AUTOMATIC, judgement=STANDARD) == "b/medium"
    assert asked_first(strategy, AUTOMATIC, judgement=SIMPLE) == "c/small"


def test_code_goes_to_the_coding_tier() -> None:
    strategy = ruled(tiers={"coding": ("medium",), "standard": ("small",)})

    assert asked_first(strategy, AUTOMATIC, judgement=replace(STANDARD, task="code_review")) == "b/medium"
    assert asked_first(strategy, AUTOMATIC, judgement=STANDARD) == "c/small"


def test_the_first_of_a_tier_that_can_is_taken() -> None:
    strategy = ruled(tiers={"simple": ("small", "medium")})
    narrow = gateway(strategy, catalog={"c/small": facts(0.1, window=500)})

    decision = decide(AUTOMATIC, NOW, narrow, judgement=SIMPLE)

    assert names(decision)[0] == "b/medium"


@pytest.mark.parametrize("strategy", [ruled(tiers={"simple": ("large",)}), ruled(tasks={"simple_qa": "large"})])
def test_a_guess_of_ours_never_makes_a_named_model_dearer(strategy: Strategy) -> None:
    decision = decide(asking("small"), NOW, gateway(strategy), judgement=SIMPLE)

    assert names(decision) == ["c/small"]
    assert "large not used, because it may cost more than the requested model" in decision.record.because[1]
    assert asked_first(strategy, AUTOMATIC) == "a/large", "who left the choice to us named no price"
    assert asked_first(ruled(Rule("all", None, "large")), asking("small")) == "a/large", "a rule is no guess"


def test_a_price_nobody_knows_is_no_lower_price() -> None:
    strategy = ruled(tiers={"simple": ("small",)})

    assert names(decide(ASKED, NOW, gateway(strategy, catalog={"c/small": facts()}), judgement=SIMPLE)) == ["a/large"]
    assert names(decide(ASKED, NOW, gateway(strategy, catalog={"a/large": facts()}), judgement=SIMPLE)) == ["a/large"]


# -- names -------------------------------------------------------------------------


def test_virtual_names_have_their_wishes() -> None:
    virtual = {word: Virtual(word) for word in ("fast", "cheap", "best")}
    known = {"a/large": facts(10.0, quality=0.9), "b/medium": facts(2.0, quality=0.8)}
    made = gateway(Strategy(virtual=virtual), catalog=known)
    measured = replace(NOW, latency={"b/medium": 0.2, "a/large": 0.9}, draw=0.9)

    assert names(decide(asking("cheap"), NOW, made)) == ["c/small", "b/medium", "a/large"]
    assert names(decide(asking("best"), NOW, made)) == ["a/large", "b/medium", "c/small"]
    assert names(decide(asking("fast"), measured, made)) == ["b/medium", "a/large", "c/small"]


def test_a_model_nobody_has_measured_gets_a_small_share_of_the_fast() -> None:
    made = gateway(Strategy(virtual={"fast": Virtual("fast")}))
    drawn = [
        names(decide(asking("fast"), replace(NOW, latency={"b/medium": 0.2}, draw=n / 1_000), made))[0]
        for n in range(1_000)
    ]

    assert drawn.count("b/medium") == 950
    assert drawn.count("a/large") == drawn.count("c/small") == 25


def test_a_virtual_name_of_the_operators_own_keeps_to_its_models() -> None:
    strategy = ruled(
        virtual={"mine": Virtual("cheap", ("large", "medium")), "any": Virtual("auto", ("small", "large"))}
    )
    tiers = replace(strategy, tiers={"simple": ("large",)})

    assert names(decide(asking("mine"), NOW, gateway(strategy))) == ["b/medium", "a/large"]
    assert names(decide(asking("any"), NOW, gateway(strategy))) == ["c/small", "a/large"]
    assert asked_first(tiers, asking("mine")) == "b/medium", "a tier does not overrule what was wished for"
    assert asked_first(tiers, asking("any")) == "a/large", (
        "a name that wishes for nothing leaves the choice to the tier"
    )
    assert asked_first(replace(strategy, tiers={"simple": ("medium",)}), asking("any")) == "c/small", "among its own"


def test_a_provider_and_its_model_are_a_name() -> None:
    assert names(decide(asking("b/medium"), NOW, gateway())) == ["b/medium"]
    made = gateway(chains={"large": ["a/large", "b/large", "c/small"]})
    assert names(decide(asking("b/large"), NOW, made)) == ["b/large", "a/large", "c/small"]
    assert refusal(asking("b/other"), NOW, made).kind is FaultKind.NOT_FOUND


def test_pools_and_virtual_names_are_among_the_known_ones() -> None:
    strategy = Strategy(pools={"both": Pool({"large": 1})}, virtual={"fast": Virtual("fast")})

    assert "(known: auto, both, fast, large, medium, small)" in refusal(asking("x"), NOW, gateway(strategy)).public


# -- stand-ins ---------------------------------------------------------------------


def test_stand_ins_come_in_the_agreed_order() -> None:
    chains = {name: [f"a/{name}", f"b/{name}"] for name in ("m", "of-rule", "of-map", "last", "asked")}
    strategy = ruled(
        Rule("r", None, "m", fallback=("of-rule",)), fallbacks={"m": ("of-map",)}, default="last", applies_to="all"
    )
    made = gateway(strategy, chains={**chains, "m": ["a/m", "c/own"]}, catalog={}, auto="m")

    assert names(decide(asking("asked"), NOW, made)) == [
        "a/m", "a/of-rule", "b/of-rule", "a/of-map", "b/of-map", "c/own", "a/last", "b/last"
    ]  # fmt: skip


def test_no_policy_makes_a_request_fail_that_would_have_been_answered_without() -> None:
    strategy = ruled(SIMPLE_TO_SMALL)
    narrow = gateway(strategy, catalog={"c/small": facts(0.1, window=500)})

    assert names(decide(ASKED, NOW, narrow, judgement=SIMPLE)) == ["a/large"]


def test_a_chain_without_a_strategy_stays_as_it_was_written() -> None:
    made = gateway(chains={"large": ["a/large", "c/small", "b/large", "b/medium"]})

    assert names(decide(ASKED, NOW, made)) == ["a/large", "c/small", "b/large", "b/medium"]
