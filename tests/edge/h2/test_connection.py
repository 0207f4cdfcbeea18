"""Promises about the rules of HTTP/2: who breaks them is told which, and nothing else breaks with them."""

import struct
import tracemalloc

import pytest

from openclaw_extproc.edge.ext_proc.h2 import connection, frames
from openclaw_extproc.edge.ext_proc.h2.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    WITH_PRIORITY,
    Code,
    frame,
    window_update,
)
from openclaw_extproc.edge.ext_proc.h2.grpc_messages import grpc_frame
from openclaw_extproc.edge.ext_proc.h2.stream import WINDOW_BYTES
from tests.edge.h2.peer import Peer, goodbye, kinds, resets
from tests.edge.h2.sessions import Echo

WINDOW, FRAME_SIZE, TABLE_SIZE = 4, 5, 1


def end(peer: Peer) -> int | None:
    """The code of its GOAWAY, if the connection was ended, with all its sessions."""
    code = goodbye(peer.heard())
    assert (code is not None) == (peer.closed() == 1)
    if code is not None:
        assert all(len(session.closed) == 1 for session in peer.sessions)
    return code


# -- greeting --------------------------------------------------------------------------


def test_we_say_what_we_take_before_we_are_asked() -> None:
    peer = Peer()

    (settings, window) = peer.heard()

    assert settings[0] == SETTINGS
    assert dict(frames.read_settings(settings[3]))[WINDOW] == WINDOW_BYTES
    assert (window[0], window[2]) == (WINDOW_UPDATE, 0)


def test_settings_are_acknowledged_and_pings_answered() -> None:
    peer = Peer().greet()

    peer.say(frames.settings({WINDOW: 10}), frame(PING, 0, 0, b"12345678"), frame(PING, ACK, 0, b"12345678"))

    assert peer.heard() == [(SETTINGS, ACK, 0, b""), (PING, ACK, 0, b"12345678")]


def test_whoever_does_not_begin_with_settings_is_sent_away() -> None:
    peer = Peer()

    peer.say(frames.PREFACE, frame(PING, 0, 0, bytes(8)))

    assert end(peer) == Code.PROTOCOL_ERROR


def test_kinds_that_are_not_known_are_passed_over() -> None:
    peer = Peer().greet()

    peer.say(frame(0x20, 255, 7, b"what"), frame(PRIORITY, 0, 9, bytes(5)), peer.open(1), peer.message(1, b"one"))

    assert peer.messages() == grpc_frame(b"one")


# -- rules -----------------------------------------------------------------------------

OPEN = b"open"
"""Stands for the headers of stream 1."""
BROKEN: dict[str, tuple[list[bytes], Code]] = {
    "data of the connection": ([frame(DATA, 0, 0, b"")], Code.PROTOCOL_ERROR),
    "data of a stream that never was": ([frame(DATA, 0, 1, b"")], Code.PROTOCOL_ERROR),
    "data with too much padding": ([OPEN, frame(DATA, PADDED, 1, b"\x04abc")], Code.PROTOCOL_ERROR),
    "padding without a length": ([OPEN, frame(DATA, PADDED, 1, b"")], Code.FRAME_SIZE_ERROR),
    "headers of the connection": ([frame(HEADERS, END_HEADERS, 0, b"")], Code.PROTOCOL_ERROR),
    "headers with an even number": ([frame(HEADERS, END_HEADERS, 2, b"")], Code.PROTOCOL_ERROR),
    "headers that cannot be read": ([frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff")], Code.COMPRESSION_ERROR),
    "headers that use what is not there": ([frame(HEADERS, END_HEADERS, 1, b"\xfe")], Code.COMPRESSION_ERROR),
    "headers cut short": ([frame(HEADERS, END_HEADERS, 1, b"\x40")], Code.COMPRESSION_ERROR),
    "headers broken into by data": ([frame(HEADERS, 0, 1, b""), frame(DATA, 0, 1, b"")], Code.PROTOCOL_ERROR),
    "headers broken into by others": (
        [frame(HEADERS, 0, 1, b""), frame(CONTINUATION, END_HEADERS, 3, b"")],
        Code.PROTOCOL_ERROR,
    ),
    "a continuation of nothing": ([frame(CONTINUATION, END_HEADERS, 1, b"")], Code.PROTOCOL_ERROR),
    "a priority of the connection": ([frame(PRIORITY, 0, 0, bytes(5))], Code.PROTOCOL_ERROR),
    "a reset of the connection": ([frame(RST_STREAM, 0, 0, bytes(4))], Code.PROTOCOL_ERROR),
    "a reset of nothing": ([frame(RST_STREAM, 0, 1, bytes(4))], Code.PROTOCOL_ERROR),
    "a reset of a wrong length": ([OPEN, frame(RST_STREAM, 0, 1, bytes(3))], Code.FRAME_SIZE_ERROR),
    "settings of a stream": ([frame(SETTINGS, 0, 1, b"")], Code.PROTOCOL_ERROR),
    "settings of a wrong length": ([frame(SETTINGS, 0, 0, bytes(5))], Code.FRAME_SIZE_ERROR),
    "an acknowledgement that says something": ([frame(SETTINGS, ACK, 0, bytes(6))], Code.FRAME_SIZE_ERROR),
    "a window that is too large": ([frames.settings({WINDOW: 2**31})], Code.FLOW_CONTROL_ERROR),
    "frames that are too small": ([frames.settings({FRAME_SIZE: 16_383})], Code.PROTOCOL_ERROR),
    "frames that are too large": ([frames.settings({FRAME_SIZE: 2**24})], Code.PROTOCOL_ERROR),
    "a push that is no yes or no": ([frames.settings({2: 2})], Code.PROTOCOL_ERROR),
    "a push": ([frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4))], Code.PROTOCOL_ERROR),
    "a ping of a stream": ([frame(PING, 0, 1, bytes(8))], Code.PROTOCOL_ERROR),
    "a ping of a wrong length": ([frame(PING, 0, 0, bytes(7))], Code.FRAME_SIZE_ERROR),
    "a goodbye of a stream": ([frame(GOAWAY, 0, 1, bytes(8))], Code.PROTOCOL_ERROR),
    "a goodbye of a wrong length": ([frame(GOAWAY, 0, 0, bytes(7))], Code.FRAME_SIZE_ERROR),
    "a window of nothing more": ([window_update(0, 0)], Code.PROTOCOL_ERROR),
    "a window of a stream that never was": ([window_update(1, 5)], Code.PROTOCOL_ERROR),
    "a window of a wrong length": ([frame(WINDOW_UPDATE, 0, 0, bytes(5))], Code.FRAME_SIZE_ERROR),
    "a window that grows too large": ([window_update(0, 2**31 - 1)], Code.FLOW_CONTROL_ERROR),
    "windows that grow too large": (
        [OPEN, window_update(1, 2**31 - 1 - 65_535), frames.settings({WINDOW: 2**31 - 1})],
        Code.FLOW_CONTROL_ERROR,
    ),
    "a frame that is too long": ([frames.head(16_385, DATA, 0, 1)], Code.FRAME_SIZE_ERROR),
}


@pytest.mark.parametrize("name", BROKEN)
def test_who_breaks_the_rules_is_told_which(name: str) -> None:
    said, code = BROKEN[name]
    peer = Peer().greet()

    peer.say(*(peer.open(1) if one == OPEN else one for one in said))

    assert end(peer) == code
    peer.say(frame(PING, 0, 0, bytes(8)))
    assert peer.heard() == [], "it is over"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (frame(PRIORITY, 0, 1, bytes(4)), Code.FRAME_SIZE_ERROR),
        (window_update(1, 0), Code.PROTOCOL_ERROR),
        (window_update(1, 2**31 - 1), Code.FLOW_CONTROL_ERROR),
        (frame(HEADERS, END_HEADERS, 1, b""), Code.PROTOCOL_ERROR),
        (frame(DATA, END_STREAM, 1) + frame(DATA, 0, 1, b"x"), None),
    ],
)
def test_who_breaks_the_rules_on_one_stream_keeps_the_others(said: bytes, code: Code | None) -> None:
    peer = Peer().greet()
    peer.say(peer.open(1), peer.message(1, b"one"), peer.open(3))
    peer.heard()

    peer.say(said, peer.message(3, b"three"))

    heard = peer.heard()
    assert resets(heard) == ([] if code is None else [(1, code)])
    assert peer.messages(heard) == grpc_frame(b"three")
    assert [session.closed for session in peer.sessions] == [[None], []]
    assert not peer.closed()


@pytest.mark.parametrize(
    "changed",
    [
        {":method": ""},
        {":path": ""},
        {"Te": "trailers"},
        {"te": "gzip"},
        {"connection": "close"},
        {":status": "200"},
    ],
)
def test_what_is_no_request_is_reset(changed: dict[str, str]) -> None:
    peer = Peer().greet()
    fields = {":method": "POST", ":scheme": "http", ":path": "/x"} | changed
    wrong = [(name, value) for name, value in fields.items() if value]

    peer.say(frame(HEADERS, END_HEADERS, 1, peer.encoder.encode(wrong)), peer.open(3), peer.message(3, b"three"))

    heard = peer.heard()
    assert resets(heard) == [(1, Code.PROTOCOL_ERROR)]
    assert peer.messages(heard) == grpc_frame(b"three")


@pytest.mark.parametrize("changed", [{":method": "GET"}, {"content-type": "application/json"}])
def test_who_does_not_speak_grpc_is_told_so(changed: dict[str, str]) -> None:
    peer = Peer().greet()

    peer.say(frame(HEADERS, END_HEADERS | END_STREAM, 1, peer.block(**changed)))

    (head,) = peer.heard()
    assert peer.fields(head) == {":status": "415"}
    assert head[1] & END_STREAM


def test_headers_may_come_in_pieces_with_padding_and_priority() -> None:
    peer = Peer().greet()
    block = peer.block()

    peer.say(
        frame(HEADERS, PADDED | WITH_PRIORITY, 1, b"\x03" + bytes(5) + block[:4] + bytes(3)),
        frame(CONTINUATION, 0, 1, block[4:9]),
        frame(CONTINUATION, END_HEADERS, 1, block[9:]),
        frame(DATA, PADDED, 1, b"\x09" + grpc_frame(b"one") + bytes(9)),
    )

    assert peer.messages() == grpc_frame(b"one")


def test_trailers_of_the_peer_end_its_side() -> None:
    peer = Peer().greet()

    peer.say(peer.open(1), peer.message(1, b"one"), peer.open(3))
    trailers = peer.encoder.encode([("x-other", "late")])
    peer.say(frame(HEADERS, END_HEADERS | END_STREAM, 1, trailers), peer.open(5), peer.message(5, b"five"))

    assert peer.sessions[0].closed == [None]
    assert len(peer.sessions) == 3, "the table stays in step"


def test_headers_are_known_again_only_while_the_table_is_the_same() -> None:
    """A block that means one thing now may mean another after the table has changed."""
    peer = Peer().greet()
    known = [peer.open(number) for number in (1, 3, 5)]
    peer.say(*known)
    same = known[-1][9:]
    assert min(same) >= 0x80, "all from the table"
    for n in range(200):  # pushes all of it out
        peer.encoder.header_table.add(b"x-%d" % n, b"y" * 50)

    peer.say(
        frame(HEADERS, END_HEADERS, 7, b"".join(b"\x40\x05x-new\x32" + bytes([65 + n % 26]) * 50 for n in range(60)))
    )
    peer.say(frame(HEADERS, END_HEADERS, 9, same))

    assert len(peer.sessions) == 3
    assert (7, Code.PROTOCOL_ERROR) in resets(heard := peer.heard())
    assert (9, Code.PROTOCOL_ERROR) in resets(heard), "it is not taken for what it was"


# -- windows --------------------------------------------------------------------------


def test_answers_wait_for_the_windows_of_the_peer() -> None:
    peer = Peer().greet({WINDOW: 10})
    peer.say(peer.open(1), peer.message(1, b"0123456789"), peer.message(1, b"more"))
    assert peer.messages() == grpc_frame(b"0123456789")[:10]
    assert peer.sessions[0].messages == [b"0123456789"], "the next is not taken meanwhile"

    peer.say(window_update(1, 3))
    assert peer.messages() == grpc_frame(b"0123456789")[10:13]

    peer.say(frames.settings({WINDOW: 1000}))
    assert peer.messages() == grpc_frame(b"0123456789")[13:] + grpc_frame(b"more")


def test_a_window_may_become_less_than_nothing() -> None:
    peer = Peer().greet({WINDOW: 100})
    peer.say(peer.open(1), peer.message(1, bytes(95)))
    peer.heard()

    peer.say(frames.settings({WINDOW: 0}), peer.message(1, b"abc"), window_update(1, 100))
    assert peer.messages() == b""

    peer.say(window_update(1, 8))
    assert peer.messages() == grpc_frame(b"abc")


def test_the_window_of_the_connection_is_shared_in_turns() -> None:
    peer = Peer(lambda: Echo(answer=lambda _: [bytes(100_000)])).greet({WINDOW: 2**31 - 1})
    peer.say(peer.open(1), peer.message(1, b"a"), peer.open(3), peer.message(3, b"b"))
    assert sum(len(payload) for kind, _, _, payload in peer.heard() if kind == DATA) == 65_535

    peer.say(window_update(0, 64 * 1024))

    heard = peer.heard()
    shares = [sum(len(payload) for _, _, number, payload in heard if number == one) for one in (1, 3)]
    assert shares == [32 * 1024] * 2


def test_the_end_comes_after_what_waits() -> None:
    peer = Peer().greet({WINDOW: 5})
    peer.say(peer.open(1), peer.message(1, b"last", end=True))
    assert kinds(peer.heard()) == [(HEADERS, 1), (DATA, 1)]
    assert peer.sessions[0].closed == [None]

    peer.say(window_update(1, 100))

    heard = peer.heard()
    assert kinds(heard) == [(DATA, 1), (HEADERS, 1)]
    assert heard[-1][1] == END_HEADERS | END_STREAM


def test_our_windows_are_topped_up_as_messages_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECTION_WINDOW", 2 * WINDOW_BYTES)
    peer = Peer(lambda: Echo(answer=lambda _: [])).greet()
    peer.say(peer.open(1))

    given = {0: 0, 1: 0}
    for _ in range(20):
        peer.say(*(frame(DATA, 0, 1, grpc_frame(bytes(16_000))) for _ in range(16)))
        for kind, _, number, more in peer.heard():
            assert kind == WINDOW_UPDATE
            given[number] += int.from_bytes(more)

    assert given[0] > 20 * 16 * 16_000 - 2 * WINDOW_BYTES
    assert given[1] > 20 * 16 * 16_000 - WINDOW_BYTES
    assert not peer.closed()


def test_a_peer_that_sends_more_than_the_window_takes_loses_the_stream() -> None:
    peer = Peer().greet({WINDOW: 0})
    peer.say(peer.open(1), peer.message(1, b"an answer nobody reads"))

    peer.say(*(frame(DATA, 0, 1, bytes(16_384)) for _ in range(64)))

    assert resets(peer.heard()) == [(1, Code.FLOW_CONTROL_ERROR)]
    assert peer.sessions[0].closed == [None]
    assert len(peer.sessions[0].messages) == 1


def test_what_waits_goes_with_its_stream() -> None:
    peer = Peer().greet({WINDOW: 10})
    peer.say(peer.open(1), peer.message(1, b"nobody waits for this"))
    peer.heard()

    peer.say(frames.rst_stream(1, Code.CANCEL), frames.settings({WINDOW: 1000}), window_update(0, 1000))

    assert kinds(peer.heard()) == [(SETTINGS, 0)]
    assert peer.sessions[0].closed == [None]


def test_frames_of_one_read_are_answered_by_one_write() -> None:
    peer = Peer().greet()

    peer.say(peer.open(1), *(peer.message(1, b"%d" % n) for n in range(10)), peer.open(3), peer.message(3, b"x"))

    assert len(peer.writes) == 1


def test_the_first_of_many_calls_does_not_wait_for_the_last() -> None:
    peer = Peer()

    def slowly(message: bytes) -> list[bytes]:
        peer.clock.at += 0.01
        return [message]

    peer.make = lambda: Echo(answer=slowly)
    peer.opened.make = peer.make
    peer.greet()

    peer.say(*(peer.open(n) + peer.message(n, b"x") for n in range(1, 20, 2)))

    assert len(peer.writes) == 10


# -- while the socket takes no more -----------------------------------------------------


def test_what_waits_stays_where_it_is_while_the_socket_is_full() -> None:
    peer = Peer(lambda: Echo(answer=lambda _: [bytes(1_000_000)])).greet({WINDOW: 2**31 - 1})
    peer.say(window_update(0, 2**30))
    peer.connection.sender.is_paused = True

    peer.say(peer.open(1), peer.message(1, b"a"))
    assert kinds(peer.heard()) == [(HEADERS, 1)]

    peer.connection.sender.is_paused = False
    peer.connection.flush()
    assert len(peer.messages()) == 1_000_005


# -- floods -----------------------------------------------------------------------------


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(frames, "MOST", 2_000)
    return frames.MOST


@pytest.mark.parametrize("said", [frame(PING, 0, 0, bytes(8)), frame(SETTINGS, 0, 0), frame(DATA, 0, 1)])
def test_a_flood_of_what_does_nothing_ends_the_connection(said: bytes, most: int) -> None:
    peer = Peer().greet()
    peer.say(peer.open(1))

    for _ in range(most // 1000 + 1):
        peer.say(said * 1000)

    assert end(peer) == Code.ENHANCE_YOUR_CALM


def test_streams_that_are_opened_and_reset_at_once_end_the_connection(most: int) -> None:
    peer = Peer().greet()
    number = 1

    while not peer.closed():
        assert number < 3 * most
        peer.say(peer.open(number), frames.rst_stream(number, Code.CANCEL))
        number += 2

    assert end(peer) == Code.ENHANCE_YOUR_CALM


def test_streams_that_are_reset_after_an_answer_may_come_for_ever(most: int) -> None:
    """So Envoy ends every call."""
    peer = Peer().greet()

    for number in range(1, 3 * most, 2):
        peer.say(peer.open(number), peer.message(number, b"x"), frames.rst_stream(number, Code.NO_ERROR))
        peer.writes.clear()

    assert not peer.closed()
    assert all(session.closed == [None] for session in peer.sessions)


def test_a_peer_that_makes_us_reset_its_streams_is_sent_away(most: int) -> None:
    peer = Peer().greet()

    for number in range(1, 3 * most, 2):
        peer.say(peer.open(number), window_update(number, 0))

    assert end(peer) == Code.ENHANCE_YOUR_CALM


def test_what_is_lawful_at_its_pace_may_go_on_for_ever(most: int) -> None:
    peer = Peer().greet()

    for _ in range(3 * most // 1000):
        peer.clock.at += 1000 / frames.PER_SECOND
        peer.say(frame(PING, 0, 0, bytes(8)) * 1000)

    assert not peer.closed()


@pytest.mark.parametrize(("size", "most"), [(0, 65), (100, 65), (16_000, 10)])
def test_headers_without_an_end_end_the_connection(size: int, most: int) -> None:
    peer = Peer().greet()
    peer.say(frame(HEADERS, 0, 1, peer.block()))

    said = 0
    while not peer.closed():
        said += 1
        assert said <= most
        peer.say(frame(CONTINUATION, 0, 1, bytes(size)))

    assert end(peer) == Code.ENHANCE_YOUR_CALM


def test_small_headers_that_mean_large_ones_end_the_connection() -> None:
    """One entry of the table, named again and again."""
    peer = Peer().greet()
    entry = b"\x40\x03x-a\x7f\xf1\x1e" + b"b" * 4080

    peer.say(frame(HEADERS, END_HEADERS, 1, entry[:6] + b"\x7f\x81\x1e" + b"b" * 3968 + b"\xbe" * 10_000))

    assert end(peer) == Code.COMPRESSION_ERROR


def test_more_streams_than_we_take_are_refused_and_nothing_else() -> None:
    peer = Peer().greet()
    numbers = range(1, 2 * connection.MAX_STREAMS + 1, 2)
    peer.say(*(peer.open(number) for number in numbers))

    peer.say(peer.open(numbers[-1] + 2), peer.message(1, b"still"))

    heard = peer.heard()
    assert resets(heard) == [(numbers[-1] + 2, Code.REFUSED_STREAM)]
    assert peer.messages(heard) == grpc_frame(b"still")


def test_streams_that_are_over_leave_nothing_behind() -> None:
    peer = Peer().greet()

    def calls(first: int, many: int) -> None:
        for number in range(first, first + 2 * many, 2):
            peer.say(peer.open(number), peer.message(number, b"x", end=number % 4 == 1))
            peer.say(b"" if number % 4 == 1 else frames.rst_stream(number, Code.CANCEL))
            peer.writes.clear()
            peer.sessions.clear()
            peer.say(window_update(0, 100))

    calls(1, 1000)
    tracemalloc.start()
    calls(3001, 1000)
    before = tracemalloc.get_traced_memory()[0]
    calls(9001, 3000)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert after - before < 10_000


# -- the end ----------------------------------------------------------------------------


def test_streams_that_were_on_their_way_are_served_before_the_last_goodbye() -> None:
    peer = Peer().greet()
    peer.say(peer.open(1))
    peer.connection.drain()
    (first, ping) = peer.heard()
    assert struct.unpack(">II", first[3][:8]) == (2**31 - 1, Code.NO_ERROR)

    peer.say(peer.open(3), peer.message(3, b"three"), frame(PING, ACK, 0, ping[3]))
    heard = peer.heard()
    assert peer.messages(heard) == grpc_frame(b"three")
    assert struct.unpack(">II", heard[-1][3][:8]) == (3, Code.NO_ERROR)

    peer.say(peer.open(5), peer.message(5, b"five"), peer.message(1, b"one", end=True))
    assert peer.messages() == grpc_frame(b"one")
    assert not peer.closed()

    peer.say(peer.message(3, b"last"))
    assert peer.messages() == grpc_frame(b"last")
    assert peer.closed() == 1
    assert [session.closed for session in peer.sessions] == [[None], [None]]


def test_a_peer_that_says_goodbye_is_served_to_the_end() -> None:
    peer = Peer().greet()
    peer.say(peer.open(1), frames.goaway(0, Code.NO_ERROR))
    assert not peer.closed()

    peer.say(peer.message(1, b"one", end=True))

    assert peer.closed() == 1
    assert peer.messages() == grpc_frame(b"one")


def test_a_stream_that_only_the_peer_has_not_ended_is_reset_in_time() -> None:
    peer = Peer().greet()
    peer.say(peer.open(1), peer.message(1, b"last"), peer.open(3), peer.message(3, b"last"))
    peer.say(frame(DATA, END_STREAM, 3))
    assert resets(peer.heard()) == [], "at once, some Envoys would forget the answer"

    peer.connection.sweep()
    assert peer.heard() == []
    peer.clock.at += connection.LINGER_SECONDS
    peer.connection.sweep()

    assert resets(peer.heard()) == [(1, Code.NO_ERROR)]


def test_sessions_are_closed_once_when_the_connection_is_lost() -> None:
    peer = Peer().greet()
    peer.say(peer.open(1), peer.message(1, b"one"), peer.open(3), peer.message(3, b"last"))

    peer.connection.on_connection_lost()
    peer.connection.on_connection_lost()
    peer.say(peer.message(1, b"more"))

    assert [session.closed for session in peer.sessions] == [[None], [None]]


def test_a_mistake_of_ours_in_a_connection_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    peer = Peer().greet()
    peer.say(peer.open(1))

    peer.clock.fails = True
    peer.say(peer.message(1, b"one"))

    assert end(peer) == Code.INTERNAL_ERROR
    assert "a connection broke" in caplog.text


def test_a_peer_that_allows_no_table_hears_that_we_use_none() -> None:
    """nghttp2 waits for it before it reads any headers."""
    peer = Peer().greet({TABLE_SIZE: 0})
    peer.decoder.max_allowed_table_size = 0

    peer.say(peer.open(1, end=True))

    (head,) = peer.heard()
    assert peer.fields(head)["grpc-status"] == "0"
