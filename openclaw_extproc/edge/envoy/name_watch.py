"""Providers whose host name does not exist, found by asking for it: for `serve` beside an Envoy that nobody can ask.

Envoy answers a call to such a provider with 503 and goes on to nobody (decision 31). Only a definite "no such name" is
believed: a name server that cannot be reached, or fails, may be one that only this process does not reach.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, TypeAlias

from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.envoy.admin import Unusable
from openclaw_extproc.edge.reload.config_files import ReadConfiguration
from openclaw_extproc.edge.reload.reload import ReloadHooks, ReloadTarget
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.clusters import is_address

ABSENT_PAUSE_SECONDS: Final = 5.0
"""The pause between two rounds while a name is missing. Envoy resolves as often."""
USUAL_PAUSE_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 2.0
"""The time that a start or a reload waits for answers. A later one counts in the next round."""
THREADS: Final = 8
"""The names that are asked for at a time; the system's resolver keeps a thread waiting for each."""
_NO_SUCH_NAME: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})

Exists: TypeAlias = Callable[[str], bool]


def exists(host: str) -> bool:
    """Asks the system's resolver. False: it says for certain that there is no such name."""
    try:
        socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as problem:
        return problem.errno not in _NO_SUCH_NAME
    except UnicodeError:
        return False
    return True


class NameWatch:
    """Asks for the host names of all providers, and tells all workers which of them do not exist."""

    def __init__(self, exists: Exists = exists) -> None:
        self._exists = exists
        self._threads = ThreadPoolExecutor(THREADS, "names")
        self._asking: dict[str, asyncio.Future[bool]] = {}
        self._answers: dict[str, bool] = {}
        """Whether each host has an address. One that had is not looked up again: Envoy keeps the last address of a
        name."""
        self._told = Unusable()

    async def look(self, settings: Settings) -> None:
        """Asks for each name that is not known to exist, for `ANSWER_SECONDS` at most."""
        hosts = {host for host in _hosts(settings).values() if not self._answers.get(host)}
        loop = asyncio.get_running_loop()
        for host in hosts - self._asking.keys():
            self._asking[host] = loop.run_in_executor(self._threads, self._exists, host)
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=ANSWER_SECONDS)
        for host in [host for host, answer in self._asking.items() if answer.done()]:
            self._answers[host] = self._asking.pop(host).result()

    def tell(self, target: ReloadTarget) -> None:
        """Passes on what is known about the providers in force."""
        hosts = _hosts(target.settings)
        found = Unusable(absent=frozenset(name for name, host in hosts.items() if self._answers.get(host) is False))
        if found != self._told:
            missing: dict[str, Json] = {name: hosts[name] for name in sorted(found.absent)}
            level = logging.WARNING if missing else logging.INFO
            logs.event("names", "missing" if missing else "found", {"hosts": missing}, level=level)
        if found != self._told or found.absent:
            target.apply_ejections(found, 3 * USUAL_PAUSE_SECONDS)
        self._told = found

    async def update(self, target: ReloadTarget) -> None:
        """Asks, and passes on what was found."""
        await self.look(target.settings)
        self.tell(target)

    def with_look(self, target: ReloadTarget, own: ReloadHooks) -> ReloadHooks:
        """The hooks of a reload, with names asked for before a changed configuration is taken."""

        async def prepare(read: ReadConfiguration) -> str:
            problem = await own.prepare(read)
            if read.settings is not None:
                await self.look(read.settings)
            return problem

        def on_applied(read: ReadConfiguration) -> None:
            self.tell(target)
            own.on_applied(read)

        return replace(own, prepare=prepare, on_applied=on_applied)

    async def run(self, target: ReloadTarget) -> None:
        """Asks for ever, and passes on what was found."""
        try:
            while True:
                await self.update(target)
                await asyncio.sleep(ABSENT_PAUSE_SECONDS if self._told.absent else USUAL_PAUSE_SECONDS)
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _hosts(settings: Settings) -> dict[str, str]:
    """The host names of the providers whose place is known, by cluster."""
    return {
        settings.gateway.providers[provider].cluster: endpoint.host
        for provider, endpoint in settings.endpoints.items()
        if provider in settings.gateway.providers and not is_address(endpoint.host)
    }
