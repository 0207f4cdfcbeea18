"""A named model answers when everybody else failed, through real Envoy."""

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, http, sidecar

KEYS = {"KEY": "sk-ours"}
PATHS = {"openai": "/openai/v1/chat/completions", "anthropic": "/anthropic/v1/messages"}


@pytest.fixture(scope="module")
def up(providers: Providers) -> Iterator[Sidecar]:
    def entry(name: str, simulator: str, format: str) -> str:
        at = f"http://127.0.0.1:{providers[simulator].port}"
        return f'    - {{name: {name}, format: {format}, endpoint: "{at}", api_key: "${{KEY}}", models: [{name}-m]}}'

    config = f"""model:
  router: {{failure_threshold: 1, retry_policy: {{max_retries: 0}}}}
  providers:
{entry("far", "ace", "openai_chat")}
{entry("near", "dog", "anthropic_messages")}
compliance: {{data_classes: {{secret: {{providers: [far]}}}}}}
router:
  emergency: {{message: Nobody., fallback_mode: degraded, model: near-m, retry_after_ms: 7000}}
"""
    with sidecar(config, KEYS) as started:
        yield started


def ask(up: Sidecar, client: str, **headers: str) -> httpx.Response:
    return http.post(up.url + PATHS[client], content=body(client, "far-m"), headers=headers)


@pytest.mark.parametrize("client", PATHS)
def test_the_named_model_answers_and_says_what_it_is(up: Sidecar, providers: Providers, client: str) -> None:
    providers["ace"].set_fault("503")

    answer = ask(up, client)

    assert answer.status_code == 200, answer.text
    assert answer.headers["x-openclaw-model"] == "near-m"
    assert answer.headers["x-openclaw-notice"].startswith("degraded: near/near-m")


@pytest.mark.parametrize("client", PATHS)
def test_nothing_is_degraded_where_nothing_fails(up: Sidecar, providers: Providers, client: str) -> None:
    answer = ask(up, client)

    assert answer.headers["x-openclaw-model"] == "far-m"
    assert "x-openclaw-notice" not in answer.headers
    assert not providers["dog"].requests


@pytest.mark.parametrize("client", PATHS)
def test_what_may_not_go_there_does_not(up: Sidecar, providers: Providers, client: str) -> None:
    providers["ace"].set_fault("503")

    answer = ask(up, client, **{"x-openclaw-data-class": "secret"})

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["x-should-retry"] == "false"
    assert "Nobody." in answer.text
    assert not providers["dog"].requests


@pytest.mark.parametrize("client", PATHS)
def test_where_it_fails_too_the_message_is_all(up: Sidecar, providers: Providers, client: str) -> None:
    providers["ace"].set_fault("503")
    providers["dog"].set_fault("529")

    answer = ask(up, client)

    assert answer.status_code == 503
    assert "Nobody." in answer.text
    assert answer.elapsed.total_seconds() < 2
