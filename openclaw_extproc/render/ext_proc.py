"""The ext_proc filters of the two stages. Field meanings: Envoy 1.40, extensions.filters.http.ext_proc.v3."""

from openclaw_extproc.callers import CallerRules
from openclaw_extproc.gateway import Timeouts
from openclaw_extproc.model.json import Json
from openclaw_extproc.stages.attempt.retries import MAX_ANSWER_BYTES
from openclaw_extproc.stages.fast_path.combined import REQUEST
from openclaw_extproc.stages.fast_path.routes import MODEL_FIELD
from openclaw_extproc.stages.route.stage import ENVOY_WAITS_MS, MAX_MESSAGE_TIMEOUT_MS

ROUTE_CLUSTER = "openclaw_route"
ATTEMPT_CLUSTER = "openclaw_attempt"

NAMESPACE = "openclaw"
"""What is noted of a request: its plan, and what people may read of the decision."""
LENGTH_HEADER = "x-openclaw-content-length"
"""On a request whose body an attempt has replaced by the answer to its head: the length of that body, for the filter
behind the stage, because Envoy 1.40 takes the `content-length` away with such an answer."""
PLAN = f"metadata.filter_metadata['{NAMESPACE}']['plan']"
"""An attribute, so that Envoy sends it with the head alone: what it forwards of metadata goes with every message."""
EARLIER_PLAN = f"metadata.filter_metadata['{NAMESPACE}'].plan"
"""The same, as clusters files had it that know no `LENGTH_HEADER`."""
CONNECTED_ATTRIBUTE = "upstream.local_address"
"""There with the head of an attempt that goes out on a connection which has been used before (seen with Envoy 1.40): a
new one is still being made then."""
DETAILS = "response.code_details"
"""Why Envoy answers by itself, where it does."""
CLUSTER = "xds.cluster_name"
"""Where an attempt goes."""
ROUTE, FAST_PATH = "xds.route_name", "openclaw-fast"
"""The name of an attempt's route, and that of routes of the fast path: no route stage has seen their calls."""
PLANNED = f"metadata.filter_metadata['{NAMESPACE}'].{REQUEST}"
"""What an attempt of the fast path needs besides the plan."""
FIELDS_NAMESPACE = "openclaw.fields"
"""Fields of a request's body, as Envoy has read them."""
READ_MODEL = f"metadata.filter_metadata['{FIELDS_NAMESPACE}'].{MODEL_FIELD}"
NOTES_NAMESPACE = "openclaw.attempts"
"""A few words of each attempt."""
GROUPS_NAMESPACE = "openclaw.priority_groups"

JWT_NAMESPACE = "envoy.filters.http.jwt_authn"
"""Where Envoy notes the claims of a token that it has verified. No client and no provider can write there."""
CLAIMS, REFUSED_TOKEN = "claims", "refused"
PEER_NAMES = ("connection.uri_san_peer_certificate", "connection.dns_san_peer_certificate")
"""Attributes of the connection, not of the request: no client can send them."""

_MIB = 1024 * 1024
BUFFER_BYTES = _MIB
"""Per connection to providers. So much of an answer is read at a time, and comes to a stage in one message."""

# Envoy 1.40 crashes when a buffer that an answer waits in crosses its limit while the answer's provider is through and
# we still have some of it (decision 21). So none of these may be reached by answers of up to `MAX_ANSWER_BYTES`.
STAGE_STREAM_BYTES = 2**31 - 1
"""Of one stream to a stage, which nobody reaches: a worker takes in what a provider sends as fast as it comes, and ends
an answer of which too much waits for its turn (`edge.run_queue.WaitingBytes`)."""
REQUEST_BUFFER_BYTES = MAX_ANSWER_BYTES + 16 * _MIB
"""Of one request, in each direction: what waits for the route stage of its body, and of its answer. Larger than
`MAX_BODY_BYTES` for the answer's sake: a body between the two is refused by the route stage."""
STAGE_CONNECTION_BYTES = 512 * _MIB
"""Of a connection to a stage, where no more waits than the window that the stage gives."""
CLIENT_STREAM_BYTES = 2 * MAX_ANSWER_BYTES
"""Of one HTTP/2 stream to an application: a whole answer, also where a translation has made it longer."""
CLIENT_CONNECTION_BYTES = 2**31 - 1
"""Of a connection from an application, for whatever it has asked for and does not read. The heap limit
(`gateway.downstream.max_heap_mib`) comes first."""

_USUAL_TIMEOUT = f"{ENVOY_WAITS_MS / 1000:g}s"
_TYPE = "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor"


def route_stage(callers: CallerRules, *, retries: bool = True) -> dict[str, Json]:
    """The HTTP filter of the listener. It is shown of the caller what the configuration identifies callers by."""
    claims: list[Json] = [] if callers.jwt is None else [JWT_NAMESPACE]
    namespaces: dict[str, Json] = {
        "receiving_namespaces": {"untyped": [NAMESPACE], "typed": [GROUPS_NAMESPACE]},
        "forwarding_namespaces": {"untyped": [*claims, NOTES_NAMESPACE]},
    }
    attributes: dict[str, Json] = {"request_attributes": list(PEER_NAMES)} if callers.reads_certificates else {}
    return {
        **attributes,
        "@type": _TYPE,
        "grpc_service": _service(ROUTE_CLUSTER, retries=retries),
        # A worker that dies after the plan takes nothing with it that the attempts need; a request without a plan
        # goes to a route that refuses it, or to the one of `on_sidecar_failure`. The attempt stage never fails open:
        # what it has not rewritten would go to a provider it is not for.
        "failure_mode_allow": True,
        # For requests that go past us unread, for the answers to those we have seen, and for their bodies where a
        # credential of ours is cut out.
        "allow_mode_override": True,
        "message_timeout": _USUAL_TIMEOUT,
        # Asked for where a question has to be answered first.
        "max_message_timeout": f"{MAX_MESSAGE_TIMEOUT_MS // 1000}s",
        "processing_mode": {
            "request_header_mode": "SEND",
            "request_body_mode": "BUFFERED",
            # Of requests that it has seen, we ask for it. Of others this would lose the answer: to a request that its
            # codec refuses, Envoy closes the connection before we have looked at the 400 or 431.
            "response_header_mode": "SKIP",
            "response_body_mode": "NONE",
            "request_trailer_mode": "SKIP",
            "response_trailer_mode": "SKIP",
        },
        # Of a body in which a model's name was written anew. What is cut out of an answer is replaced by as much.
        "allow_content_length_header": True,
        "mutation_rules": {"allow_envoy": True, "allow_all_routing": True},
        "response_attributes": [DETAILS, CLUSTER],
        "metadata_options": namespaces,
    }


def attempt_stage(timeouts: Timeouts, *, retries: bool = True) -> dict[str, Json]:
    """The upstream HTTP filter of every provider cluster."""
    longest = timeouts.max_attempt_timeout_ms // 1000 + 10
    return {
        "@type": _TYPE,
        "grpc_service": _service(ATTEMPT_CLUSTER, retries=retries),
        "failure_mode_allow": False,
        "message_timeout": f"{longest}s",
        "allow_content_length_header": True,
        "processing_mode": {
            "request_header_mode": "SEND",
            # Whole, because a retry may send a body twice that went out in pieces (envoy issues 36119 and 46237).
            "request_body_mode": "BUFFERED",
            "response_header_mode": "SEND",
            # We deliver the body on our own account: its head can wait for it, and a word of ours can follow it.
            "response_body_mode": "FULL_DUPLEX_STREAMED",
            "request_trailer_mode": "SKIP",
            "response_trailer_mode": "SEND",
        },
        "mutation_rules": {"allow_envoy": True, "allow_all_routing": True},
        "request_attributes": [CLUSTER, PLAN, CONNECTED_ATTRIBUTE, ROUTE, PLANNED, READ_MODEL],
        "metadata_options": {
            "forwarding_namespaces": {"untyped": [NOTES_NAMESPACE]},
            "receiving_namespaces": {"untyped": [NAMESPACE, NOTES_NAMESPACE], "typed": [GROUPS_NAMESPACE]},
        },
    }


def unread_stage(*, retries: bool = True) -> dict[str, Json]:
    """The upstream HTTP filter of a provider's second cluster: it sees the head of the request, and nothing else."""
    return {
        "@type": _TYPE,
        "grpc_service": _service(ATTEMPT_CLUSTER, retries=retries),
        "failure_mode_allow": False,
        "message_timeout": _USUAL_TIMEOUT,
        "processing_mode": {
            "request_header_mode": "SEND",
            "request_body_mode": "NONE",
            # Never the answer's head: 1.40 crashes when an answer is whole while a filter here holds its head and the
            # request is not through, as with a refused upload or websocket.
            "response_header_mode": "SKIP",
            "response_body_mode": "NONE",
            "request_trailer_mode": "SKIP",
            "response_trailer_mode": "SKIP",
        },
        "mutation_rules": {"allow_envoy": True, "allow_all_routing": True},
        "request_attributes": [CLUSTER, PLAN],
        "metadata_options": {"receiving_namespaces": {"untyped": [NOTES_NAMESPACE]}},
    }


def _service(cluster: str, *, retries: bool) -> dict[str, Json]:
    """A stream that ends before a worker said anything on it begins anew with another one.

    `retries`: there can be another one. What is kept for it costs Envoy a quarter of a plain request for each stream.
    """
    if not retries:
        return {"envoy_grpc": {"cluster_name": cluster}}
    policy: dict[str, Json] = {
        "retry_on": "connect-failure,refused-stream,reset,unavailable,cancelled",
        "num_retries": 3,  # no more: a request that kills who reads it must not kill everybody
        "retry_back_off": {"base_interval": "0.01s", "max_interval": "0.2s"},
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
                },
            }
        ],
        # A dead worker has least to do, so it is drawn in three of four draws between two: try until it is another.
        "host_selection_retry_max_attempts": 32,
    }
    return {"envoy_grpc": {"cluster_name": cluster}, "retry_policy": policy}
