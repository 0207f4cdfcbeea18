"""Both official SDKs, unchanged, against providers of both formats: all that applications do every day."""

import json
from collections.abc import Iterator

import anthropic
import openai
import pytest
from anthropic.types import ToolParam
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolUnionParam
from openai.types.chat.chat_completion import Choice

from tests.e2e.callers import CALLERS, Caller, said
from tests.e2e.harness import Providers, Sidecar
from tests.e2e.world import PLACES, Place

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
LINK = "https://example.com/cat.png"
SEEN = f"I see 2 images (image/png, 70 bytes; url {LINK})"

CITY: dict[str, object] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
OPENAI_TOOLS: list[ChatCompletionToolUnionParam] = [
    {"type": "function", "function": {"name": "get_weather", "description": "Now", "parameters": CITY}}
]
ANTHROPIC_TOOLS: list[ToolParam] = [{"name": "get_weather", "description": "Now", "input_schema": CITY}]
WEATHER = "weather, in parallel: Paris and Oslo"
CITIES = [{"city": "Paris"}, {"city": "Oslo"}]

each_provider = pytest.mark.parametrize("place", [PLACES["bee"], PLACES["dog"]], ids=["at-openai", "at-anthropic"])


@pytest.fixture
def chatgpt(main: Sidecar) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{main.url}/openai/v1", api_key="sk-unused", max_retries=0) as sdk:
        yield sdk


@pytest.fixture
def claude(main: Sidecar) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=f"{main.url}/anthropic", api_key="sk-unused", max_retries=0) as sdk:
        yield sdk


@each_provider
def test_an_answer_is_whole_and_counted(caller: Caller, place: Place, streamed: bool) -> None:
    answer = caller.ask(place.model, streamed=streamed)

    assert (answer.text, answer.stop, answer.model) == (said(place.simulator, place.model), "end", place.model)
    assert (answer.input_tokens, answer.output_tokens) == (2, 9)
    assert answer.headers["x-openclaw-provider"] == place.name
    assert answer.headers["x-openclaw-attempts"] == "1"


@each_provider
def test_the_limit_of_tokens_is_kept_and_named_as_the_reason(caller: Caller, place: Place, streamed: bool) -> None:
    answer = caller.ask(place.model, streamed=streamed, limit=2)

    assert (answer.text, answer.stop, answer.output_tokens) == ("Simulated answer", "length", 2)


@each_provider
def test_openais_stream_helper_sees_a_whole_completion(chatgpt: openai.OpenAI, place: Place) -> None:
    with chatgpt.chat.completions.stream(
        model=place.model, messages=[{"role": "user", "content": "hello you"}], stream_options={"include_usage": True}
    ) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta"]
        answer = stream.get_final_completion()

    assert "".join(pieces) == answer.choices[0].message.content == said(place.simulator, place.model)
    assert len(pieces) > 1
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 11


@each_provider
def test_openais_stream_has_usage_only_when_asked(chatgpt: openai.OpenAI, place: Place) -> None:
    with chatgpt.chat.completions.create(
        model=place.model, messages=[{"role": "user", "content": "hello you"}], stream=True
    ) as stream:
        chunks = list(stream)

    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


@each_provider
def test_anthropics_stream_helper_sees_a_whole_message(claude: anthropic.Anthropic, place: Place) -> None:
    with claude.messages.stream(
        model=place.model, max_tokens=100, messages=[{"role": "user", "content": "hello you"}]
    ) as stream:
        pieces = list(stream.text_stream)
        answer = stream.get_final_message()

    assert "".join(pieces) == stream.get_final_text() == said(place.simulator, place.model)
    assert len(pieces) > 1
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (2, 9)


@each_provider
def test_a_system_prompt_arrives_as_one(
    chatgpt: openai.OpenAI, claude: anthropic.Anthropic, place: Place, providers: Providers
) -> None:
    first = chatgpt.chat.completions.create(
        model=place.model,
        messages=[{"role": "system", "content": "Be short."}, {"role": "user", "content": "hello you"}],
    )
    second = claude.messages.create(
        model=place.model, max_tokens=100, system="Be short.", messages=[{"role": "user", "content": "hello you"}]
    )

    for record in providers[place.simulator].requests:
        sent = json.loads(record.body or "")
        told = sent["system"] if place.shape == "anthropic" else sent["messages"][0]["content"]
        assert told == "Be short."
        assert [message["role"] for message in sent["messages"]][-1] == "user"
    assert first.usage is not None
    assert (first.usage.prompt_tokens, second.usage.input_tokens) == (4, 4)


# --- tools ---


@each_provider
def test_openai_calls_tools_in_parallel_and_hears_of_their_results(
    chatgpt: openai.OpenAI, place: Place, streamed: bool
) -> None:
    asked: list[ChatCompletionMessageParam] = [{"role": "user", "content": WEATHER}]
    if streamed:
        with chatgpt.chat.completions.stream(model=place.model, messages=asked, tools=OPENAI_TOOLS) as stream:
            first: Choice = stream.get_final_completion().choices[0]
    else:
        first = chatgpt.chat.completions.create(model=place.model, messages=asked, tools=OPENAI_TOOLS).choices[0]
    calls = [call for call in first.message.tool_calls or [] if call.type == "function"]
    results: list[ChatCompletionMessageParam] = [
        {"role": "tool", "tool_call_id": call.id, "content": f"{n} degrees"} for n, call in enumerate(calls)
    ]
    kept: ChatCompletionMessageParam = {
        "role": "assistant",
        "tool_calls": [
            {"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": c.function.arguments}}
            for c in calls
        ],
    }
    second = chatgpt.chat.completions.create(
        model=place.model, messages=[*asked, kept, *results], tools=OPENAI_TOOLS
    ).choices[0]

    assert first.finish_reason == "tool_calls"
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
        ("get_weather", city) for city in CITIES
    ]
    assert len({call.id for call in calls}) == len(CITIES)
    assert "the tool said: 0 degrees; 1 degrees" in (second.message.content or "")
    assert second.finish_reason == "stop"


@each_provider
def test_anthropic_calls_tools_in_parallel_and_hears_of_their_results(
    claude: anthropic.Anthropic, place: Place, streamed: bool
) -> None:
    asked: anthropic.types.MessageParam = {"role": "user", "content": WEATHER}
    if streamed:
        with claude.messages.stream(
            model=place.model, max_tokens=100, messages=[asked], tools=ANTHROPIC_TOOLS
        ) as stream:
            first: anthropic.types.Message = stream.get_final_message()
    else:
        first = claude.messages.create(model=place.model, max_tokens=100, messages=[asked], tools=ANTHROPIC_TOOLS)
    calls = [block for block in first.content if block.type == "tool_use"]
    second = claude.messages.create(
        model=place.model,
        max_tokens=100,
        tools=ANTHROPIC_TOOLS,
        messages=[
            asked,
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.input} for c in calls],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": call.id, "content": f"{n} degrees"}
                    for n, call in enumerate(calls)
                ],
            },
        ],
    )

    assert first.stop_reason == "tool_use"
    assert [(call.name, call.input) for call in calls] == [("get_weather", city) for city in CITIES]
    assert len({call.id for call in calls}) == len(CITIES)
    assert [block.type for block in second.content] == ["text"]
    assert "the tool said: 0 degrees; 1 degrees" in _text(second)
    assert second.stop_reason == "end_turn"


# --- images ---


@each_provider
def test_openais_images_arrive_inline_and_linked(chatgpt: openai.OpenAI, place: Place) -> None:
    answer = chatgpt.chat.completions.create(
        model=place.model,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "what is this"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                    {"type": "image_url", "image_url": {"url": LINK}},
                ],
            }
        ],
    )

    assert SEEN in (answer.choices[0].message.content or "")


@each_provider
def test_anthropics_images_arrive_inline_and_linked(claude: anthropic.Anthropic, place: Place) -> None:
    answer = claude.messages.create(
        model=place.model,
        max_tokens=100,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "what is this"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                    {"type": "image", "source": {"type": "url", "url": LINK}},
                ],
            }
        ],
    )

    assert SEEN in _text(answer)


def _text(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


# --- errors ---

PASSED_ON = {400: "BadRequestError", 401: "AuthenticationError", 403: "PermissionDeniedError", 404: "NotFoundError"}


@each_provider
@pytest.mark.parametrize("status", PASSED_ON)
def test_a_providers_refusal_is_raised_as_the_sdks_own_exception(
    caller: Caller, place: Place, providers: Providers, status: int, streamed: bool
) -> None:
    providers[place.simulator].set_fault(str(status))

    with pytest.raises(caller.named(PASSED_ON[status])) as caught:
        caller.ask(place.model, streamed=streamed)

    assert isinstance(caught.value, caller.status_error)
    assert caught.value.status_code == status
    assert _words(status, place) in str(caught.value)
    assert len(providers[place.simulator].requests) == 1


def _words(status: int, place: Place) -> str:
    """What the simulator says, so that the caller can act on it; of our own key it need not know more than this."""
    ours = "refuses the gateway's credential"
    openai_says = {400: "Invalid request (simulated).", 401: ours, 403: "not supported", 404: place.model}
    anthropic_says = {400: "simulated invalid", 401: ours, 403: "permission", 404: place.model}
    return (openai_says if place.shape == "openai" else anthropic_says)[status]


@each_provider
def test_a_prompt_too_long_for_the_model_is_a_bad_request(caller: Caller, place: Place, providers: Providers) -> None:
    providers[place.simulator].set_fault("context-length")

    with pytest.raises(caller.named("BadRequestError"), match="tokens"):
        caller.ask(place.model)


def test_an_unknown_model_is_not_found(caller: Caller, providers: Providers, streamed: bool) -> None:
    with pytest.raises(caller.named("NotFoundError"), match="no provider is configured"):
        caller.ask("no-such-model", streamed=streamed)

    assert not any(simulator.requests for simulator in providers.by_name.values())


def test_a_body_too_large_is_413(caller: Caller) -> None:
    with pytest.raises(caller.status_error, match="larger than") as caught:
        caller.ask("bee-model", "x" * (33 * 1024 * 1024))

    assert isinstance(caught.value, openai.APIStatusError | anthropic.APIStatusError)
    assert caught.value.status_code == 413


@pytest.mark.parametrize("model", ["ace-then-bee-model", "cat-then-dog-model", "ace-then-dog-model"])
@pytest.mark.parametrize(
    ("fault", "status", "error"), [("429", 429, "RateLimitError"), ("503", 503, "InternalServerError")]
)
def test_providers_that_are_all_out_of_order_raise_the_sdks_own_exception(
    caller: Caller, providers: Providers, model: str, fault: str, status: int, error: str, streamed: bool
) -> None:
    for simulator in providers.by_name.values():
        simulator.set_fault(fault)

    with pytest.raises(caller.named(error)) as caught:
        caller.ask(model, streamed=streamed)

    assert isinstance(caught.value, caller.status_error)
    assert caught.value.status_code == status
    assert isinstance(caught.value.body, dict), "the SDK found its own error object"


@pytest.mark.parametrize("sdk", CALLERS)
def test_an_sdk_that_retries_by_itself_does_not_begin_again_what_was_given_up(
    main: Sidecar, providers: Providers, sdk: str
) -> None:
    for simulator in providers.by_name.values():
        simulator.set_fault("503")

    with CALLERS[sdk](main.url, retries=2) as caller, pytest.raises(caller.named("InternalServerError")):
        caller.ask("ace-then-dog-model")

    assert [len(providers[name].requests) for name in ("ace", "dog")] == [1, 1]
