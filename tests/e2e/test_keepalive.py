"""Streams that are kept alive before their first content, through real Envoy and the official SDKs."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import anthropic
import openai
import pytest
from google.genai import errors

from tests.e2e.callers import CALLERS, GeminiCaller, OpenAIResponsesCaller, body
from tests.e2e.harness import Providers, Sidecar, http, sidecar

KEYS = {"KEY": "sk-ours"}
PATHS = {
    "openai": "/openai/v1/chat/completions",
    "openai-responses": "/openai/v1/responses",
    "anthropic": "/anthropic/v1/messages",
    "gemini": "/gemini/v1beta/models/{model}:streamGenerateContent?alt=sse",
}
SAYS = {
    "openai-responses": b'{"model": "%s", "stream": true, "input": "hello you"}',
    "gemini": b'{"contents": [{"role": "user", "parts": [{"text": "hello %.0s you"}]}]}',
}
SIGNS = {"anthropic": b'event: ping\ndata: {"type": "ping"}\n\n', "gemini": b"\n\n"}
COMMENT = b": keep-alive\n\n"
MODELS = {"first": "ace", "second": "cat"}
BY = {**CALLERS, "gemini": GeminiCaller, "openai-responses": OpenAIResponsesCaller}
RAISED = (openai.APIError, anthropic.APIStatusError, errors.APIError)
FIRST_TOKEN_MS = 1_500


def config(providers: Providers) -> str:
    def at(name: str) -> str:
        return f"http://127.0.0.1:{providers[name].port}"

    return f"""model:
  router: {{failure_threshold: 1}}
  providers:
    - {{name: a, format: openai_chat, endpoint: "{at("ace")}", api_key: "${{KEY}}", models: [first]}}
    - {{name: b, format: anthropic_messages, endpoint: "{at("cat")}", api_key: "${{KEY}}", models: [second]}}
    - {{name: c, format: openai_chat, endpoint: "{at("bee")}", api_key: "${{KEY}}", models: [third]}}
fallback_map: {{first: [third], second: [third]}}
router:
  timeouts: {{first_token_ms: {FIRST_TOKEN_MS}}}
  hold: {{keepalive_ms: 300}}
"""


@pytest.fixture(scope="module")
def up(providers: Providers) -> Iterator[Sidecar]:
    with sidecar(config(providers), KEYS) as started:
        yield started


def raw(up: Sidecar, client: str, model: str) -> tuple[str, bytes, float, float]:
    """The model that answered, the body, and the seconds until its first byte and until its end."""
    said = SAYS[client] % model.encode() if client in SAYS else body(client, model, streamed=True)
    began, first, got = time.monotonic(), 0.0, b""
    with http.stream("POST", up.url + PATHS[client].format(model=model), content=said) as answer:
        assert answer.status_code == 200, answer.read()
        try:
            for chunk in answer.iter_raw():
                first = first or time.monotonic() - began
                got += chunk
        except Exception:  # noqa: BLE001, S110  # a stream that breaks off behind its error event
            pass
    return answer.headers["x-openclaw-model"], got, first, time.monotonic() - began


def asked(up: Sidecar, client: str, model: str) -> str:
    with BY[client](up.url) as by:
        return by.ask(model, streamed=True).text


@pytest.mark.parametrize("client", PATHS)
def test_a_silent_stream_gets_signs_of_life_and_then_its_answer(up: Sidecar, providers: Providers, client: str) -> None:
    for name in MODELS.values():
        providers[name].set_fault("opened-1")

    with ThreadPoolExecutor(4) as pool:
        bytes_of = {model: pool.submit(raw, up, client, model) for model in MODELS}
        texts = {model: pool.submit(asked, up, client, model) for model in MODELS}

    sign = SIGNS.get(client, COMMENT)
    for model in MODELS:
        who, got, first, whole = bytes_of[model].result()
        assert who == model
        assert got.partition(b"Simulated")[0].count(sign) >= 1
        assert b"Simulated" in got
        assert first < whole - 0.3
        assert "Simulated" in texts[model].result()


@pytest.mark.parametrize("client", PATHS)
def test_a_failure_behind_them_is_an_error_event_and_no_failover(
    up: Sidecar, providers: Providers, client: str
) -> None:
    for name in MODELS.values():
        providers[name].set_fault("opened-20")

    with ThreadPoolExecutor(4) as pool:
        bytes_of = {model: pool.submit(raw, up, client, model) for model in MODELS}
        errors_of = {model: pool.submit(asked, up, client, model) for model in MODELS}

    for model in MODELS:
        who, got, _, whole = bytes_of[model].result()
        assert who == model
        assert SIGNS.get(client, COMMENT) in got
        assert b"fell silent" in got
        assert whole < 10
        assert isinstance(errors_of[model].exception(), RAISED)


def test_before_the_providers_first_byte_the_head_is_all(up: Sidecar, providers: Providers) -> None:
    providers["ace"].set_fault("late-1")
    began = time.monotonic()
    with http.stream("POST", up.url + PATHS["openai"], content=body("openai", "first", streamed=True)) as answer:
        head = time.monotonic() - began
        got = answer.read()

    assert head < time.monotonic() - began - 0.3
    assert (answer.status_code, answer.headers["x-openclaw-model"]) == (200, "first")
    assert COMMENT not in got
    assert got.endswith(b"data: [DONE]\n\n")


def test_what_fails_before_them_is_answered_elsewhere(up: Sidecar, providers: Providers) -> None:
    for name in MODELS.values():
        providers[name].set_fault("first-event-error")

    assert [raw(up, client, "first")[0] for client in PATHS] == ["third"] * len(PATHS)
