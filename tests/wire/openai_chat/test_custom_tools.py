"""Promises about tools of free text (`type: custom`) for providers of other formats.

Source: `chat_completion_custom_tool_param`, `chat_completion_message_custom_tool_call` of openai-python 2.
"""

import json

import pytest
from openai.types.chat import ChatCompletion

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import BlockEnded, Delta, Fact, Finished, Started, Stop, ToolStarted
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, ToolChoice, ToolUse
from openclaw_extproc.wire.streams import sse
from tests.wire.openai_chat.saying import CLIENT, ask

PATCH = 'a "line"\nand ü 😀'
GRAMMAR: Json = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /.+/"}}
TOOL: Json = {"type": "custom", "custom": {"name": "patch", "description": "Edits files.", "format": GRAMMAR}}
FUNCTION: Json = {"type": "function", "function": {"name": "f", "parameters": {}}}


def read(**more: Json) -> Chat:
    return CLIENT.decode_request(ask({"model": "m", "messages": [{"role": "user", "content": "Hi"}], **more}))


def written(request: Chat, arguments: str) -> bytes:
    pieces = [Delta(arguments[n : n + 3]) for n in range(0, len(arguments), 3)]
    begun: list[Fact] = [Started("c", "m"), ToolStarted("call_1", "patch")]
    facts = [*begun, *pieces, BlockEnded(), Finished(Stop.TOOL_USE)]
    encoder = CLIENT.encoder(request, 0)
    return b"".join(encoder.feed(fact) for fact in facts)


def test_it_is_a_function_of_one_text_and_its_grammar_is_told() -> None:
    chat = read(tools=[TOOL])

    (spec,) = chat.tools
    assert spec.name == "patch"
    assert spec.description == "Edits files.\n\nThe input has to follow this lark grammar:\nstart: /.+/"
    assert spec.schema["required"] == ["input"]
    assert chat.losses == ("tools[0].custom.format: told, not enforced",)


@pytest.mark.parametrize("arguments", [json.dumps({"input": PATCH}), PATCH], ids=["as told", "as plain text"])
def test_a_call_is_given_back_as_free_text_whole(arguments: str) -> None:
    answer = ChatCompletion.model_validate_json(written(read(tools=[TOOL]), arguments))

    message = answer.choices[0].message.model_dump()
    assert message["tool_calls"] == [{"id": "call_1", "type": "custom", "custom": {"name": "patch", "input": PATCH}}]
    assert answer.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("arguments", [json.dumps({"input": PATCH}), PATCH], ids=["as told", "as plain text"])
def test_a_call_is_given_back_as_free_text_while_it_comes(arguments: str) -> None:
    events = sse.Reader().feed(written(read(tools=[TOOL], stream=True), arguments))

    deltas = [json.loads(event.data)["choices"][0]["delta"] for event in events if event.data != "[DONE]"]
    first, *more = [call for delta in deltas for call in delta.get("tool_calls", [])]
    assert first == {"index": 0, "id": "call_1", "type": "custom", "custom": {"name": "patch", "input": ""}}
    assert all(call.keys() == {"index", "custom"} for call in more)
    assert "".join(call["custom"]["input"] for call in more) == PATCH


def test_a_function_beside_it_stays_a_function() -> None:
    facts: list[Fact] = [
        *(Started("c", "m"), ToolStarted("1", "f"), Delta("{}"), BlockEnded(), ToolStarted("2", "patch")),
        *(Delta('{"input":"x"}'), BlockEnded(), Finished(Stop.TOOL_USE)),
    ]
    encoder = CLIENT.encoder(read(tools=[FUNCTION, TOOL]), 0)
    answer = j.parse(b"".join(encoder.feed(fact) for fact in facts), where="answer")

    calls = ChatCompletion.model_validate(answer).choices[0].message.tool_calls
    assert calls is not None
    assert [call.type for call in calls] == ["function", "custom"]


def test_a_call_of_it_is_read_again_from_the_history() -> None:
    call: Json = {"id": "c", "type": "custom", "custom": {"name": "patch", "input": PATCH}}

    chat = read(messages=[{"role": "user", "content": "Hi"}, {"role": "assistant", "tool_calls": [call]}])

    (use,) = chat.turns[1].parts
    assert isinstance(use, ToolUse)
    assert (use.name, json.loads(use.args)) == ("patch", {"input": PATCH})


def test_it_can_be_chosen_and_allowed() -> None:
    only: Json = {"type": "custom", "custom": {"name": "patch"}}
    allowed: Json = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [only]}}

    named, some = read(tools=[TOOL, FUNCTION], tool_choice=only), read(tools=[TOOL, FUNCTION], tool_choice=allowed)

    assert named.tool_choice == ToolChoice("named", "patch")
    assert [tool.name for tool in some.tools] == ["patch"]


def test_a_search_that_openai_makes_is_left_out_and_named() -> None:
    assert read(web_search_options={}).losses == ("web_search_options",)
