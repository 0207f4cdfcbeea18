"""Envoy ends, and the next one is started: who asks is told the truth meanwhile, and nothing is left behind."""

import os
import signal
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import httpx
import pytest

from openclaw_extproc.edge.workers.processes import find_envoy, free_port
from openclaw_extproc.pb import ext_proc_pb2 as pb
from tests.e2e import world
from tests.e2e.commands import COMMAND, ENDS_WITHIN, envoy_of, family, is_free, is_running, run, started, written
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.test_notices import answer, wait_for
from tests.e2e.test_workers import ask_slowly, load, shown
from tests.edge.listener import listening

grpc: Any = import_module("grpc")  # it ships no types
BACK_SECONDS = 30.0


def readiness(admin_url: str) -> tuple[int, str]:
    """Of `/readyz`; 0 where nobody answers."""
    try:
        got = http.get(f"{admin_url}/readyz", timeout=5)
    except httpx.HTTPError:
        return 0, ""
    return got.status_code, got.text.strip()


def kill_envoy(up: Sidecar) -> int:
    envoy = envoy_of(up.process.pid)
    os.kill(envoy, signal.SIGKILL)
    until(lambda: not is_running(envoy), 10)
    return envoy


def restarted(up: Sidecar, times: int) -> None:
    until(lambda: len(up.lines("restarted")) >= times and readiness(up.admin_url)[0] == 200, BACK_SECONDS, up.logged)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_envoy_is_replaced_under_load(providers: Providers, workers: int) -> None:
    with (
        listening(answer) as hook,
        sidecar(
            f'{world.config(providers)}\nchannels: {{slack: {{webhook_url: "${{HOOK}}"}}}}\n',
            {**world.KEYS, "HOOK": hook.url},
            gateway=f"workers: {workers}",
        ) as up,
        load(up) as seen,
    ):
        until(lambda: len(seen) > 20, 30)
        before = envoy_of(up.process.pid)
        assert (up.metric("openclaw_envoy_ready"), up.metric("openclaw_envoy_restarts_total")) == (1, 0)

        kill_envoy(up)
        down, _ = until(lambda: got if (got := readiness(up.admin_url))[0] != 200 else None, 5)
        restarted(up, 1)
        back = time.monotonic()
        until(lambda: len([call for call in seen if call.began > back]) > 20, 30)

        assert down == 503
        assert envoy_of(up.process.pid) != before
        assert (up.metric("openclaw_envoy_ready"), up.metric("openclaw_envoy_restarts_total")) == (1, 1)
        wait_for(hook, "Envoy ended (SIGKILL) and is started again")
        wait_for(hook, "Envoy takes calls again")
        assert [line["data"]["how"] for line in up.lines("ended")] == ["SIGKILL"]

    assert {call.status for call in seen if call.began > back} == {200}, shown(seen)
    assert Counter(call.status for call in seen)[200] > 40


def test_a_stopped_envoy_is_seen_and_replaced(providers: Providers) -> None:
    """It hangs: the kernel goes on to take connections for it, and nobody answers."""
    with (
        listening(answer) as hook,
        sidecar(
            f'{world.config(providers)}\nchannels: {{slack: {{webhook_url: "${{HOOK}}"}}}}\n',
            {**world.KEYS, "HOOK": hook.url},
        ) as up,
    ):
        before = envoy_of(up.process.pid)
        os.kill(before, signal.SIGSTOP)

        until(lambda: readiness(up.admin_url) == (503, "Envoy does not answer"), 15, up.logged)
        assert up.metric("openclaw_envoy_ready") == 0
        restarted(up, 1)

        assert envoy_of(up.process.pid) != before
        assert not is_running(before)
        assert (up.metric("openclaw_envoy_ready"), up.metric("openclaw_envoy_restarts_total")) == (1, 1)
        assert [line["data"]["hung"] for line in up.lines("ended")] == [True]
        assert len(up.lines("silent")) == 1
        wait_for(hook, "Envoy hung, was killed and is started again")
        assert http.get(f"{up.url}/v1/models").status_code == 200


def test_calls_can_be_made_whenever_it_says_so(providers: Providers, tmp_path: Path) -> None:
    """From the very first answer of `/readyz` on, and after each restart."""
    file, port, admin_port = written(tmp_path, providers)
    admin_url = f"http://127.0.0.1:{admin_port}"

    with started([*COMMAND, "up", "-c", str(file)], tmp_path) as process:
        seen = list[str]()
        for round_ in range(3):

            def is_ready() -> bool:
                status, text = readiness(admin_url)
                seen.append(text)  # noqa: B023  # used within its round
                return status == 200

            until(is_ready, BACK_SECONDS, lambda: (tmp_path / "errors").read_text())
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            assert http.get(f"http://127.0.0.1:{port}/v1/models").status_code == 200
            assert set(seen) <= {"", "ready", "starting", "Envoy is starting", "Envoy has ended"}
            assert round_ == 0 or "Envoy is starting" in seen or "Envoy has ended" in seen
            envoy = envoy_of(process.pid)
            os.kill(envoy, signal.SIGKILL)
            _, down = until(lambda: got if (got := readiness(admin_url))[0] != 200 else None, 10)
            seen = [down]  # on a busy machine it is all that is seen of the time without one


def taken_from_envoy(up: Sidecar) -> socket.socket:
    """Listens on Envoy's port. An Envoy that was sooner back on it is killed again: the next wait is longer."""
    port = int(up.url.rpartition(":")[2])

    def take() -> socket.socket | None:
        with suppress(OSError):
            return socket.create_server(("127.0.0.1", port))  # over connections that linger (SO_REUSEADDR)
        for pid, line in family(up.process.pid).items():
            if "envoy.yaml" in line and is_running(pid):
                os.kill(pid, signal.SIGKILL)
        return None

    return until(take, BACK_SECONDS, up.logged)


def test_a_port_that_somebody_took_meanwhile_is_waited_for(providers: Providers) -> None:
    with sidecar(world.config(providers), world.KEYS) as up:
        for times in (1, 2, 3):  # the next wait is long enough to take the port in
            kill_envoy(up)
            restarted(up, times)
        with taken_from_envoy(up):
            tried = len(up.lines("not_started"))
            up.wait_for("not_started", times=tried + 1, seconds=BACK_SECONDS)
            assert readiness(up.admin_url) in ((503, "Envoy could not be started"), (503, "Envoy is starting"))
            assert up.metric("openclaw_envoy_ready") == 0
            up.wait_for("not_started", times=tried + 2, seconds=BACK_SECONDS)
            times = len(up.lines("restarted"))

        restarted(up, times + 1)

        assert http.get(f"{up.url}/v1/models").status_code == 200
        waits = [line["data"]["again_in_seconds"] for line in up.lines("not_started")]
        assert waits == sorted(waits)
        assert max(waits) <= 10


@pytest.mark.parametrize("moment", ["waiting", "starting"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_ended_while_envoy_is_away(
    providers: Providers, tmp_path: Path, number: signal.Signals, moment: str
) -> None:
    file, port, admin_port = written(tmp_path, providers)
    admin_url = f"http://127.0.0.1:{admin_port}"

    with started([*COMMAND, "up", "-c", str(file)], tmp_path) as process:
        seen = dict[int, str]()
        for _ in range(3):
            until(lambda: readiness(admin_url)[0] == 200, BACK_SECONDS)
            seen |= family(process.pid)
            os.kill(envoy_of(process.pid), signal.SIGKILL)
            until(lambda: readiness(admin_url)[0] == 503, 10)
        if moment == "starting":
            until(lambda: [p for p, line in family(process.pid).items() if "envoy" in line and is_running(p)], 10)
        seen |= family(process.pid)

        process.send_signal(number)
        assert process.wait(ENDS_WITHIN) == 0

    assert not [pid for pid in seen if is_running(pid)]
    assert is_free(port)
    assert is_free(admin_port)
    assert "Traceback" not in (tmp_path / "errors").read_text() + (tmp_path / "output").read_text()


def test_a_change_that_comes_while_envoy_is_away_is_not_lost(providers: Providers) -> None:
    with sidecar(world.config(providers), world.KEYS) as up:
        for times in (1, 2, 3, 4):
            kill_envoy(up)
            if times < 4:
                restarted(up, times)
        more = world.config(providers).replace("models: [bee-model]", "models: [bee-model, bee-two]")
        up.rewrite(more)
        restarted(up, 4)
        up.wait_for("reloaded", seconds=20)

        names = [one["id"] for one in http.get(f"{up.url}/v1/models").json()["data"]]
        assert "bee-two" in names


# -- ending --------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_who_ends_is_not_ready_while_calls_are_still_answered(providers: Providers, workers: int) -> None:
    providers["bee"].set_fault("slow-300")
    with (
        ThreadPoolExecutor(1) as threads,
        sidecar(world.config(providers), world.KEYS, gateway=f"workers: {workers}") as up,
    ):
        call = threads.submit(ask_slowly, up, stream=True)
        until(lambda: up.metric("openclaw_in_flight_calls", provider="bee") == 1, 10)
        up.process.send_signal(signal.SIGTERM)
        until(lambda: readiness(up.admin_url) == (503, "ending"), 5)
        still_under_way = not call.done()
        answered = call.result(30)

    assert still_under_way
    assert answered.status == 200


@pytest.mark.parametrize("workers", [1, 2])
def test_serve_too_is_not_ready_from_the_signal_on(providers: Providers, tmp_path: Path, workers: int) -> None:
    file, _, admin_port = written(tmp_path, providers)
    text = file.read_text()
    file.write_text(text.replace("gateway: {", f"gateway: {{workers: {workers}, "))
    admin_url = f"http://127.0.0.1:{admin_port}"
    stages = [f"--{stage}=unix:{tmp_path}/{stage}.sock" for stage in ("route", "attempt")]
    route = f"unix:{tmp_path}/route{'-0' if workers > 1 else ''}.sock"

    with started([*COMMAND, "serve", "-c", str(file), *stages], tmp_path) as process:
        until(lambda: readiness(admin_url)[0] == 200 and Path(route.removeprefix("unix:")).exists(), BACK_SECONDS)
        with grpc.insecure_channel(route) as channel:
            requests = SimpleQueue[bytes | None]()
            answers = channel.stream_stream("/envoy.service.ext_proc.v3.ExternalProcessor/Process")(
                iter(requests.get, None)
            )
            requests.put(a_head())
            next(answers)  # it reads the request now, whose body is still to come

            process.send_signal(signal.SIGTERM)
            until(lambda: readiness(admin_url) == (503, "ending"), 5)

            requests.put(None)
        assert process.wait(ENDS_WITHIN) == 0


def a_head() -> bytes:
    """Envoy's first message about a call."""
    message = pb.ProcessingRequest()
    for key, value in ((":method", "POST"), (":path", "/v1/chat/completions"), ("content-type", "application/json")):
        message.request_headers.headers.headers.add(key=key, raw_value=value.encode())
    return message.SerializeToString()


# -- somebody else's Envoy -----------------------------------------------------------------


def test_serve_sees_the_envoy_beside_it_where_it_is_told_where_to_look(providers: Providers, tmp_path: Path) -> None:
    file, _, admin_port = written(tmp_path, providers)
    envoy_port = free_port()
    file.write_text(file.read_text().replace("gateway: {", f"gateway: {{envoy_admin_port: {envoy_port}, "))
    (tmp_path / "e").mkdir()
    stages = [f"--{stage}=unix:{tmp_path}/{stage}.sock" for stage in ("route", "attempt")]
    rendered = run("render", "-c", str(file), "--out", "envoy", *stages, "--access-log", "", cwd=tmp_path)
    assert rendered.returncode == 0, rendered.stderr
    envoy = [find_envoy(None), "-c", str(tmp_path / "envoy/envoy.yaml"), "--disable-hot-restart", "--concurrency", "1"]

    def is_seen(ready: int) -> bool:
        page = http.get(f"http://127.0.0.1:{admin_port}/metrics").text
        return f"openclaw_envoy_ready {float(ready)}" in page

    with started([*COMMAND, "serve", "-c", str(file), *stages], tmp_path) as process:
        until(lambda: readiness(f"http://127.0.0.1:{admin_port}")[0] == 200, BACK_SECONDS)
        until(lambda: is_seen(0), 5)  # it is not there yet, and nobody waits for it
        for times in (1, 2):
            with started(envoy, tmp_path / "e") as beside:
                until(lambda: is_seen(1), BACK_SECONDS)
                beside.kill()
                until(lambda: (tmp_path / "output").read_text().count('"event":"down"') == times, BACK_SECONDS)  # noqa: B023  # used within its round
                assert is_seen(0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(ENDS_WITHIN) == 0
