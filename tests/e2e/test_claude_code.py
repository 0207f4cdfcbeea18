"""Claude Code's own requests on other vendors' models, end to end: the official SDK, Envoy, recorded providers."""

import json
from collections.abc import Generator
from typing import Any, cast

import anthropic
import pytest
from anthropic.types import MessageParam

from tests.e2e.harness import Providers, Sidecar, sidecar
from tests.wire import claude_code

KEY = "${OPENAI_API_KEY}"


def entry(providers: Providers, name: str, simulator: str, format: str, model: str) -> str:
    return (
        f"    - {{name: {name}, models: [{model}], format: {format}, "
        f'endpoint: "http://127.0.0.1:{providers[simulator].port}", api_key: "{KEY}"}}\n'
    )


@pytest.fixture(scope="module")
def up(providers: Providers) -> Generator[Sidecar]:
    entries = (
        entry(providers, "chat", "ace", "openai_chat", "gpt-4o")
        + entry(providers, "reasons", "ace", "openai_chat", "gpt-5.6")
        + entry(providers, "relay", "cat", "anthropic_messages", "claude-haiku-4-5")
    )
    with sidecar(f"model:\n  providers:\n{entries}") as running:
        yield running


def sent(providers: Providers, simulator: str) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """Bodies and headers that reached a provider."""
    recorder = providers[simulator].recorder
    assert recorder is not None
    return [(json.loads(record.body or "{}"), dict(record.headers)) for record in recorder]


def ask(up: Sidecar, model: str, turns: int = 2, nonce: str = "36ee5", flags: str = claude_code.BETAS) -> Any:
    """One request of Claude Code's; its answer's head, once all of the stream was read."""
    client = anthropic.Anthropic(base_url=f"{up.url}/anthropic", api_key="k", max_retries=0)
    body = claude_code.request(turns, nonce, model)
    del body["stream"]
    more = {key: body.pop(key) for key in ("context_management", "output_config", "thinking", "system", "tools")}
    with client.messages.with_streaming_response.create(
        model=model,
        max_tokens=claude_code.LIMIT,
        messages=cast("list[MessageParam]", body["messages"]),
        metadata={"user_id": claude_code.USER},
        stream=True,
        extra_headers={"anthropic-beta": flags},
        extra_body=more,
    ) as response:
        assert "message_stop" in "".join(response.iter_text())
        return response.headers


def test_a_request_fits_the_model_that_answers_it_and_what_changed_is_told(up: Sidecar, providers: Providers) -> None:
    head = ask(up, "gpt-4o")

    ((body, headers),) = sent(providers, "ace")
    assert len(body["user"]) == 64
    assert body["max_completion_tokens"] == 16_384
    assert "x-anthropic-billing-header" not in json.dumps(body)
    assert "reasoning_effort" not in body
    assert [message["role"] for message in body["messages"]][-3:] == ["assistant", "tool", "system"]
    assert "anthropic-beta" not in headers
    assert "max output tokens: 32000 became 16384" in head["x-openclaw-warnings"]


def test_a_model_that_thinks_gets_no_effort_beside_tools(up: Sidecar, providers: Providers) -> None:
    ask(up, "gpt-5.6")

    ((body, _),) = sent(providers, "ace")
    assert body["reasoning_effort"] == "none"
    assert body["max_completion_tokens"] == claude_code.LIMIT


def test_the_next_request_begins_with_the_last_one(up: Sidecar, providers: Providers) -> None:
    ask(up, "gpt-4o", 2, "36ee5")
    ask(up, "gpt-4o", 4, "0aaa9")

    (first, _), (second, _) = sent(providers, "ace")
    assert json.dumps(second["messages"]).startswith(json.dumps(first["messages"]).removesuffix("]"))


def test_a_relay_of_claudes_gets_no_line_and_no_flag_that_are_anthropics(up: Sidecar, providers: Providers) -> None:
    ask(up, "claude-haiku-4-5", 0, flags=f"oauth-2025-04-20,{claude_code.BETAS}")

    ((body, headers),) = sent(providers, "cat")
    assert "x-anthropic-billing-header" not in json.dumps(body)
    assert headers["anthropic-beta"] == claude_code.BETAS
    assert body["thinking"]["type"] == "enabled", "Haiku 4.5 does not think adaptively"
    assert body["max_tokens"] == claude_code.LIMIT
