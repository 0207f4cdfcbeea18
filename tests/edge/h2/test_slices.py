"""Promises about long messages: they are worked off in slices, and a short call does not wait for the last of them."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from openclaw_extproc.edge.ext_proc import transport as run_queue
from openclaw_extproc.edge.ext_proc.h2 import frames
from openclaw_extproc.edge.ext_proc.h2.calls import PROCESS
from openclaw_extproc.edge.ext_proc.h2.frames import (
    DATA,
    END_STREAM,
    HEADERS,
    RST_STREAM,
    WINDOW_UPDATE,
    Code,
    Frame,
    window_update,
)
from openclaw_extproc.edge.ext_proc.h2.grpc_messages import grpc_frame
from openclaw_extproc.edge.ext_proc.h2.stream import WINDOW_BYTES
from openclaw_extproc.edge.ext_proc.transport import GAP_SECONDS, QUANTUM_SECONDS
from openclaw_extproc.edge.workers.processes import free_port
from tests.edge.h2.peer import Peer
from tests.edge.h2.sessions import SLICES, Echo, serving
from tests.edge.h2.test_against_grpcio import UNLIMITED, aio

WINDOW = 4
"""SETTINGS_INITIAL_WINDOW_SIZE."""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less may wait of a stream than what a window takes."""
    monkeypatch.setattr(run_queue, "MAX_STREAM_WAITING_BYTES", WINDOW_BYTES // 4)


LONG = SLICES + b",".join(b"%d" % number for number in range(200))


async def turns(peer: Peer, count: int) -> list[Frame]:
    for _ in range(count):
        await asyncio.sleep(0)
    return peer.heard()


def said(heard: Sequence[Frame], number: int) -> list[bytes]:
    return [payload[5:] for kind, _, stream, payload in heard if kind == DATA and stream == number]


def test_a_slice_at_once_and_each_other_one_in_a_later_turn() -> None:
    async def run() -> None:
        peer = Peer().greet()

        peer.say(peer.open(1), peer.message(1, SLICES + b"a,b,c"), peer.message(1, b"next"))
        assert said(peer.heard(), 1) == [b"a"]
        assert said(await turns(peer, 1), 1) == [b"b"]
        assert said(await turns(peer, 1), 1) == [b"c", b"next"]

    asyncio.run(run())


def topped_up(heard: Sequence[Frame]) -> bool:
    return any((kind, number) == (WINDOW_UPDATE, 1) for kind, _, number, _ in heard)


def flood(peer: Peer, behind: bytes) -> None:
    """Send as much on stream 1, in frames."""
    for start in range(0, len(behind), 16_384):
        peer.say(frames.frame(DATA, 0, 1, behind[start : start + 16_384]))


def test_what_waits_for_its_turn_is_taken_in() -> None:
    """Or it would wait in Envoy, which must not have to make a provider wait."""

    async def run() -> None:
        peer = Peer(lambda: Echo(answer=lambda _: [])).greet()

        peer.say(peer.open(1), peer.message(1, SLICES + b"a,b,c"))
        flood(peer, grpc_frame(bytes(WINDOW_BYTES // 2)))
        assert topped_up(peer.heard())

    asyncio.run(run())


@pytest.mark.usefixtures("small")
def test_of_whoever_may_overrun_it_no_more_is_taken_in_before_some_is_worked_off() -> None:
    async def run() -> None:
        peer = Peer(lambda: Echo(answer=lambda _: [])).greet()

        peer.say(peer.open(1), peer.message(1, SLICES + b"a,b,c"))
        flood(peer, grpc_frame(bytes(WINDOW_BYTES // 2)))
        assert not topped_up(peer.heard())
        assert peer.sessions[0].overruns >= 1
        assert not topped_up(await turns(peer, 1))
        assert topped_up(await turns(peer, 1))
        assert len(peer.sessions[0].messages) == 2

    asyncio.run(run())


@pytest.mark.usefixtures("small")
def test_an_answer_that_overruns_us_ends_before_what_waits_of_it() -> None:
    async def run() -> None:
        peer = Peer(lambda: Echo(breaks_when_overrun=True)).greet()

        peer.say(peer.open(1), peer.message(1, SLICES + b"a,b,c"))
        flood(peer, grpc_frame(bytes(WINDOW_BYTES // 2)))
        assert said(peer.heard(), 1) == [b"a", b"too fast"]
        assert said(await turns(peer, 5), 1) == []
        assert len(peer.sessions[0].messages) == 1
        await asyncio.sleep(2 * GAP_SECONDS)
        assert any(kind == HEADERS and flags & END_STREAM for kind, flags, _, _ in peer.heard())
        assert peer.sessions[0].closed == [None]

    asyncio.run(run())


def test_no_slice_is_worked_off_while_the_peer_does_not_take_those_before() -> None:
    async def run() -> None:
        peer = Peer().greet({WINDOW: 11})  # a slice of a letter, and most of another one

        peer.say(peer.open(1), peer.message(1, SLICES + b"a,b,c"))
        await turns(peer, 10)
        assert peer.sessions[0].slices == [b"c"]
        peer.say(window_update(1, 100))
        await turns(peer, 10)
        assert peer.sessions[0].slices == []

    asyncio.run(run())


def test_a_stream_that_is_reset_between_slices_is_closed_once_and_gets_no_other() -> None:
    async def run() -> None:
        peer = Peer().greet()

        peer.say(peer.open(1), peer.message(1, SLICES + b"a,b,c"), frames.rst_stream(1, Code.CANCEL))
        heard = await turns(peer, 5)

        assert said(heard, 1) == [b"a"]
        assert [kind for kind, *_ in heard if kind == RST_STREAM] == []
        assert (peer.sessions[0].closed, peer.sessions[0].slices) == ([None], [b"b", b"c"])

    asyncio.run(run())


def test_the_end_of_a_stream_waits_for_the_last_slice() -> None:
    async def run() -> None:
        peer = Peer().greet()

        peer.say(peer.open(1), peer.message(1, SLICES + b"a,b,c", end=True))
        assert peer.sessions[0].closed == []
        assert said(await turns(peer, 5), 1) == [b"a", b"b", b"c"]
        assert peer.sessions[0].closed == [None]

    asyncio.run(run())


def test_messages_beyond_the_quantum_of_a_read_wait_for_a_later_turn() -> None:
    """Whatever arrives in one read, the loop gets away after a quantum."""

    async def run() -> None:
        peer = Peer().greet()
        queue = peer.queue
        queue._ends = math.inf  # pyright: ignore[reportPrivateUsage]  # however slow the machine is

        def used_up(message: bytes) -> list[bytes]:
            queue._ends = 0.0  # pyright: ignore[reportPrivateUsage]  # as if time had passed
            return [message]

        peer.opened.make = lambda: Echo(answer=used_up)
        for number in (1, 3, 5):
            peer.say(peer.open(number), peer.message(number, b"m"))
        heard = peer.heard()
        assert [said(heard, number) for number in (1, 3, 5)] == [[b"m"], [], []]
        heard = await turns(peer, 1)
        assert [said(heard, number) for number in (3, 5)] == [[b"m"], []]
        assert said(await turns(peer, 1), 5) == [b"m"]

    asyncio.run(run())


@dataclass(slots=True)
class Busy(Echo):
    """Each slice keeps the loop for a quantum."""

    def resume(self) -> list[bytes]:
        end = asyncio.get_running_loop().time() + QUANTUM_SECONDS
        while asyncio.get_running_loop().time() < end:
            pass
        return Echo.resume(self)


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_a_short_call_is_served_between_the_slices_of_a_long_one(tmp_path: Path, transport: str) -> None:
    """On the same connection, as Envoy has it."""
    address = f"unix:{tmp_path}/a.sock" if transport == "unix" else f"127.0.0.1:{free_port()}"

    async def run(sessions: list[Echo]) -> int:
        async with aio.insecure_channel(address, options=UNLIMITED) as channel:
            long: Any = channel.stream_stream(PROCESS)()
            await long.write(LONG)
            assert await long.read() == b"0"
            assert await channel.stream_stream(PROCESS)(iter([b"short"])).read() == b"short"
            left = len(sessions[0].slices)
            await long.done_writing()
            assert [await long.read() for _ in range(199)] == [b"%d" % number for number in range(1, 200)]
            return left

    with serving(address, Busy) as running:
        assert asyncio.run(run(running.opened.sessions)) > 0
