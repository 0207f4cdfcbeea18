"""Promises to Claude Code on other vendors' models: whole requests of its own, through both stages."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.model.json import Json
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import Continue, RequestBody, RequestHead, ResponseBody, ResponseHead
from openclaw_extproc.stages.route.stage import RouteStage
from tests.stages.talking import BEGAN, Talk, delivered
from tests.wire import claude_code

FORMATS = ("openai_chat", "openai_responses", "gemini", "bedrock_converse", "cohere_chat", "anthropic_messages")
WRITES = ModelFacts(window=128_000, max_output=16_384)


def asked(format: str, body: Mapping[str, object], model: str = "gpt-4o", **provider: str) -> Talk[AttemptEntry]:
    to = replace(Provider("p", "c", format, models=(model,)), **provider)  # type: ignore[arg-type]
    target = Target(to, model)
    gateway = Gateway(providers={"p": to}, chains={str(body["model"]): (target,)}, catalog={target.name: WRITES})
    head = RequestHead({":method": "POST", ":path": "/v1/messages", "anthropic-beta": claude_code.BETAS}, BEGAN)
    raw = RequestBody(json.dumps(body).encode(), BEGAN)
    planned = Talk[RequestEntry](RouteStage(gateway, RuntimeState())).tell(head, raw).last
    assert isinstance(planned, Continue), planned
    first = RequestHead(head.headers, BEGAN, cluster="c", metadata=planned.metadata)
    return Talk[AttemptEntry](AttemptStage(Snapshots(gateway))).tell(first, raw)


def sent(format: str, body: Mapping[str, object], model: str = "gpt-4o", **provider: str) -> dict[str, object]:
    answer = asked(format, body, model, **provider).last
    assert isinstance(answer, Continue), answer
    assert answer.body is not None
    told: dict[str, object] = json.loads(answer.body)
    return told


def test_its_limit_is_lowered_to_what_the_model_writes_and_that_is_told() -> None:
    """ "max_tokens is too large: 50000. This model supports at most 32768" (opencode-ai/opencode#140)."""
    talk = asked("openai_chat", claude_code.request())
    answer = talk.last
    assert isinstance(answer, Continue)
    assert json.loads(answer.body or b"")["max_completion_tokens"] == 16_384

    talk.tell(ResponseHead({":status": "200", "content-type": "text/event-stream"}, BEGAN))
    chunk = {"id": "c", "model": "gpt-4o", "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]}
    talk.tell(ResponseBody(f"data: {json.dumps(chunk)}\n\n".encode(), False, BEGAN))
    told = next(a for a in talk.answers if isinstance(a, Continue) and "x-openclaw-warnings" in a.set_headers)
    assert "max output tokens: 32000 became 16384" in told.set_headers["x-openclaw-warnings"]


@pytest.mark.parametrize(("format", "place"), [("anthropic_messages", "max_tokens"), ("openai_chat", "max_tokens")])
def test_a_limit_is_lowered_in_the_same_format_too(format: str, place: str) -> None:
    said = {"model": "m", "max_tokens": 32_000, "messages": [{"role": "user", "content": "Hi"}]}
    to = Provider("p", "c", format, models=("m",))
    gateway = Gateway(
        providers={"p": to}, chains={"m": (Target(to, "m"),)}, catalog={"p/m": ModelFacts(max_output=4_000)}
    )
    path = "/v1/messages" if format == "anthropic_messages" else "/v1/chat/completions"
    head, raw = RequestHead({":method": "POST", ":path": path}, BEGAN), RequestBody(json.dumps(said).encode(), BEGAN)
    planned = Talk[RequestEntry](RouteStage(gateway, RuntimeState())).tell(head, raw).last
    assert isinstance(planned, Continue)
    first = RequestHead(head.headers, BEGAN, cluster="c", metadata=planned.metadata)
    answer = Talk[AttemptEntry](AttemptStage(Snapshots(gateway))).tell(first, raw).last

    assert isinstance(answer, Continue)
    assert json.loads(answer.body or b"") == {**said, place: 4_000}


@pytest.mark.parametrize(
    ("facts", "limit"),
    [
        (ModelFacts(max_output=64_000), 64_000),
        (ModelFacts(max_output=64_000, window=200_000), 64_000),
        (ModelFacts(max_output=64_000, window=65_000), 64_900),
        (ModelFacts(), 4_096),
    ],
)
def test_who_names_no_limit_gets_the_models_own_as_far_as_there_is_room(facts: ModelFacts, limit: int) -> None:
    """Silent cuts at 4,096 were what Anthropic's mandatory limit meant for clients of other formats."""
    to = Provider("p", "c", "anthropic_messages", models=("claude-sonnet-4-5",))
    target = Target(to, "claude-sonnet-4-5")
    gateway = Gateway(providers={"p": to}, chains={"m": (target,)}, catalog={target.name: facts})
    said = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    head = RequestHead({":method": "POST", ":path": "/v1/chat/completions"}, BEGAN)
    raw = RequestBody(json.dumps(said).encode(), BEGAN)
    planned = Talk[RequestEntry](RouteStage(gateway, RuntimeState())).tell(head, raw).last
    assert isinstance(planned, Continue)
    first = RequestHead(head.headers, BEGAN, cluster="c", metadata=planned.metadata)
    answer = Talk[AttemptEntry](AttemptStage(Snapshots(gateway))).tell(first, raw).last

    assert isinstance(answer, Continue)
    assert abs(json.loads(answer.body or b"")["max_tokens"] - limit) < 1_000


@pytest.mark.parametrize("format", FORMATS)
def test_the_billing_line_goes_to_nobody_but_anthropic(format: str) -> None:
    assert "x-anthropic-billing-header" not in json.dumps(sent(format, claude_code.request()))
    itself = sent("anthropic_messages", claude_code.request(), authority="api.anthropic.com")
    assert "x-anthropic-billing-header" in json.dumps(itself)


@pytest.mark.parametrize("format", FORMATS)
def test_what_was_sent_before_is_the_beginning_of_what_is_sent_next(format: str) -> None:
    """Though the billing line has another hash in each request, and system messages come amid the conversation."""
    name = {"openai_responses": "input", "gemini": "contents"}.get(format, "messages")

    first, second, third = (sent(format, claude_code.request(n, f"{n}aaa9")) for n in (1, 2, 5))

    for earlier, later in ((first, second), (second, third)):
        before, after = json.dumps(earlier[name]), json.dumps(later[name])
        assert after.startswith(before.removesuffix("]"))
        same = earlier.keys() - {name}
        assert {key: later[key] for key in same} == {key: earlier[key] for key in same}


def test_a_system_message_amid_the_conversation_keeps_its_place_and_its_role() -> None:
    roles = [message["role"] for message in sent("openai_chat", claude_code.request(2))["messages"]]  # type: ignore[attr-defined]
    items = sent("openai_responses", claude_code.request(2))["input"]

    assert roles == ["system", "user", "assistant", "tool", "assistant", "tool", "system"]
    assert items[-1] == {  # type: ignore[index]
        "type": "message",
        "role": "developer",
        "content": "The file a1.py was changed by the user.",
    }
    told = json.dumps(sent("bedrock_converse", claude_code.request(2))["messages"])
    assert "<system-reminder>\\nThe file a1.py was changed by the user.\\n</system-reminder>" in told


def test_a_tool_of_a_long_name_is_called_by_it() -> None:
    name = "mcp__" + "a" * 70 + ".search"
    offered: Json = {"name": name, "input_schema": {"type": "object"}}
    body: dict[str, Json] = {**claude_code.request(0), "tools": [offered], "stream": False}
    talk = asked("openai_chat", body)
    request = talk.last
    assert isinstance(request, Continue)
    (tool,) = json.loads(request.body or b"")["tools"]
    assert len(tool["function"]["name"]) <= 64

    call = {"id": "c1", "type": "function", "function": {"name": tool["function"]["name"], "arguments": "{}"}}
    choice = {"index": 0, "message": {"role": "assistant", "tool_calls": [call]}, "finish_reason": "tool_calls"}
    talk.tell(ResponseHead({":status": "200", "content-type": "application/json"}, BEGAN))
    talk.tell(ResponseBody(json.dumps({"id": "c", "model": "g", "choices": [choice]}).encode(), True, BEGAN))

    assert json.loads(delivered(talk))["content"][0]["name"] == name


def test_an_older_claude_reads_it_as_the_users() -> None:
    """ "role 'system' is not supported on this model" (docs.rs/gproxy-transform 2.6)."""
    body = {**claude_code.request(2), "thinking": {"type": "disabled"}}

    messages = sent("anthropic_messages", body, "claude-sonnet-4-5")["messages"]

    assert messages[-1] == {  # type: ignore[index]
        "role": "user",
        "content": "<system-reminder>\nThe file a1.py was changed by the user.\n</system-reminder>",
    }
    assert sent("anthropic_messages", body, "claude-opus-4-8")["messages"] == body["messages"]


def test_two_answers_of_one_second_have_ids_of_their_own() -> None:
    """Bedrock gives its answers no ids, and Claude Code takes answers of one id for one."""
    answer = {
        "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    }
    ids = set[str]()
    for later in (0.0, 0.25):
        talk = asked("bedrock_converse", {**claude_code.request(), "stream": False}, region="us-east-1")
        head = ResponseHead({":status": "200", "content-type": "application/json"}, BEGAN + later)
        talk.tell(head, ResponseBody(json.dumps(answer).encode(), True, BEGAN + later))
        ids.add(json.loads(delivered(talk))["id"])

    assert len(ids) == 2
