"""Anthropic's thinking: what is shown, and what must come back as it was."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace

import anthropic
import pytest
from anthropic.types import Message, MessageParam, ThinkingConfigParam, ToolParam

from openclaw_simulator import serve
from openclaw_simulator.reading import Json
from tests.simulator.asking import CITY, chat, send

WEATHER: ToolParam = {"name": "get_weather", "input_schema": {**CITY}}
BUDGET: ThinkingConfigParam = {"type": "enabled", "budget_tokens": 1024}
ASKED: MessageParam = {"role": "user", "content": "the weather in Paris"}
THINKING: dict[str, Json] = {"max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1024}}


def run(test: Callable[[anthropic.AsyncAnthropic], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with serve("anthropic", "sim") as simulator:
            url = f"http://127.0.0.1:{simulator.port}"
            client = anthropic.AsyncAnthropic(
                api_key="test", base_url=url, max_retries=0, _strict_response_validation=True
            )
            async with client:
                await test(client)

    asyncio.run(inside())


def refuse(change: dict[str, Json]) -> tuple[int, str]:
    async def inside() -> tuple[int, str]:
        async with serve("anthropic") as simulator:
            request = chat("anthropic")
            response = await send(simulator, replace(request, body=request.body | change))
            return response.status_code, response.text

    return asyncio.run(inside())


async def think(client: anthropic.AsyncAnthropic, model: str, *, streamed: bool) -> Message:
    if streamed:
        async with client.messages.stream(model=model, max_tokens=2000, thinking=BUDGET, messages=[ASKED]) as stream:
            return await stream.get_final_message()
    return await client.messages.create(model=model, max_tokens=2000, thinking=BUDGET, messages=[ASKED])


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_begins_with_the_thought_and_counts_it(streamed: bool) -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        answer = await think(client, "c", streamed=streamed)
        thought, said = answer.content
        assert (thought.type, said.type) == ("thinking", "text")
        assert thought.type == "thinking"
        assert thought.thinking.startswith("I am sim, simulated")
        assert base64.b64decode(thought.signature)
        assert answer.usage.output_tokens_details is not None
        assert answer.usage.output_tokens_details.thinking_tokens > 5
        assert answer.usage.output_tokens > answer.usage.output_tokens_details.thinking_tokens

    run(test)


@pytest.mark.parametrize("kind", ["adaptive", "enabled"])
def test_an_omitted_thought_is_empty_but_signed_and_comes_back(kind: str) -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        thinking: ThinkingConfigParam = (
            {"type": "adaptive", "display": "omitted"}
            if kind == "adaptive"
            else {"type": "enabled", "budget_tokens": 1024, "display": "omitted"}
        )
        async with client.messages.stream(model="c", max_tokens=2000, thinking=thinking, messages=[ASKED]) as stream:
            answer = await stream.get_final_message()
        thought = answer.content[0]

        assert thought.type == "thinking"
        assert (thought.thinking, bool(thought.signature)) == ("", True)
        await client.messages.create(
            model="c", max_tokens=2000, thinking=thinking, messages=[ASKED, answer.to_param(), ASKED]
        )

    run(test)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_redacted_thought_comes_back_as_it_was_or_not_at_all(streamed: bool) -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        answer = await think(client, "redacted-c", streamed=streamed)
        thought, _ = answer.content
        assert thought.type == "redacted_thinking"
        await client.messages.create(model="c", max_tokens=9, messages=[ASKED, answer.to_param(), ASKED])

        changed: MessageParam = {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "AAAA"}]}
        with pytest.raises(anthropic.BadRequestError, match="Invalid `data` in `redacted_thinking` block"):
            await client.messages.create(model="c", max_tokens=9, messages=[ASKED, changed, ASKED])

    run(test)


def test_a_tool_loop_keeps_its_thought() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        first = await client.messages.create(
            model="c", max_tokens=2000, thinking=BUDGET, messages=[ASKED], tools=[WEATHER]
        )
        assert [block.type for block in first.content] == ["thinking", "tool_use"]
        call = first.content[1]
        assert call.type == "tool_use"
        results: MessageParam = {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "20 degrees"}],
        }
        second = await client.messages.create(
            model="c",
            max_tokens=2000,
            thinking=BUDGET,
            tools=[WEATHER],
            messages=[ASKED, first.to_param(), results],
        )
        assert second.content[-1].type == "text"
        assert "20 degrees" in second.content[-1].text

        forgotten: MessageParam = {"role": "assistant", "content": first.content[1:]}
        with pytest.raises(anthropic.BadRequestError, match="but found `tool_use`"):
            await client.messages.create(
                model="c", max_tokens=2000, thinking=BUDGET, tools=[WEATHER], messages=[ASKED, forgotten, results]
            )
        await client.messages.create(
            model="c",
            max_tokens=2000,
            thinking={"type": "adaptive"},
            tools=[WEATHER],
            messages=[ASKED, forgotten, results],
        )

    run(test)


def test_a_changed_thought_is_refused() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        answer = await client.messages.create(model="c", max_tokens=2000, thinking=BUDGET, messages=[ASKED])
        thought = answer.content[0]
        assert thought.type == "thinking"
        changed: MessageParam = {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": f"{thought.thinking} ", "signature": thought.signature}],
        }

        with pytest.raises(anthropic.BadRequestError, match="cannot be modified"):
            await client.messages.create(model="c", max_tokens=9, messages=[ASKED, changed, ASKED])

    run(test)


FORCED: dict[str, Json] = {"tools": [{"name": "f", "input_schema": CITY}], "tool_choice": {"type": "any"}}
REFUSED: dict[str, tuple[dict[str, Json], str]] = {
    "temperature": ({"temperature": 0.5}, "`temperature` may only be set to 1"),
    "top_k": ({"top_k": 5}, "`top_k` must be unset"),
    "top_p": ({"top_p": 0.5}, "`top_p` must be greater than or equal to 0.95"),
    "forced tool": (FORCED, "Thinking may not be enabled when tool_choice forces tool use"),
    "small budget": (
        {"thinking": {"type": "enabled", "budget_tokens": 1023}},
        "thinking.budget_tokens: Input should be greater than or equal to 1024",
    ),
    "no budget": ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens: Field required"),
    "budget of adaptive": (
        {"thinking": {"type": "adaptive", "budget_tokens": 1024}},
        "thinking.budget_tokens: Extra inputs are not permitted",
    ),
    "display": ({"thinking": {"type": "adaptive", "display": "none"}}, "thinking.display"),
    "display of none": ({"thinking": {"type": "disabled", "display": "omitted"}}, "thinking.display: Extra inputs"),
    "effort of OpenAI": ({"output_config": {"effort": "minimal"}}, "output_config.effort"),
    "prefill": (
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
        "Expected `thinking` or `redacted_thinking`, but found `text`",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_go_with_thinking_is_refused(name: str) -> None:
    change, said = REFUSED[name]

    status, text = refuse(THINKING | change)

    assert status == 400
    assert said in text


@pytest.mark.parametrize("change", [{"temperature": 1}, {"top_p": 0.95}, {"output_config": {"effort": "xhigh"}}])
def test_what_goes_with_thinking_passes(change: dict[str, Json]) -> None:
    assert refuse(THINKING | change)[0] == 200


@pytest.mark.parametrize("kind", ["disabled", "between_tools"])
def test_without_thinking_no_thought_and_no_rules(kind: str) -> None:
    status, text = refuse({"thinking": {"type": kind}, "temperature": 0.5, "top_k": 5})

    assert status == 200
    assert "signature" not in text
