"""When a worker lets nobody in."""

import asyncio
import time

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from openclaw_extproc.config.settings import Overload
from openclaw_extproc.edge.overload import TICK_SECONDS, Gate


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


def test_while_the_loop_is_late_nobody_new_gets_in(registry: CollectorRegistry) -> None:
    gate = Gate(lambda: Overload(max_lag_seconds=2 * TICK_SECONDS), registry)

    async def busy() -> tuple[str, str, str]:
        watching = asyncio.create_task(gate.watch())
        await asyncio.sleep(TICK_SECONDS / 2)
        time.sleep(5 * TICK_SECONDS)  # noqa: ASYNC251  # what keeps a loop from turning
        await asyncio.sleep(TICK_SECONDS / 2)
        late, inside = gate.refusal(0, is_here=False), gate.refusal(0, is_here=True)
        await asyncio.sleep(2 * TICK_SECONDS)
        watching.cancel()
        return late, inside, gate.refusal(0, is_here=False)

    assert asyncio.run(busy()) == ("lag", "", "")
    text = generate_latest(registry).decode()
    assert 'openclaw_shed_total{reason="lag"} 1.0' in text
    shown = next(line for line in text.splitlines() if line.startswith("openclaw_event_loop_lag_seconds "))
    assert float(shown.split()[1]) > 3 * TICK_SECONDS, "a scrape later still sees it"
