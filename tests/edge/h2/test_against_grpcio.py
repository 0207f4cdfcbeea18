"""Promises about calls, kept towards somebody else's client: grpcio, over sockets and ports."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from openclaw_extproc.edge.ext_proc import grpc_server, transport
from openclaw_extproc.edge.ext_proc.h2.calls import CHECK, PROCESS
from openclaw_extproc.edge.ext_proc.h2.grpc_messages import MAX_MESSAGE_BYTES
from openclaw_extproc.edge.workers.processes import free_port
from openclaw_extproc.faults import FaultKind
from openclaw_extproc.stages.events import Close
from openclaw_extproc.stages.route.side_requests import Question
from tests.edge.h2.sessions import QUESTION, SLICES, Echo, Running, serving

grpc: Any = import_module("grpc")  # it ships no types
aio: Any = import_module("grpc.aio")

MIB = 1024 * 1024
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
SECONDS = 20.0


@pytest.fixture(autouse=True)
def _no_lingering(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]  # pytest calls it
    """A client that has said all waits for the end of a stream that Envoy would have ended itself."""
    monkeypatch.setattr(grpc_server, "_LINGER_SECONDS", 0.05)


@pytest.fixture(params=["unix", "tcp"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"unix:{tmp_path}/a.sock" if request.param == "unix" else f"127.0.0.1:{free_port()}"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return f"unix:{tmp_path}/a.sock"


@contextmanager
def calling(running: Running) -> Generator[Any]:
    with grpc.insecure_channel(running.address, options=UNLIMITED) as channel:
        yield channel.stream_stream(PROCESS)


def said(call: Any, *messages: bytes) -> list[bytes]:
    return list(call(iter(messages), timeout=SECONDS))


def failure(answers: Iterable[bytes]) -> Any:
    """The error that ended the call."""
    with pytest.raises(grpc.RpcError) as caught:
        list(answers)
    return caught.value


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


class Slowly:
    """Messages that are sent when they are told to."""

    def __init__(self) -> None:
        self._gate = threading.Semaphore(0)
        self._messages: list[bytes | None] = []

    def say(self, message: bytes | None) -> None:
        """`None` ends it."""
        self._messages.append(message)
        self._gate.release()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self._gate.acquire()
            message = self._messages.pop(0)
            if message is None:
                return
            yield message


# -- messages ----------------------------------------------------------------------


def test_messages_come_back_in_their_order(address: str) -> None:
    messages = [str(n).encode() * n for n in range(50)]

    with serving(address) as running, calling(running) as call:
        assert said(call, *messages) == messages
        assert said(call) == []

    assert running.opened.sessions[0].messages == messages
    assert [session.closed for session in running.opened.sessions] == [[None], [None]]


def test_an_answer_comes_before_the_next_message(address: str) -> None:
    messages = Slowly()

    with serving(address) as running, calling(running) as call:
        answers = call(iter(messages), timeout=SECONDS)
        for message in (b"one", b"two", b"three"):
            messages.say(message)
            assert next(answers) == message
        messages.say(None)
        assert list(answers) == []


@pytest.mark.parametrize("size", [0, 1, 16_379, 16_380, 65_535, MIB, 40 * MIB])
def test_a_message_of_any_size_passes_whole(address: str, size: int) -> None:
    message = os.urandom(MIB) * (size // MIB) + os.urandom(size % MIB)

    with serving(address) as running, calling(running) as call:
        assert said(call, message, b"after") == [message, b"after"]


def test_a_message_may_have_many_answers_or_none(path: str) -> None:
    def make() -> Echo:
        return Echo(answer=lambda message: [b"x" * 1000] * int(message))

    with serving(path, make) as running, calling(running) as call:
        assert said(call, b"0", b"3000", b"0", b"2") == [b"x" * 1000] * 3002


def test_two_hundred_streams_at_once_do_not_disturb_each_other(address: str) -> None:
    async def one(call: Any, number: int) -> bool:
        messages = [f"{number}.{n}.".encode() * (n * 200) for n in range(10)]
        stream = call()
        for message in messages:
            await stream.write(message)
            if await stream.read() != message:
                return False
        await stream.done_writing()
        return await stream.read() is aio.EOF and await stream.code() is grpc.StatusCode.OK

    async def run() -> list[bool]:
        async with aio.insecure_channel(address, options=UNLIMITED) as channel:
            call = channel.stream_stream(PROCESS)
            return await asyncio.gather(*(one(call, number) for number in range(200)))

    with serving(address) as running:
        assert asyncio.run(run()) == [True] * 200

    assert [session.closed for session in running.opened.sessions] == [[None]] * 200


def test_more_than_we_take_is_refused(path: str) -> None:
    with serving(path) as running, calling(running) as call:
        error = failure(call(iter([bytes(MAX_MESSAGE_BYTES + 1)]), timeout=SECONDS))

        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert said(call, b"others") == [b"others"]


def test_compressed_messages_are_refused(path: str) -> None:
    with serving(path) as running, grpc.insecure_channel(path, compression=grpc.Compression.Gzip) as channel:
        error = failure(channel.stream_stream(PROCESS)(iter([b"a" * 10_000]), timeout=SECONDS))

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert running.opened.sessions[0].closed == [None]


# -- how calls end --------------------------------------------------------------------


def test_a_session_that_is_over_ends_the_stream_after_its_answer(address: str) -> None:
    messages = Slowly()

    with serving(address) as running, calling(running) as call:
        answers = call(iter(messages), timeout=SECONDS)
        messages.say(b"last")

        assert list(answers) == [b"last"]
        assert answers.code() is grpc.StatusCode.OK
        assert running.opened.sessions[0].closed == [None]
        messages.say(None)


def test_what_comes_after_the_end_is_passed_over(address: str) -> None:
    with serving(address) as running, calling(running) as call:
        assert said(call, b"a", b"last", b"after", bytes(3 * MIB)) == [b"a", b"last"]
        assert said(call, b"others") == [b"others"]

    assert running.opened.sessions[0].messages == [b"a", b"last"]


def test_a_client_that_leaves_closes_its_session(address: str) -> None:
    messages = Slowly()

    with serving(address) as running, calling(running) as call:
        answers = call(iter(messages), timeout=SECONDS)
        messages.say(b"one")
        next(answers)
        answers.cancel()
        until(lambda: running.opened.sessions[0].closed)
        messages.say(None)
        assert said(call, b"others") == [b"others"]

    assert running.opened.sessions[0].closed == [None]


def test_a_connection_that_is_lost_closes_its_sessions(address: str) -> None:
    messages = Slowly()

    with serving(address) as running:
        channel = grpc.insecure_channel(address)
        answers = channel.stream_stream(PROCESS)(iter(messages), timeout=SECONDS)
        messages.say(b"one")
        next(answers)
        channel.close()
        until(lambda: running.opened.sessions[0].closed)
        messages.say(None)

    assert running.opened.sessions[0].closed == [None]


def test_a_mistake_of_ours_ends_one_call_and_is_logged_once(path: str, caplog: pytest.LogCaptureFixture) -> None:
    with serving(path) as running, calling(running) as call:
        error = failure(call(iter([b"fine", b"break", b"never"]), timeout=SECONDS))

        assert said(call, b"others") == [b"others"]

    broken = running.opened.sessions[0]
    assert error.code() is grpc.StatusCode.UNKNOWN
    assert "as asked" not in error.details()
    assert broken.messages == [b"fine", b"break"]
    assert [fault and fault.kind for fault in broken.closed] == [FaultKind.BUG]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == ["a stream broke"]


def test_a_session_that_cannot_be_opened_ends_its_call(path: str, caplog: pytest.LogCaptureFixture) -> None:
    def make() -> Echo:
        raise ValueError("as asked")

    with serving(path, make) as running, calling(running) as call:
        error = failure(call(iter([b"a"]), timeout=SECONDS))

    assert error.code() is grpc.StatusCode.UNKNOWN
    assert "a stream could not be opened" in caplog.text


def test_a_deadline_of_the_callers_closes_the_session(path: str) -> None:
    messages = Slowly()

    with serving(path) as running, calling(running) as call:
        error = failure(call(iter(messages), timeout=0.3))
        messages.say(None)
        until(lambda: running.opened.sessions[0].closed)

    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert running.opened.sessions[0].closed == [None]


def test_nothing_else_is_served(path: str) -> None:
    with serving(path), grpc.insecure_channel(path) as channel:
        for method in ("/grpc.health.v1.Health/Watch", "/a.B/C", PROCESS.lower()):
            error = failure(channel.stream_stream(method)(iter([b""]), timeout=SECONDS))
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED


def test_health_is_told_as_it_is(address: str) -> None:
    with serving(address) as running, grpc.insecure_channel(address) as channel:
        check = channel.unary_unary(CHECK)
        well = check(b"", timeout=SECONDS)
        running.is_serving = False
        ill = check(b"\x0a\x03abc", timeout=SECONDS)

    assert (well, ill) == (b"\x08\x01", b"\x08\x02")


# -- questions and alarms -----------------------------------------------------------------


def test_messages_wait_while_a_question_is_asked(address: str) -> None:
    asked, answered = threading.Event(), asyncio.Event()

    async def answerer(_: Question) -> str:
        asked.set()
        await answered.wait()
        return "found"

    with serving(address, answerer=answerer) as running, calling(running) as call:
        answers = call(iter([b"one", b"ask", b"two", b"three"]), timeout=SECONDS)
        assert next(answers) == b"one"
        assert asked.wait(SECONDS)
        time.sleep(0.05)
        session = running.opened.sessions[0]
        assert session.messages == [b"one", b"ask"]
        assert said(call, b"others") == [b"others"]

        running.loop.call_soon_threadsafe(answered.set)

        assert list(answers) == [b"found", b"two", b"three"]
    assert session.found_texts == ["found"]
    assert session.closed == [None]


def test_a_question_may_follow_a_question(path: str) -> None:
    class Curious(Echo):
        def take_answer(self, text: str | None) -> list[bytes]:
            self.found_texts.append(text)
            self.ask = QUESTION if len(self.found_texts) < 3 else None
            return [b"so far"]

    async def answerer(_: Question) -> str:
        await asyncio.sleep(0.02)
        return "found"

    with serving(path, Curious, answerer) as running, calling(running) as call:
        assert said(call, b"ask", b"then") == [*[b"so far"] * 3, b"then"]

    assert running.opened.sessions[0].messages == [b"ask", b"then"]


def test_a_client_that_leaves_while_a_question_is_asked_cancels_it(path: str) -> None:
    asked, cancelled = threading.Event(), threading.Event()

    async def answerer(_: Question) -> str:
        asked.set()
        try:
            await asyncio.sleep(SECONDS)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return ""

    with serving(path, answerer=answerer) as running, calling(running) as call:
        answers = call(iter([b"ask"]), timeout=SECONDS)
        assert asked.wait(SECONDS)
        answers.cancel()
        assert cancelled.wait(SECONDS)

    assert running.opened.sessions[0].closed == [None]
    assert running.opened.sessions[0].found_texts == []


def test_an_answerer_that_fails_ends_one_call(path: str) -> None:
    async def answerer(_: Question) -> str:
        raise ValueError("as asked")

    with serving(path, answerer=answerer) as running, calling(running) as call:
        error = failure(call(iter([b"ask"]), timeout=SECONDS))

    assert error.code() is grpc.StatusCode.UNKNOWN
    assert [fault and fault.kind for fault in running.opened.sessions[0].closed] == [FaultKind.BUG]


def test_a_session_is_woken_when_nothing_comes(path: str) -> None:
    messages = Slowly()

    with serving(path, lambda: Echo(wake_at=time.time() + 0.2)) as running, calling(running) as call:
        answers = call(iter(messages), timeout=SECONDS)
        messages.say(b"one")
        assert next(answers) == b"one"
        assert next(answers) == b"woken"
        messages.say(None)
        assert list(answers) == []

    assert running.opened.sessions[0].woken == 1


def test_a_session_that_broke_ends_its_stream_with_an_error(path: str) -> None:
    class Breaks(Echo):
        def wake(self) -> list[bytes]:
            self.wake_at, self.closing = None, Close.BROKEN
            return [b"last words"]

    messages = Slowly()

    with serving(path, lambda: Breaks(wake_at=time.time() + 0.1)) as running, calling(running) as call:
        answers = call(iter(messages), timeout=SECONDS)
        messages.say(b"one")
        assert [next(answers), next(answers)] == [b"one", b"last words"]
        error = failure(answers)
        messages.say(None)

    assert error.code() is grpc.StatusCode.ABORTED
    assert running.opened.sessions[0].closed == [None]


# -- slow readers -------------------------------------------------------------------------


def test_a_peer_that_does_not_read_is_not_read_from(address: str) -> None:
    """Beyond one window of ours, and one of its."""
    piece = bytes(64 * 1024)

    async def run(running: Running) -> int:
        async with aio.insecure_channel(address, options=[*UNLIMITED, ("grpc.http2.bdp_probe", 0)]) as channel:
            stream = channel.stream_stream(PROCESS)()
            written = 0
            try:
                while written < 1000:
                    await asyncio.wait_for(stream.write(piece), 1.0)
                    written += 1
            except TimeoutError:
                pass
            taken = len(running.opened.sessions[0].messages)
            assert len(await channel.stream_stream(PROCESS)(iter([b"others"])).read()) == 6
            stream.cancel()
            return max(taken, written)

    with serving(address) as running:
        assert asyncio.run(run(running)) < 200
        until(lambda: running.opened.sessions[0].closed)


def test_an_answer_that_comes_faster_than_it_is_read_is_ended(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits of it is not worked off first: its slices alone would take many turns of the loop."""
    monkeypatch.setattr(transport, "MAX_STREAM_WAITING_BYTES", 128 * 1024)
    slices = SLICES + b",".join([b"slice"] * 20_000)

    async def run(running: Running) -> tuple[list[bytes], Any]:
        async with aio.insecure_channel(running.address, options=UNLIMITED) as channel:
            stream, got = channel.stream_stream(PROCESS)(), list[bytes]()

            async def flood() -> None:
                await stream.write(slices)
                for _ in range(64):
                    await stream.write(bytes(64 * 1024))

            async def read() -> None:
                while True:
                    got.append(await stream.read())

            flooding = asyncio.create_task(flood())
            with pytest.raises(aio.AioRpcError):
                await read()
            flooding.cancel()
            await asyncio.gather(flooding, return_exceptions=True)
            code: Any = await stream.code()
            return got, code

    with serving(address, lambda: Echo(breaks_when_overrun=True)) as running:
        got, code = asyncio.run(asyncio.wait_for(run(running), SECONDS))

    assert code is grpc.StatusCode.ABORTED
    assert running.opened.sessions[0].overruns == 1
    assert len(got) < 20_000


# -- restarts -----------------------------------------------------------------------------


def test_a_stop_lets_streams_end_and_takes_no_new_ones(address: str) -> None:
    messages = Slowly()

    with serving(address) as running, calling(running) as call:
        answers = call(iter(messages), timeout=SECONDS)
        messages.say(b"one")
        next(answers)
        stopping = threading.Thread(target=running.stop, args=(10.0,))
        stopping.start()
        time.sleep(0.2)
        error = failure(call(iter([b"new"]), timeout=1.0))
        messages.say(b"two")
        assert next(answers) == b"two"
        messages.say(None)
        assert list(answers) == []
        assert answers.code() is grpc.StatusCode.OK
        stopping.join(2.0)
        assert not stopping.is_alive(), "it ends with the last stream"

    assert error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


def test_a_stop_ends_what_takes_too_long(address: str) -> None:
    messages = Slowly()

    with serving(address) as running, calling(running) as call:
        answers = call(iter(messages), timeout=SECONDS)
        messages.say(b"one")
        next(answers)
        began = time.monotonic()
        running.stop(0.5)
        took = time.monotonic() - began
        failure(answers)
        messages.say(None)

    assert 0.4 < took < 10.0
    assert running.opened.sessions[0].closed == [None]


def test_a_stop_with_nothing_under_way_is_quick(path: str) -> None:
    with serving(path) as running, calling(running) as call:
        said(call, b"one")
        began = time.monotonic()
        running.stop(30.0)

        assert time.monotonic() - began < 2.0
