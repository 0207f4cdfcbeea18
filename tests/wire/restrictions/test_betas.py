"""Promises of Anthropic's beta flags: each address gets those that it takes, and what is said by them."""

import pytest

from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire import FORMATS, client_side
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit

CLAUDE_CODE = (
    "claude-code-20250219,oauth-2025-04-20,interleaved-thinking-2025-05-14,context-management-2025-06-27,"
    "prompt-caching-scope-2026-01-05,advanced-tool-use-2025-11-20,effort-2025-11-24"
)
"""As Claude Code 2.1 sends it with a subscription."""
BODY: dict[str, Json] = {
    "model": "claude-sonnet-4-6",
    "max_tokens": 32_000,
    "system": [{"type": "text", "text": "You are.", "cache_control": {"type": "ephemeral", "scope": "global"}}],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]}],
    "tools": [{"name": "f", "input_schema": {"type": "object"}, "defer_loading": True, "eager_input_streaming": True}],
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
}


def sent(format: str, model: str = "claude-sonnet-4-6", auth: str = "aws") -> EncodedRequest:
    client, side, raw = client_side("anthropic_messages"), FORMATS[format].provider, j.dump(BODY)
    assert side is not None
    asked = ClientRequest("/v1/messages", "", raw, j.parse(raw, where="request"))
    provider = Provider("p", "p", format, authority="api.anthropic.com", auth=auth)  # type: ignore[arg-type]
    change = UpstreamEdit(model, provider=provider, headers={"anthropic-beta": CLAUDE_CODE})
    edited = client.edit(asked, change)
    return edited if side.adapt is None else side.adapt(edited, client.decode_request(asked), change)


def test_bedrock_gets_its_own_flags_and_no_others() -> None:
    encoded = sent("bedrock_anthropic")
    body = j.parse(encoded.body, where="sent")

    assert body["anthropic_beta"] == [
        "interleaved-thinking-2025-05-14",
        "context-management-2025-06-27",
        "tool-search-tool-2025-10-19",
        "effort-2025-11-24",
    ]
    assert "context_management" in body
    assert body["tools"] == [{"name": "f", "input_schema": {"type": "object"}, "defer_loading": True}]
    assert body["system"] == [{"type": "text", "text": "You are.", "cache_control": {"type": "ephemeral"}}]
    assert encoded.losses == (
        "anthropic-beta: prompt-caching-scope-2026-01-05",
        "anthropic-beta: tools[].eager_input_streaming",
    )


def test_a_model_may_take_fewer() -> None:
    """anthropics/claude-code#49370."""
    body = j.parse(sent("bedrock_anthropic", "eu.anthropic.claude-opus-4-7").body, where="sent")

    assert body["anthropic_beta"] == ["interleaved-thinking-2025-05-14"]
    assert "context_management" not in body
    assert body["tools"] == [{"name": "f", "input_schema": {"type": "object"}}]


def test_vertex_gets_its_own_flags() -> None:
    """QuantumNous/new-api#2975: `prompt-caching-scope-2026-01-05` is answered with 400."""
    body = j.parse(sent("vertex_anthropic").body, where="sent")

    assert body["anthropic_beta"] == [
        "interleaved-thinking-2025-05-14",
        "context-management-2025-06-27",
        "tool-search-tool-2025-10-19",
    ]


@pytest.mark.parametrize(("auth", "kept"), [("inject", False), ("forward", True)])
def test_a_subscriptions_flag_goes_only_with_the_callers_own_credential(auth: str, kept: bool) -> None:
    encoded = sent("anthropic_messages", auth=auth)
    flags = encoded.headers.get("anthropic-beta", CLAUDE_CODE).split(",")

    assert ("oauth-2025-04-20" in flags) is kept
    assert [flag for flag in flags if flag != "oauth-2025-04-20"] == [
        flag for flag in CLAUDE_CODE.split(",") if flag != "oauth-2025-04-20"
    ]
    assert encoded.body == j.dump(BODY)
