"""LangChain and pydantic-ai, unchanged, against providers of all formats."""

import pytest

from tests.e2e.frameworks import FRAMEWORKS, RESPONSES, Framework, Thing
from tests.e2e.harness import Sidecar
from tests.e2e.test_gemini import EACH_SHAPE
from tests.e2e.world import Place

THING = Thing(name="simulated", size=1.5, tags=["simulated"])
CALLED_THING = Thing(name="Paris", size=1.5, tags=["Paris"])

each_provider = pytest.mark.parametrize("place", EACH_SHAPE.values(), ids=EACH_SHAPE)


ALL = {**FRAMEWORKS, **RESPONSES}


@pytest.fixture(params=ALL)
def framework(request: pytest.FixtureRequest) -> Framework:
    return ALL[str(request.param)]


@each_provider
def test_two_tools_run_and_the_model_hears_of_their_results(
    framework: Framework, main: Sidecar, place: Place, streamed: bool
) -> None:
    looped = framework.loop(main.url, place.model, streamed=streamed)

    assert sorted(looped.asked) == ["Oslo", "Paris"]
    before, _, after = looped.text.partition("5 degrees")
    assert "the tool said: " in before
    assert "4 degrees" in after


@each_provider
def test_a_tool_that_is_the_answer_fits_the_schema(framework: Framework, main: Sidecar, place: Place) -> None:
    assert framework.by_tool(main.url, place.model) == CALLED_THING


@each_provider
def test_an_answer_fits_the_schema(framework: Framework, main: Sidecar, place: Place) -> None:
    assert framework.by_schema(main.url, place.model) == THING
