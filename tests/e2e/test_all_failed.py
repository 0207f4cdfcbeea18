"""What is told when nobody could answer, through real Envoy: each one's words, and which fault each attempt had."""

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.world import NOBODY

KEYS = {"KEY": "sk-ours"}
PATHS = {"openai": "/openai/v1/chat/completions", "anthropic": "/anthropic/v1/messages"}
LIMIT = "Rate limit reached for a-m on requests per min (RPM): Limit 3"
EMERGENCY = 'Nobody, "at all": 100 % are out.'


def config(providers: Providers) -> str:
    def entry(name: str, at: str, format: str = "openai_chat") -> str:
        return f'    - {{name: {name}, format: {format}, endpoint: "{at}", api_key: "${{KEY}}", models: [{name}-m]}}'

    def of(name: str) -> str:
        return f"127.0.0.1:{providers[name].port}"

    entries = "\n".join(
        [
            entry("a", f"http://{of('ace')}"),
            entry("c", f"http://{of('cat')}", "anthropic_messages"),
            entry("refused", f"http://{NOBODY}"),
            entry("tls", f"https://{of('bee')}"),
        ]
    )
    return f"""model:
  providers:
{entries}
fallback_map: {{a-m: [c-m], refused-m: [tls-m], tls-m: [a-m, refused-m]}}
router: {{emergency: {{message: {EMERGENCY!r}}}}}
"""


@pytest.fixture(scope="module")
def up(providers: Providers) -> Iterator[Sidecar]:
    with sidecar(config(providers), KEYS) as started:
        yield started


def ask(up: Sidecar, client: str, model: str) -> httpx.Response:
    return http.post(up.url + PATHS[client], content=body(client, model, streamed=False))


@pytest.mark.parametrize("client", PATHS)
def test_each_provider_has_its_words(up: Sidecar, providers: Providers, client: str) -> None:
    providers["ace"].set_fault("429")
    providers["cat"].set_fault("529")

    answer = ask(up, client, "a-m")

    message = answer.json()["error"]["message"]
    assert answer.status_code == 503
    assert message.startswith(
        f"{EMERGENCY} (2 attempts, the last at c: overloaded: Overloaded; before: a: rate limited: {LIMIT}"
    )


@pytest.mark.parametrize("client", PATHS)
def test_envoy_says_them_where_the_last_one_does_not_answer(up: Sidecar, providers: Providers, client: str) -> None:
    providers["ace"].set_fault("429")

    answer = ask(up, client, "tls-m")

    error = answer.json()["error"]
    assert answer.status_code == 503
    assert error["message"].startswith(f"{EMERGENCY} (before: tls: connection; a: rate limited: {LIMIT}")
    assert error["type"] == ("server_error" if client == "openai" else "overloaded_error")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-openclaw-fallbacks"] == "tls:connection,a:rate_limited,refused:connection_refused"
    assert answer.headers["x-openclaw-attempts"] == "3"


def test_without_words_there_is_the_message_alone(up: Sidecar) -> None:
    answer = ask(up, "openai", "refused-m")

    assert answer.json()["error"]["message"] == EMERGENCY
    assert answer.headers["x-openclaw-fallbacks"] == "refused:connection,tls:connection_tls"


def test_the_log_names_the_fault_of_each_attempt(up: Sidecar, providers: Providers) -> None:
    ask(up, "openai", "refused-m")
    providers["ace"].set_fault("reset")
    ask(up, "openai", "a-m")

    lines = until(lambda: found if len(found := _faults(up)) >= 3 else None, 5, up.logged)

    assert lines >= {("refused", "connection_refused"), ("tls", "connection_tls"), ("a", "connection")}


def _faults(up: Sidecar) -> set[tuple[str, str]]:
    return {(line["data"]["cluster"], line["data"]["why"]) for line in up.lines("attempt_unanswered")}
