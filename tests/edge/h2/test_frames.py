"""Promises about the layout of bytes: where the network cuts them does not matter."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.edge.ext_proc.h2 import frames
from openclaw_extproc.edge.ext_proc.h2.frames import MAX_FRAME_BYTES, PREFACE, Code, Frame, Frames, PeerError, frame
from openclaw_extproc.edge.ext_proc.h2.grpc_messages import MAX_MESSAGE_BYTES, Messages, RefusedError, grpc_frame

FRAMES = st.lists(
    st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 2**31 - 1), st.binary(max_size=300)), max_size=8
)


def cut(whole: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(one, len(whole)) for one in cuts), len(whole)]
    return [whole[a:b] for a, b in pairwise(edges)]


@given(FRAMES, st.lists(st.integers(0, 2_500), max_size=12))
def test_frames_are_the_same_wherever_they_are_cut(said: list[Frame], cuts: list[int]) -> None:
    reader, whole = Frames(), PREFACE + b"".join(frame(*one) for one in said)

    assert [one for piece in cut(whole, cuts) for one in reader.feed(piece)] == said


@given(FRAMES)
def test_frames_are_the_same_byte_by_byte(said: list[Frame]) -> None:
    reader, whole = Frames(), PREFACE + b"".join(frame(*one) for one in said)

    assert [one for at in range(len(whole)) for one in reader.feed(whole[at : at + 1])] == said


def test_the_reserved_bit_means_nothing() -> None:
    reader = Frames()
    with_bit = b"\x00\x00\x00" + bytes([frames.PING, 0]) + (2**31 + 5).to_bytes(4)

    assert list(reader.feed(PREFACE + with_bit)) == [(frames.PING, 0, 5, b"")]


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nXM", b"\x16\x03\x01"])
def test_what_is_not_http2_is_noticed_at_once(said: bytes) -> None:
    with pytest.raises(PeerError) as caught:
        list(Frames().feed(said))

    assert caught.value.code is Code.PROTOCOL_ERROR


def test_a_frame_that_is_too_long_is_refused_by_its_head() -> None:
    longest = frame(0, 0, 1, bytes(MAX_FRAME_BYTES))
    reader = Frames()

    assert len(list(reader.feed(PREFACE + longest))) == 1
    with pytest.raises(PeerError) as caught:
        list(reader.feed(frames.head(MAX_FRAME_BYTES + 1, 0, 0, 1)))
    assert caught.value.code is Code.FRAME_SIZE_ERROR


@given(st.binary(max_size=40), st.booleans(), st.integers(0, 50))
def test_padding_and_priority_are_taken_off(payload: bytes, priority: bool, padding: int) -> None:
    flags = frames.PADDED | (frames.WITH_PRIORITY if priority else 0)
    padded = bytes([padding]) + (bytes(5) if priority else b"") + payload + bytes(padding)

    assert frames.bare(flags, padded) == payload


@given(st.binary(max_size=10), st.integers(0, 255))
def test_padding_never_reaches_beyond_its_frame(payload: bytes, flags: int) -> None:
    with suppress(PeerError):
        assert len(frames.bare(flags, payload)) <= len(payload)


# -- messages ------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=200), max_size=8), st.lists(st.integers(0, 1_700), max_size=12))
def test_messages_are_the_same_wherever_they_are_cut(said: list[bytes], cuts: list[int]) -> None:
    messages, heard = Messages(), list[bytes]()

    for piece in cut(b"".join(map(grpc_frame, said)), cuts):
        messages.feed(piece)
        while (message := messages.next()) is not None:
            heard.append(bytes(message))

    assert heard == said
    assert messages.is_empty


@given(st.lists(st.binary(max_size=50), max_size=8), st.lists(st.integers(0, 500), max_size=12))
def test_messages_may_be_taken_late(said: list[bytes], cuts: list[int]) -> None:
    messages = Messages()

    for piece in cut(b"".join(map(grpc_frame, said)), cuts):
        messages.feed(piece)

    assert [messages.next() for _ in said] == said
    assert messages.next() is None


def test_a_message_that_is_too_long_is_refused_by_its_length() -> None:
    messages = Messages()
    messages.feed(b"\x00" + MAX_MESSAGE_BYTES.to_bytes(4) + b"begin")
    assert messages.next() is None

    longer = Messages()
    longer.feed(b"\x00" + (MAX_MESSAGE_BYTES + 1).to_bytes(4))
    with pytest.raises(RefusedError):
        longer.next()
