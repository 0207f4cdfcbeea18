"""Bodies of every size: whole and unchanged where they may pass, refused early where they may not."""

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from openclaw_simulator import Record
from tests.e2e.callers import CALLERS, body
from tests.e2e.harness import Providers, Sidecar, http
from tests.e2e.world import PLACES

LARGEST = 32 * 1024 * 1024
"""Bytes that pass. Twice the documented limit of no provider, and Anthropic's own."""
SAME = {"openai": "ace-then-bee-model", "anthropic": "cat-then-dog-model"}
CROSSED = {"openai": "ace-then-dog-model", "anthropic": "cat-then-bee-model"}
ALONE = {"openai": "bee-model", "anthropic": "dog-model"}

each_format = pytest.mark.parametrize("shape", CALLERS)
each_size = pytest.mark.parametrize("size", [2_000, 3_000_000], ids=["short", "long"])
"""An attempt gets the short one from the memory of its process, and the long one from Envoy."""


def padded(shape: str, model: str, size: int) -> bytes:
    """A good request of exactly so many bytes."""
    bare = body(shape, model, "@")
    return bare.replace(b'"@"', b'"' + b"x" * (size - len(bare) + 1) + b'"')


def post(sidecar: Sidecar, shape: str, content: bytes | Iterator[bytes]) -> httpx.Response:
    headers = {"content-type": "application/json"}
    return http.post(sidecar.url + CALLERS[shape].path, content=content, headers=headers, timeout=60)


def one(records: tuple[Record, ...]) -> Record:
    assert len(records) == 1
    return records[0]


@each_format
@each_size
@pytest.mark.parametrize("fault", ["503", "reset", "empty-200"])
def test_a_body_arrives_once_and_intact_after_a_retry(
    main: Sidecar, providers: Providers, shape: str, fault: str, size: int
) -> None:
    first = PLACES[SAME[shape].removesuffix("-model")]
    second = PLACES[first.fallback]
    sent = padded(shape, first.model, size)
    providers[first.simulator].set_fault(fault)

    answer = post(main, shape, sent)

    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.headers["x-openclaw-attempts"] == "2"
    assert one(providers[first.simulator].requests).body_sha256 == hashlib.sha256(sent).hexdigest()
    arrived = one(providers[second.simulator].requests)
    expected = sent.replace(f'"{first.model}"'.encode(), f'"{second.model}"'.encode(), 1)
    assert arrived.body_sha256 == hashlib.sha256(expected).hexdigest()
    _has_a_length(arrived)


@each_format
@each_size
def test_a_translated_body_arrives_after_a_retry(main: Sidecar, providers: Providers, shape: str, size: int) -> None:
    first = PLACES[CROSSED[shape].removesuffix("-model")]
    second = PLACES[first.fallback]
    providers[first.simulator].set_fault("503")
    # The first attempt of an OpenAI caller is edited, the second translated; for the other caller likewise.
    answer = post(main, shape, padded(shape, first.model, size))

    assert answer.status_code == httpx.codes.OK, answer.text
    arrived = one(providers[second.simulator].requests)
    assert arrived.body_length >= size - 1_000
    _has_a_length(arrived)
    assert "xxxx" in answer.text


def _has_a_length(arrived: Record) -> None:
    """As providers want it, some of which take no request in chunks; and no header of ours has come along."""
    assert arrived.headers["content-length"] == str(arrived.body_length)
    assert "transfer-encoding" not in arrived.headers
    assert not any(name.startswith("x-openclaw") for name in arrived.headers)


ODD = b"""
{ "x_unknown" : {"deep": [1, 2.50, 1e3, null, "\\u00e9\\/"] },\t"model":\r\n "MODEL"  ,
  "max_tokens":100,"temperature": 1.0,
   "messages" : [ {"role":"user", "content": "caf\\u00e9 \xe2\x98\x95" , "x_more": [ ] } ] ,
   "seed" : 1234567890123456789 }

"""


@each_format
def test_every_byte_but_the_model_stays_in_the_same_format(main: Sidecar, providers: Providers, shape: str) -> None:
    """The simulator refuses the unknown field, as the provider would; what arrived is what counts."""
    first = PLACES[SAME[shape].removesuffix("-model")]
    second = PLACES[first.fallback]
    providers[first.simulator].set_fault("503")

    answer = post(main, shape, ODD.replace(b"MODEL", first.model.encode()))

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert "x_unknown" in answer.text
    for place in (first, second):
        arrived = one(providers[place.simulator].requests)
        assert (arrived.body or "").encode() == ODD.replace(b"MODEL", place.model.encode())


# --- the largest body ---


@each_format
def test_the_largest_body_passes(main: Sidecar, providers: Providers, shape: str) -> None:
    sent = padded(shape, ALONE[shape], LARGEST)
    assert len(sent) == LARGEST == 33_554_432

    answer = post(main, shape, sent)

    assert answer.status_code == httpx.codes.OK, answer.text
    simulator = PLACES[ALONE[shape].removesuffix("-model")].simulator
    assert one(providers[simulator].requests).body_sha256 == hashlib.sha256(sent).hexdigest()


def test_the_largest_body_passes_chunked(main: Sidecar, providers: Providers) -> None:
    sent = padded("openai", "bee-model", LARGEST)

    answer = post(main, "openai", _pieces(sent))

    assert answer.status_code == httpx.codes.OK, answer.text
    assert one(providers["bee"].requests).body_sha256 == hashlib.sha256(sent).hexdigest()


def test_the_largest_body_survives_a_retry(main: Sidecar, providers: Providers) -> None:
    providers["ace"].set_fault("503")
    sent = padded("openai", "ace-then-bee-model", LARGEST)

    answer = post(main, "openai", sent)

    assert answer.status_code == httpx.codes.OK, answer.text
    expected = sent.replace(b"ace-then-bee-model", b"bee-model", 1)
    assert one(providers["bee"].requests).body_sha256 == hashlib.sha256(expected).hexdigest()


@each_format
@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
def test_one_byte_more_is_413_in_the_callers_format(
    main: Sidecar, providers: Providers, shape: str, chunked: bool
) -> None:
    sent = padded(shape, ALONE[shape], LARGEST + 1)

    answer = post(main, shape, _pieces(sent) if chunked else sent)

    _is_413(answer.status_code, answer.json(), shape)
    assert not any(simulator.requests for simulator in providers.by_name.values())


@each_format
@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
def test_a_hundred_megabytes_are_refused_quickly_and_harm_nobody(
    main: Sidecar, providers: Providers, shape: str, chunked: bool
) -> None:
    """By socket: what answers before it has read everything is no ordinary client's case."""
    began = time.monotonic()

    status, said = _pushed(main, CALLERS[shape].path, 100 * 1024 * 1024, chunked=chunked)

    assert time.monotonic() - began < 5
    _is_413(status, json.loads(said), shape)
    assert not any(simulator.requests for simulator in providers.by_name.values())
    assert post(main, shape, body(shape, ALONE[shape])).status_code == httpx.codes.OK


def _is_413(status: int, said: dict[str, Any], shape: str) -> None:
    assert status == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    error = said["error"]
    assert "larger than 33554432 bytes" in str(error["message"])
    if shape == "anthropic":
        assert (said["type"], error["type"]) == ("error", "request_too_large")
    else:
        assert error["type"] == "invalid_request_error"


def _pieces(content: bytes, size: int = 1 << 20) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def _pushed(sidecar: Sidecar, path: str, size: int, *, chunked: bool) -> tuple[int, bytes]:
    """Send until somebody answers; the status and the body of the answer."""
    at = urlsplit(sidecar.url)
    length = "transfer-encoding: chunked" if chunked else f"content-length: {size}"
    head = f"POST {path} HTTP/1.1\r\nhost: {at.netloc}\r\ncontent-type: application/json\r\n{length}\r\n\r\n"
    piece = b"x" * (1 << 20)
    with socket.create_connection((at.hostname, at.port), timeout=10) as plug:
        try:
            plug.sendall(head.encode())
            for _ in range(size // len(piece)):
                plug.sendall(b"100000\r\n" + piece + b"\r\n" if chunked else piece)
            plug.sendall(b"0\r\n\r\n" if chunked else b"")
        except OSError:
            pass  # it no longer listens: what it said before is still there
        return _answer(plug)


def _answer(plug: socket.socket) -> tuple[int, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        received += plug.recv(65536)
    head, _, rest = received.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
    while len(rest) < length:
        rest += plug.recv(65536)
    return int(lines[0].split()[1]), rest


# --- large answers ---


@pytest.mark.parametrize("name", ["bee", "dog"])
@each_format
def test_a_large_answer_comes_whole(main: Sidecar, providers: Providers, shape: str, name: str, streamed: bool) -> None:
    """The same format and the other one, in one piece (8 MB) and as ten thousand events."""
    kilobytes = 64 if streamed else 8 * 1024
    providers[name].set_fault(f"big-{kilobytes}")

    with CALLERS[shape](main.url) as caller:
        answer = caller.ask(PLACES[name].model, streamed=streamed)

    words = int(kilobytes * 1024 / 7)
    assert len(answer.text) == 7 * words
    assert answer.text == " simula" * words
    assert (answer.stop, answer.output_tokens) == ("end", words)
