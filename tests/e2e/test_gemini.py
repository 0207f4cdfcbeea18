"""Google's official SDK, unchanged, against providers of all formats, and the two others against a Gemini provider."""

import base64
import json
from collections.abc import Iterator

import anthropic
import openai
import pytest
from google.genai import errors, types
from openai.types.chat import ChatCompletionMessageParam
from openai.types.chat.chat_completion import Choice

from openclaw_simulator import Record
from tests.e2e.callers import OURS, Caller, GeminiCaller, gathered, parts_of, said
from tests.e2e.harness import Providers, Sidecar
from tests.e2e.test_sdks import ANTHROPIC_TOOLS, CITIES, CITY, OPENAI_TOOLS, PNG, WEATHER
from tests.e2e.world import PLACES, Place

ELK = PLACES["gemini-3-elk"]
EACH_SHAPE = {"at-openai": PLACES["bee"], "at-anthropic": PLACES["dog"], "at-gemini": ELK}
FOREIGN = {name: place for name, place in EACH_SHAPE.items() if place is not ELK}

HELLO = types.UserContent("hello you")

each_provider = pytest.mark.parametrize("place", EACH_SHAPE.values(), ids=EACH_SHAPE)
each_foreign_provider = pytest.mark.parametrize("place", FOREIGN.values(), ids=FOREIGN)

GOOGLES_SCHEMA = types.FunctionDeclaration(
    name="get_weather",
    description="Now",
    parameters=types.Schema(
        type=types.Type.OBJECT, properties={"city": types.Schema(type=types.Type.STRING)}, required=["city"]
    ),
)
JSON_SCHEMA = types.FunctionDeclaration(name="get_weather", description="Now", parameters_json_schema=CITY)


def with_tool(declared: types.FunctionDeclaration) -> types.GenerateContentConfig:
    return types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declared])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        max_output_tokens=100,
    )


@pytest.fixture(scope="module")
def google(main: Sidecar) -> Iterator[GeminiCaller]:
    """One for all tests: an SDK takes its time to start."""
    with GeminiCaller(main.url) as made:
        yield made


@pytest.fixture(scope="module")
def chatgpt(main: Sidecar) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{main.url}/openai/v1", api_key=OURS, max_retries=0) as sdk:
        yield sdk


@pytest.fixture(scope="module")
def claude(main: Sidecar) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=f"{main.url}/anthropic", api_key=OURS, max_retries=0) as sdk:
        yield sdk


def one(records: tuple[Record, ...]) -> Record:
    assert len(records) == 1
    return records[0]


# --- Google's SDK, everywhere ---


@each_provider
def test_an_answer_is_whole_and_counted(google: GeminiCaller, place: Place, streamed: bool) -> None:
    answer = google.ask(place.model, streamed=streamed)

    assert (answer.text, answer.stop, answer.model) == (said(place.simulator, place.model), "end", place.model)
    assert (answer.input_tokens, answer.output_tokens) == (2, 9)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["x-openclaw-provider"] == place.name
    assert headers["x-openclaw-attempts"] == "1"


@each_provider
def test_a_stream_comes_in_pieces_with_one_end(google: GeminiCaller, place: Place) -> None:
    chunks = google.chunks(place.model, HELLO, streamed=True)

    assert len([chunk for chunk in chunks if chunk.text]) > 1
    ends = [one.finish_reason for chunk in chunks for one in chunk.candidates or [] if one.finish_reason]
    assert ends == [types.FinishReason.STOP]
    assert len({chunk.response_id for chunk in chunks}) == 1
    counted = chunks[-1].usage_metadata
    assert counted is not None
    assert counted.total_token_count == 11


@each_provider
def test_the_limit_of_tokens_is_kept_and_named_as_the_reason(
    google: GeminiCaller, place: Place, streamed: bool
) -> None:
    answer = google.ask(place.model, streamed=streamed, limit=2)

    assert (answer.text, answer.stop, answer.output_tokens) == ("Simulated answer", "length", 2)


@each_provider
def test_a_stop_sequence_ends_the_answer(google: GeminiCaller, place: Place) -> None:
    config = types.GenerateContentConfig(stop_sequences=[" from"], max_output_tokens=100)

    answer = gathered(google.chunks(place.model, HELLO, config=config))

    assert (answer.text, answer.stop) == ("Simulated answer", "end")


@each_provider
def test_a_refusal_is_named_as_one(google: GeminiCaller, place: Place, providers: Providers, streamed: bool) -> None:
    providers[place.simulator].set_fault("content-filter")

    chunks = google.chunks(place.model, HELLO, streamed=streamed)

    ends = [one.finish_reason for chunk in chunks for one in chunk.candidates or [] if one.finish_reason]
    assert ends == [types.FinishReason.SAFETY]
    assert gathered(chunks).text == ""


@each_provider
def test_a_system_prompt_and_the_settings_arrive(google: GeminiCaller, place: Place, providers: Providers) -> None:
    config = types.GenerateContentConfig(
        system_instruction="Be short.", temperature=0.5, top_p=0.9, max_output_tokens=50
    )

    answer = gathered(google.chunks(place.model, HELLO, config=config))

    sent = json.loads(one(providers[place.simulator].requests).body or "")
    settings = sent.get("generationConfig", sent)
    assert settings["temperature"] == 0.5
    assert settings.get("topP", settings.get("top_p")) == 0.9
    assert 50 in settings.values()
    assert "Be short." in json.dumps(sent)
    assert answer.input_tokens == 4


@each_provider
@pytest.mark.parametrize("tool", [GOOGLES_SCHEMA, JSON_SCHEMA], ids=["googles-schema", "json-schema"])
@pytest.mark.parametrize("by_id", [False, True], ids=["by-name", "by-id"])
def test_tools_are_called_in_parallel_and_hear_of_their_results(
    google: GeminiCaller, place: Place, tool: types.FunctionDeclaration, by_id: bool, streamed: bool
) -> None:
    """Results belong to their calls by id, in any order, or by name, in the order of the calls."""
    config = with_tool(tool)
    asked = types.UserContent(WEATHER)
    first = google.chunks(place.model, asked, config=config, streamed=streamed)
    kept = [part for part in parts_of(first) if part.function_call]
    calls = [part.function_call for part in kept if part.function_call]
    results = [
        types.Part(
            function_response=types.FunctionResponse(
                id=call.id if by_id else None, name=call.name, response={"result": f"{n} degrees"}
            )
        )
        for n, call in enumerate(calls)
    ]
    second = gathered(
        google.chunks(place.model, asked, types.ModelContent(kept), types.UserContent(results), config=config)
    )

    assert gathered(first).stop == "end", "Gemini has no word of its own for calls"
    assert [(call.name, call.args) for call in calls] == [("get_weather", city) for city in CITIES]
    assert len({call.id for call in calls}) == len(CITIES)
    assert "the tool said: 0 degrees; 1 degrees" in second.text
    assert second.stop == "end"


@each_foreign_provider
def test_results_in_another_order_find_their_calls(google: GeminiCaller, place: Place, providers: Providers) -> None:
    config = with_tool(GOOGLES_SCHEMA)
    calls = [types.FunctionCall(id=f"id-{n}", name="get_weather", args=city) for n, city in enumerate(CITIES)]
    results = [
        types.FunctionResponse(id=f"id-{n}", name="get_weather", response={"result": f"{n} degrees"}) for n in (1, 0)
    ]
    turns: list[types.Content] = [
        types.UserContent(WEATHER),
        types.ModelContent([types.Part(function_call=call) for call in calls]),
        types.UserContent([types.Part(function_response=result) for result in results]),
    ]

    google.chunks(place.model, *turns, config=config)

    messages = json.loads(one(providers[place.simulator].requests).body or "")["messages"]
    told = messages[-1]["content"] if place.shape == "anthropic" else messages[-2:]
    assert {
        (result.get("tool_use_id") or result["tool_call_id"]): str(result["content"]).count("0 degrees")
        for result in told
    } == {"id-0": 1, "id-1": 0}


@each_foreign_provider
def test_the_sdk_runs_functions_by_itself(google: GeminiCaller, place: Place, streamed: bool) -> None:
    """Of a stream the SDK keeps each chunk as a turn, which Google itself refuses after parallel calls."""

    def get_weather(city: str) -> str:
        return f"{city} is warm"

    chat = google.sdk.chats.create(model=place.model, config=types.GenerateContentConfig(tools=[get_weather]))
    say, say_streamed = chat.send_message, chat.send_message_stream  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # their types name PIL, which is not here
    first = gathered(list(say_streamed(WEATHER)) if streamed else [say(WEATHER)])
    second = gathered([say("thank you")])

    assert "the tool said: Paris is warm; Oslo is warm" in first.text
    assert second.text == said(place.simulator, place.model, "thank you")


@each_provider
def test_an_image_arrives_inline(google: GeminiCaller, place: Place, streamed: bool) -> None:
    """The bytes have `-` and `_` in the SDK's alphabet of base64, which only Google reads."""
    picture = base64.b64decode(PNG) + b"\xfb\xff\xbe\xff"
    content = types.UserContent(["what is this", types.Part.from_bytes(data=picture, mime_type="image/png")])

    answer = gathered(google.chunks(place.model, content, streamed=streamed))

    assert f"I see 1 image (image/png, {len(picture)} bytes)" in answer.text


@each_provider
@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_providers_refusal_is_a_client_error(
    google: GeminiCaller, place: Place, providers: Providers, status: int, streamed: bool
) -> None:
    providers[place.simulator].set_fault(str(status))

    with pytest.raises(errors.ClientError) as caught:
        google.ask(place.model, streamed=streamed)

    assert caught.value.code == status
    assert caught.value.status == {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}[status]
    assert caught.value.message
    assert one(providers[place.simulator].requests).status == status


def test_an_unknown_model_is_not_found(google: GeminiCaller, providers: Providers, streamed: bool) -> None:
    with pytest.raises(errors.ClientError, match="no provider is configured") as caught:
        google.ask("no-such-model", streamed=streamed)

    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")
    assert not any(simulator.requests for simulator in providers.by_name.values())


def test_a_request_nobody_can_read_is_a_client_error(google: GeminiCaller, providers: Providers) -> None:
    with pytest.raises(errors.ClientError, match="unknown role") as caught:
        google.chunks("bee-model", types.Content(role="nobody", parts=[types.Part(text="hello you")]))

    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    assert not providers["bee"].requests


@each_foreign_provider
def test_what_only_google_can_do_is_refused_by_name(google: GeminiCaller, place: Place, providers: Providers) -> None:
    config = types.GenerateContentConfig(cached_content="cachedContents/1")

    with pytest.raises(errors.ClientError, match="cachedContent") as caught:
        google.chunks(place.model, HELLO, config=config)

    assert caught.value.code == 400
    assert not providers[place.simulator].requests


def test_a_body_too_large_is_413(google: GeminiCaller) -> None:
    with pytest.raises(errors.ClientError, match="larger than") as caught:
        google.ask("bee-model", "x" * (33 * 1024 * 1024))

    assert caught.value.code == 413


# --- the other SDKs, at a Gemini provider ---


def test_other_sdks_get_an_answer_that_is_whole_and_counted(
    caller: Caller, providers: Providers, streamed: bool
) -> None:
    answer = caller.ask(ELK.model, streamed=streamed)

    assert (answer.text, answer.stop, answer.model) == (said("elk", ELK.model), "end", ELK.model)
    assert (answer.input_tokens, answer.output_tokens) == (2, 9)
    assert answer.headers["x-openclaw-provider"] == ELK.name
    record = one(providers["elk"].requests)
    method = "streamGenerateContent" if streamed else "generateContent"
    assert record.path == f"/v1beta/models/{ELK.model}:{method}"
    assert record.query == ({"alt": "sse"} if streamed else {})
    assert record.headers["x-goog-api-key"] == ELK.key
    assert not {"authorization", "x-api-key", "anthropic-version"} & set(record.headers)


def test_other_sdks_hear_of_the_limit_of_tokens(caller: Caller, streamed: bool) -> None:
    answer = caller.ask(ELK.model, streamed=streamed, limit=2)

    assert (answer.text, answer.stop, answer.output_tokens) == ("Simulated answer", "length", 2)


@pytest.mark.parametrize(("status", "error"), [(400, "BadRequestError"), (404, "NotFoundError")])
def test_geminis_refusal_is_raised_as_the_sdks_own_exception(
    caller: Caller, providers: Providers, status: int, error: str, streamed: bool
) -> None:
    providers["elk"].set_fault(str(status))

    with pytest.raises(caller.named(error), match="invalid argument" if status == 400 else ELK.model):
        caller.ask(ELK.model, streamed=streamed)


def test_openai_calls_geminis_tools_in_parallel(chatgpt: openai.OpenAI, streamed: bool) -> None:
    asked: list[ChatCompletionMessageParam] = [{"role": "user", "content": WEATHER}]
    if streamed:
        with chatgpt.chat.completions.stream(model=ELK.model, messages=asked, tools=OPENAI_TOOLS) as stream:
            first: Choice = stream.get_final_completion().choices[0]
    else:
        first = chatgpt.chat.completions.create(model=ELK.model, messages=asked, tools=OPENAI_TOOLS).choices[0]
    calls = [call for call in first.message.tool_calls or [] if call.type == "function"]
    kept: ChatCompletionMessageParam = {
        "role": "assistant",
        "tool_calls": [
            {"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": c.function.arguments}}
            for c in calls
        ],
    }
    results: list[ChatCompletionMessageParam] = [
        {"role": "tool", "tool_call_id": call.id, "content": f"{n} degrees"} for n, call in enumerate(calls)
    ]
    second = chatgpt.chat.completions.create(
        model=ELK.model, messages=[*asked, kept, *reversed(results)], tools=OPENAI_TOOLS
    ).choices[0]

    assert first.finish_reason == "tool_calls"
    assert [json.loads(call.function.arguments) for call in calls] == CITIES
    assert len({call.id for call in calls}) == len(CITIES)
    assert "the tool said: 0 degrees; 1 degrees" in (second.message.content or "")
    assert second.finish_reason == "stop"


def test_anthropic_calls_geminis_tools_in_parallel(claude: anthropic.Anthropic, streamed: bool) -> None:
    asked: anthropic.types.MessageParam = {"role": "user", "content": WEATHER}
    if streamed:
        with claude.messages.stream(model=ELK.model, max_tokens=100, messages=[asked], tools=ANTHROPIC_TOOLS) as stream:
            first: anthropic.types.Message = stream.get_final_message()
    else:
        first = claude.messages.create(model=ELK.model, max_tokens=100, messages=[asked], tools=ANTHROPIC_TOOLS)
    calls = [block for block in first.content if block.type == "tool_use"]
    kept: anthropic.types.MessageParam = {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.input} for c in calls],
    }
    results: list[anthropic.types.ToolResultBlockParam] = [
        {"type": "tool_result", "tool_use_id": call.id, "content": f"{n} degrees"} for n, call in enumerate(calls)
    ]
    second = claude.messages.create(
        model=ELK.model,
        max_tokens=100,
        tools=ANTHROPIC_TOOLS,
        messages=[asked, kept, {"role": "user", "content": [*reversed(results)]}],
    )

    assert first.stop_reason == "tool_use"
    assert [call.input for call in calls] == CITIES
    assert len({call.id for call in calls}) == len(CITIES)
    assert "the tool said: 0 degrees; 1 degrees" in "".join(b.text for b in second.content if b.type == "text")
    assert second.stop_reason == "end_turn"


def test_other_sdks_images_arrive_at_gemini(chatgpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    asked_openai = chatgpt.chat.completions.create(
        model=ELK.model,
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
    asked_anthropic = claude.messages.create(
        model=ELK.model,
        max_tokens=100,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "what is this"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                ],
            }
        ],
    )

    seen = "I see 1 image (image/png, 70 bytes)"
    assert seen in (asked_openai.choices[0].message.content or "")
    assert seen in "".join(block.text for block in asked_anthropic.content if block.type == "text")
