"""Promises that hold whatever comes: no exception, no session left open, no memory."""

import gc
import logging
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.edge.ext_proc.h2 import frames
from openclaw_extproc.edge.ext_proc.h2.frames import Code, frame
from openclaw_extproc.edge.telemetry import logs
from tests.edge.h2.peer import Peer, goodbye

NUMBERS = st.sampled_from([0, 1, 2, 3, 5, 7, 99, 2**31 - 1])
ANY_FRAME = st.builds(frame, st.integers(0, 10), st.integers(0, 255), NUMBERS, st.binary(max_size=40))


def lawful(peer: Peer) -> list[bytes]:
    """What a client says that does everything once."""
    return [
        frames.PREFACE,
        frames.settings({1: 4096, 3: 100, 4: 1_000_000, 5: 16_384}),
        frames.window_update(0, 1_000_000),
        peer.open(1),
        peer.message(1, b"hello" * 10),
        frames.window_update(1, 100),
        frame(frames.PING, 0, 0, b"12345678"),
        peer.open(3),
        frame(frames.DATA, frames.PADDED, 3, b"\x02" + b"\x00\x00\x00\x00\x04last" + bytes(2)),
        peer.message(1, b"x", end=True),
        frame(frames.PRIORITY, 0, 5, bytes(5)),
        peer.open(5),
        frames.rst_stream(5, Code.CANCEL),
        frame(frames.HEADERS, 0, 7, (block := peer.block())[:3]),
        frame(frames.CONTINUATION, frames.END_HEADERS, 7, block[3:]),
        peer.message(7, b"end", end=True),
    ]


def must_be_sound(peer: Peer) -> None:
    """As it was, or ended with words that blame the peer; and nothing is left of any session."""
    code = goodbye(peer.heard())
    assert code != Code.INTERNAL_ERROR, "an exception escaped"
    assert code is None or peer.closed() == 1
    if not peer.closed():
        peer.connection.on_connection_lost()
    assert all(len(session.closed) == 1 for session in peer.sessions)


def test_a_lawful_client_is_served_wherever_it_is_cut() -> None:
    @given(st.integers(1, 60))
    def check(size: int) -> None:
        peer = Peer()
        said = b"".join(lawful(peer))

        for at in range(0, len(said), size):
            peer.say(said[at : at + size])

        assert [session.messages for session in peer.sessions] == [[b"hello" * 10, b"x"], [b"last"], [], [b"end"]]
        assert not peer.closed()
        must_be_sound(peer)

    check()


@given(st.lists(ANY_FRAME, max_size=20))
def test_frames_of_any_kind_do_no_harm(said: list[bytes]) -> None:
    peer = Peer().greet()

    for one in said:
        peer.say(one)

    must_be_sound(peer)


@given(st.binary(max_size=400))
def test_bytes_of_any_kind_do_no_harm(said: bytes) -> None:
    for beginning in (b"", frames.PREFACE, frames.PREFACE + frames.settings({})):
        peer = Peer()
        peer.say(beginning, said)
        must_be_sound(peer)


@given(st.binary(max_size=120))
def test_headers_of_any_kind_do_no_harm(block: bytes) -> None:
    peer = Peer().greet()

    peer.say(frame(frames.HEADERS, frames.END_HEADERS, 1, block))

    must_be_sound(peer)


def spoilt(seed: int) -> Peer:
    """A lawful client with some bytes changed, frames left out, doubled, or out of their order."""
    draw = random.Random(seed)  # noqa: S311  # to be had again
    peer = Peer()
    said = lawful(peer)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(1, len(said))
        one = bytearray(said[at])
        match draw.randrange(5):
            case 0:
                said[at] = b""
            case 1:
                said.insert(draw.randrange(1, len(said)), said[at])
            case 2:
                said[at], said[-1] = said[-1], said[at]
            case _ if one:
                one[draw.randrange(len(one))] = draw.randrange(256)
                said[at] = bytes(one)
            case _:
                pass
    peer.say(*said[: len(said) // 2])
    peer.say(*said[len(said) // 2 :])
    return peer


def test_a_client_that_makes_mistakes_does_no_harm() -> None:
    for seed in range(3_000):
        must_be_sound(spoilt(seed))


def test_clients_that_make_mistakes_leave_no_memory_behind(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logs.log.name)  # what pytest keeps of it would be counted

    def many(first: int) -> int:
        for seed in range(first, first + 300):
            must_be_sound(spoilt(seed))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    many(0)
    tracemalloc.start()
    before = many(0)
    after = many(0)
    tracemalloc.stop()

    assert after - before < 10_000
