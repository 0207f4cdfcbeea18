"""Promises about the usage of streams that pass untranslated: it is counted, and seen only by those who asked."""

import pytest

from openclaw_extproc.gateway import Provider, Target
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import SealedState
from openclaw_extproc.wire.translation import provider_state
from tests import samples
from tests.samples import Case
from tests.stages.attempts import checked
from tests.stages.talking import answer_head, attempt, chunks, gateway, opening, received

TEXT = Case(samples.ROOT / "openai_chat" / "tool_calls")
OPENAI = Provider("openai", "c", "openai_chat", "/v1")


def asking(*messages: Json, wants_usage: bool) -> bytes:
    body: dict[str, Json] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}, *messages], "stream": True}
    wish: dict[str, Json] = {"stream_options": {"include_usage": True}} if wants_usage else {}
    return j.dump(body | wish)


@pytest.mark.parametrize("wants_usage", [True, False])
def test_usage_is_counted_whoever_asked_and_passed_on_to_whom_did(wants_usage: bool) -> None:
    answer = TEXT.answer(streamed=True)
    begun = opening(TEXT, gateway([Target(OPENAI, "m")]), body=asking(wants_usage=wants_usage))

    talk = checked(attempt(*begun, answer_head(streamed=True), *chunks(answer, range(0, len(answer), 7))))

    got = received(talk).body
    assert talk.entries[0].usage.input_tokens
    assert (got == answer) is wants_usage
    assert (b'"usage":' in got) is wants_usage


def test_a_body_that_is_edited_has_ids_freed_of_their_state() -> None:
    seal = provider_state.token(provider_state.State("call_1", sealed=SealedState("gemini", "c2ln")))
    call: Json = {"id": seal, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    history: list[Json] = [
        {"role": "assistant", "tool_calls": [call], "reasoning_content": "hm"},
        {"role": "tool", "tool_call_id": seal, "content": "1"},
    ]
    strict = Provider("groq", "c", "openai_chat", "/v1", quirks=frozenset({"no_reasoning_content"}))

    talk = attempt(*opening(TEXT, gateway([Target(strict, "m")]), body=asking(*history, wants_usage=True)))

    body = str(talk.answers)
    assert provider_state.MARK not in body
    assert "reasoning_content" not in body
    assert body.count("call_1") == 2
