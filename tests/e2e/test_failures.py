"""Failures that only some others can mend, through real Envoy: who cannot help is never asked."""

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until

KEYS = {"KEY": "sk-ours"}
PATHS = {
    "openai": "/openai/v1/chat/completions",
    "anthropic": "/anthropic/v1/messages",
    "gemini": "/gemini/v1beta/models/a-small:generateContent",
}


def config(providers: Providers, more: str = "") -> str:
    def entry(name: str, simulator: str, format: str, models: str) -> str:
        at = f"http://127.0.0.1:{providers[simulator].port}"
        return f'    - {{name: {name}, format: {format}, endpoint: "{at}", api_key: "${{KEY}}", models: [{models}]}}'

    entries = "\n".join(
        [
            entry("a", "ace", "openai_chat", "{name: a-small, context_window: 8000}"),
            entry("b", "bee", "openai_chat", "{name: b-small, context_window: 8000}"),
            entry("d", "dog", "anthropic_messages", "{name: d-large, context_window: 200000}"),
        ]
    )
    return (
        f"model:\n  router: {{failure_threshold: 1}}\n  providers:\n{entries}\n"
        "fallback_map: {a-small: [b-small, d-large]}\n"
        f"router:\n  emergency: {{message: Nobody.}}\n{more}"
    )


@pytest.fixture(scope="module")
def up(providers: Providers) -> Iterator[Sidecar]:
    with sidecar(config(providers), KEYS) as started:
        yield started


def said(client: str, *, streamed: bool = False) -> bytes:
    if client == "gemini":
        return b'{"contents": [{"role": "user", "parts": [{"text": "hello you"}]}]}'
    return body(client, "a-small", streamed=streamed)


def ask(up: Sidecar, client: str) -> httpx.Response:
    return http.post(up.url + PATHS[client], content=said(client), headers={"x-api-key": "theirs"})


def asked(providers: Providers) -> dict[str, int]:
    return {name: len(providers[name].requests) for name in ("ace", "bee", "dog")}


@pytest.mark.parametrize("client", PATHS)
def test_a_prompt_that_is_too_long_skips_who_has_no_more_room(up: Sidecar, providers: Providers, client: str) -> None:
    providers["ace"].set_fault("context-length")

    answer = ask(up, client)

    assert answer.status_code == 200, answer.text
    assert answer.headers["x-openclaw-model"] == "d-large"
    assert answer.headers["x-openclaw-fallbacks"] == "a:context_too_long"
    assert asked(providers) == {"ace": 1, "bee": 0, "dog": 1}


def test_what_is_too_long_for_the_largest_too_is_told_as_it_is(up: Sidecar, providers: Providers) -> None:
    providers["ace"].set_fault("context-length")
    providers["dog"].set_fault("context-length")

    answer = ask(up, "openai")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "context_length_exceeded"
    assert asked(providers) == {"ace": 1, "bee": 0, "dog": 1}


@pytest.mark.parametrize("client", PATHS)
@pytest.mark.parametrize(
    ("fault", "reason"), [("401", "credential_refused"), ("403", "credential_refused"), ("404", "model_not_found")]
)
def test_what_an_operator_has_to_mend_is_answered_elsewhere_and_told(
    up: Sidecar, providers: Providers, client: str, fault: str, reason: str
) -> None:
    providers["ace"].set_fault(fault)

    answer = ask(up, client)

    assert answer.status_code == 200, answer.text
    assert answer.headers["x-openclaw-fallbacks"] == f"a:{reason}"
    assert asked(providers) == {"ace": 1, "bee": 1, "dog": 0}
    assert until(lambda: up.metric("openclaw_model_fallback_total", from_provider="a", reason=reason), 5) >= 1
    name = "openclaw_credential_refused_total" if reason == "credential_refused" else "openclaw_model_not_found_total"
    assert up.metric(name, provider="a") >= 1
    (line,) = [one for one in up.wait_for(reason) if one["data"]["provider"] == "a"]
    assert line["level"] == "error"


def test_the_clients_own_mistake_is_told_byte_by_byte(up: Sidecar, providers: Providers) -> None:
    providers["ace"].set_fault("400")

    answer = ask(up, "openai")

    assert answer.status_code == 400
    assert answer.headers["x-openclaw-attempts"] == "1"
    assert asked(providers) == {"ace": 1, "bee": 0, "dog": 0}
