"""The simulated Cohere: its answers have the shapes of the SDK's types, and its refusals the words of the API."""

import asyncio
import json
from dataclasses import replace

import pytest

from openclaw_simulator import serve
from openclaw_simulator.reading import Json
from tests.simulator.asking import CITY, PNG, Request, chat, events, send

TOOL: Json = {"type": "function", "function": {"name": "weather", "parameters": CITY}}
CALL: Json = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
HELLO: Json = {"role": "user", "content": "hi"}


def answered(request: Request) -> tuple[int, str]:
    async def inside() -> tuple[int, str]:
        async with serve("cohere") as simulator:
            response = await send(simulator, request)
            return response.status_code, response.text

    return asyncio.run(inside())


def asked(model: str = "command-a-03-2025", *, stream: bool = False, **fields: Json) -> Request:
    request = chat("cohere", model=model, stream=stream)
    return replace(request, body=request.body | fields)


def test_a_call_has_a_plan_and_comes_in_pieces() -> None:
    text: Json = [{"role": "user", "content": "weather in Oslo"}]
    _, whole = answered(asked(messages=text, tools=[TOOL]))
    request = asked(stream=True, messages=text, tools=[TOOL])

    async def streamed() -> list[str]:
        async with serve("cohere") as simulator:
            return events(await send(simulator, request))

    *said, done = asyncio.run(streamed())
    told = json.loads(whole)
    kinds = [json.loads(event)["type"] for event in said]

    assert (told["finish_reason"], told["message"]["tool_plan"]) == ("TOOL_CALL", "I will use weather.")
    assert told["usage"]["tokens"]["input_tokens"] > told["usage"]["billed_units"]["input_tokens"]
    assert list(dict.fromkeys(kinds)) == [
        "message-start",
        "tool-plan-delta",
        "tool-call-start",
        "tool-call-delta",
        "tool-call-end",
        "message-end",
    ]
    assert done == "[DONE]"


def test_what_a_model_thinks_stands_before_what_it_says() -> None:
    _, text = answered(asked("command-a-reasoning-08-2025"))
    _, without = answered(asked("command-a-reasoning-08-2025", thinking={"type": "disabled"}))

    assert [part["type"] for part in json.loads(text)["message"]["content"]] == ["thinking", "text"]
    assert [part["type"] for part in json.loads(without)["message"]["content"]] == ["text"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"temperature": 1.5}, "temperature should be less than or equal to 1"),
        ({"p": 1}, "p should be less than or equal to 0.99"),
        ({"frequency_penalty": 0.1, "presence_penalty": 0.1}, "cannot specify both"),
        ({"stop_sequences": ["a", "b", "c", "d", "e", "f"]}, "at most 5"),
        ({"top_p": 0.5}, "unknown field"),
        ({"messages": [HELLO, {"role": "system", "content": "s"}]}, "system turn must be the first"),
        ({"messages": [{"role": "tool", "tool_call_id": "c1", "content": "x"}]}, "tool call id not found"),
        ({"messages": [{"role": "user", "content": ""}]}, "must not be empty"),
        ({"messages": []}, "at least 1 token long"),
        ({"tools": [TOOL], "response_format": {"type": "json_object"}}, "not supported with tools"),
        ({"tool_choice": "REQUIRED"}, "needs tools"),
        ({"thinking": {"type": "enabled"}}, "thinking is not supported"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}]},
            "image must be",
        ),
    ],
)
def test_a_wrong_request_is_refused_in_coheres_words(fields: dict[str, Json], said: str) -> None:
    request = asked()

    status, text = answered(replace(request, body=request.body | fields))

    assert status in (400, 422)
    assert said in json.loads(text)["message"]


def test_images_and_results_are_seen() -> None:
    image: Json = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    result: Json = {"role": "tool", "tool_call_id": "c1", "content": "5 degrees"}
    _, seen = answered(asked(messages=[{"role": "user", "content": [{"type": "text", "text": "look"}, image]}]))
    _, told = answered(
        asked(messages=[HELLO, {"role": "assistant", "tool_calls": [CALL], "tool_plan": "so"}, result], tools=[TOOL])
    )

    assert "I see 1 image (image/png, 70 bytes)" in seen
    assert "the tool said: 5 degrees" in told
