"""Promises of Anthropic's smaller calls: counting tokens, and the list of models."""

import pytest
from anthropic.types import MessageTokensCount, ModelInfo

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Text, Turn
from openclaw_extproc.wire import client_side
from openclaw_extproc.wire.anthropic_messages.client import count_tokens
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.families import encode_anthropic_model, encode_anthropic_models
from tests.wire.anthropic_messages.saying import ask, sdk

ASKED: dict[str, Json] = {"model": "claude", "messages": [{"role": "user", "content": "Hello"}]}


def test_only_its_own_path_counts_tokens() -> None:
    assert count_tokens.serves("/v1/messages/count_tokens")
    assert not count_tokens.serves("/v1/messages")


def test_a_request_without_a_limit_is_a_chat_to_count() -> None:
    chat = client_side(count_tokens.NAME).decode_request(ask(ASKED))

    assert isinstance(chat, Chat)
    assert chat.turns == (Turn("user", (Text("Hello"),)),)
    assert chat.max_output_tokens is None


def test_a_count_that_stays_with_anthropic_changes_its_model_and_gets_no_limit() -> None:
    asked = ask(ASKED)

    assert count_tokens.edit(asked, UpstreamEdit("claude", cap=5)).body is asked.raw
    edited = count_tokens.edit(asked, UpstreamEdit("opus", cap=5))
    assert edited.path == "/messages/count_tokens"
    assert edited.body == asked.raw.replace(b'"claude"', b'"opus"')


def test_a_count_is_answered_as_the_official_sdk_reads_it() -> None:
    body = count_tokens.encode_count(42)

    assert MessageTokensCount.model_validate_json(body, strict=True).input_tokens == 42


@pytest.mark.parametrize("names", [[], ["a"], ["a", "b/c", "é"]])
def test_the_official_sdk_lists_the_models(names: list[str]) -> None:
    with sdk(200, "application/json", encode_anthropic_models(names, 1_754_000_000)) as client:
        listed = [*client.models.list(limit=1)]

    assert [model.id for model in listed] == names
    assert all(model.created_at.timestamp() == 1_754_000_000 for model in listed)


def test_a_single_model_is_told_as_the_official_sdk_reads_it() -> None:
    told = encode_anthropic_model("mine", 1_754_000_000)

    assert ModelInfo.model_validate_json(told).display_name == "mine"
    assert j.parse(told, where="x")["type"] == "model"
