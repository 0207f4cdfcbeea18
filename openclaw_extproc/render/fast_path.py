"""The routes of the fast path: calls that Envoy sends to the first target of their chain by itself.

Envoy reads the fields that tell of the body (`json_to_metadata`), and only of requests that may take the fast path: the
filter is off, and on in the route that such a request meets first. With the fields known, Envoy looks for the route
anew. On a route of the fast path the route stage is off, and the attempt stage does the work of both
(`stages/fast_path`). Every other request goes to the routes behind these.

Field meanings: Envoy 1.40, extensions.filters.http.json_to_metadata.v3, config.route.v3, type.matcher.v3.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from openclaw_extproc.model.json import Json
from openclaw_extproc.render.clusters import HEADER_MUTATION
from openclaw_extproc.render.ext_proc import FAST_PATH, FIELDS_NAMESPACE, NAMESPACE
from openclaw_extproc.stages.fast_path.routes import (
    DECIDING_HEADERS,
    JSON_TYPE,
    MAX_BODY_BYTES,
    MAX_OUTPUT_TOKENS,
    MODEL_FIELD,
    OUTPUT_FIELDS,
    REASONING_FIELDS,
    SESSION_FIELDS,
    SESSION_HEADERS,
    STREAM_FIELD,
    BodyLimits,
    FastRoute,
    FieldPath,
    paths,
)
from openclaw_extproc.wire import FAMILIES, client_side

READER, REMOVER = "openclaw.fields", "openclaw.attempt_count"
ROUTE_STAGE = "openclaw.route"
_READER_TYPE = "type.googleapis.com/envoy.extensions.filters.http.json_to_metadata.v3.JsonToMetadata"
_FILTER_CONFIG = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
_PER_ROUTE = "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute"
_EARLY = "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
_UNREADABLE, _REASONS, _SESSION = "unreadable", "reasons", "session"
"""Keys under `FIELDS_NAMESPACE`, besides names of fields."""
_LARGEST = 2.0**63


def filters() -> list[Json]:
    """What stands before the route stage; off, but where a route says otherwise."""
    return [_attempt_count_remover(), _fields_reader()]


def _attempt_count_remover() -> dict[str, Json]:
    """Takes a header off answers that Envoy adds for the route stage, which takes it off itself where it sees them.

    Envoy adds it behind the changes that a route makes.
    """
    removed: list[Json] = [{"remove": "x-envoy-attempt-count"}]
    mutation: dict[str, Json] = {"@type": HEADER_MUTATION, "mutations": {"response_mutations": removed}}
    return {"name": REMOVER, "disabled": True, "typed_config": mutation}


def _fields_reader() -> dict[str, Json]:
    unreadable: dict[str, Json] = {on: _noted(_UNREADABLE, value=True) for on in ("on_missing", "on_error")}
    # A value of our own instead of the field's would be noted where there is no such field, too (seen with 1.40).
    told = [(path, _REASONS) for path in REASONING_FIELDS] + [(path, _SESSION) for path in SESSION_FIELDS]
    rules: list[Json] = [
        {**_rule((MODEL_FIELD,), MODEL_FIELD), **unreadable},
        *(_rule((name,), name) for name in (STREAM_FIELD, *OUTPUT_FIELDS)),
        *(_rule(path, key) for path, key in told),
    ]
    types: dict[str, Json] = {"regex": f"{re.escape(JSON_TYPE)}.*"}
    reader: dict[str, Json] = {
        "@type": _READER_TYPE,
        "request_rules": {"rules": rules, "allow_content_types_regex": types},
    }
    return {"name": READER, "disabled": True, "typed_config": reader}


def _rule(path: FieldPath, key: str) -> dict[str, Json]:
    """Notes the value of a field under a key."""
    return {"selectors": [{"key": name} for name in path], "on_present": _noted(key)}


def _noted(key: str, *, value: Json = None) -> dict[str, Json]:
    given: dict[str, Json] = {} if value is None else {"value": value}
    return {"metadata_namespace": FIELDS_NAMESPACE, "key": key, **given}


def without_callers_steering() -> dict[str, Json]:
    """What removes `x-envoy-*` before a route is looked for: only our own may steer Envoy."""
    removed: list[Json] = [{"remove_on_match": {"key_matcher": {"prefix": "x-envoy-"}}}]
    return {
        "name": "envoy.http.early_header_mutation.header_mutation",
        "typed_config": {"@type": _EARLY, "mutations": removed},
    }


def fast_routes(routes: Sequence[FastRoute], action: Mapping[str, Json]) -> list[dict[str, Json]]:
    """The routes of the fast path, and those at which its requests are looked at.

    Args:
        routes: Of each model and client format.
        action: That of requests which are none of the fast path: it follows the groups of their plans.
    """
    if not routes:
        return []
    by_format = groupby(sorted(routes, key=lambda one: one.client_format), key=lambda one: one.client_format)
    return [one for name, of_format in by_format for one in _of_format(name, tuple(of_format), action)]


def _of_format(
    client_format: str, routes: Sequence[FastRoute], action: Mapping[str, Json]
) -> Iterator[dict[str, Json]]:
    alike: dict[tuple[object, ...], list[FastRoute]] = {}
    for route in routes:
        key = (route.clusters, route.whole_ms, route.stream_ms, route.stream_limits, route.whole_limits)
        alike.setdefault(key, []).append(route)
    for path in paths(client_format):
        for members in alike.values():
            names = [one.model for one in members]
            for is_stream in (False, True):
                yield _fast_route(_match(path, client_format), names, members[0], action, is_stream=is_stream)
        yield _first_look(_match(path, client_format), action)


def _match(path: str, client_format: str) -> dict[str, Json]:
    """Of heads that may take the fast path. What is called at another vendor's host is the route stage's to judge."""
    headers: list[Json] = [
        {"name": ":method", "string_match": {"exact": "POST"}},
        {"name": "content-length", "range_match": {"start": 1, "end": MAX_BODY_BYTES + 1}},
        {"name": "content-type", "string_match": {"prefix": JSON_TYPE}},
        *_absent(DECIDING_HEADERS),
    ]
    family = client_side(client_format).family
    if not path.startswith(f"/{family}/"):
        others = "|".join(re.escape(host) for one in FAMILIES if one.name != family for host in one.hosts)
        elsewhere: dict[str, Json] = {"safe_regex": {"regex": f"({others})(:[0-9]+)?"}}
        headers.append({"name": ":authority", "string_match": elsewhere, "invert_match": True})
    return {"path": path, "headers": headers}


def _absent(names: Iterable[str]) -> list[Json]:
    return [{"name": name, "present_match": False} for name in names]


def _first_look(match: dict[str, Json], action: Mapping[str, Json]) -> dict[str, Json]:
    """What a request meets whose body was not looked at. It is the usual way, should nothing ever look."""
    unseen: list[Json] = [_field(key, {"present_match": True}, invert=True) for key in (MODEL_FIELD, _UNREADABLE)]
    on: dict[str, Json] = {"@type": _FILTER_CONFIG, "config": {}}
    return {
        "match": {**match, "dynamic_metadata": unseen},
        "route": dict(action),
        "typed_per_filter_config": dict.fromkeys((READER, REMOVER), on),
    }


def _fast_route(
    match: dict[str, Json], models: Sequence[str], route: FastRoute, action: Mapping[str, Json], *, is_stream: bool
) -> dict[str, Json]:
    limits = route.stream_limits if is_stream else route.whole_limits
    headers = match["headers"]
    assert isinstance(headers, list)
    sessions = _absent(SESSION_HEADERS) if limits.names_no_session else []
    off: dict[str, Json] = {"@type": _PER_ROUTE, "disabled": True}
    return {
        "name": FAST_PATH,
        "match": {
            **match,
            "headers": [*headers, *sessions],
            "dynamic_metadata": [*_conditions(models, limits, is_stream=is_stream)],
        },
        "route": _action(route, action, is_stream=is_stream),
        "typed_per_filter_config": {ROUTE_STAGE: off},
    }


def _conditions(models: Sequence[str], limits: BodyLimits, *, is_stream: bool) -> Iterator[Json]:
    named: list[Json] = [{"string_match": {"exact": name}} for name in models]
    yield _field(MODEL_FIELD, {"or_match": {"value_matchers": named}} if len(named) > 1 else named[0])
    yield _field(STREAM_FIELD, {"bool_match": True}, invert=not is_stream)
    yield _field(_REASONS, {"present_match": True}, invert=True)
    if limits.names_no_session:
        yield _field(_SESSION, {"present_match": True}, invert=True)
    if limits.has_short_output:
        long: dict[str, Json] = {"double_match": {"range": {"start": MAX_OUTPUT_TOKENS + 1, "end": _LARGEST}}}
        yield from (_field(name, long, invert=True) for name in OUTPUT_FIELDS)
    planned: dict[str, Json] = {"filter": NAMESPACE, "path": [{"key": "plan"}], "value": {"present_match": True}}
    yield {**planned, "invert": True}


def _field(key: str, value: Json, *, invert: bool = False) -> dict[str, Json]:
    matcher: dict[str, Json] = {"filter": FIELDS_NAMESPACE, "path": [{"key": key}], "value": value}
    return {**matcher, "invert": True} if invert else matcher


def _action(route: FastRoute, action: Mapping[str, Json], *, is_stream: bool) -> dict[str, Json]:
    retries, plugin = action["retry_policy"], action["inline_cluster_specifier_plugin"]
    assert isinstance(retries, dict)
    assert isinstance(plugin, dict)
    extension = plugin["extension"]
    assert isinstance(extension, dict)
    specifier = extension["typed_config"]
    assert isinstance(specifier, dict)
    groups: list[Json] = [
        {"name": f"attempt-{number}", "clusters": [{"cluster_name": name, "weight": 1}]}
        for number, name in enumerate(route.clusters, 1)
    ]
    patience = route.stream_ms if is_stream else route.whole_ms
    return {
        **action,
        "retry_policy": {
            **retries,
            "num_retries": len(route.clusters) - 1,
            "per_try_timeout": f"{patience / 1000:g}s",
        },
        "inline_cluster_specifier_plugin": {
            "extension": {**extension, "typed_config": {**specifier, "priority_groups": groups}}
        },
    }
