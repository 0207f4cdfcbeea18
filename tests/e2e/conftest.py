"""One set of simulators and one sidecar for most tests; both start once."""

from collections.abc import Iterator

import pytest

from tests.e2e import world
from tests.e2e.callers import CALLERS, Caller
from tests.e2e.harness import Providers, Sidecar, http, sidecar
from tests.e2e.node_scripts import Scripts


@pytest.fixture(scope="session")
def providers() -> Iterator[Providers]:
    started = Providers()
    for name, shape in world.SHAPES.items():
        started.start(name, shape)
    yield started
    started.close()
    http.close()


@pytest.fixture(autouse=True)
def _healthy(providers: Providers) -> None:  # pyright: ignore[reportUnusedFunction]  # pytest calls it
    """Before each test the simulators forget faults and records."""
    providers.reset()


@pytest.fixture(scope="session")
def main(providers: Providers) -> Iterator[Sidecar]:
    """The shared sidecar, with limits no test reaches."""
    with sidecar(world.config(providers, never_ill=True), world.KEYS) as up:
        yield up


@pytest.fixture(scope="session")
def hasty(providers: Providers) -> Iterator[Sidecar]:
    """The same with little patience, and a longer wait before one and the same provider is tried again."""
    limits = (
        "  timeouts: {first_token_ms: 600, answer_ms: 600}\n  retry_policy: {max_retries: 1, initial_delay_ms: 2000}"
    )
    with sidecar(world.config(providers, router=limits, never_ill=True), world.KEYS) as up:
        yield up


@pytest.fixture(scope="session", params=CALLERS)
def caller(request: pytest.FixtureRequest, main: Sidecar) -> Iterator[Caller]:
    """Each SDK in turn, at the shared sidecar. One for all tests: an SDK takes its time to start."""
    with CALLERS[request.param](main.url) as made:
        yield made


@pytest.fixture(scope="session", params=CALLERS)
def hurried(request: pytest.FixtureRequest, hasty: Sidecar) -> Iterator[Caller]:
    """Each SDK in turn, at the hasty sidecar."""
    with CALLERS[request.param](hasty.url) as made:
        yield made


@pytest.fixture(scope="session")
def node(main: Sidecar) -> Iterator[Scripts]:
    """The SDKs for JavaScript, at the shared sidecar."""
    scripts = Scripts(main.url)
    yield scripts
    scripts.close()


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streamed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)
