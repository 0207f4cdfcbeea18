import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.strategy import Virtual
from tests.config.loading import complaints, loaded, seed, settings

MODELS = "model: {providers: [{name: openai, models: [gpt-4o, gpt-4o-mini, text-embedding-3-small]}]}"
ALIAS = "gateway: {models: {small: {provider: openai, model: gpt-4o-mini}}}"
CHATS = ("gpt-4o", "gpt-4o-mini")


def virtual(written: str) -> str:
    return f"gateway: {{routing_strategy: {{virtual: {written}}}}}"


def test_fast_cheap_and_best_choose_among_all_models_that_chat() -> None:
    assert settings(MODELS, ALIAS).gateway.strategy.virtual == {
        "fast": Virtual("fast", CHATS),
        "cheap": Virtual("cheap", CHATS),
        "best": Virtual("best", CHATS),
    }


def test_all_of_production_is_among_them() -> None:
    found = settings(seed(3)).gateway.strategy.virtual["cheap"]

    assert len(found.among) == 5
    assert "gpt-oss-120b" in found.among


def test_a_model_that_is_really_called_so_is_itself() -> None:
    found = settings("model: {providers: [{name: openai, models: [fast, gpt-4o]}]}").gateway.strategy.virtual

    assert found.keys() == {"cheap", "best"}


def test_without_a_model_there_is_nothing_to_choose() -> None:
    assert settings(seed(8)).gateway.strategy.virtual == {}


def test_names_of_ones_own_choose_among_some() -> None:
    text = virtual("{drafts: {wish: cheap, among: [gpt-4o, small]}, mine: {among: [gpt-4o]}, cheap: [gpt-4o-mini]}")

    found = settings(MODELS, ALIAS, text).gateway.strategy.virtual

    assert found["drafts"] == Virtual("cheap", ("gpt-4o", "small"))
    assert found["mine"] == Virtual("auto", ("gpt-4o",))
    assert found["cheap"] == Virtual("cheap", ("gpt-4o-mini",))
    assert found["best"] == Virtual("best", CHATS)


def test_a_wish_alone_is_over_all_models() -> None:
    assert settings(MODELS, virtual("{quick: {wish: fast}}")).gateway.strategy.virtual["quick"] == Virtual(
        "fast", CHATS
    )


def test_names_that_hide_something_and_names_of_nothing_are_told_at_once() -> None:
    pool = "load_balancing: {pools: {high: {models: [gpt-4o]}}}"
    text = virtual("{gpt-4o: [gpt-4o], auto: [gpt-4o], high: [gpt-4o], x: [gpt-4, gpt-4o], y: {wish: quick}}")

    assert complaints(MODELS, pool, text) == [
        "gateway.routing_strategy.virtual.y.wish: expected 'auto', 'fast', 'cheap' or 'best': write one of these",
        (
            "gateway.routing_strategy.virtual.gpt-4o: is the name of a model, which clients could not reach any more: "
            "give it another name"
        ),
        "gateway.routing_strategy.virtual.auto: this name is reserved for the default choice: give it another name",
        "gateway.routing_strategy.virtual.high: is also the name of a pool: give one of them another name",
        'gateway.routing_strategy.virtual.x.among[0]: no model is named "gpt-4": did you mean gpt-4o?',
    ]


def test_wrong_values_in_either_form_have_their_place() -> None:
    found = complaints(MODELS, virtual("{x: [1, gpt-4o, 2], y: 7, z: {among: [3]}}"))

    assert [line.split(": ")[0].removeprefix("gateway.routing_strategy.virtual.") for line in found] == [
        "x.among[0]",
        "x.among[2]",
        "y",
        "z.among[0]",
    ]
    assert found[2].endswith("expected a list or a mapping: write it in one of these two ways")


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["gpt-4o", "cheap", ""])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["wish", "among", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["a", "auto", "gpt-4o", "fast"]), VALUES, max_size=3))
@pytest.mark.parametrize("models", [MODELS, ""])
def test_whatever_is_written_there_are_findings_and_no_crash(models: str, entries: object) -> None:
    found = loaded(models, virtual(json.dumps(entries)))

    assert (found.settings is None) == any(finding.severity == "error" for finding in found.findings)
