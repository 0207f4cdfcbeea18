"""Whether a client asked for thought, in each format's own words."""

import pytest

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire import client_side
from openclaw_extproc.wire.base import ClientRequest

MESSAGE: dict[str, Json] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
CONTENTS: dict[str, Json] = {"contents": [{"parts": [{"text": "Hi"}]}]}


@pytest.mark.parametrize(
    ("format", "path", "body", "reasons"),
    [
        ("openai_chat", "/v1/chat/completions", MESSAGE, False),
        ("openai_chat", "/v1/chat/completions", MESSAGE | {"reasoning_effort": "low"}, False),
        ("openai_chat", "/v1/chat/completions", MESSAGE | {"reasoning_effort": "high"}, True),
        ("anthropic_messages", "/v1/messages", MESSAGE, False),
        ("anthropic_messages", "/v1/messages", MESSAGE | {"thinking": {"type": "disabled"}}, False),
        ("anthropic_messages", "/v1/messages", MESSAGE | {"thinking": {"type": "enabled", "budget_tokens": 9}}, True),
        ("gemini", "/v1beta/models/m:generateContent", CONTENTS, False),
        (
            "gemini",
            "/v1beta/models/m:generateContent",
            CONTENTS | {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}},
            False,
        ),
        (
            "gemini",
            "/v1beta/models/m:generateContent",
            CONTENTS | {"generationConfig": {"thinking_config": {"include_thoughts": True}}},
            True,
        ),
    ],
)
def test_a_request_for_thought_is_known(format: str, path: str, body: dict[str, Json], reasons: bool) -> None:
    chat = client_side(format).decode_request(ClientRequest(path, "", j.dump(body), body))

    assert chat.reasons is reasons
