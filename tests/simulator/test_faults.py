"""Every fault, for every shape, whole and streamed: what is said in the table is what goes over the wire."""

import asyncio
import gzip
import json
import re
import time
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from openclaw_simulator import FAULTS, UnknownFaultError, serve
from openclaw_simulator.faults import choose, known, named_in
from openclaw_simulator.reading import Json
from tests.simulator.asking import SHAPES, Request, chat, client, send

END = {"openai": "[DONE]", "anthropic": "message_stop", "gemini": "finishReason", "cohere": "COMPLETE"}
"""What only a complete stream has."""
OVERLOADED = {"openai": 503, "anthropic": 529, "gemini": 503, "cohere": 503}
LAST_WORD = "you"
WAYS = [
    pytest.param(shape, stream, id=f"{shape}-{'stream' if stream else 'whole'}")
    for shape in SHAPES
    for stream in (0, 1)
]


@dataclass(frozen=True)
class Seen:
    """What a client saw of one answer."""

    status: int | None
    """`None`: no headers came."""
    headers: httpx.Headers
    text: str
    """All that came, decoded."""
    raw: bytes
    broken: str | None
    """The client's word for what went wrong."""
    seconds_to_head: float
    seconds: float


async def look(request: Request, port_shape: str, *, seconds: float = 5, **headers: str) -> Seen:
    async with serve(port_shape, "sim") as simulator, client(simulator, seconds) as http:
        return await see(http, request, **headers)


async def see(http: httpx.AsyncClient, request: Request, **headers: str) -> Seen:
    began = time.monotonic()
    status, head, raw, broken, headed = None, httpx.Headers(), bytearray(), None, 0.0
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        async with http.stream(
            "POST", request.path, content=request.raw, headers={**request.headers, **more}
        ) as response:
            status, head, headed = response.status_code, response.headers, time.monotonic() - began
            async for piece in response.aiter_raw():
                raw += piece
    except httpx.TransportError as problem:
        broken = type(problem).__name__
    text = zlib.decompressobj(47).decompress(raw) if head.get("content-encoding") == "gzip" else bytes(raw)
    return Seen(status, head, text.decode(), bytes(raw), broken, headed, time.monotonic() - began)


def meet(shape: str, fault: str, *, stream: bool, seconds: float = 5) -> Seen:
    return asyncio.run(look(chat(shape, model=f"m@fault-{fault}", stream=stream), shape, seconds=seconds))


def message_of(error: str) -> str:
    """What an error says, wherever the provider puts it."""
    said = json.loads(error)
    inner = said.get("error") or said.get("delta", said)
    return str(inner.get("message") or inner["error"])


def is_complete(seen: Seen, shape: str, stream: bool) -> bool:
    if stream:
        return END[shape] in seen.text and LAST_WORD in seen.text
    try:
        return "error" not in json.loads(seen.text)
    except ValueError:
        return False


# --- refusals ---


@pytest.mark.parametrize(("shape", "stream"), WAYS)
@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 421, 423, 425, 429, 451, 500, 503, 529]
)
def test_a_status(shape: str, stream: bool, status: int) -> None:
    seen = meet(shape, str(status), stream=stream)

    assert (seen.status, seen.broken) == (status, None)
    assert message_of(seen.text)
    assert seen.headers["x-simulator"] == "sim"
    assert "retry-after" not in seen.headers


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_a_retry_after(shape: str, stream: bool) -> None:
    seen = meet(shape, "429-retry-after-7", stream=stream)

    assert (seen.status, seen.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("fault", "statuses"), [("500-once", [500, 200, 200]), ("flap", [503, 200, 503])])
def test_a_fault_that_comes_and_goes_counts_for_each_model(shape: str, fault: str, statuses: list[int]) -> None:
    async def inside() -> None:
        async with serve(shape) as simulator:
            for model in ("a", "b"):
                request = chat(shape, model=f"{model}@fault-{fault}")
                assert [(await send(simulator, request)).status_code for _ in statuses] == statuses

    asyncio.run(inside())


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("openai", "context_length_exceeded"),
        ("anthropic", "prompt is too long: "),
        ("gemini", "exceeds the maximum number of tokens allowed"),
        ("cohere", "too many tokens: "),
    ],
)
def test_a_long_prompt(shape: str, said: str) -> None:
    seen = meet(shape, "context-length", stream=False)

    assert seen.status == 400
    assert said in seen.text


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_a_content_filter(shape: str, stream: bool) -> None:
    seen = meet(shape, "content-filter", stream=stream)

    reason = {
        "openai": '"finish_reason":"content_filter"',
        "anthropic": '"stop_reason":"refusal"',
        "gemini": '"SAFETY"',
        "cohere": '"finish_reason":"ERROR_TOXIC"',
    }
    assert seen.status == 200
    assert reason[shape] in seen.text
    assert "Simulated" not in seen.text


@pytest.mark.parametrize("shape", SHAPES)
def test_no_prefill(shape: str) -> None:
    request = chat(shape, model="m@fault-no-prefill")
    assert asyncio.run(look(request, shape)).status == 200
    if shape == "gemini":
        said: Json = {"role": "model", "parts": [{"text": "so"}]}
        request = replace(request, body={"contents": [{"parts": [{"text": "hi"}]}, said]})
    else:
        turns: Json = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "so"}]
        request = replace(request, body={**request.body, "messages": turns})

    seen = asyncio.run(look(request, shape))

    assert seen.status == 400
    assert "prefill" in seen.text


# --- connections ---


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_reset_before_headers(shape: str, stream: bool) -> None:
    seen = meet(shape, "reset", stream=stream)

    assert (seen.status, seen.broken) == (None, "ReadError")


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_reset_in_the_middle(shape: str, stream: bool) -> None:
    seen = meet(shape, "reset-mid", stream=stream)

    assert (seen.status, seen.broken) == (200, "ReadError")
    assert "imulated" in seen.text or "sim" in seen.text
    assert not is_complete(seen, shape, stream)


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_silence(shape: str, stream: bool) -> None:
    patient = meet(shape, "silent-0.1", stream=stream)
    hasty = meet(shape, "silent", stream=stream, seconds=0.15)

    assert (patient.status, patient.broken) == (None, "ReadError")
    assert patient.seconds >= 0.1
    assert (hasty.status, hasty.broken) == (None, "ReadTimeout")


@pytest.mark.parametrize(("shape", "stream"), WAYS)
@pytest.mark.parametrize("fault", ["late-0.2", "headers-then-silent-0.2"])
def test_headers_long_before_the_first_token(shape: str, stream: bool, fault: str) -> None:
    seen = meet(shape, fault, stream=stream)

    assert seen.seconds - seen.seconds_to_head >= 0.15
    assert is_complete(seen, shape, stream)


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_the_opening_long_before_the_first_token(shape: str, stream: bool) -> None:
    seen = meet(shape, "opened-0.2", stream=stream)

    assert seen.seconds >= 0.2
    assert is_complete(seen, shape, stream)


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_slow_tokens(shape: str, stream: bool) -> None:
    seen = meet(shape, "slow-10", stream=stream)

    assert seen.seconds >= 9 * 0.01
    assert is_complete(seen, shape, stream)


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_a_stall(shape: str, stream: bool) -> None:
    patient = meet(shape, "stall-0.1", stream=stream)
    hasty = meet(shape, "stall", stream=stream, seconds=0.15)

    assert patient.seconds >= 0.1
    assert is_complete(patient, shape, stream)
    assert (hasty.status, hasty.broken) == (200, "ReadTimeout")
    assert hasty.text


# --- streams that go wrong ---


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_a_cut_ends_cleanly_but_too_early(shape: str, stream: bool) -> None:
    seen = meet(shape, "cut", stream=stream)

    assert (seen.status, seen.broken) == (200, None)
    assert seen.text
    assert not is_complete(seen, shape, stream)


@pytest.mark.parametrize("shape", SHAPES)
def test_no_done_has_all_tokens_and_no_end(shape: str) -> None:
    seen = meet(shape, "no-done", stream=True)

    assert (seen.status, seen.broken) == (200, None)
    assert LAST_WORD in seen.text
    assert END[shape] not in seen.text


@pytest.mark.parametrize("shape", SHAPES)
def test_garbage_stands_between_good_events(shape: str) -> None:
    seen = meet(shape, "garbage", stream=True)

    bad = [at for at, event in enumerate(datas(seen)) if event != "[DONE]" and not is_json(event)]
    assert len(bad) == 1
    assert 0 < bad[0] < len(datas(seen)) - 1
    assert is_complete(seen, shape, stream=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_garbage_of_a_whole_answer_is_json_cut_off(shape: str) -> None:
    seen = meet(shape, "garbage", stream=False)

    assert (seen.status, seen.broken, is_json(seen.text)) == (200, None, False)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("fault", "has_opening", "has_content"),
    [("first-event-error", False, False), ("lifecycle-then-error", True, False), ("mid-error", True, True)],
)
def test_an_error_event(shape: str, fault: str, has_opening: bool, has_content: bool) -> None:
    seen = meet(shape, fault, stream=True)

    *before, last = datas(seen)
    assert (seen.status, seen.broken) == (200, None)
    assert re.search("overloaded|unavailable", message_of(last), re.IGNORECASE)
    assert bool(before) is has_opening
    assert ("Simulated" in seen.text) is has_content
    assert END[shape] not in seen.text


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fault", ["first-event-error", "lifecycle-then-error", "mid-error"])
def test_a_whole_answer_has_no_events_and_just_fails(shape: str, fault: str) -> None:
    assert meet(shape, fault, stream=False).status == OVERLOADED[shape]


# --- strange answers ---


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_strange_answers(shape: str, stream: bool) -> None:
    empty, page, bad_gateway, error = (
        meet(shape, fault, stream=stream) for fault in ("empty-200", "html-200", "html-502", "error-200")
    )

    assert (empty.status, empty.text) == (200, "")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (bad_gateway.status, bad_gateway.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert (error.status, error.headers["content-type"]) == (200, "application/json")
    assert message_of(error.text)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_empty_account(shape: str) -> None:
    seen = meet(shape, "no-credit", stream=False)

    assert seen.status in (400, 402, 403, 429)
    assert any(word in seen.text for word in ("quota", "credit", "billing", "payment"))


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_the_other_kind_of_answer(shape: str, stream: bool) -> None:
    seen = meet(shape, "wrong-kind", stream=stream)

    assert seen.headers["content-type"].startswith("application/json" if stream else "text/event-stream")


def test_a_connection_that_is_closed_under_the_second_request() -> None:
    async def inside() -> list[bool]:
        answered: list[bool] = []
        async with serve("openai", "sim") as simulator, client(simulator) as http:
            request = chat("openai", model="m@fault-stale", stream=False)
            for _ in range(3):
                try:
                    answer = await http.post(request.path, content=request.raw, headers=request.headers)
                    answered.append(answer.status_code == 200)
                except httpx.TransportError:
                    answered.append(False)
        return answered

    assert asyncio.run(inside()) == [True, False, True]


@pytest.mark.parametrize("shape", SHAPES)
def test_interim_answers_and_no_final_one(shape: str) -> None:
    seen = meet(shape, "interim-1", stream=False)

    assert seen.status is None
    assert seen.seconds >= 1


@pytest.mark.parametrize("stream", [True, False])
def test_an_array_whatever_was_asked_for(stream: bool) -> None:
    seen = meet("gemini", "array", stream=stream)

    assert seen.headers["content-type"].startswith("application/json")
    assert len(json.loads(seen.text)) > 1


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_a_mark_before_the_answer(shape: str, stream: bool) -> None:
    plain, marked = meet(shape, "ok", stream=stream), meet(shape, "byte-mark", stream=stream)

    assert marked.text.startswith("\ufeff")
    assert marked.text.count("\n") == plain.text.count("\n")


@pytest.mark.parametrize("shape", SHAPES)
def test_signs_of_life_between_two_halves(shape: str) -> None:
    seen = meet(shape, "alive-0.5", stream=True)

    assert is_complete(seen, shape, True)
    assert seen.seconds >= 0.5


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_what_is_wrong_with_a_compressed_answer(shape: str, stream: bool) -> None:
    empty, page, error, cut = (
        meet(shape, fault, stream=stream) for fault in ("gzip-empty", "gzip-html", "gzip-error", "gzip-cut")
    )
    request = chat(shape, model="m@fault-gzip-bomb-1", stream=stream)
    bomb = asyncio.run(look(request, shape, accept_encoding="identity"))

    assert (empty.text, empty.headers["content-encoding"]) == ("", "gzip")
    assert page.text.startswith("<html>")
    assert message_of(error.text)
    assert not is_complete(cut, shape, stream)
    assert (len(bomb.text), len(bomb.raw) < 10_000) == (2**20, True)


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_a_head_that_lies_about_gzip(shape: str, stream: bool) -> None:
    async def inside() -> bytes:
        async with serve(shape, "sim") as simulator, client(simulator, 5) as http:
            request = chat(shape, model="m@fault-gzip-lies", stream=stream)
            raw = bytearray()
            async with http.stream("POST", request.path, content=request.raw, headers={**request.headers}) as response:
                assert response.headers["content-encoding"] == "gzip"
                async for piece in response.aiter_raw():
                    raw += piece
            return bytes(raw)

    assert asyncio.run(inside()).lstrip()[:1] in (b"{", b"d", b"e", b"[")


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_gzip_comes_unasked(shape: str, stream: bool) -> None:
    request = chat(shape, model="m@fault-gzip", stream=stream)

    seen = asyncio.run(look(request, shape, accept_encoding="identity"))

    assert seen.headers["content-encoding"] == "gzip"
    assert gzip.decompress(seen.raw).decode() == seen.text
    assert is_complete(seen, shape, stream)


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_missing_usage(shape: str, stream: bool) -> None:
    seen = meet(shape, "usage-missing", stream=stream)

    assert is_complete(seen, shape, stream)
    assert "token" not in seen.text.lower()


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_a_big_answer(shape: str, stream: bool) -> None:
    seen = meet(shape, "big-20", stream=stream)

    assert 20_400 < seen.text.count(" simula") * len(" simula") <= 20_480


@pytest.mark.parametrize(("shape", "stream"), WAYS)
@pytest.mark.parametrize(("fault", "words"), [("many-40", 40), ("each-40", 40), ("fast", 16)])
def test_rendered_answers(shape: str, stream: bool, fault: str, words: int) -> None:
    seen = meet(shape, fault, stream=stream)

    assert seen.status == 200
    assert seen.text.count(" word") == words
    assert (END[shape] in seen.text) or not stream
    assert seen.headers["content-type"].startswith("text/event-stream" if stream else "application/json")


@pytest.mark.parametrize(("shape", "stream"), WAYS)
def test_ok_in_a_header_overrules_the_model(shape: str, stream: bool) -> None:
    request = chat(shape, model="m@fault-503", stream=stream)

    seen = asyncio.run(look(request, shape, x_simulator_fault="ok"))

    assert seen.status == 200
    assert is_complete(seen, shape, stream)


# --- names ---


@pytest.mark.parametrize("shape", SHAPES)
def test_an_unknown_fault_is_refused_and_the_known_ones_named(shape: str) -> None:
    seen = meet(shape, "nonsense", stream=False)

    assert seen.status == 400
    assert all(name in seen.text for name in known())


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_and_takes_a_number_only_if_it_says_so(name: str) -> None:
    assert choose(name).fault is FAULTS[name]
    if FAULTS[name].default is None:
        with pytest.raises(UnknownFaultError):
            choose(f"{name}-3")
    else:
        assert choose(f"{name}-2.5").number == 2.5


def test_each_fault_has_a_test_here() -> None:
    tested = Path(__file__).read_text()

    assert [name for name in FAULTS if name not in tested] == []


@pytest.mark.parametrize(
    ("model", "fault"),
    [("fault-503", "503"), ("gpt-4o@fault-slow-2.5", "slow-2.5"), ("default-5", None), ("gpt-4o", None), ("", None)],
)
def test_which_fault_a_model_names(model: str, fault: str | None) -> None:
    assert named_in(model) == fault


# --- helpers ---


def datas(seen: Seen) -> list[str]:
    lines = seen.text.replace("\r\n", "\n").split("\n")
    return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
