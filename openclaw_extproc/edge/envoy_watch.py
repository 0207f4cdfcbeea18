"""What `serve` sees of an Envoy that somebody else runs: whether it says, at its admin interface, that it is ready.

It starts nothing, and `/readyz` does not depend on it: an Envoy may be waiting for `/readyz` before it starts.
"""

import asyncio
import logging
import time

import httpx
from prometheus_client import CollectorRegistry, Gauge

from openclaw_extproc.edge import logs
from openclaw_extproc.edge.alerts import Tell
from openclaw_extproc.edge.envoy_admin import EnvoyAdmin, Unusable
from openclaw_extproc.edge.envoy_counts import EnvoyCounts
from openclaw_extproc.edge.service import Taking
from openclaw_extproc.notices.kinds import Kind, Notice

CLUSTERS_SECONDS = 1.0
"""Between two looks at who cannot be asked: Envoy decides at once, and takes an ejection back every ten seconds."""
LOOK_SECONDS = 1.0
MISSES = 3
"""So many looks in vain say that it is down: one may have come while it was busy."""


async def watch_envoy(admin: EnvoyAdmin, registry: CollectorRegistry, tell: Tell) -> None:
    """Look for ever. That it is down is told of one that was up before.

    Args:
        admin: Of that Envoy.
        registry: Gets `openclaw_envoy_ready`.
        tell: People.
    """
    gauge = Gauge("openclaw_envoy_ready", "1 while Envoy takes calls", registry=registry)
    is_up, misses, down_at = False, 0, 0.0
    while True:
        ready, at = await admin.is_ready(), time.time()
        misses = 0 if ready else misses + 1
        gauge.set(ready)
        if is_up and misses == MISSES:
            is_up, down_at = False, at
            logs.event("envoy", "down", {}, level=logging.ERROR)
            tell(Notice(Kind.ENVOY_DOWN, "envoy", "Envoy is not ready, or has ended: nobody takes calls", at))
        elif ready and not is_up:
            is_up = True
            logs.event("envoy", "up", {})
            if down_at:
                tell(Notice(Kind.ENVOY_UP, "envoy", f"Envoy takes calls again, after {at - down_at:.0f} s", at))
        await asyncio.sleep(LOOK_SECONDS)


async def watch_clusters(taking: Taking, admin: EnvoyAdmin) -> None:
    """Look for ever, once for all workers, whom Envoy cannot ask or has ejected: they are put behind the others.

    A provider without an address, because its name does not resolve, is not tried and failed over by Envoy: it answers
    503 itself, at once and for good. So nobody may be asked there who can be asked elsewhere.
    """
    counts = EnvoyCounts()
    taking.own_registry.register(counts)
    while True:
        try:
            found = await admin.unusable()
            counts.saw(await admin.refused())
        except httpx.HTTPError:
            found = Unusable()  # it is busy, or ending: the next look tells
        if found != Unusable():
            taking.ejected(found, 3 * CLUSTERS_SECONDS)
        await asyncio.sleep(CLUSTERS_SECONDS)
