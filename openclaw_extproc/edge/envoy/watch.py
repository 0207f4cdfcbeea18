"""What `serve` sees of an Envoy that somebody else runs: whether it says, at its admin interface, that it is ready.

It starts nothing, and `/readyz` does not depend on it: an Envoy may be waiting for `/readyz` before it starts.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import httpx
from prometheus_client import CollectorRegistry, Gauge

from openclaw_extproc.edge.envoy.admin import EnvoyAdmin, EnvoyCounts, Unusable
from openclaw_extproc.edge.reload.config_files import ReadConfiguration
from openclaw_extproc.edge.reload.reload import ReloadHooks, ReloadTarget
from openclaw_extproc.edge.runtime.overload import PressureFile
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.telemetry.alerts import Tell
from openclaw_extproc.notices.kinds import Notice, NoticeKind

CLUSTERS_SECONDS = 1.0
"""The interval between two looks at which clusters cannot be called: Envoy ejects a host at once, and takes it back
every ten seconds."""
SECONDS_FOR_EACH = 0.003
"""The part of the interval for each cluster: a look at 2,000 of them keeps Envoy's main thread for 0.3 s."""
MOST_SECONDS = 10.0
"""The longest interval between two looks, with however many clusters."""
PLANNED_SECONDS = 0.5
"""The time between the moment from which no call is planned to a name that changes, and the change: calls that were
planned before reach their first attempt in this time."""
LOOK_SECONDS = 1.0
MISSES = 3
"""The number of failed looks in a row after which Envoy counts as down: one may have come while it was busy."""


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
            tell(Notice(NoticeKind.ENVOY_DOWN, "envoy", "Envoy is not ready or has ended: no request is accepted", at))
        elif ready and not is_up:
            is_up = True
            logs.event("envoy", "up", {})
            if down_at:
                tell(Notice(NoticeKind.ENVOY_UP, "envoy", f"Envoy takes calls again, after {at - down_at:.0f} s", at))
        await asyncio.sleep(LOOK_SECONDS)


MovedClusters: TypeAlias = Callable[[ReadConfiguration], frozenset[str]]


def _nobody(_: ReadConfiguration) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class ConnectionsFile:
    """Tells Envoy how full it is, by a file. The fuller, the sooner Envoy closes idle connections."""

    file: PressureFile
    most: int

    def saw(self, connections: int) -> None:
        """Writes the share of connections that are in use."""
        with contextlib.suppress(OSError):  # a full disk: the next look says it
            self.file.say(min(1.0, connections / self.most))


class ClusterWatch:
    """Watches which clusters Envoy cannot call, and tells all workers: an ejected one goes behind the others, and one
    without an address is left out.

    A provider without an address, because its name does not resolve, is not tried and failed over by Envoy: it answers
    503 itself, at once and for good, as it does for a cluster it has not got. So nobody may be asked there who can be
    asked elsewhere, from the first call on: whoever makes Envoy read its clusters looks before calls are planned.
    """

    def __init__(self, admin: EnvoyAdmin, connections: ConnectionsFile | None = None) -> None:
        """`connections`: hears how many there are, where Envoy reads it."""
        self._admin = admin
        self._connections = connections
        self._found = self._told = Unusable()
        self._moving: frozenset[str] = frozenset()
        """Clusters whose name Envoy looks up, or did when a configuration was refused: it may take that one yet."""
        self._preparing = False
        self._pause = CLUSTERS_SECONDS
        """The seconds until the next look."""
        self.counts = EnvoyCounts()

    async def look(self) -> None:
        """Asks Envoy for the state of its clusters, its rejections and its connections."""
        try:
            if self._moving and not self._preparing and not (await self._admin.clusters()).warming:
                self._moving = frozenset()
            self._found = await self._admin.unusable()
            self.counts.saw(await self._admin.refusals())
            if self._connections is not None:
                self._connections.saw(await self._admin.connections())
        except httpx.HTTPError:  # it is busy, or ending: who had no address has none
            self._found = replace(self._found, ejected=frozenset())
        self._pause = pause(len(self._found.known))

    def tell(self, target: ReloadTarget) -> None:
        """Passes on what was seen last about the providers in force."""
        found = self._found
        clusters = frozenset(provider.cluster for provider in target.settings.gateway.providers.values())
        lacking = clusters - found.known if found.known else frozenset[str]()
        told, before = (
            Unusable(clusters & found.ejected, clusters & (found.absent | self._moving) | lacking),
            self._told,
        )
        self._told = told
        if Unusable() != told or told != before:
            target.apply_ejections(told, 3 * self._pause)

    async def update(self, target: ReloadTarget) -> None:
        """Looks, and passes on what was found."""
        await self.look()
        self.tell(target)

    def with_look(self, target: ReloadTarget, own: ReloadHooks, moved: MovedClusters = _nobody) -> ReloadHooks:
        """Returns hooks that look before a changed configuration is applied, and apply both together.

        `moved`: the clusters that get another name to look up, by which Envoy may find nobody. From before it does
        until it was looked at, nobody is asked there.
        """

        async def prepare(read: ReadConfiguration) -> str:
            self._moving = self._moving | (moving := moved(read))
            self.tell(target)
            self._preparing = True
            try:
                if moving:
                    await asyncio.sleep(PLANNED_SECONDS)
                problem = await own.prepare(read)
                await self.look()
            finally:
                self._preparing = False
            if not problem:
                self._moving = frozenset()
            return problem

        def on_applied(read: ReadConfiguration) -> None:
            self.tell(target)
            own.on_applied(read)

        return replace(own, prepare=prepare, on_applied=on_applied)

    async def run(self, target: ReloadTarget) -> None:
        """Looks at the clusters for ever, and passes on what was found."""
        target.own_registry.register(self.counts)
        while True:
            await self.update(target)
            await asyncio.sleep(self._pause)


def pause(clusters: int) -> float:
    """Seconds until the next look, for so many clusters."""
    return min(max(CLUSTERS_SECONDS, clusters * SECONDS_FOR_EACH), MOST_SECONDS)
