"""An access log on Envoy's standard error with a line for each attempt without a response and its connection failure.

`up` reads that and puts it into our log. No stage can know it: an attempt's filters are destroyed without a word, and
the next attempt sees nothing of the one before (decision 30). Field meanings: Envoy 1.40, config.accesslog.v3.
"""

from openclaw_extproc.model.json import Json

_STDERR = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StderrAccessLog"

FLAGS = {"UF": "remote_connection_failure", "UC": "connection_termination", "UT": "upstream_per_try_timeout"}
"""Envoy's flags of an attempt that got no answer, and what its "response code details" say where it is the last one."""
PREFIX = "unanswered: "
LINE = (
    f"{PREFIX}%UPSTREAM_CLUSTER% %DURATION% %RESPONSE_FLAGS% %UPSTREAM_TRANSPORT_FAILURE_REASON% "
    "%REQ(X-REQUEST-ID):128%\n"
)
"""Attempts remove the request's id before they go out, so it is there only where none before has got so far. It may be
the client's own, and comes last."""


def unanswered_log() -> dict[str, Json]:
    return {
        "name": "envoy.access_loggers.stderr",
        "filter": {"response_flag_filter": {"flags": list[Json](FLAGS)}},
        "typed_config": {"@type": _STDERR, "log_format": {"text_format_source": {"inline_string": LINE}}},
    }
