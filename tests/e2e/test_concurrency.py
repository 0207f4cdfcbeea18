"""Many calls at once: each goes its own way, and none sees anything of another."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.e2e import world
from tests.e2e.callers import CALLERS, body, said
from tests.e2e.harness import Providers, Sidecar, sidecar, until

TIMES = 20
CHAINS: dict[str, list[tuple[str, str]]] = {
    "ace-503": [("ace", "gpt@fault-503"), ("dog", "opus-1")],
    "cat-error": [("cat", "opus@fault-first-event-error"), ("cat", "opus@fault-reset"), ("bee", "gpt-2")],
    "dog-fine": [("dog", "opus-3")],
}
"""By name: simulators and models in the order of trying. The name of a model asks the simulator for the fault."""


@pytest.fixture(scope="module")
def crowded(providers: Providers) -> Iterator[Sidecar]:
    with sidecar(_config(providers), world.KEYS) as up:
        yield up


def _config(providers: Providers) -> str:
    """Each chain has providers of its own: `ace-503-1`, `ace-503-2`. Those that fail are asked first all the same."""
    entries: list[str] = []
    for name, chain in CHAINS.items():
        for n, (simulator, model) in enumerate(chain, 1):
            more = f", fallback: {name}-{n + 1}, fallback_model: {chain[n][1]}" if chain[n:] else ""
            entries.append(
                f'    - {{name: {name}-{n}, models: ["{model}"], format: {world.FORMATS[world.SHAPES[simulator]]}, '
                f'endpoint: "http://127.0.0.1:{providers[simulator].port}", api_key: "${{KEY_BEE}}"{more}}}'
            )
    return "model:\n  router: {failure_threshold: 1.0}\n  providers:\n" + "\n".join(entries) + "\n"


@pytest.mark.parametrize("sdk", CALLERS)
def test_chains_in_flight_at_once_go_each_its_own_way(crowded: Sidecar, sdk: str, streamed: bool) -> None:
    calls = [(name, f"call {n} of {name}") for n in range(TIMES) for name in CHAINS]

    with CALLERS[sdk](crowded.url) as caller, ThreadPoolExecutor(12) as pool:
        waiting = [pool.submit(caller.ask, CHAINS[name][0][1], text, streamed=streamed) for name, text in calls]
        answers = [one.result() for one in waiting]

    for (name, text), answer in zip(calls, answers, strict=True):
        chain = CHAINS[name]
        simulator, model = chain[-1]
        assert (answer.text, answer.stop) == (said(simulator, model, text), "end")
        assert answer.headers["x-openclaw-provider"] == f"{name}-{len(chain)}"
        assert answer.headers["x-openclaw-attempts"] == str(len(chain))
        failed = [one.partition(":")[0] for one in answer.headers.get("x-openclaw-fallbacks", "").split(",") if one]
        assert failed == [f"{name}-{n}" for n in range(1, len(chain))]


@pytest.mark.parametrize("sdk", CALLERS)
@pytest.mark.parametrize("model", ["bee-model", "dog-model", "ace-then-dog-model"])
def test_fifty_streams_at_once_finish_intact(main: Sidecar, providers: Providers, sdk: str, model: str) -> None:
    providers["ace"].set_fault("503")
    for name in ("bee", "dog"):
        providers[name].set_fault("slow-30")
    texts = [f"stream {n}" for n in range(50)]

    with CALLERS[sdk](main.url) as caller, ThreadPoolExecutor(50) as pool:
        waiting = [pool.submit(caller.ask, model, text, streamed=True) for text in texts]
        answers = [one.result() for one in waiting]

    simulator = "bee" if model.startswith("bee") else "dog"
    own = "dog-model" if simulator == "dog" else model
    assert [answer.text for answer in answers] == [said(simulator, own, text) for text in texts]
    assert {(answer.stop, answer.output_tokens) for answer in answers} == {("end", 10 - 1)}


def test_a_caller_that_leaves_frees_the_provider(main: Sidecar, providers: Providers) -> None:
    providers["bee"].set_fault("slow-200")

    with (
        httpx.Client(timeout=30) as http,
        http.stream(
            "POST", main.url + CALLERS["openai"].path, content=body("openai", "bee-model", streamed=True)
        ) as it,
    ):
        next(it.iter_bytes())

    [record] = providers["bee"].requests
    assert until(lambda: record.disconnected, 5)
    assert not record.finished
