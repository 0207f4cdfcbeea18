"""What there is to drill."""

import json

import pytest

from openclaw_extproc.drill.chains import Outcome, Scene, chains, scenes
from tests.config.loading import settings
from tests.drill import worlds

POOLED = """
model:
  providers:
    - {name: openai, models: [gpt-4o], endpoint: "http://10.0.0.1"}
    - {name: groq, models: [llama-3.3-70b-versatile], endpoint: "http://10.0.0.2"}
load_balancing:
  pools:
    both: {models: [gpt-4o, llama-3.3-70b-versatile], weight: [99, 1]}
"""


def test_names_that_mean_the_same_are_drilled_once() -> None:
    found, refused = chains(settings(worlds.THREE).gateway, worlds.AT)

    names = [name for chain in found for name in chain.names]

    assert ("auto", "fast", "gpt-4o") in [chain.names for chain in found]
    assert len(names) == len(set(names))
    assert {"cheap", "fast", "best"} <= set(names)
    assert refused == ()


def test_a_chain_is_what_a_request_for_its_name_gets() -> None:
    chain = worlds.chain("gpt-4o")

    assert [t.name for t in chain.targets] == [
        "openai/gpt-4o",
        "anthropic/claude-sonnet-4",
        "google/gemini-2.5-pro",
    ]
    assert chain.first == ("openai",)


def test_compliance_has_its_say() -> None:
    chain = worlds.chain("gpt-4o", worlds.THREE, "compliance: {providers: [openai, google]}")

    assert chain.providers == ("openai", "google")


def test_a_name_that_nothing_is_permitted_for_is_told_with_the_reason() -> None:
    _, refused = chains(
        settings(worlds.THREE, "compliance: {require_data_class: true, data_classes: {open: {}}}").gateway, worlds.AT
    )

    assert {one.name for one in refused} >= {"gpt-4o", "gemini-2.5-pro"}
    assert all(one.why for one in refused)


def test_every_member_of_a_pool_is_broken_in_turn() -> None:
    pool = worlds.chain("both", POOLED)

    broken = {scene.broken for scene in scenes(pool) if scene.single}

    assert broken == {("openai",), ("groq",)}


def test_embeddings_are_asked_for_as_such() -> None:
    only = 'model: {providers: [{name: e, format: openai_embeddings, models: [vectors], endpoint: "http://10.0.0.1"}]}'

    chain = worlds.chain("vectors", only)

    assert chain.asking.path == "/openai/v1/embeddings"
    assert chain.streamed is None


def test_a_chain_of_one_is_broken_in_every_way_but_not_twice() -> None:
    names = [scene.name for scene in scenes(worlds.chain("gemini-2.5-pro"))]

    assert names == [
        "no fault",
        "google answers 503",
        "google answers 429",
        "google does not respond",
        "google rejects the key",
        "no fault, streamed",
        "google answers 503, streamed",
        "google answers 429, streamed",
        "google does not respond, streamed",
        "google rejects the key, streamed",
        "google stalls after the response headers, streamed",
        "google starts the stream with an error, streamed",
    ]


def test_two_are_down_only_where_a_third_is_left() -> None:
    three = [scene.name for scene in scenes(worlds.chain("gpt-4o"))]
    two = [scene.name for scene in scenes(worlds.chain("claude-sonnet-4"))]

    assert "openai and anthropic down" in three
    assert not any(name.endswith(" and google down") for name in two)
    assert three[-1] == two[-1] == "all down, streamed"


def test_a_stream_is_asked_for_in_the_body() -> None:
    chain = worlds.chain("gpt-4o").streamed

    assert chain is not None
    assert json.loads(chain.asking.body)["stream"] is True


def test_streams_have_limits_of_time_of_their_own() -> None:
    limits = "router: {timeouts: {first_token_ms: 7000, answer_ms: 90000}}"

    chain = worlds.chain("gpt-4o", worlds.THREE, limits)

    assert (chain.attempt_timeout_ms, chain.of(streamed=True).attempt_timeout_ms) == (90_000, 7_000)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 120.0), (2, 240.0), (3, 360.0), (None, 360.0)])
def test_the_worst_case_is_the_sum_of_what_may_be_silent(attempts: int | None, seconds: float) -> None:
    gateway = settings(worlds.THREE).gateway

    assert worlds.chain("gpt-4o").waits_seconds(gateway, attempts) == seconds


def test_the_worst_case_has_the_waits_before_the_same_provider_in_it() -> None:
    gateway = settings(worlds.THREE).gateway

    # Three attempts of 120 s; 1 s before the second, 2 s before the third.
    assert worlds.chain("gemini-2.5-pro").waits_seconds(gateway) == 363.0


@pytest.mark.parametrize(
    ("outcome", "met"),
    [
        (Outcome(200, 0.1, "b", "m", 2, ("a:overloaded",)), True),
        (Outcome(200, 0.1, "b", "m", 1), False),
        (Outcome(503, 0.1), True),
    ],
)
def test_a_fault_is_met_when_somebody_failed_of_it(outcome: Outcome, met: bool) -> None:
    assert outcome.met_fault(Scene("a answers 503", ("a",), "503", single=True)) == met
