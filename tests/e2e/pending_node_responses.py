"""Not yet: OpenAI Responses, by OpenAI's SDK and by Vercel's, whose default it is.

To turn it on: add `RESPONSES` to `CLIENTS`, keep the two tests of reasoning, and remove the rest.
"""

import pytest

from tests.e2e.node_scripts import RESPONSES, Script, Scripts
from tests.e2e.test_gemini import EACH_SHAPE
from tests.e2e.test_node import (
    THING,
    each_provider,
    heard,
    looped,
    test_a_refusal_is_raised_as_the_sdks_own_class,
    test_a_stream_is_whole_and_counted,
    test_a_stream_that_breaks_off_is_never_taken_for_whole,
    test_an_answer_is_whole_and_counted,
    test_an_image_arrives,
    test_an_unknown_model_is_not_found,
    test_no_provider_sees_the_callers_key,
    test_providers_that_are_all_out_of_order_are_raised_as_the_sdks_own_class,
    test_the_next_provider_answers_for_one_that_fails,
    test_the_sdk_runs_two_tools_and_the_model_hears_of_their_results,
)
from tests.e2e.world import Place

__all__ = [
    "test_a_refusal_is_raised_as_the_sdks_own_class",
    "test_a_stream_is_whole_and_counted",
    "test_a_stream_that_breaks_off_is_never_taken_for_whole",
    "test_an_answer_is_whole_and_counted",
    "test_an_image_arrives",
    "test_an_unknown_model_is_not_found",
    "test_no_provider_sees_the_callers_key",
    "test_providers_that_are_all_out_of_order_are_raised_as_the_sdks_own_class",
    "test_the_next_provider_answers_for_one_that_fails",
    "test_the_sdk_runs_two_tools_and_the_model_hears_of_their_results",
]
"""Collected here too, with the clients of this file."""

WHO_THINK = [place for place in EACH_SHAPE.values() if place.shape != "openai"]
"""A chat completion has no place for thoughts."""


@pytest.fixture(params=RESPONSES)
def script(request: pytest.FixtureRequest, node: Scripts) -> Script:
    return node[RESPONSES[str(request.param)]]


@each_provider
def test_the_sdk_runs_two_tools_that_a_stream_calls(script: Script, place: Place) -> None:
    looped(script, "tools-stream", place)


@each_provider
@pytest.mark.parametrize("scenario", ["structured", "structured-stream"])
def test_an_answer_fits_the_schema(script: Script, place: Place, scenario: str) -> None:
    assert script.ask(scenario, place.model).parsed == THING


@pytest.mark.parametrize("place", WHO_THINK, ids=lambda place: place.shape)
@pytest.mark.parametrize("scenario", ["thinking", "thinking-stream"])
def test_a_thought_is_a_summary_of_reasoning(script: Script, place: Place, scenario: str) -> None:
    assert f"I am {place.simulator}, simulated" in (script.ask(scenario, place.model).thought or "")


@each_provider
def test_reasoning_goes_back_with_the_results_of_tools(script: Script, place: Place) -> None:
    saw = script.ask("tools-thinking", place.model)

    assert saw.asked == ["Paris", "Oslo"]
    assert heard(saw)
