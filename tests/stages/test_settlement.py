"""Every attempt is charged what its provider said, or an estimate that is marked as one."""

from dataclasses import replace
from typing import Any

import pytest

from openclaw_extproc.catalog import ModelFacts, Price
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.stages.decision_output import cost_headers
from openclaw_extproc.stages.entries import AttemptEntry, Charge, Outcome
from openclaw_extproc.stages.events import Continue, ResponseHead
from openclaw_extproc.stages.settlement import (
    BYTES_PER_STREAMED_TOKEN,
    BYTES_PER_WHOLE_TOKEN,
    micro_usd,
    settle,
)
from tests.ledger.attempts import (
    GARBLED,
    GATEWAY,
    LARGE,
    SERVER_ERROR,
    SILENT,
    UNPRICED,
    USAGE,
    attempt,
    plan,
)
from tests.stages.talking import BEGAN, asking, chain, gateway, routed


def charged(entry: AttemptEntry) -> tuple[str, int | None]:
    settled = settle(entry, GATEWAY.facts(entry.target))
    return settled.basis, settled.micro_usd


def test_an_answer_costs_what_its_provider_counted() -> None:
    assert charged(attempt()) == ("counted", 1_000 + 1_000)
    assert charged(attempt(target=LARGE)) == ("counted", 10_000 + 10_000)


def test_cached_tokens_cost_less() -> None:
    assert charged(attempt(usage=replace(USAGE, cached_tokens=600))) == ("counted", 400 + 300 + 1_000)


@pytest.mark.parametrize(
    ("changes", "basis"),
    [
        ({"outcome": Outcome.FAILED, "fault": SERVER_ERROR, "usage": Usage()}, "not_billed"),
        ({"outcome": Outcome.NO_ANSWER, "responded": False, "usage": Usage(), "seconds": 0.01}, "not_billed"),
        ({"outcome": Outcome.FAILED, "fault": SILENT, "responded": False, "usage": Usage()}, "not_billed"),
        ({"plan": plan(client_format="anthropic_count_tokens")}, "not_billed"),
        ({"subscription": True}, "subscription"),
    ],
)
def test_what_nobody_bills_costs_nothing(changes: dict[str, Any], basis: str) -> None:
    assert charged(attempt(**changes)) == (basis, 0)


def test_what_is_not_known_is_not_zero() -> None:
    assert charged(attempt(target=UNPRICED)) == ("unknown_price", None)
    assert charged(attempt(passed=True)) == ("not_read", None)


@pytest.mark.parametrize("outcome", [Outcome.BROKEN, Outcome.GONE])
def test_an_answer_that_broke_off_is_estimated_by_what_came_of_it(outcome: Outcome) -> None:
    said = Usage(input_tokens=1_000, output_tokens=1)

    cut = attempt(outcome, usage=said, streamed=True, delivered_bytes=300 * BYTES_PER_STREAMED_TOKEN)

    assert charged(cut) == ("estimated", 1_000 + 2 * 300)


def test_of_an_answer_that_broke_off_no_less_is_charged_than_its_provider_counted() -> None:
    assert charged(attempt(Outcome.GONE, streamed=True, delivered_bytes=64)) == ("estimated", 2_000)


def test_an_answer_whose_provider_counted_nothing_is_estimated() -> None:
    whole = attempt(usage=Usage(), delivered_bytes=100 * BYTES_PER_WHOLE_TOKEN)

    assert charged(whole) == ("estimated", 800 + 2 * 100)


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": Outcome.NO_ANSWER, "seconds": 30.0, "responded": False},
        {"outcome": Outcome.NO_ANSWER, "seconds": 0.1, "responded": True},
        {"outcome": Outcome.FAILED, "fault": SILENT, "seconds": 30.0, "responded": False},
        {"outcome": Outcome.FAILED, "fault": GARBLED, "seconds": 0.1, "responded": True},
    ],
)
def test_a_request_that_its_provider_worked_on_costs_its_prompt(changes: dict[str, Any]) -> None:
    """Envoy gives a connection up after five seconds: who was waited for longer had the request."""
    assert charged(attempt(usage=Usage(), **changes)) == ("estimated", 800)


def test_an_answer_that_made_no_sense_costs_what_its_provider_counted() -> None:
    basis, micro = charged(attempt(Outcome.FAILED, fault=GARBLED))

    assert (basis, micro) == ("estimated", 2_000)


def test_a_vector_has_no_output() -> None:
    vector = attempt(plan=plan(client_format="openai_embeddings"), usage=Usage(input_tokens=1_000))

    assert charged(vector) == ("counted", 1_000)


def test_money_is_whole_millionths() -> None:
    assert micro_usd(None) is None
    assert micro_usd(0.000_001_4) == 1
    assert micro_usd(12.345_678_9) == 12_345_679


# -- how it is told ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempt_says", "told", "known"),
    [({}, "0.704;estimated", None), ({"x-openclaw-cost-usd": "0.25;final"}, None, 0.25)],
)
def test_what_an_answer_cost_replaces_the_estimate(
    attempt_says: dict[str, str], told: str | None, known: float | None
) -> None:
    """Envoy keeps the header that the attempt stage has set, unless the route stage sets it too."""
    (target,) = chain("openai_chat")
    priced = ModelFacts((Price(0.0, 11_000.0),), max_output=100)
    made = replace(gateway((target,)), catalog={target.name: priced})
    answered = {":status": "200", "x-openclaw-provider": target.provider.name, "x-openclaw-model": target.model}

    talk = routed(asking("openai_chat", stream=False), made).tell(
        ResponseHead({**answered, **attempt_says}, BEGAN + 3.0)
    )

    assert isinstance(talk.last, Continue)
    assert talk.last.set_headers.get("x-openclaw-cost-usd") == told
    assert talk.hang_up().entry.cost_usd == known


def test_a_whole_answer_tells_its_cost_and_a_guess_is_marked() -> None:
    assert cost_headers(Charge(USAGE, 1_230, "counted")) == {"x-openclaw-cost-usd": "0.00123;final"}
    assert cost_headers(Charge(USAGE, 1_230, "estimated")) == {"x-openclaw-cost-usd": "0.00123;estimated"}
    assert cost_headers(Charge(USAGE, 0, "subscription")) == {"x-openclaw-cost-usd": "0;final"}
    assert cost_headers(Charge(USAGE, None, "unknown_price")) == {}
