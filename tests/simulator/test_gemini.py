"""Gemini's shape, over raw HTTP: there is no SDK of theirs here."""

import asyncio
import json
from dataclasses import replace

import pytest

from openclaw_simulator import serve
from openclaw_simulator.reading import Json
from tests.simulator.asking import PNG, Request, chat, events, send

WEATHER: Json = [{"functionDeclarations": [{"name": "get_weather", "parameters": {"type": "OBJECT"}}]}]


def answer(request: Request) -> tuple[int, str]:
    async def inside() -> tuple[int, str]:
        async with serve("gemini", "sim") as simulator:
            response = await send(simulator, request)
            return response.status_code, response.text

    return asyncio.run(inside())


def asking(contents: Json, model: str = "model", **more: Json) -> Request:
    request = chat("gemini", model=model)
    return replace(request, body={"contents": contents, **more})


def test_a_whole_answer() -> None:
    status, text = answer(chat("gemini", model="gemini-2.5-pro"))

    said = json.loads(text)
    assert status == 200
    candidate = said["candidates"][0]
    assert candidate["content"]["role"] == "model"
    assert candidate["content"]["parts"] == [
        {"text": "Simulated answer from sim (gemini-2.5-pro): you said: hello you"}
    ]
    assert candidate["finishReason"] == "STOP"
    assert said["usageMetadata"]["totalTokenCount"] == 11
    assert said["modelVersion"] == "gemini-2.5-pro"


def test_a_stream_of_events_ends_with_reason_and_usage() -> None:
    async def inside() -> None:
        async with serve("gemini", "sim") as simulator:
            response = await send(simulator, chat("gemini", stream=True))

        chunks = [json.loads(event) for event in events(response)]
        words = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks]
        assert "".join(words) == "Simulated answer from sim (model): you said: hello you"
        assert all("finishReason" not in chunk["candidates"][0] for chunk in chunks[:-1])
        assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
        assert chunks[-1]["usageMetadata"]["candidatesTokenCount"] == 9

    asyncio.run(inside())


def test_without_alt_sse_the_stream_is_one_array() -> None:
    request = chat("gemini", stream=True)
    request = replace(request, path=request.path.removesuffix("?alt=sse"))

    status, text = answer(request)

    assert status == 200
    assert len(json.loads(text)) == 10


@pytest.mark.parametrize("fault", ["first-event-error", "lifecycle-then-error", "mid-error", "503"])
def test_an_error_in_an_array_stream_is_its_last_element(fault: str) -> None:
    request = chat("gemini", model=f"m@fault-{fault}", stream=True)
    request = replace(request, path=request.path.removesuffix("?alt=sse"))

    _, text = answer(request)

    *_, last = json.loads(text)
    assert last["error"]["status"] == "UNAVAILABLE"


def test_a_function_is_called_and_its_signature_wanted_back() -> None:
    user: Json = {"role": "user", "parts": [{"text": "the weather in Paris"}]}
    _, text = answer(asking([user], "gemini-3-pro", tools=WEATHER))
    call = json.loads(text)["candidates"][0]["content"]
    result: Json = {"name": "get_weather", "response": {"result": "20 degrees"}}
    results: Json = {"role": "user", "parts": [{"functionResponse": result}]}

    status, text = answer(asking([user, call, results], "gemini-3-pro", tools=WEATHER))
    assert status == 200
    assert "the tool said: 20 degrees" in text

    del call["parts"][0]["thoughtSignature"]
    status, text = answer(asking([user, call, results], "gemini-3-pro", tools=WEATHER))
    assert status == 400
    assert "missing a thought_signature" in text


def test_an_image_is_seen_and_snake_case_is_read() -> None:
    parts: Json = [{"text": "what is this"}, {"inline_data": {"mime_type": "image/png", "data": PNG}}]

    _, text = answer(asking([{"role": "user", "parts": parts}]))

    assert "I see 1 image (image/png, 70 bytes)" in text


def test_length_stops_and_schema_are_honoured() -> None:
    user: Json = [{"parts": [{"text": "hello"}]}]
    _, short = answer(asking(user, generationConfig={"maxOutputTokens": 2}))
    _, stopped = answer(asking(user, generationConfig={"stopSequences": ["you said"]}))
    schema: Json = {"type": "OBJECT", "properties": {"x": {"type": "INTEGER"}}, "required": ["x"]}
    wanted: Json = {"responseMimeType": "application/json", "responseSchema": schema}
    _, made = answer(asking(user, generationConfig=wanted))

    assert json.loads(short)["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert json.loads(stopped)["candidates"][0]["content"]["parts"][0]["text"] == "Simulated answer from sim (model): "
    assert json.loads(json.loads(made)["candidates"][0]["content"]["parts"][0]["text"]) == {"x": 1}


def test_thoughts_are_shown_when_asked_for() -> None:
    config: Json = {"thinkingConfig": {"includeThoughts": True}}

    _, text = answer(asking([{"parts": [{"text": "hello"}]}], generationConfig=config))

    said = json.loads(text)
    assert said["candidates"][0]["content"]["parts"][0]["thought"] is True
    usage = said["usageMetadata"]
    assert usage["thoughtsTokenCount"] > 0
    assert usage["totalTokenCount"] == sum(
        usage[key] for key in ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    )


def test_a_key_may_stand_in_the_query() -> None:
    request = chat("gemini")

    assert answer(Request(f"{request.path}?key=test", request.body))[0] == 200
    assert answer(Request(request.path, request.body))[0] == 401
    assert answer(Request(f"{request.path}?key=bad", request.body))[0] == 401


def test_unknown_models_are_not_found() -> None:
    status, text = answer(chat("gemini", model="unknown-model"))

    assert (status, json.loads(text)["error"]["status"]) == (404, "NOT_FOUND")
