"""Promises about the heartbeat: a loop that is busy is told apart from a process that does not run."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable

from openclaw_extproc.edge.workers import heartbeat
from openclaw_extproc.edge.workers.heartbeat import BEAT_SECONDS, STALL_SECONDS, Heartbeat, Pulse

SECONDS = 20.0


async def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(0.01)


def beating(check: Callable[[Heartbeat, Pulse, list[str]], Awaitable[None]]) -> list[str]:
    """Both ends on one loop, until `check` is through; the lines that were said."""
    said = list[str]()

    async def run() -> None:
        ours, theirs = os.pipe()
        pulse, beat = Pulse(ours), Heartbeat(theirs, said.append)
        task = asyncio.create_task(beat.run())
        try:
            await check(beat, pulse, said)
        finally:
            task.cancel()
            pulse.close()
            pulse.close()  # again, as when a worker ends that is being ended
            os.close(theirs)

    asyncio.run(run())
    return said


def test_a_loop_that_turns_is_neither_silent_nor_stalled() -> None:
    async def check(_: Heartbeat, pulse: Pulse, __: list[str]) -> None:
        began = time.monotonic()
        await until(lambda: pulse.silence() < time.monotonic() - began)
        assert pulse.stall() < STALL_SECONDS

    assert beating(check) == []


def test_a_loop_in_one_long_step_stalls_while_the_beats_go_on() -> None:
    async def check(_: Heartbeat, pulse: Pulse, __: list[str]) -> None:
        await asyncio.sleep(0.1)
        time.sleep(STALL_SECONDS + 2 * BEAT_SECONDS)  # noqa: ASYNC251  # it is what stalls
        await until(lambda: pulse.silence() < STALL_SECONDS)
        # Only what was beaten in the meantime is known, and that is older than the last turn by now.
        assert pulse.stall() >= STALL_SECONDS - BEAT_SECONDS
        await until(lambda: pulse.stall() < STALL_SECONDS)

    (said,) = beating(check)
    assert "check (test_heartbeat.py:" in said


def test_who_does_not_beat_falls_silent() -> None:
    async def run() -> tuple[float, float]:
        ours, theirs = os.pipe()
        pulse = Pulse(ours)
        await asyncio.sleep(2 * BEAT_SECONDS)
        found = pulse.silence(), pulse.stall()
        pulse.close()
        os.close(theirs)
        return found

    silence, stall = asyncio.run(run())
    assert silence >= 2 * BEAT_SECONDS
    assert stall >= silence


def test_a_worker_that_ended_is_not_listened_to_any_more() -> None:
    async def run() -> None:
        ours, theirs = os.pipe()
        pulse = Pulse(ours)
        os.close(theirs)
        await asyncio.sleep(0.05)
        assert pulse._file is None  # pyright: ignore[reportPrivateUsage]  # else the loop would spin on it

    asyncio.run(run())


def test_a_parent_that_does_not_read_keeps_nobody_waiting() -> None:
    """A full pipe drops beats."""
    ours, theirs = os.pipe()
    beat = Heartbeat(theirs, lambda _: None)
    written = 0
    try:
        while written < 10_000_000:
            written += os.write(theirs, bytes(heartbeat._LATE.size))  # pyright: ignore[reportPrivateUsage]
    except BlockingIOError:
        pass

    async def run() -> None:
        task = asyncio.create_task(beat.run())
        await asyncio.sleep(3 * BEAT_SECONDS)
        assert beat._thread.is_alive()  # pyright: ignore[reportPrivateUsage]
        task.cancel()

    asyncio.run(run())
    os.close(ours)
    os.close(theirs)
