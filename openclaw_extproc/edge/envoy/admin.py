"""Questions to an Envoy, at its admin interface: is it ready, has it taken the clusters we wrote?

What Envoy refuses by itself, before any stage sees it, as a metric of ours.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import httpx
import msgspec
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

# -- refusal counts --------------------------------------------------------------------


COUNTED_STATS = {
    "http.llm.downstream_cx_protocol_error": "protocol",
    "http.llm.downstream_rq_overload_close": "overload",
    "http.llm.downstream_rq_header_timeout": "headers_timeout",
    "http.llm.downstream_rq_timeout": "request_timeout",
}
"""Envoy's statistic, and our word for it."""
CONNECTIONS = "downstream_global_cx_overflow"
"""The end of a listener's statistic: a connection more than `max_connections`."""


class EnvoyCounts(Collector):
    """A collector of the numbers that were read last; `up` reads them every two seconds."""

    def __init__(self) -> None:
        self._counts: Mapping[str, int] = {}

    def saw(self, counts: Mapping[str, int]) -> None:
        """Takes the numbers by reason, counted since Envoy's start."""
        self._counts = counts

    def collect(self) -> Iterator[CounterMetricFamily]:
        counter = CounterMetricFamily(
            "openclaw_envoy_refused",
            "Requests and connections that Envoy refused by itself, since its start, by why",
            labels=["reason"],
        )
        for reason, count in sorted(self._counts.items()):
            counter.add_metric([reason], count)
        yield counter


def refusals_on_page(page: str) -> dict[str, int]:
    """The numbers of rejected requests by reason, from Envoy's `/stats` page."""
    found = dict.fromkeys((*COUNTED_STATS.values(), "connections"), 0)
    for name, _, value in (line.rpartition(": ") for line in page.splitlines()):
        reason = "connections" if name.endswith(CONNECTIONS) else COUNTED_STATS.get(name, "")
        if reason and value.isdecimal():
            found[reason] += int(value)
    return found


# -- admin -----------------------------------------------------------------------------


STEP_SECONDS = 0.05
SHARE = 0.1
"""The share of the time of Envoy's main thread that our queries may take: with 2,000 clusters it looks through 170,000
names for each, and has other things to do."""
MOST_SECONDS = 1.0
"""The longest pause between two queries whether Envoy has the clusters."""
ANSWER_SECONDS = 2.0
_UPDATES, _REFUSED, _WARMING = (
    "cluster_manager.cds.update_success",
    "cluster_manager.cds.update_rejected",
    "cluster_manager.warming_clusters",
)

_CONNECTIONS = "http.llm.downstream_cx_active"
_ACTIVE = "http.llm.downstream_rq_active"


@dataclass(frozen=True, slots=True)
class Clusters:
    """Envoy's progress with the clusters file: counts since its start."""

    taken: int
    """The number of times that Envoy took a changed file."""
    refused: int
    warming: int
    """Clusters it has read and cannot use yet: their names are being looked up."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """The names of the clusters that Envoy does not call."""

    ejected: frozenset[str] = frozenset()
    """Outlier detection has ejected every host of them. Envoy goes on to use it where there is no other."""
    absent: frozenset[str] = frozenset()
    """The clusters without a host: their name has not resolved since they exist. (One that did keeps its last
    address.)"""
    known: frozenset[str] = frozenset()
    """All clusters that Envoy has and could route a call to; none: it did not say."""


class _Health(msgspec.Struct):
    failed_outlier_check: bool = False


class _HostStatus(msgspec.Struct):
    health_status: _Health = msgspec.field(default_factory=_Health)


class _ClusterStatus(msgspec.Struct):
    name: str
    host_statuses: list[_HostStatus] = msgspec.field(default_factory=list[_HostStatus])


class _ClusterStatuses(msgspec.Struct):
    cluster_statuses: list[_ClusterStatus] = msgspec.field(default_factory=list[_ClusterStatus])


def unusable(page: bytes) -> Unusable:
    """Reads `/clusters?format=json` (`envoy.admin.v3.Clusters`), which leaves out what is false. A page that cannot be
    read says nothing."""
    try:
        found = msgspec.json.decode(page, type=_ClusterStatuses).cluster_statuses
    except msgspec.MsgspecError:
        return Unusable()
    out = (one.name for one in found if one.host_statuses and all(_is_ejected(host) for host in one.host_statuses))
    absent = frozenset(one.name for one in found if not one.host_statuses)
    return Unusable(frozenset(out), absent, frozenset(one.name for one in found))


def _is_ejected(host: _HostStatus) -> bool:
    return host.health_status.failed_outlier_check


class EnvoyAdmin:
    """A client of Envoy's admin interface."""

    def __init__(self, place: str | int) -> None:
        """`place` is the path of the admin interface's socket, or its port on 127.0.0.1."""
        uds, self._url = (place, "http://envoy") if isinstance(place, str) else (None, f"http://127.0.0.1:{place}")
        transport = httpx.AsyncHTTPTransport(uds=uds)
        self._client = httpx.AsyncClient(transport=transport, timeout=ANSWER_SECONDS)
        self.is_publishing = False
        """Envoy has clusters to take: its main thread, which answers here too, may be silent for seconds."""

    async def is_ready(self) -> bool:
        """Whether Envoy says that it is ready."""
        try:
            return (await self._client.get(f"{self._url}/ready")).is_success
        except httpx.TransportError:
            return False

    async def answers(self, seconds: float) -> bool:
        """Whether Envoy responds within so many seconds, with any status."""
        try:
            await self._client.get(f"{self._url}/ready", timeout=seconds)
        except httpx.TransportError:
            return False
        return True

    async def clusters(self) -> Clusters:
        """The progress with the clusters file. Raises `httpx.HTTPError` when Envoy does not respond."""
        wanted = "|".join((_UPDATES, _REFUSED, _WARMING)).replace(".", r"\.")
        answer = (await self._client.get(f"{self._url}/stats", params={"filter": f"^({wanted})$"})).raise_for_status()
        found = dict(line.split(": ", 1) for line in answer.text.splitlines() if ": " in line)
        return Clusters(*(int(found.get(name, "0")) for name in (_UPDATES, _REFUSED, _WARMING)))

    async def unusable(self) -> Unusable:
        """The clusters that Envoy does not call. Raises `httpx.HTTPError`."""
        answer = await self._client.get(f"{self._url}/clusters", params={"format": "json"})
        return unusable(answer.raise_for_status().content)

    async def refusals(self) -> dict[str, int]:
        """The number of requests that Envoy rejected by itself, by reason. Raises `httpx.HTTPError`."""
        wanted = "|".join((*COUNTED_STATS, CONNECTIONS)).replace(".", r"\.")
        answer = await self._client.get(f"{self._url}/stats", params={"filter": f"({wanted})$"})
        return refusals_on_page(answer.raise_for_status().text)

    async def connections(self) -> int:
        """The number of open client connections. Raises `httpx.HTTPError`."""
        wanted = {"type": "Gauges", "filter": f"^{_CONNECTIONS}$".replace(".", r"\.")}
        answer = (await self._client.get(f"{self._url}/stats", params=wanted)).raise_for_status()
        return int(answer.text.rpartition(": ")[2].strip() or 0)

    async def publish(self, write: Callable[[], None], seconds: float) -> str:
        """Writes the clusters file and waits until Envoy has loaded it. Returns what went wrong; empty: nothing."""
        self.is_publishing = True
        try:
            return await self._publish(write, seconds)
        finally:
            self.is_publishing = False

    async def _publish(self, write: Callable[[], None], seconds: float) -> str:
        before = await self.clusters()
        write()
        until, asked = time.monotonic() + seconds, 0.0
        while time.monotonic() < until:
            await asyncio.sleep(max(STEP_SECONDS, min(asked / SHARE, MOST_SECONDS)))
            began = time.monotonic()
            try:
                now = await self.clusters()
            except httpx.TimeoutException:
                continue
            finally:
                asked = time.monotonic() - began
            if now.refused > before.refused:
                return "Envoy refuses the clusters"
            if now.taken > before.taken and not now.warming:
                return ""
        return f"Envoy has not taken the clusters within {seconds:g} s"

    async def drain(self, seconds: float) -> None:
        """Makes Envoy accept no new connections, and waits until running requests have ended, or the seconds are
        over."""
        try:
            await self._client.post(f"{self._url}/healthcheck/fail")  # from now on answers say `connection: close`
            await self._client.post(f"{self._url}/drain_listeners")
            for _ in range(int(seconds / STEP_SECONDS)):
                answer = await self._client.get(
                    f"{self._url}/stats", params={"filter": f"^{_ACTIVE}$".replace(".", r"\.")}
                )
                if answer.text.rpartition(": ")[2].strip() in ("", "0"):
                    return
                await asyncio.sleep(STEP_SECONDS)
        except httpx.HTTPError:
            return  # it has gone already

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()
