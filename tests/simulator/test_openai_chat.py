"""Reasoning, structured output, files and settings of chat completions, through the real SDK."""

import json
from typing import Literal

import openai
import pytest
from openai.types.chat import (
    ChatCompletionChunk,
    ChatCompletionContentPartParam,
    ChatCompletionMessageParam,
    ChatCompletionToolParam,
)
from pydantic import BaseModel

from tests.simulator.openai_sdk import run

USER: ChatCompletionMessageParam = {"role": "user", "content": "hello you"}
SAID = "Simulated answer from sim (gpt-4o): you said: hello you"
OTHER: ChatCompletionToolParam = {"type": "function", "function": {"name": "other"}}


class Trip(BaseModel):
    city: str
    days: int
    by_train: bool
    stops: list[str]
    season: Literal["summer", "winter"]


async def chunks(client: openai.AsyncOpenAI, model: str, *, usage: bool | None = None) -> list[ChatCompletionChunk]:
    stream = await client.chat.completions.create(
        model=model,
        messages=[USER],
        stream=True,
        stream_options=openai.omit if usage is None else {"include_usage": usage},
    )
    return [chunk async for chunk in stream]


# --- reasoning ---


@pytest.mark.parametrize(("effort", "thinks"), [("low", True), ("none", False), (None, False)])
def test_an_effort_costs_reasoning_tokens(effort: Literal["low", "none"] | None, thinks: bool) -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.chat.completions.create(model="gpt-5", messages=[USER], reasoning_effort=effort)

        assert answer.usage is not None
        assert answer.usage.completion_tokens_details is not None
        assert bool(answer.usage.completion_tokens_details.reasoning_tokens) is thinks
        assert answer.usage.completion_tokens == 9 + (answer.usage.completion_tokens_details.reasoning_tokens or 0)
        assert "reasoning_content" not in (answer.choices[0].message.model_extra or {})

    run(test)


@pytest.mark.parametrize("model", ["deepseek-v3", "some-Reasoner"])
def test_some_models_show_what_they_think_before_they_speak(model: str) -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.chat.completions.create(model=model, messages=[USER])
        seen = await chunks(client, model)

        thought = (answer.choices[0].message.model_extra or {})["reasoning_content"]
        deltas = [chunk.choices[0].delta for chunk in seen]
        told = [(delta.model_extra or {}).get("reasoning_content") for delta in deltas]
        assert "I am sim, simulated, and think" in thought
        assert "".join(word for word in told if word) == thought
        assert max(at for at, word in enumerate(told) if word) < min(
            at for at, delta in enumerate(deltas) if delta.content
        )

    run(test)


# --- usage ---


@pytest.mark.parametrize("wanted", [None, False, True])
def test_usage_is_a_chunk_of_its_own_and_null_in_the_others_only_when_wanted(wanted: bool | None) -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        *others, last = await chunks(client, "gpt-4o", usage=wanted)

        assert all(("usage" in chunk.model_fields_set) is bool(wanted) for chunk in others)
        assert all(chunk.usage is None for chunk in others)
        assert (last.usage is not None, last.choices == []) == (bool(wanted), bool(wanted))

    run(test)


# --- structured output ---


def test_a_schema_is_answered_with_json_that_fits() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.chat.completions.parse(model="gpt-4o", messages=[USER], response_format=Trip)
        loose = await client.chat.completions.create(
            model="gpt-4o",
            messages=[{"role": "user", "content": "as json"}],
            response_format={"type": "json_object"},
        )

        assert answer.choices[0].message.parsed == Trip(
            city="simulated", days=1, by_train=True, stops=["simulated"], season="summer"
        )
        assert json.loads(loose.choices[0].message.content or "") == {"simulated": "answer from sim"}

    run(test)


# --- parts ---


def test_files_and_audio_are_told_about() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        parts: list[ChatCompletionContentPartParam] = [
            {"type": "text", "text": "what is this"},
            {"type": "file", "file": {"filename": "name.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "file", "file": {"file_id": "file-1"}},
        ]
        answer = await client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": parts}])

        assert (answer.choices[0].message.content or "").endswith(
            "you said: what is this [file name.pdf] [audio wav] [file file-1]"
        )

    run(test)


# --- settings ---


def test_several_choices_are_all_the_same() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.chat.completions.create(model="gpt-4o", messages=[USER], n=2, seed=7)
        stream = await client.chat.completions.create(model="gpt-4o", messages=[USER], n=2, stream=True)
        seen = [chunk.choices[0] async for chunk in stream]

        assert [(choice.index, choice.message.content) for choice in answer.choices] == [(0, SAID), (1, SAID)]
        assert answer.usage is not None
        assert answer.usage.completion_tokens == 18
        for index in (0, 1):
            assert "".join(choice.delta.content or "" for choice in seen if choice.index == index) == SAID
        assert [choice.index for choice in seen if choice.finish_reason] == [0, 1]

    run(test)


def test_log_probabilities_come_with_each_word() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.chat.completions.create(model="gpt-4o", messages=[USER], logprobs=True, top_logprobs=0)

        assert answer.choices[0].logprobs is not None
        assert "".join(token.token for token in answer.choices[0].logprobs.content or ()) == SAID

    run(test)


def test_a_choice_among_allowed_tools_is_kept() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.chat.completions.create(
            model="gpt-4o",
            messages=[USER],
            tools=[{"type": "function", "function": {"name": "first"}}, OTHER],
            tool_choice={
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "other"}}],
                },
            },
        )

        [call] = answer.choices[0].message.tool_calls or []
        assert call.type == "function"
        assert call.function.name == "other"

    run(test)
