"""When a worker lets nobody in."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from openclaw_extproc.config.settings import Overload
from openclaw_extproc.edge.overload import Gate


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def gate(registry: CollectorRegistry) -> Gate:
    return Gate(lambda: Overload(max_requests=2, max_body_bytes=100), registry)


def test_as_many_requests_as_are_allowed_get_in(gate: Gate, registry: CollectorRegistry) -> None:
    said = list[str]()
    for _ in range(3):
        gate.begin()
        said.append(gate.refusal(0, is_here=False))

    assert said == ["", "", "requests"]
    assert 'openclaw_shed_total{reason="requests"} 1.0' in generate_latest(registry).decode()


def test_who_was_let_in_stays_in_when_it_gets_full(gate: Gate) -> None:
    for _ in range(3):
        gate.begin()

    assert gate.refusal(10, is_here=True) == ""


def test_bodies_count_until_they_are_let_go(gate: Gate) -> None:
    gate.begin()
    gate.hold(60)

    full = gate.refusal(50, is_here=True)
    gate.hold(-60)

    assert full == "body_bytes"
    assert gate.refusal(50, is_here=True) == ""
