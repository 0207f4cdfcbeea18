"""Envoy's overload manager: limits on connections and memory, and load shedding for busy stages.

Field meanings: Envoy 1.40, config.overload.v3. Its actions come before any filter, so they cost next to nothing.
"""

from collections.abc import Sequence

from openclaw_extproc.config.settings import Downstream
from openclaw_extproc.model.json import Json

_HEAP = "envoy.resource_monitors.fixed_heap"
_CONNECTIONS = "envoy.resource_monitors.global_downstream_max_connections"
_INJECTED = "envoy.resource_monitors.injected_resource"
_TYPE = "type.googleapis.com/envoy.extensions.resource_monitors"
_ACTION = "envoy.overload_actions"

REFRESH_SECONDS = 0.1
FULL = 0.9
"""Of the heap: no new requests."""
RELEASED_BYTES = 256 * 1024 * 1024
"""Of free memory that Envoy gives back each second: what it took under load it does not keep."""


def overload_manager(downstream: Downstream, pressure_files: Sequence[str]) -> dict[str, Json]:
    """`pressure_files`: in each of them a worker says which part of the new requests is to be refused (0 to 1)."""
    monitors: list[Json] = [
        _monitor(
            _CONNECTIONS,
            "downstream_connections.v3.DownstreamConnectionsConfig",
            {"max_active_downstream_connections": downstream.max_connections},
        ),
        _monitor(_HEAP, "fixed_heap.v3.FixedHeapConfig", {"max_heap_size_bytes": downstream.max_heap_bytes}),
    ]
    refused: list[Json] = [_above(_HEAP, FULL)]
    for file in pressure_files:
        name = f"{_INJECTED}.{len(monitors) - 2}"
        monitors.append(_monitor(name, "injected_resource.v3.InjectedResourceConfig", {"filename": file}))
        refused.append({"name": name, "scaled": {"scaling_threshold": 0.0, "saturation_threshold": 1.0}})
    return {
        "refresh_interval": f"{REFRESH_SECONDS}s",
        "resource_monitors": monitors,
        "actions": [
            {"name": f"{_ACTION}.stop_accepting_requests", "triggers": refused},
            {"name": f"{_ACTION}.close_idle_http_connections", "triggers": [_above(_HEAP, FULL)]},
            {"name": f"{_ACTION}.shrink_heap", "triggers": [_above(_HEAP, FULL)]},
        ],
    }


def memory_allocator() -> dict[str, Json]:
    return {"bytes_to_release": RELEASED_BYTES, "memory_release_interval": "1s"}


def _monitor(name: str, kind: str, values: dict[str, Json]) -> dict[str, Json]:
    return {"name": name, "typed_config": {"@type": f"{_TYPE}.{kind}", **values}}


def _above(monitor: str, value: float) -> dict[str, Json]:
    return {"name": monitor, "threshold": {"value": value}}
