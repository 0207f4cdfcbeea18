"""The real SDK against the Gemini-shaped simulator, with an API key and on Vertex AI."""
# The SDK's types name PIL, which is not here.
# pyright: reportUnknownMemberType=false

import asyncio
import base64
from collections.abc import Awaitable, Callable

import google.genai as genai
import pytest
from google.auth.credentials import Credentials
from google.genai import errors, types

from openclaw_simulator import serve
from tests.simulator.asking import client as connections

WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="get_weather",
            parameters=types.Schema(
                type=types.Type.OBJECT, properties={"city": types.Schema(type=types.Type.STRING)}, required=["city"]
            ),
        )
    ]
)


class Fixed(Credentials):
    """Credentials that are good for ever, or bad."""

    def __init__(self, token: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # google-auth ships no types
        self.token = token

    def refresh(self, request: object) -> None:  # noqa: ARG002  # the name is google-auth's
        raise AssertionError("they never expire")


def run(
    test: Callable[[genai.Client], Awaitable[None]],
    *,
    vertex: bool = False,
    key: str = "test",
    api_version: str | None = None,
) -> None:
    async def inside() -> None:
        async with serve("gemini", "sim") as simulator, connections(simulator) as open_connections:
            http = types.HttpOptions(
                base_url=f"http://127.0.0.1:{simulator.port}",
                api_version=api_version,
                httpx_async_client=open_connections,  # else it takes aiohttp, in a way that aiohttp warns of
            )
            client = (
                genai.Client(vertexai=True, project="p", location="l", credentials=Fixed(key), http_options=http)
                if vertex
                else genai.Client(api_key=key, http_options=http)
            )
            try:
                await test(client)
            finally:
                await client.aio.aclose()
                client.close()

    asyncio.run(inside())


WAYS = [
    pytest.param(False, None, id="v1beta"),
    pytest.param(False, "v1", id="v1"),
    pytest.param(True, None, id="vertex v1beta1"),
    pytest.param(True, "v1", id="vertex v1"),
]


@pytest.mark.parametrize(("vertex", "version"), WAYS)
def test_an_answer_whole_and_streamed(vertex: bool, version: str | None) -> None:
    async def test(client: genai.Client) -> None:
        whole = await client.aio.models.generate_content(model="gemini-2.5-flash", contents="hello you")
        stream = await client.aio.models.generate_content_stream(model="gemini-2.5-flash", contents="hello you")
        words = [chunk.text or "" async for chunk in stream]

        assert whole.text == "Simulated answer from sim (gemini-2.5-flash): you said: hello you"
        assert "".join(words) == whole.text
        assert len(words) == 10

    run(test, vertex=vertex, api_version=version)


@pytest.mark.parametrize("vertex", [False, True])
@pytest.mark.parametrize("model", ["gemini-2.5-flash", "gemini-3-pro-preview"])
def test_a_tool_loop_carries_its_signature(vertex: bool, model: str) -> None:
    async def test(client: genai.Client) -> None:
        chat = client.aio.chats.create(
            model=model,
            config=types.GenerateContentConfig(
                tools=[WEATHER],
                automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            ),
        )
        first = await chat.send_message("the weather, in parallel: Paris and Oslo")
        assert first.candidates is not None
        content = first.candidates[0].content
        assert content is not None
        assert content.parts is not None
        assert [part.thought_signature is not None for part in content.parts] == [True, False]
        results = [types.Part.from_function_response(name="get_weather", response={"result": "20"})] * 2
        second = await chat.send_message(results)

        assert "the tool said: 20; 20" in (second.text or "")

    run(test, vertex=vertex)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_thought_is_shown_counted_apart_and_the_text_signed(streamed: bool) -> None:
    async def test(client: genai.Client) -> None:
        config = types.GenerateContentConfig(
            thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
        )
        if streamed:
            stream = await client.aio.models.generate_content_stream(model="m", contents="hello", config=config)
            chunks = [chunk async for chunk in stream]
        else:
            chunks = [await client.aio.models.generate_content(model="m", contents="hello", config=config)]
        parts = [part for chunk in chunks for part in chunk.parts or []]
        usage = chunks[-1].usage_metadata

        assert parts[0].thought is True
        assert "".join(part.text or "" for part in parts if not part.thought).startswith("Simulated answer")
        assert parts[-1].thought_signature
        assert usage is not None
        assert (usage.prompt_token_count, usage.candidates_token_count) == (1, 8)
        assert usage.thoughts_token_count
        assert usage.total_token_count == 9 + usage.thoughts_token_count

    run(test)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_thought_that_is_not_shown_is_counted_all_the_same(streamed: bool) -> None:
    async def test(client: genai.Client) -> None:
        config = types.GenerateContentConfig(
            thinking_config=types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW)
        )
        if streamed:
            stream = await client.aio.models.generate_content_stream(model="m", contents="hello", config=config)
            chunks = [chunk async for chunk in stream]
        else:
            chunks = [await client.aio.models.generate_content(model="m", contents="hello", config=config)]

        assert all(not part.thought for chunk in chunks for part in chunk.parts or [])
        assert chunks[-1].usage_metadata is not None
        assert chunks[-1].usage_metadata.thoughts_token_count

    run(test)


def test_structured_output_fits_the_schema() -> None:
    async def test(client: genai.Client) -> None:
        own = types.Schema(
            type=types.Type.OBJECT,
            properties={
                "x": types.Schema(type=types.Type.INTEGER, minimum=5),
                "names": types.Schema(
                    type=types.Type.ARRAY, items=types.Schema(type=types.Type.STRING, max_length=3), min_items=2
                ),
            },
            required=["x", "names"],
        )
        first = await client.aio.models.generate_content(
            model="m",
            contents="hello",
            config=types.GenerateContentConfig(response_mime_type="application/json", response_schema=own),
        )
        full = {
            "$defs": {"Colour": {"type": "string", "enum": ["red", "green"]}},
            "type": "object",
            "properties": {"colour": {"$ref": "#/$defs/Colour"}},
            "required": ["colour"],
        }
        second = await client.aio.models.generate_content(
            model="m",
            contents="hello",
            config=types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=full),
        )

        assert first.text == '{"x": 5, "names": ["sim", "sim"]}'
        assert second.text == '{"colour": "red"}'

    run(test)


@pytest.mark.parametrize("streamed", [False, True])
def test_log_probabilities_come_for_each_word(streamed: bool) -> None:
    async def test(client: genai.Client) -> None:
        config = types.GenerateContentConfig(response_logprobs=True, logprobs=2, seed=7, presence_penalty=-2)
        if streamed:
            stream = await client.aio.models.generate_content_stream(model="m", contents="hello", config=config)
            chunks = [chunk async for chunk in stream]
        else:
            chunks = [await client.aio.models.generate_content(model="m", contents="hello", config=config)]
        results = [
            candidate.logprobs_result
            for chunk in chunks
            for candidate in chunk.candidates or []
            if candidate.logprobs_result
        ]
        chosen = [one.token or "" for result in results for one in result.chosen_candidates or []]
        tops = [top for result in results for top in result.top_candidates or []]

        assert "".join(chosen) == "Simulated answer from sim (m): you said: hello"
        assert [len(top.candidates or []) for top in tops] == [2] * len(chosen)

    run(test)


@pytest.mark.parametrize("mime", ["audio/wav", "video/mp4", "application/pdf", "text/csv"])
@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_image_is_told_about(mime: str, linked: bool) -> None:
    async def test(client: genai.Client) -> None:
        part = (
            types.Part.from_uri(file_uri="https://example.com/x", mime_type=mime)
            if linked
            else types.Part.from_bytes(data=b"x", mime_type=mime)
        )
        answer = await client.aio.models.generate_content(model="m", contents=[part, "what is this"])

        assert (answer.text or "").endswith(f"you said: what is this [{mime}]")

    run(test)


@pytest.mark.parametrize("vertex", [False, True])
def test_tokens_are_counted(vertex: bool) -> None:
    async def test(client: genai.Client) -> None:
        counted = await client.aio.models.count_tokens(model="gemini-2.5-flash", contents="one two three")

        assert counted.total_tokens == 3

    run(test, vertex=vertex)


def test_vectors_are_the_same_for_the_same_text_and_as_long_as_asked() -> None:
    async def test(client: genai.Client) -> None:
        made = await client.aio.models.embed_content(
            model="gemini-embedding-001",
            contents=["one", "two", "one"],
            config=types.EmbedContentConfig(output_dimensionality=5, task_type="RETRIEVAL_QUERY"),
        )
        plain = await client.aio.models.embed_content(model="gemini-embedding-001", contents="one")

        assert made.embeddings is not None
        first, second, third = (embedding.values or [] for embedding in made.embeddings)
        assert first == third != second
        assert len(first) == 5
        assert sum(number**2 for number in first) == pytest.approx(1)
        assert plain.embeddings is not None
        assert len(plain.embeddings[0].values or []) == 3072

    run(test)


def test_models_are_listed_and_found() -> None:
    async def test(client: genai.Client) -> None:
        listed = [model.name async for model in await client.aio.models.list()]
        found = await client.aio.models.get(model="gemini-2.5-pro")

        assert "models/gemini-2.5-pro" in listed
        assert found.name == "models/gemini-2.5-pro"
        with pytest.raises(errors.ClientError, match="NOT_FOUND"):
            await client.aio.models.get(model="gpt-4o")

    run(test)


@pytest.mark.parametrize("vertex", [False, True])
def test_errors_are_typed(vertex: bool) -> None:
    async def test(client: genai.Client) -> None:
        for model, error in (
            ("unknown-model", errors.ClientError),
            ("m@fault-429", errors.ClientError),
            ("m@fault-503", errors.ServerError),
        ):
            with pytest.raises(error):
                await client.aio.models.generate_content(model=model, contents="hello")

    run(test, vertex=vertex)


def test_vertex_refuses_a_bad_token() -> None:
    async def test(client: genai.Client) -> None:
        with pytest.raises(errors.ClientError, match="UNAUTHENTICATED"):
            await client.aio.models.generate_content(model="m", contents="hello")

    run(test, vertex=True, key="bad")


def test_the_dummy_of_the_documentation_must_not_be_put_into_base64() -> None:
    """The SDK takes bytes and writes base64: given the dummy itself it sends another one, which is refused."""
    dummy = b"skip_thought_signature_validator"
    call = types.FunctionCall(name="f", args={})

    async def test(client: genai.Client) -> None:
        async def send(signature: bytes) -> None:
            await client.aio.models.generate_content(
                model="gemini-3-pro",
                contents=[
                    types.UserContent("go"),
                    types.ModelContent([types.Part(function_call=call, thought_signature=signature)]),
                    types.UserContent([types.Part.from_function_response(name="f", response={})]),
                ],
            )

        await send(base64.urlsafe_b64decode(dummy))
        with pytest.raises(errors.ClientError, match="Thought signature is not valid"):
            await send(dummy)

    run(test)
