"""Promises about turns: whoever has much to do does a quantum of it, and then others are served."""

import asyncio

from openclaw_extproc.edge.ext_proc.transport import (
    LEAST_WAITING_BYTES,
    MAX_STREAM_WAITING_BYTES,
    MAX_WAITING_BYTES,
    QUANTUM_SECONDS,
    RunQueue,
    WaitingBytes,
)


class Clock:
    """Stands still until something takes its time."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_nothing_is_used_up_before_a_first_quantum_begins() -> None:
    assert not RunQueue(Clock()).is_used_up


def test_a_quantum_is_used_up_by_the_time_that_passes() -> None:
    clock = Clock()
    queue = RunQueue(clock)

    queue.begin()
    clock.at += QUANTUM_SECONDS * 0.9
    assert not queue.is_used_up
    clock.at += QUANTUM_SECONDS * 0.2
    assert queue.is_used_up
    queue.begin()
    assert not queue.is_used_up


def test_what_begins_goes_before_what_is_under_way() -> None:
    """Who is one too many is told so at once, and not after all who were let in."""
    seen = list[str]()

    async def run() -> None:
        clock = Clock()
        queue = RunQueue(clock)

        def task(name: str) -> None:
            clock.at += QUANTUM_SECONDS
            seen.append(name)
            if name == "a":
                queue.put(lambda: task("new 2"), begins=True)

        for name in ("a", "b", "c"):
            queue.put(lambda name=name: task(name))  # type: ignore[misc]  # mypy types no default of a lambda
        await asyncio.sleep(0)
        queue.put(lambda: task("new"), begins=True)
        for _ in range(5):
            await asyncio.sleep(0)

    asyncio.run(run())
    assert seen == ["a", "new 2", "new", "b", "c"]


def test_tasks_run_in_their_order_as_many_as_a_quantum_takes_in_a_turn_of_the_loop() -> None:
    seen = list[int]()

    async def run() -> None:
        clock = Clock()
        queue = RunQueue(clock)
        turns = 0

        def task() -> None:
            clock.at += QUANTUM_SECONDS * 0.6
            seen.append(turns)

        for _ in range(6):
            queue.put(task)
        while len(seen) < 6:
            turns += 1
            await asyncio.sleep(0)

    asyncio.run(run())
    assert seen == [1, 1, 2, 2, 3, 3]


def test_a_task_that_puts_another_one_has_it_run_in_a_later_turn_and_behind_all_others() -> None:
    seen = list[str]()

    async def run() -> None:
        queue = RunQueue(Clock())

        def again() -> None:
            seen.append("again")
            if len(seen) < 6:
                queue.put(again)

        queue.put(again)
        queue.put(lambda: seen.append("other"))
        for _ in range(10):
            await asyncio.sleep(0)
            seen.append("|")

    asyncio.run(run())
    assert seen[:5] == ["again", "other", "|", "again", "|"]


def test_a_stream_may_have_its_share_wait_and_no_more() -> None:
    waiting = WaitingBytes()
    waiting.total = MAX_STREAM_WAITING_BYTES

    assert not waiting.is_too_much(MAX_STREAM_WAITING_BYTES)
    assert waiting.is_too_much(MAX_STREAM_WAITING_BYTES + 1)


def test_when_too_much_waits_in_all_those_with_little_go_on() -> None:
    waiting = WaitingBytes()
    waiting.total = MAX_WAITING_BYTES + 1

    assert not waiting.is_too_much(LEAST_WAITING_BYTES)
    assert waiting.is_too_much(LEAST_WAITING_BYTES + 1)
