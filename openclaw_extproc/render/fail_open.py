"""The routes for calls if no worker responds: to the vendor of the path, as the caller sent them.

The routes are asked only for requests without a plan. The clusters have none of our filters, so no credential of ours
can go along; and credentials that other vendors' clients send are taken away. A path that could be of several vendors
is refused, because the caller's key in it must reach nobody but who it is for.
"""

import re
from collections.abc import Mapping

from openclaw_extproc.config.settings import Upstream
from openclaw_extproc.gateway import Timeouts
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.clusters import HEADER_MUTATION, HTTP_OPTIONS, IDLE_TIMEOUT, UPSTREAM_CODEC, bare_cluster
from openclaw_extproc.render.ext_proc import NAMESPACE
from openclaw_extproc.stages.headers import KEPT_FROM_CALLERS
from openclaw_extproc.stages.route.passthrough import VERSION
from openclaw_extproc.wire import FAMILIES
from openclaw_extproc.wire.families import Family
from openclaw_extproc.wire.http.headers import CALLERS

MODE_HEADER, MODE = "x-openclaw-mode", "failopen"

_CALLS = {
    "/openai": r"/v1/(chat/completions|completions|responses|embeddings)(/.*)?",
    "/anthropic": r"/v1/messages(/.*)?",
    "/gemini": r"/(v1|v1beta|v1alpha)/(models|tunedModels)/[^/]+:.*",
}
"""Bare paths that are of one vendor alone, by the family's prefix."""
_OWN = {
    "/openai": {"authorization"},
    "/anthropic": {"authorization", "x-api-key"},
    "/gemini": {"authorization", "x-goog-api-key", "x-goog-user-project"},
}
"""Headers in which the family's clients send their credential."""
_STAYS = (
    *("baggage", "b3", "uber-trace-id", "sentry-trace", "newrelic", "elastic-apm-traceparent", "grpc-trace-bin"),
    *("x-amzn-trace-id", "x-cloud-trace-context", "x-request-id", "x-correlation-id", "request-id", "x-trace-id"),
    *("x-real-ip", "x-client-ip", "true-client-ip", "x-original-url", "x-rewrite-url", "x-original-host"),
    *("x-http-method-override", "x-http-method", "x-method-override", "forwarded", "via", "referer", "origin"),
    *("cookie", "proxy-authorization"),
)
"""Headers of requests. Envoy has no list of the others, as the attempt stage has."""
_STAYS_WITH = (
    *("x-openclaw-", "x-envoy-", "x-forwarded-", "x-b3-", "x-datadog-", "x-ot-", "ot-tracer-", "uberctx-"),
    *("x-instana-", "x-dynatrace", "x-amzn-", "sec-"),
)
"""What the names of others begin with."""


def planned_match() -> dict[str, Json]:
    """What a request has that a worker has planned. No client can set it."""
    has_plan: dict[str, Json] = {
        "filter": NAMESPACE,
        "path": [{"key": "plan"}],
        "value": {"present_match": True},
    }
    return {"prefix": "/", "dynamic_metadata": [has_plan]}


def routes(targets: Mapping[str, Upstream], seconds: str) -> list[dict[str, Json]]:
    """`targets`: by the family's name. `seconds`: the longest that an answer may be silent."""
    return [
        _route(family, match, targets[_name(family)], seconds)
        for family in FAMILIES
        if _name(family) in targets
        for match in _matches(family)
    ]


def clusters(targets: Mapping[str, Upstream], timeouts: Timeouts, roots: str) -> list[Json]:
    return [bare_cluster(upstream, _cluster(name), _options(), timeouts, roots) for name, upstream in targets.items()]


def _name(family: Family) -> str:
    return family.prefix.removeprefix("/")


def _cluster(family: str) -> str:
    return f"openclaw_failopen_{family}"


def _matches(family: Family) -> list[dict[str, Json]]:
    hosts = "|".join(re.escape(host) for host in family.hosts)
    at_home: dict[str, Json] = {
        "name": ":authority",
        "string_match": {"safe_regex": {"regex": f"({hosts})(:[0-9]+)?"}},
    }
    return [
        {"path_separated_prefix": family.prefix},
        {"prefix": "/", "headers": [at_home]},
        {"safe_regex": {"regex": _CALLS[family.prefix]}},
    ]


def _route(family: Family, match: dict[str, Json], upstream: Upstream, seconds: str) -> dict[str, Json]:
    base = VERSION.sub("", upstream.provider.base_path)
    rewrite: dict[str, Json] = {
        "pattern": {"regex": f"^({family.prefix})?/"},
        "substitution": f"{base}/",
    }
    return {
        "match": match,
        "route": {
            "cluster": _cluster(_name(family)),
            "timeout": "0s",
            "idle_timeout": seconds,
            "auto_host_rewrite": True,
            "regex_rewrite": rewrite,
        },
        "request_headers_to_remove": [*sorted(CALLERS - _OWN[family.prefix]), *_STAYS],
        "response_headers_to_remove": list[Json](sorted(KEPT_FROM_CALLERS)),
        "response_headers_to_add": [
            {"header": {"key": MODE_HEADER, "value": MODE}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        ],
    }


def _options() -> dict[str, Json]:
    """What is between the application and us is nobody else's business."""
    removed: list[Json] = [{"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in _STAYS_WITH]
    return {
        HTTP_OPTIONS: {
            "@type": f"type.googleapis.com/{HTTP_OPTIONS}",
            "explicit_http_config": {"http_protocol_options": {}},
            "common_http_protocol_options": {"idle_timeout": IDLE_TIMEOUT},
            "http_filters": [
                {
                    "name": "openclaw.failopen",
                    "typed_config": {"@type": HEADER_MUTATION, "mutations": {"request_mutations": removed}},
                },
                UPSTREAM_CODEC,
            ],
        }
    }
