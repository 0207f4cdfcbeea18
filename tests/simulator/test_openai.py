"""The real SDK against the simulator: what it refuses to read, we wrote wrongly."""

import json

import openai
import pytest
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam, ChatCompletionToolParam

from tests.simulator.asking import PNG
from tests.simulator.openai_sdk import run

USER: ChatCompletionMessageParam = {"role": "user", "content": "hello you"}
WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


async def stream(client: openai.AsyncOpenAI, text: str, *, usage: bool = False) -> list[ChatCompletionChunk]:
    chunks = await client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": text}],
        tools=[WEATHER],
        stream=True,
        stream_options={"include_usage": True} if usage else openai.omit,
    )
    return [chunk async for chunk in chunks]


def test_a_whole_answer_says_it_is_simulated_and_counts_words() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.chat.completions.create(model="gpt-4o", messages=[USER])

        assert answer.choices[0].message.content == "Simulated answer from sim (gpt-4o): you said: hello you"
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage is not None
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (2, 9, 11)

    run(test)


def test_a_stream_says_the_same_word_by_word() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        chunks = await stream(client, "hello you", usage=True)

        words = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
        assert words[0] == "Simulated"
        assert "".join(words) == "Simulated answer from sim (gpt-4o): you said: hello you"
        assert chunks[0].choices[0].delta.role == "assistant"
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].choices == []
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.total_tokens == 11

    run(test)


def test_a_stream_has_usage_only_when_asked() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        chunks = await stream(client, "hello you")

        assert all(chunk.usage is None and chunk.choices for chunk in chunks)

    run(test)


def test_tools_are_called_in_parallel_and_their_results_quoted() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        asked: ChatCompletionMessageParam = {"role": "user", "content": "weather, in parallel: Paris and Oslo"}
        first = await client.chat.completions.create(model="gpt-4o", messages=[asked], tools=[WEATHER])
        calls = first.choices[0].message.tool_calls or []
        results: list[ChatCompletionMessageParam] = [
            {"role": "tool", "tool_call_id": call.id, "content": f"{at} degrees"} for at, call in enumerate(calls)
        ]
        said: ChatCompletionMessageParam = {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.function.name, "arguments": call.function.arguments},
                }
                for call in calls
                if call.type == "function"
            ],
        }
        second = await client.chat.completions.create(model="gpt-4o", messages=[asked, said, *results], tools=[WEATHER])

        assert first.choices[0].finish_reason == "tool_calls"
        assert [json.loads(call.function.arguments) for call in calls if call.type == "function"] == [
            {"city": "Paris"},
            {"city": "Oslo"},
        ]
        assert "the tool said: 0 degrees; 1 degrees" in (second.choices[0].message.content or "")

    run(test)


def test_a_streamed_call_comes_in_pieces() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        chunks = await stream(client, "the weather in Paris")

        deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
        assert (deltas[0].id, deltas[0].function and deltas[0].function.name) == ("call_1_0", "get_weather")
        arguments = "".join((delta.function and delta.function.arguments) or "" for delta in deltas)
        assert json.loads(arguments) == {"city": "Paris"}
        assert chunks[-1].choices[0].finish_reason == "tool_calls"

    run(test)


def test_an_image_is_seen() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.chat.completions.create(
            model="gpt-4o",
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "what is this"},
                        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
                    ],
                }
            ],
        )

        said = answer.choices[0].message.content or ""
        assert "I see 2 images (image/png, 70 bytes; url https://example.com/cat.png)" in said

    run(test)


def test_length_and_stop_are_honoured() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        short = await client.chat.completions.create(model="gpt-4o", messages=[USER], max_tokens=2)
        stopped = await client.chat.completions.create(model="gpt-4o", messages=[USER], stop=["you said"])

        assert (short.choices[0].message.content, short.choices[0].finish_reason) == ("Simulated answer", "length")
        assert stopped.choices[0].message.content == "Simulated answer from sim (gpt-4o): "
        assert stopped.choices[0].finish_reason == "stop"

    run(test)


def test_a_schema_is_answered_with_json() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.chat.completions.create(
            model="gpt-4o",
            messages=[USER],
            response_format={
                "type": "json_schema",
                "json_schema": {
                    "name": "point",
                    "schema": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
                },
            },
        )

        assert json.loads(answer.choices[0].message.content or "") == {"x": 1}

    run(test)


@pytest.mark.parametrize(
    ("model", "error", "code"),
    [
        ("unknown-model", openai.NotFoundError, "model_not_found"),
        ("fault-429", openai.RateLimitError, "rate_limit_exceeded"),
        ("fault-400", openai.BadRequestError, "invalid_value"),
        ("fault-401", openai.AuthenticationError, "invalid_api_key"),
        ("fault-403", openai.PermissionDeniedError, "unsupported_country_region_territory"),
        ("fault-context-length", openai.BadRequestError, "context_length_exceeded"),
        ("fault-500", openai.InternalServerError, None),
        ("fault-529", openai.InternalServerError, None),
        ("fault-nonsense", openai.BadRequestError, None),
    ],
)
def test_errors_are_typed(model: str, error: type[openai.APIStatusError], code: str | None) -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        with pytest.raises(error) as raised:
            await client.chat.completions.create(model=model, messages=[USER])

        assert raised.value.code == code
        assert raised.value.request_id == "req_simulated1"

    run(test)


def test_a_bad_key_is_refused() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.AuthenticationError):
            await client.chat.completions.create(model="gpt-4o", messages=[USER])

    run(test, key="bad-key")


@pytest.mark.parametrize("fault", ["first-event-error", "lifecycle-then-error", "mid-error"])
def test_the_sdk_finds_the_error_in_a_stream(fault: str) -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        chunks = await client.chat.completions.create(model=f"gpt-4o@fault-{fault}", messages=[USER], stream=True)
        with pytest.raises(openai.APIError, match="overloaded"):
            _ = [chunk async for chunk in chunks]

    run(test)


def test_models_are_listed() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        assert "gpt-4o" in [model.id async for model in client.models.list()]

    run(test)
