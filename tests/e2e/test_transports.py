"""What the product promises holds over each transport between Envoy and the stages: unix sockets, and TCP with TLS.

A few of each kind of promise; all of them are kept on unix sockets by the other files here.
"""

import hashlib
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.certificates import Authority
from tests.e2e import world
from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.raw import STREAM, Play, chunk, raw_provider, silent
from tests.e2e.test_full_speed import END, PIECE, WORDS, at_full_speed
from tests.e2e.test_reload import config, one
from tests.e2e.test_workers import clean, is_alive, load, replaced, shown, workers

PATH = "/v1/chat/completions"
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Transport:
    """How the stages are served."""

    name: str
    authority: Authority

    def gateway(self, more: str = "") -> str:
        """What stands under `gateway` for it."""
        return ", ".join(part for part in (self._stages(), more) if part)

    def _stages(self) -> str:
        if self.name == "unix":
            return ""
        port = free_pairs()
        (chain, key), (client_chain, client_key) = self.authority.pair("stages"), self.authority.pair("envoy")
        client = f"client: {{certificate_chain: {client_chain}, private_key: {client_key}}}"
        files = f"certificate_chain: {chain}, private_key: {key}, trusted_ca: {self.authority.certificate}, {client}"
        names = "client_subject_alt_names: [envoy.test]"
        addresses = f"route: '127.0.0.1:{port}', attempt: '127.0.0.1:{port + 1}'"
        return f"stages: {{{addresses}, tls: {{{files}, {names}}}}}"


def free_pairs() -> int:
    """A port that is free with the three after it: those of two workers. Below those that connections are given."""
    while True:
        port = random.randrange(12_000, 32_000, 4)  # noqa: S311  # a port is no secret
        if all(is_free(port + more) for more in range(4)):
            return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("authority"))
    made.issue("stages", "IP:127.0.0.1")
    made.issue("envoy", "DNS:envoy.test")
    return made


@pytest.fixture(scope="module", params=["unix", "tls"])
def transport(request: pytest.FixtureRequest, authority: Authority) -> Transport:
    return Transport(str(request.param), authority)


@pytest.fixture(scope="module")
def up(providers: Providers, transport: Transport) -> Iterator[Sidecar]:
    with sidecar(world.config(providers), world.KEYS, gateway=transport.gateway()) as started:
        yield started


def ask(up: Sidecar, model: str, *, streamed: bool = False) -> httpx.Response:
    return http.post(up.url + PATH, content=body("openai", model, streamed=streamed))


def raw_config(url: str, more: str = "") -> str:
    entry = f'{{name: raw, format: openai_chat, endpoint: "{url}", api_key: "${{KEY_BEE}}", models: [fast]}}'
    return f"model: {{providers: [{entry}]}}\n{more}"


def test_whole_and_streamed_in_the_same_format_and_translated(up: Sidecar, streamed: bool) -> None:
    for model in ("bee-model", "dog-model"):
        answer = ask(up, model, streamed=streamed)

        assert answer.status_code == 200, answer.text
        assert answer.headers["x-openclaw-provider"] == model.removesuffix("-model")
        if streamed:
            assert answer.text.rstrip().endswith("data: [DONE]")
        else:
            assert answer.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize("fault", ["503", "first-event-error"])
def test_failover_before_the_first_content(up: Sidecar, providers: Providers, fault: str, streamed: bool) -> None:
    providers["ace"].set_fault(fault)

    answer = ask(up, "ace-then-dog-model", streamed=streamed)

    assert answer.status_code == 200, answer.text
    assert answer.headers["x-openclaw-provider"] == "dog"
    assert answer.headers["x-openclaw-attempts"] == "2"


def test_a_body_of_many_mib_passes_whole_and_one_that_is_too_large_is_413(up: Sidecar, providers: Providers) -> None:
    said = body("openai", "bee-model", "0123456789abcdef" * (20 * MIB // 16))

    whole = http.post(up.url + PATH, content=said)
    (received,) = providers["bee"].requests
    too_large = http.post(up.url + PATH, content=said + bytes(13 * MIB))

    assert whole.status_code == 200, whole.text
    assert received.body_sha256 == hashlib.sha256(said).hexdigest()
    assert too_large.status_code == 413


def test_a_client_that_leaves_ends_the_call_everywhere(up: Sidecar, providers: Providers) -> None:
    providers["bee"].set_fault("slow-200")
    with http.stream("POST", up.url + PATH, content=body("openai", "bee-model", streamed=True)) as answer:
        next(answer.iter_raw())

    until(lambda: up.metric("openclaw_in_flight_requests") == 0, 20.0)
    until(lambda: up.metric("openclaw_in_flight_body_bytes") == 0, 20.0)
    assert ask(up, "dog-model").status_code == 200


def test_a_stream_that_falls_silent_ends_with_an_error_event_and_a_break(transport: Transport) -> None:
    def play(send: Callable[[bytes], object]) -> None:
        send(STREAM + chunk(WORDS))
        silent(raw)

    text, broke = b"", False
    with raw_provider() as raw:
        raw.play = play
        more = "router: {timeouts: {idle_ms: 500}}"
        with (
            sidecar(raw_config(raw.url, more), world.KEYS, gateway=transport.gateway()) as up,
            http.stream("POST", up.url + PATH, content=body("openai", "fast", streamed=True)) as answer,
        ):
            try:
                for piece in answer.iter_raw():
                    text += piece
            except httpx.TransportError:
                broke = True

    assert text.startswith(WORDS)
    assert b'"error"' in text.removeprefix(WORDS)
    assert broke


def test_what_is_too_much_is_refused_at_once(providers: Providers, transport: Transport) -> None:
    gateway = transport.gateway("overload: {max_requests: 1}")
    with sidecar(world.config(providers), world.KEYS, gateway=gateway) as up, ThreadPoolExecutor(1) as threads:
        providers["bee"].set_fault("silent-2", times=1)
        call = threads.submit(ask, up, "bee-model")
        until(lambda: up.metric("openclaw_in_flight_requests") == 1, 10)
        refused = ask(up, "bee-model")
        call.result(30)

    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "overloaded"


def test_a_change_is_taken_under_load(providers: Providers, transport: Transport) -> None:
    after = config(one(providers, "dog").replace("[dog-model]", "[dog-model, bee-model]"))
    with (
        sidecar(config(one(providers, "bee")), world.KEYS, gateway=transport.gateway()) as up,
        load(up) as seen,
    ):
        until(lambda: len(seen) > 10, 20.0)
        up.rewrite(after)
        up.wait_for("reloaded", seconds=20)
        changed = time.monotonic()
        until(lambda: sum(call.began > changed for call in seen) > 10, 20.0)

    assert {call.status for call in seen} == {200}, shown(seen)
    assert {call.headers["x-openclaw-provider"] for call in seen if call.began > changed} == {"dog"}


def test_workers_are_replaced_and_a_rolling_restart_loses_no_call(providers: Providers, transport: Transport) -> None:
    with (
        sidecar(world.config(providers), world.KEYS, gateway=transport.gateway("workers: 2")) as up,
        load(up) as seen,
    ):
        until(lambda: len(seen) > 10, 20.0)
        before = workers(up)
        up.process.send_signal(signal.SIGHUP)
        up.wait_for("restarted", seconds=60)
        rolled = len(seen)
        assert {call.status for call in seen[:rolled]} == {200}, shown(seen)
        until(lambda: len(workers(up)) == 2, 20.0)
        assert not set(before) & set(workers(up))
        os.kill(killed := workers(up)[0], signal.SIGKILL)
        until(lambda: not is_alive(killed) and replaced(up, "ended") == 1, 20.0)
        until(lambda: up.metric("openclaw_workers_ready") == 2, 30.0)
        fresh = time.monotonic()
        until(lambda: sum(call.began > fresh for call in seen) > 10, 20.0)

    assert all(call.status == 200 or clean(call) or call.status == 0 for call in seen), shown(seen)
    assert {call.status for call in seen if call.began > fresh} == {200}, shown(seen)


def test_a_stream_at_full_speed_is_whole_and_other_calls_are_served_beside_it(
    providers: Providers, transport: Transport
) -> None:
    mib = 16
    play: Play = at_full_speed(mib)
    with raw_provider() as raw:
        raw.play = play
        entry = f'{{name: fast, format: openai_chat, endpoint: "{raw.url}", api_key: "${{KEY_BEE}}", models: [fast]}}'
        both = world.config(providers).replace("  providers:\n", f"  providers:\n    - {entry}\n", 1)
        gateway = transport.gateway("overload: {max_lag_ms: 60000}")
        with sidecar(both, world.KEYS, gateway=gateway) as up, load(up) as seen:
            until(lambda: len(seen) > 10, 20.0)
            answer = http.post(up.url + PATH, content=body("openai", "fast", streamed=True), timeout=300)

    assert answer.content == PIECE * (mib * MIB // len(PIECE)) + END
    assert {call.status for call in seen} == {200}, shown(seen)


def test_a_stage_without_its_files_is_not_started(providers: Providers, authority: Authority, tmp_path: Path) -> None:
    gateway = Transport("tls", authority).gateway().replace(str(authority.pair("stages")[1]), str(tmp_path / "no.key"))

    with (
        pytest.raises(AssertionError, match=r"gateway.stages.tls.private_key: .*no.key cannot be read: No such file"),
        sidecar(world.config(providers), world.KEYS, gateway=gateway),
    ):
        pass
