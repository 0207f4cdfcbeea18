"""`make chaos`: load while providers flap, names come and go, files change and workers are killed.

Exit codes: 0 every request ended well and nothing leaks, 1 not so.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import httpx

from tests.chaos import hostile, recovery, world
from tests.chaos.load import Seen, load
from tests.chaos.world import Place
from tests.e2e.harness import Sidecar, sidecar
from tests.e2e.name_server import Answer, NameServer, envoy_that_asks, name_server

FAULTS = (
    *("ok",) * 6, "503", "429", "500", "529", "flap", "reset", "first-event-error", "html-200", "empty-200", "cut",
    "mid-error", "reset-mid", "garbage", "silent-3", "late-3", "slow-50",
    "alive-3", "gzip", "gzip-cut", "gzip-lies", "gzip-html", "wrong-kind",
)  # fmt: skip
NAMES: tuple[Answer, ...] = ("address", "address", "address", "nxdomain", "empty", "servfail", "silence")
"""What may come of a provider's name; of one that is new the first answer counts."""
NAMES_SECONDS = 1.0
FLAP_SECONDS, RELOAD_SECONDS, KILL_SECONDS, LOOK_SECONDS = 2.0, 4.0, 10.0, 1.0
LEAST_OF = 30
"""Looks, one a second, of which the least counts for the slope of memory."""
CALM_SECONDS = 5.0
"""After the load: what is under way by then has leaked."""
MOST_KIB_PER_10_000 = 1024
ENOUGH_REQUESTS = 10_000
"""Below it the slope of memory says more about the start than about a leak."""
MOST_MORE_FILES = 40
"""Connections that Envoy keeps open, to us and to providers, come and go."""


@dataclass(slots=True)
class Watched:
    """Looks at the processes, one a second."""

    sizes: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Requests so far, KiB of our processes that live all the time (Envoy apart): one that took another's place has not
    filled its caches yet, and would be taken for a leak."""
    envoy_sizes: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    files: list[int] = field(default_factory=list[int])
    spared: list[int] = field(default_factory=list[int])
    """Our processes that nobody kills: the parent and one worker."""
    kills: int = 0
    reloads: int = 0
    faults: int = 0
    names: int = 0


def main() -> int:
    options = _options()
    with world.providers(firehose=options.hostile) as places:
        found = None
        if not options.no_recovery:
            with sidecar(world.config(places, 1), world.KEYS, never_ill=False) as up:
                found = recovery.measured(up.url, places["openai-1"], options.recovery_seconds)
        with name_server() as names, tempfile.TemporaryDirectory() as folder:
            envoy = ("--envoy", envoy_that_asks(names, Path(folder)))
            _name(names, places, 0)
            config = world.config(places, named=True)
            with sidecar(config, world.KEYS, *envoy, gateway=options.gateway, never_ill=False) as up:
                seen, watched, notes = Seen(), Watched(), hostile.Hostility()
                asyncio.run(_chaos(up, places, names, options, seen, watched, notes))
                for place in _flapping(places):
                    place.set_fault("ok")
                time.sleep(CALM_SECONDS)
                summary = _summary(up, seen, watched, options, found, notes)
    print(json.dumps(summary, indent=1) if options.json else "\n".join(f"{k}: {v}" for k, v in summary.items()))
    return 1 if summary["found wrong"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--rate", type=float, default=100, help="requests a second")
    parser.add_argument("--gateway", default="workers: 2", help="more of that section of the configuration")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--recovery-seconds", type=float, default=120, help="to wait for traffic to leave, and to return"
    )
    parser.add_argument("--no-recovery", action="store_true", help="chaos only")
    parser.add_argument(
        "--hostile", action="store_true", help="and everything that strangers do (tests/chaos/hostile.py)"
    )
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


async def _chaos(
    up: Sidecar,
    places: dict[str, Place],
    names: NameServer,
    options: argparse.Namespace,
    seen: Seen,
    watched: Watched,
    notes: hostile.Hostility,
) -> None:
    random.seed(options.seed)
    watched.spared = _ours(up)[:2]
    over = asyncio.Event()
    mischief = [
        asyncio.create_task(task)
        for task in (
            _flap(places, watched),
            _rename(names, watched),
            _reload(up, places, names, watched),
            _kill(up, watched),
            _look(up, seen, watched),
        )
    ]
    if options.hostile:
        mischief += (asyncio.create_task(actor) for actor in hostile.actors(_field(up, places, seen, watched, notes)))
    loading = asyncio.create_task(load(up.url, options.rate, over, seen))
    await asyncio.sleep(options.seconds)
    over.set()
    for task in mischief:
        task.cancel()
    ended = await asyncio.gather(*mischief, return_exceptions=True)
    await loading
    for problem in ended:
        if isinstance(problem, Exception):
            raise problem


def _field(
    up: Sidecar, places: dict[str, Place], seen: Seen, watched: Watched, notes: hostile.Hostility
) -> hostile.Field:
    host, _, port = up.url.removeprefix("http://").rpartition(":")

    def config(idle_providers: int) -> str:
        return world.config(places, watched.reloads, named=True, idle_providers=idle_providers)

    return hostile.Field(up, host, int(port), seen.down, notes, config)


def _flapping(places: dict[str, Place]) -> list[Place]:
    """Those whose faults change; the one with huge answers goes on giving them."""
    return [place for name, place in places.items() if name != "firehose"]


async def _flap(places: dict[str, Place], watched: Watched) -> None:
    async with httpx.AsyncClient(timeout=5) as client:
        while True:
            place, fault = random.choice(_flapping(places)), random.choice(FAULTS)  # noqa: S311  # chaos, no secret
            await client.post(f"http://127.0.0.1:{place.port}/_simulator/fault", json={"fault": fault})
            watched.faults += 1
            await asyncio.sleep(FLAP_SECONDS / len(places) * 2)


async def _rename(names: NameServer, watched: Watched) -> None:
    while True:
        await asyncio.sleep(NAMES_SECONDS)
        names.answers[random.choice([*names.answers])] = random.choice(NAMES)  # noqa: S311  # as above
        watched.names += 1


async def _reload(up: Sidecar, places: dict[str, Place], names: NameServer, watched: Watched) -> None:
    while True:
        await asyncio.sleep(RELOAD_SECONDS)
        watched.reloads += 1
        _name(names, places, watched.reloads)
        up.rewrite(world.config(places, watched.reloads, named=True))


def _name(names: NameServer, places: dict[str, Place], reload: int) -> None:
    """Have an answer for each name that this reload brings, if it brings new ones."""
    for place in places.values():
        names.answers.setdefault(world.host(place, reload), random.choice(NAMES))  # noqa: S311  # as above


async def _kill(up: Sidecar, watched: Watched) -> None:
    while True:
        await asyncio.sleep(KILL_SECONDS)
        if mortal := set(world.children(up.process.pid, "edge.workers.worker")) - set(watched.spared):
            os.kill(random.choice(sorted(mortal)), signal.SIGKILL)  # noqa: S311  # as above
            watched.kills += 1


async def _look(up: Sidecar, seen: Seen, watched: Watched) -> None:
    while True:
        with suppress(OSError, IndexError):  # a worker that was killed just now
            watched.sizes.append((seen.total, sum(map(world.kib, watched.spared))))
            watched.envoy_sizes.append((seen.total, world.kib(_envoy(up))))
            watched.files.append(sum(map(world.open_files, [*_ours(up), _envoy(up)])))
        await asyncio.sleep(LOOK_SECONDS)


def _ours(up: Sidecar) -> list[int]:
    return [up.process.pid, *world.children(up.process.pid, "edge.workers.worker")]


def _envoy(up: Sidecar) -> int:
    return world.children(up.process.pid, "envoy.yaml")[0]


def _summary(
    up: Sidecar,
    seen: Seen,
    watched: Watched,
    options: argparse.Namespace,
    found: "recovery.Recovery | None",
    notes: hostile.Hostility,
) -> dict[str, object]:
    active = world.envoys_stats(_envoy(up), r"^(http\.llm\.downstream_rq_active|cluster\..*\.upstream_rq_active)$")
    ours = up.metrics()
    under_way = sum(
        float(line.rpartition(" ")[2]) for line in ours.splitlines() if line.startswith("openclaw_in_flight_calls{")
    )
    slope = _slope(watched.sizes)
    more_files = sum(map(world.open_files, [*_ours(up), _envoy(up)])) - statistics.median(watched.files[:10])
    wrong = [
        *(f"{seen.counts[kind]} requests {kind}" for kind in ("wrong", "hung") if seen.counts[kind]),
        *([f"{len(seen.unasked)} calls ended for want of an address ({seen.unasked[0]})"] if seen.unasked else []),
        *(f"{value} still in {name}" for name, value in active.items() if value and "stage" not in name),
        *([f"{under_way:g} calls still under way by our own count"] if under_way else []),
        *notes.wrong,
        *([f"{more_files:g} more open files than at the start"] if more_files > MOST_MORE_FILES else []),
    ]
    if seen.total >= ENOUGH_REQUESTS and slope > MOST_KIB_PER_10_000:
        wrong.append(f"memory grows by {slope:.0f} KiB for 10,000 requests")
    return {
        "requests": f"{seen.total} in {options.seconds:g} s, wanted {options.rate:g} a second",
        "ended": dict(seen.counts),
        "statuses": dict(seen.statuses),
        "longest": f"{seen.longest:.1f} s",
        "mischief": f"{watched.faults} faults set, {watched.names} names changed, {watched.reloads} reloads "
        f"({up.metric('openclaw_config_reloads_total', result='rejected'):g} rejected), {_kills(watched)}",
        "memory": f"{slope:.0f} KiB more for 10,000 requests (ours that lived), "
        f"{_slope(watched.envoy_sizes):.0f} (Envoy); "
        f"at the end {sum(map(world.kib, _ours(up))) / 1024:.0f} and {world.kib(_envoy(up)) / 1024:.0f} MiB"
        + ("" if seen.total >= ENOUGH_REQUESTS else "; too few requests to be judged"),
        "open files": f"{more_files:+g} against the start",
        "still under way": f"{sum(active.values())} by Envoy's count, {under_way:g} by ours",
        **_told(found, options),
        **({"hostility": dict(notes.done)} if notes.done else {}),
        "odd": seen.odd,
        "found wrong": wrong,
    }


def _kills(watched: Watched) -> str:
    return f"{watched.kills} workers killed" if watched.kills else "no worker killed: there is only one process"


def _told(found: "recovery.Recovery | None", options: argparse.Namespace) -> dict[str, object]:
    if found is None:
        return {}
    beyond = f"not within {options.recovery_seconds:g} s"
    return {
        "traffic away": beyond if found.away_seconds is None else f"{found.away_seconds:.2f} s after the first failure",
        "traffic back": beyond if found.back_seconds is None else f"{found.back_seconds:.1f} s after the recovery",
    }


def _slope(sizes: list[tuple[int, int]]) -> float:
    """KiB for 10,000 requests, by the second half: the first one fills caches.

    Of each half minute the least counts: a large body or a reload with many providers takes memory for a moment, and
    such a peak near the end would be taken for a leak.
    """
    half = sizes[len(sizes) // 2 :]
    late = [min(half[n : n + LEAST_OF], key=itemgetter(1)) for n in range(0, len(half), LEAST_OF)]
    if len({requests for requests, _ in late}) < 2:
        return 0.0
    fit = statistics.linear_regression([float(r) for r, _ in late], [float(k) for _, k in late])
    return fit.slope * 10_000


if __name__ == "__main__":
    sys.exit(main())
