"""Cohere behind real Envoy, asked by every SDK: plain, streamed, with tools and images, and as who stands in."""

import json
from collections.abc import Iterator

import pytest
from anthropic.types import Message
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from openclaw_simulator.server import Simulator
from tests.e2e.callers import OURS, AnthropicCaller, Caller, GeminiCaller, OpenAICaller, said
from tests.e2e.harness import Providers, Sidecar, sidecar
from tests.e2e.test_sdks import CITIES, OPENAI_TOOLS, PNG, WEATHER

ENVIRONMENT = {"COHERE_API_KEY": "cohere-key-of-ours", "KEY_ACE": "sk-ours-ace"}
COMMAND = "command-a-03-2025"
THINKS = "command-a-reasoning-08-2025"
FALLING = "ace-model"


@pytest.fixture(scope="module")
def emu(providers: Providers) -> Simulator:
    return providers.start("emu", "cohere")


@pytest.fixture(scope="module")
def up(providers: Providers, emu: Simulator) -> Iterator[Sidecar]:
    config = f"""
model:
  providers:
    - {{name: cohere, models: [{COMMAND}, {THINKS}], endpoint: "http://127.0.0.1:{emu.port}",
       api_key: "${{COHERE_API_KEY}}", fallback: ace, fallback_model: {FALLING}}}
    - {{name: ace, models: [{FALLING}], format: openai_chat, endpoint: "http://127.0.0.1:{providers["ace"].port}",
       api_key: "${{KEY_ACE}}", fallback: cohere, fallback_model: {COMMAND}}}
"""
    with sidecar(config, ENVIRONMENT) as started:
        yield started


@pytest.fixture(scope="module", params=["openai", "anthropic", "gemini"])
def sdk(request: pytest.FixtureRequest, up: Sidecar) -> Iterator[Caller | GeminiCaller]:
    made = {"openai": OpenAICaller, "anthropic": AnthropicCaller, "gemini": GeminiCaller}[request.param]
    with made(up.url) as caller:
        yield caller


@pytest.fixture(scope="module")
def chatgpt(up: Sidecar) -> Iterator[OpenAICaller]:
    with OpenAICaller(up.url) as made:
        yield made


def test_every_sdk_is_answered(sdk: Caller | GeminiCaller, emu: Simulator, streamed: bool) -> None:
    answer = sdk.ask(COMMAND, streamed=streamed)

    (sent,) = emu.requests
    assert (answer.text, answer.stop) == (said("emu", COMMAND), "end")
    assert (answer.input_tokens, answer.output_tokens) == (2, 9)
    assert answer.model == COMMAND
    assert sent.path == "/v2/chat"
    assert sent.headers["authorization"] == "Bearer cohere-key-of-ours"
    assert OURS not in f"{sent.headers} {sent.body}"


def test_tools_are_called_in_two_turns(chatgpt: OpenAICaller, streamed: bool) -> None:
    asked: list[ChatCompletionMessageParam] = [{"role": "user", "content": WEATHER}]
    if streamed:
        with chatgpt.sdk.chat.completions.stream(model=COMMAND, messages=asked, tools=OPENAI_TOOLS) as stream:
            first: ChatCompletion = stream.get_final_completion()
    else:
        first = chatgpt.sdk.chat.completions.create(model=COMMAND, messages=asked, tools=OPENAI_TOOLS)
    answer = first.choices[0].message
    calls = [call for call in answer.tool_calls or [] if call.type == "function"]
    kept: ChatCompletionMessageParam = {
        "role": "assistant",
        "content": answer.content,
        "tool_calls": [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function.name, "arguments": call.function.arguments},
            }
            for call in calls
        ],
    }
    results: list[ChatCompletionMessageParam] = [
        {"role": "tool", "tool_call_id": call.id, "content": f"{n} degrees"} for n, call in enumerate(calls)
    ]
    second = chatgpt.sdk.chat.completions.create(model=COMMAND, messages=[*asked, kept, *results], tools=OPENAI_TOOLS)

    assert first.choices[0].finish_reason == "tool_calls"
    assert answer.content == "I will use get_weather."
    assert [json.loads(call.function.arguments) for call in calls] == CITIES
    assert "the tool said: 0 degrees; 1 degrees" in (second.choices[0].message.content or "")


def test_an_image_arrives(chatgpt: OpenAICaller) -> None:
    answer = chatgpt.sdk.chat.completions.create(
        model=COMMAND,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "what is this"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                ],
            }
        ],
    )

    assert "I see 1 image (image/png, 70 bytes)" in (answer.choices[0].message.content or "")


def test_thoughts_reach_a_client_that_can_read_them(up: Sidecar, streamed: bool) -> None:
    with AnthropicCaller(up.url) as claude:
        asked = claude.sdk.messages
        if streamed:
            with asked.stream(model=THINKS, max_tokens=2000, messages=[{"role": "user", "content": "hi"}]) as stream:
                told: Message = stream.get_final_message()
        else:
            told = asked.create(model=THINKS, max_tokens=2000, messages=[{"role": "user", "content": "hi"}])

    assert [block.type for block in told.content] == ["thinking", "text"]


@pytest.mark.parametrize("fault", ["503", "first-event-error", "error-200", "no-credit"])
def test_another_provider_stands_in(sdk: Caller | GeminiCaller, emu: Simulator, fault: str, streamed: bool) -> None:
    emu.set_fault(fault)

    answer = sdk.ask(COMMAND, streamed=streamed)

    assert (answer.text, answer.stop) == (said("ace", FALLING), "end")
    assert answer.headers["x-openclaw-provider"] == "ace"


@pytest.mark.parametrize("fault", ["503", "lifecycle-then-error"])
def test_cohere_stands_in(
    sdk: Caller | GeminiCaller, providers: Providers, emu: Simulator, fault: str, streamed: bool
) -> None:
    providers["ace"].set_fault(fault)

    answer = sdk.ask(FALLING, streamed=streamed)

    assert (answer.text, answer.stop) == (said("emu", COMMAND), "end")
    assert len(emu.requests) == 1


@pytest.mark.parametrize("fault", ["cut", "mid-error", "garbage", "no-done"])
def test_a_stream_that_breaks_is_told(sdk: Caller | GeminiCaller, emu: Simulator, fault: str) -> None:
    emu.set_fault(fault)

    with pytest.raises(sdk.errors):
        sdk.ask(COMMAND, streamed=True)


def test_a_refusal_is_the_clients_own_error(chatgpt: OpenAICaller, emu: Simulator) -> None:
    emu.set_fault("400")

    with pytest.raises(chatgpt.named("BadRequestError"), match="invalid request: simulated"):
        chatgpt.ask(COMMAND)
