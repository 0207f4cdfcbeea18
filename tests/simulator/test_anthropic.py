"""The real SDK against the simulator: what it refuses to read, we wrote wrongly."""

import asyncio
from collections.abc import Awaitable, Callable

import anthropic
import pytest
from anthropic.types import MessageParam, ToolParam

from openclaw_simulator import serve
from tests.simulator.asking import PNG, chat, send

USER: MessageParam = {"role": "user", "content": "hello you"}
WEATHER: ToolParam = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def run(test: Callable[[anthropic.AsyncAnthropic], Awaitable[None]], key: str = "test") -> None:
    async def inside() -> None:
        async with serve("anthropic", "sim") as simulator:
            url = f"http://127.0.0.1:{simulator.port}"
            async with anthropic.AsyncAnthropic(api_key=key, base_url=url, max_retries=0) as client:
                await test(client)

    asyncio.run(inside())


def test_a_whole_answer_says_it_is_simulated_and_counts_words() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        answer = await client.messages.create(model="claude", max_tokens=99, messages=[USER])

        assert answer.content[0].type == "text"
        assert answer.content[0].text == "Simulated answer from sim (claude): you said: hello you"
        assert (answer.stop_reason, answer.usage.input_tokens, answer.usage.output_tokens) == ("end_turn", 2, 9)

    run(test)


def test_a_stream_adds_up_to_the_whole_answer() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        async with client.messages.stream(model="claude", max_tokens=99, messages=[USER]) as stream:
            words = [word async for word in stream.text_stream]
            answer = await stream.get_final_message()

        assert words[:2] == ["Simulated", " answer"]
        assert "".join(words) == "Simulated answer from sim (claude): you said: hello you"
        assert (answer.stop_reason, answer.usage.input_tokens, answer.usage.output_tokens) == ("end_turn", 2, 9)

    run(test)


def test_a_stream_has_the_events_of_the_real_one() -> None:
    async def inside() -> None:
        async with serve("anthropic") as simulator:
            request = chat("anthropic", "hi", stream=True)
            response = await send(simulator, request)

        names = [line.removeprefix("event: ") for line in response.text.splitlines() if line.startswith("event: ")]
        assert names[:3] == ["message_start", "content_block_start", "ping"]
        assert set(names[3:-3]) == {"content_block_delta"}
        assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]

    asyncio.run(inside())


def test_tools_are_called_in_parallel_and_their_results_quoted() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        asked: MessageParam = {"role": "user", "content": "weather, in parallel: Paris and Oslo"}
        async with client.messages.stream(model="c", max_tokens=99, messages=[asked], tools=[WEATHER]) as stream:
            first = await stream.get_final_message()
        calls = [block for block in first.content if block.type == "tool_use"]
        second = await client.messages.create(
            model="claude",
            max_tokens=99,
            tools=[WEATHER],
            messages=[
                asked,
                {
                    "role": "assistant",
                    "content": [
                        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.input} for call in calls
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": call.id, "content": f"{at} degrees"}
                        for at, call in enumerate(calls)
                    ],
                },
            ],
        )

        assert first.stop_reason == "tool_use"
        assert [call.input for call in calls] == [{"city": "Paris"}, {"city": "Oslo"}]
        assert second.content[0].type == "text"
        assert "the tool said: 0 degrees; 1 degrees" in second.content[0].text

    run(test)


@pytest.mark.parametrize("choice", ["any", "tool"])
def test_a_demanded_tool_is_called(choice: str) -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        answer = await client.messages.create(
            model="claude",
            max_tokens=99,
            messages=[USER],
            tools=[WEATHER],
            tool_choice={"type": "any"} if choice == "any" else {"type": "tool", "name": "get_weather"},
        )

        assert [block.type for block in answer.content] == ["tool_use"]

    run(test)


def test_an_image_is_seen() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        answer = await client.messages.create(
            model="claude",
            max_tokens=99,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                        {"type": "text", "text": "what is this"},
                    ],
                }
            ],
        )

        assert answer.content[0].type == "text"
        assert "I see 1 image (image/png, 70 bytes)" in answer.content[0].text

    run(test)


def test_length_and_stop_are_honoured() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        short = await client.messages.create(model="claude", max_tokens=2, messages=[USER])
        stopped = await client.messages.create(model="claude", max_tokens=99, messages=[USER], stop_sequences=["said"])

        assert (short.stop_reason, short.usage.output_tokens) == ("max_tokens", 2)
        assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "said")

    run(test)


def test_thinking_is_streamed_and_its_signature_wanted_back() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        async with client.messages.stream(
            model="claude",
            max_tokens=2000,
            thinking={"type": "enabled", "budget_tokens": 1024},
            messages=[USER],
        ) as stream:
            answer = await stream.get_final_message()
        first = answer.content[0]
        assert first.type == "thinking"

        for signature in (first.signature, "other"):
            said: MessageParam = {
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": first.thinking, "signature": signature}],
            }
            asked = client.messages.create(model="claude", max_tokens=99, messages=[USER, said, USER])
            if signature == "other":
                with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
                    await asked
            else:
                await asked

    run(test)


@pytest.mark.parametrize(
    ("model", "error", "kind"),
    [
        ("unknown-model", anthropic.NotFoundError, "not_found_error"),
        ("fault-429", anthropic.RateLimitError, "rate_limit_error"),
        ("fault-400", anthropic.BadRequestError, "invalid_request_error"),
        ("fault-401", anthropic.AuthenticationError, "authentication_error"),
        ("fault-403", anthropic.PermissionDeniedError, "permission_error"),
        ("fault-500", anthropic.InternalServerError, "api_error"),
        ("fault-529", anthropic.InternalServerError, "overloaded_error"),
    ],
)
def test_errors_are_typed(model: str, error: type[anthropic.APIStatusError], kind: str) -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        with pytest.raises(error) as raised:
            await client.messages.create(model=model, max_tokens=9, messages=[USER])

        assert raised.value.type == kind
        assert raised.value.request_id == "req_simulated1"

    run(test)


def test_a_bad_key_is_refused() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        with pytest.raises(anthropic.AuthenticationError):
            await client.messages.create(model="claude", max_tokens=9, messages=[USER])

    run(test, key="bad-key")


@pytest.mark.parametrize("fault", ["first-event-error", "lifecycle-then-error", "mid-error"])
def test_the_sdk_finds_the_error_in_a_stream(fault: str) -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            async with client.messages.stream(model=f"c@fault-{fault}", max_tokens=99, messages=[USER]) as stream:
                await stream.get_final_message()

    run(test)


def test_models_are_listed() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        assert "claude-opus-4-5" in [model.id async for model in client.models.list()]

    run(test)
