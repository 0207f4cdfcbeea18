"""Requests that are no model calls, through real Envoy: unread, of any size, both ways as they come."""

import asyncio
import hashlib
import threading
from collections.abc import Iterator

import pytest
from aiohttp import ClientSession, WSMsgType, web

from tests.e2e.harness import Sidecar, http, sidecar, until

BIG = bytes(range(256)) * 4 * 1024 * 100  # 100 MiB: above every limit on bodies that are read


class Vendor:
    """Answers with what it got: a digest of the body, the headers, the path."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    async def _start(self) -> int:
        application = web.Application(client_max_size=0)
        application.router.add_get("/v1/realtime", self._talk)
        application.router.add_get("/v1/slow", self._slow)
        application.router.add_route("*", "/{rest:.*}", self._answer)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def _answer(self, request: web.Request) -> web.Response:
        digest, size = hashlib.sha256(), 0
        async for chunk in request.content.iter_chunked(1 << 20):
            digest.update(chunk)
            size += len(chunk)
        told = {"method": request.method, "path": request.raw_path, "bytes": size, "sha256": digest.hexdigest()}
        if request.path.endswith("/broken"):
            return web.json_response(told, status=500)
        # Backwards: as it is, our key would be cut out.
        return web.json_response({**told, "headers": {k.lower(): v[::-1] for k, v in request.headers.items()}})

    async def _slow(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await asyncio.sleep(1.5)
        await response.write(b"last")
        return response

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(f"{request.headers.get('Authorization')} {message.data}")
        return socket

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture(scope="module")
def up() -> Iterator[Sidecar]:
    vendor = Vendor()
    entry = "{{name: {}, endpoint: 'http://127.0.0.1:{}', api_key: '${{{}}}', models: [{}]}}"
    entries = [
        entry.format("openai", vendor.port, "OPENAI_API_KEY", "gpt"),
        entry.format("anthropic", vendor.port, "ANTHROPIC_API_KEY", "claude"),
        entry.format("google", vendor.port, "GOOGLE_API_KEY", "gemini"),
    ]
    try:
        with sidecar(f"model: {{providers: [{', '.join(entries)}]}}") as running:
            yield running
    finally:
        vendor.close()


@pytest.mark.parametrize(
    ("path", "upstream", "header", "value"),
    [
        ("/openai/v1/files", "/v1/files", "authorization", "Bearer sk-ours-openai"),
        ("/v1/audio/transcriptions?x=1", "/v1/audio/transcriptions?x=1", "authorization", "Bearer sk-ours-openai"),
        ("/v1/messages/batches", "/v1/messages/batches", "x-api-key", "sk-ours-anthropic"),
        ("/upload/v1beta/files?key=theirs", "/upload/v1beta/files", "x-goog-api-key", "ours-google"),
    ],
)
def test_a_call_arrives_at_its_own_provider_with_our_key(
    up: Sidecar, path: str, upstream: str, header: str, value: str
) -> None:
    got = http.post(
        f"{up.url}{path}", content=b"anything", headers={"authorization": "Bearer theirs", "content-type": "text/x"}
    )

    said = got.json()
    assert "path" in said, (said, up.logged()[-3000:])
    assert (said["path"], said["bytes"]) == (upstream, 8)
    headers = {name: backwards[::-1] for name, backwards in said["headers"].items()}
    assert headers[header] == value
    assert headers["content-type"] == "text/x"
    assert "theirs" not in str(headers)
    assert not [name for name in said["headers"] if name.startswith(("x-openclaw", "x-envoy"))]
    assert got.headers["x-openclaw-request-id"]


def test_an_upload_of_any_size_passes(up: Sidecar) -> None:
    said = http.post(f"{up.url}/openai/v1/files", content=BIG).json()

    assert (said["bytes"], said["sha256"]) == (len(BIG), hashlib.sha256(BIG).hexdigest())


def test_an_upload_in_chunks_passes(up: Sidecar) -> None:
    said = http.post(f"{up.url}/openai/v1/files", content=(BIG[: 1 << 20] for _ in range(40))).json()

    assert said["bytes"] == 40 << 20


def test_an_answer_comes_as_it_is_made(up: Sidecar) -> None:
    with http.stream("GET", f"{up.url}/v1/slow") as answer:
        first = next(answer.iter_raw())

    assert first == b"first"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_call_without_a_body_passes(up: Sidecar, method: str) -> None:
    assert http.request(method, f"{up.url}/v1/files/file-1").json()["method"] == method


def test_a_failure_comes_back_as_it_is_and_is_not_tried_again(up: Sidecar) -> None:
    before = up.metric("openclaw_passthrough_total", provider="openai", outcome="failed")

    got = http.post(f"{up.url}/v1/broken")

    assert (got.status_code, got.json()["path"]) == (500, "/v1/broken")
    assert up.metric("openclaw_passthrough_total", provider="openai", outcome="failed") == before + 1


def test_it_is_counted_and_logged(up: Sidecar) -> None:
    before = up.metric("openclaw_passthrough_total", provider="openai", outcome="ok")

    http.get(f"{up.url}/v1/files", headers={"x-request-id": "counted"})

    line = until(lambda: next((n for n in up.lines("passed_through") if n["data"]["request_id"] == "counted"), None), 5)
    assert line["data"]["provider"] == "openai"
    assert line["data"]["status"] == 200
    assert up.metric("openclaw_passthrough_total", provider="openai", outcome="ok") == before + 1


def test_a_realtime_call_talks_both_ways(up: Sidecar) -> None:
    assert asyncio.run(_talk(f"{up.url}/v1/realtime?model=x")) == ["Bearer sk-ours-openai a", "Bearer sk-ours-openai b"]


async def _talk(url: str) -> list[str]:
    async with ClientSession() as session, session.ws_connect(url) as socket:
        heard: list[str] = []
        for text in ("a", "b"):
            await socket.send_str(text)
            heard.append(await socket.receive_str(timeout=5))
        return heard


def test_what_is_no_path_of_theirs_is_not_found(up: Sidecar) -> None:
    got = http.get(f"{up.url}/favicon.ico")

    assert got.status_code == 404
    assert got.json()["error"]["message"]
