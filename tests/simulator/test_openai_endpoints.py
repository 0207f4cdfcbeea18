"""Embeddings, legacy completions, models, files, and what else is under /v1, through the real SDK."""

import asyncio
import json
import math

import aiohttp
import openai
import pytest
from openai.types import Completion

from openclaw_simulator import serve
from tests.simulator.asking import KEYS, client
from tests.simulator.openai_sdk import run

# --- embeddings ---


def test_the_same_text_has_the_same_vector_in_either_encoding() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        model = "text-embedding-3-small"
        floats = await client.embeddings.create(model=model, input=["a b", "c"], encoding_format="float")
        packed = await client.embeddings.create(model=model, input="a b", encoding_format="base64")
        usual = await client.embeddings.create(model=model, input="a b")

        one, other = (item.embedding for item in floats.data)
        assert [item.index for item in floats.data] == [0, 1]
        assert len(one) == 1536
        assert math.hypot(*one) == pytest.approx(1)
        assert one != other
        assert isinstance(packed.data[0].embedding, str)
        assert usual.data[0].embedding == pytest.approx(one, rel=1e-5)
        assert (floats.usage.prompt_tokens, floats.usage.total_tokens) == (3, 3)

    run(test)


def test_tokens_are_embedded_and_dimensions_kept() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        one = await client.embeddings.create(model="text-embedding-3-large", input=[1, 2, 3], dimensions=8)
        two = await client.embeddings.create(model="text-embedding-3-large", input=[[1, 2, 3], [4]])

        assert [len(item.embedding) for item in one.data] == [8]
        assert [len(item.embedding) for item in two.data] == [3072, 3072]
        assert one.usage.prompt_tokens == 3

    run(test)


def test_an_embedding_fails_like_a_chat() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.RateLimitError):
            await client.embeddings.create(model="fault-429", input="x")
        with pytest.raises(openai.NotFoundError):
            await client.embeddings.create(model="unknown", input="x")

    run(test)


# --- legacy completions ---


def test_a_prompt_is_completed() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        answer = await client.completions.create(model="m", prompt="hello you", stop="you said", n=2, echo=True)
        short = await client.completions.create(model="m", prompt=[1, 2], max_tokens=2)

        assert [choice.text for choice in answer.choices] == ["hello youSimulated answer from sim (m): "] * 2
        assert (short.choices[0].text, short.choices[0].finish_reason) == ("Simulated answer", "length")
        long = await client.completions.create(model="m", prompt="a b c d e f g h i j k l m n o p q r s t")
        assert long.usage is not None
        assert (long.choices[0].finish_reason, long.usage.completion_tokens) == ("length", 16)
        assert short.usage is not None
        assert (short.usage.prompt_tokens, short.usage.completion_tokens) == (2, 2)

    run(test)


@pytest.mark.parametrize("counts", [True, False])
def test_a_streamed_completion_has_usage_only_when_asked(counts: bool) -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        stream = await client.completions.create(
            model="m",
            prompt="hello",
            stream=True,
            stream_options={"include_usage": True} if counts else openai.omit,
        )
        seen: list[Completion] = [chunk async for chunk in stream]

        words = [choice.text for chunk in seen for choice in chunk.choices]
        assert "".join(words) == "Simulated answer from sim (m): you said: hello"
        assert [chunk.usage is not None for chunk in seen] == [False] * (len(seen) - 1) + [counts]
        assert ("usage" in seen[0].model_fields_set) is counts

    run(test)


# --- models and files ---


def test_models_are_listed_and_found() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        assert "gpt-4o" in [model.id async for model in client.models.list()]
        assert (await client.models.retrieve("org/any")).id == "org/any"
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("unknown")

    run(test)


def test_a_file_is_counted() -> None:
    async def test(client: openai.AsyncOpenAI) -> None:
        content = b"\r\n--\x00\r\rbytes\n"
        file = await client.files.create(file=("a.pdf", content), purpose="user_data")

        assert (file.filename, file.bytes, file.purpose, file.status) == (
            "a.pdf",
            len(content),
            "user_data",
            "processed",
        )

    run(test)


@pytest.mark.parametrize(
    ("body", "kind", "param"),
    [
        (b"{}", "application/json", None),
        (b"--x--\r\n", "multipart/form-data; boundary=x", "file"),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n1\r\n--x--',
            "multipart/form-data; boundary=x",
            "purpose",
        ),
    ],
)
def test_a_form_without_its_fields_is_refused(body: bytes, kind: str, param: str | None) -> None:
    async def inside() -> None:
        async with serve("openai") as simulator, client(simulator) as http:
            headers = {**KEYS["openai"], "content-type": kind}
            answer = await http.post("/v1/files", content=body, headers=headers)

            assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)

    asyncio.run(inside())


# --- the rest ---


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_any_other_path_says_what_came(method: str) -> None:
    async def inside() -> None:
        async with serve("openai") as simulator, client(simulator) as http:
            answer = await http.request(method, "/v1/images/x?y=1", content=b"12345", headers=KEYS["openai"])
            refused = await http.request(method, "/v1/images/x")
            broken = await http.request(method, "/v1/images/x", headers={**KEYS["openai"], "x-simulator-fault": "503"})

            assert answer.json() == {
                "object": "simulated.passthrough",
                "method": method,
                "path": "/v1/images/x",
                "bytes": 5,
            }
            assert (refused.status_code, broken.status_code) == (401, 503)

    asyncio.run(inside())


def test_a_websocket_echoes() -> None:
    async def inside() -> None:
        async with serve("openai", record=True) as simulator, aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{simulator.port}/v1/realtime?model=m"
            async with session.ws_connect(url, headers=KEYS["openai"], protocols=("realtime",)) as talk:
                await talk.send_str("héllo")
                await talk.send_bytes(b"\x00\xff")
                assert (await talk.receive_str(), await talk.receive_bytes()) == ("héllo", b"\x00\xff")
                assert talk.protocol == "realtime"
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(url)
            async with session.get(url, headers=KEYS["openai"]) as plain:
                assert plain.status == 400
                assert "error" in json.loads(await plain.read())

            assert refused.value.status == 401
            assert [record.status for record in simulator.requests] == [101, 401, 400]
            assert simulator.requests[0].finished

    asyncio.run(inside())
