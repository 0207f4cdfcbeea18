"""Several workers, under load: one that dies, hangs or is replaced costs nobody more than an error that says so."""

import os
import signal
import subprocess
import sys
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

from openclaw_extproc.edge.workers.processes import free_port
from tests.e2e import world
from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.test_reload import config, one

CALLERS = 6
PAUSE_SECONDS = 0.02
LONGEST_SECONDS = 20.0
"""No call may take longer, whatever happens to a worker: one that hangs is replaced after ten seconds."""

DYING_SECONDS = 5.0
"""From the signal until the kernel has ended the worker, with two cores for everything."""

REPLACED_SECONDS = 60.0
"""From the moment when a worker hangs until another one takes calls in its place."""
KEEPS_BUSY = """
import signal
import time


def busy(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


signal.signal(signal.SIGUSR1, lambda *_: busy(6))
signal.signal(signal.SIGUSR2, lambda *_: busy(3600))
"""
"""A `sitecustomize.py`: on a signal the event loop is kept in one step, for a while or for ever, as a bug would."""


@dataclass(frozen=True, slots=True)
class Call:
    began: float
    seconds: float
    status: int
    """0: the connection broke before or in the answer."""
    text: str
    headers: dict[str, str]


@contextmanager
def load(up: Sidecar, pause: float = PAUSE_SECONDS) -> Generator[list[Call]]:
    """Calls one after the other, half of them streams, until the block ends."""
    over, seen = Event(), list[Call]()

    def calls(stream: bool) -> None:
        with httpx.Client(timeout=30) as client:
            while not over.wait(pause):
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
        if parent == up.process.pid and "openclaw_extproc.edge.workers.worker" in command:
            found.append(int(entry.name))
    return found


def kill(pid: int) -> float:
    """When it was dead: it took no call after that."""
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_alive(pid), DYING_SECONDS)
    return time.monotonic()


def is_alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in "XZ"
    except (FileNotFoundError, ProcessLookupError):  # gone before, or in between
        return False


def was_carried(one: Call, death: float) -> bool:
    """It began before, and went on until then, or until a moment before it was seen."""
    return one.began < death < one.began + one.seconds + 0.5


def replaced(up: Sidecar, reason: str) -> float:
    return up.metric("openclaw_worker_restarts_total", reason=reason)


def clean(one: Call) -> bool:
    """An error of ours, in the client's format, that says when to come back."""
    return one.status == 503 and '"error"' in one.text and "retry-after" in one.headers


def is_fair(one: Call, stopped_at: float) -> bool:
    """Answered, refused, or a stream that the worker had begun before it stopped: nobody else can go on with that."""
    return one.status == 200 or clean(one) or (one.status == 0 and one.began < stopped_at)


def shown(calls: list[Call]) -> str:
    odd = [c for c in calls if c.status != 200]
    return f"{Counter(c.status for c in calls)} {[(round(c.seconds, 2), c.status, c.text[:150]) for c in odd[:8]]}"


@pytest.fixture
def crew(providers: Providers) -> Generator[Sidecar]:
    with sidecar(world.config(providers), world.KEYS, gateway="workers: 2") as up:
        yield up


def test_a_killed_worker_costs_only_the_calls_it_had(crew: Sidecar) -> None:
    assert len(workers(crew)) == 2

    died = list[float]()
    with load(crew, pause=0) as seen:
        time.sleep(2)
        for times in (1, 2, 3):
            died.append(kill(workers(crew)[0]))
            until(lambda: replaced(crew, "ended") == times, 20.0)  # noqa: B023  # called at once
            until(lambda: crew.metric("openclaw_workers_ready") == 2, 20.0)
            time.sleep(1)

    lost = [one for one in seen if one.status != 200]
    assert all(clean(one) or one.status == 0 for one in lost), shown(seen)
    assert all(any(was_carried(one, death) for death in died) for one in lost), shown(lost)
    assert len(lost) <= CALLERS * len(died)
    assert max(one.seconds for one in seen) < LONGEST_SECONDS
    assert crew.metric("openclaw_workers_ready") == 2


def test_a_hung_worker_is_left_and_replaced(crew: Sidecar) -> None:
    with load(crew) as seen:
        time.sleep(1)
        stopped = workers(crew)[0]
        os.kill(stopped, signal.SIGSTOP)
        stopped_at = time.monotonic()
        until(lambda: stopped not in workers(crew) and len(workers(crew)) == 2, REPLACED_SECONDS)
        time.sleep(2)

    assert all(is_fair(one, stopped_at) for one in seen), shown(seen)
    assert max(one.seconds for one in seen) < LONGEST_SECONDS
    assert replaced(crew, "hung") == 1


@pytest.fixture
def kept_busy(providers: Providers, tmp_path: Path) -> Generator[Sidecar]:
    """Its workers know the signals of `KEEPS_BUSY`."""
    (tmp_path / "sitecustomize.py").write_text(KEEPS_BUSY)
    with sidecar(world.config(providers), {**world.KEYS, "PYTHONPATH": str(tmp_path)}, gateway="workers: 2") as up:
        yield up


def test_a_worker_in_an_endless_loop_is_replaced_and_says_where_it_was(kept_busy: Sidecar) -> None:
    with load(kept_busy) as seen:
        time.sleep(1)
        stuck = workers(kept_busy)[0]
        os.kill(stuck, signal.SIGUSR2)
        stuck_at = time.monotonic()
        until(lambda: stuck not in workers(kept_busy) and len(workers(kept_busy)) == 2, REPLACED_SECONDS)
        time.sleep(2)

    assert all(is_fair(one, stuck_at) for one in seen), shown(seen)
    assert replaced(kept_busy, "hung") == 1
    said = [str(line["data"]) for line in kept_busy.lines("stderr") if "event loop" in str(line)]
    assert len(said) == 1
    assert "it is in busy (sitecustomize.py:" in said[0]


def test_a_worker_that_is_only_busy_is_not_replaced(kept_busy: Sidecar) -> None:
    """Twice the time without an answer after which it was taken for hung."""
    before = workers(kept_busy)

    with load(kept_busy) as seen:
        time.sleep(1)
        os.kill(before[0], signal.SIGUSR1)
        until(lambda: any("event loop" in str(line) for line in kept_busy.lines("stderr")), 20.0)
        until(lambda: kept_busy.metric("openclaw_workers_ready") == 2, 20.0)
        time.sleep(1)

    assert workers(kept_busy) == before
    assert replaced(kept_busy, "hung") == 0
    assert all(one.status == 200 or clean(one) for one in seen), shown(seen)


def test_a_rolling_restart_loses_no_call(crew: Sidecar) -> None:
    before = workers(crew)

    with load(crew) as seen:
        time.sleep(1)
        for times in (1, 2):
            crew.process.send_signal(signal.SIGHUP)
            crew.wait_for("restarted", times=times, seconds=30)
        until(lambda: len(workers(crew)) == 2, 10.0)
        time.sleep(1)

    assert not set(before) & set(workers(crew))
    assert {one.status for one in seen} == {200}, shown(seen)
    assert crew.metric("openclaw_requests_total", status="200") == len(seen), "what was counted by those who left"


# -- with no worker left -----------------------------------------------------------


@contextmanager
def nobody_left(up: Sidecar, number: signal.Signals = signal.SIGKILL) -> Generator[None]:
    """All workers killed or stopped, and a parent that cannot replace them."""
    os.kill(up.process.pid, signal.SIGSTOP)
    found = workers(up)
    for pid in found:
        os.kill(pid, number)
    time.sleep(0.3)
    try:
        yield
    finally:
        if number == signal.SIGSTOP:
            for pid in found:
                os.kill(pid, signal.SIGCONT)
        os.kill(up.process.pid, signal.SIGCONT)


def two_vendors(providers: Providers, more: str = "") -> str:
    """OpenAI's callers bring their own key; Anthropic's get ours."""
    ace, cat = providers["ace"].port, providers["cat"].port
    return f"""
model:
  providers:
    - {{name: openai, models: [gpt-4o], endpoint: "http://127.0.0.1:{ace}", auth: forward, format: openai_chat}}
    - {{name: anthropic, models: [claude-sonnet-4], endpoint: "http://127.0.0.1:{cat}", api_key: "${{KEY_BEE}}"}}
{more}
"""


OPENAI = {"authorization": "Bearer sk-of-the-caller", "x-api-key": "another", "x-openclaw-user": "ada"}
ANTHROPIC = {"x-api-key": "sk-of-the-caller", "anthropic-version": "2023-06-01"}


def ask(up: Sidecar, path: str, headers: dict[str, str]) -> httpx.Response:
    shape, model = ("anthropic", "claude-sonnet-4") if "messages" in path else ("openai", "gpt-4o")
    content = body(shape, model, streamed=False)
    return httpx.post(
        up.url + path, content=content, headers={"content-type": "application/json", **headers}, timeout=30
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
def test_calls_go_to_their_own_vendor_with_the_callers_key(providers: Providers, number: signal.Signals) -> None:
    gateway = "on_sidecar_failure: passthrough"
    with sidecar(two_vendors(providers), world.KEYS, gateway=gateway) as up:
        assert "x-openclaw-mode" not in ask(up, "/openai/v1/chat/completions", OPENAI).headers
        providers.reset()

        with nobody_left(up, number):
            began = time.monotonic()
            passed = [ask(up, path, OPENAI) for path in ("/openai/v1/chat/completions", "/v1/chat/completions")]
            refused = ask(up, "/anthropic/v1/messages", ANTHROPIC)
            traced = httpx.request("TRACE", f"{up.url}/openai/v1/files", headers=OPENAI, timeout=30)
            took = time.monotonic() - began
        recorded = providers["ace"].recorder
        assert recorded is not None
        received = [dict(one.headers) for one in recorded]

        until(lambda: ask(up, "/openai/v1/chat/completions", OPENAI).headers.get("x-openclaw-provider"), 20.0)

    assert [one.status_code for one in passed] == [200, 200], [one.text for one in passed]
    assert {one.headers.get("x-openclaw-mode") for one in passed} == {"failopen"}
    assert [one["authorization"] for one in received] == ["Bearer sk-of-the-caller"] * 2
    assert not {name for one in received for name in one if name.startswith(("x-openclaw", "x-envoy", "x-api-key"))}
    assert (traced.status_code, "error" in traced.json()) == (405, True)
    assert refused.status_code == 503, "its provider would get our key, and the caller's is for somebody else"
    assert refused.json()["type"] == "error"
    assert refused.headers["retry-after"] == "1"
    assert took < 3 * LONGEST_SECONDS


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
def test_calls_are_refused_in_the_clients_format_in_bounded_time(crew: Sidecar, number: signal.Signals) -> None:
    with nobody_left(crew, number):
        answers = [ask(crew, path, {}) for path in ("/v1/chat/completions", "/v1/messages")]

    assert [one.status_code for one in answers] == [503, 503]
    assert answers[0].json()["error"]["message"] == "the gateway is not ready; try again"
    assert answers[1].json()["type"] == "error"
    assert {one.headers["retry-after"] for one in answers} == {"1"}
    assert max(one.elapsed.total_seconds() for one in answers) < LONGEST_SECONDS


def test_compliance_is_stronger_than_passing_through(providers: Providers) -> None:
    rules = "compliance: {data_class: pii, data_classes: {pii: {providers: [openai]}}}"
    with sidecar(
        two_vendors(providers, rules), world.KEYS, gateway="on_sidecar_failure: passthrough, workers: 2"
    ) as up:
        assert "is not applied, because of compliance" in up.logged()
        assert ask(up, "/openai/v1/chat/completions", OPENAI).status_code == 200
        providers.reset()

        with nobody_left(up):
            refused = ask(up, "/openai/v1/chat/completions", OPENAI)

    recorded = providers["ace"].recorder
    assert refused.status_code == 503
    assert recorded is not None
    assert not list(recorded)


# -- the end ---------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2])
def test_calls_under_way_end_before_we_do(providers: Providers, count: int) -> None:
    gateway = f"workers: {count}"
    with ThreadPoolExecutor(4) as threads, sidecar(world.config(providers), world.KEYS, gateway=gateway) as up:
        providers["bee"].set_fault("slow-200")
        slow = [threads.submit(ask_slowly, up, stream=n % 2 == 0) for n in range(4)]
        time.sleep(1)
        up.process.send_signal(signal.SIGTERM)
        answers = [one.result(30) for one in slow]

    assert {one.status for one in answers} == {200}, shown(answers)


def ask_slowly(up: Sidecar, *, stream: bool) -> Call:
    with httpx.Client(timeout=30) as client:
        return call(client, up, stream=stream)


# -- the configuration ---------------------------------------------------------------


def test_a_change_reaches_all_workers_and_a_broken_one_nobody(providers: Providers) -> None:
    before = config(one(providers, "bee"))
    after = config(one(providers, "dog").replace("[dog-model]", "[dog-model, bee-model]"))
    with sidecar(before, world.KEYS, gateway="workers: 2") as up, load(up) as seen:
        up.rewrite(after)
        up.wait_for("reloaded", seconds=20)
        changed = time.monotonic()
        time.sleep(1)
        up.rewrite("model: {providers: [{name: 12}]}\n")
        up.wait_for("reload_rejected", seconds=20)
        os.kill(workers(up)[0], signal.SIGKILL)
        until(lambda: replaced(up, "ended") == 1 and up.metric("openclaw_workers_ready") == 2, 20.0)
        fresh = time.monotonic()
        time.sleep(1)

    later = [call for call in seen if call.began > changed]
    assert all(one.status == 200 or clean(one) or one.status == 0 for one in seen), shown(seen)
    assert {one.headers["x-openclaw-provider"] for one in later if one.status == 200} == {"dog"}
    assert {one.status for one in later if one.began > fresh} == {200}, shown(seen)


def test_serve_has_workers_too(providers: Providers, tmp_path: Path) -> None:
    admin = free_port()
    (tmp_path / "openclaw.yml").write_text(
        f"gateway: {{admin_port: {admin}, workers: 2}}\n{config(one(providers, 'bee'))}"
    )
    places = [f"--{stage}=unix:{tmp_path}/{stage}.sock" for stage in ("route", "attempt")]
    command = [
        sys.executable,
        "-m",
        "openclaw_extproc.edge.cli",
        "serve",
        "-c",
        str(tmp_path / "openclaw.yml"),
        *places,
    ]

    with subprocess.Popen(command, env={**os.environ, **world.KEYS}, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: is_there(f"http://127.0.0.1:{admin}/readyz"), 30.0)
            until(lambda: len(list(tmp_path.glob("*.sock"))) == 4, 30.0)
            sockets = sorted(path.name for path in tmp_path.glob("*.sock"))
            modes = {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.sock")}
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(20)

    assert sockets == ["attempt-0.sock", "attempt-1.sock", "route-0.sock", "route-1.sock"]
    assert modes == {0o600}
    assert code == 0


def is_there(url: str) -> bool:
    try:
        return http.get(url).status_code == 200
    except httpx.HTTPError:
        return False
