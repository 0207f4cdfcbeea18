"""A provider that fails is left alone and comes back by itself, as an operator and a client see it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from tests.e2e.harness import Providers, Sidecar, http, routes_settle, sidecar, until
from tests.e2e.test_workers import kill, workers
from tests.e2e.world import FORMATS, SHAPES
from tests.edge.listener import listening

PRIMARY, SECOND = "ace", "dog"
QUICK = "failover: {recovery: {backoff: linear, interval: 1s, slow_start: 1ms}}"
CHECK = "router: {health_check: {interval_ms: 300, timeout_ms: 200, unhealthy_threshold: 2}}"
STATUS = "openclaw_model_health_status"


def written(providers: Providers, *, port: int | None = None, router: str = "") -> str:
    """`port`: where the primary is said to be."""
    ports = {PRIMARY: port or providers[PRIMARY].port, SECOND: providers[SECOND].port}
    entries = [
        f"    - {{name: {name}, models: [{name}-model], format: {FORMATS[SHAPES[name]]}, "
        f'endpoint: "http://127.0.0.1:{ports[name]}", api_key: "${{KEY}}"{then}}}'
        for name, then in ((PRIMARY, f", fallback: {SECOND}, fallback_model: {SECOND}-model"), (SECOND, ""))
    ]
    return "\n".join(["model:", "  providers:", *entries, QUICK, router])


@pytest.fixture
def up(providers: Providers) -> Iterator[Sidecar]:
    with sidecar(written(providers), {"KEY": "sk-ours"}, never_ill=False) as made:
        yield made


@pytest.fixture
def probing(providers: Providers) -> Iterator[Sidecar]:
    with sidecar(written(providers, router=CHECK), {"KEY": "sk-ours"}, never_ill=False) as made:
        yield made


def ask(up: Sidecar, model: str = f"{PRIMARY}-model") -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello."}]}
    answer = http.post(f"{up.url}/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    return answer


def who(answer: httpx.Response) -> tuple[str, str]:
    return answer.headers["x-openclaw-provider"], answer.headers["x-openclaw-attempts"]


def whys(up: Sidecar, name: str) -> list[tuple[str, str]]:
    lines = up.lines("health_changed")
    return [(line["data"]["to"], line["data"]["why"]) for line in lines if line["data"]["name"] == name]


def changes(up: Sidecar, name: str) -> list[tuple[str, str]]:
    lines = up.lines("health_changed")
    return [(line["data"]["from"], line["data"]["to"]) for line in lines if line["data"]["name"] == name]


def asked(providers: Providers, name: str, method: str = "POST") -> int:
    return sum(record.method == method for record in providers[name].requests)


def test_after_a_few_failures_nobody_waits_for_the_primary_and_it_comes_back_by_itself(
    up: Sidecar, providers: Providers
) -> None:
    assert who(ask(up)) == (PRIMARY, "1")

    providers[PRIMARY].set_fault("503")
    seen = [who(ask(up)) for _ in range(5)]
    routes_settle()
    seen += [who(ask(up)) for _ in range(3)]

    assert seen[0] == (SECOND, "2")
    assert seen[5:] == [(SECOND, "1")] * 3, seen
    assert up.metric(STATUS, provider=PRIMARY) == 0
    assert up.metric("openclaw_target_state", provider=PRIMARY, model=f"{PRIMARY}-model", state="open") == 1
    assert changes(up, f"{PRIMARY}/{PRIMARY}-model") == [("healthy", "open")]
    providers[PRIMARY].set_fault("ok")
    until(lambda: who(ask(up)) == (PRIMARY, "1") and up.metric(STATUS, provider=PRIMARY) == 1, 10)
    assert changes(up, f"{PRIMARY}/{PRIMARY}-model")[-1] == ("half_open", "healthy")


def test_a_steady_outage_costs_few_requests_an_attempt(up: Sidecar, providers: Providers) -> None:
    providers[PRIMARY].set_fault("503")

    over, slow, count = time.monotonic() + 4, 0, 0
    while time.monotonic() < over:
        slow += who(ask(up)) == (SECOND, "2")
        count += 1

    assert count > 40
    assert slow <= 3 + 3, "three to notice, then trials after 1, 2 and 3 seconds"


def test_who_says_how_long_to_wait_is_left_alone_so_long(up: Sidecar, providers: Providers) -> None:
    providers[PRIMARY].set_fault("429-retry-after", times=1)

    began = time.monotonic()
    assert who(ask(up)) == (SECOND, "2")
    routes_settle()
    until(lambda: who(ask(up))[0] == PRIMARY, 10)

    assert time.monotonic() - began > 2.0
    assert asked(providers, PRIMARY) == 2


def test_free_probes_go_out_with_our_credential_while_nobody_calls(probing: Sidecar, providers: Providers) -> None:
    until(lambda: asked(providers, PRIMARY, "GET") >= 3 and asked(providers, SECOND, "GET") >= 3, 10)

    began, before = time.monotonic(), asked(providers, PRIMARY, "GET")
    time.sleep(1.5)
    rate = (asked(providers, PRIMARY, "GET") - before) / (time.monotonic() - began)
    probe = providers[PRIMARY].requests[0]
    assert (probe.path, probe.headers["authorization"], probe.status) == ("/v1/models", "Bearer sk-ours", 200)
    assert providers[SECOND].requests[0].headers["x-api-key"] == "sk-ours"
    assert rate <= 1 / 0.3 + 0.7, "never faster than configured"
    assert asked(providers, PRIMARY) == 0, "no call that costs money"
    assert probing.metric("openclaw_probes_total", provider=PRIMARY, result="ok") >= 3


def test_who_answers_calls_is_not_probed(probing: Sidecar, providers: Providers) -> None:
    ask(probing)
    before = asked(providers, PRIMARY, "GET")

    for _ in range(15):
        ask(probing)
        time.sleep(0.1)

    assert asked(providers, PRIMARY, "GET") - before <= 1


def test_probes_find_a_dead_primary_before_any_request_does(providers: Providers) -> None:
    with sidecar(written(providers, port=1, router=CHECK), {"KEY": "sk-ours"}, never_ill=False) as up:
        until(lambda: up.metric(STATUS, provider=PRIMARY) == 0, 10)
        routes_settle()

        assert who(ask(up)) == (SECOND, "1")
        assert up.metric("openclaw_probes_total", provider=PRIMARY, result="failed") >= 2


def test_a_probing_call_asks_for_one_token(providers: Providers) -> None:
    router = CHECK.replace("{interval", "{probe: call, interval")
    with sidecar(written(providers, router=router), {"KEY": "sk-ours"}, never_ill=False) as up:
        until(lambda: asked(providers, PRIMARY) and asked(providers, SECOND), 10, up.logged)

        for name, field in ((PRIMARY, "max_tokens"), (SECOND, "max_tokens")):
            probe = next(record for record in providers[name].requests if record.method == "POST")
            assert probe.status == 200, probe
            assert json.loads(probe.body or "")[field] == 1


def test_an_operator_can_look_at_it(up: Sidecar, providers: Providers) -> None:
    command = [sys.executable, "-m", "openclaw_extproc.edge.cli", "health", "--admin", up.admin_url]
    calm = subprocess.run(command, capture_output=True, text=True, check=False)
    providers[PRIMARY].set_fault("503")
    for _ in range(4):
        ask(up)

    told = subprocess.run(command, capture_output=True, text=True, check=False)
    machine = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)

    assert calm.returncode == 0, calm.stderr
    assert told.returncode == 1, told.stderr
    assert "overloaded (503)" in told.stdout
    rows = {row["name"]: row for row in json.loads(machine.stdout)["targets"]}
    assert rows[f"{PRIMARY}/{PRIMARY}-model"]["state"] in ("open", "half_open")
    assert rows[f"{PRIMARY}/{PRIMARY}-model"]["next_trial_seconds"] <= 1
    assert rows[SECOND]["state"] == "healthy"
    nobody = subprocess.run([*command[:-1], "http://127.0.0.1:1"], capture_output=True, text=True, check=False)
    assert (nobody.returncode, nobody.stdout) == (1, "")


def test_an_operator_sees_what_all_workers_know(providers: Providers) -> None:
    with sidecar(written(providers), {"KEY": "sk-ours"}, gateway="workers: 2", never_ill=False) as up:
        providers[PRIMARY].set_fault("503")
        for _ in range(12):
            ask(up)
        command = [sys.executable, "-m", "openclaw_extproc.edge.cli", "health", "--admin", up.admin_url, "--json"]

        told = subprocess.run(command, capture_output=True, text=True, check=False)

    rows = {row["name"]: row for row in json.loads(told.stdout)["targets"]}
    assert rows[f"{PRIMARY}/{PRIMARY}-model"]["state"] in ("open", "half_open")
    assert rows[f"{PRIMARY}/{PRIMARY}-model"]["reason"]
    assert rows[f"{SECOND}/{SECOND}-model"]["samples"] >= 6, "of both workers"


def test_who_says_that_its_limit_is_reached_is_spared_before_it_has_to_refuse(
    up: Sidecar, providers: Providers
) -> None:
    simulator = providers[PRIMARY]
    before, names = simulator.shape, [f"x-ratelimit-{word}-requests" for word in ("limit", "remaining", "reset")]
    simulator.shape = replace(before, limits=tuple(zip(names, ("60", "0", "3s"), strict=True)))
    began = time.monotonic()
    try:
        assert who(ask(up)) == (PRIMARY, "1")
        routes_settle()
        assert who(ask(up)) == (SECOND, "1")
    finally:
        simulator.shape = before

    until(lambda: who(ask(up)) == (PRIMARY, "1"), 10)
    assert time.monotonic() - began > 2
    assert up.lines("health_changed")[0]["data"]["why"] == "0% of requests left, for 3 s"


@pytest.mark.parametrize("count", [1, 2])
def test_what_envoy_ejected_goes_behind(providers: Providers, count: int) -> None:
    """Our own circuits are of models, where somebody is overloaded: of the provider only Envoy can tell."""
    models = [f"{PRIMARY}-model", f"{PRIMARY}-other"]
    text = written(providers).replace(f"models: [{PRIMARY}-model]", f"models: [{', '.join(models)}, unasked]")
    with sidecar(text, {"KEY": "sk-ours"}, gateway=f"workers: {count}", never_ill=False) as up:
        providers[PRIMARY].set_fault("503")
        for _ in range(3 * count):
            for model in models:
                ask(up, model)
        until(lambda: len(whys(up, PRIMARY)) == count, 10, up.logged)
        routes_settle()

        answers = [who(ask(up, "unasked")) for _ in range(2 * count)]

        assert answers == [(SECOND, "1")] * 2 * count
        assert whys(up, PRIMARY) == [("degraded", "ejected by Envoy")] * count


def test_of_many_workers_one_probes_and_all_know(providers: Providers) -> None:
    status = [200]
    with listening(lambda _: (status[0], {}, b"{}")) as primary:
        text = written(providers, port=primary.server_port, router=CHECK)
        with sidecar(text, {"KEY": "sk-ours"}, gateway="workers: 3", never_ill=False) as up:
            until(lambda: primary.seen, 10)
            began, before = time.monotonic(), len(primary.seen)
            time.sleep(3)
            rate = (len(primary.seen) - before) / (time.monotonic() - began)
            status[0] = 503
            until(lambda: len(whys(up, PRIMARY)) == 3, 10, up.logged)
            routes_settle()

            answers = [who(ask(up)) for _ in range(6)]

            assert 1 < rate <= 1 / 0.3 + 0.7, "never faster than configured, all together"
            assert {to for to, _ in whys(up, PRIMARY)} == {"open"}
            assert answers == [(SECOND, "1")] * 6
            status[0] = 200
            until(lambda: sum(to == "healthy" for to, _ in whys(up, PRIMARY)) == 3, 15, up.logged)


def test_another_worker_probes_when_the_one_that_did_has_died(providers: Providers) -> None:
    with sidecar(written(providers, router=CHECK), {"KEY": "sk-ours"}, gateway="workers: 2", never_ill=False) as up:
        for times in range(1, 4):
            until(lambda: asked(providers, PRIMARY, "GET"), 10)
            kill(workers(up)[times % 2])
            until(lambda: up.metric("openclaw_worker_restarts_total", reason="ended") == times, 10)  # noqa: B023  # called at once
            until(lambda: up.metric("openclaw_workers_ready") == 2, 10)
            providers.reset()

        until(lambda: asked(providers, PRIMARY, "GET") > 3, 10)
