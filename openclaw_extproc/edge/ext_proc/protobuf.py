"""Envoy's protobuf messages to our events, and our answers back. Nothing is decided here."""

from collections.abc import Mapping

from google.protobuf import json_format

from openclaw_extproc.edge.ext_proc.fast_protobuf import ApplyCredential, write_continue, write_delivery
from openclaw_extproc.model.json import Json
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.render.ext_proc import (
    CLAIMS,
    CLUSTER,
    CONNECTED_ATTRIBUTE,
    DETAILS,
    EARLIER_PLAN,
    FAST_PATH,
    JWT_NAMESPACE,
    NAMESPACE,
    NOTES_NAMESPACE,
    PEER_NAMES,
    PLAN,
    PLANNED,
    READ_MODEL,
    REFUSED_TOKEN,
    ROUTE,
)
from openclaw_extproc.stages.events import (
    SAID_BY_US,
    Answer,
    Continue,
    Deliver,
    Event,
    ExtendTimeout,
    Relay,
    Reply,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
    ResponseTrailers,
)
from openclaw_extproc.stages.fast_path.combined import MODEL, REQUEST

FILTER = "envoy.filters.http.ext_proc"

_NO_TOKEN_OF_OURS = frozenset({1, *range(4, 25)})
"""The codes with which `jwt_authn` of Envoy 1.40 says that there is no token of ours: none at all (1), none that can be
read (4 to 23), or one of another issuer (24). With all other codes the issuer is ours and the token too old, too new,
for others or not signed."""

_OVERWRITE = pb.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD


class UnexpectedMessageError(ValueError):
    """Envoy sends what our configuration of it does not ask for."""


def read_message(message: pb.ProcessingRequest, *, at: float) -> Event:
    match message.WhichOneof("request"):
        case "request_headers":
            head = message.request_headers
            told = _attributes(message)
            cluster, metadata = told.get(CLUSTER, ""), _metadata(message)
            if plan := told.get(PLAN) or told.get(EARLIER_PLAN):
                metadata["plan"] = plan
            if PLANNED in told:
                metadata[REQUEST] = told[PLANNED]
            if READ_MODEL in told:
                metadata[MODEL] = told[READ_MODEL]
            return RequestHead(
                _headers(head),
                at,
                head.end_of_stream,
                cluster,
                metadata,
                tuple(told[name] for name in PEER_NAMES if told.get(name)),
                *_token(message),
                is_reused=CONNECTED_ATTRIBUTE in told,
                takes_whole=PLAN in told,
                is_routed_by_envoy=told.get(ROUTE) == FAST_PATH,
            )
        case "request_body":
            return RequestBody(message.request_body.body, at)
        case "response_headers":
            answer, told = message.response_headers, _attributes(message)
            notes = _metadata(message) if DETAILS in told else {}
            details, cluster = told.get(DETAILS, ""), told.get(CLUSTER, "")
            return ResponseHead(_headers(answer), at, answer.end_of_stream, details, notes, cluster)
        case "response_body":
            return ResponseBody(message.response_body.body, message.response_body.end_of_stream, at)
        case "response_trailers":
            return ResponseTrailers(at)
        case other:
            raise UnexpectedMessageError(f"Envoy sent {other}: its processing_mode is not the one we render")


def _headers(head: pb.HttpHeaders) -> dict[str, str]:
    headers: dict[str, str] = {}
    for header in head.headers.headers:
        value = header.raw_value.decode("latin-1")
        headers[header.key] = f"{headers[header.key]}, {value}" if header.key in headers else value
    return headers


def _attributes(message: pb.ProcessingRequest) -> dict[str, str]:
    if FILTER not in message.attributes:
        return {}
    return {key: value.string_value for key, value in message.attributes[FILTER].fields.items()}


def _metadata(message: pb.ProcessingRequest) -> dict[str, str]:
    forwarded = message.metadata_context.filter_metadata
    found = (forwarded[name].fields for name in (NAMESPACE, NOTES_NAMESPACE) if name in forwarded)
    return {key: value.string_value for fields in found for key, value in fields.items()}


def _token(message: pb.ProcessingRequest) -> tuple[Mapping[str, Json] | None, bool]:
    """The claims of a token that `jwt_authn` has verified, and whether it has refused one."""
    forwarded = message.metadata_context.filter_metadata
    if JWT_NAMESPACE not in forwarded:
        return None, False
    fields = forwarded[JWT_NAMESPACE].fields
    claims = json_format.MessageToDict(fields[CLAIMS].struct_value) if CLAIMS in fields else None
    if REFUSED_TOKEN not in fields:
        return claims, False
    return claims, int(fields[REFUSED_TOKEN].struct_value.fields["code"].number_value) not in _NO_TOKEN_OF_OURS


def write_answer(answer: Answer, put_on: ApplyCredential) -> bytes:
    match answer:
        case Continue():
            return write_continue(answer, put_on)
        case Deliver(chunk, end):
            return write_delivery(chunk, end=end)
        case Reply(status, headers, body):
            immediate = pb.ImmediateResponse(status=pb.HttpStatus(code=status), body=body, details=SAID_BY_US)
            _set(immediate.headers, headers)
            return pb.ProcessingResponse(immediate_response=immediate).SerializeToString()
        case Relay(chunk, changed):
            return pb.ProcessingResponse(response_body=_body_relay(chunk, changed=changed)).SerializeToString()
        case ExtendTimeout(milliseconds):
            return _message_timeout(milliseconds).SerializeToString()


def _body_relay(chunk: bytes, *, changed: bool) -> pb.BodyResponse:
    if not changed:
        return pb.BodyResponse()
    mutation = pb.BodyMutation(body=chunk) if chunk else pb.BodyMutation(clear_body=True)
    return pb.BodyResponse(response=pb.CommonResponse(body_mutation=mutation))


def _message_timeout(milliseconds: int) -> pb.ProcessingResponse:
    response = pb.ProcessingResponse()
    response.override_message_timeout.FromMilliseconds(milliseconds)
    return response


def _set(mutation: pb.HeaderMutation, headers: Mapping[str, str]) -> None:
    for key, value in headers.items():
        header = pb.HeaderValue(key=key, raw_value=value.encode("latin-1", "replace"))
        mutation.set_headers.add(header=header, append_action=_OVERWRITE)
