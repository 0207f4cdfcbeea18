"""Envoy's overload manager: limits on connections and memory, and load shedding for busy stages.

Field meanings: Envoy 1.40, config.overload.v3. Its actions come before any filter, so they cost next to nothing.
"""

from collections.abc import Sequence

from openclaw_extproc.config.settings import Downstream
from openclaw_extproc.model.json import Json

_HEAP = "envoy.resource_monitors.fixed_heap"
_CONNECTIONS = "envoy.resource_monitors.global_downstream_max_connections"
_INJECTED_RESOURCE = "envoy.resource_monitors.injected_resource"
_TYPE = "type.googleapis.com/envoy.extensions.resource_monitors"
_INJECTED_TYPE = "injected_resource.v3.InjectedResourceConfig"
_ACTION = "envoy.overload_actions"
_SCALED_TIMERS = "type.googleapis.com/envoy.config.overload.v3.ScaleTimersOverloadActionConfig"

REFRESH_SECONDS = 0.1
FULL = 0.9
"""Of the heap: no new requests."""
SCARCE = 0.8
"""Of the heap, or of the connections: from there up to `FULL` a connection may be idle for less and less time, so that
who uses one gets one. (`close_idle_http_connections` of Envoy 1.40 is for HTTP/3 alone.)"""
LEAST_IDLE_SECONDS = 1
RELEASED_BYTES = 256 * 1024 * 1024
"""Of free memory that Envoy gives back each second: what it took under load it does not keep."""
_IDLE: dict[str, Json] = {
    "@type": _SCALED_TIMERS,
    "timer_scale_factors": [{"timer": "HTTP_DOWNSTREAM_CONNECTION_IDLE", "min_timeout": f"{LEAST_IDLE_SECONDS}s"}],
}


def overload_manager(
    downstream: Downstream, pressure_files: Sequence[str], connections_file: str = ""
) -> dict[str, Json]:
    """
    Args:
        downstream: The limits.
        pressure_files: In each of them a worker says which part of the new requests is to be refused (0 to 1).
        connections_file: Says which part of `max_connections` is there (0 to 1), which is no trigger by itself: Envoy
            only compares it when a connection comes. Empty: nobody says it.
    """
    monitors: list[Json] = [
        _monitor(
            _CONNECTIONS,
            "downstream_connections.v3.DownstreamConnectionsConfig",
            {"max_active_downstream_connections": downstream.max_connections},
        ),
        _monitor(_HEAP, "fixed_heap.v3.FixedHeapConfig", {"max_heap_size_bytes": downstream.max_heap_bytes}),
    ]
    refused: list[Json] = [_above(_HEAP, FULL)]
    scarce: list[Json] = [_between(_HEAP, SCARCE, FULL)]
    for file in pressure_files:
        name = f"{_INJECTED_RESOURCE}.{len(monitors) - 2}"
        monitors.append(_monitor(name, _INJECTED_TYPE, {"filename": file}))
        refused.append(_between(name, 0.0, 1.0))
    if connections_file:
        name = f"{_INJECTED_RESOURCE}.connections"
        monitors.append(_monitor(name, _INJECTED_TYPE, {"filename": connections_file}))
        scarce.append(_between(name, SCARCE, FULL))
    return {
        "refresh_interval": f"{REFRESH_SECONDS}s",
        "resource_monitors": monitors,
        "actions": [
            {"name": f"{_ACTION}.stop_accepting_requests", "triggers": refused},
            {"name": f"{_ACTION}.reduce_timeouts", "triggers": scarce, "typed_config": _IDLE},
            {"name": f"{_ACTION}.shrink_heap", "triggers": [_above(_HEAP, FULL)]},
        ],
    }


def memory_allocator() -> dict[str, Json]:
    return {"bytes_to_release": RELEASED_BYTES, "memory_release_interval": "1s"}


def _monitor(name: str, kind: str, values: dict[str, Json]) -> dict[str, Json]:
    return {"name": name, "typed_config": {"@type": f"{_TYPE}.{kind}", **values}}


def _above(monitor: str, value: float) -> dict[str, Json]:
    return {"name": monitor, "threshold": {"value": value}}


def _between(monitor: str, begins: float, whole: float) -> dict[str, Json]:
    return {"name": monitor, "scaled": {"scaling_threshold": begins, "saturation_threshold": whole}}
