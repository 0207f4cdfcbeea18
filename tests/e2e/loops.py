"""A tool loop of two turns with a model that thinks, by each official SDK as its documentation shows it.

What an SDK got it sends back as it is: thoughts and signatures where its format has a place for them.
"""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, cast

import anthropic
import openai
from anthropic.types import MessageParam, ToolResultBlockParam
from google.genai import types
from openai.types.chat import ChatCompletionMessage, ChatCompletionMessageParam, ChatCompletionToolUnionParam
from openai.types.responses import FunctionToolParam, Response, ResponseInputParam

from tests.e2e.callers import OURS, GeminiCaller, gathered, parts_of

CITY: dict[str, object] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = "weather, in parallel: Paris and Oslo"
BUDGET = 1024
LIMIT = 5000


@dataclass(frozen=True, slots=True)
class Looped:
    asked: Sequence[str]
    """The cities."""
    thought: str
    """What the first answer showed of its thoughts."""
    text: str
    """Of the second answer."""


class Loop(Protocol):
    def __call__(self, model: str, between: Callable[[], None], *, streamed: bool) -> Looped:
        """`between` is called between the two turns."""
        ...


def degrees(count: int) -> list[str]:
    return [f"{n} degrees" for n in range(count)]


def by_chat(sdk: openai.OpenAI) -> Loop:
    def loop(model: str, between: Callable[[], None], *, streamed: bool) -> Looped:
        asked: list[ChatCompletionMessageParam] = [{"role": "user", "content": WEATHER}]
        first = _completed(sdk, model, asked, streamed=streamed)
        between()
        calls = [call for call in first.tool_calls or [] if call.type == "function"]
        asked.append(
            {
                "role": "assistant",
                "content": first.content,
                "tool_calls": [
                    {
                        "id": c.id,
                        "type": "function",
                        "function": {"name": c.function.name, "arguments": c.function.arguments},
                    }
                    for c in calls
                ],
            }
        )
        for call, said in zip(calls, degrees(len(calls)), strict=True):
            asked.append({"role": "tool", "tool_call_id": call.id, "content": said})
        second = _completed(sdk, model, asked, streamed=streamed)
        shown = str((first.model_extra or {}).get("reasoning_content") or "")
        return Looped([json.loads(call.function.arguments)["city"] for call in calls], shown, second.content or "")

    return loop


def _completed(
    sdk: openai.OpenAI, model: str, asked: list[ChatCompletionMessageParam], *, streamed: bool
) -> ChatCompletionMessage:
    tools: list[ChatCompletionToolUnionParam] = [
        {"type": "function", "function": {"name": "get_weather", "description": "Now", "parameters": CITY}}
    ]
    if not streamed:
        answer = sdk.chat.completions.create(model=model, messages=asked, tools=tools, reasoning_effort="low")
        return answer.choices[0].message
    with sdk.chat.completions.stream(model=model, messages=asked, tools=tools, reasoning_effort="low") as stream:
        message: ChatCompletionMessage = stream.get_final_completion().choices[0].message
        return message


def by_responses(sdk: openai.OpenAI) -> Loop:
    def loop(model: str, between: Callable[[], None], *, streamed: bool) -> Looped:
        asked: ResponseInputParam = [{"role": "user", "content": WEATHER}]
        first = _responded(sdk, model, asked, streamed=streamed)
        between()
        calls = [item for item in first.output if item.type == "function_call"]
        # What was read goes back as it is, but for what the SDK added itself.
        given = [item.model_dump(mode="json", exclude_unset=True) for item in first.output]
        asked += cast("ResponseInputParam", [{k: v for k, v in one.items() if k not in _ADDED} for one in given])
        for call, said in zip(calls, degrees(len(calls)), strict=True):
            asked.append({"type": "function_call_output", "call_id": call.call_id, "output": said})
        second = _responded(sdk, model, asked, streamed=streamed)
        thought = "".join(part.text for item in first.output if item.type == "reasoning" for part in item.summary)
        return Looped([json.loads(call.arguments)["city"] for call in calls], thought, second.output_text)

    return loop


def _responded(sdk: openai.OpenAI, model: str, asked: ResponseInputParam, *, streamed: bool) -> Response:
    tools: list[FunctionToolParam] = [
        {"type": "function", "name": "get_weather", "description": "Now", "parameters": CITY, "strict": False}
    ]
    if not streamed:
        return sdk.responses.create(
            model=model, input=asked, tools=tools, store=False,
            reasoning={"effort": "low", "summary": "auto"}, include=["reasoning.encrypted_content"],
        )  # fmt: skip
    with sdk.responses.stream(
        model=model, input=asked, tools=tools, store=False,
        reasoning={"effort": "low", "summary": "auto"}, include=["reasoning.encrypted_content"],
    ) as stream:  # fmt: skip
        response: Response = stream.get_final_response()
        return response


def by_messages(sdk: anthropic.Anthropic) -> Loop:
    def loop(model: str, between: Callable[[], None], *, streamed: bool) -> Looped:
        asked: list[MessageParam] = [{"role": "user", "content": WEATHER}]
        first = _answered(sdk, model, asked, streamed=streamed)
        between()
        calls = [block for block in first.content if block.type == "tool_use"]
        results: list[ToolResultBlockParam] = [
            {"type": "tool_result", "tool_use_id": call.id, "content": said}
            for call, said in zip(calls, degrees(len(calls)), strict=True)
        ]
        asked.append({"role": "assistant", "content": first.content})
        asked.append({"role": "user", "content": results})
        second = _answered(sdk, model, asked, streamed=streamed)
        thought = "".join(block.thinking for block in first.content if block.type == "thinking")
        text = "".join(block.text for block in second.content if block.type == "text")
        return Looped([str(call.input["city"]) for call in calls], thought, text)

    return loop


def _answered(
    sdk: anthropic.Anthropic, model: str, asked: list[MessageParam], *, streamed: bool
) -> anthropic.types.Message:
    tools: list[anthropic.types.ToolParam] = [{"name": "get_weather", "description": "Now", "input_schema": CITY}]
    if not streamed:
        return sdk.messages.create(
            model=model, messages=asked, max_tokens=LIMIT, tools=tools,
            thinking={"type": "enabled", "budget_tokens": BUDGET},
        )  # fmt: skip
    with sdk.messages.stream(
        model=model, messages=asked, max_tokens=LIMIT, tools=tools,
        thinking={"type": "enabled", "budget_tokens": BUDGET},
    ) as stream:  # fmt: skip
        message: anthropic.types.Message = stream.get_final_message()
        return message


def by_generate(caller: GeminiCaller) -> Loop:
    declared = types.FunctionDeclaration(name="get_weather", description="Now", parameters_json_schema=CITY)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declared])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=BUDGET),
        max_output_tokens=LIMIT,
    )

    def loop(model: str, between: Callable[[], None], *, streamed: bool) -> Looped:
        asked = types.UserContent(WEATHER)
        first = parts_of(caller.chunks(model, asked, config=config, streamed=streamed))
        between()
        calls = [part.function_call for part in first if part.function_call]
        results = [
            types.Part(function_response=types.FunctionResponse(id=c.id, name=c.name, response={"result": said}))
            for c, said in zip(calls, degrees(len(calls)), strict=True)
        ]
        kept, told = types.ModelContent([*first]), types.UserContent([*results])
        second = gathered(caller.chunks(model, asked, kept, told, config=config, streamed=streamed))
        thought = "".join(part.text or "" for part in first if part.thought)
        return Looped([str((call.args or {}).get("city")) for call in calls], thought, second.text)

    return loop


_ADDED = ("parsed_arguments",)
"""To the items of a stream; OpenAI refuses it (openai/openai-python#2720)."""


@contextmanager
def loops(url: str) -> Generator[Mapping[str, Loop]]:
    """By the format of the client."""
    with (
        openai.OpenAI(base_url=f"{url}/openai/v1", api_key=OURS, max_retries=0) as chatgpt,
        anthropic.Anthropic(base_url=f"{url}/anthropic", api_key=OURS, max_retries=0) as claude,
        GeminiCaller(url) as google,
    ):
        yield {
            "chat": by_chat(chatgpt),
            "responses": by_responses(chatgpt),
            "messages": by_messages(claude),
            "gemini": by_generate(google),
        }
