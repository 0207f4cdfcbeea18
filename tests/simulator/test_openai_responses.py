"""The Responses API through the real SDK: what it refuses to read, we wrote wrongly."""

import asyncio
import json
from typing import Literal, cast

import openai
import pytest
from openai.types.responses import (
    FunctionToolParam,
    Response,
    ResponseErrorEvent,
    ResponseFailedEvent,
    ResponseFunctionToolCall,
    ResponseInputItemParam,
    ResponseInputParam,
    ResponseReasoningItem,
    ResponseStreamEvent,
)
from openai.types.responses.response_create_params import ToolChoice
from pydantic import BaseModel, TypeAdapter

from openclaw_simulator import serve
from tests.simulator.asking import CITY, KEYS, PNG, Request, events, send
from tests.simulator.openai_sdk import run

WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "get_weather",
    "parameters": {**CITY, "additionalProperties": False},
    "strict": True,
}
SAID = "Simulated answer from sim (gpt-4o): you said: hello you"


class Trip(BaseModel):
    city: str
    days: int
    by_train: bool
    stops: list[str]
    season: Literal["summer", "winter"]


async def told(client: openai.AsyncOpenAI, **asked: object) -> list[ResponseStreamEvent]:
    """All events of a streamed response."""
    stream = await client.responses.create(model="gpt-4o", stream=True, **asked)  # type: ignore[call-overload]  # any arguments
    return [event async for event in cast("openai.AsyncStream[ResponseStreamEvent]", stream)]


def kinds(seen: list[ResponseStreamEvent]) -> list[str]:
    """The kinds of events in order, each run of equal ones once."""
    names = [event.type.removeprefix("response.") for event in seen]
    return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]


def test_a_whole_response_says_it_is_simulated_and_counts() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.responses.create(model="gpt-4o", input="hello you", instructions="be short")

        assert answer.output_text == SAID
        assert (answer.status, answer.instructions, answer.incomplete_details) == ("completed", "be short", None)
        assert answer.usage is not None
        assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens) == (4, 9, 13)
        assert answer.usage.input_tokens_details.cached_tokens == 0
        assert answer.usage.output_tokens_details.reasoning_tokens == 0

    run(test)


def test_who_names_a_cache_finds_half_of_the_input_in_it() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.responses.create(model="gpt-4o", input="hello you", prompt_cache_key="x")

        assert answer.usage is not None
        assert answer.usage.input_tokens_details.cached_tokens == 1

    run(test)


def test_a_stream_tells_the_same_in_numbered_events() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        async with client.responses.stream(model="gpt-4o", input="hello you") as stream:
            seen = [event async for event in stream]
            final = await stream.get_final_response()

        assert kinds(cast("list[ResponseStreamEvent]", seen)) == [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "completed",
        ]
        assert [event.sequence_number for event in seen] == list(range(len(seen)))
        assert "".join(event.delta for event in seen if event.type == "response.output_text.delta") == SAID
        assert final.output_text == SAID
        assert final.usage is not None

    run(test)


def test_a_call_comes_in_pieces_and_its_output_is_quoted() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        asked: ResponseInputItemParam = {"role": "user", "content": "weather, in parallel: Paris and Oslo"}
        async with client.responses.stream(model="gpt-4o", input=[asked], tools=[WEATHER]) as stream:
            seen = [event async for event in stream]
            first = await stream.get_final_response()
        calls = [item for item in first.output if item.type == "function_call"]
        outputs: ResponseInputParam = [
            {"type": "function_call_output", "call_id": call.call_id, "output": f"{at} degrees"}
            for at, call in enumerate(calls)
        ]
        said: ResponseInputParam = [
            {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments}
            for call in calls
        ]
        second = await client.responses.create(model="gpt-4o", input=[asked, *said, *outputs], tools=[WEATHER])

        assert kinds(cast("list[ResponseStreamEvent]", seen))[2:6] == [
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
        ]
        assert [json.loads(call.arguments) for call in calls] == [{"city": "Paris"}, {"city": "Oslo"}]
        assert "the tool said: 0 degrees; 1 degrees" in second.output_text

    run(test)


def test_an_old_result_is_not_quoted_again() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.responses.create(
            model="gpt-4o",
            input=[
                {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "call_1", "output": "12 degrees"},
                {"role": "assistant", "content": "it is cold"},
                {"role": "user", "content": "hello you"},
            ],
        )

        assert answer.output_text == SAID

    run(test)


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", None),
        ("auto", "get_weather"),
        ("required", "get_weather"),
        ({"type": "function", "name": "other"}, "other"),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "other"}]},
            "other",
        ),
        ({"type": "web_search_preview"}, None),
    ],
)
def test_the_choice_among_tools_is_kept(choice: ToolChoice, called: str | None) -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        other: FunctionToolParam = {"type": "function", "name": "other", "parameters": None, "strict": False}
        answer = await client.responses.create(
            model="gpt-4o",
            input="weather",
            tools=[WEATHER, other, {"type": "web_search_preview"}],
            tool_choice=choice,
        )

        names = [item.name for item in answer.output if isinstance(item, ResponseFunctionToolCall)]
        assert names == ([called] if called else [])

    run(test)


def test_reasoning_is_summed_up_sealed_and_taken_back() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        asked: ResponseInputItemParam = {"role": "user", "content": "hello"}
        async with client.responses.stream(
            model="gpt-5",
            input=[asked],
            reasoning={"effort": "low", "summary": "auto"},
            include=["reasoning.encrypted_content"],
            store=False,
        ) as stream:
            seen = [event async for event in stream]
            first = await stream.get_final_response()
        back = [cast("ResponseInputItemParam", item.model_dump(exclude_none=True)) for item in first.output]
        for item in back:  # what only the SDK adds
            for part in cast("dict[str, list[dict[str, object]]]", item).get("content", []):
                part.pop("parsed", None)
        second = await client.responses.create(model="gpt-5", input=[asked, *back, asked], store=False)

        assert kinds(cast("list[ResponseStreamEvent]", seen))[2:8] == [
            "output_item.added",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.done",
            "reasoning_summary_part.done",
            "output_item.done",
        ]
        thought = first.output[0]
        assert isinstance(thought, ResponseReasoningItem)
        assert "I am sim, simulated, and think" in thought.summary[0].text
        assert thought.encrypted_content
        assert first.usage is not None
        assert 0 < first.usage.output_tokens_details.reasoning_tokens < first.usage.output_tokens
        assert second.status == "completed"

    run(test)


def test_reasoning_is_silent_unless_asked() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.responses.create(model="gpt-5", input="hello", reasoning={"effort": "low"})
        none = await client.responses.create(model="gpt-5", input="hello", reasoning={"effort": "none"})

        thought = answer.output[0]
        assert isinstance(thought, ResponseReasoningItem)
        assert (thought.summary, thought.encrypted_content) == ([], None)
        assert [item.type for item in none.output] == ["message"]

    run(test)


def test_a_schema_is_answered_with_json_that_fits() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.responses.parse(model="gpt-4o", input="plan", text_format=Trip)
        loose = await client.responses.create(
            model="gpt-4o", input="as json", text={"format": {"type": "json_object"}, "verbosity": "low"}
        )

        assert answer.output_parsed == Trip(
            city="simulated", days=1, by_train=True, stops=["simulated"], season="summer"
        )
        assert json.loads(loose.output_text) == {"simulated": "answer from sim"}

    run(test)


def test_images_and_files_are_seen() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.responses.create(
            model="gpt-4o",
            input=[
                {
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "what is this"},
                        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
                        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"},
                        {"type": "input_file", "file_id": "file-1"},
                    ],
                }
            ],
        )

        assert "I see 1 image (image/png, 70 bytes) [file a.pdf] [file file-1]" in answer.output_text

    run(test)


@pytest.mark.parametrize("stream", [False, True])
def test_a_limit_leaves_a_response_incomplete(stream: bool) -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        long = "one two three four five six seven eight nine ten eleven twelve"
        if stream:
            last = (await told(client, input=long, max_output_tokens=16))[-1]
            assert last.type == "response.incomplete"
            answer = last.response
        else:
            answer = await client.responses.create(model="gpt-4o", input=long, max_output_tokens=16)

        assert (answer.status, answer.incomplete_details and answer.incomplete_details.reason) == (
            "incomplete",
            "max_output_tokens",
        )
        assert answer.usage is not None
        assert answer.usage.output_tokens == 16
        assert answer.output[0].type == "message"
        assert answer.output[0].status == "incomplete"

    run(test)


# --- faults ---


def test_a_filter_leaves_nothing_said() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.responses.create(model="m@fault-content-filter", input="x")

        assert answer.status == "incomplete"
        assert answer.incomplete_details is not None
        assert (answer.incomplete_details.reason, answer.output) == ("content_filter", [])

    run(test)


def met(fault: str) -> list[ResponseStreamEvent]:
    """All events of a stream with this fault; each must have the SDK's type."""

    async def inside() -> list[ResponseStreamEvent]:
        body = {"model": f"m@fault-{fault}", "input": "hello you", "stream": True}
        async with serve("openai", "sim") as simulator:
            response = await send(simulator, Request("/v1/responses", body, KEYS["openai"]))  # type: ignore[arg-type]  # it is JSON
        return [reader.validate_json(event) for event in events(response)]

    reader: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)
    return asyncio.run(inside())


def test_an_error_may_be_the_first_event() -> None:
    [event] = met("first-event-error")

    assert isinstance(event, ResponseErrorEvent)
    assert "overloaded" in event.message
    assert event.sequence_number == 0


@pytest.mark.parametrize(("fault", "has_content"), [("lifecycle-then-error", False), ("mid-error", True)])
def test_an_error_in_the_middle_is_followed_by_a_failed_response(fault: str, has_content: bool) -> None:
    *before, error, failed = met(fault)

    assert isinstance(error, ResponseErrorEvent)
    assert isinstance(failed, ResponseFailedEvent)
    assert failed.response.error is not None
    assert "overloaded" in failed.response.error.message
    assert kinds(before)[:2] == ["created", "in_progress"]
    assert ("output_text.delta" in kinds(before)) is has_content
    numbers = [event.sequence_number for event in (*before, error, failed)]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(("fault", "has_end"), [("cut", False), ("no-done", False), ("usage-missing", True)])
def test_a_stream_that_breaks_lacks_its_end(fault: str, has_end: bool) -> None:
    seen = met(fault)

    assert "output_text.delta" in kinds(seen)
    assert (kinds(seen)[-1] == "completed") is has_end
    if has_end:
        assert cast("Response", getattr(seen[-1], "response")).usage is None  # noqa: B009  # only some events have it


@pytest.mark.parametrize(
    ("model", "error", "code"),
    [
        ("unknown-model", openai.NotFoundError, "model_not_found"),
        ("fault-429", openai.RateLimitError, "rate_limit_exceeded"),
        ("fault-context-length", openai.BadRequestError, "context_length_exceeded"),
        ("fault-500", openai.InternalServerError, None),
        ("fault-mid-error", openai.InternalServerError, None),
    ],
)
def test_errors_are_typed(model: str, error: type[openai.APIStatusError], code: str | None) -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        with pytest.raises(error) as raised:
            await client.responses.create(model=model, input="x")

        assert raised.value.code == code

    run(test)
