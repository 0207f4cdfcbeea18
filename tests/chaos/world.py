"""What the chaos happens to: six simulated providers in a process of their own, and a sidecar with chains over them."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from openclaw_extproc.edge.workers.processes import free_port
from tests.e2e.world import EMERGENCY, FORMATS, RETRY_AFTER_SECONDS

SHAPES = ("openai", "anthropic", "gemini")
STAND_IN = {"openai": "anthropic", "anthropic": "gemini", "gemini": "openai"}
PATIENCE_MS = 1_500
ADDRESS = "127.0.0.1"
FIREHOSE = "firehose-model"
"""A model whose answers are 28 MiB long."""


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    shape: str
    port: int

    def set_fault(self, fault: str) -> None:
        httpx.post(f"http://127.0.0.1:{self.port}/_simulator/fault", json={"fault": fault}, timeout=5)


@contextmanager
def providers(*, firehose: bool = False) -> Generator[dict[str, Place]]:
    """By name: `openai-1`, `openai-2` and so on; `firehose`: and one whose answers are huge."""
    places = {f"{s}-{n}": Place(f"{s}-{n}", s, free_port()) for s in SHAPES for n in (1, 2)}
    serve = [word for p in places.values() for word in ("--serve", f"{p.shape}:{p.port}:{p.name}")]
    with ExitStack() as running:
        running.enter_context(_running("openclaw_simulator", "--until-eof", *serve))
        if firehose:
            places["firehose"] = Place("firehose", "openai", free_port())
            running.enter_context(_running("tests.chaos.firehose", str(places["firehose"].port)))
        yield places


@contextmanager
def _running(module: str, *arguments: str) -> Generator[None]:
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert "ready" in process.stdout.readline()
    try:
        yield
    finally:
        process.terminate()
        process.communicate(timeout=10)


def host(place: Place, n: int) -> str:
    """Its name after reload `n`: a new one each second time, which Envoy has to ask for before it has an address."""
    return f"{place.name}-{n // 2}.chaos.test"


def config(
    places: dict[str, Place], n: int = 0, *, named: bool = False, more: str = "", idle_providers: int = 0
) -> str:
    """The text below `gateway:`. `n`: every reload changes something, some of them who stands in. `named`: those that
    are asked first have a name instead of an address. `idle_providers`: so many more that nobody asks.
    """
    lines: list[str] = []
    for shape in SHAPES:
        first, stand_in = places[f"{shape}-1"], STAND_IN[shape] if n % 3 else shape
        lines += (
            _entry(
                first,
                host(first, n) if named else ADDRESS,
                f", fallback: {stand_in}-2, fallback_model: {stand_in}-2-model",
            ),
            _entry(places[f"{shape}-2"]),
        )
    if "firehose" in places:
        lines.append(_entry(places["firehose"]))
    unused = Place("unused", "openai", 9)
    lines += (_entry(replace(unused, name=f"unused-{number}")) for number in range(idle_providers))
    entries = "\n".join(lines)
    return f"""model:
  providers:
{entries}
router:
  emergency: {{message: "{EMERGENCY} {n}", retry_after_ms: {RETRY_AFTER_SECONDS * 1000}}}
  timeouts: {{first_token_ms: {PATIENCE_MS}, answer_ms: {PATIENCE_MS}}}
  retry_policy: {{max_retries: 1, initial_delay_ms: 1000}}
logging: {{level: error}}
{more}"""


def _entry(place: Place, at: str = ADDRESS, then: str = "") -> str:
    return (
        f"    - {{name: {place.name}, models: [{place.name}-model], format: {FORMATS[place.shape]}, "
        f'endpoint: "http://{at}:{place.port}", allow_http: true, api_key: "${{CHAOS_KEY}}"{then}}}'
    )


KEYS = {"CHAOS_KEY": "sk-ours-chaos"}


# --- processes ---


def children(parent: int, word: str) -> list[int]:
    """Processes of this parent whose command has this word."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            above = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_text()
        except (OSError, ValueError):
            continue  # it has just ended
        if above == parent and word in command:
            found.append(int(folder.name))
    return found


def kib(pid: int) -> int:
    """Resident memory."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def envoys_stats(envoy: int, wanted: str) -> dict[str, int]:
    """Of Envoy's admin interface, whose socket is beside its configuration. `wanted`: a regular expression."""
    words = Path(f"/proc/{envoy}/cmdline").read_text().split("\0")
    socket = Path(words[words.index("-c") + 1]).with_name("envoy-admin.sock")
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=5) as client:
        text = client.get("http://envoy/stats", params={"filter": wanted}).text
    return {name: int(value) for name, _, value in (line.partition(": ") for line in text.splitlines()) if value}
