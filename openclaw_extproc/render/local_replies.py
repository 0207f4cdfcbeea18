"""Envoy's own error replies, written in the format of the client that gets them.

Five situations in which no answer of ours reaches the client: every attempt ended without an answer (the plan is known,
so is the client's format), a worker of ours ended under an attempt (likewise), the body is too large to be buffered,
another protocol is asked for that Envoy does not carry, and no worker answers (only the path is known).

What a stage answers itself is a local reply to Envoy, too, and right as it is: it meets the first mapper, which changes
nothing.
"""

from collections.abc import Mapping

from openclaw_extproc.faults import Fault, Kind
from openclaw_extproc.gateway import Emergency
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.ext_proc import BODY_BYTES, NAMESPACE
from openclaw_extproc.stages.arriving import NO_UPGRADE
from openclaw_extproc.stages.ended import LOST
from openclaw_extproc.stages.events import SAID_BY_US
from openclaw_extproc.stages.route import OVERLOADED
from openclaw_extproc.wire import FAMILIES, Family, client_side


def local_replies(emergency: Emergency) -> dict[str, Json]:
    out = Fault(Kind.EXHAUSTED, emergency.message)
    large = Fault(Kind.TOO_LARGE, f"request body: larger than {BODY_BYTES} bytes")
    away = Fault(Kind.EXHAUSTED, "the gateway is not ready; try again")
    seconds = -(-emergency.retry_after_ms // 1000)
    over = {"retry-after": str(seconds), "x-should-retry": "false"}
    lost = Fault(Kind.EXHAUSTED, "the gateway lost this call; try again")
    busy = Fault(Kind.OVERLOADED, OVERLOADED, 503)
    slow = Fault(Kind.MALFORMED, "request: not all of it arrived in time", 408)
    heads = Fault(Kind.MALFORMED, "request headers: too many or too large", 431)
    again = {"retry-after": "1", "x-should-retry": "true"}
    mappers: list[dict[str, Json]] = [{"filter": _details(f" == '{SAID_BY_US}'")}]
    mappers += [
        _mapper([_upgrade(), *_path(f)], NO_UPGRADE, f.formats[0], {"x-should-retry": "false"}) for f in FAMILIES
    ]
    mappers += [_mapper([_lost(), _is_of(f)], lost, f.formats[0], again) for f in FAMILIES]
    mappers += [_mapper([_failed(), _is_of(f)], out, f.formats[0], over) for f in FAMILIES]
    for family in FAMILIES:
        mappers.append(_mapper([_details(" == 'overload'"), *_path(family)], busy, family.formats[0], again))
        mappers.append(_mapper([_status(408), *_path(family)], slow, family.formats[0], again))
        mappers.append(_mapper([_status(431), *_path(family)], heads, family.formats[0], {"x-should-retry": "false"}))
        mappers.append(_mapper([_status(413), *_path(family)], large, family.formats[0], {"x-should-retry": "false"}))
        # A service that restarts is back in a moment: here an SDK shall try again.
        mappers.append(_mapper([_failed(), *_path(family)], away, family.formats[0], {"retry-after": "1"}))
    return {"mappers": list[Json](mappers)}


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


def _failed() -> dict[str, Json]:
    value: dict[str, Json] = {"default_value": 500, "runtime_key": "openclaw.local_reply"}
    return {"status_code_filter": {"comparison": {"op": "GE", "value": value}}}


def _lost() -> dict[str, Json]:
    """It was one of our workers that ended or did not answer, or a limit of Envoy's own: no provider."""
    return _details(f".matches('{LOST}')")


def _upgrade() -> dict[str, Json]:
    """To a protocol that the listener does not know, of whatever path: no stage has seen it."""
    return _details(" == 'upgrade_failed'")


def _details(are: str) -> dict[str, Json]:
    cel = "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    return {
        "extension_filter": {
            "name": "envoy.access_loggers.extension_filters.cel",
            "typed_config": {"@type": cel, "expression": f"response.code_details{are}"},
        }
    }


def _status(code: int) -> dict[str, Json]:
    value: dict[str, Json] = {"default_value": code, "runtime_key": f"openclaw.local_reply_{code}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def _is_of(family: Family) -> dict[str, Json]:
    matcher: dict[str, Json] = {
        "filter": NAMESPACE,
        "path": [{"key": "family"}],
        "value": {"string_match": {"exact": family.formats[0]}},
    }
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
