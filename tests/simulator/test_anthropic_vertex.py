"""Claude on Vertex AI, with the real SDK and by hand."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import anthropic
import pytest
from anthropic.lib.vertex import AsyncAnthropicVertex
from anthropic.types import MessageParam

from openclaw_simulator import serve
from openclaw_simulator.reading import Json
from tests.simulator.asking import Request, chat, send

USER: MessageParam = {"role": "user", "content": "hello you"}
VERTEX = "/v1/projects/p/locations/l/publishers/anthropic/models"
VERSION = "vertex-2023-10-16"


def refuse(request: Request) -> tuple[int, str]:
    async def inside() -> tuple[int, str]:
        async with serve("anthropic") as simulator:
            response = await send(simulator, request)
            return response.status_code, response.text

    return asyncio.run(inside())


def changed(**change: Json) -> Request:
    request = chat("anthropic")
    return replace(request, body=request.body | change)


def on_vertex(test: Callable[[AsyncAnthropicVertex], Awaitable[None]], key: str = "test") -> None:
    async def inside() -> None:
        async with serve("anthropic", "sim") as simulator:
            client = AsyncAnthropicVertex(
                region="l",
                project_id="p",
                access_token=key,
                base_url=f"http://127.0.0.1:{simulator.port}/v1",
                max_retries=0,
                _strict_response_validation=True,
            )
            async with client:
                await test(client)

    asyncio.run(inside())


def test_vertex_answers_whole_and_streamed() -> None:
    async def test(client: AsyncAnthropicVertex) -> None:
        whole = await client.messages.create(model="claude-sonnet-4@20250514", max_tokens=99, messages=[USER])
        async with client.messages.stream(model="claude", max_tokens=99, messages=[USER]) as stream:
            streamed = await stream.get_final_message()

        assert whole.model == "claude-sonnet-4@20250514"
        assert streamed.content[0].type == "text"
        assert streamed.content[0].text == "Simulated answer from sim (claude): you said: hello you"

    on_vertex(test)


def test_vertex_counts_tokens() -> None:
    async def test(client: AsyncAnthropicVertex) -> None:
        assert (await client.messages.count_tokens(model="claude", messages=[USER])).input_tokens == 2

    on_vertex(test)


def test_vertex_faults_are_named_by_the_model_in_the_path() -> None:
    async def test(client: AsyncAnthropicVertex) -> None:
        with pytest.raises(anthropic.InternalServerError, match="Overloaded"):
            await client.messages.create(model="c@fault-529", max_tokens=9, messages=[USER])
        with pytest.raises(anthropic.RateLimitError) as raised:
            await client.messages.create(model="c@fault-429", max_tokens=9, messages=[USER])
        assert raised.value.response.json()["error"]["status"] == "RESOURCE_EXHAUSTED"
        with pytest.raises(anthropic.NotFoundError, match="projects/p/locations/l/publishers/anthropic/models/unknown"):
            await client.messages.create(model="unknown", max_tokens=9, messages=[USER])

    on_vertex(test)


def test_vertex_refuses_a_bad_token() -> None:
    async def test(client: AsyncAnthropicVertex) -> None:
        with pytest.raises(anthropic.AuthenticationError, match="UNAUTHENTICATED"):
            await client.messages.create(model="c", max_tokens=9, messages=[USER])

    on_vertex(test, key="bad")


BODY: dict[str, Json] = {
    "anthropic_version": VERSION,
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "x"}],
}
TOKEN = {"authorization": "Bearer test"}
WRONG_ON_VERTEX: dict[str, tuple[str, dict[str, Json], str]] = {
    "model in the body": ("rawPredict", BODY | {"model": "c"}, "model: Extra inputs are not permitted"),
    "no version": (
        "rawPredict",
        {"max_tokens": 9, "messages": BODY["messages"]},
        "anthropic_version: Field required",
    ),
    "version of the header": (
        "rawPredict",
        BODY | {"anthropic_version": "2023-06-01"},
        "anthropic_version: Input should be 'vertex-2023-10-16'",
    ),
    "stream of the wrong method": ("rawPredict", BODY | {"stream": True}, "should agree with the method"),
    "no stream": ("streamRawPredict", BODY, "should agree with the method"),
}


@pytest.mark.parametrize("name", WRONG_ON_VERTEX)
def test_a_body_that_is_none_of_vertex_is_refused(name: str) -> None:
    method, body, said = WRONG_ON_VERTEX[name]

    status, text = refuse(Request(f"{VERTEX}/claude:{method}", body, TOKEN))

    assert status == 400
    assert said in text
    assert json.loads(text)["type"] == "error"


def test_a_version_in_the_body_is_only_for_vertex() -> None:
    assert "anthropic_version: Extra inputs" in refuse(changed(anthropic_version=VERSION))[1]


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "test"}, {"x-goog-api-key": "test"}])
def test_vertex_wants_a_token(headers: dict[str, str]) -> None:
    status, text = refuse(Request(f"{VERTEX}/claude:rawPredict", BODY, headers))

    assert status == 401
    assert json.loads(text)["error"]["status"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("version", [VERSION, "2026-10-21"])
def test_the_documented_version_and_that_of_the_sdk_are_good(version: str) -> None:
    body = BODY | {"anthropic_version": version}

    assert refuse(Request(f"{VERTEX}/claude:rawPredict", body, TOKEN))[0] == 200
