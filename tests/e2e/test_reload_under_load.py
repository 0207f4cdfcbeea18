"""Files that change again and again under load: no call is lost, and nothing is left behind.

`make reloads` makes a thousand of them.
"""

import os
import statistics
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx

from tests.e2e import world
from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, sidecar, until
from tests.e2e.test_reload import by_rename, config, one

RELOADS = int(os.environ.get("RELOADS", "30"))
CALLERS = 4
PAUSE_SECONDS = 0.02
"""Between the calls of one caller: with none, four of them keep a machine of two cores from everything else."""
MOST_SECONDS = 60.0
"""From a change of the file to the word that it is in force."""
KIB_FOR_ONE = 8
"""Of memory, at most, for each reload in the long run: below it, growth cannot be told from the noise of 30 reloads."""


QUIET = "logging: {level: error}\n"


def variants(providers: Providers) -> list[str]:
    """Bee's model is always served; by whom, who stands in, and which clusters there are changes."""
    dog = one(providers, "dog")
    return [
        config(one(providers, "bee")),
        config(one(providers, "bee", more=", fallback: dog, fallback_model: dog-model"), dog),
        config(one(providers, "bee"), one(providers, "ace-then-bee")) + "router: {emergency: {message: Another.}}\n",
        config(one(providers, "dog", more=", fallback: bee").replace("[dog-model]", "[dog-model, bee-model]"),
               one(providers, "bee")),
        "model: {providers: [{name: 12}]}\n",
    ]  # fmt: skip


@contextmanager
def load(up: Sidecar) -> Generator[list[int]]:
    """Calls one after the other, half of them streams, until the block ends; their statuses, -1 for a broken one."""
    over, seen = Event(), list[int]()

    def calls(stream: bool) -> None:
        with httpx.Client(timeout=30) as client:
            while not over.wait(PAUSE_SECONDS):
                try:
                    answer = client.post(
                        f"{up.url}/v1/chat/completions", content=body("openai", "bee-model", streamed=stream)
                    )
                    whole = not stream or answer.text.rstrip().endswith("[DONE]")
                    seen.append(answer.status_code if whole else -1)
                except httpx.HTTPError:
                    seen.append(-1)

    with ThreadPoolExecutor(CALLERS) as threads:
        running: list[Future[None]] = [threads.submit(calls, n % 2 == 0) for n in range(CALLERS)]
        try:
            yield seen
        finally:
            over.set()
            for one_of_them in running:
                one_of_them.result(timeout=60)


def kib(up: Sidecar) -> int:
    """Resident memory of the service."""
    status = Path(f"/proc/{up.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def open_files(up: Sidecar) -> int:
    return len(list(Path(f"/proc/{up.process.pid}/fd").iterdir()))


def reloads(up: Sidecar) -> tuple[float, float]:
    """Taken and rejected. Not out of the log, which grows with every call."""
    name = "openclaw_config_reloads_total"
    return up.metric(name, result="ok"), up.metric(name, result="rejected")


def test_reloads_under_load_lose_no_call_and_no_memory(providers: Providers) -> None:
    kinds = [QUIET + kind for kind in variants(providers)]
    with sidecar(kinds[0], world.KEYS) as up:
        sizes, files, rejected = list[int](), list[int](), 0
        with load(up) as seen:
            for n in range(1, RELOADS + 1):
                kind = kinds[n % len(kinds)]
                bad = kind == kinds[-1]
                rejected += bad
                head = up.config.read_text().partition("\n")[0]
                by_rename(up.config, f"{head}\n{kind}# {n}\n")
                until(lambda: reloads(up) == (n - rejected, rejected), MOST_SECONDS, up.logged)  # noqa: B023  # called at once
                sizes.append(kib(up))
                files.append(open_files(up))

        assert len(seen) > RELOADS
        assert set(seen) == {200}, f"{len(seen)} calls, {sum(status != 200 for status in seen)} of them lost"
        assert statistics.median(files[-10:]) <= statistics.median(files[:10]) + 8
        if RELOADS >= 200:
            early, late = statistics.median(sizes[50:100]), statistics.median(sizes[-50:])
            print(f"{RELOADS} reloads, {len(seen)} calls; memory {early:.0f} KiB after 75, {late:.0f} KiB at the end")
            assert (late - early) / (RELOADS - 75) < KIB_FOR_ONE
