"""Promises about whole requests of coding agents: every provider format takes them, and what is lost has a name."""

import json

import pytest

from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.gemini.thinking import UNSIGNED_CALL
from tests.samples import AGENTS, PROVIDERS, REQUESTS, UPSTREAMS, Case, chat_of, provider_side
from tests.wire import accepted

CASES = [*AGENTS, *(case for case in REQUESTS if case.folder.name.startswith("codex"))]
MODELS = {
    "openai_chat": ("gpt-4.1", "gpt-5.6"),
    "openai_responses": ("gpt-4.1", "gpt-5.6"),
    "anthropic_messages": ("claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-8"),
    "gemini": ("gemini-2.5-pro", "gemini-3.1-pro-preview"),
    "bedrock_converse": ("anthropic.claude-sonnet-4-5-20250929-v1:0",),
    "cohere_chat": ("command-a-03-2025",),
}
PAIRS = [
    (case, format, model)
    for case in CASES
    for format in UPSTREAMS
    for model in MODELS.get(format, ())
    if format != case.format
]
HOSTS = {
    "openai_chat": "api.openai.com",
    "openai_responses": "api.openai.com",
    "anthropic_messages": "api.anthropic.com",
    "gemini": "generativelanguage.googleapis.com",
}


def sent(case: Case, format: str, model: str) -> tuple[dict[str, j.Json], tuple[str, ...]]:
    to = Provider("p", "p", format, authority=HOSTS.get(format, "proxy.example"))
    encoded = provider_side(format).encode_request(chat_of(case.client, case.asked()), UpstreamEdit(model, provider=to))
    return j.parse(encoded.body, where="encoded"), encoded.losses


@pytest.mark.parametrize(("case", "format", "model"), PAIRS, ids=str)
def test_a_whole_request_is_taken_by_every_provider(case: Case, format: str, model: str) -> None:
    body, losses = sent(case, format, model)

    if format in PROVIDERS:
        accepted.check(format, j.dump(body), model)
    written = json.dumps(body)
    assert "x-anthropic-billing-header" not in written
    assert all(loss and not loss.startswith("!") for loss in losses)
    chat = chat_of(case.client, case.asked())
    assert all(f'"{spec.name}"' in written for spec in chat.tools)


@pytest.mark.parametrize("model", MODELS["anthropic_messages"])
def test_gemini_clis_sampling_is_what_claude_takes(model: str) -> None:
    """It always sends temperature 1, topP 0.95 and topK 64. Claude takes one of the first two since 4.1, nothing beside
    thinking, and the newest nothing at all."""
    (case,) = [case for case in AGENTS if case.folder.name == "gemini_cli"]

    body, _ = sent(case, "anthropic_messages", model)

    assert not {"temperature", "top_p"} <= body.keys()
    if j.an_object(body.get("thinking", {"type": "disabled"}), at="thinking")["type"] != "disabled":
        assert body.get("temperature", 1) == 1
        assert "top_k" not in body


@pytest.mark.parametrize("case", [case for case in CASES if case.format != "gemini"], ids=str)
def test_calls_of_others_have_the_word_that_gemini_takes_for_a_signature(case: Case) -> None:
    body, _ = sent(case, "gemini", "gemini-3.1-pro-preview")

    chat = chat_of(case.client, case.asked())
    calls = sum(type(part).__name__ == "ToolUse" for turn in chat.turns for part in turn.parts)
    assert (UNSIGNED_CALL in json.dumps(body)) is (calls > 0)
    assert isinstance(chat, Chat)
