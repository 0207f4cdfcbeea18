"""Promises of a stream that is freed of the usage only we asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.wire.base import ByteTransform
from openclaw_extproc.wire.streams import sse
from tests import samples
from tests.wire.openai_chat.saying import CLIENT, chat

SAID = [
    b'data: {"id":"c","choices":[],"prompt_filter_results":[]}\n\n',
    b": keep-alive\n\n",
    b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"usage \\"usage\\":null \xc3\xbc"}}]',
]
ASKED = b"".join(
    [*SAID, b',"usage":null}\n\n', b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n', b"data: [DONE]\n\n"]
)
UNASKED = b"".join([*SAID, b"}\n\n", b"data: [DONE]\n\n"])


def trimming() -> ByteTransform:
    passing = CLIENT.trim(chat())
    assert passing is not None
    return passing


def trimmed(*chunks: bytes) -> bytes:
    passing = trimming()
    return b"".join([passing.feed(chunk) for chunk in chunks]) + passing.end()


def test_who_asked_for_usage_or_for_no_stream_gets_every_byte() -> None:
    assert CLIENT.trim(chat(usage=True)) is None
    assert CLIENT.trim(chat(stream=False)) is None


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
def test_usage_is_taken_out_and_every_other_byte_stays_wherever_the_network_cuts(end: bytes) -> None:
    asked, unasked = ASKED.replace(b"\n", end), UNASKED.replace(b"\n", end)

    assert trimmed(asked) == unasked
    assert trimmed(*(asked[n : n + 1] for n in range(len(asked)))) == unasked
    for at in range(len(asked)):
        assert trimmed(asked[:at], asked[at:]) == unasked


def test_an_event_goes_on_with_its_last_byte() -> None:
    passing = trimming()

    assert passing.feed(b"data: 1\n") == b""
    assert passing.feed(b"\ndata: 2\n\ndata: ") == b"data: 1\n\ndata: 2\n\n"
    assert passing.end() == b"data: "


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":1}}\n\n',
        b'data: {"choices":[],"error":{"message":"x"},"usage":{}}\n\n',
        b'data: {"choices":[],"usage":{}\n\n',
        b'data: {"choices":[],\ndata: "usage":{}}\n\n',
        b"data: usage\n\n",
        b'event: "usage"\n\n',
        b'data: {"usage":{"prompt_tokens":1}}\n\n',
        b"\xff\xfe\n\n",
        b"\n\n\n\n",
    ],
    ids=[
        "last-content",
        "continuous",
        "error",
        "broken",
        "two-lines",
        "no-json",
        "no-data",
        "no-choices",
        "bytes",
        "blank",
    ],
)
def test_what_is_not_the_extra_chunk_passes_as_it_came(event: bytes) -> None:
    assert trimmed(event) == event


def test_a_named_event_keeps_its_name() -> None:
    assert trimmed(b'event: m\rdata: {"a":1,"usage":null}\r\r') == b'event: m\rdata: {"a":1}\r\r'


@given(st.lists(st.binary(max_size=12) | st.sampled_from([b"\n\n", b"\r\n", b"data: ", b'{"usage":'])))
def test_any_bytes_pass(chunks: list[bytes]) -> None:
    assert trimmed(*chunks) == b"".join(chunks)


def test_an_event_without_end_does_not_eat_our_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 100)
    passing = trimming()

    assert passing.feed(b"x" * 101) == b"x" * 101
    assert passing.feed(b"y") == b""
    assert passing.end() == b"y"


@pytest.mark.parametrize("case", [case for case in samples.STREAMS if case.format == "openai_chat"], ids=str)
def test_what_is_left_says_the_same_but_for_the_usage(case: samples.Case) -> None:
    body = case.answer(streamed=True)

    left = trimmed(body)

    before, after = (samples.gist(samples.decode(case.provider, said, streamed=True)) for said in (body, left))
    assert (after.text, after.calls, after.stop) == (before.text, before.calls, before.stop)
    assert all(b'"usage":' not in line or j.parse(line[6:], where="chunk")["choices"] for line in left.split(b"\n\n"))
