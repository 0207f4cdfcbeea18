"""The real thing on loopback: simulated providers in a thread, the product as a process of its own (`forked.py`)."""

import asyncio
import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from openclaw_extproc.edge.workers.processes import free_port
from openclaw_simulator.server import Simulator, serve
from tests.e2e.forked import Forked

ValueT = TypeVar("ValueT")

READY_SECONDS = 60.0
MAX_SHOWN = 3_000
"""Characters of a log, from its end, in the message of a test that failed."""
CALM = "model: {router: {failure_threshold: 1}}\n"
CONFIG, OUTPUT = "openclaw.yml", "output"
SECRETS = {
    "OPENAI_API_KEY": "sk-ours-openai",
    "ANTHROPIC_API_KEY": "sk-ours-anthropic",
    "GOOGLE_API_KEY": "ours-google",
}


http = httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
"""For callers without an SDK. One for all, because a client reads all certificate authorities first."""


class Providers:
    """Simulators by name, recorded, on an event loop of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()
        self.by_name: dict[str, Simulator] = {}

    def start(self, name: str, shape: str) -> Simulator:
        served = self._stack.enter_async_context(serve(shape, name, record=True))
        simulator = asyncio.run_coroutine_threadsafe(served, self._loop).result(10)
        self.by_name[name] = simulator
        return simulator

    def __getitem__(self, name: str) -> Simulator:
        return self.by_name[name]

    def reset(self) -> None:
        for simulator in self.by_name.values():
            simulator.set_fault("ok")
            assert simulator.recorder is not None
            simulator.recorder.clear()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stack.aclose(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class Sidecar:
    """`openclaw-extproc up` with a configuration of the test's own."""

    def __init__(self, process: Forked, port: int, admin_port: int, folder: Path) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.admin_url = f"http://127.0.0.1:{admin_port}"
        self.config = folder / CONFIG
        self.output = folder / OUTPUT
        self.access_log = folder / "access.log"
        """Of Envoy, where the arguments name it."""

    def logged(self) -> str:
        return self.output.read_text()

    def lines(self, event: str = "") -> list[dict[str, Any]]:
        """The log's JSON lines, those of one event only if it is named."""
        written = self.logged()
        whole = written[: written.rfind("\n") + 1]  # a line may be half written
        lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [line for line in lines if event in ("", line["event"])]

    def wait_for(self, event: str, *, times: int = 1, seconds: float = 5.0) -> list[dict[str, Any]]:
        """Until the log has so many lines of an event."""
        return until(lambda: found if len(found := self.lines(event)) >= times else None, seconds, self.logged)

    def metrics(self) -> str:
        return http.get(f"{self.admin_url}/metrics").text

    def rewrite(self, config: str) -> None:
        """Another `openclaw.yml`, on the same ports."""
        head, _, _ = self.config.read_text().partition("\n")
        self.config.write_text(f"{head}\n{config}")

    def metric(self, name: str, **labels: str) -> float:
        """The value of one series; 0 when there is none. The gauge and counters are read as any scraper does."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        for line in self.metrics().splitlines():
            if line.startswith((f"{name}{{", f"{name} ")) and all(label in line for label in wanted):
                return float(line.rpartition(" ")[2])
        return 0.0


FAST_PATH = os.environ.get("OPENCLAW_E2E_FAST_PATH") == "1"
"""Whether calls take the fast path that may: what these tests promise holds both ways."""


def routes_settle() -> None:
    """Wait until Envoy has heard who is not to be asked first: calls on the fast path do not wait for that."""
    time.sleep(0.5 if FAST_PATH else 0)


@contextmanager
def sidecar(
    config: str,
    environment: Mapping[str, str] | None = None,
    *arguments: str,
    gateway: str = "",
    never_ill: bool = True,
) -> Generator[Sidecar]:
    """One with a configuration of the test's own.

    Args:
        gateway: More of this section than the ports.
        never_ill: However many calls fail, a provider keeps its place in the chain, unless the configuration says
            something else: what one test breaks the next one finds whole.
    """
    port, admin_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder) / CONFIG, Path(folder) / OUTPUT
        way = "fast_path: true, " if FAST_PATH and "fast_path" not in gateway else ""
        file.write_text(f"gateway: {{port: {port}, admin_port: {admin_port}, {way}{gateway}}}\n{config}")
        (Path(folder) / "calm.yml").write_text(CALM)
        configs = [word for path in ("calm.yml", CONFIG)[not never_ill :] for word in ("-c", str(Path(folder) / path))]
        output.touch()
        everything = {**os.environ, **SECRETS, **(environment or {})}
        process = Forked(["up", *configs, *arguments], output, everything, Path(folder))
        try:
            _wait_until_ready(process, output, admin_port)
            yield Sidecar(process, port, admin_port, Path(folder))
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(20)
            text = output.read_text()
        assert code == 0, text


def _wait_until_ready(process: Forked, output: Path, admin_port: int) -> None:
    over = time.monotonic() + READY_SECONDS
    while time.monotonic() < over:
        if process.poll() is not None:
            raise AssertionError(f"up ended with {process.poll()}:\n{output.read_text()}")
        try:
            ready = http.get(f"http://127.0.0.1:{admin_port}/readyz").status_code == 200
        except httpx.TransportError:
            ready = False
        if ready and "is running" in output.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"up was not ready within {READY_SECONDS} s:\n{output.read_text()}")


def until(find: Callable[[], ValueT | None], seconds: float, otherwise: Callable[[], str] = str) -> ValueT:
    """Ask again and again until there is something; `otherwise` says what was there instead."""
    over = time.monotonic() + seconds
    while True:
        if found := find():
            return found
        if time.monotonic() > over:
            raise AssertionError(f"not within {seconds:g} s: {otherwise()[-MAX_SHOWN:]}")
        time.sleep(0.05)
