"""AWS's frames: read the same wherever they are cut, as botocore reads them, and never past what is wrong."""

import struct
import zlib
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.wire.bedrock.service import MAX_HEADERS_BYTES, MAX_PAYLOAD_BYTES, Frame, Reader
from tests import samples
from tests.frames import exception, frame, framed

LINES = (samples.ROOT / "bedrock_converse" / "tool_use" / "response.frames").read_text()
ONE = frame({":event-type": "x"}, b"{}")


def read(*chunks: bytes) -> list[Frame]:
    reader = Reader()
    return [found for chunk in chunks for found in reader.feed(chunk)]


names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)
frames = st.lists(st.tuples(st.dictionaries(names, st.text(max_size=20), max_size=4), st.binary(max_size=60)))


@given(frames, st.lists(st.integers(0, 10_000), max_size=8))
def test_frames_are_read_as_botocore_reads_them(given: list[tuple[dict[str, str], bytes]], at: list[int]) -> None:
    body = b"".join([frame(headers, payload) for headers, payload in given])
    theirs: Any = EventStreamBuffer()
    theirs.add_data(body)

    found = read(*samples.cut(body, at))

    assert [(f.headers, f.payload) for f in found] == [(dict(m.headers), m.payload) for m in theirs]
    assert [(f.headers, f.payload) for f in found] == given


def test_byte_by_byte_is_the_same() -> None:
    body = framed(LINES)

    assert read(*(body[n : n + 1] for n in range(len(body)))) == read(body)
    assert len(read(body)) == len(LINES.splitlines())


def test_headers_of_every_type_are_read_past() -> None:
    values = [
        b"\x00", b"\x01", b"\x02\x07", b"\x03\x00\x07", b"\x04\x00\x00\x00\x07", b"\x05" + b"\x00" * 8,
        b"\x06\x00\x03abc", b"\x08" + b"\x00" * 8, b"\x09" + b"\x00" * 16,
    ]  # fmt: skip
    headers = b"".join(b"\x01" + b"abcdefghi"[n : n + 1] + value for n, value in enumerate(values))
    headers += b"\x01z\x07\x00\x02hi"
    begun = struct.pack("!II", 16 + len(headers), len(headers))
    begun += struct.pack("!I", zlib.crc32(begun)) + headers
    body = begun + struct.pack("!I", zlib.crc32(begun))
    theirs: Any = EventStreamBuffer()
    theirs.add_data(body)

    assert len(theirs.next().headers) == len(values) + 1
    assert read(body) == [Frame({"z": "hi"}, b"")]


@pytest.mark.parametrize("place", range(len(ONE)))
def test_a_changed_byte_is_never_read(place: int) -> None:
    spoilt = ONE[:place] + bytes([ONE[place] ^ 1]) + ONE[place + 1 :]

    with pytest.raises(UnreadableError):
        read(spoilt + ONE)


def test_what_came_before_the_unreadable_is_told() -> None:
    feeding = Reader().feed(ONE + b"nonsense that is no frame")

    assert next(feeding).name == "x"
    with pytest.raises(UnreadableError):
        next(feeding)


@pytest.mark.parametrize(
    ("total", "headers"),
    [
        (0, 0),
        (15, 0),
        (16, 1),
        (MAX_PAYLOAD_BYTES + 17, 0),
        (MAX_HEADERS_BYTES + 17, MAX_HEADERS_BYTES + 1),
        (2**32 - 1, 0),
    ],
)
def test_a_size_that_none_may_have_is_refused_at_once(total: int, headers: int) -> None:
    begun = struct.pack("!II", total, headers)

    with pytest.raises(UnreadableError, match="size"):
        read(begun + struct.pack("!I", zlib.crc32(begun)))


def test_nonsense_is_not_waited_for() -> None:
    with pytest.raises(UnreadableError, match="checksum"):
        read(b"<html><body>")


@pytest.mark.parametrize(
    "raw", [b"\x05ab", b"\x01a\x07\x00\xff", b"\x01a\x0a", b"\x01a", b"\x01\xff\x00", b"\x01a\x07\x00\x01\xff"]
)
def test_headers_that_are_none_are_unreadable(raw: bytes) -> None:
    begun = struct.pack("!II", 16 + len(raw), len(raw))
    begun += struct.pack("!I", zlib.crc32(begun)) + raw

    with pytest.raises(UnreadableError, match="headers"):
        read(begun + struct.pack("!I", zlib.crc32(begun)))


def test_a_frame_says_what_it_is() -> None:
    [failed] = read(exception("throttlingException", "slow down"))
    [error] = read(frame({":message-type": "error", ":error-code": "InternalError"}, b""))

    assert (failed.kind, failed.name) == ("exception", "throttlingException")
    assert (error.kind, error.name) == ("error", "InternalError")
