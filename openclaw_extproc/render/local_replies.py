"""Envoy's own error responses, in the format of the client that receives them.

Five situations in which no answer of ours reaches the client: every attempt ended without an answer (the plan is known,
so is the client's format), a worker of ours ended under an attempt (likewise), the body is too large to be buffered,
another protocol is asked for that Envoy does not carry, and no worker answers (only the path is known).

What a stage answers itself is a local reply to Envoy, too, and right as it is: it meets the first mapper, which changes
nothing.
"""

from collections.abc import Mapping
from dataclasses import replace

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Emergency, ResponseHeaders
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.ext_proc import FAST_PATH, NAMESPACE
from openclaw_extproc.stages import decision_output
from openclaw_extproc.stages.attempt.history import TOLD_BY_ENVOY
from openclaw_extproc.stages.events import SAID_BY_US
from openclaw_extproc.stages.headers import ATTEMPTS, NO_RETRY, REQUEST_ID, RETRY_SOON
from openclaw_extproc.stages.route import stage
from openclaw_extproc.stages.route.request_checks import NO_UPGRADE, TOO_LARGE
from openclaw_extproc.stages.route.request_entry import LOST_DETAILS
from openclaw_extproc.wire import FAMILIES, client_side
from openclaw_extproc.wire.families import Family


def local_replies(
    emergency: Emergency, *, has_fast_path: bool = False, told: ResponseHeaders = "all"
) -> dict[str, Json]:
    """
    Args:
        emergency: What is said when everybody has failed.
        has_fast_path: Whether there are calls that no route stage sees.
        told: What callers are told in `x-openclaw-*`, which no stage tells them then.
    """
    away = Fault(FaultKind.EXHAUSTED, "the gateway is not ready; try again")
    method = Fault(FaultKind.METHOD_NOT_ALLOWED, "the method is none of this API's")
    path = Fault(FaultKind.MALFORMED, "path: cannot be read")
    lost = Fault(FaultKind.EXHAUSTED, stage.LOST_CALL.public)
    slow = Fault(FaultKind.MALFORMED, "request: not all of it arrived in time", 408)
    heads = Fault(FaultKind.MALFORMED, "request headers: too many or too large", 431)
    mappers: list[dict[str, Json]] = [{"filter": _details(f" == '{SAID_BY_US}'")}]
    mappers.append(_mapper([_connect()], method, FAMILIES[-1].formats[0], NO_RETRY))  # it has no path
    mappers += [_mapper([_upgrade(), *_path(f)], NO_UPGRADE, f.formats[0], NO_RETRY) for f in FAMILIES]
    mappers += [_mapper([_lost_reply(), _is_of(f)], lost, f.formats[0], RETRY_SOON) for f in FAMILIES]
    mappers += _all_failed(emergency, has_fast_path=has_fast_path, told=told)
    for family in FAMILIES:
        mappers.append(_mapper([_status(405), *_path(family)], method, family.formats[0], NO_RETRY))
        mappers.append(_mapper([_bad_path(), *_path(family)], path, family.formats[0], NO_RETRY))
    for family in FAMILIES:
        mappers.append(
            _mapper([_details(" == 'overload'"), *_path(family)], stage.OVERLOAD, family.formats[0], RETRY_SOON)
        )
        mappers.append(_mapper([_status(408), *_path(family)], slow, family.formats[0], RETRY_SOON))
        mappers.append(_mapper([_status(431), *_path(family)], heads, family.formats[0], NO_RETRY))
        mappers.append(_mapper([_status(413), *_path(family)], TOO_LARGE, family.formats[0], NO_RETRY))
        # A service that restarts is back in a moment: here an SDK shall try again.
        mappers.append(_mapper([_failed_reply(), *_path(family)], away, family.formats[0], {"retry-after": "1"}))
    return {"mappers": list[Json](mappers)}


def _all_failed(emergency: Emergency, *, has_fast_path: bool, told: ResponseHeaders) -> list[dict[str, Json]]:
    """For calls whose last attempt got no answer."""
    out, mappers = Fault(FaultKind.EXHAUSTED, emergency.message), list[dict[str, Json]]()
    over = {"retry-after": str(-(-emergency.retry_after_ms // 1000)), **NO_RETRY}
    unplanned = over
    if has_fast_path:  # on which nobody else tells
        unplanned = over | _told_by_envoy("%REQ(X-REQUEST-ID)%", told)
        over |= _told_by_envoy(f"%DYNAMIC_METADATA({NAMESPACE}:request_id)%", told)
    for family in FAMILIES:
        # A provider said why it failed before the last one gave no answer.
        telling = [_failed_reply(), _is_of(family), _is_noted(TOLD_BY_ENVOY, {"present_match": True})]
        mappers.append(_with_words(_mapper(telling, out, family.formats[0], over), out, family.formats[0]))
        mappers.append(_mapper([_failed_reply(), _is_of(family)], out, family.formats[0], over))
    if has_fast_path:
        mappers += [_mapper([_failed_reply(), _unplanned(), *_path(f)], out, f.formats[0], unplanned) for f in FAMILIES]
    return mappers


def _mapper(
    filters: list[dict[str, Json]], fault: Fault, client_format: str, headers: Mapping[str, str]
) -> dict[str, Json]:
    body = client_side(client_format).encode_error(fault).decode()
    added: list[Json] = [
        {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key, value in headers.items()
    ]
    return {
        "filter": {"and_filter": {"filters": list[Json](filters)}} if len(filters) > 1 else filters[0],
        "status_code": fault.status,
        "headers_to_add": added,
        "body_format_override": {
            "text_format_source": {"inline_string": body.replace("%", "%%")},
            "content_type": "application/json",
        },
    }


def _told_by_envoy(request_id: str, told: ResponseHeaders) -> dict[str, str]:
    attempts = "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"
    return decision_output.allowed_headers({REQUEST_ID: request_id, ATTEMPTS: attempts}, told)


def _with_words(mapper: dict[str, Json], fault: Fault, client_format: str) -> dict[str, Json]:
    """The same, and behind the message what is noted of the attempts; as JSON, so that Envoy escapes it."""
    said = replace(fault, public=f"{fault.public}{_WORDS}")
    body = j.parse(client_side(client_format).encode_error(said), where="our own error")
    return {**mapper, "body_format_override": {"json_format": _format(body)}}


_WORDS = f"%DYNAMIC_METADATA({NAMESPACE}:{TOLD_BY_ENVOY})%"


def _format(value: Json) -> Json:
    """As a format of Envoy's, where nothing but `_WORDS` is a command."""
    match value:
        case str():
            return _WORDS.join(part.replace("%", "%%") for part in value.split(_WORDS))
        case dict():
            return {name: _format(one) for name, one in value.items()}
        case _:
            return value


def _failed_reply() -> dict[str, Json]:
    value: dict[str, Json] = {"default_value": 500, "runtime_key": "openclaw.local_reply"}
    return {"status_code_filter": {"comparison": {"op": "GE", "value": value}}}


def _lost_reply() -> dict[str, Json]:
    """It was one of our workers that ended or did not answer, or a limit of Envoy's own: no provider."""
    return _details(f".matches('{LOST_DETAILS}')")


def _unplanned() -> dict[str, Json]:
    """Nobody was there at any attempt of a call on the fast path, so no stage has noted anything of it."""
    return _cel(f"xds.route_name == '{FAST_PATH}' && !response.code_details.matches('{LOST_DETAILS}')")


def _upgrade() -> dict[str, Json]:
    """To a protocol that the listener does not know, of whatever path: no stage has seen it."""
    return _details(" == 'upgrade_failed'")


def _details(are: str) -> dict[str, Json]:
    return _cel(f"response.code_details{are}")


def _cel(expression: str) -> dict[str, Json]:
    cel = "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    return {
        "extension_filter": {
            "name": "envoy.access_loggers.extension_filters.cel",
            "typed_config": {"@type": cel, "expression": expression},
        }
    }


def _connect() -> dict[str, Json]:
    """`CONNECT`, which Envoy 1.40 refuses by itself with 403 before our stage sees it."""
    return _cel("request.method == 'CONNECT'")


def _bad_path() -> dict[str, Json]:
    """Envoy could not bring it into one spelling."""
    return _details(" == 'path_normalization_failed'")


def _status(code: int) -> dict[str, Json]:
    value: dict[str, Json] = {"default_value": code, "runtime_key": f"openclaw.local_reply_{code}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def _is_of(family: Family) -> dict[str, Json]:
    return _is_noted("family", {"string_match": {"exact": family.formats[0]}})


def _is_noted(key: str, value: dict[str, Json]) -> dict[str, Json]:
    matcher: dict[str, Json] = {"filter": NAMESPACE, "path": [{"key": key}], "value": value}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}}


def _path(family: Family) -> list[dict[str, Json]]:
    """The family's prefix or bare paths; the last family takes whatever is left."""
    if family is FAMILIES[-1]:
        return []
    any_of: list[Json] = [
        {"header_filter": {"header": {"name": ":path", "string_match": {"prefix": prefix}}}}
        for prefix in (f"{family.prefix}/", *family.bare)
    ]
    return [{"or_filter": {"filters": any_of}}]
