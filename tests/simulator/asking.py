"""The smallest good request of each shape, and how to send it raw."""

import json
import ssl
from dataclasses import dataclass, field

import httpx

from openclaw_simulator import Simulator
from openclaw_simulator.reading import Json

SHAPES = ("openai", "anthropic", "gemini", "cohere")
KEYS = {
    "openai": {"authorization": "Bearer test"},
    "anthropic": {"x-api-key": "test", "anthropic-version": "2023-06-01"},
    "gemini": {"x-goog-api-key": "test"},
    "cohere": {"authorization": "Bearer test"},
}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # 70 bytes
CITY: dict[str, Json] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Never used; without it each client would read all certificates of the machine, 20 ms."""


@dataclass(frozen=True)
class Request:
    path: str
    body: dict[str, Json]
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def raw(self) -> bytes:
        return json.dumps(self.body).encode()


def chat(shape: str, text: str = "hello you", *, model: str = "model", stream: bool = False) -> Request:
    """A good request."""
    if shape == "gemini":
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        body: dict[str, Json] = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        return Request(f"/v1beta/models/{model}:{method}", body, KEYS[shape])
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    if shape == "anthropic":
        body["max_tokens"] = 100
    if stream:
        body["stream"] = True
    if stream and shape == "openai":
        body["stream_options"] = {"include_usage": True}
    paths = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "cohere": "/v2/chat"}
    return Request(paths[shape], body, KEYS[shape])


def client(simulator: Simulator, seconds: float = 10) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{simulator.port}", timeout=seconds, verify=_NO_TLS)


async def send(simulator: Simulator, request: Request, **headers: str) -> httpx.Response:
    """Ask raw. Header names with `_` for `-`."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client(simulator) as http:
        return await http.post(request.path, content=request.raw, headers={**request.headers, **more})


def events(response: httpx.Response) -> list[str]:
    """The `data` of each server-sent event, in order."""
    lines = response.text.replace("\r\n", "\n").split("\n")
    return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
