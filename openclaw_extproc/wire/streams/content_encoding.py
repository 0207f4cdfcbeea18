"""Bodies that come compressed although they were asked for plain: unpacked as they come, a bounded piece at a time.

Source: RFC 9110, section 8.4.1 (`gzip`, `x-gzip`, `deflate`), RFC 7932 (`br`), RFC 8878 and 9659 (`zstd`, whose windows
are at most 8 MiB here as there). `deflate` is what RFC 1950 says or, as many servers have it, the bare RFC 1951.
Left out: `compress`, which nobody sends any more, and several encodings one over the other.
"""

import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Protocol

from openclaw_extproc.model.json import UnreadableError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

brotli: Any = import_module("brotli")  # has no types

MAX_UNPACKED_BYTES = 32 * 1024 * 1024
"""The decompressed size of one body. More is no response to anything, and may be a decompression bomb."""
PIECE_BYTES = 32 * 1024
"""About as much comes out at once."""

_GZIP = b"\x1f\x8b"
_WINDOW_LOG = 23


class _Format(Protocol):
    """The decoder of one member of a compressed body."""

    def take(self, data: bytes) -> bytes:
        """Returns some of what these bytes complete; call it with no bytes until nothing comes."""
        ...

    @property
    def is_over(self) -> bool: ...
    @property
    def behind(self) -> bytes:
        """What came behind its end."""
        ...


class _Zlib:
    """The decoder of zlib's formats, gzip included."""

    def __init__(self, window: int) -> None:
        self._zlib = zlib.decompressobj(window)

    def take(self, data: bytes) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, PIECE_BYTES)

    @property
    def is_over(self) -> bool:
        return self._zlib.eof

    @property
    def behind(self) -> bytes:
        return self._zlib.unused_data


class _Deflate(_Zlib):
    """The decoder of `deflate` with a zlib header of two bytes or without; the first byte tells which."""

    def __init__(self) -> None:
        super().__init__(zlib.MAX_WBITS)
        self._is_known = False

    def take(self, data: bytes) -> bytes:
        if not self._is_known and data:
            self._is_known = True
            if data[0] & 0x0F != zlib.DEFLATED:
                self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
        return super().take(data)


class _Brotli:
    def __init__(self) -> None:
        self._brotli: Any = brotli.Decompressor()
        self._waiting = b""

    def take(self, data: bytes) -> bytes:
        self._waiting += data
        given = b""
        if self._brotli.can_accept_more_data():
            given, self._waiting = self._waiting, b""
        piece: bytes = self._brotli.process(given, output_buffer_limit=PIECE_BYTES)
        return piece

    @property
    def is_over(self) -> bool:
        return bool(self._brotli.is_finished())

    @property
    def behind(self) -> bytes:
        return b""


class _Zstd:
    def __init__(self) -> None:
        options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
        self._zstd = zstd.ZstdDecompressor(options=options)

    def take(self, data: bytes) -> bytes:
        return self._zstd.decompress(data, PIECE_BYTES)

    @property
    def is_over(self) -> bool:
        return self._zstd.eof

    @property
    def behind(self) -> bytes:
        return self._zstd.unused_data


_FORMATS: Mapping[str, Callable[[], _Format]] = {
    "gzip": lambda: _Zlib(16 + zlib.MAX_WBITS),
    "x-gzip": lambda: _Zlib(16 + zlib.MAX_WBITS),
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
KNOWN_CODINGS = ("gzip", "deflate", "br", "zstd")
"""What we say that we take."""


class TooLongError(UnreadableError):
    """The body is larger than its limit once decompressed."""


_BROKEN = (zlib.error, brotli.error, zstd.ZstdError)


def encoding(headers: Mapping[str, str]) -> str:
    """Returns the content coding of a body; "": it has none."""
    said = (one.strip().lower() for one in headers.get("content-encoding", "").split(","))
    return ", ".join(one for one in said if one not in ("", "identity"))


def unpacker(encoding: str, limit: int | None = None) -> "Unpacker | None":
    """`limit`: bytes that may come out, instead of the usual ones. `None` returned: nobody here knows how."""
    make = _FORMATS.get(encoding)
    return None if make is None else Unpacker(encoding, make, MAX_UNPACKED_BYTES if limit is None else limit)


class Unpacker:
    def __init__(self, name: str, make: Callable[[], _Format], limit: int) -> None:
        self._name = name
        self._limit = limit
        self._make = make
        self._format = make()
        self._has_come = False
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What the next bytes complete, in pieces.

        Raises:
            UnreadableError: after the pieces before it; the unpacker is unusable afterwards.
        """
        self._has_come = self._has_come or bool(chunk)
        while chunk:
            if self._format.is_over:
                if not self._begins_another(chunk):
                    return  # what is behind the end means nothing
                self._format = self._make()
            yield from self._of_member(chunk)
            chunk = self._format.behind if self._format.is_over else b""

    def _begins_another(self, behind: bytes) -> bool:
        """Members of gzip and frames of zstd may follow each other."""
        return self._name == "zstd" or (self._name.endswith("gzip") and behind.startswith(_GZIP[: len(behind)]))

    def _of_member(self, chunk: bytes) -> Iterator[bytes]:
        while True:
            try:
                piece = self._format.take(chunk)
            except _BROKEN as problem:
                raise UnreadableError(f"it is not {self._name}, as its head says") from problem
            self._size += len(piece)
            if self._size > self._limit:
                raise TooLongError(f"unpacked it is longer than {self._limit} bytes")
            if piece:
                yield piece
            if self._format.is_over or not (piece or chunk):
                return
            chunk = b""

    def end(self) -> None:
        """Nothing more comes.

        Raises:
            UnreadableError: and something is missing. A body without a byte is empty, packed or not.
        """
        if self._has_come and not self._format.is_over:
            raise UnreadableError(f"its {self._name} breaks off")
