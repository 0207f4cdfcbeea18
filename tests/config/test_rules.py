"""`gateway.routing_strategy`, and what stands beside it."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openclaw_extproc.config.conditions import activate
from openclaw_extproc.features import Features
from openclaw_extproc.policy.complexity import Classification
from openclaw_extproc.policy.select.variables import values
from openclaw_extproc.strategy import Experiment, Rule, SecondOpinion, Strategy, Task, Tier
from tests.config.loading import complaints, loaded, seed, settings, warnings

PROVIDERS = """
model:
  providers:
  - {name: openai, models: [gpt-4o, gpt-4o-mini], fallback: anthropic}
  - {name: anthropic, models: [claude-sonnet-4, claude-opus-4]}
"""
LIGHT = "model: {providers: [{name: openclaw, models: [light-v1], endpoint: 'http://10.0.0.9:80'}]}"
PATH = "gateway.routing_strategy"


def rules(text: str) -> str:
    """Providers, and this below `routing_strategy`."""
    return PROVIDERS + "gateway:\n  routing_strategy:\n" + "".join(f"    {line}\n" for line in text.strip().split("\n"))


def strategy(*texts: str, session: str | None = None) -> Strategy:
    return settings(*texts, session=session).gateway.strategy


def choice(rule_set: Strategy, tier: Tier, task: Task) -> str:
    """The first rule's model that holds for a chat so judged; else the default."""
    features = Features("openai_chat", "auto", stream=False, turns=1, tools=0, images=0)
    activation = activate(values(features, Classification(tier, task, 0.5, 1.0)))
    chosen = (rule.model for rule in rule_set.rules if rule.condition is None or rule.condition.test(activation))
    return next((model for model in chosen if model), rule_set.default)


# -- the published example -------------------------------------------------------


def test_the_published_rules_choose_as_their_source_says() -> None:
    found = strategy(seed(10), LIGHT)

    assert choice(found, "simple", "analysis") == "openclaw_light"
    assert choice(found, "standard", "content_creation") == "claude_sonnet"
    assert choice(found, "large", "critical_analysis") == "claude_opus"
    assert choice(found, "standard", "conversation") == "claude_sonnet"
    assert [rule.priority for rule in found.rules] == ["", "cost", "quality"]
    assert found.default == "claude_sonnet"
    assert found.default_priority == "cost"
    assert [rule.name for rule in found.rules] == ["rules[0]", "rules[1]", "rules[2]"]


def test_a_rule_for_a_model_that_was_skipped_is_as_if_it_were_not_written() -> None:
    found = strategy(seed(10))

    assert choice(found, "simple", "analysis") == "claude_sonnet"
    assert [rule.name for rule in found.rules] == ["rules[1]", "rules[2]"]
    assert (f'{PATH}.rules[0].model: "openclaw_light" was skipped, as is told where it stands: not used') in warnings(
        seed(10)
    )


def test_its_fallback_takes_the_place_of_a_model_that_was_skipped() -> None:
    text = seed(10).replace('model: "openclaw_light"', 'model: "openclaw_light"\n        fallback: ["claude_sonnet"]')

    assert strategy(text).rules[0].model == "claude_sonnet"


@pytest.mark.parametrize("one", range(15))
@pytest.mark.parametrize("other", range(15))
def test_any_two_published_snippets_load_together(one: int, other: int) -> None:
    surplus = "[50, 30, 20]", "[50, 30]"  # three weights for two models, as published, are a mistake of their own
    assert complaints(seed(one).replace(*surplus), seed(other).replace(*surplus)) == []


# -- rules -----------------------------------------------------------------------


def test_rules_say_all_they_can_say() -> None:
    found = strategy(
        rules(
            """
policy: rules
applies_to: auto
rules:
- {name: night, if: 'task_complexity == "simple"', model: gpt-4o-mini, priority: cost, fallback: claude-sonnet-4}
- {if: stream, fallback: [gpt-4o, claude-opus-4]}
- {model: anthropic/claude-opus-4}
"""
        )
    )

    night, stream, others = found.rules
    assert found.applies_to == "auto"
    assert (found.default, found.default_priority) == ("", "")
    assert night == Rule("night", night.condition, "gpt-4o-mini", "cost", ("claude-sonnet-4",))
    assert night.condition is not None
    assert night.condition.source == 'task_complexity == "simple"'
    assert (stream.model, stream.fallback) == ("", ("gpt-4o", "claude-opus-4"))
    assert others == Rule("rules[2]", None, "anthropic/claude-opus-4")


def test_without_rules_nothing_is_chosen() -> None:
    found = strategy(PROVIDERS)

    assert (found.rules, found.default, found.mode, found.applies_to) == ((), "", "enforce", "all")


@pytest.mark.parametrize("mode", ["observe", "shadow", "enforce"])
def test_the_mode_is_as_written(mode: str) -> None:
    assert strategy(PROVIDERS + f"gateway: {{mode: {mode}}}").mode == mode


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("- {if: 'tsk == 1', model: gpt-4o}", 'rules[0].if: column 1: no such variable "tsk" (known: client_format'),
        ("- {model: gpt-4}\n- {if: stream, model: claude}", 'rules[0].model: no model is named "gpt-4" (known: auto, '),
        ("- {if: stream, model: gpt-4o, fallback: [x]}", 'rules[0].fallback[0]: no model is named "x" (known: auto'),
        ("- {if: stream}", "rules[0]: has no effect: name a model, a priority or a fallback"),
        ("- {}", "rules[0]: has no effect"),
        ("- {fallback: gpt-4o}\n- {if: stream, model: gpt-4o}", "rules[0]: the fallback of all rules has to be the"),
        ("- {fallback: gpt-4o}\n- {fallback: gpt-4o}", "rules[0]: the fallback of all rules has to be the last of"),
        ("- {fallback: [gpt-4o, gpt-4o-mini]}", "rules[0].fallback: the fallback of all rules is one model: name one"),
        ("- {if: stream, model: gpt-4o, priority: speed}", "rules[0].priority: expected 'cost' or 'quality'"),
        ("- {if: true, model: gpt-4o}", "rules[0].if: expected text: put it in quotes"),
        ("- {if: stream, model: gpt-4o, name: 'a=b'}", "rules[0].name: cannot be read: write it without ="),
        ("- {if: stream, fallback: ''}", "rules[0].fallback[0]: must have at least 1 character"),
        ("- {if: stream, model: gpt-4o, fallback: {a: b}}", "rules[0].fallback: expected a list"),
        ("- {name: a, model: gpt-4o, if: stream}\n- {name: a, model: gpt-4o, if: stream}",
         'rules[1].name: a second rule named "a": give it another name'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rule_is_told_at_its_place(written: str, told: str) -> None:
    lines = "rules:\n" + written

    assert complaints(rules(lines))[0].startswith(f"{PATH}.{told}")


def test_a_mistyped_model_is_guessed() -> None:
    assert complaints(rules("rules:\n- {model: gpt-4o-mni}"))[0].endswith("did you mean gpt-4o-mini?")


@pytest.mark.parametrize("always", ["model: gpt-4o", "model: gpt-4o, if: '1 < 2'"])
def test_what_stands_behind_a_rule_that_always_holds_is_never_reached(always: str) -> None:
    text = rules(f"rules:\n- {{if: stream, model: gpt-4o}}\n- {{{always}}}\n- {{if: stream, model: gpt-4o}}")

    told = [line for line in warnings(text) if "never reached" in line]

    assert told == [
        f"{PATH}.rules[2]: never reached: rules[1] matches every request and names a model: move it before that one"
    ]


def test_the_first_rule_that_always_holds_is_told_to_hide_the_rest() -> None:
    text = rules("rules:\n- {model: gpt-4o}\n- {model: gpt-4o-mini}\n- {fallback: gpt-4o}")

    told = [line for line in warnings(text) if "never reached" in line]

    assert [line.partition(" matches")[0] for line in told] == [
        f"{PATH}.rules[1]: never reached: rules[0]",
        f"{PATH}.rules[2]: never reached: rules[0]",
    ]


def test_a_rule_that_only_sets_a_priority_hides_nothing() -> None:
    assert not any("never" in line for line in warnings(rules("rules:\n- {priority: cost}\n- {fallback: gpt-4o}")))


def test_a_router_that_is_off_chooses_nothing() -> None:
    text = rules("rules:\n- {model: gpt-4o}\ntasks: {analysis: gpt-4o}\nexperiments: [{model: gpt-4o-mini}]")
    off = text + "router: {enabled: false}\ncompliance: {providers: [openai]}"

    found = strategy(off)

    assert (found.rules, found.tasks, found.experiments) == ((), {}, ())
    assert found.compliance.always
    assert f"{PATH}: not used: the router is switched off: remove router.enabled: false" in warnings(off)


# -- maps ------------------------------------------------------------------------


def test_maps_may_stand_at_the_top_too() -> None:
    inside = rules("tasks: {summarization: gpt-4o}\nfallbacks: {gpt-4o: [claude-opus-4, gpt-4o-mini]}")
    outside = (
        "task_to_model: {extraction: gpt-4o-mini, summarization: claude-opus-4}\nfallback_map: {claude-opus-4: gpt-4o}"
    )

    found = strategy(inside, outside)

    assert found.tasks == {"summarization": "gpt-4o", "extraction": "gpt-4o-mini"}
    assert found.fallbacks == {"gpt-4o": ("claude-opus-4", "gpt-4o-mini"), "claude-opus-4": ("gpt-4o",)}
    assert any(line.startswith("task_to_model.summarization: not used: ") for line in warnings(inside, outside))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("tasks: {summarisation: gpt-4o}", 'tasks.summarisation: no task is named "summarisation" (known: analysis, '),
        ("tasks: {analysis: gpt}", 'tasks.analysis: no model is named "gpt"'),
        ("fallbacks: {gpt: gpt-4o}", 'fallbacks.gpt: no model is named "gpt"'),
        ("fallbacks: {gpt-4o: [gpt-4o]}", "fallbacks.gpt-4o: a model cannot be its own fallback"),
        ("tiers: {complx: gpt-4o}", 'tiers.complx: no tier is named "complx" (known: coding, complex, large, '),
        ("tiers: {simple: {models: [x]}}", 'tiers.simple[0]: no model is named "x"'),
        ("tiers: {simple: []}", "tiers.simple: names no model"),
        ("tiers: {reasoning: gpt-4o, standard: gpt-4o}", "tiers.standard: is an alias of reasoning, which is"),
        ("tiers: {simple: {model: gpt-4o}}", "tiers.simple: expected a list"),
    ],
)
def test_what_is_wrong_with_a_map_is_told_at_its_place(written: str, told: str) -> None:
    assert complaints(rules(written))[0].startswith(f"{PATH}.{told}")


def test_tiers_have_synonyms_and_three_ways_to_be_written() -> None:
    found = strategy(
        rules(
            """
tiers:
  simple: {models: [gpt-4o-mini, gpt-4o]}
  complex: [claude-opus-4]
  large_context: claude-sonnet-4
  coding: gpt-4o
"""
        )
    )

    assert found.tiers == {
        "simple": ("gpt-4o-mini", "gpt-4o"),
        "standard": ("claude-opus-4",),
        "large": ("claude-sonnet-4",),
        "coding": ("gpt-4o",),
    }
    assert strategy(rules("tiers: {reasoning: gpt-4o}")).tiers == {"standard": ("gpt-4o",)}


def test_users_have_preferred_models() -> None:
    assert strategy(PROVIDERS + "users: {alice: {preferred_model: claude-opus-4}, bob: {}}").users == {
        "alice": "claude-opus-4"
    }
    assert complaints(PROVIDERS + "users: {alice: {preferred_model: opus}}")[0].startswith(
        'users.alice.preferred_model: no model is named "opus"'
    )


@pytest.mark.parametrize("name", ["auto", "fast", "cheap", "best"])
def test_a_rule_may_name_a_wish(name: str) -> None:
    assert strategy(rules(f"rules:\n- {{if: stream, model: {name}}}")).rules[0].model == name


# -- shares ----------------------------------------------------------------------


def test_experiments_and_canaries_move_a_share() -> None:
    found = strategy(
        rules(
            """
experiments:
- {name: mini, model: gpt-4o-mini, of: gpt-4o, if: 'task_type == "simple_qa"', sticky: user}
- {model: claude-opus-4, share: 0.2}
canary:
- {model: claude-sonnet-4, to: claude-opus-4, name: opus, share: 0.01}
"""
        )
    )

    mini, other, canary = found.experiments
    assert mini == Experiment("mini", "gpt-4o-mini", 0.05, frozenset({"gpt-4o"}), mini.condition, "user")
    assert other == Experiment("claude-opus-4", "claude-opus-4", 0.2)
    assert canary == Experiment("opus", "claude-opus-4", 0.01, frozenset({"claude-sonnet-4"}), canary=True)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("experiments: [{name: a}]", "experiments[0].model: missing: name the model that gets the share"),
        ("experiments: [{model: gpt-4o, of: gpt-4o}]", "experiments[0].model: is the same model as what it is"),
        ("experiments: [{model: openai/gpt-4o, of: gpt-4o}]", "experiments[0].model: is the same model as what it is"),
        ("experiments: [{model: gpt-4o, share: 5}]", "experiments[0].share: cannot be read: write a share from 0 to 1"),
        ("experiments: [{model: gpt-4o, share: -0.1}]", "experiments[0].share: cannot be read: write a share from 0"),
        ("experiments: [{model: gpt-4o}, {model: gpt-4o}]", 'experiments[1].name: a second experiment named "gpt-4o"'),
        ("experiments: [{model: best}]", 'experiments[0].model: "best" is a wish, and an arm has to be'),
        ("experiments: [{model: gpt-4o, if: 'tokens'}]", "experiments[0].if: is a whole number, and not true or false"),
        ("canary: [{model: gpt-4o}]", "canary[0].to: missing"),
        ("canary: [{to: gpt-4o}]", "canary[0].model: missing: name the model that is in use"),
        ("canary: [{model: gpt-4o, to: gpt-4o}]", "canary[0].to: is the same model as what it is compared with"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_share_is_told_at_its_place(written: str, told: str) -> None:
    assert complaints(rules(written))[0].startswith(f"{PATH}.{told}")


def test_an_experiment_with_what_was_skipped_does_not_take_place() -> None:
    text = seed(10) + "    experiments: [{model: openclaw_light}, {model: claude_opus, of: [openclaw_light], name: b}]"

    assert strategy(text).experiments == ()


def test_a_second_opinion_is_asked_only_where_it_is_switched_on() -> None:
    written = "second_opinion: {endpoint: 'http://127.0.0.1:8080/v1/', model: tiny, timeout_ms: 30, below: 0.5"

    assert strategy(rules(written + "}")).second_opinion is None
    assert strategy(rules(written + ", enabled: true}")).second_opinion == SecondOpinion(
        "http://127.0.0.1:8080/v1", "tiny", 30, 0.5
    )
    assert complaints(rules("second_opinion: {enabled: true}")) == [
        f"{PATH}.second_opinion.endpoint: missing: write it, or remove enabled: true",
        f"{PATH}.second_opinion.model: missing: write it, or remove enabled: true",
    ]
    assert complaints(rules("second_opinion: {endpoint: tiny}"))[0].startswith(
        f"{PATH}.second_opinion.endpoint: does not begin with http:// or https://"
    )


# -- all at once, and anything ------------------------------------------------------


def test_mistakes_of_all_sections_are_told_at_once() -> None:
    text = rules("rules:\n- {if: x, model: y}\ntasks: {a: b}\ntiers: {c: d}\nexperiments: [{model: e}]")

    assert len(complaints(text + "users: {u: {preferred_model: f}}\ncompliance: {providers: [g]}")) == 9


KEYS = [
    *(
        "gateway",
        "routing_strategy",
        "rules",
        "if",
        "model",
        "fallback",
        "priority",
        "name",
        "tasks",
        "tiers",
        "simple",
    ),
    *(
        "models",
        "experiments",
        "canary",
        "share",
        "of",
        "sticky",
        "to",
        "second_opinion",
        "enabled",
        "endpoint",
        "users",
    ),
    *("alice", "preferred_model", "compliance", "providers", "regions", "data_classes", "pii", "data_class"),
    *("cost_centres", "max_cost_usd", "session", "prompt", "router", "primary", "provider", "enable", "sessions"),
    *("task_to_model", "fallback_map", "timeout_ms"),
]
WORDS = [
    "gpt-4o",
    "openai",
    "stream",
    "tokens > 1",
    "simple",
    "session",
    "http://a.b/v1",
    "auto",
    "openai/gpt-4o",
    "",
    "*",
]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
        max_leaves=25,
    ),
    st.sampled_from(["routing_strategy", "compliance", "session", "users", "all"]),
)
@example([{"fallback": ""}], "routing_strategy")
def test_whatever_is_written_there_are_findings_and_no_crash(value: object, where: str) -> None:
    section = {"gateway": {"routing_strategy": value}} if where == "routing_strategy" else {where: value}
    text = json.dumps(value if where == "all" else section)

    found = loaded(PROVIDERS, text, session=json.dumps({"session": value, "sessions": {"a*": value}}))

    assert (found.settings is None) == any(finding.severity == "error" for finding in found.findings)
