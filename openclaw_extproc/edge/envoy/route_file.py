"""The routes that `up` gives its Envoy: those of the fast path are there while their first target is well.

Envoy reads the file anew whenever it is replaced (filesystem RDS). A call on the fast path goes to the first target of
its chain without a question, so such a route is withdrawn as soon as that target should not be asked first: it fails,
is tried again, has no address or no credential. The two stages then decide, with all they know. The same holds for
routes that a new configuration changes, from before it is in force until it is.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from openclaw_extproc.config.settings import Settings, Upstream
from openclaw_extproc.edge.reload.config_files import ReadConfiguration, publish
from openclaw_extproc.edge.reload.reload import run_in_background
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.model import json as j
from openclaw_extproc.render.bootstrap import route_discovery
from openclaw_extproc.stages.fast_path.routes import FastRoute, fast_path

LOOK_SECONDS = 0.1
"""Between two looks at who is not to be asked first."""
TAKEN_SECONDS = 0.3
"""Until Envoy has surely read the file and told its threads: it takes some milliseconds, more on a busy machine."""
PREPARED_SECONDS = 60.0
"""How long the routes that a coming configuration changes stay out, should it not come into force."""


def make_routes_folder(folder: Path) -> Path:
    """Where an Envoy of our own finds its routes: in a folder of their own, as with its clusters."""
    own = folder / "routes"
    own.mkdir(mode=0o700)
    return own / "routes.json"


class RouteTarget(Protocol):
    """What knows who is well: the service in this process, or the supervisor of its workers."""

    @property
    def not_first(self) -> frozenset[str]:
        """Names of providers and of targets that should not be asked first without a look at what is known now."""
        ...


class RouteFile:
    """The routes file of the Envoy that `up` runs."""

    def __init__(self, file: Path, settings: Settings) -> None:
        """`settings`: of the start; what Envoy's own file says besides stays as it is there."""
        self._file = file
        self._fail_open: Mapping[str, Upstream] = settings.fail_open
        self._gateway = settings.gateway
        self._routes = fast_path(settings.gateway).routes
        self._staying: frozenset[FastRoute] | None = None
        """While a configuration is being prepared, the routes that it does not change."""
        self._staying_until = 0.0
        self._written: tuple[FastRoute, ...] | None = None
        self._is_unwritten = False
        self._write(())

    async def run(self, target: RouteTarget) -> None:
        """Looks for ever."""
        while True:
            self.look(target.not_first)
            await asyncio.sleep(LOOK_SECONDS)

    def look(self, not_first: frozenset[str]) -> None:
        """Has Envoy take the routes whose first target is not among these."""
        if self._staying is not None and time.monotonic() > self._staying_until:
            self._staying = None
        wanted = tuple(route for route in self._routes if self._stays(route) and not_first.isdisjoint(_names(route)))
        if wanted == self._written:
            return
        try:
            self._write(wanted)
            self._is_unwritten = False
        except OSError as problem:  # a full disk: the next look tries again
            if not self._is_unwritten:
                said = {"file": str(self._file), "why": str(problem)}
                logs.event("routes", "not_written", {**said}, level=logging.WARNING)
            self._is_unwritten = True

    def _stays(self, route: FastRoute) -> bool:
        return self._staying is None or route in self._staying

    async def prepare(self, read: ReadConfiguration) -> None:
        """Takes the routes out that this configuration changes, and waits until Envoy has read that."""
        if read.settings is None:
            return
        gateway = read.settings.gateway
        coming = frozenset((await run_in_background(lambda: fast_path(gateway))).routes)
        self._staying, self._staying_until = coming, time.monotonic() + PREPARED_SECONDS
        if self._written is not None and not coming.issuperset(self._written):
            self._write(tuple(route for route in self._written if route in coming))
            await asyncio.sleep(TAKEN_SECONDS)

    def confirm(self, read: ReadConfiguration) -> None:
        """Takes note that this configuration is in force."""
        assert read.settings is not None, "a configuration with errors is not applied"
        self._gateway, self._staying = read.settings.gateway, None
        self._routes = fast_path(self._gateway).routes
        self._written = None  # the other routes may have changed as well

    def _write(self, routes: tuple[FastRoute, ...]) -> None:
        publish(self._file, route_text(self._gateway, self._fail_open, routes))
        self._written = routes


def route_text(gateway: Gateway, fail_open: Mapping[str, Upstream], routes: tuple[FastRoute, ...]) -> bytes:
    """The file, in JSON."""
    return j.dump(route_discovery(gateway, fail_open, routes))


def _names(route: FastRoute) -> tuple[str, str]:
    return route.first.provider.name, route.first.name
