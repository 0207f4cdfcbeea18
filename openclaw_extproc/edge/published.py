"""The clusters file that `up` writes for its Envoy, kept one step ahead of the plans that name its clusters.

A cluster is there before the first plan can name it, and stays for a while after the last plan could: Envoy answers a
request for a cluster it has not got with 503 and does not retry it. So a reload writes the new clusters beside the old
ones, waits until Envoy has them, and takes the old ones out later.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from openclaw_extproc.edge import logs
from openclaw_extproc.edge.aside import aside
from openclaw_extproc.edge.envoy_admin import EnvoyAdmin
from openclaw_extproc.edge.sources import Read, Sources, publish, rendered, text_with
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.clusters import is_address

GRACE_SECONDS = 60.0
"""How long a cluster that nobody names any more stays: longer than most chains take to their last attempt."""
ENVOY_SECONDS = 10.0
"""How long Envoy may take to read the file and to look names up."""
SECONDS_FOR_EACH = 0.02
"""For each of the clusters besides: a thousand providers with TLS take some seconds where the machine is busy."""


@dataclass(slots=True)
class Published:
    file: Path
    sources: Sources
    grace_seconds: float = GRACE_SECONDS
    _text: str = ""
    _now: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Clusters by name, as the snapshot in force wants them."""
    _leaving: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _read: Read | None = None
    _rendered: tuple[Read | None, dict[str, bytes]] = (None, {})
    """Of the configuration that was looked at last."""
    _trimming: asyncio.TimerHandle | None = None

    def first(self, read: Read) -> None:
        """Before Envoy starts."""
        self._take(read)
        self._write(self._whole(read, {}), self._now, read)

    def changes(self, read: Read) -> bool:
        """Whether Envoy would get other clusters than it has."""
        return self._whole(read, self._leaving) != self._text

    def moved(self, read: Read) -> frozenset[str]:
        """Names of the clusters that Envoy has and that get another host name."""
        before, coming = _hosts(self._read), _hosts(read)
        return frozenset(
            name for name, host in coming.items() if before.get(name, host) != host and not is_address(host)
        )

    async def prepare(self, read: Read, admin: EnvoyAdmin, is_away: Callable[[], bool] = lambda: False) -> str:
        """Have Envoy take what this configuration will name. What went wrong, or nothing.

        `is_away`: whether no Envoy runs now, one that hangs, or one that is still starting: it reads the file when it
        starts, and watches it.
        """
        coming, leaving, text = await aside(lambda: self._coming(read))
        if text == self._text:
            return ""
        if self._is_own and not self.sources.is_as_read(read):
            return "the clusters file was changed meanwhile"  # and will be read again at once
        names, was_away = {**coming, **leaving}, is_away()
        seconds = ENVOY_SECONDS + SECONDS_FOR_EACH * len(names)
        try:
            return await admin.publish(lambda: self._write(text, names, read), seconds)
        except httpx.HTTPError:
            if not (was_away or is_away()):
                return "Envoy does not answer"
            self._write(text, {**coming, **leaving}, read)
            return ""

    def _coming(self, read: Read) -> tuple[dict[str, bytes], dict[str, bytes], str]:
        """Clusters that this configuration names, those that it names no more, and the file of both."""
        coming = self._named(read)
        leaving = {name: one for name, one in {**self._leaving, **self._now}.items() if name not in coming}
        return coming, leaving, self._whole(read, leaving)

    @property
    def known(self) -> tuple[bytes, ...]:
        """Clusters that Envoy has taken."""
        read = self._read
        return (*self._leaving.values(), *self._now.values(), *(() if read is None else map(j.dump, read.additions)))

    def taken(self, read: Read) -> None:
        before = {**self._leaving, **self._now}
        self._take(read)
        self._leaving = {name: one for name, one in before.items() if name not in self._now}
        self.stop()
        if self._leaving:
            self._trimming = asyncio.get_running_loop().call_later(self.grace_seconds, self._trim)

    def stop(self) -> None:
        if self._trimming is not None:
            self._trimming.cancel()

    def _trim(self) -> None:
        """What was left for calls under way."""
        assert self._read is not None, "something was taken before"
        if self._is_own and not self.sources.is_ours():
            return  # somebody has just edited the file: the reload that follows writes it anew
        try:
            self._write(self._whole(self._read, {}), self._now, self._read)
        except OSError as problem:
            said: dict[str, Json] = {"file": problem.filename, "why": problem.strerror}
            logs.event("clusters", "not_written", said, level=logging.WARNING)
            self._trimming = asyncio.get_running_loop().call_later(self.grace_seconds, self._trim)
            return
        self._leaving = {}

    @property
    def _is_own(self) -> bool:
        """Else we read somebody's file, and write another one for Envoy."""
        return self.file == self.sources.clusters

    def _take(self, read: Read) -> None:
        self._read = read
        self._now = self._named(read)

    def _whole(self, read: Read, leaving: Mapping[str, bytes]) -> str:
        return text_with(self._named(read).values(), leaving.values(), read)

    def _named(self, read: Read) -> dict[str, bytes]:
        """The clusters that it names, made once."""
        last, named = self._rendered
        if last is not read:
            named = rendered(read, self.sources.environment)
            self._rendered = (read, named)
        return named

    def _write(self, text: str, names: Iterable[str], read: Read) -> None:
        if self._is_own:
            self.sources.publish(text, names, read.additions)
        else:
            publish(self.file, text)
        self._text = text


def _hosts(read: Read | None) -> dict[str, str]:
    """By name of the cluster."""
    upstreams = read.settings.upstreams if read is not None and read.settings is not None else ()
    return {name: one.host for one in upstreams for name in one.clusters}
