"""Requests that are no model calls, through real Envoy: unread, of any size, both ways as they come."""

import asyncio
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest
from aiohttp import ClientSession, WSMsgType, web

from tests.e2e.callers import OURS
from tests.e2e.harness import Sidecar, http, sidecar, until
from tests.wire.test_multipart import MODEL, TYPE, form

BIG = bytes(range(256)) * 4 * 1024 * 100  # 100 MiB: above every limit on bodies that are read

MIB = bytes(range(256)) * 4 * 1024
STANDS_STILL_SECONDS = 7.0
"""Longer than Envoy waits for an answer of ours."""


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
        application.router.add_get("/v1/files/slow/content", self._slow)
        application.router.add_get("/v1/files/long/content", self._long)
        application.router.add_get("/v1/files/quotes/content", self._quote)
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

    async def _long(self, request: web.Request) -> web.StreamResponse:
        """As many MiB as are asked for, with or without a word about it before."""
        mib = int(request.query["mib"])
        response = web.StreamResponse()
        if "told" in request.query:
            response.content_length = mib * len(MIB)
        await response.prepare(request)
        for _ in range(mib):
            await response.write(MIB)
        return response

    async def _quote(self, request: web.Request) -> web.StreamResponse:
        """Our key, cut in two, behind very much else."""
        response, key = web.StreamResponse(), request.headers["Authorization"].encode()
        await response.prepare(request)
        for _ in range(20):
            await response.write(MIB)
        await response.write(key[:12])
        await asyncio.sleep(0.2)
        await response.write(key[12:])
        return response

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(f"{request.headers.get('Authorization')} {message.data}")
                offered = request.headers.get("Sec-WebSocket-Extensions", "none")
                await socket.send_str(f"{request.headers['Authorization'][::-1]} {offered}")
        return socket

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    started = Vendor()
    try:
        yield started
    finally:
        started.close()


@pytest.fixture(scope="module")
def up(vendor: Vendor) -> Iterator[Sidecar]:
    entry = "{{name: {}, endpoint: 'http://127.0.0.1:{}', api_key: '${{{}}}', models: [{}]}}"
    entries = [
        entry.format("openai", vendor.port, "OPENAI_API_KEY", "gpt, gpt-live"),
        entry.format("anthropic", vendor.port, "ANTHROPIC_API_KEY", "claude"),
        entry.format("google", vendor.port, "GOOGLE_API_KEY", "gemini"),
        entry.format("other", vendor.port, "OTHER_API_KEY", "real-pic").replace(
            "models", "format: openai_chat, models"
        ),
    ]
    alias = "models: {pic: {provider: other, model: real-pic}}"
    narrow = "load_balancing: {pools: {narrow: {models: [gpt-live], max_concurrent: 1}}}"
    config = f"model: {{providers: [{', '.join(entries)}]}}\n{narrow}"
    with sidecar(config, {"OTHER_API_KEY": "sk-ours-other"}, gateway=alias) as running:
        yield running


@pytest.mark.parametrize(
    ("path", "upstream", "header", "value"),
    [
        ("/openai/v1/files", "/v1/files", "authorization", "Bearer sk-ours-openai"),
        ("/v1/uploads/u/parts?x=1", "/v1/uploads/u/parts?x=1", "authorization", "Bearer sk-ours-openai"),
        ("/v1//files/", "/v1/files", "authorization", "Bearer sk-ours-openai"),
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
    with http.stream("GET", f"{up.url}/v1/files/slow/content") as answer:
        first = next(answer.iter_raw())

    assert first == b"first"


def test_a_call_without_a_body_passes(up: Sidecar) -> None:
    assert http.get(f"{up.url}/v1/files/file-1").json()["method"] == "GET"


def test_a_failure_comes_back_as_it_is_and_is_not_tried_again(up: Sidecar) -> None:
    before = up.metric("openclaw_passthrough_total", provider="openai", outcome="failed")

    got = http.get(f"{up.url}/v1/files/broken")

    assert (got.status_code, got.json()["path"]) == (500, "/v1/files/broken")
    assert up.metric("openclaw_passthrough_total", provider="openai", outcome="failed") == before + 1


def test_it_is_counted_and_logged(up: Sidecar) -> None:
    before = up.metric("openclaw_passthrough_total", provider="openai", outcome="ok")

    http.get(f"{up.url}/v1/files", headers={"x-request-id": "counted"})

    line = until(lambda: next((n for n in up.lines("passed_through") if n["data"]["request_id"] == "counted"), None), 5)
    assert line["data"]["provider"] == "openai"
    assert line["data"]["status"] == 200
    assert up.metric("openclaw_passthrough_total", provider="openai", outcome="ok") == before + 1


def _download(url: str) -> tuple[int, str]:
    """By a reader that stands still when it has seen a little."""
    with httpx.stream("GET", url, timeout=60) as got:
        pieces = got.iter_bytes()
        seen = [next(pieces)]
        time.sleep(STANDS_STILL_SECONDS)
        seen += pieces
    whole = b"".join(seen)
    return len(whole), hashlib.sha256(whole).hexdigest()


@pytest.mark.parametrize("told", ["", "&told"])
@pytest.mark.parametrize(("mib", "readers"), [(8, 6), (100, 4)])
def test_a_long_download_waits_for_its_reader(up: Sidecar, mib: int, readers: int, told: str) -> None:
    url = f"{up.url}/v1/files/long/content?mib={mib}{told}"

    with ThreadPoolExecutor(readers) as pool:
        got = list(pool.map(_download, [url] * readers))

    assert got == [(mib * len(MIB), hashlib.sha256(MIB * mib).hexdigest())] * readers
    assert up.process.poll() is None
    assert http.get(f"{up.url}/v1/files").status_code == 200


def test_our_key_is_cut_out_far_behind_in_a_download(up: Sidecar) -> None:
    got = http.get(f"{up.url}/v1/files/quotes/content").content

    assert got == MIB * 20 + b"Bearer " + b"*" * len("sk-ours-openai")


def test_a_realtime_call_counts_at_its_model_for_as_long_as_it_lasts(up: Sidecar) -> None:
    url = f"{up.url}/v1/realtime?model=gpt-live"

    async def meanwhile() -> tuple[str, float, int]:
        async with ClientSession() as session, session.ws_connect(url) as socket:
            await asyncio.sleep(1)
            await socket.send_str("a")
            heard = await socket.receive_str(timeout=5)
            await socket.receive_str(timeout=5)
            count = up.metric("openclaw_in_flight_calls", provider="openai", model="gpt-live")
            async with session.get(url, headers={"connection": "upgrade", "upgrade": "websocket"}) as second:
                return heard, count, second.status

    assert asyncio.run(meanwhile()) == (f"Bearer {'*' * 14} a", 1, 429)
    until(lambda: up.metric("openclaw_in_flight_calls", provider="openai", model="gpt-live") == 0, 5)
    assert asyncio.run(_talk(url)) == SAID


def test_a_realtime_call_talks_both_ways(up: Sidecar) -> None:
    """Our key is cut out of what a provider says: the client's offer to compress messages does not go on."""
    heard = asyncio.run(_talk(f"{up.url}/v1/realtime?model=gpt"))

    assert heard == SAID


async def _talk(url: str) -> list[str]:
    async with ClientSession() as session, session.ws_connect(url, compress=15) as socket:
        heard: list[str] = []
        for text in ("a", "b"):
            await socket.send_str(text)
            heard += [await socket.receive_str(timeout=5), await socket.receive_str(timeout=5)]
        return heard


SAID = [line for text in "ab" for line in (f"Bearer {'*' * 14} {text}", "ianepo-sruo-ks reraeB none")]
"""Backwards our key is none: so it was sent."""


def test_what_is_no_path_of_theirs_is_not_found(up: Sidecar) -> None:
    got = http.get(f"{up.url}/favicon.ico")

    assert got.status_code == 404
    assert got.json()["error"]["message"]


# -- which model, and which paths ----------------------------------------------------------


def test_a_picture_goes_to_who_has_its_model_under_its_name_there(up: Sidecar) -> None:
    before = up.metric("openclaw_passthrough_total", provider="other", model="real-pic", outcome="ok")
    asked = b'{"model": "pic", "prompt": "a cat", "n": 1}'
    sent = asked.replace(b"pic", b"real-pic", 1)

    got = http.post(f"{up.url}/v1/images/generations", content=asked, headers={"content-type": "application/json"})

    said = got.json()
    assert (said["bytes"], said["sha256"]) == (len(sent), hashlib.sha256(sent).hexdigest())
    assert said["headers"]["authorization"] == "Bearer sk-ours-other"[::-1]
    assert said["headers"]["content-length"] == str(len(sent))[::-1]
    told = (
        got.headers["x-openclaw-provider"],
        got.headers["x-openclaw-model"],
        got.headers["x-openclaw-requested-model"],
    )
    assert told == ("other", "real-pic", "pic")
    assert up.metric("openclaw_passthrough_total", provider="other", model="real-pic", outcome="ok") == before + 1


@pytest.mark.parametrize("chunked", [False, True])
def test_a_recording_keeps_its_bytes_beside_the_models_name(up: Sidecar, chunked: bool) -> None:
    body = form(('form-data; name="file"; filename="a.wav"', BIG[: 20 << 20]), (MODEL[0], b"pic"))
    sent = form(('form-data; name="file"; filename="a.wav"', BIG[: 20 << 20]), (MODEL[0], b"real-pic"))
    content = (body[at : at + (1 << 20)] for at in range(0, len(body), 1 << 20)) if chunked else body

    said = http.post(f"{up.url}/v1/audio/transcriptions", content=content, headers={"content-type": TYPE}).json()

    assert (said["bytes"], said["sha256"]) == (len(sent), hashlib.sha256(sent).hexdigest())


def test_the_official_sdk_asks_for_pictures_speech_and_text(up: Sidecar) -> None:
    with openai.OpenAI(base_url=f"{up.url}/openai/v1", api_key=OURS, max_retries=0) as client:
        asked = (
            client.images.with_raw_response.generate(model="pic", prompt="x"),
            client.audio.speech.with_raw_response.create(model="pic", voice="alloy", input="x"),
            client.audio.transcriptions.with_raw_response.create(model="pic", file=("a.wav", b"RIFF")),
            client.images.with_raw_response.edit(model="pic", image=[("a.png", b"1"), ("b.png", b"2")], prompt="x"),
        )
        with pytest.raises(openai.NotFoundError, match="no provider is configured"):
            client.images.generate(model="dall-e-9", prompt="x")

    assert [one.headers["x-openclaw-model"] for one in asked] == ["real-pic"] * 4


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("POST /v1/organization/admin_api_keys", 403),
        ("DELETE /v1/files/file-1", 403),
        ("POST /v1/fine_tuning/jobs", 403),
        ("POST /v1/chat%2fcompletions", 404),
        ("POST /v1/chat/completions;x", 404),
        ("POST /v1/Chat/completions", 404),
        ("PUT /v1/responses", 405),
        ("TRACE /v1/files", 405),
        ("OPTIONS /v1/chat/completions", 405),
        ("PROPFIND /v1/files", 405),
        ("POST /v1/files/%2e%2e/chat%5ccompletions", 404),
        ("POST /v1/nothing", 404),
    ],
)
@pytest.mark.parametrize("family", ["openai", "anthropic", "gemini"])
def test_what_is_closed_or_unknown_reaches_nobody(up: Sidecar, request_line: str, status: int, family: str) -> None:
    method, path = request_line.split()
    host, _, port = up.url.removeprefix("http://").partition(":")
    known_here = family == "openai" or status in (404, 405)
    sent = f"{method} /{family}{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"

    answer = raw(int(port), sent.encode())

    if known_here and not (family != "openai" and request_line.startswith("PUT")):
        assert f"HTTP/1.1 {status} ".encode() in answer, answer
    assert b'"error"' in answer
    assert b"sk-ours" not in answer
    assert b"sha256" not in answer


@pytest.mark.parametrize("path", ["/v1//chat/completions", "/v1/chat/completions/", "/v1/./chat/%63ompletions"])
def test_another_spelling_of_a_call_is_read_as_that_call(up: Sidecar, path: str) -> None:
    host, _, port = up.url.removeprefix("http://").partition(":")
    body = b'{"model": "unheard", "messages": []}'
    head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"

    answer = raw(int(port), head.encode() + body)

    assert b"HTTP/1.1 404 " in answer or b"HTTP/1.1 400 " in answer
    assert b"sha256" not in answer


def test_a_tunnel_is_refused_in_the_callers_words(up: Sidecar) -> None:
    _, _, port = up.url.removeprefix("http://").partition(":")

    answer = raw(int(port), b"CONNECT api.openai.com:443 HTTP/1.1\r\nhost: api.openai.com:443\r\n\r\n")

    assert b"HTTP/1.1 405 " in answer
    assert b'"error"' in answer


@pytest.mark.parametrize("mode", ["shadow", "enforce"])
def test_compliance_and_a_budget_hold_and_an_operator_opens_more(vendor: Vendor, mode: str) -> None:
    entry = "{{name: {}, endpoint: 'http://127.0.0.1:{}', api_key: x, models: [{}], format: openai_chat}}"
    config = f"""
model: {{providers: [{entry.format("us", vendor.port, "gpt")}, {entry.format("eu", vendor.port, "pic")}]}}
compliance: {{data_classes: {{hr: {{providers: [eu]}}, none: {{models: [gpt]}}}}}}
cost_aware: {{optimization: {{constraints: {{max_daily_budget: 0}}}}}}
"""
    picture, kind = b'{"model": "pic"}', {"content-type": "application/json"}
    with sidecar(config.replace("api_key: x, ", ""), gateway=f"mode: {mode}, passthrough: [delete]") as up:

        def ask(method: str, path: str, **headers: str) -> httpx.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return http.request(method, up.url + path, content=picture, headers={**kind, **named})

        spent = ask("POST", "/v1/images/generations")
        of_hr = ask("POST", "/v1/files", x_openclaw_data_class="hr")
        unread = ask("POST", "/v1/files", x_openclaw_data_class="none")
        unkept = ask("POST", "/v1/files", x_openclaw_data_class="hrr")
        opened = ask("DELETE", "/v1/files/f")

    assert (spent.status_code, spent.json()["error"]["code"]) == (429, "insufficient_quota")
    assert (of_hr.status_code, of_hr.headers["x-openclaw-provider"]) == (200, "eu")
    assert (unread.status_code, unkept.status_code) == (403, 400)
    assert (opened.status_code, opened.json()["method"]) == (200, "DELETE")


def raw(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.settimeout(10)
        connection.sendall(sent)
        answer = b""
        while chunk := _received(connection):
            answer += chunk
        return answer


def _received(connection: socket.socket) -> bytes:
    """Nothing when the server has said all."""
    try:
        return connection.recv(1 << 16)
    except TimeoutError:
        return b""
