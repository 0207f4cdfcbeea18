"""OpenAI Responses and reasoning, by OpenAI's SDK for JavaScript and by Vercel's, whose default it is."""

import pytest

from tests.e2e.node_scripts import RESPONSES, Script, Scripts
from tests.e2e.test_gemini import EACH_SHAPE
from tests.e2e.test_node import each_provider, heard
from tests.e2e.world import Place

WHO_THINK = [place for place in EACH_SHAPE.values() if place.shape != "openai"]
"""A chat completion has no place for thoughts."""


@pytest.fixture(params=RESPONSES)
def script(request: pytest.FixtureRequest, node: Scripts) -> Script:
    return node[RESPONSES[str(request.param)]]


@pytest.mark.parametrize("place", WHO_THINK, ids=lambda place: place.shape)
@pytest.mark.parametrize("scenario", ["thinking", "thinking-stream"])
def test_a_thought_is_a_summary_of_reasoning(script: Script, place: Place, scenario: str) -> None:
    assert f"I am {place.simulator}, simulated" in (script.ask(scenario, place.model).thought or "")


@each_provider
def test_reasoning_goes_back_with_the_results_of_tools(script: Script, place: Place) -> None:
    saw = script.ask("tools-thinking", place.model)

    assert saw.asked == ["Paris", "Oslo"]
    assert heard(saw)
