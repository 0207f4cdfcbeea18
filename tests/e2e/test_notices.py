"""People are told, by the whole product: a provider that is out, a key that is refused, a drill, one message each."""

import json
import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from openclaw_extproc.edge.workers.processes import free_port
from tests.e2e.commands import COMMAND, started
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.test_health import PRIMARY, SECOND, ask, written
from tests.e2e.test_workers import workers
from tests.edge.listener import Answer, Listener, Seen, listening

CHANNELS = """
channels:
  slack: {webhook_url: "${HOOK}"}
  discord: {provider: discord_webhook, webhook_url: "${POSTS}", priority: community_posts}
"""
SECRET = "hunter2"


def answer(_: Seen) -> Answer:
    return 200, {}, b"ok"


@contextmanager
def told(providers: Providers, more: str = "", gateway: str = "") -> Generator[tuple[Sidecar, Listener, Listener]]:
    with listening(answer) as hook, listening(answer) as posts:
        variables = {"KEY": "sk-ours", "HOOK": f"{hook.url}/{SECRET}", "POSTS": f"{posts.url}/{SECRET}"}
        text = f"{written(providers)}{CHANNELS}{more}"
        with sidecar(text, variables, never_ill=False, gateway=gateway) as up:
            yield up, hook, posts


def texts(server: Listener) -> list[str]:
    bodies = [json.loads(one.body) for one in server.seen]
    return [body.get("text") or body["content"] for body in bodies]


def wait_for(server: Listener, words: str, seconds: float = 10.0) -> str:
    return until(
        lambda: next((one for one in texts(server) if words in one), None), seconds, lambda: str(texts(server))
    )


def test_operators_hear_that_a_provider_is_out_and_back_and_no_secret_is_told_elsewhere(providers: Providers) -> None:
    with told(providers, "logging: {level: debug}\n") as (up, hook, posts):
        ask(up)
        providers[PRIMARY].set_fault("503")
        for _ in range(6):
            ask(up)
        out = wait_for(hook, f"{PRIMARY}/{PRIMARY}-model is out")
        post = wait_for(posts, "does not answer reliably")
        providers[PRIMARY].set_fault("ok")
        back = f"{PRIMARY}/{PRIMARY}-model answers again"
        until(lambda: ask(up).is_success and any(back in text for text in texts(hook)), 15, lambda: str(texts(hook)))

        assert "503" in out
        assert "503" not in post
        assert up.metric("openclaw_notices_total", channel="slack", outcome="sent") == 2
        assert SECRET not in up.logged()
        assert SECRET not in up.metrics()
        assert len(hook.seen) == 2


def test_a_wrong_key_is_answered_by_another_provider_and_told(providers: Providers) -> None:
    with told(providers) as (up, hook, _):
        providers[PRIMARY].set_fault("401")
        assert ask(up).headers["x-openclaw-provider"] == SECOND

        said = wait_for(hook, f"{PRIMARY} rejects our credential (KEY)")

    assert "sk-ours" not in said


def test_several_workers_tell_it_once(providers: Providers) -> None:
    with told(providers, gateway="workers: 2") as (up, hook, _):
        providers[PRIMARY].set_fault("503")
        # Each connection may be another worker's: by then both have seen it.
        for _ in range(40):
            ask(up)
        until(lambda: len([one for one in up.lines("health_changed") if one["data"]["to"] == "open"]) >= 2, 10)
        wait_for(hook, "is out")
        until(lambda: up.metric("openclaw_notices_total", channel="slack", outcome="sent") >= 1, 10)
        said = [one for text in texts(hook) for one in text.splitlines() if f"{PRIMARY}-model is out" in one]

        assert len(said) == 1
        os.kill(workers(up)[0], signal.SIGKILL)
        wait_for(hook, "is replaced")


def test_a_rejected_reload_is_told(providers: Providers) -> None:
    with told(providers) as (up, hook, _):
        before = up.config.read_text()
        up.config.write_text(f"{before}\nmodle: {{}}\n")

        said = wait_for(hook, "a changed configuration has 1 error, so the old one stays")

    assert "modle: unknown key" in said


@pytest.mark.parametrize(
    ("more", "words"),
    [("", "requests go to cheaper models"), (", on_exceeded: reject", "requests are refused")],
)
def test_a_spent_budget_is_told(providers: Providers, more: str, words: str) -> None:
    model = f"{{name: {PRIMARY}-model, input_cost_per_million: 1000, output_cost_per_million: 1000}}"
    config = written(providers).replace(f"models: [{PRIMARY}-model]", f"models: [{model}]")
    budget = f"cost_aware: {{optimization: {{constraints: {{max_daily_budget: 0.0001}}}}{more}}}"
    with listening(answer) as hook:
        variables = {"KEY": "sk-ours", "HOOK": hook.url, "POSTS": hook.url}
        with sidecar(f"{config}{CHANNELS}{budget}", variables) as up:
            body = {"model": f"{PRIMARY}-model", "messages": [{"role": "user", "content": "Hello."}]}
            http.post(f"{up.url}/v1/chat/completions", json=body)

            wait_for(hook, f"the daily budget is reached: {words}")


@pytest.mark.parametrize("command", ["up", "serve"])
def test_what_came_of_a_scheduled_drill_is_told(
    providers: Providers, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovery = "failover: {recovery: {backoff: linear, interval: 1s, slow_start: 1ms}"
    schedule = 'scheduled_failover: {test_interval: "every 2s", notify: true}'
    text = written(providers).replace(recovery, f"{recovery}, {schedule}")
    (tmp_path / "openclaw.yml").write_text(f"{gateway()}{text}{CHANNELS}")
    with listening(answer) as hook:
        for name, value in {"KEY": "sk-ours", "HOOK": hook.url, "POSTS": hook.url}.items():
            monkeypatch.setenv(name, value)

        with started([*COMMAND, command, *(sockets(tmp_path) if command == "serve" else [])], tmp_path):
            said = wait_for(hook, "a drill found", 180)

    assert f"chain {SECOND}-model: {SECOND} is its only provider" in said


def test_serve_without_an_envoy_says_once_that_it_holds_no_drills(
    providers: Providers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "made-up-key")
    schedule = 'failover: {scheduled_failover: {test_interval: "every 1s"}}'
    text = written(providers).partition("failover:")[0]
    (tmp_path / "openclaw.yml").write_text(f"{gateway()}{text}{schedule}")
    output = tmp_path / "output"

    with started([*COMMAND, "serve", *sockets(tmp_path), "--envoy", "/nowhere/envoy"], tmp_path):
        until(lambda: "drill_not_held" in output.read_text(), 60, (tmp_path / "errors").read_text)
        time.sleep(3)  # when two more would have been held

    (line,) = [one for one in output.read_text().splitlines() if "drill_not_held" in one]
    assert "Envoy not found" in line


def gateway() -> str:
    return f"gateway: {{port: {free_port()}, admin_port: {free_port()}}}\n"


def sockets(folder: Path) -> list[str]:
    return ["--route", f"unix:{folder}/r.sock", "--attempt", f"unix:{folder}/a.sock"]
