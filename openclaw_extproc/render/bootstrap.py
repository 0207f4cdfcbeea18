"""`envoy.yaml`: the listener with the route stage, the clusters of the two stages, and the path of the providers'
file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from openclaw_extproc.config.settings import Address, Downstream, StageTls, Upstream
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.model.json import Json
from openclaw_extproc.render import callers as caller_checks
from openclaw_extproc.render import fast_path
from openclaw_extproc.render.clusters import SYSTEM_ROOTS
from openclaw_extproc.render.ext_proc import (
    ATTEMPT_CLUSTER,
    CLIENT_CONNECTION_BYTES,
    CLIENT_STREAM_BYTES,
    GROUPS_NAMESPACE,
    NAMESPACE,
    REQUEST_BUFFER_BYTES,
    ROUTE_CLUSTER,
    route_stage,
)
from openclaw_extproc.render.fail_open import clusters, planned_match, routes
from openclaw_extproc.render.local_replies import local_replies
from openclaw_extproc.render.overload import memory_allocator, overload_manager
from openclaw_extproc.render.stage_clusters import address, stage_cluster
from openclaw_extproc.render.stderr_logs import refusals_log, unanswered_log, unentered_log
from openclaw_extproc.stages import decision_output
from openclaw_extproc.stages.attempt.retries import BACKOFF, MAX_WAIT_SECONDS, RETRY
from openclaw_extproc.stages.fast_path.routes import FastRoute
from openclaw_extproc.stages.route.passthrough import METHODS
from openclaw_extproc.stages.route.request_checks import MAX_BODY_BYTES

_HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_GROUPS = "envoy.extensions.router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier"

MAX_STREAMS = 100
"""At a time on an HTTP/2 connection of an application; it opens another one for more."""
USUAL = Downstream()
ROUTES = "llm"
"""The name of the listener's route configuration."""
ROUTES_TYPE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
NOWHERE_CLUSTER = "openclaw_nowhere"
NAME_SECONDS, NAME_TRIES = 2, 2
"""How long a name server may be silent at first, and how often each is asked: 5 s for each one that is. A name that was
not found is asked for again after five seconds or so, and its provider is left out until then."""
FILES = "(/openai|/anthropic|/gemini)?(/v1/(files|uploads|audio|images|videos|containers)([/?].*)?|/upload/.*)"
"""Paths whose bodies may be files of any size. Envoy wants regular expressions to be no longer."""
BUFFER = "envoy.filters.http.buffer"
_BUFFER = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3"

_IPPROTO_TCP, _TCP_USER_TIMEOUT = 6, 18
"""Of Linux, `netinet/tcp.h`: how long sent data may stay untaken. Connections have it from their listener."""

_HTTP_1: dict[str, Json] = {
    # What clients offer by the way (Apache's do with every GET) and do not need: the request is answered as it is.
    "ignore_http_11_upgrade": [{"prefix": "TLS/"}, {"prefix": "HTTP/"}],
}
_PATHS: dict[str, Json] = {
    "normalize_path": True,
    "merge_slashes": True,
    # `%2F` stays what it is: models may have it in their names (`/v1beta/models/a%2Fb:generateContent`). In all other
    # places a path with it is unknown to the route stage, which normalises for itself and believes nothing of this.
    "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
}
"""How paths are written before anybody, our stage or a route, looks at them."""


@dataclass(frozen=True, slots=True)
class Places:
    """The paths and addresses on Envoy's machine."""

    route_stages: Sequence[str]
    """A socket's path, or `host:port`, of each worker."""
    attempt_stages: Sequence[str]
    clusters_file: str
    routes_file: str = ""
    """The routes, which Envoy reads anew whenever the file is replaced: the fast path is among them; empty: it is
    not, and the routes stand in `envoy.yaml`."""
    admin_socket: str = ""
    """Envoy's own admin interface; empty: none, or that at `admin_port`."""
    admin_port: int | None = None
    """Its port on 127.0.0.1, instead of a socket."""
    access_log: str = ""
    """A file (`/dev/stdout` is one); empty: none."""
    secrets_folder: str = ""
    """Where Envoy finds what the listener's TLS shows; empty: it has no TLS."""
    are_stages_retried: bool = True
    """Whether a call of a stage that got no answer is made again: there may be another worker."""
    pressure_files: Sequence[str] = ()
    """Where workers say how much is to be refused."""
    connections_file: str = ""
    """Where somebody says which part of the connections that there may be is there; empty: nobody does."""
    roots: str = SYSTEM_ROOTS
    """The certificates of the authorities that providers are checked against."""
    stage_tls: StageTls | None = None
    """For stages on `host:port`."""


def bootstrap(
    gateway: Gateway,
    listen: Address,
    places: Places,
    fail_open: Mapping[str, Upstream] = MappingProxyType({}),
    downstream: Downstream = USUAL,
) -> dict[str, Json]:
    """`fail_open`: where calls of a vendor's clients go when no worker answers."""
    retries = places.are_stages_retried
    whole: dict[str, Json] = {
        "node": {"id": "openclaw", "cluster": "openclaw"},
        "static_resources": {
            "listeners": [_listener(gateway, listen, places, fail_open, downstream)],
            "clusters": [
                stage_cluster(ROUTE_CLUSTER, places.route_stages, places.stage_tls, retries=retries),
                stage_cluster(ATTEMPT_CLUSTER, places.attempt_stages, places.stage_tls, retries=retries),
                # Where a request without a plan goes: 503. Envoy wants the default group's cluster to exist.
                {"name": NOWHERE_CLUSTER, "type": "STATIC", "load_assignment": {"cluster_name": NOWHERE_CLUSTER}},
                *clusters(fail_open, gateway.timeouts, places.roots),
                *caller_checks.jwks_clusters(gateway.callers.jwt, gateway.timeouts, places.roots),
            ],
        },
        "dynamic_resources": {
            "cds_config": {"resource_api_version": "V3", "path_config_source": _watched_file(places.clusters_file)},
        },
    }
    whole["typed_dns_resolver_config"] = _name_resolver()
    # Of a cluster that nobody calls, Envoy counts nothing: a third of the work that a cluster is, without TLS.
    whole["deferred_stat_options"] = {"enable_deferred_creation_stats": True}
    whole["overload_manager"] = overload_manager(downstream, places.pressure_files, places.connections_file)
    whole["memory_allocator_manager"] = memory_allocator()
    if places.admin_socket:
        # Who looks after Envoy has to reach it when applications have all of its connections.
        pipe: dict[str, Json] = {"path": places.admin_socket, "mode": 0o600}
        whole["admin"] = {"address": {"pipe": pipe}, "ignore_global_conn_limit": True}
    elif places.admin_port is not None:
        whole["admin"] = {"address": address(f"127.0.0.1:{places.admin_port}"), "ignore_global_conn_limit": True}
    return whole


def _name_resolver() -> dict[str, Json]:
    """Envoy's usual one, with less patience.

    Envoy takes no calls, and no changed clusters, before each name has been asked for once. By default it asks a server
    that does not answer for more than a minute: one provider's name would keep all others waiting.
    """
    cares = "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"
    limits: dict[str, Json] = {"query_timeout_seconds": NAME_SECONDS, "query_tries": NAME_TRIES}
    return {"name": "envoy.network.dns_resolver.cares", "typed_config": {"@type": cares, **limits}}


def _watched_file(path: str) -> dict[str, Json]:
    # The folder is watched, not the file: that also notices how Kubernetes replaces a mounted ConfigMap.
    return {"path": path, "watched_directory": {"path": path.rpartition("/")[0] or "."}}


def _listener(
    gateway: Gateway, listen: Address, places: Places, fail_open: Mapping[str, Upstream], downstream: Downstream
) -> dict[str, Json]:
    callers = gateway.callers
    manager = {**_manager(gateway, places, fail_open), **_timeouts(gateway, downstream)}
    chains: list[Json] = [_filter_chain(gateway, places, manager)]
    if callers.forwarded_from:
        # In all other chains Envoy removes the header, which is what it does where nothing is written.
        believing: dict[str, Json] = {"forward_client_cert_details": "ALWAYS_FORWARD_ONLY"}
        chain = _filter_chain(gateway, places, {**manager, **believing})
        chains.insert(0, {"filter_chain_match": caller_checks.source_ranges(callers.forwarded_from), **chain})
    return {
        "name": "llm",
        **_socket_options(downstream),
        "address": address(f"{listen.host}:{listen.port}"),
        "per_connection_buffer_limit_bytes": CLIENT_CONNECTION_BYTES,
        "filter_chains": chains,
    }


def _socket_options(downstream: Downstream) -> dict[str, Json]:
    """Without a timer of Envoy's for what a closing connection still has to deliver, the kernel's is the only one."""
    if downstream.delayed_close_timeout_ms:
        return {}
    option: dict[str, Json] = {"description": "TCP_USER_TIMEOUT", "level": _IPPROTO_TCP, "name": _TCP_USER_TIMEOUT}
    return {"socket_options": [{**option, "int_value": downstream.idle_timeout_ms, "state": "STATE_LISTENING"}]}


def _filter_chain(gateway: Gateway, places: Places, manager: dict[str, Json]) -> dict[str, Json]:
    chain: dict[str, Json] = {
        "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    }
    if gateway.callers.tls is not None:
        chain["transport_socket"] = caller_checks.transport_socket(gateway.callers.tls, places.secrets_folder)
    return chain


def _manager(gateway: Gateway, places: Places, fail_open: Mapping[str, Upstream]) -> dict[str, Json]:
    jwt = gateway.callers.jwt
    checks: list[Json] = [] if jwt is None else [caller_checks.jwt_filter(jwt)]
    filters, buffer = _filters(gateway, retries=places.are_stages_retried), _buffer()
    manager: dict[str, Json] = {
        "@type": f"type.googleapis.com/{_HCM}",
        "stat_prefix": "llm",
        "server_header_transformation": "PASS_THROUGH",
        "preserve_external_request_id": True,
        "skip_xff_append": True,
        **_PATHS,
        # OpenAI's realtime calls, which pass unread and whose bodies never end.
        "upgrade_configs": [{"upgrade_type": "websocket", "filters": [*checks, *filters]}],
        "http_protocol_options": _HTTP_1,
        "http2_protocol_options": {
            "max_concurrent_streams": MAX_STREAMS,
            "initial_stream_window_size": CLIENT_STREAM_BYTES,
            "initial_connection_window_size": CLIENT_STREAM_BYTES,
        },
        **_route_config(gateway, places, fail_open),
        "http_filters": [*checks, buffer, *(fast_path.filters() if places.routes_file else []), *filters],
        "local_reply_config": local_replies(
            gateway.emergency, has_fast_path=bool(places.routes_file), told=gateway.response_headers
        ),
    }
    if places.routes_file:
        manager["early_header_mutation_extensions"] = [fast_path.without_callers_steering()]
    logs = [_access_log(places.access_log)] if places.access_log else []
    calls = [unentered_log()] if places.routes_file else []
    manager["access_log"] = [*logs, refusals_log(), *calls]
    return manager


def _route_config(gateway: Gateway, places: Places, fail_open: Mapping[str, Upstream]) -> dict[str, Json]:
    if not places.routes_file:
        return {"route_config": {"name": ROUTES, "virtual_hosts": [_virtual_host(gateway, fail_open)]}}
    source: dict[str, Json] = {
        "resource_api_version": "V3",
        "path_config_source": _watched_file(places.routes_file),
        "initial_fetch_timeout": "0s",  # without routes nothing can be answered, and the file is there
    }
    return {"rds": {"route_config_name": ROUTES, "config_source": source}}


def route_discovery(
    gateway: Gateway, fail_open: Mapping[str, Upstream], routes: Sequence[FastRoute]
) -> dict[str, Json]:
    """The file at `Places.routes_file`."""
    host = _virtual_host(gateway, fail_open, fast_path.fast_routes(routes, _route(gateway)))
    return {"resources": [{"@type": ROUTES_TYPE, "name": ROUTES, "virtual_hosts": [host]}]}


def _buffer() -> dict[str, Json]:
    """Whoever sends half a body has the buffer's attention, and nobody else's: stages get whole requests."""
    return {"name": BUFFER, "typed_config": {"@type": f"{_BUFFER}.Buffer", "max_request_bytes": REQUEST_BUFFER_BYTES}}


def _filters(gateway: Gateway, *, retries: bool) -> list[Json]:
    return [
        {"name": "openclaw.route", "typed_config": route_stage(gateway.callers, retries=retries)},
        {
            "name": "envoy.filters.http.router",
            "typed_config": {"@type": _ROUTER, "suppress_envoy_headers": True, "upstream_log": [unanswered_log()]},
        },
    ]


def _timeouts(gateway: Gateway, downstream: Downstream) -> dict[str, Json]:
    silence = gateway.timeouts.max_attempt_timeout_ms + 60_000  # of an answer too: providers think for minutes
    return {
        "request_headers_timeout": _seconds(downstream.request_headers_timeout_ms),
        "request_timeout": _seconds(downstream.request_timeout_ms),
        "delayed_close_timeout": _seconds(downstream.delayed_close_timeout_ms),
        "stream_idle_timeout": _seconds(silence),
        # An answer is through for Envoy when it has it; a client that takes nothing of it has this long.
        "stream_flush_timeout": _seconds(downstream.idle_timeout_ms),
        "common_http_protocol_options": {"idle_timeout": _seconds(downstream.idle_timeout_ms)},
    }


def _virtual_host(
    gateway: Gateway, fail_open: Mapping[str, Upstream], fast: Sequence[dict[str, Json]] = ()
) -> dict[str, Json]:
    return {
        "name": "llm",
        "domains": ["*"],
        "include_request_attempt_count": True,
        "include_attempt_count_in_response": True,
        "request_body_buffer_limit": MAX_BODY_BYTES,
        "response_headers_to_remove": [RETRY, BACKOFF],
        "routes": list[Json](_routes(gateway, fail_open, fast)),
    }


def _routes(
    gateway: Gateway, fail_open: Mapping[str, Upstream], fast: Sequence[dict[str, Json]]
) -> list[dict[str, Json]]:
    """Without a plan the last one leads nowhere, which is 503; those before it are for calls that may go on."""
    anything: dict[str, Json] = {"match": {"prefix": "/"}, "route": _route(gateway)}
    if not fail_open:
        return [_tunnels(), *fast, *_without_buffer(anything), anything]
    elsewhere = routes(fail_open, _seconds(gateway.timeouts.max_attempt_timeout_ms))
    return [
        _tunnels(),
        *fast,
        {"match": planned_match(), "route": _route(gateway)},
        _other_methods(),
        *(one for route in elsewhere for one in _without_buffer(route)),
        *elsewhere,
        *_without_buffer(anything),
        anything,
    ]


def _tunnels() -> dict[str, Json]:
    """`CONNECT` never ends, so nothing may wait for its end."""
    off: dict[str, Json] = {"@type": f"{_BUFFER}.BufferPerRoute", "disabled": True}
    refused: dict[str, Json] = {"match": {"connect_matcher": {}}, "direct_response": {"status": 405}}
    return {**refused, "typed_per_filter_config": {BUFFER: off}}


def _other_methods() -> dict[str, Json]:
    """The route stage refuses methods of no vendor itself; this is for calls that go on without it."""
    known: dict[str, Json] = {"safe_regex": {"regex": "|".join(sorted(METHODS))}}
    headers: list[Json] = [{"name": ":method", "string_match": known, "invert_match": True}]
    return {"match": {"prefix": "/", "headers": headers}, "direct_response": {"status": 405}}


def _without_buffer(route: dict[str, Json]) -> list[dict[str, Json]]:
    """The same for bodies that are not waited for: larger ones than are read, which the route stage refuses by their
    head or lets pass by, and files whose length nobody says.
    """
    longer: dict[str, Json] = {"name": "content-length", "range_match": {"start": MAX_BODY_BYTES + 1, "end": 2**63 - 1}}
    file: dict[str, Json] = {"name": ":path", "string_match": {"safe_regex": {"regex": FILES}}}
    off: dict[str, Json] = {"@type": f"{_BUFFER}.BufferPerRoute", "disabled": True}
    match = route["match"]
    assert isinstance(match, dict)
    headers = match.get("headers", [])
    assert isinstance(headers, list)
    return [
        {**route, "match": {**match, "headers": [*headers, header]}, "typed_per_filter_config": {BUFFER: off}}
        for header in (longer, file)
    ]


def _route(gateway: Gateway) -> dict[str, Json]:
    specifier: dict[str, Json] = {
        "@type": f"type.googleapis.com/{_GROUPS}",
        "priority_groups": [{"name": "none", "clusters": [{"cluster_name": NOWHERE_CLUSTER, "weight": 1}]}],
        "override_metadata_namespace": GROUPS_NAMESPACE,
    }
    return {
        "timeout": "0s",
        "auto_host_rewrite": True,
        "retry_policy": _retry_policy(gateway),
        "inline_cluster_specifier_plugin": {"extension": {"name": "openclaw.plan", "typed_config": specifier}},
    }


def _retry_policy(gateway: Gateway) -> dict[str, Json]:
    return {
        # Statuses are judged by the attempt stage, which asks for a retry by header. The number of retries and the
        # limit of each attempt come from the plan, as request headers.
        "retry_on": "connect-failure,refused-stream,reset,retriable-headers",
        "retriable_headers": [{"name": RETRY, "present_match": True}],
        "num_retries": 0,
        "refresh_cluster_on_retry": True,
        "per_try_timeout": _seconds(gateway.timeouts.max_attempt_timeout_ms),
        "per_try_idle_timeout": _seconds(gateway.timeouts.max_attempt_timeout_ms),
        "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
        "rate_limited_retry_back_off": {
            "reset_headers": [{"name": BACKOFF, "format": "SECONDS"}],
            "max_interval": f"{MAX_WAIT_SECONDS}s",
        },
    }


def _access_log(path: str) -> dict[str, Json]:
    decided: dict[str, Json] = {
        field.metadata: _metadata_command(field.metadata) for field in decision_output.FIELDS if field.in_access_log
    }
    line: dict[str, Json] = {
        "time": "%START_TIME%",
        "request_id": _metadata_command("request_id"),
        "status": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "client_format": _metadata_command("client_format"),
        "requested_model": _metadata_command("requested_model"),
        "model": _metadata_command("model"),
        **decided,
        "cluster": "%UPSTREAM_CLUSTER%",
        "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "milliseconds": "%DURATION%",
        "bytes_in": "%BYTES_RECEIVED%",
        "bytes_out": "%BYTES_SENT%",
    }
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": path,
            "log_format": {"json_format": line},
        },
    }


def _metadata_command(key: str) -> str:
    """What is noted of a request under this key, as a command of Envoy's access log."""
    return f"%DYNAMIC_METADATA({NAMESPACE}:{key})%"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g}s"
