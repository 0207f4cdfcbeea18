"""The Envoy clusters of the two stages: one endpoint per worker, and the detection of failed workers.

A worker that is dead refuses connections: the call of the stage is made again, elsewhere, and the endpoint is left out.
One that hangs does not: it is asked how it is, and loses its connections when it does not say.

TLS: Envoy presents a client certificate and verifies the service's. Source: Envoy 1.40,
extensions.transport_sockets.tls.v3.UpstreamTlsContext.
"""

import ipaddress
from collections.abc import Sequence

from openclaw_extproc.config.settings import StageTls
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.ext_proc import STAGE_CONNECTION_BYTES, STAGE_STREAM_BYTES

MAX_OUTBOUND_FRAMES = 10_000_000
"""That wait in a connection to a stage."""
FAILED_CHECKS, FAILED_CHECKS_OF_ONE = 2, 6
"""Health checks without an answer after which a worker loses its connections: three or four seconds where others can
take its calls, and ten where it is the only one, which may just have to wait for a processor."""
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def stage_cluster(
    name: str, places: Sequence[str], tls: StageTls | None = None, *, retries: bool = True
) -> dict[str, Json]:
    """`retries`: as in `ext_proc.route_stage`."""
    # The default of 1,024 streams at a time would be the first thing to break under load, and 3 retries at a time the
    # first when a worker dies.
    threshold: dict[str, Json] = {
        "max_connections": 1024,
        "max_pending_requests": 65536,
        "max_requests": 65536,
        "max_retries": 65536,
    }
    endpoints: list[Json] = [{"endpoint": {"address": address(place)}} for place in places]
    secured: dict[str, Json] = {}
    if tls is not None and not places[0].startswith("/"):
        secured = {"transport_socket": stage_transport(tls, places[0])}
    return {
        "name": name,
        **secured,
        "type": "STRICT_DNS" if any(_is_name(place) for place in places) else "STATIC",
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "common_lb_config": _at_once(),
        "per_connection_buffer_limit_bytes": STAGE_CONNECTION_BYTES,
        "circuit_breakers": {"thresholds": [threshold]},
        "outlier_detection": _outliers(),
        "health_checks": [_health_check(FAILED_CHECKS if retries else FAILED_CHECKS_OF_ONE)],
        "close_connections_on_host_health_failure": True,
        "typed_extension_protocol_options": {_HTTP_OPTIONS: _http_options()},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    }


def _http_options() -> dict[str, Json]:
    return {
        "@type": f"type.googleapis.com/{_HTTP_OPTIONS}",
        "explicit_http_config": {
            "http2_protocol_options": {
                "initial_stream_window_size": STAGE_STREAM_BYTES,
                # Against peers that make us answer and do not read; here the peer is our own. With the defaults of
                # 10,000 and 1,000 a thousand streams at once ended all streams of the connection (outbound_flood).
                "max_outbound_frames": MAX_OUTBOUND_FRAMES,
                "max_outbound_control_frames": MAX_OUTBOUND_FRAMES,
            }
        },
    }


def _at_once() -> dict[str, Json]:
    return {
        # Envoy gathers what happens to endpoints for a second before its threads hear of it: so long a dead worker,
        # which has least to do, would be everybody's first choice.
        "update_merge_window": "0s",
        # Of many workers, one that is well is better than all of them. With none, any may have come back.
        "healthy_panic_threshold": {"value": 1},
    }


def _outliers() -> dict[str, Json]:
    """Out after a first refused connection, and back a second later: a worker is replaced within that time."""
    return {
        "consecutive_5xx": 1,
        "enforcing_consecutive_5xx": 0,
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 1,
        "enforcing_consecutive_local_origin_failure": 100,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
        "interval": "0.5s",
        "base_ejection_time": "0.5s",
        "max_ejection_time": "2s",
        "max_ejection_percent": 100,
    }


def _health_check(failures: int) -> dict[str, Json]:
    """`failures`: how many in a row cost a worker its connections, and calls that are under way."""
    return {
        "timeout": "1.5s",
        "interval": "0.5s",
        "no_traffic_interval": "0.5s",
        "unhealthy_threshold": failures,
        "healthy_threshold": 1,
        "grpc_health_check": {},
    }


def _is_name(place: str) -> bool:
    host = place.rpartition(":")[0]
    return not place.startswith("/") and any(c.isalpha() for c in host) and ":" not in host


def address(place: str) -> dict[str, Json]:
    """A socket's path, or `host:port`."""
    if place.startswith("/"):
        return {"pipe": {"path": place}}
    host, _, port = place.rpartition(":")
    return {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}


_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"


def stage_transport(tls: StageTls, place: str) -> dict[str, Json]:
    """The transport socket of a stage's cluster. `place`: `host:port` of one of its endpoints."""
    name = tls.server_name or place.rpartition(":")[0].strip("[]")
    is_address = _is_address(name)
    context: dict[str, Json] = {
        "@type": _TLS,
        **({} if is_address else {"sni": name}),  # which is a name by its definition
        "common_tls_context": {
            "alpn_protocols": ["h2"],  # gRPC takes no other
            "tls_certificates": [
                {
                    "certificate_chain": {"filename": tls.client_certificate_chain},
                    "private_key": {"filename": tls.client_private_key},
                }
            ],
            "validation_context": {
                "trusted_ca": {"filename": tls.client_trusted_ca},
                # Without it whoever has a certificate of that authority could stand in for the service.
                "match_typed_subject_alt_names": [
                    {"san_type": "IP_ADDRESS" if is_address else "DNS", "matcher": {"exact": name}}
                ],
            },
        },
    }
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
