"""Several workers, under load: one that dies, hangs or is replaced costs nobody more than an error that says so."""

import os
import signal
import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import httpx
import pytest

from tests.e2e import world
from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, sidecar, until

CALLERS = 6
PAUSE_SECONDS = 0.02
LONGEST_SECONDS = 10.0
"""No call may take longer, whatever happens to a worker."""


@dataclass(frozen=True, slots=True)
class Call:
    began: float
    seconds: float
    status: int
    """0: the connection broke before or in the answer."""
    text: str
    headers: dict[str, str]


@contextmanager
def load(up: Sidecar) -> Generator[list[Call]]:
    """Calls one after the other, half of them streams, until the block ends."""
    over, seen = Event(), list[Call]()

    def calls(stream: bool) -> None:
        with httpx.Client(timeout=30) as client:
            while not over.wait(PAUSE_SECONDS):
                seen.append(call(client, up, stream=stream))

    with ThreadPoolExecutor(CALLERS) as threads:
        running = [threads.submit(calls, n % 2 == 0) for n in range(CALLERS)]
        try:
            yield seen
        finally:
            over.set()
            for one_of_them in running:
                one_of_them.result(timeout=60)


def call(client: httpx.Client, up: Sidecar, *, stream: bool = False) -> Call:
    began = time.monotonic()
    try:
        answer = client.post(f"{up.url}/v1/chat/completions", content=body("openai", "bee-model", streamed=stream))
    except httpx.HTTPError as problem:
        return Call(began, time.monotonic() - began, 0, repr(problem), {})
    whole = answer.status_code != 200 or not stream or answer.text.rstrip().endswith("[DONE]")
    status = answer.status_code if whole else 0
    return Call(began, time.monotonic() - began, status, answer.text, dict(answer.headers))


def workers(up: Sidecar) -> list[int]:
    """Process ids."""
    found = list[int]()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_text()
        except (OSError, ValueError):
            continue
        if parent == up.process.pid and "openclaw_extproc.edge.worker" in command:
            found.append(int(entry.name))
    return found


def clean(one: Call) -> bool:
    """An error of ours, in the client's format, that says when to come back."""
    return one.status == 503 and '"error"' in one.text and "retry-after" in one.headers


def shown(calls: list[Call]) -> str:
    odd = [c for c in calls if c.status != 200]
    return f"{Counter(c.status for c in calls)} {[(round(c.seconds, 2), c.status, c.text[:150]) for c in odd[:8]]}"


@pytest.fixture
def crew(providers: Providers) -> Generator[Sidecar]:
    with sidecar(world.config(providers), world.KEYS, gateway="workers: 2") as up:
        yield up


def test_a_killed_worker_costs_only_the_calls_it_had(crew: Sidecar) -> None:
    assert len(workers(crew)) == 2

    with load(crew) as seen:
        time.sleep(2)
        for _ in range(3):
            os.kill(workers(crew)[0], signal.SIGKILL)
            killed = time.monotonic()
            until(lambda: len(workers(crew)) == 2, 10.0)
            time.sleep(2)

    lost = [one for one in seen if one.status != 200]
    print(len(seen), shown(seen), max(one.seconds for one in seen))
    assert all(clean(one) or one.status == 0 for one in lost), shown(seen)
    assert max(one.seconds for one in seen) < LONGEST_SECONDS
    assert len(lost) <= 3 * CALLERS
    assert {one.status for one in seen if one.began > killed} == {200}, shown(seen)
    assert crew.metric("openclaw_worker_restarts_total", reason="ended") == 3
    assert crew.metric("openclaw_workers_ready") == 2


def test_a_hung_worker_is_left_and_replaced(crew: Sidecar) -> None:
    with load(crew) as seen:
        time.sleep(1)
        stopped = workers(crew)[0]
        os.kill(stopped, signal.SIGSTOP)
        until(lambda: stopped not in workers(crew) and len(workers(crew)) == 2, 15.0)
        time.sleep(2)

    print(len(seen), shown(seen), max(one.seconds for one in seen))
    assert all(one.status == 200 or clean(one) for one in seen), shown(seen)
    assert max(one.seconds for one in seen) < LONGEST_SECONDS
    assert crew.metric("openclaw_worker_restarts_total", reason="hung") == 1


def test_a_rolling_restart_loses_no_call(crew: Sidecar) -> None:
    before = workers(crew)

    with load(crew) as seen:
        time.sleep(1)
        for times in (1, 2):
            crew.process.send_signal(signal.SIGHUP)
            crew.wait_for("restarted", times=times, seconds=30)
        until(lambda: len(workers(crew)) == 2, 10.0)
        time.sleep(1)

    print(len(seen), shown(seen), max(one.seconds for one in seen))
    assert not set(before) & set(workers(crew))
    assert {one.status for one in seen} == {200}, shown(seen)
    assert crew.metric("openclaw_requests_total", status="200") == len(seen), "what was counted by those who left"
