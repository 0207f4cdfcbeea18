"""Thoughts of a provider of another format, as the SDKs for JavaScript read them and give them back."""

import pytest

from tests.e2e.callers import said
from tests.e2e.node_scripts import CLIENTS, Scripts
from tests.e2e.test_gemini import EACH_SHAPE
from tests.e2e.test_node import heard
from tests.e2e.world import Place

THINKERS = ("anthropic", "google", "ai-anthropic", "ai-google")

foreign_thoughts = pytest.mark.parametrize(
    ("name", "place"),
    [
        pytest.param(name, place, id=f"{name}-{where}")
        for name in THINKERS
        for where, place in EACH_SHAPE.items()
        if place.shape not in (CLIENTS[name].shape, "openai")  # a chat completion has no place for thoughts
    ],
)


@foreign_thoughts
@pytest.mark.parametrize("scenario", ["thinking", "thinking-stream"])
def test_a_thought_is_told_apart_from_the_answer(node: Scripts, name: str, place: Place, scenario: str) -> None:
    saw = node[CLIENTS[name]].ask(scenario, place.model)

    assert saw.thought == f"I am {place.simulator}, simulated, and think of 'hello you'."
    assert saw.text == said(place.simulator, place.model)


@foreign_thoughts
def test_a_thought_goes_back_with_the_results_of_tools(node: Scripts, name: str, place: Place) -> None:
    saw = node[CLIENTS[name]].ask("tools-thinking", place.model)

    assert saw.asked == ["Paris", "Oslo"]
    assert heard(saw)
    assert f"I am {place.simulator}" in (saw.thought or "")
