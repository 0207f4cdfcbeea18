"""A provider that quotes what it was sent: each answer is a play chosen by the model asked for, or by the path."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterable
from urllib.parse import quote

from aiohttp import web

from openclaw_extproc.model.json import Json

CREDENTIALS = ("authorization", "x-api-key", "x-goog-api-key")


class QuotingVendor:
    """Speaks OpenAI's and Anthropic's formats far enough, and has our key in everything it says."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        """Path with query, and headers by lower-case name."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    async def _start(self) -> int:
        application = web.Application(client_max_size=0)
        application.router.add_route("*", "/{rest:.*}", self._answer)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return int(self._runner.addresses[0][1])

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((request.raw_path, headers))
        sent = next((headers[name] for name in CREDENTIALS if name in headers), "none")
        key, body = sent.removeprefix("Bearer "), await request.read()
        is_json = headers.get("content-type") == "application/json"
        model = str(json.loads(body).get("model", "")) if is_json and body else ""
        play = model or request.path.rpartition("/")[2]
        told = {"x-quoted": sent, "x-request-id": "req-1", "x-ratelimit-remaining-requests": "9", **EXTRAS}
        if play.startswith("refuses"):
            return web.json_response(_error(key, play), status=int(play.removeprefix("refuses-")), headers=told)
        if play == "redirects":
            return web.Response(status=302, headers={**told, "location": f"https://files.example/f?sig={key}"})
        if play == "redirects-inside":
            return web.Response(status=302, headers={**told, "location": "http://169.254.169.254/latest"})
        if play.startswith("streams"):
            return await _streamed(request, _pieces(play, key))
        return web.json_response(_whole(request.path, key, model), headers=told)


EXTRAS = {
    "set-cookie": "track=1; Path=/",
    "alt-svc": 'h3="elsewhere.example:443"',
    "strict-transport-security": "max-age=31536000",
    "server-timing": "edge;dur=1",
    "nel": "{}",
    "report-to": "{}",
    "www-authenticate": "Bearer realm=vendor",
    "x-accel-redirect": "/internal/secret",
    "link": "<https://elsewhere.example>; rel=preconnect",
    "location": "https://elsewhere.example/",
}
"""What callers do not get, beside what SDKs read."""


def quotes(key: str) -> list[str]:
    """Each way in which the plays quote a key."""
    return [key, quote(key, safe=""), base64.b64encode(f"u:{key}".encode()).decode()]


def _error(key: str, play: str) -> dict[str, object]:
    words = f"{play}: key {' '.join(quotes(key))} was refused"
    return {"type": "error", "error": {"message": words, "type": "invalid_request_error", "code": key, "param": None}}


def _whole(path: str, key: str, model: str) -> dict[str, object]:
    words = " ".join(quotes(key))
    if "messages" in path:
        return {
            "id": "msg_1", "type": "message", "role": "assistant", "model": model, "stop_reason": "end_turn",
            "content": [{"type": "text", "text": words}], "usage": {"input_tokens": 1, "output_tokens": 1},
        }  # fmt: skip
    message = {"role": "assistant", "content": words}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "c1", "object": "chat.completion", "model": model, "choices": [choice], "quoted": key}


def _pieces(play: str, key: str) -> list[bytes]:
    """An event that quotes the key in each way, an end or an error, cut in the middle of each key."""
    said = " ".join(quotes(key))
    delta = {"id": "c1", "choices": [{"index": 0, "delta": {"content": said}, "finish_reason": None}]}
    end: dict[str, Json] = {"index": 0, "delta": {}, "finish_reason": "stop"}
    last: dict[str, Json] = {"id": "c1", "choices": [end]}
    events = [_event(delta), _event(last), b"data: [DONE]\n\n"]
    if play.endswith("error"):
        events[1:] = [_event({"error": {"message": f"broke with {said}", "type": "server_error", "code": key}})]
    whole = b"".join(events)
    cuts = sorted({at + len(form) // 2 for form in map(str.encode, quotes(key)) for at in _all(whole, form)})
    return [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


def _event(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def _all(text: bytes, part: bytes) -> Iterable[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


async def _streamed(request: web.Request, pieces: list[bytes]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    for piece in pieces:
        await response.write(piece)
        await asyncio.sleep(0.05)  # a read of its own for Envoy
    return response
