"""The clusters that `up` gives its Envoy, kept one step ahead of the plans that name them.

Envoy has a file of its own, in JSON, which it reads in a third of the time that YAML takes, and in a folder of its own:
it reads the file anew whenever anything in that folder is renamed. People have the other one, in YAML.

A cluster is there before the first plan can name it, and stays for a while after the last plan could: Envoy answers a
request for a cluster it has not got with 503 and does not retry it. So a reload writes the new clusters beside the old
ones, waits until Envoy has them, and takes the old ones out later.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from openclaw_extproc.edge.envoy.admin import EnvoyAdmin
from openclaw_extproc.edge.reload.config_files import (
    ConfigFiles,
    ReadConfiguration,
    publish,
    rendered_clusters,
    text_with,
)
from openclaw_extproc.edge.reload.files import json_of
from openclaw_extproc.edge.reload.reload import run_in_background
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.clusters import is_address

GRACE_SECONDS = 60.0
"""The time that a cluster stays which the configuration no longer has: longer than most chains take to their last
attempt."""
ENVOY_SECONDS = 10.0
"""The time that Envoy may take to read the file and to resolve names."""
SECONDS_FOR_EACH = 0.02
"""The time added for each cluster: a thousand providers with TLS take some seconds where the machine is busy."""


@dataclass(slots=True)
class CdsFile:
    """The clusters file of the Envoy that `up` runs."""

    file: Path
    """What Envoy reads."""
    sources: ConfigFiles
    is_own: bool = True
    """Whether the clusters file of `sources` is one that we write ourselves; else it is somebody's, and stays."""
    grace_seconds: float = GRACE_SECONDS
    _text: bytes = b""
    """The text of the file that Envoy has."""
    _now: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Clusters by name, as the snapshot in force wants them."""
    _leaving: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _read: ReadConfiguration | None = None
    _rendered: tuple[ReadConfiguration | None, dict[str, bytes]] = (None, {})
    """The clusters of the configuration that was looked at last."""
    _trimming: asyncio.TimerHandle | None = None

    def first(self, read: ReadConfiguration) -> None:
        """Writes the clusters of the first configuration, before Envoy starts."""
        self._take(read)
        self._write(self._file(read, {}))

    def changes(self, read: ReadConfiguration) -> bool:
        """Whether Envoy would get other clusters than it has."""
        return self._for_envoy(read, self._leaving) != self._text

    def moved_clusters(self, read: ReadConfiguration) -> frozenset[str]:
        """Names of the clusters that Envoy has, and whose host name changes with this configuration."""
        before, coming = _hosts(self._read), _hosts(read)
        return frozenset(
            name for name, host in coming.items() if before.get(name, host) != host and not is_address(host)
        )

    async def prepare(
        self, read: ReadConfiguration, admin: EnvoyAdmin, is_away: Callable[[], bool] = lambda: False
    ) -> str:
        """Have Envoy take what this configuration will name. What went wrong, or nothing.

        `is_away`: whether no Envoy runs now, one that hangs, or one that is still starting: it reads the file when it
        starts, and watches it.
        """
        written = await run_in_background(lambda: self._next_files(read))
        if written.for_envoy == self._text:
            return ""
        if self.is_own and not self.sources.is_as_read(read):
            return "the clusters file was changed meanwhile"  # and will be read again at once
        was_away = is_away()
        seconds = ENVOY_SECONDS + SECONDS_FOR_EACH * len(written.names)
        try:
            problem = await admin.publish(lambda: self._write(written), seconds)
        except httpx.HTTPError:
            if was_away or is_away():
                self._write(written)
                return ""
            problem = "Envoy does not answer"
        if problem and self._read is not None:
            # Those in force stay in force, also for an Envoy that is started later. The file for people is left as it
            # is, since they may have edited it.
            self._give_envoy(self._for_envoy(self._read, self._leaving))
        return problem

    def _give_envoy(self, clusters: bytes) -> None:
        if self._text != clusters:
            publish(self.file, clusters)
            self._text = clusters

    def _next_files(self, read: ReadConfiguration) -> "_ClusterTexts":
        """The clusters that this configuration names, and those that it names no more."""
        coming = self._named_clusters(read)
        leaving = {name: one for name, one in {**self._leaving, **self._now}.items() if name not in coming}
        return self._file(read, leaving)

    @property
    def known_clusters(self) -> tuple[bytes, ...]:
        """The clusters that Envoy has loaded, each in JSON."""
        read = self._read
        return (*self._leaving.values(), *self._now.values(), *(() if read is None else map(j.dump, read.additions)))

    def confirm(self, read: ReadConfiguration) -> None:
        """Takes note that this configuration is in force: clusters that it does not name leave later."""
        before = {**self._leaving, **self._now}
        self._take(read)
        self._leaving = {name: one for name, one in before.items() if name not in self._now}
        self.stop()
        if self._leaving:
            self._trimming = asyncio.get_running_loop().call_later(self.grace_seconds, self._trim)

    def stop(self) -> None:
        """Cancels the removal of clusters that is still to come."""
        if self._trimming is not None:
            self._trimming.cancel()

    def _trim(self) -> None:
        """What was left for calls under way."""
        assert self._read is not None, "something was taken before"
        if self.is_own and not self.sources.is_ours():
            return  # somebody has just edited the file: the reload that follows writes it anew
        try:
            self._write(self._file(self._read, {}))
        except OSError as problem:
            said: dict[str, Json] = {"file": problem.filename, "why": problem.strerror}
            logs.event("clusters", "not_written", said, level=logging.WARNING)
            self._trimming = asyncio.get_running_loop().call_later(self.grace_seconds, self._trim)
            return
        self._leaving = {}

    def _take(self, read: ReadConfiguration) -> None:
        self._read = read
        self._now = self._named_clusters(read)

    def _file(self, read: ReadConfiguration, leaving: Mapping[str, bytes]) -> "_ClusterTexts":
        named = self._named_clusters(read)
        text = text_with(named.values(), leaving.values(), read) if self.is_own else ""
        return _ClusterTexts(read, frozenset((*named, *leaving)), self._for_envoy(read, leaving), text)

    def _for_envoy(self, read: ReadConfiguration, leaving: Mapping[str, bytes]) -> bytes:
        return json_of((*self._named_clusters(read).values(), *leaving.values(), *map(j.dump, read.additions)))

    def _named_clusters(self, read: ReadConfiguration) -> dict[str, bytes]:
        """The clusters that it names, made once."""
        last, named = self._rendered
        if last is not read:
            retries = read.settings is None or not read.settings.has_one_worker
            named = rendered_clusters(read, self.sources.environment, retries=retries)
            self._rendered = (read, named)
        return named

    def _write(self, written: "_ClusterTexts") -> None:
        if self.is_own:
            self.sources.publish(written.text, written.names, written.read.additions)
        self._give_envoy(written.for_envoy)


@dataclass(frozen=True, slots=True)
class _ClusterTexts:
    """Clusters, as both files have them."""

    read: ReadConfiguration
    names: frozenset[str]
    """The names of the clusters that are not added by hand."""
    for_envoy: bytes
    text: str
    """A text for people; empty where somebody else writes the file."""


def _hosts(read: ReadConfiguration | None) -> dict[str, str]:
    """Returns the host of each cluster, by the cluster's name."""
    upstreams = read.settings.upstreams if read is not None and read.settings is not None else ()
    return {name: one.host for one in upstreams for name in one.clusters}
