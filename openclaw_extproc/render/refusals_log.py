"""An access log on Envoy's standard error with a line for each request that Envoy rejects before a stage receives it.

`up` reads that and puts it into our log. Field meanings: Envoy 1.40, config.accesslog.v3.
"""

from openclaw_extproc.model.json import Json

_CEL = "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
_STDERR = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StderrAccessLog"

UNSEEN = "^http[123][.]|header|path|request_overall_timeout|request_payload_too_large"
"""Of Envoy's "response code details", those of its codecs and of its own checks of a request."""
LINE = "refused: %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% from %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%\n"
"""Nothing of what the client wrote stands in it."""


def refusals_log() -> dict[str, Json]:
    unseen = f"response.code >= 400 && response.code_details.matches('{UNSEEN}')"
    return {
        "name": "envoy.access_loggers.stderr",
        "filter": {
            "extension_filter": {
                "name": "envoy.access_loggers.extension_filters.cel",
                "typed_config": {"@type": _CEL, "expression": unseen},
            }
        },
        "typed_config": {"@type": _STDERR, "log_format": {"text_format_source": {"inline_string": LINE}}},
    }
