"""Promises about signs of life: they keep a connection open, and are no progress."""

import pytest

from openclaw_extproc.wire.streams.sse import MAX_LINE_BYTES, Heartbeats
from tests import samples

ALIVE = [
    b": keepalive\n\n",
    b":\r\n\r\n",
    b": OPENROUTER PROCESSING\n\n",
    b'event: ping\ndata: {"type": "ping"}\n\n',
    b'event: keepalive\ndata: {"type":"keepalive","sequence_number":7}\n\n',
    b"\n",
    b" \r\n",
    b": " + b"x" * 1_000,
    b"",
]


@pytest.mark.parametrize("chunk", ALIVE)
@pytest.mark.parametrize("cut", [0, 1, 5, 11])
def test_a_sign_of_life_is_no_progress(chunk: bytes, cut: int) -> None:
    heartbeats = Heartbeats()

    assert not any(heartbeats.says(part) for _ in range(3) for part in samples.cut(chunk, (cut,)))


def test_the_same_event_over_and_over_is_none_after_the_first() -> None:
    heartbeats, event = Heartbeats(), b'data: {"choices": [{"delta": {"content": ""}}]}\n\n'

    assert [heartbeats.says(event) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    "chunk",
    [
        b'data: {"type": "response.web_search_call.searching"}\n\n',
        b"\x00\x00\x01\x02frames\n",
        b'{"candidates": []}\r\n',
        b"data: " + b"x" * MAX_LINE_BYTES,
    ],
)
def test_what_says_something_is(chunk: bytes) -> None:
    assert Heartbeats().says(b": alive\n\n" + chunk)


def test_a_large_event_on_its_way_is_progress_all_the_time() -> None:
    heartbeats = Heartbeats()

    assert all(heartbeats.says(part) for part in [b"data: " + b"x" * 300, b"y" * 300, b"z" * 300])
