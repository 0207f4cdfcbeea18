"""Not yet: a schema for a provider of another format.

To turn it on: put these places into `own_schemas` in `test_node.py`.
"""

import pytest

from tests.e2e.node_scripts import CLIENTS, Scripts
from tests.e2e.test_gemini import EACH_SHAPE
from tests.e2e.test_node import SCHEMAS, THING
from tests.e2e.world import Place

FOREIGN_SCHEMAS = [
    pytest.param(name, scenario, place, id=f"{name}-{scenario}-{where}")
    for name, scenarios in SCHEMAS.items()
    for scenario in scenarios
    for where, place in EACH_SHAPE.items()
    if place.shape != CLIENTS[name].shape
]


@pytest.mark.parametrize(("name", "scenario", "place"), FOREIGN_SCHEMAS)
def test_an_answer_fits_the_schema(node: Scripts, name: str, scenario: str, place: Place) -> None:
    assert node[CLIENTS[name]].ask(scenario, place.model).parsed == THING
