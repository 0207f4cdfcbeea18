"""Envoy's protobuf messages to our events, and our answers back. Nothing is decided here."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from google.protobuf import any_pb2, json_format

from openclaw_extproc.gateway import Target
from openclaw_extproc.model.json import Json
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.pb import priority_group_pb2 as pg
from openclaw_extproc.render.ext_proc import (
    CLAIMS,
    CLUSTER,
    CONNECTED,
    DETAILS,
    FAST_PATH,
    GROUPS_NAMESPACE,
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
    Credential,
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
    To,
)
from openclaw_extproc.stages.fast_path.combined import MODEL, REQUEST

FILTER = "envoy.filters.http.ext_proc"

_NO_TOKEN_OF_OURS = frozenset({1, *range(4, 25)})
"""The codes with which `jwt_authn` of Envoy 1.40 says that there is no token of ours: none at all (1), none that can be
read (4 to 23), or one of another issuer (24). With all other codes the issuer is ours and the token too old, too new,
for others or not signed."""

_SEND, _SKIP = 1, 2
_NONE, _STREAMED, _BUFFERED = 0, 1, 2


def _mode(
    *, request_body: int = _NONE, response_body: int = _NONE, response_trailers: int = _SKIP
) -> pb.ProcessingMode:
    """The messages that Envoy is to send of a request from now on: both heads, and what is named here.

    Envoy obeys because our filters say `allow_mode_override`.
    """
    return pb.ProcessingMode(
        request_header_mode=_SEND,
        response_header_mode=_SEND,
        request_body_mode=request_body,
        response_body_mode=response_body,
        request_trailer_mode=_SKIP,
        response_trailer_mode=response_trailers,
    )


_BYPASS = _mode()
_STAY = _mode(response_trailers=_SEND)
"""Envoy 1.40 ends a stream on which it has nothing more to ask."""
_RELAY = _mode(response_body=_STREAMED)
"""Trailers there are none: these clusters speak HTTP/1.1, of which Envoy drops them."""
_WHOLE = _mode(request_body=_BUFFERED)
"""The route stage asks for it once it has seen a request: it gets the head of the answer as well."""

_OVERWRITE = pb.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD


class UnexpectedMessageError(ValueError):
    """Envoy sends what our configuration of it does not ask for."""


def read_message(message: pb.ProcessingRequest, *, at: float) -> Event:
    match message.WhichOneof("request"):
        case "request_headers":
            head = message.request_headers
            told = _attributes(message)
            cluster, metadata = told.get(CLUSTER, ""), _metadata(message)
            if PLAN in told:
                metadata["plan"] = told[PLAN]
            if PLANNED in told:
                metadata[REQUEST] = told[PLANNED]
            if READ_MODEL in told:
                metadata[MODEL] = told[READ_MODEL]
            names = tuple(told[name] for name in PEER_NAMES if told.get(name))
            claims, is_bad = _token(message)
            is_reused, by_envoy = CONNECTED in told, told.get(ROUTE) == FAST_PATH
            return RequestHead(
                _headers(head), at, head.end_of_stream, cluster, metadata, names, claims, is_bad, is_reused, by_envoy
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


ApplyCredential: TypeAlias = Callable[[Credential], Mapping[str, str]]
"""A function from a credential to the headers that carry it. There are none where the secret is missing: the provider
then answers 401."""


def write_answer(answer: Answer, put_on: ApplyCredential) -> pb.ProcessingResponse:
    match answer:
        case Reply(status, headers, body):
            immediate = pb.ImmediateResponse(status=pb.HttpStatus(code=status), body=body, details=SAID_BY_US)
            _set(immediate.headers, headers)
            return pb.ProcessingResponse(immediate_response=immediate)
        case Deliver(chunk, end):
            return pb.ProcessingResponse(response_body=_body_in_place(chunk, end=end))
        case Relay(chunk, changed):
            return pb.ProcessingResponse(response_body=_body_relay(chunk, changed=changed))
        case ExtendTimeout(milliseconds):
            return _message_timeout(milliseconds)
        case Continue():
            return _continue(answer, put_on)


def _body_in_place(chunk: bytes, *, end: bool) -> pb.BodyResponse:
    streamed = pb.StreamedBodyResponse(body=chunk, end_of_stream=end)
    return pb.BodyResponse(response=pb.CommonResponse(body_mutation=pb.BodyMutation(streamed_response=streamed)))


def _body_relay(chunk: bytes, *, changed: bool) -> pb.BodyResponse:
    if not changed:
        return pb.BodyResponse()
    mutation = pb.BodyMutation(body=chunk) if chunk else pb.BodyMutation(clear_body=True)
    return pb.BodyResponse(response=pb.CommonResponse(body_mutation=mutation))


def _message_timeout(milliseconds: int) -> pb.ProcessingResponse:
    response = pb.ProcessingResponse()
    response.override_message_timeout.FromMilliseconds(milliseconds)
    return response


def _continue(answer: Continue, put_on: ApplyCredential) -> pb.ProcessingResponse:
    response = pb.ProcessingResponse()
    common = _common(response, answer.to)
    if common is None:
        return response
    _set(common.header_mutation, answer.set_headers)
    if answer.credential is not None:
        _set(common.header_mutation, put_on(answer.credential))  # the very last step of an attempt
    common.header_mutation.remove_headers.extend(answer.remove_headers)
    if answer.body is not None:
        _replace_body(common, answer)
    _override_mode(response, answer)
    if answer.groups:
        if answer.to is not To.RESPONSE_HEAD:  # of a failed answer: the router looks the groups up anew by itself
            common.clear_route_cache = True  # ignored unless some header changes as well (Envoy 1.40)
        response.typed_dynamic_metadata[GROUPS_NAMESPACE].CopyFrom(_groups(answer.groups))
    for name, values in ((NAMESPACE, answer.metadata), (NOTES_NAMESPACE, answer.notes)):
        if values:
            noted = response.dynamic_metadata.fields[name].struct_value.fields
            for key, value in values.items():
                noted[key].string_value = value
    return response


def _override_mode(response: pb.ProcessingResponse, answer: Continue) -> None:
    for is_wanted, mode in (
        (answer.reads, _WHOLE),
        (answer.bypass, _BYPASS),
        (answer.stays, _STAY),
        (answer.relays, _RELAY),
    ):
        if is_wanted:
            response.mode_override.CopyFrom(mode)


def _common(response: pb.ProcessingResponse, to: To) -> pb.CommonResponse | None:
    """The part of the response that carries the changes; the oneof has to be set even when there are none."""
    match to:
        case To.REQUEST_HEAD:
            response.request_headers.SetInParent()
            return response.request_headers.response
        case To.REQUEST_BODY:
            response.request_body.SetInParent()
            return response.request_body.response
        case To.RESPONSE_HEAD:
            response.response_headers.SetInParent()
            return response.response_headers.response
        case To.RESPONSE_TRAILERS:
            response.response_trailers.SetInParent()
            return None


def _replace_body(common: pb.CommonResponse, answer: Continue) -> None:
    if answer.body:
        common.body_mutation.body = answer.body
    else:
        common.body_mutation.clear_body = True


def _set(mutation: pb.HeaderMutation, headers: Mapping[str, str]) -> None:
    for key, value in headers.items():
        header = pb.HeaderValue(key=key, raw_value=value.encode("latin-1", "replace"))
        mutation.set_headers.add(header=header, append_action=_OVERWRITE)


def _groups(groups: tuple[tuple[Target, ...], ...]) -> any_pb2.Any:
    override = pg.PriorityGroupsOverride()
    for number, targets in enumerate(groups, 1):
        group = override.priority_groups.add(name=f"attempt-{number}")
        for target in targets:
            group.clusters.add(cluster_name=target.provider.cluster).weight.value = target.weight
    packed = any_pb2.Any()
    packed.Pack(override)
    return packed
