"""Access logs on Envoy's standard error, which `up` reads and puts into its own log.

One has a line for each request that Envoy rejects before a stage receives it; the other a line for each attempt without
a response, with the failure of its connection. No stage can know the latter: an attempt's filters are destroyed without
a word, and the next attempt sees nothing of the one before (decision 30). Field meanings: Envoy 1.40,
config.accesslog.v3.
"""

from openclaw_extproc.model.json import Json
from openclaw_extproc.render.ext_proc import FAST_PATH, FIELDS_NAMESPACE, NAMESPACE, NOTES_NAMESPACE
from openclaw_extproc.stages.events import SAID_BY_US
from openclaw_extproc.stages.fast_path.combined import ENTERED
from openclaw_extproc.stages.fast_path.routes import MODEL_FIELD

_CEL = "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
_STDERR = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StderrAccessLog"

UNSEEN = "^http[123][.]|header|path|request_overall_timeout|request_payload_too_large"
"""Of Envoy's "response code details", those of its codecs and of its own checks of a request."""
REFUSAL_LINE = "refused: %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% from %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%\n"
"""Nothing of what the client wrote stands in it."""


def refusals_log() -> dict[str, Json]:
    """The access log of requests that Envoy rejects by itself."""
    unseen = f"response.code >= 400 && response.code_details.matches('{UNSEEN}')"
    return {
        "name": "envoy.access_loggers.stderr",
        "filter": {
            "extension_filter": {
                "name": "envoy.access_loggers.extension_filters.cel",
                "typed_config": {"@type": _CEL, "expression": unseen},
            }
        },
        "typed_config": {"@type": _STDERR, "log_format": {"text_format_source": {"inline_string": REFUSAL_LINE}}},
    }


FLAGS = {"UF": "remote_connection_failure", "UC": "connection_termination", "UT": "upstream_per_try_timeout"}
"""Envoy's flags of an attempt that got no answer, and what its "response code details" say where it is the last one."""
PREFIX = "unanswered: "
UNANSWERED_LINE = (
    f"{PREFIX}%UPSTREAM_CLUSTER% %DURATION% %RESPONSE_FLAGS% %UPSTREAM_TRANSPORT_FAILURE_REASON% "
    "%REQ(X-REQUEST-ID):128%\n"
)
"""Attempts remove the request's id before they go out, so it is there only where none before has got so far. It may be
the client's own, and comes last."""


CALL_PREFIX = "call without an answer of ours: "
CALL_LINE = (
    f"{CALL_PREFIX}%RESPONSE_CODE% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %UPSTREAM_CLUSTER% %RESPONSE_CODE_DETAILS%"
    f"\t%DYNAMIC_METADATA({NAMESPACE})%\t%DYNAMIC_METADATA({NOTES_NAMESPACE})%"
    f"\t%DURATION%\t%REQ(:PATH)%\t%DYNAMIC_METADATA({FIELDS_NAMESPACE}:{MODEL_FIELD})%"
    "\t%REQ(X-REQUEST-ID):128%\n"
)
"""What is noted of a call is JSON, in which no tab and no new line can stand; its path and its model are in our routes,
and its id comes last, as it may be the client's own. The last three are of use where no attempt has noted anything."""


def unentered_log() -> dict[str, Json]:
    """The access log of calls on the fast path that no stage has the last word of: Envoy answered by itself, or the
    client had gone."""
    entered = f"'{NAMESPACE}' in metadata.filter_metadata && '{ENTERED}' in metadata.filter_metadata['{NAMESPACE}']"
    ours = f"xds.route_name == '{FAST_PATH}' && response.code_details != '{SAID_BY_US}' && !({entered})"
    expression: dict[str, Json] = {
        "name": "envoy.access_loggers.extension_filters.cel",
        "typed_config": {"@type": _CEL, "expression": ours},
    }
    return {
        "name": "envoy.access_loggers.stderr",
        "filter": {"extension_filter": expression},
        "typed_config": {"@type": _STDERR, "log_format": {"text_format_source": {"inline_string": CALL_LINE}}},
    }


def unanswered_log() -> dict[str, Json]:
    """The access log of attempts without a response."""
    return {
        "name": "envoy.access_loggers.stderr",
        "filter": {"response_flag_filter": {"flags": list[Json](FLAGS)}},
        "typed_config": {"@type": _STDERR, "log_format": {"text_format_source": {"inline_string": UNANSWERED_LINE}}},
    }
