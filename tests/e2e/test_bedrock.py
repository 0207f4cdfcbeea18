"""Bedrock behind real Envoy: Converse for all SDKs, signed; InvokeModel, in Anthropic's words, with an API key."""

import json
from collections.abc import Iterator

import anthropic
import openai
import pytest
from anthropic.types import MessageParam, ToolResultBlockParam
from google.genai import errors
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from openclaw_simulator import Record
from openclaw_simulator.server import Simulator
from tests.e2e.callers import OURS, AnthropicCaller, Caller, GeminiCaller, OpenAICaller, said
from tests.e2e.harness import Providers, Sidecar, sidecar
from tests.e2e.test_sdks import ANTHROPIC_TOOLS, CITIES, OPENAI_TOOLS, PNG, WEATHER
from tests.edge.sigv4 import signature

SECRET = "aws-secret-of-ours"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIDOFOURS",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
    "BEDROCK_KEY": "bedrock-api-key-of-ours",
    "KEY_ACE": "sk-ours-ace",
}
CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "amazon.nova-pro-v1"
INVOKED = "us.anthropic.claude-opus-4-5-20251101-v1:0"
FALLING = "ace-model"


@pytest.fixture(scope="module")
def fox(providers: Providers) -> Simulator:
    return providers.start("fox", "bedrock")


@pytest.fixture(scope="module")
def up(providers: Providers, fox: Simulator) -> Iterator[Sidecar]:
    at = f'endpoint: "http://127.0.0.1:{fox.port}"'
    ace = f'endpoint: "http://127.0.0.1:{providers["ace"].port}"'
    config = f"""
model:
  providers:
    - {{name: fox, models: ["{CLAUDE}", {NOVA}], format: bedrock_converse, {at}, auth: aws, region: us-east-1}}
    - {{name: vixen, models: ["{INVOKED}"], format: bedrock_anthropic, {at}, api_key: "${{BEDROCK_KEY}}"}}
    - {{name: ace, models: [{FALLING}], format: openai_chat, {ace}, api_key: "${{KEY_ACE}}", fallback: fox,
       fallback_model: "{CLAUDE}"}}
"""
    with sidecar(config, ENVIRONMENT) as started:
        yield started


@pytest.fixture(scope="module")
def chatgpt(up: Sidecar) -> Iterator[OpenAICaller]:
    with OpenAICaller(up.url) as made:
        yield made


@pytest.fixture(scope="module")
def claude(up: Sidecar) -> Iterator[AnthropicCaller]:
    with AnthropicCaller(up.url) as made:
        yield made


@pytest.fixture(scope="module", params=["openai", "anthropic", "gemini"])
def sdk(request: pytest.FixtureRequest, up: Sidecar) -> Iterator[Caller | GeminiCaller]:
    made = {"openai": OpenAICaller, "anthropic": AnthropicCaller, "gemini": GeminiCaller}[request.param]
    with made(up.url) as caller:
        yield caller


def only(simulator: Simulator) -> Record:
    assert len(simulator.requests) == 1
    return simulator.requests[0]


def body_of(record: Record) -> str:
    assert record.body is not None
    return record.body


# --- Converse ---


def test_every_sdk_is_answered(sdk: Caller | GeminiCaller, fox: Simulator, streamed: bool) -> None:
    answer = sdk.ask(NOVA, streamed=streamed)

    assert (answer.text, answer.stop) == (said("fox", NOVA), "end")
    assert (answer.input_tokens, answer.output_tokens) == (2, 9)
    assert answer.model == NOVA
    assert only(fox).path.endswith("/converse-stream" if streamed else "/converse")


def test_a_signature_holds_for_the_encoded_path_of_a_model(
    chatgpt: OpenAICaller, fox: Simulator, streamed: bool
) -> None:
    chatgpt.ask(CLAUDE, streamed=streamed)

    sent = only(fox)
    target = f"/model/{CLAUDE.replace(':', '%3A')}/{'converse-stream' if streamed else 'converse'}"
    found = signature(
        target, {name.lower(): value for name, value in sent.headers.items()}, body_of(sent).encode(), SECRET
    )
    assert found.given == found.expected
    assert OURS not in f"{sent.headers} {sent.body}"


def test_openai_calls_tools_in_two_turns(chatgpt: OpenAICaller, streamed: bool) -> None:
    asked: list[ChatCompletionMessageParam] = [{"role": "user", "content": WEATHER}]
    if streamed:
        with chatgpt.sdk.chat.completions.stream(model=CLAUDE, messages=asked, tools=OPENAI_TOOLS) as stream:
            first: ChatCompletion = stream.get_final_completion()
    else:
        first = chatgpt.sdk.chat.completions.create(model=CLAUDE, messages=asked, tools=OPENAI_TOOLS)
    calls = first.choices[0].message.tool_calls or []
    functions = [(call.id, call.function.name, call.function.arguments) for call in calls if call.type == "function"]
    kept: ChatCompletionMessageParam = {
        "role": "assistant",
        "tool_calls": [{"id": i, "type": "function", "function": {"name": n, "arguments": a}} for i, n, a in functions],
    }
    results: list[ChatCompletionMessageParam] = [
        {"role": "tool", "tool_call_id": id, "content": f"{n} degrees"} for n, (id, _, _) in enumerate(functions)
    ]
    second = chatgpt.sdk.chat.completions.create(model=CLAUDE, messages=[*asked, kept, *results], tools=OPENAI_TOOLS)

    assert [json.loads(arguments) for _, _, arguments in functions] == CITIES
    assert "the tool said: 0 degrees; 1 degrees" in (second.choices[0].message.content or "")


@pytest.mark.parametrize("model", [CLAUDE, INVOKED])
def test_anthropic_calls_tools_in_two_turns(claude: AnthropicCaller, model: str, streamed: bool) -> None:
    asked: MessageParam = {"role": "user", "content": WEATHER}
    if streamed:
        with claude.sdk.messages.stream(model=model, max_tokens=100, messages=[asked], tools=ANTHROPIC_TOOLS) as stream:
            first: anthropic.types.Message = stream.get_final_message()
    else:
        first = claude.sdk.messages.create(model=model, max_tokens=100, messages=[asked], tools=ANTHROPIC_TOOLS)
    calls = [block for block in first.content if block.type == "tool_use"]
    kept: MessageParam = {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.input} for c in calls],
    }
    results: list[ToolResultBlockParam] = [
        {"type": "tool_result", "tool_use_id": call.id, "content": f"{n} degrees"} for n, call in enumerate(calls)
    ]
    second = claude.sdk.messages.create(
        model=model,
        max_tokens=100,
        tools=ANTHROPIC_TOOLS,
        messages=[asked, kept, {"role": "user", "content": [*reversed(results)]}],
    )

    assert first.stop_reason == "tool_use"
    assert [call.input for call in calls] == CITIES
    told = "".join(block.text for block in second.content if block.type == "text")
    assert "0 degrees" in told
    assert "1 degrees" in told


def test_an_image_arrives(chatgpt: OpenAICaller) -> None:
    answer = chatgpt.sdk.chat.completions.create(
        model=CLAUDE,
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


def test_a_link_to_an_image_is_refused_before_anybody_is_asked(chatgpt: OpenAICaller, fox: Simulator) -> None:
    with pytest.raises(openai.BadRequestError, match="image_link"):
        chatgpt.sdk.chat.completions.create(
            model=CLAUDE,
            messages=[
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": "https://images.example.com/a.png"}}],
                }
            ],
        )

    assert fox.requests == ()


@pytest.mark.parametrize("model", [CLAUDE, INVOKED])
def test_thoughts_come_back_with_their_signature_and_go_again(
    claude: AnthropicCaller, model: str, streamed: bool
) -> None:
    thinking: anthropic.types.ThinkingConfigEnabledParam = {"type": "enabled", "budget_tokens": 1024}
    asked: MessageParam = {"role": "user", "content": "use the tool"}
    with claude.sdk.messages.stream(
        model=model, max_tokens=2000, thinking=thinking, messages=[asked], tools=ANTHROPIC_TOOLS
    ) as stream:
        first: anthropic.types.Message = stream.get_final_message()
    use = next(block for block in first.content if block.type == "tool_use")
    thought = next(block for block in first.content if block.type == "thinking")
    told: list[MessageParam] = [
        asked,
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": thought.thinking, "signature": thought.signature},
                {"type": "tool_use", "id": use.id, "name": use.name, "input": use.input},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use.id, "content": "8 degrees"}]},
    ]
    if streamed:
        with claude.sdk.messages.stream(
            model=model, max_tokens=2000, thinking=thinking, messages=told, tools=ANTHROPIC_TOOLS
        ) as again:
            second: anthropic.types.Message = again.get_final_message()
    else:
        second = claude.sdk.messages.create(
            model=model, max_tokens=2000, thinking=thinking, messages=told, tools=ANTHROPIC_TOOLS
        )

    assert thought.thinking
    assert thought.signature
    assert "8 degrees" in "".join(block.text for block in second.content if block.type == "text")


# --- failures ---


@pytest.mark.parametrize("model", [CLAUDE, INVOKED])
@pytest.mark.parametrize(
    ("fault", "error"), [("400", "BadRequestError"), ("404", "NotFoundError"), ("context-length", "BadRequestError")]
)
def test_bedrocks_refusals_are_the_clients_own_errors(
    up: Sidecar, fox: Simulator, model: str, fault: str, error: str, streamed: bool
) -> None:
    fox.set_fault(fault)

    for made in (OpenAICaller, AnthropicCaller):
        with made(up.url) as caller, pytest.raises(caller.named(error)) as caught:
            caller.ask(model, streamed=streamed)
        assert isinstance(caught.value, openai.APIStatusError | anthropic.APIStatusError)
        body = caught.value.body
        assert isinstance(body, dict)
        assert ("message" in body) == (made is OpenAICaller)  # not Bedrock's own, but each format's


@pytest.mark.parametrize("fault", ["503", "429", "reset", "first-event-error", "lifecycle-then-error", "empty-200"])
def test_bedrock_answers_for_who_failed_before_the_first_word(
    chatgpt: OpenAICaller, providers: Providers, fox: Simulator, fault: str, streamed: bool
) -> None:
    providers["ace"].set_fault(fault)

    answer = chatgpt.ask(FALLING, streamed=streamed)

    assert (answer.text, answer.stop) == (said("fox", CLAUDE), "end")
    assert answer.headers["x-openclaw-provider"] == "fox"
    assert len(fox.requests) == 1


@pytest.mark.parametrize(
    ("model", "fault"), [(NOVA, "no-done"), *((m, f) for m in (NOVA, INVOKED) for f in ("mid-error", "cut", "garbage"))]
)
def test_a_stream_that_fails_ends_in_the_clients_own_error(up: Sidecar, fox: Simulator, model: str, fault: str) -> None:
    fox.set_fault(fault)

    with OpenAICaller(up.url) as chatgpt, pytest.raises(openai.APIError):
        chatgpt.ask(model, streamed=True)
    with AnthropicCaller(up.url) as claude, pytest.raises(anthropic.APIStatusError):
        claude.ask(model, streamed=True)


@pytest.mark.parametrize("fault", ["mid-error", "cut", "garbage"])
def test_googles_sdk_never_takes_a_broken_stream_for_a_whole_one(up: Sidecar, fox: Simulator, fault: str) -> None:
    fox.set_fault(fault)

    with GeminiCaller(up.url) as google, pytest.raises((errors.APIError, ValueError)):
        google.ask(NOVA, streamed=True)


@pytest.mark.parametrize("model", [NOVA, INVOKED])
def test_an_exception_as_first_event_is_tried_again(chatgpt: OpenAICaller, fox: Simulator, model: str) -> None:
    fox.set_fault("first-event-error", times=1)

    answer = chatgpt.ask(model, streamed=True)

    assert answer.text == said("fox", model)
    assert len(fox.requests) == 2


# --- InvokeModel ---


def test_anthropics_sdk_passes_to_invoke(claude: AnthropicCaller, fox: Simulator, streamed: bool) -> None:
    answer = claude.ask(INVOKED, streamed=streamed)

    assert (answer.text, answer.stop) == (said("fox", INVOKED), "end")
    assert (answer.input_tokens, answer.output_tokens) == (2, 9)
    sent = only(fox)
    assert sent.path.endswith("/invoke-with-response-stream" if streamed else "/invoke")
    body = json.loads(body_of(sent))
    assert body["anthropic_version"] == "bedrock-2023-05-31"
    assert not {"model", "stream"} & body.keys()
    assert {name.lower(): value for name, value in sent.headers.items()}["authorization"] == (
        "Bearer bedrock-api-key-of-ours"
    )


def test_beta_flags_move_into_the_body(claude: AnthropicCaller, fox: Simulator) -> None:
    claude.sdk.messages.create(
        model=INVOKED,
        max_tokens=100,
        messages=[{"role": "user", "content": "hello you"}],
        extra_headers={"anthropic-beta": "context-1m-2025-08-07,made-up-2025-01-01"},
    )

    assert json.loads(body_of(only(fox)))["anthropic_beta"] == ["context-1m-2025-08-07"]


def test_other_sdks_are_translated_for_invoke(chatgpt: OpenAICaller, streamed: bool) -> None:
    answer = chatgpt.ask(INVOKED, streamed=streamed)

    assert (answer.text, answer.stop) == (said("fox", INVOKED), "end")
    assert (answer.input_tokens, answer.output_tokens) == (2, 9)
