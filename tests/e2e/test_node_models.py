"""The list of models, and one of them by name, as each vendor's SDK for JavaScript reads them."""

import pytest

from tests.e2e.node_scripts import CLIENTS, Scripts
from tests.e2e.test_gemini import EACH_SHAPE
from tests.e2e.test_node import each_provider
from tests.e2e.world import Place

PREFIXES = {"openai": "", "anthropic": "", "google": "models/"}

each_sdk = pytest.mark.parametrize("name", PREFIXES)


@each_sdk
def test_the_models_of_all_providers_are_listed(node: Scripts, name: str) -> None:
    names = node[CLIENTS[name]].ask("models", "").names or []

    assert {f"{PREFIXES[name]}{place.model}" for place in EACH_SHAPE.values()} <= set(names)
    assert len(set(names)) == len(names)


@each_sdk
@each_provider
def test_a_model_is_found_by_its_name(node: Scripts, name: str, place: Place) -> None:
    assert node[CLIENTS[name]].ask("model", place.model).names == [f"{PREFIXES[name]}{place.model}"]
