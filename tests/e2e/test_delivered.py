"""Bodies as no simulator sends them, through real Envoy: what is delivered is what the client gets."""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.e2e.callers import body
from tests.e2e.harness import Sidecar, http, sidecar
from tests.e2e.raw import STREAM, Play, RawProvider, Send, chunk, json_head, raw_provider, silent

PATHS = {"openai": "/openai/v1/chat/completions", "anthropic": "/anthropic/v1/messages"}
LAST = {"openai": "data: [DONE]", "anthropic": 'event: message_stop\ndata: {"type":"message_stop"}'}
IDLE_SECONDS, FIRST_SECONDS = 1.0, 2.0

each_client = pytest.mark.parametrize("client", PATHS)


def event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    said = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "first", "choices": [choice]}
    return b"data: " + json.dumps(said).encode() + b"\n\n"


HELLO = event({"role": "assistant", "content": "hello"})
END = event({}, "stop") + b"data: [DONE]\n\n"


def whole(text: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    ).encode()


@dataclass(frozen=True, slots=True)
class Got:
    status: int
    body: bytes
    broke: bool
    seconds: float


@pytest.fixture(scope="module")
def provider() -> Iterator[RawProvider]:
    with raw_provider() as started:
        yield started


@pytest.fixture(scope="module")
def up(provider: RawProvider) -> Iterator[Sidecar]:
    config = f"""model:
  providers:
    - {{name: a, format: openai_chat, endpoint: "{provider.url}", api_key: "${{KEY}}", models: [first]}}
router:
  retry_policy: {{max_retries: 0}}
  timeouts: {{idle_ms: {IDLE_SECONDS * 1000:g}, first_token_ms: {FIRST_SECONDS * 1000:g}}}
"""
    with sidecar(config, {"KEY": "sk-ours"}) as started:
        yield started


def ask(up: Sidecar, client: str, *, streamed: bool = True) -> Got:
    began, got, broke = time.monotonic(), b"", False
    with http.stream("POST", up.url + PATHS[client], content=body(client, "first", streamed=streamed)) as answer:
        try:
            for piece in answer.iter_raw():
                got += piece
        except httpx.TransportError:
            broke = True
    return Got(answer.status_code, got, broke, time.monotonic() - began)


def plays(*pieces: bytes, pause: float = 0.05) -> Play:
    def play(send: Send) -> None:
        for piece in pieces:
            send(piece)
            time.sleep(pause)

    return play


def then_silent(provider: RawProvider, *pieces: bytes) -> Play:
    begin = plays(*pieces)

    def play(send: Send) -> None:
        begin(send)
        silent(provider)

    return play


@each_client
def test_trailers_come_behind_all_that_was_said(up: Sidecar, provider: RawProvider, client: str) -> None:
    provider.play = plays(STREAM + chunk(HELLO), chunk(END), b"0\r\nx-trailer: 1\r\n\r\n")

    got = ask(up, client)

    assert (got.status, got.broke) == (200, False)
    assert got.body.decode().rstrip().endswith(LAST[client])


@each_client
def test_a_stream_cut_off_before_its_trailers_ends_in_an_error(up: Sidecar, provider: RawProvider, client: str) -> None:
    provider.play = plays(STREAM + chunk(HELLO), b"0\r\nx-trailer: 1\r\n\r\n")

    got = ask(up, client)

    assert b"broke off" in got.body.rstrip().rpartition(b"\n\n")[2]


@each_client
def test_a_stream_may_come_byte_by_byte(up: Sidecar, provider: RawProvider, client: str) -> None:
    provider.play = plays(STREAM, *(chunk(bytes([one])) for one in HELLO), chunk(END) + chunk(b""), pause=0.001)

    got = ask(up, client)

    assert (got.status, got.broke) == (200, False)
    assert b"hello" in got.body
    assert got.body.decode().rstrip().endswith(LAST[client])


@each_client
def test_a_stream_that_is_garbled_from_the_start_is_answered_without_waiting_for_its_end(
    up: Sidecar, provider: RawProvider, client: str
) -> None:
    provider.play = then_silent(provider, STREAM + chunk(b"data: {{{\n\n"))

    got = ask(up, client)

    assert (got.status, got.broke) == (503, False)
    assert got.seconds < FIRST_SECONDS
    assert json.loads(got.body)["error"]


@each_client
def test_a_stream_that_never_gets_to_a_word_is_given_up_in_time(
    up: Sidecar, provider: RawProvider, client: str
) -> None:
    provider.play = then_silent(provider, STREAM + chunk(event({"role": "assistant"})))

    got = ask(up, client)

    assert (got.status, got.broke) == (503, False)
    assert got.seconds < FIRST_SECONDS + 1


@each_client
def test_a_provider_that_falls_silent_in_the_middle_of_an_event_is_no_garbage(
    up: Sidecar, provider: RawProvider, client: str
) -> None:
    provider.play = then_silent(provider, STREAM + chunk(HELLO), chunk(b'data: {"half of'))

    got = ask(up, client)

    assert got.broke
    assert b"half of" not in got.body
    assert b"fell silent" in got.body.rstrip().rpartition(b"\n\n")[2]


@each_client
def test_a_provider_that_says_that_it_failed_and_then_nothing_is_quoted_once(
    up: Sidecar, provider: RawProvider, client: str
) -> None:
    failed = b'data: {"error": {"message": "its own words", "type": "server_error"}}\n\n'
    provider.play = then_silent(provider, STREAM + chunk(HELLO), chunk(failed))

    got = ask(up, client)

    assert got.broke
    assert b"its own words" in got.body.rstrip().rpartition(b"\n\n")[2]
    assert b"silent" not in got.body


def test_an_error_of_three_megabytes_reaches_its_own_client_whole(up: Sidecar, provider: RawProvider) -> None:
    said = json.dumps({"error": {"message": "m" * 3_000_000, "type": "invalid_request_error"}}).encode()
    provider.play = plays(json_head("400 Bad Request", len(said)) + said)

    got = ask(up, "openai", streamed=False)

    assert (got.status, got.body == said) == (400, True)


MiB = 1024 * 1024


@pytest.mark.parametrize("protocol", ["--http1.1", "--http2-prior-knowledge"])
@pytest.mark.parametrize("rate", ["1G", "10M"])
@pytest.mark.parametrize("size", [20 * MiB, 30 * MiB])
def test_large_answers_arrive_whole_however_slowly_they_are_read(
    up: Sidecar, provider: RawProvider, protocol: str, rate: str, size: int
) -> None:
    """Envoy 1.40 crashes when a buffer is full after the provider is through: none of them may be that small."""
    said = whole("x" * size)
    provider.play = plays(json_head("200 OK", len(said)) + said)
    asked = body("openai", "first").decode()
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", "--limit-rate", rate, protocol]

    done = subprocess.run([*command, "-d", asked, up.url + PATHS["openai"]], capture_output=True, text=True, timeout=30)

    assert done.stdout == f"200 {len(said)}"


def test_an_answer_that_is_too_long_is_refused_and_nothing_else_ends(up: Sidecar, provider: RawProvider) -> None:
    said = whole("x" * 40 * MiB)
    provider.play = plays(json_head("200 OK", len(said)) + said)

    got = ask(up, "openai", streamed=False)

    assert got.status == 503
    provider.play = plays(STREAM + chunk(HELLO + END) + chunk(b""))
    assert ask(up, "openai").status == 200
