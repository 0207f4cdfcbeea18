"""How an answer breaks: functions from the pieces of a good answer to steps. Pure."""

import zlib
from collections.abc import Iterable
from dataclasses import replace

from openclaw_simulator.script import pieces
from openclaw_simulator.shape import Stream
from openclaw_simulator.steps import Head, Reset, Send, Step, Steps, Wait, page

# --- how a stream goes wrong ---


def unbroken(stream: Stream, _: float) -> Iterable[Step]:
    return (*map(Send, stream.opening), *map(Send, stream.tokens), *_rest(stream))


def _rest(stream: Stream) -> Steps:
    return tuple(Send(part) for part in (stream.closing, stream.end) if part)


def _half(stream: Stream) -> tuple[Steps, Steps]:
    """Opening and the first half of the tokens; then all that is left."""
    sends = tuple(map(Send, stream.tokens))
    middle = (len(sends) + 1) // 2
    return (*map(Send, stream.opening), *sends[:middle]), (*sends[middle:], *_rest(stream))


def cut(stream: Stream, _: float) -> Iterable[Step]:
    return _half(stream)[0]


def reset_mid(stream: Stream, _: float) -> Iterable[Step]:
    return (*_half(stream)[0], Wait(SETTLE), Reset())


def stall(stream: Stream, seconds: float) -> Iterable[Step]:
    first, second = _half(stream)
    return (*first, Wait(seconds), *second)


def alive(stream: Stream, seconds: float) -> Iterable[Step]:
    first, second = _half(stream)
    sign = b": keepalive\n\n" if stream.opening else b"\r\n"  # Gemini's own clients know no comments
    signs = tuple(step for _ in range(int(seconds * 4)) for step in (Wait(0.25), Send(sign)))
    return (*first, *signs, *second)


def garbage(stream: Stream, _: float) -> Iterable[Step]:
    first, second = _half(stream)
    return (*first, Send(stream.garbage), *second)


def mid_error(stream: Stream, _: float) -> Iterable[Step]:
    return (*_half(stream)[0], Send(stream.error))


def first_event_error(stream: Stream, _: float) -> Iterable[Step]:
    return (Send(stream.error_first),)


def lifecycle_then_error(stream: Stream, _: float) -> Iterable[Step]:
    return (*map(Send, stream.lifecycle), Send(stream.error))


def no_done(stream: Stream, _: float) -> Iterable[Step]:
    parts = (*stream.opening, *stream.tokens, stream.closing)
    return tuple(Send(part) for part in parts if part)


def late(stream: Stream, seconds: float) -> Iterable[Step]:
    return (Wait(seconds), *unbroken(stream, 0))


def opened(stream: Stream, seconds: float) -> Iterable[Step]:
    """What comes before the content, and a comment where there is nothing."""
    yield Send(b"".join(stream.opening) or b": processing\n\n")
    yield Wait(seconds)
    for part in stream.tokens:
        yield Send(part)
    yield from _rest(stream)


def slow(stream: Stream, milliseconds: float) -> Iterable[Step]:
    for part in stream.opening:
        yield Send(part)
    for part in stream.tokens:
        yield Wait(milliseconds / 1000)
        yield Send(part)
    yield from _rest(stream)


# --- how a whole answer goes wrong ---

SETTLE = 0.05
"""Seconds between the last byte and a reset, so that the peer has read what was sent."""


def _head(length: int | None) -> Head:
    return Head(200, (("content-type", "application/json"),), length)


def whole_half(body: bytes, _: float) -> Steps:
    """Ends cleanly in the middle of the JSON."""
    return (_head(None), Send(body[: len(body) // 2]))


def whole_reset(body: bytes, _: float) -> Steps:
    return (_head(len(body)), Send(body[: len(body) // 2]), Wait(SETTLE), Reset())


def whole_stall(body: bytes, seconds: float) -> Steps:
    middle = len(body) // 2
    return (_head(len(body)), Send(body[:middle]), Wait(seconds), Send(body[middle:]))


def whole_late(body: bytes, seconds: float) -> Steps:
    return (_head(len(body)), Wait(seconds), Send(body))


def whole_slow(body: bytes, milliseconds: float) -> Steps:
    return (Wait(milliseconds / 1000 * len(pieces(body.decode()))), *page(200, "application/json", body))


# --- all steps ---


def gzip(played: Steps) -> Steps:
    """Compress each piece so that a reader gets it at once."""
    zipped, rest = _gzip(played)
    return (*zipped, Send(rest))


def gzip_open(played: Steps) -> Steps:
    """The same, without the end of what is compressed."""
    return _gzip(played)[0]


def _gzip(played: Steps) -> tuple[Steps, bytes]:
    zipper = zlib.compressobj(wbits=31)
    zipped: list[Step] = []
    for step in played:
        match step:
            case Head():
                zipped.append(_said_gzip(step))
            case Send(body):
                zipped.append(Send(zipper.compress(body) + zipper.flush(zlib.Z_SYNC_FLUSH)))
            case _:
                zipped.append(step)
    return tuple(zipped), zipper.flush()


def marked(played: Steps) -> Steps:
    """The same behind a byte order mark."""
    head, *rest = played
    assert isinstance(head, Head)
    length = None if head.length is None else head.length + len(_MARK)
    return (replace(head, length=length), Send(_MARK), *rest)


_MARK = "\ufeff".encode()


def called_gzip(played: Steps) -> Steps:
    """The same bytes, called what they are not."""
    return tuple(_said_gzip(step) if isinstance(step, Head) else step for step in played)


def _said_gzip(head: Head) -> Head:
    return replace(head, headers=(*head.headers, ("content-encoding", "gzip")), length=None)
