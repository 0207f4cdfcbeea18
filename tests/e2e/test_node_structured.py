"""A schema for a provider of another format, from the SDKs for JavaScript."""

import pytest

from tests.e2e.node_scripts import CLIENTS, Scripts
from tests.e2e.test_gemini import EACH_SHAPE
from tests.e2e.test_node import SCHEMAS, THING, each_provider
from tests.e2e.world import Place

FOREIGN_SCHEMAS = [
    pytest.param(name, scenario, place, id=f"{name}-{scenario}-{where}")
    for name, scenarios in SCHEMAS.items()
    for scenario in scenarios
    for where, place in EACH_SHAPE.items()
    if place.shape != CLIENTS[name].shape
]
VERCELS_OWN = "structured-native"
"""As Anthropic's `output_config`; the schema has a `$schema`."""


@pytest.mark.parametrize(("name", "scenario", "place"), FOREIGN_SCHEMAS)
def test_an_answer_fits_the_schema(node: Scripts, name: str, scenario: str, place: Place) -> None:
    assert node[CLIENTS[name]].ask(scenario, place.model).parsed == THING


@each_provider
def test_an_answer_fits_vercels_schema_for_anthropic(node: Scripts, place: Place) -> None:
    assert node[CLIENTS["ai-anthropic"]].ask(VERCELS_OWN, place.model).parsed == THING
