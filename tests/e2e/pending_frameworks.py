"""Not yet: schemas for providers of another format, and OpenAI Responses.

To turn it on: in `test_frameworks.py`, give `test_an_answer_fits_the_schema` each provider; add `RESPONSES` to
`FRAMEWORKS`.
"""

import pytest

from tests.e2e.frameworks import FRAMEWORKS, RESPONSES, Framework
from tests.e2e.harness import Sidecar
from tests.e2e.test_frameworks import (
    THING,
    test_a_tool_that_is_the_answer_fits_the_schema,
    test_an_answer_fits_the_schema,
    test_two_tools_run_and_the_model_hears_of_their_results,
)
from tests.e2e.test_gemini import EACH_SHAPE
from tests.e2e.world import Place

__all__ = [
    "test_a_tool_that_is_the_answer_fits_the_schema",
    "test_an_answer_fits_the_schema",
    "test_two_tools_run_and_the_model_hears_of_their_results",
]
"""Collected here too, with the frameworks of this file."""

FOREIGN = [
    pytest.param(framework, place, id=f"{name}-{where}")
    for name, framework in {**FRAMEWORKS, **RESPONSES}.items()
    for where, place in EACH_SHAPE.items()
    if framework.shape != place.shape
]


@pytest.fixture(params=RESPONSES)
def framework(request: pytest.FixtureRequest) -> Framework:
    return RESPONSES[str(request.param)]


@pytest.mark.parametrize(("speaker", "place"), FOREIGN)
def test_an_answer_of_another_format_fits_the_schema(speaker: Framework, main: Sidecar, place: Place) -> None:
    assert speaker.by_schema(main.url, place.model) == THING
