"""Azure's ways to the same endpoints, through the SDK's Azure client and raw."""

import asyncio
from collections.abc import Awaitable, Callable

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from openclaw_simulator import Simulator, serve
from tests.simulator.asking import Request, chat, client, events, send
from tests.simulator.openai_sdk import sdk

USER: ChatCompletionMessageParam = {"role": "user", "content": "hello you"}
DEPLOYED = "/openai/deployments/mine/chat/completions"
VERSION = "?api-version=2024-10-21"
KEY = {"api-key": "test"}


def run(test: Callable[[openai.AsyncAzureOpenAI], Awaitable[None]], key: str = "test") -> None:
    async def inside() -> None:
        async with serve("openai", "sim") as simulator:
            url = f"http://127.0.0.1:{simulator.port}"
            async with openai.AsyncAzureOpenAI(
                api_key=key, azure_endpoint=url, api_version="2024-10-21", max_retries=0
            ) as azure:
                await test(azure)

    asyncio.run(inside())


def test_the_deployment_is_the_model() -> None:
    async def test(azure: openai.AsyncAzureOpenAI) -> None:
        answer = await azure.chat.completions.create(model="mine", messages=[USER])
        vector = await azure.embeddings.create(model="mine", input="x")
        text = await azure.completions.create(model="mine", prompt="x")

        assert answer.choices[0].message.content == "Simulated answer from sim (mine): you said: hello you"
        assert answer.model == vector.model == text.model == "mine"

    run(test)


def test_what_names_no_deployment_has_its_model_in_the_body() -> None:
    async def test(azure: openai.AsyncAzureOpenAI) -> None:
        answer = await azure.responses.create(model="mine", input="hello you")

        assert answer.output_text == "Simulated answer from sim (mine): you said: hello you"
        assert [model.id async for model in azure.models.list()]

    run(test)


def test_a_stream_begins_with_what_the_filters_found() -> None:
    async def test(azure: openai.AsyncAzureOpenAI) -> None:
        stream = await azure.chat.completions.create(model="mine", messages=[USER], stream=True)
        first, second, *_ = [chunk async for chunk in stream]

        assert (first.choices, first.id, first.model) == ([], "", "")
        assert "prompt_filter_results" in (first.model_extra or {})
        assert second.choices[0].delta.role == "assistant"

    run(test)


def test_a_bad_key_and_an_unknown_deployment_are_typed() -> None:
    async def test(azure: openai.AsyncAzureOpenAI) -> None:
        with pytest.raises(openai.NotFoundError) as raised:
            await azure.chat.completions.create(model="unknown", messages=[USER])
        with pytest.raises(openai.RateLimitError) as limited:
            await azure.chat.completions.create(model="mine@fault-429", messages=[USER])

        assert raised.value.code == "DeploymentNotFound"
        assert limited.value.code == "429"

    async def bad(azure: openai.AsyncAzureOpenAI) -> None:
        with pytest.raises(openai.AuthenticationError):
            await azure.chat.completions.create(model="mine", messages=[USER])

    run(test)
    run(bad, "bad-key")


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        (DEPLOYED + VERSION, KEY, 200, None),
        (DEPLOYED + VERSION, {"authorization": "Bearer test"}, 401, "401"),
        (DEPLOYED, KEY, 404, "404"),
        (DEPLOYED, {}, 401, "401"),
        ("/openai/v1/chat/completions", KEY, 200, None),
        ("/openai/v1/chat/completions", {"authorization": "Bearer test"}, 200, None),
        ("/openai/v1/chat/completions", {}, 401, "401"),
        ("/v1/chat/completions", KEY, 401, None),
        ("/openai/deployments/mine/audio/speech" + VERSION, KEY, 200, None),
        ("/openai/v1/batches", KEY, 200, None),
        ("/openai/threads" + VERSION, KEY, 200, None),
        ("/openai/threads", KEY, 404, "404"),
    ],
)
def test_keys_and_versions(path: str, headers: dict[str, str], status: int, code: str | None) -> None:
    async def inside() -> None:
        async with serve("openai") as simulator:
            answer = await send(simulator, Request(path, chat("openai").body, headers))

            assert answer.status_code == status
            if code:
                assert answer.json()["error"].keys() == {"code", "message"}
                assert answer.json()["error"]["code"] == code

    asyncio.run(inside())


def test_a_deployment_wants_no_model_in_the_body() -> None:
    async def inside(simulator: Simulator) -> None:
        body = {"messages": [{"role": "user", "content": "x"}], "stream": True}
        answer = await send(simulator, Request(DEPLOYED + VERSION, body, KEY))  # type: ignore[arg-type]  # it is JSON
        refused = await send(simulator, Request("/openai/v1/chat/completions", body, KEY))  # type: ignore[arg-type]  # it is JSON

        assert (answer.status_code, events(answer)[-1]) == (200, "[DONE]")
        assert refused.json()["error"]["param"] == "model"

    async def served() -> None:
        async with serve("openai") as simulator:
            await inside(simulator)

    asyncio.run(served())


def test_the_plain_client_takes_the_v1_way() -> None:
    async def inside() -> None:
        async with sdk(prefix="/openai/v1") as plain:
            answer = await plain.responses.create(model="mine", input="hello you")
            page = [model.id async for model in plain.models.list()]

        assert "sim (mine)" in answer.output_text
        assert page

    asyncio.run(inside())


def test_models_are_listed_for_keys_only() -> None:
    async def inside() -> None:
        async with serve("openai") as simulator, client(simulator) as http:
            assert (await http.get("/openai/v1/models")).status_code == 401
            assert (await http.get("/openai/models" + VERSION, headers=KEY)).json()["object"] == "list"

    asyncio.run(inside())
