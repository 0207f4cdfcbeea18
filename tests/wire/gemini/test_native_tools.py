"""Promises about Google's own tools for providers of other formats.

Source: https://ai.google.dev/gemini-api/docs/computer-use, and the `Tool` and `Part` of google-genai 3.4.
"""

import json

import pytest
from google.genai import types

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import BlockEnded, Delta, Fact, Finished, Started, Stop, ToolStarted
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Text, ToolUse, Turn
from openclaw_extproc.wire import FORMATS
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_extproc.wire.gemini.api import camel
from openclaw_extproc.wire.gemini.tools import VENDOR_RUN
from tests.wire.gemini.saying import CLIENT, WHOLE

OTHERS = ("openai_chat", "openai_responses", "anthropic_messages", "bedrock_converse", "cohere_chat")
HELLO: Json = [{"role": "user", "parts": [{"text": "Hello"}]}]
OWN: Json = {"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT", "properties": {}}}]}
BROWSER: Json = {"computerUse": {"environment": "ENVIRONMENT_BROWSER", "excludedPredefinedFunctions": ["search"]}}


def read(**more: Json) -> Chat:
    raw = j.dump({"contents": HELLO, **more})
    return CLIENT.decode_request(ClientRequest(WHOLE, "", raw, j.parse(raw, where="request")))


def sent(chat: Chat, format: str) -> tuple[dict[str, Json], tuple[str, ...]]:
    provider = FORMATS[format].provider
    assert provider is not None
    encoded = provider.encode_request(chat, UpstreamEdit("m"))
    return j.parse(encoded.body, where="encoded"), encoded.losses


def mode(word: str) -> Json:
    return {"functionCallingConfig": {"mode": word}}


@pytest.mark.parametrize("format", OTHERS)
@pytest.mark.parametrize("name", sorted(VENDOR_RUN))
def test_what_google_runs_is_left_out_and_named(name: str, format: str) -> None:
    body, losses = sent(read(tools=[{name: {}}, OWN], toolConfig=mode("ANY")), format)

    assert losses == (f"tools[0]: {name}",)
    assert name not in json.dumps(body)


@pytest.mark.parametrize("format", OTHERS)
@pytest.mark.parametrize("word", ["AUTO", "NONE"])
def test_a_request_with_such_tools_alone_is_answered_without_tools(format: str, word: str) -> None:
    body, losses = sent(read(tools=[{"googleSearch": {}}], toolConfig=mode(word)), format)

    assert losses == ("tools[0]: googleSearch",)
    assert not {"tools", "tool_choice", "toolConfig"} & body.keys()


def test_who_must_call_one_of_them_stays_with_google() -> None:
    asked = read(tools=[{"googleSearch": {}}], toolConfig=mode("ANY"))

    assert "!toolConfig.functionCallingConfig.mode: ANY, of tools that Google runs" in asked.losses


def test_every_tool_of_the_sdk_has_a_rule() -> None:
    clients = {"function_declarations", "computer_use"}
    own = {name for name in types.Tool.model_fields if name not in clients}

    assert {camel(name) for name in own} <= VENDOR_RUN


@pytest.mark.parametrize("format", OTHERS)
def test_a_browser_that_the_client_runs_is_functions(format: str) -> None:
    request = read(tools=[BROWSER])

    body, losses = sent(request, format)

    assert losses == ()
    assert '"click_at"' in json.dumps(body)
    assert '"search"' not in json.dumps(body), "it is excluded"
    facts: list[Fact] = [
        Started("m", "m"),
        ToolStarted("c", "click_at"),
        Delta('{"x":1,"y":2}'),
        BlockEnded(),
        Finished(Stop.TOOL_USE),
    ]
    encoder = CLIENT.encoder(request, 0)
    answer = types.GenerateContentResponse.model_validate_json(b"".join(encoder.feed(fact) for fact in facts))
    assert answer.function_calls is not None
    assert (answer.function_calls[0].name, answer.function_calls[0].args) == ("click_at", {"x": 1, "y": 2})


def test_what_googles_tools_did_is_told_as_text() -> None:
    parts: Json = [
        {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
        {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "id": "t"}},
        {"functionCall": {"name": "f", "args": {}}},
    ]
    said: Json = [
        {"role": "user", "parts": [{"text": "a"}]},
        {"role": "model", "parts": parts},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]},
    ]

    chat = read(contents=said)

    assert chat.turns[1] == Turn(
        "assistant",
        (
            Text("[code that was run]\nprint(1)"),
            Text("[its result]\n1"),
            Text('[a tool was called]\n{"toolType":"GOOGLE_SEARCH_WEB","id":"t"}'),
            ToolUse("call_1_0", "f", "{}"),
        ),
    )
    assert [loss.partition(": ")[2] for loss in chat.losses] == [
        *("executableCode, as text", "codeExecutionResult, as text", "toolCall, as text"),
    ]


def test_an_unknown_part_amid_the_history_is_a_loss() -> None:
    said: Json = [{"role": "model", "parts": [{"later": {}}, {"text": "a"}]}, *HELLO]  # type: ignore[misc]

    assert read(contents=said).losses == ("contents[0].parts[0]: unknown kind of part",)
