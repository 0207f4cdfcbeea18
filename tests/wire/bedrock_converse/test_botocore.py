"""botocore's own validator, and the simulator's stricter one, take whatever we ask Converse."""

import base64
import json
import re
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import FaultError
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat
from openclaw_simulator.bedrock_request import SIGNATURE, read_converse
from tests.samples import REQUESTS, Case
from tests.wire.bedrock_converse.saying import CLAUDE, LLAMA, NEWER, NOVA, OLDER, sent
from tests.wire.test_requests import chats

MODELS = [CLAUDE, OLDER, NEWER, NOVA, LLAMA]
SESSION: Any = botocore.session.Session()
SHAPE = SESSION.get_service_model("bedrock-runtime").operation_model("Converse").input_shape

every_model = pytest.mark.parametrize("model", MODELS)


def check(chat: Chat, model: str) -> None:
    encoded = sent(chat, model)
    body = json.loads(encoded.body)
    validator: Any = ParamValidator()
    report = validator.validate({"modelId": model, **_with_bytes(body)}, SHAPE)
    assert not report.has_errors(), report.generate_report()
    _follows_patterns(body)
    signed = re.sub(rb'"signature":"[^"]*"', f'"signature":"{SIGNATURE}"'.encode(), encoded.body)
    read_converse(signed, model, stream=chat.stream)


def _with_bytes(value: Json) -> Any:
    """As botocore gets it: blobs as bytes."""
    if isinstance(value, list):
        return [_with_bytes(one) for one in value]
    if not isinstance(value, dict):
        return value
    blobs = ("bytes", "redactedContent")
    return {key: base64.b64decode(str(one)) if key in blobs else _with_bytes(one) for key, one in value.items()}


def _follows_patterns(body: dict[str, Any]) -> None:
    """botocore does not look at patterns."""
    for message in body["messages"]:
        for block in message["content"]:
            id = block.get("toolUse", block.get("toolResult", {})).get("toolUseId", "ok")
            assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", id)


@every_model
@pytest.mark.parametrize("case", REQUESTS, ids=str)
def test_every_request_of_every_format_is_valid(case: Case, model: str) -> None:
    try:
        sent(case.chat(), model)
    except FaultError:
        return  # it holds what Converse cannot carry
    check(case.chat(), model)


@given(chats(), st.sampled_from(MODELS))
def test_any_request_is_valid(chat: Chat, model: str) -> None:
    try:
        sent(chat, model)
    except FaultError:
        return
    check(chat, model)
