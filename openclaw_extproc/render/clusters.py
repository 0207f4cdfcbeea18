"""One Envoy cluster per provider, as resources of a file that Envoy watches (filesystem CDS)."""

import ipaddress

from openclaw_extproc.config.settings import Upstream
from openclaw_extproc.gateway import Provider, Timeouts
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.ext_proc import BUFFER_BYTES, LENGTH_HEADER, NAMESPACE, attempt_stage, unread_stage
from openclaw_extproc.stages.headers import OURS_ON_ANSWERS, PROVIDER, safe

CLUSTER_TYPE = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"
"""Debian's, and that of Envoy's own image."""

UNREAD_BUFFER_BYTES = 1024 * 1024
"""Per connection for what is not read. It is also how long a piece of an answer may be that the route stage is shown:
64 MiB in one message took a worker longer than Envoy waits."""
IDLE_TIMEOUT = "50s"
"""Below what load balancers in front of providers allow, or a kept connection dies under its next request."""
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
_CODEC = "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"
HEADER_MUTATION = "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
UPSTREAM_CODEC: dict[str, Json] = {
    "name": "envoy.filters.http.upstream_codec",
    "typed_config": {"@type": _CODEC},
}


def discovery(
    upstreams: tuple[Upstream, ...], timeouts: Timeouts, *, roots: str = SYSTEM_ROOTS, retries: bool = True
) -> dict[str, Json]:
    """The whole file. `retries`: as in `ext_proc.attempt_stage`."""
    for_calls: list[Json] = [
        provider_cluster(upstream, timeouts, roots=roots, retries=retries) for upstream in upstreams
    ]
    passed_on = (upstream for upstream in upstreams if upstream.provider.unread_cluster)
    for_the_rest: list[Json] = [
        unread_cluster(upstream, timeouts, roots=roots, retries=retries) for upstream in passed_on
    ]
    return {"resources": [*for_calls, *for_the_rest]}


def provider_cluster(
    upstream: Upstream, timeouts: Timeouts, *, roots: str = SYSTEM_ROOTS, retries: bool = True
) -> dict[str, Json]:
    stage = attempt_stage(timeouts, retries=retries)
    protocol: dict[str, Json] = _HTTP_1
    if upstream.scheme == "https":
        protocol = {"auto_config": {"http_protocol_options": {}, "http2_protocol_options": {}}}
    options = {**protocol, **_options(stage, behind=(_length(),))}
    return {
        **_cluster(upstream, upstream.provider.cluster, options, timeouts, roots),
        "circuit_breakers": _circuit_breakers(upstream.max_requests),
        "metadata": {"filter_metadata": {NAMESPACE: _facts(upstream.provider)}},
    }


def unread_cluster(
    upstream: Upstream, timeouts: Timeouts, *, roots: str = SYSTEM_ROOTS, retries: bool = True
) -> dict[str, Json]:
    """For what is no model call: only its head is shown to us. HTTP/1.1, because WebSockets hang over HTTP/2."""
    options = _options(unread_stage(retries=retries), before=(_signature(upstream.provider.name),))
    cluster = _cluster(upstream, upstream.provider.unread_cluster, {**_HTTP_1, **options}, timeouts, roots)
    return {**cluster, "per_connection_buffer_limit_bytes": UNREAD_BUFFER_BYTES}


def _signature(name: str) -> dict[str, Json]:
    """A filter that says on an answer whose it is, and removes what only we and Envoy may say there."""
    removed: list[Json] = [{"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in OURS_ON_ANSWERS]
    header: dict[str, Json] = {"key": PROVIDER, "value": safe(name).replace("%", "%%")}
    added: dict[str, Json] = {"append": {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}
    mutations: dict[str, Json] = {"response_mutations": [*removed, added]}
    return {"name": "openclaw.signature", "typed_config": {"@type": HEADER_MUTATION, "mutations": mutations}}


def _length() -> dict[str, Json]:
    """A filter that gives a request the length of its body, where the stage has replaced the body without seeing it."""
    header: dict[str, Json] = {"key": "content-length", "value": f"%REQ({LENGTH_HEADER})%"}
    mutations: list[Json] = [
        {"append": {"header": header, "append_action": "ADD_IF_ABSENT"}},
        {"remove": LENGTH_HEADER},
    ]
    config: dict[str, Json] = {"@type": HEADER_MUTATION, "mutations": {"request_mutations": mutations}}
    return {"name": "openclaw.length", "typed_config": config}


def bare_cluster(
    upstream: Upstream, name: str, options: dict[str, Json], timeouts: Timeouts, roots: str
) -> dict[str, Json]:
    """Without our stage, as a static resource. `options`: by the name of their extension."""
    cluster = _cluster(upstream, name, {}, timeouts, roots)
    del cluster["@type"]
    return {**cluster, "typed_extension_protocol_options": options}


_HTTP_1: dict[str, Json] = {"explicit_http_config": {"http_protocol_options": {}}}


def _cluster(
    upstream: Upstream, name: str, options: dict[str, Json], timeouts: Timeouts, roots: str
) -> dict[str, Json]:
    cluster: dict[str, Json] = {
        "@type": CLUSTER_TYPE,
        "name": name,
        **_discovery_type(upstream.host),
        "connect_timeout": f"{(upstream.provider.attempt_timeouts.connect_ms or timeouts.connect_ms) / 1000:g}s",
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": _endpoint(upstream)}]}],
        },
        "circuit_breakers": _circuit_breakers(None),
        "outlier_detection": _outlier_detection(),
        "typed_extension_protocol_options": {HTTP_OPTIONS: options},
    }
    if upstream.scheme == "https":
        cluster["transport_socket"] = _tls(upstream.host, roots)
    return cluster


def _facts(provider: Provider) -> dict[str, Json]:
    """What we need to know about a provider and Envoy does not."""
    facts: dict[str, Json] = {"provider": provider.name, "format": provider.format, "base_path": provider.base_path}
    if provider.credential:
        facts["credential"] = provider.credential
    if provider.auth != "inject":
        facts["auth"] = provider.auth
    if provider.region:
        facts["region"] = provider.region
    if provider.also:
        facts["also"] = list[Json](provider.also)
    if provider.quirks:
        facts["quirks"] = list[Json](sorted(provider.quirks))
    if provider.api_version:
        facts["api_version"] = provider.api_version
    if provider.project:
        facts["project"] = provider.project
    if provider.forward_headers:
        facts["forward_headers"] = list[Json](provider.forward_headers)
    facts["models"] = list(provider.models)
    return facts


def _discovery_type(host: str) -> dict[str, Json]:
    if is_address(host):
        return {"type": "STATIC"}
    # LOGICAL_DNS: large services answer with a few of many addresses, different ones each time.
    return {"type": "LOGICAL_DNS", "dns_lookup_family": "ALL"}


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _endpoint(upstream: Upstream) -> dict[str, Json]:
    address: dict[str, Json] = {"address": upstream.host, "port_value": upstream.port}
    return {"hostname": upstream.authority, "address": {"socket_address": address}}


def _circuit_breakers(max_requests: int | None) -> dict[str, Json]:
    # Envoy never tries elsewhere what it refuses for `max_requests` (seen in 1.40, whatever `retry_on` says): the plan
    # puts who is full behind the others, so that this stops only what has nowhere else to go.
    # max_retries defaults to 3 at a time, which would refuse failover just when everybody needs it.
    threshold: dict[str, Json] = {
        "max_connections": 4096,
        "max_pending_requests": 4096,
        "max_requests": 4096 if max_requests is None else max_requests,
        "max_retries": 4096,
    }
    return {"thresholds": [threshold]}


def _outlier_detection() -> dict[str, Json]:
    # With one host per provider an ejected host is still used (panic mode): which provider comes first is the plan's
    # decision. Without always_eject_one_host a provider's only host never is (seen in 1.40: half of one is none), and
    # nobody would read there that it fails.
    return {
        "consecutive_5xx": 5,
        "consecutive_gateway_failure": 5,
        "interval": "10s",
        "base_ejection_time": "30s",
        "max_ejection_percent": 50,
        "always_eject_one_host": True,
    }


def _options(
    stage: dict[str, Json], *, before: tuple[Json, ...] = (), behind: tuple[Json, ...] = ()
) -> dict[str, Json]:
    """`before` and `behind` the stage, in the order of requests: other filters."""
    return {
        "@type": f"type.googleapis.com/{HTTP_OPTIONS}",
        "common_http_protocol_options": {"idle_timeout": IDLE_TIMEOUT},
        "http_filters": [
            *before,
            {"name": "openclaw.attempt", "typed_config": stage},
            *behind,
            UPSTREAM_CODEC,
        ],
    }


def _tls(host: str, roots: str) -> dict[str, Json]:
    context: dict[str, Json] = {
        "@type": _TLS,
        "sni": host,  # not auto_host_sni: the endpoint's hostname has the port in it where that is not 443
        "auto_sni_san_validation": True,
        "common_tls_context": {"validation_context": {"trusted_ca": {"filename": roots}}},
    }
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}
