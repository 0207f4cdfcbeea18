"""Promises about compressed bodies: whole or not at all, however they are cut, and never more than is allowed."""

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.wire.streams import content_encoding
from openclaw_extproc.wire.streams.content_encoding import PIECE_BYTES, brotli, unpacker
from tests import samples

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def bare(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush()


def in_members(text: bytes) -> bytes:
    return gzip.compress(text[:5]) + gzip.compress(text[5:])


def in_frames(text: bytes) -> bytes:
    return zstd.compress(text[:5]) + zstd.compress(text[5:])


PACKED: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("x-gzip", in_members),
    ("deflate", zlib.compress),
    ("deflate", bare),
    ("br", brotli.compress),
    ("zstd", zstd.compress),
    ("zstd", in_frames),
]
every_packing = pytest.mark.parametrize(("name", "pack"), PACKED, ids=[f"{n}-{p.__name__}" for n, p in PACKED])
TEXT = b'data: {"choices": []}\n\n' * 5_000 + bytes(range(256)) * 50


def unpacked(name: str, chunks: list[bytes]) -> bytes:
    found = unpacker(name)
    assert found is not None
    pieces = [piece for chunk in chunks for piece in found.feed(chunk)]
    found.end()
    assert all(0 < len(piece) <= 4 * PIECE_BYTES for piece in pieces)
    return b"".join(pieces)


@every_packing
@given(text=st.binary(max_size=300) | st.just(TEXT), cuts=st.lists(st.integers(0, 10_000), max_size=5))
def test_what_was_packed_comes_out_however_it_is_cut(
    name: str, pack: Callable[[bytes], bytes], text: bytes, cuts: list[int]
) -> None:
    assert unpacked(name, samples.cut(pack(text), cuts)) == text


@every_packing
def test_what_breaks_off_is_told_after_what_was_there(name: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(TEXT)
    found = unpacker(name)
    assert found is not None
    got = b"".join(found.feed(packed[: len(packed) // 2]))

    assert TEXT.startswith(got)
    with pytest.raises(UnreadableError, match="breaks off"):
        found.end()


@every_packing
def test_a_stream_comes_as_it_is_flushed(name: str, pack: Callable[[bytes], bytes]) -> None:
    if name not in ("gzip", "deflate") or pack is bare:
        return
    packer = zlib.compressobj(wbits=31 if name == "gzip" else 15)
    found = unpacker(name)
    assert found is not None
    for event in (b"data: 1\n\n", b"data: 2\n\n"):
        assert b"".join(found.feed(packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH))) == event


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_what_is_not_packed_as_its_head_says_is_told(name: str) -> None:
    found = unpacker(name)
    assert found is not None

    with pytest.raises(UnreadableError, match="as its head says"):
        list(found.feed(b'{"id": "chatcmpl-1", "choices": []}'))


def sizes(name: str, packed: bytes) -> Iterator[int]:
    """Of the pieces that come out, until it cannot be unpacked any more."""
    found = unpacker(name)
    assert found is not None
    for start in range(0, len(packed), 4096):
        try:
            yield from map(len, found.feed(packed[start : start + 4096]))
        except UnreadableError:
            return
    raise AssertionError("all of it came out")


WHOLE = [pytest.param(name, pack, id=name) for name, pack in PACKED if pack not in (bare, in_members, in_frames)]


@pytest.mark.parametrize(("name", "pack"), WHOLE)
def test_a_bomb_ends_at_the_limit(name: str, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 16 * PIECE_BYTES
    monkeypatch.setattr(content_encoding, "MAX_UNPACKED_BYTES", limit)

    seen = list(sizes(name, pack(bytes(2 * limit))))

    assert limit - 4 * PIECE_BYTES <= sum(seen) <= limit
    assert max(seen) <= 4 * PIECE_BYTES


def test_a_large_window_is_refused() -> None:
    window: dict[int, int] = {zstd.CompressionParameter.window_log: 27}
    found = unpacker("zstd")
    assert found is not None

    with pytest.raises(UnreadableError):
        list(found.feed(zstd.ZstdCompressor(options=window).compress(bytes(100_000), zstd.ZstdCompressor.FLUSH_BLOCK)))


def test_an_empty_body_is_empty_packed_or_not() -> None:
    assert unpacked("gzip", []) == b""
    assert unpacked("gzip", [gzip.compress(b"")]) == b""


def test_what_is_behind_the_end_means_nothing() -> None:
    assert unpacked("gzip", [gzip.compress(b"x"), b"\0\0", b"\0"]) == b"x"
    assert unpacked("br", [brotli.compress(b"x"), b"zzz"]) == b"x"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", ""),
        ("identity", ""),
        (" GZIP ", "gzip"),
        ("identity, br", "br"),
        ("gzip, br", "gzip, br"),
        ("aes128gcm", "aes128gcm"),
    ],
)
def test_how_a_body_is_packed(said: str, expected: str) -> None:
    assert content_encoding.encoding({"content-encoding": said}) == expected
    assert (unpacker(expected) is not None) == (expected in ("gzip", "br"))


@given(st.binary(max_size=400), st.sampled_from(["gzip", "deflate", "br", "zstd"]))
def test_no_bytes_do_anything_else(garbage: bytes, name: str) -> None:
    found = unpacker(name)
    assert found is not None
    try:
        list(found.feed(garbage))
        found.end()
    except UnreadableError:
        pass
