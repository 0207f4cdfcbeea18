"""Everything as users run it, each a process of its own: the provider, Envoy alone, and `openclaw-extproc up`."""
# ruff: noqa: TID251  # a program of its own, not part of the core

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench import canned, proc
from bench.cases import CASES, Case
from bench.wrk import LoadError
from openclaw_extproc.edge.workers.processes import find_envoy, free_port

READY_SECONDS = 30.0
ENVOY_THREADS = 2
"""As many as `up` gives Envoy."""
_HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"


@dataclass(frozen=True, slots=True)
class Side:
    """Envoy alone, or with us."""

    url: str
    envoy: int
    """Process id."""
    service: int | None
    """Process id; `None`: Envoy is alone."""

    def cpu_seconds(self) -> tuple[float, float]:
        """Of Envoy and of our service, so far."""
        return proc.cpu_seconds(self.envoy), proc.cpu_seconds(self.service) if self.service else 0.0


@dataclass(frozen=True, slots=True)
class Sides:
    alone: Side
    ours: Side

    def url(self, case: Case, side: Side) -> str:
        return side.url + (case.provider_path if side is self.alone else canned.OPENAI_PATH)


@contextmanager
def running(folder: Path) -> Generator[Sides]:
    """Both sides, checked to answer every case rightly. Raises `LoadError`, `StartError`."""
    provider, port, alone_port, admin_port = (free_port() for _ in range(4))
    with ExitStack() as stack:
        stack.enter_context(process([sys.executable, "-m", "bench.responder", str(provider)], folder / "responder"))
        (folder / "alone.yaml").write_text(json.dumps(envoy_alone(alone_port, provider)))
        envoy = [find_envoy(None), "-c", str(folder / "alone.yaml"), "--disable-hot-restart", "-l", "warning"]
        alone = stack.enter_context(process([*envoy, "--concurrency", str(ENVOY_THREADS)], folder / "alone"))
        (folder / "openclaw.yml").write_text(_configuration(port, admin_port, provider))
        command = [sys.executable, "-m", "openclaw_extproc.edge.cli", "up", "-c", str(folder / "openclaw.yml")]
        ours = stack.enter_context(process(command, folder / "ours", BENCH_KEY="sk-ours"))
        for case in CASES:
            _must_say(f"http://127.0.0.1:{alone_port}{case.provider_path}", case, ours=False)
            _must_say(f"http://127.0.0.1:{port}{canned.OPENAI_PATH}", case, ours=True)
        yield Sides(
            Side(f"http://127.0.0.1:{alone_port}", alone, None),
            Side(f"http://127.0.0.1:{port}", proc.child_named(ours, "envoy"), ours),
        )


@dataclass(frozen=True, slots=True)
class Ours:
    """`openclaw-extproc up`, and where it is."""

    port: int
    admin_port: int
    side: Side


@contextmanager
def only_ours(folder: Path, workers: int = 1, overload: str = "{}") -> Generator[Ours]:
    """`openclaw-extproc up` before the canned provider. Raises `LoadError`."""
    provider, port, admin_port = (free_port() for _ in range(3))
    with ExitStack() as stack:
        stack.enter_context(process([sys.executable, "-m", "bench.responder", str(provider)], folder / "responder"))
        (folder / "openclaw.yml").write_text(_configuration(port, admin_port, provider, workers, overload))
        command = [sys.executable, "-m", "openclaw_extproc.edge.cli", "up", "-c", str(folder / "openclaw.yml")]
        ours = stack.enter_context(process(command, folder / "ours", BENCH_KEY="sk-ours"))
        for case in CASES:
            _must_say(f"http://127.0.0.1:{port}{canned.OPENAI_PATH}", case, ours=True)
        yield Ours(port, admin_port, Side(f"http://127.0.0.1:{port}", proc.child_named(ours, "envoy"), ours))


@contextmanager
def process(command: Sequence[str], output: Path, **environment: str) -> Generator[int]:
    """The process id. What it says goes into a file, our log lines too: writing them is part of the work."""
    root = Path(__file__).parent.parent
    path = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    with output.open("w") as sink:
        process = subprocess.Popen(  # noqa: S603  # our own words
            command, stdout=sink, stderr=subprocess.STDOUT, cwd=output.parent,
            env={**os.environ, "PYTHONPATH": path, **environment},
        )  # fmt: skip
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(url: str, request: bytes) -> httpx.Response:
    """The first good answer. Raises `LoadError`."""
    ends = time.monotonic() + READY_SECONDS
    answer: httpx.Response | None = None
    while time.monotonic() < ends:
        try:
            answer = httpx.post(url, content=request, headers={"content-type": "application/json"})
            if answer.is_success:
                return answer
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    said = answer.text if answer else "nobody there"
    raise LoadError(f"{url}: no good answer within {READY_SECONDS:g} s ({said})")


def _must_say(url: str, case: Case, *, ours: bool) -> None:
    """Wait until there is an answer, then see that it is the right one. Raises `LoadError`."""
    answer = wait_for(url, case.request)
    if ours and (said := _text(answer.content, streamed=case.streamed)) != case.text:
        raise LoadError(f"{url}: {case.title}: a wrong answer: {said[:200]!r}")


def _text(body: bytes, *, streamed: bool) -> str:
    """Of an OpenAI answer."""
    if not streamed:
        return str(json.loads(body)["choices"][0]["message"]["content"])
    events = [line.removeprefix(b"data: ") for line in body.split(b"\n\n") if line]
    if events[-1] != b"[DONE]":
        return "a stream without an end"
    deltas = [choice["delta"] for event in events[:-1] for choice in json.loads(event)["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


def _configuration(port: int, admin_port: int, provider: int, workers: int = 1, overload: str = "{}") -> str:
    where = f"endpoint: 'http://127.0.0.1:{provider}', api_key: '${{BENCH_KEY}}'"
    return f"""
gateway: {{port: {port}, admin_port: {admin_port}, workers: {workers}, overload: {overload}}}
model:
  providers:
    - {{name: openai, primary: true, models: [{canned.OPENAI_MODEL}], {where}}}
    - {{name: anthropic, models: [{canned.ANTHROPIC_MODEL}], {where}}}
    - {{name: long, format: openai_chat, models: [long-answers], endpoint: 'http://127.0.0.1:{provider}/long/v1'}}
"""


def envoy_alone(port: int, provider: int, retried: str = "") -> Mapping[str, object]:
    """The least that makes Envoy a proxy. `retried`: below this path a 503 is tried once more."""
    routes: list[Mapping[str, object]] = [{"match": {"prefix": "/"}, "route": {"cluster": "provider"}}]
    if retried:
        policy = {"retry_on": "5xx", "num_retries": 1}
        routes.insert(0, {"match": {"prefix": retried}, "route": {"cluster": "provider", "retry_policy": policy}})
    host = {"name": "all", "domains": ["*"], "routes": routes, "include_request_attempt_count": True}
    manager = {
        "@type": _HCM,
        "stat_prefix": "alone",
        "route_config": {"virtual_hosts": [host]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    endpoint = {"endpoint": {"address": _address(provider)}}
    load = {"cluster_name": "provider", "endpoints": [{"lb_endpoints": [endpoint]}]}
    listener = {"name": "alone", "address": _address(port), "filter_chains": [{"filters": filters}]}
    breakers = {"thresholds": [{"max_retries": 1024}]}  # three at a time otherwise
    cluster = {"name": "provider", "type": "STATIC", "load_assignment": load, "circuit_breakers": breakers}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(port: int) -> Mapping[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
