"""The logins of Claude Code and Codex through real Envoy: to their own vendor alone, counted and not charged."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.harness import Providers, Sidecar, http, sidecar, until

OAUTH = "sk-ant-oat01-theirs-and-nobodys-else"
JWT = "eyJhbGciOiJub25lIn0.theirs-and-nobodys-else.x"
ACCOUNT = "7c1f-account-of-theirs"
KEYS = {"KEY_BEE": "sk-bee-of-ours-0001", "KEY_DOG": "sk-dog-of-ours-0001"}
ANTHROPIC = {
    "authorization": f"Bearer {OAUTH}",
    "anthropic-beta": "claude-code-20250219,oauth-2025-04-20,interleaved-thinking-2025-05-14",
    "anthropic-version": "2023-06-01",
}
CODEX = {"authorization": f"Bearer {JWT}", "chatgpt-account-id": ACCOUNT, "originator": "codex_cli_rs"}
PRICE = "input_cost_per_million: 3, output_cost_per_million: 15"
ASKS = {
    "claude": ("/anthropic/v1/messages", ANTHROPIC, "claude-sonnet-4-5", "cat", "dog"),
    "codex": ("/openai/v1/responses", CODEX, "gpt-5-codex", "ace", "bee"),
}


@pytest.fixture(scope="module")
def up(providers: Providers) -> Iterator[Sidecar]:
    def at(name: str) -> str:
        return f'endpoint: "http://127.0.0.1:{providers[name].port}"'

    text = f"""
model:
  router: {{retry_policy: {{max_retries: 0}}}}
  providers:
    - {{name: claude-plan, models: [{{name: claude-sonnet-4-5, {PRICE}}}], format: anthropic_messages, {at("cat")},
       auth: forward,
       fallback: claude-ours, fallback_model: claude-opus-4-1}}
    - {{name: claude-ours, models: [{{name: claude-opus-4-1, {PRICE}}}], format: anthropic_messages, {at("dog")},
       api_key: "${{KEY_DOG}}"}}
    - {{name: codex-plan, models: [{{name: gpt-5-codex, {PRICE}}}], format: openai_responses, {at("ace")},
       auth: forward,
       fallback: openai-ours, fallback_model: gpt-5}}
    - {{name: openai-ours, models: [{{name: gpt-5, {PRICE}}}], format: openai_responses, {at("bee")},
       api_key: "${{KEY_BEE}}"}}
"""
    with sidecar(text, KEYS) as started:
        yield started


def ask(up: Sidecar, agent: str, model: str = "", **headers: str) -> httpx.Response:
    path, login, usual, _, _ = ASKS[agent]
    said = {"model": model or usual, "max_tokens": 100, "messages": [{"role": "user", "content": "hello"}]}
    if agent == "codex":
        said = {"model": model or usual, "input": "hello", "store": False}
    return http.post(up.url + path, json=said, headers={**login, **headers})


def decision(up: Sidecar, model: str) -> dict[str, object]:
    def found() -> list[dict[str, object]]:
        lines = [line["data"]["model_selection"] for line in up.lines() if line["event"] == "model_selection"]
        return [line["decision"] for line in lines if line["primary_model"] == model]

    assert until(lambda: bool(found()), 5)
    return found()[-1]


@pytest.mark.parametrize("agent", ASKS)
def test_a_login_reaches_its_own_vendor_and_costs_nothing(up: Sidecar, providers: Providers, agent: str) -> None:
    _, login, model, first, second = ASKS[agent]

    answer = ask(up, agent)

    assert answer.status_code == 200, answer.text
    [record] = providers[first].requests
    assert {name: record.headers[name] for name in login} == login
    assert not providers[second].requests
    told = decision(up, model)
    assert (told["cost_usd"], told["billing"]) == (0, "subscription")
    assert answer.headers["x-openclaw-cost-usd"] == "0;final"
    assert until(lambda: up.metric("openclaw_tokens_total", model=model, type="input"), 5) > 0


@pytest.mark.parametrize("agent", ASKS)
def test_a_fallback_sees_nothing_of_it(up: Sidecar, providers: Providers, agent: str) -> None:
    _, _, _, first, second = ASKS[agent]
    providers[first].set_fault("429")

    answer = ask(up, agent)

    assert answer.status_code == 200, answer.text
    [record] = providers[second].requests
    everything = json.dumps(dict(record.headers))
    for secret in (OAUTH, JWT, ACCOUNT, "oauth-2025"):
        assert secret not in everything
        assert secret not in up.logged()
    if agent == "claude":
        assert record.headers["anthropic-beta"] == "claude-code-20250219,interleaved-thinking-2025-05-14"


@pytest.mark.parametrize(("agent", "model"), [("claude", "claude-opus-4-1"), ("codex", "gpt-5")])
def test_who_has_a_key_of_ours_gets_no_login_and_is_charged(
    up: Sidecar, providers: Providers, agent: str, model: str
) -> None:
    answer = ask(up, agent, model)

    assert answer.status_code == 200, answer.text
    [record] = providers[ASKS[agent][4]].requests
    assert "theirs" not in json.dumps(dict(record.headers))
    assert "oauth-" not in record.headers.get("anthropic-beta", "")
    told = decision(up, model)
    assert told["billing"] is None
    assert told["cost_usd"]


def test_a_forwarded_key_is_charged(up: Sidecar) -> None:
    ask(up, "claude", authorization="Bearer sk-ant-api03-a-key")

    told = decision(up, "claude-sonnet-4-5")
    assert told["billing"] is None
    assert told["cost_usd"]
