"""A provider that has closed a connection which Envoy kept: the call is answered, and its health is as it was."""

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, sidecar, until

PATH = "/openai/v1/chat/completions"


@pytest.fixture(scope="module")
def up(providers: Providers) -> Iterator[Sidecar]:
    def entry(name: str, simulator: str) -> str:
        at = f"http://127.0.0.1:{providers[simulator].port}"
        return f'    - {{name: {name}, endpoint: "{at}", format: openai_chat, api_key: "${{KEY}}", models: [{name}-m]}}'

    entries = "\n".join((entry("alone", "ace"), entry("first", "ace"), entry("second", "bee")))
    config = f"model:\n  providers:\n{entries}\nfallback_map: {{first-m: [second-m]}}\n"
    with sidecar(config, {"KEY": "sk-ours"}, never_ill=False) as started:
        yield started


@pytest.fixture
def one_connection() -> Iterator[httpx.Client]:
    """So that all requests are of one thread of Envoy's, as each has connections of its own to providers."""
    with httpx.Client(timeout=30) as made:
        yield made


def ask(client: httpx.Client, up: Sidecar, model: str) -> httpx.Response:
    answer = client.post(up.url + PATH, content=body("openai", model, streamed=False))
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize(("name", "who"), [("alone", "alone"), ("first", "second")])
def test_it_is_tried_again_and_is_no_failure_of_the_provider(
    up: Sidecar, providers: Providers, one_connection: httpx.Client, name: str, who: str
) -> None:
    """At the same provider where it is alone; else at the next one, which Envoy asks at once."""
    providers["ace"].set_fault("stale")

    for n in range(3):
        answer = ask(one_connection, up, f"{name}-m")
        was_closed = n == 1
        assert answer.headers["x-openclaw-provider"] == (who if was_closed else name)
        assert answer.headers.get("x-openclaw-fallbacks", "") == (f"{name}:stale_connection" if was_closed else "")

    assert until(lambda: len(up.lines("model_selection")) >= 3, 5)
    assert not up.lines("health_changed")
