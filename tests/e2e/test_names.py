"""Providers whose names do not resolve, or not any more: each call finds its stand-in."""

import os
import signal
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import openai
import pytest

from openclaw_extproc.edge.workers.processes import free_port
from tests.e2e import world
from tests.e2e.commands import COMMAND, envoy_of, family, is_running, run, started
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.name_server import Answer, NameServer, envoy_that_asks, name_server

FATES: tuple[Answer, ...] = ("nxdomain", "empty", "servfail", "silence")
"""What may come of a name."""
STAND_IN = "bee"


def name_of(provider: str) -> str:
    return f"{provider}.providers.test"


def config(providers: Providers, named: dict[str, str]) -> str:
    """`named`: the names of the providers that are asked first, by their own names in the configuration."""
    entries = [
        f"    - {{name: {provider}, models: [{provider}-model], format: openai_chat, allow_http: true, "
        f'endpoint: "http://{name}:{providers["ace"].port}", api_key: "${{KEY_BEE}}", '
        f"fallback: {STAND_IN}, fallback_model: {STAND_IN}-model}}"
        for provider, name in named.items()
    ]
    stand_in = (
        f"    - {{name: {STAND_IN}, models: [{STAND_IN}-model], format: openai_chat, "
        f'endpoint: "http://127.0.0.1:{providers[STAND_IN].port}", api_key: "${{KEY_BEE}}"}}'
    )
    return "\n".join(("model:", "  providers:", *entries, stand_in, ""))


def ask(url: str, provider: str) -> httpx.Response:
    body = {"model": f"{provider}-model", "messages": [{"role": "user", "content": "hello"}]}
    return http.post(f"{url}/v1/chat/completions", json=body)


def answered(url: str, provider: str) -> tuple[int, str]:
    got = ask(url, provider)
    return got.status_code, got.headers.get("x-openclaw-provider", "")


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    with name_server() as server:
        yield server


USUAL = {provider: name_of(provider) for provider in (*(f"was-{fate}" for fate in FATES), "moving", "mute")}
"""Those that are there at first, one that will move, and one whose name server has never said a word."""


@pytest.fixture(scope="module")
def up(providers: Providers, names: NameServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    names.answers |= dict[str, Answer].fromkeys(USUAL.values(), "address")
    names.answers[name_of("mute")] = "silence"
    envoy = envoy_that_asks(names, tmp_path_factory.mktemp("envoy"))
    with sidecar(config(providers, USUAL), world.KEYS, "--envoy", envoy, gateway="workers: 2") as started_up:
        yield started_up


@pytest.fixture
def all_there(up: Sidecar, names: NameServer) -> None:
    """All that were there at first have their addresses, whatever tests before have done to their names."""
    names.answers |= {name_of(f"was-{fate}"): "address" for fate in FATES}
    found = [(200, f"was-{fate}") for fate in FATES]
    until(lambda: [answered(up.url, f"was-{fate}") for fate in FATES] == found, 40, up.logged)


def test_one_silent_name_server_keeps_nobody_from_starting(up: Sidecar) -> None:
    assert answered(up.url, "mute") == (200, STAND_IN)


@pytest.mark.usefixtures("all_there")
def test_a_name_that_goes_away_keeps_its_address(up: Sidecar, names: NameServer, providers: Providers) -> None:
    """Where nobody answers there any more, the call itself goes on."""
    names.answers |= {name_of(f"was-{fate}"): fate for fate in FATES}
    before = len(names.asked)
    until(lambda: all(names.asked[before:].count(name_of(f"was-{fate}")) > 2 for fate in FATES), 40)

    assert [answered(up.url, f"was-{fate}") for fate in FATES] == [(200, f"was-{fate}") for fate in FATES]
    providers["ace"].set_fault("reset")
    assert [answered(up.url, f"was-{fate}") for fate in FATES] == [(200, STAND_IN)] * len(FATES)


def test_after_a_restart_of_envoy_the_first_call_finds_its_stand_in(up: Sidecar, names: NameServer) -> None:
    names.answers |= {name_of(f"was-{fate}"): "nxdomain" for fate in FATES}
    os.kill(envoy_of(up.process.pid), signal.SIGKILL)

    def first() -> tuple[int, str] | None:
        try:
            return answered(up.url, "was-nxdomain")
        except httpx.TransportError:
            return None

    until(lambda: first() is None, 10)
    assert until(first, 30, up.logged) == (200, STAND_IN)


def test_a_worker_that_takes_another_s_place_knows_who_has_no_address(up: Sidecar) -> None:
    ready = "openclaw_workers_ready"
    until(lambda: up.metric(ready) == 2, 30, up.logged)
    worker = next(
        pid for pid, line in family(up.process.pid).items() if "edge.workers.worker" in line and is_running(pid)
    )
    os.kill(worker, signal.SIGKILL)
    told = list[str]()

    def is_replaced() -> bool:
        told.extend(ask(up.url, "mute").headers.get("x-openclaw-fallbacks", "") for _ in range(5))
        return bool(up.lines("replaced")) and up.metric(ready) == 2

    until(is_replaced, 30, up.logged)
    told += [ask(up.url, "mute").headers.get("x-openclaw-fallbacks", "") for _ in range(20)]

    assert [one for one in told if "unresolved" in one] == []


def test_after_a_reload_the_first_call_finds_its_stand_in(up: Sidecar, providers: Providers) -> None:
    """A provider that is new, and one that was there and gets another name."""
    added = {**USUAL, "moving": "elsewhere.providers.test", "new": "new.providers.test"}
    seen = [answered(up.url, "moving")]
    up.rewrite(config(providers, added))

    def is_taken() -> bool:
        seen.append(answered(up.url, "moving"))
        found = answered(up.url, "new")
        seen.extend([found] if found[0] != 404 else [])
        return found[0] != 404

    until(is_taken, 40, up.logged)
    seen += [answered(up.url, provider) for provider in ("new", "moving")]

    stayed = seen.count((200, "moving"))
    assert seen == [(200, "moving")] * stayed + [(200, STAND_IN)] * (len(seen) - stayed)
    assert seen[-2:] == [(200, STAND_IN)] * 2


# -- somebody else's Envoy, which nobody looks at -------------------------------------------


@contextmanager
def beside(providers: Providers, names: NameServer, folder: Path, named: dict[str, str]) -> Generator[str]:
    """`serve` without a look at Envoy; the URL of that Envoy."""
    port, file = free_port(), folder / "openclaw.yml"
    file.write_text(f"gateway: {{port: {port}, admin_port: {free_port()}}}\n{config(providers, named)}")
    stages = [f"--{stage}=unix:{folder}/{stage}.sock" for stage in ("route", "attempt")]
    rendered = run("render", "-c", str(file), "--out", "rendered", *stages, "--access-log", "", cwd=folder)
    assert rendered.returncode == 0, rendered.stderr
    (folder / "e").mkdir()
    binary = envoy_that_asks(names, folder)
    envoy = [binary, "-c", f"{folder}/rendered/envoy.yaml", "--disable-hot-restart", "--concurrency", "1"]

    def is_ready() -> bool:
        try:
            return http.get(f"http://127.0.0.1:{port}/v1/models").status_code == 200
        except httpx.TransportError:
            return False

    with started([*COMMAND, "serve", "-c", str(file), *stages], folder), started(envoy, folder / "e"):
        until(is_ready, 30, lambda: (folder / "output").read_text())
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def resolver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Has the resolver of all Python processes answer with this error; Envoy's is its own."""

    def answers(number: int) -> None:
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "sitecustomize.py").write_text(f"""
import socket


def getaddrinfo(host, *arguments, given=socket.getaddrinfo, **options):
    if str(host).endswith(".test"):
        raise socket.gaierror({number}, "as the test wants")
    return given(host, *arguments, **options)


socket.getaddrinfo = getaddrinfo
""")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))

    return answers


def test_where_nobody_looks_names_that_do_not_exist_are_left_out(
    providers: Providers, names: NameServer, tmp_path: Path, resolver: Callable[[int], None]
) -> None:
    resolver(socket.EAI_NONAME)

    with beside(providers, names, tmp_path, {"new": "new.providers.test"}) as url:
        seen = answered(url, "new")

    assert seen == (200, STAND_IN)


def test_where_nobody_looks_the_client_s_own_retry_finds_the_stand_in(
    providers: Providers, names: NameServer, tmp_path: Path, resolver: Callable[[int], None]
) -> None:
    resolver(socket.EAI_AGAIN)  # so nothing is known before a call says it

    with (
        beside(providers, names, tmp_path, {"new": "new.providers.test", "newer": "newer.providers.test"}) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key="any") as client,
    ):
        refused = ask(url, "new")
        again = answered(url, "new")
        retried = client.chat.completions.with_raw_response.create(
            model="newer-model", messages=[{"role": "user", "content": "hello"}]
        )

    assert refused.status_code == 503
    assert refused.headers["x-openclaw-fallbacks"] == "new:unresolved"
    assert (refused.headers["x-should-retry"], refused.headers["retry-after"]) == ("true", "1")
    assert again == (200, STAND_IN)
    assert retried.headers["x-openclaw-provider"] == STAND_IN
    assert retried.retries_taken == 1
