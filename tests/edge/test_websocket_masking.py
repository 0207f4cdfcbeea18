"""Promises about WebSocket messages: no key in them, wherever frames and the network cut; frames stay as they were."""

import struct
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.edge.ext_proc.masking import MAX_DUE, FramesMasker, Masker

KEY = b"sk-proj-abc_DEF-0123456789"
STARS = b"*" * len(KEY)
PING, CLOSE = 9, 8


def frame(payload: bytes, opcode: int, *, fin: bool = True) -> bytes:
    first = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        return first + bytes([len(payload)]) + payload
    if len(payload) < 1 << 16:
        return first + struct.pack("!BH", 126, len(payload)) + payload
    return first + struct.pack("!BQ", 127, len(payload)) + payload


def message(text: bytes, cuts: Sequence[int] = (), between: bytes = b"") -> bytes:
    """In as many frames, with `between` after each that is not the last."""
    edges = [0, *sorted(cuts), len(text)]
    parts = [text[a:b] for a, b in pairwise(edges)]
    frames = [frame(part, 1 if n == 0 else 0, fin=n == len(parts) - 1) for n, part in enumerate(parts)]
    return between.join(frames)


def masked(pieces: Iterable[bytes]) -> list[bytes]:
    masker = FramesMasker(Masker((KEY.decode(),)), Masker((KEY.decode(),)))
    return [masker.feed(piece, end=False) for piece in pieces]


def cut(text: bytes, cuts: Iterable[int]) -> list[bytes]:
    return [text[a:b] for a, b in pairwise([0, *sorted(cuts), len(text)])]


def texts(frames: bytes) -> list[bytes]:
    """The messages, and the payloads of control frames, as a client reads them."""
    read, at, begun = list[bytes](), 0, b""
    while at < len(frames):
        opcode, fin, length = frames[at] & 15, frames[at] & 0x80, frames[at + 1]
        at += 2
        if length > 125:
            size = {126: 2, 127: 8}[length]
            length, at = int.from_bytes(frames[at : at + size], "big"), at + size
        payload, at = frames[at : at + length], at + length
        if opcode & 8:
            read.append(payload)
        else:
            begun += payload
            if fin:
                read.append(begun)
                begun = b""
    return read


pieces = st.lists(st.sampled_from([KEY, KEY[:9], KEY[9:], b"sk-", b"{}", b"x" * 130, b""]), max_size=6).map(b"".join)


@given(st.data())
def test_no_key_is_in_a_message_wherever_it_is_cut(data: st.DataObject) -> None:
    said, frames = list[bytes](), b""
    for _ in range(data.draw(st.integers(1, 3))):
        text = data.draw(pieces)
        cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=3))
        said.append(text)
        frames += message(text, cuts, data.draw(st.sampled_from([b"", frame(b"alive?", PING)])))
    cuts = data.draw(st.lists(st.integers(0, len(frames)), max_size=8))

    got = b"".join(masked(cut(frames, cuts)))

    assert len(got) == len(frames)
    expected = [text.replace(KEY, STARS) for text in said]
    assert [text for text in texts(got) if text != b"alive?"] == expected
    assert all(new in (old, ord("*")) for old, new in zip(frames, got, strict=True))


@given(st.lists(pieces, max_size=4))
def test_nothing_of_a_complete_message_waits(said: list[bytes]) -> None:
    """A message may end like the beginning of a key, and nobody knows when the next one comes."""
    got = masked(message(text) for text in said)

    assert [texts(one) for one in got] == [[text.replace(KEY, STARS)] for text in said]


def test_a_key_over_three_frames_and_a_ping_is_cut_out() -> None:
    frames = message(b"no: " + KEY + b"!", [8, 15], frame(b"alive?", PING))

    assert texts(b"".join(masked(frames[n : n + 1] for n in range(len(frames))))) == [
        *[b"alive?"] * 2,
        b"no: " + STARS + b"!",
    ]


@pytest.mark.parametrize("opcode", [PING, CLOSE])
def test_a_key_in_a_ping_or_a_reason_is_cut_out(opcode: int) -> None:
    frames = frame(b"\x03\xe8" + KEY, opcode)

    assert b"".join(masked(cut(frames, [5, 12]))) == frames.replace(KEY, STARS)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 300_000])
def test_frames_of_any_length_are_told_apart(size: int) -> None:
    frames = frame(b"x" * size, 2) + message(KEY) + frame(b"y" * size, 2)
    steps = list(accumulate([1] * min(40, len(frames) - 1)))

    assert b"".join(masked(cut(frames, steps))) == frames.replace(KEY, STARS)


def test_what_waits_comes_when_nothing_follows() -> None:
    masker = FramesMasker(Masker((KEY.decode(),)), Masker((KEY.decode(),)))
    begun = frame(b"text sk-", 1, fin=False) + b"\x80"

    assert masker.feed(begun, end=False) == begun[:-4]
    assert masker.rest() == begun[-4:]
    assert masker.rest() == b""


def test_what_waits_for_the_rest_of_a_key_is_bounded() -> None:
    """A provider may begin a key and send frames without end between its halves."""
    masker = FramesMasker(Masker((KEY.decode(),)), Masker((KEY.decode(),)))
    fed = delivered = b""

    for piece in (frame(KEY[:9], 1, fin=False), *([frame(b"", PING)] * 20_000), frame(KEY[9:], 0)):
        fed += piece
        delivered += masker.feed(piece, end=False)
        assert len(fed) - len(delivered) <= 3 * MAX_DUE + len(KEY)

    assert len(delivered) == len(fed)
    assert KEY[:9] not in delivered


def test_many_frames_at_once_are_not_taken_for_such_a_provider() -> None:
    """Each ends with what a key begins with."""
    text = b"".join(message(b"words s", [7]) for _ in range(2 * MAX_DUE))

    assert b"".join(masked([text])) == text
