"""The admin address: metrics, readiness, and the health of targets.

The admin address: `/metrics`, `/healthz`, `/readyz` and pages in JSON, served by a thread of its own.

Renamed metrics are shown under the names of the previous release as well, so that a dashboard goes on while it is
changed. `FORMER_NAMES` and `WithFormerNames` go with the next release.

`/health/targets`: the state of each provider and each of its models, for machines; and the same as text.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from socketserver import ThreadingMixIn
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import make_wsgi_app  # pyright: ignore[reportUnknownVariableType]  # half typed
from prometheus_client.samples import Sample

from openclaw_extproc.config.settings import Address
from openclaw_extproc.edge.ext_proc.transport import ListenError
from openclaw_extproc.policy.health.provider_health import HealthView

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


# -- admin -----------------------------------------------------------------------------


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 10  # a client that connects and says nothing holds a thread no longer than this

    def log_message(self, format: str, *args: object) -> None:  # the base class names them so
        pass


NO_PAGES: Mapping[str, Callable[[], bytes]] = MappingProxyType({})


Lookup: TypeAlias = Callable[[str], bytes | None]
"""From what stands behind a path to JSON; `None`: there is nothing."""
NO_LOOKUPS: Mapping[str, Lookup] = MappingProxyType({})


def application(
    registry: CollectorRegistry,
    not_ready: Callable[[], str],
    pages: Mapping[str, Callable[[], bytes]] = NO_PAGES,
    lookups: Mapping[str, Lookup] = NO_LOOKUPS,
) -> "WSGIApplication":
    """`not_ready` tells why we are not, in a few words; empty when we are. `pages`: JSON, by path; `lookups`: by the
    beginning of the path, from its rest to JSON."""
    metrics = cast("WSGIApplication", make_wsgi_app(WithFormerNames(registry)))

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        match str(environ.get("PATH_INFO")):
            case "/metrics":
                return metrics(environ, start)
            case "/healthz":
                status, text = "200 OK", "ok\n"
            case "/readyz":
                why = not_ready()
                status, text = ("503 Service Unavailable", f"{why}\n") if why else ("200 OK", "ready\n")
            case path if (body := _page(path, pages, lookups)) is not None:
                start("200 OK", [("content-type", "application/json"), ("content-length", str(len(body)))])
                return [body]
            case path if any(path.startswith(one) for one in lookups):
                status, text = "404 Not Found", "the ledger has no such request\n"
            case _:
                known = ", ".join(["/metrics", "/healthz", "/readyz", *pages, *(f"{one}ID" for one in lookups)])
                status, text = "404 Not Found", f"there are {known}\n"
        start(status, [("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(text.encode())))])
        return [text.encode()]

    return answer


def _page(path: str, pages: Mapping[str, Callable[[], bytes]], lookups: Mapping[str, Lookup]) -> bytes | None:
    if path in pages:
        return pages[path]()
    begins = next((one for one in lookups if path.startswith(one)), None)
    return None if begins is None else lookups[begins](path.removeprefix(begins))


def serve(address: Address, app: "WSGIApplication") -> Callable[[], None]:
    """Start serving; the result ends it. Raises `ListenError`."""
    try:
        server = make_server(address.host, address.port, app, server_class=_Server, handler_class=_Quiet)
    except OSError as problem:
        raise ListenError(
            f"cannot listen on {address.host}:{address.port}: {problem.strerror or 'not an address of this machine'}"
        ) from problem
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True, name="admin")
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(2)

    return stop


FORMER_NAMES: Final = {
    "openclaw_in_flight_calls": "openclaw_calls_under_way",
    "openclaw_in_flight_requests": "openclaw_requests_under_way",
    "openclaw_in_flight_body_bytes": "openclaw_body_bytes_under_way",
    "openclaw_auxiliary_model_calls": "openclaw_questions",
}
"""The former name of a family, by its name now."""


class WithFormerNames(CollectorRegistry):
    """A registry that exposes renamed families of another one twice."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(auto_describe=False)
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            yield metric
            if former := FORMER_NAMES.get(metric.name):
                yield _copy_named(metric, former)


def _copy_named(metric: Metric, name: str) -> Metric:
    copy = Metric(name, f"Former name of {metric.name}. {metric.documentation}", metric.type, metric.unit)
    copy.samples = [
        Sample(name + one.name.removeprefix(metric.name), one.labels, one.value, one.timestamp, one.exemplar)
        for one in metric.samples
    ]
    return copy


# -- health page -----------------------------------------------------------------------


PATH = "/health/targets"
TIMEOUT_SECONDS = 5.0


def page(views: Iterable[HealthView], at: float) -> bytes:
    """The page in JSON. `at`: seconds since the epoch."""
    return json.dumps({"at": round(at, 3), "targets": [_row(view, at) for view in views]}).encode()


def _row(view: HealthView, at: float) -> dict[str, Any]:
    again = view.tries_again_at
    forever = again is not None and again == float("inf")
    return {
        "name": view.name,
        "provider": view.provider,
        "model": view.model or None,
        "state": view.state.value,
        "failure_rate": None if view.failure_rate is None else round(view.failure_rate, 3),
        "samples": view.samples,
        "share": round(view.share, 3),
        "next_trial_seconds": None if again is None or forever else round(max(0.0, again - at), 1),
        "recovers_by_itself": not forever,
        "suspect": view.suspect,
        "slow": view.slow,
        "reason": view.why or None,
        "reason_seconds_ago": round(at - view.why_at, 1) if view.why_at else None,
    }


def ask(url: str) -> dict[str, Any]:
    """Fetches the page from a running service. Raises `httpx.HTTPError`, `ValueError`."""
    answer = httpx.get(f"{url}{PATH}", timeout=TIMEOUT_SECONDS, trust_env=False).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def is_well(found: Mapping[str, Any]) -> bool:
    """Whether no provider and no model is out or on trial."""
    return all(row["state"] not in ("open", "half_open") for row in found["targets"])


_HEAD = ("", "state", "failures", "calls", "share", "next trial", "reason")


def text(found: Mapping[str, Any]) -> str:
    """The page as a table for people: each provider with its models below it."""
    rows = [_HEAD, *(_cells(row) for row in found["targets"])]
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEAD) - 1)]
    return "".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
    return f"{'  '.join(padded)}  {row[-1]}".rstrip() + "\n"


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    doubts = [word for word in ("suspect", "slow") if row[word]]
    rate, wait, ago = row["failure_rate"], row["next_trial_seconds"], row["reason_seconds_ago"]
    trial = "" if wait is None else "now" if wait == 0 else f"in {wait:.0f} s"
    return (
        f"  {row['model']}" if row["model"] else row["provider"],
        " ".join([row["state"].replace("_", "-"), *doubts]),
        "" if rate is None else f"{rate:.0%}",
        str(row["samples"] or ""),
        f"{row['share']:.0%}",
        trial if row["recovers_by_itself"] else "on reload",
        "" if ago is None else f"{row['reason']}, {ago:.0f} s ago",
    )
