"""`gateway.downstream`: what applications may take of Envoy, and whether its own clusters leave them any of it."""

from collections.abc import Iterable, Iterator

from openclaw_extproc.config.findings import Finding, warning
from openclaw_extproc.config.schema.workers import Downstream as WrittenDownstream
from openclaw_extproc.config.settings import Downstream, Upstream

_MIB = 1024 * 1024
TLS_CLUSTER_BYTES = 350 * 1024
"""Envoy 1.40 keeps the certificates of all authorities once for each cluster (its issue 46114): measured with the 144
of Debian, 700 MiB for 2,000 clusters."""
CLUSTER_BYTES = 64 * 1024
"""Of one without TLS."""
_MOST = 0.5
"""Of the heap: a change of all clusters has them twice for a while."""


def link_downstream(written: WrittenDownstream, upstreams: Iterable[Upstream]) -> tuple[Downstream, list[Finding]]:
    """`upstreams`: whose clusters are rendered."""
    downstream = Downstream(
        max_connections=written.max_connections,
        max_heap_bytes=written.max_heap_mib * _MIB,
        idle_timeout_ms=written.idle_timeout_ms,
        request_headers_timeout_ms=written.request_headers_timeout_ms,
        delayed_close_timeout_ms=written.delayed_close_timeout_ms,
        request_timeout_ms=written.request_timeout_ms,
    )
    return downstream, list(_crowded(written.max_heap_mib, upstreams))


def _crowded(heap_mib: int, upstreams: Iterable[Upstream]) -> Iterator[Finding]:
    each = [TLS_CLUSTER_BYTES if one.scheme == "https" else CLUSTER_BYTES for one in upstreams for _ in one.clusters]
    needed = sum(each) // _MIB
    if needed > _MOST * heap_mib:
        finding = f"{len(each):,} clusters take about {needed:,} MiB of it, and twice as much while all of them change"
        remedy = f"write {1024 + 2 * needed} or more, or name fewer authorities by SSL_CERT_FILE"
        yield warning("gateway.downstream.max_heap_mib", finding, remedy)
