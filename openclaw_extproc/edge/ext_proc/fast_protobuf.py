"""The frequent messages of ext_proc, read and written without the protobuf library.

Messages with a body in them, read and written without the protobuf library: those of which a stream has most (a
piece of an answer's body as Envoy shows it, and one as we deliver it), and the largest ones (a request's body, as it
comes and as it goes out), of which the library would make one more copy each.

Field numbers: Envoy 1.40, service.ext_proc.v3 (`proto/`). Whatever is not of the usual form is left to the library.

The answer by which Envoy goes on with changed headers, body and metadata, written without the protobuf library.

A call has four of them with some thirty headers and notes, each of which would be an object of the library's.

Field numbers: Envoy 1.40, service.ext_proc.v3 (`proto/`), google.protobuf.Struct and Any. A field of a message is the
tag, the length and the content; what has a default value is left out, as proto3 allows.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from openclaw_extproc.edge.ext_proc.h2.grpc_messages import LONG_BYTES
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.pb import priority_group_pb2 as pg
from openclaw_extproc.render.ext_proc import GROUPS_NAMESPACE, LENGTH_HEADER, NAMESPACE, NOTES_NAMESPACE
from openclaw_extproc.stages.events import Continue, Credential, To

# -- body messages ---------------------------------------------------------------------


_REQUEST_BODY: Final = 0x22
"""The key of field 4 of `ProcessingRequest`, a message."""
_RESPONSE_BODY: Final = 0x2A
"""The key of field 5 of `ProcessingRequest`, a message."""
_METADATA: Final = 0x42
"""The key of field 8 of `ProcessingRequest`, a message; it may follow, and says nothing about a body."""
_HTTP_BODY: Final = 0x0A
"""The key of field 1 of `HttpBody`, bytes."""
_END: Final = b"\x10\x01"
"""Field 2 of `HttpBody` and `StreamedBodyResponse`, true."""
_AROUND_DELIVERY: Final = (b"\x1a", b"\x1a", b"\x0a", b"\x22")
"""The keys of the messages around a chunk, from the inside: `BodyMutation.streamed_response`,
`CommonResponse.body_mutation`, `BodyResponse.response`, `ProcessingResponse.response_body`."""
_AROUND_REPLACEMENT: Final = (b"\x0a", b"\x1a", b"\x0a")
"""The keys of the messages around another body, from the inside: `BodyMutation.body`, `CommonResponse.body_mutation`,
`BodyResponse.response`."""
_MAX_KNOWN: Final = 1024
"""Lengths of chunks whose beginning is remembered."""


def read_response_body(message: bytes | bytearray) -> tuple[bytes, bool] | None:
    """The chunk in a message of Envoy's, and whether nothing follows it; `None` for any other message."""
    return _read_body(message, _RESPONSE_BODY)


def read_request_body(message: bytes | bytearray) -> bytes | None:
    """The whole body in a message of Envoy's; `None` for any other message."""
    found = _read_body(message, _REQUEST_BODY)
    return None if found is None else found[0]


def _read_body(message: bytes | bytearray, kind: int) -> tuple[bytes, bool] | None:
    if len(message) < 2 or message[0] != kind:
        return None
    size, at = _read_varint(message, 1)
    end = at + size
    if size < 0 or end > len(message) or not _has_only_metadata(message, end):
        return None
    if size == 0:
        return b"", False
    if message[at] != _HTTP_BODY:
        return (b"", True) if message[at:end] == _END else None
    length, begin = _read_varint(message, at + 1)
    stop = begin + length
    if length < 0 or stop > end:
        return None
    rest = message[stop:end]
    return (_part(message, begin, stop), rest == _END) if not rest or rest == _END else None


def _part(message: bytes | bytearray, begin: int, stop: int) -> bytes:
    if isinstance(message, bytes):
        return message[begin:stop]
    with memoryview(message) as view:
        return bytes(view[begin:stop])


def _has_only_metadata(message: bytes | bytearray, at: int) -> bool:
    """Whether nothing follows from there on, or only what says nothing about a body."""
    if at == len(message):
        return True
    if message[at] != _METADATA:
        return False
    size, begin = _read_varint(message, at + 1)
    return size >= 0 and begin + size == len(message)


def _read_varint(message: bytes | bytearray, at: int) -> tuple[int, int]:
    """The number at a place, and where it ends; -1 where there is none of up to five bytes."""
    if at < len(message) and (byte := message[at]) < 0x80:
        return byte, at + 1
    number = shift = 0
    for place in range(at, min(at + 5, len(message))):
        byte = message[place]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place + 1
        shift += 7
    return -1, at


def write_delivery(chunk: bytes, *, end: bool) -> bytes:
    """The answer that delivers a chunk of the body. `end`: nothing follows."""
    return _delivery_prefix(len(chunk), end) + chunk + (_END if end else b"")


@lru_cache(maxsize=_MAX_KNOWN)
def _delivery_prefix(length: int, end: bool) -> bytes:  # the key of a cache
    """Returns all bytes of a message that stand before the chunk."""
    begun = b"\x0a" + varint_of(length) if length else b""
    size = len(begun) + length + (len(_END) if end else 0)
    for tag in _AROUND_DELIVERY:
        opened = tag + varint_of(size)
        begun = opened + begun
        size += len(opened)
    return begun


def replacement_parts(kind: bytes, body: bytes) -> tuple[bytes, bytes]:
    """What is to stand behind an answer without a body for it to have this one. `kind`: the answer's key.

    What an answer has twice, whoever reads it puts together (protobuf's encoding: embedded messages are merged).
    """
    begun, size = b"", len(body)
    for tag in (*_AROUND_REPLACEMENT, kind):
        opened = tag + varint_of(size)
        begun = opened + begun
        size += len(opened)
    return begun, body


_ONE_BYTE: Final = tuple(bytes((number,)) for number in range(0x80))


def varint_of(number: int) -> bytes:
    """A number as protobuf has lengths."""
    if number < 0x80:
        return _ONE_BYTE[number]
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


# -- continue messages -----------------------------------------------------------------


ApplyCredential: TypeAlias = Callable[[Credential], Mapping[str, str]]
"""From a credential to the headers that carry it. None where it is not there: the provider then answers 401."""

_KINDS: Final = {To.REQUEST_HEAD: b"\x0a", To.RESPONSE_HEAD: b"\x12", To.REQUEST_BODY: b"\x1a"}
"""Of `ProcessingResponse`: fields 1 to 3, `HeadersResponse` or `BodyResponse`, whose field 1 is a `CommonResponse`."""
_TRAILERS: Final = b"\x32\x00"
"""Of `ProcessingResponse`: field 6, empty."""
_COMMON: Final = b"\x0a"
_CONTINUE_AND_REPLACE: Final = b"\x08\x01"
"""Of `CommonResponse`: field 1. Of a request's head: Envoy sends us no body of it, whatever its processing mode says,
and lets the body go on, or the one that comes with this answer. It takes the `content-length` away with the latter."""
_HEADER_MUTATION, _BODY_MUTATION, _CLEAR_ROUTE_CACHE = b"\x12", b"\x1a", b"\x28\x01"
"""Of `CommonResponse`: fields 2, 3 and 5."""
_BODY, _CLEAR_BODY = b"\x0a", b"\x10\x01"
"""Of `BodyMutation`: fields 1 and 2."""
_SET, _REMOVE = b"\x0a", b"\x12"
"""Of `HeaderMutation`: fields 1, a `HeaderValueOption`, and 2."""
_HEADER, _OVERWRITE = b"\x0a", b"\x18\x02"
"""Of `HeaderValueOption`: fields 1, a `HeaderValue`, and 3, `OVERWRITE_IF_EXISTS_OR_ADD`."""
_KEY, _RAW_VALUE = b"\x0a", b"\x1a"
"""Of `HeaderValue`: fields 1 and 3. Field 1 is the key of an entry of a map, too, and field 2 its value."""
_VALUE, _STRING, _STRUCT = b"\x12", b"\x1a", b"\x2a"
"""Of an entry of `Struct.fields`: field 2, a `Value`; of that: fields 3 and 5."""
_FIELDS: Final = b"\x0a"
"""Of `Struct`: field 1."""
_DYNAMIC_METADATA, _MODE_OVERRIDE, _TYPED_METADATA = b"\x42", b"\x4a", b"\x6a"
"""Of `ProcessingResponse`: fields 8, 9 and 13."""
_TYPE_URL: Final = b"\x0a"
"""Of `Any`: field 1; its field 2 is the value."""

_SEND, _SKIP = 1, 2
_NONE, _STREAMED, _BUFFERED = 0, 1, 2
_KNOWN_GROUPS: Final = 256
"""Chains whose message is remembered: a configuration has a few."""


def _field(tag: bytes, content: bytes) -> bytes:
    return tag + varint_of(len(content)) + content


def _mode(*, request_body: int = _NONE, response_body: int = _NONE, response_trailers: int = _SKIP) -> bytes:
    """The messages that Envoy is to send of a request from now on: both heads, and what is named here.

    Envoy obeys because our filters say `allow_mode_override`.
    """
    mode = pb.ProcessingMode(
        request_header_mode=_SEND,
        response_header_mode=_SEND,
        request_body_mode=request_body,
        response_body_mode=response_body,
        request_trailer_mode=_SKIP,
        response_trailer_mode=response_trailers,
    )
    return _field(_MODE_OVERRIDE, mode.SerializeToString())


_BYPASS = _mode()
_STAY = _mode(response_trailers=_SEND)
"""Envoy 1.40 ends a stream on which it has nothing more to ask."""
_RELAY = _mode(response_body=_STREAMED)
"""Trailers there are none: these clusters speak HTTP/1.1, of which Envoy drops them."""
_WHOLE = _mode(request_body=_BUFFERED)
"""The route stage asks for it once it has seen a request: it gets the head of the answer as well."""


def write_continue(answer: Continue, put_on: ApplyCredential) -> bytes:
    """The message for an answer. `put_on`: called as the last step, where there is a credential to put on."""
    if answer.to is To.RESPONSE_TRAILERS:
        return _TRAILERS
    headers = [_option(name, value) for name, value in answer.set_headers.items()]
    if answer.credential is not None:
        headers += [_option(name, value) for name, value in put_on(answer.credential).items()]
    if answer.is_whole and answer.body is not None:
        headers.append(_option(LENGTH_HEADER, str(len(answer.body))))
    headers += [_field(_REMOVE, name.encode()) for name in answer.remove_headers]
    common = [_CONTINUE_AND_REPLACE] if answer.is_whole else []
    if headers:
        common.append(_field(_HEADER_MUTATION, b"".join(headers)))
    is_long = answer.body is not None and len(answer.body) >= LONG_BYTES  # which would be copied again and again
    if answer.body is not None and not is_long:
        common.append(_field(_BODY_MUTATION, _field(_BODY, answer.body) if answer.body else _CLEAR_BODY))
    if answer.groups and answer.to is not To.RESPONSE_HEAD:
        # Of a failed answer the router looks the groups up anew by itself. Here it is ignored unless some header
        # changes as well (Envoy 1.40).
        common.append(_CLEAR_ROUTE_CACHE)
    written, kind = _field(_COMMON, b"".join(common)), _KINDS[answer.to]
    body = replacement_parts(kind, answer.body) if is_long and answer.body is not None else ()
    return b"".join((kind, varint_of(len(written)), written, *_told_besides(answer), *body))


def _option(name: str, value: str) -> bytes:
    header = _key(name) + _field(_RAW_VALUE, value.encode("latin-1", "replace"))
    return _field(_SET, _field(_HEADER, header) + _OVERWRITE)


@lru_cache(maxsize=1_024)  # names of headers and of notes: ours, and those that providers have
def _key(name: str) -> bytes:
    return _field(_KEY, name.encode())


def _told_besides(answer: Continue) -> list[bytes]:
    """What is no change of the message itself."""
    told: list[bytes] = []
    notes = ((NAMESPACE, answer.metadata), (NOTES_NAMESPACE, answer.notes))
    if noted := [_entry(name, _field(_STRUCT, _struct(values))) for name, values in notes if values]:
        told.append(_field(_DYNAMIC_METADATA, b"".join(noted)))
    if answer.reads:
        told.append(_WHOLE)
    if answer.bypass:
        told.append(_BYPASS)
    if answer.stays:
        told.append(_STAY)
    if answer.relays:
        told.append(_RELAY)
    if answer.groups:
        told.append(_groups(tuple(tuple((t.provider.cluster, t.weight) for t in group) for group in answer.groups)))
    return told


def _struct(values: Mapping[str, str]) -> bytes:
    return b"".join([_entry(name, _field(_STRING, value.encode())) for name, value in values.items()])


def _entry(name: str, value: bytes) -> bytes:
    return _field(_FIELDS, _key(name) + _field(_VALUE, value))


@lru_cache(maxsize=_KNOWN_GROUPS)
def _groups(groups: tuple[tuple[tuple[str, int], ...], ...]) -> bytes:
    """`groups`: cluster and weight of each target, a group for each attempt."""
    override = pg.PriorityGroupsOverride()
    for number, targets in enumerate(groups, 1):
        group = override.priority_groups.add(name=f"attempt-{number}")
        for cluster, weight in targets:
            group.clusters.add(cluster_name=cluster).weight.value = weight
    name = f"type.googleapis.com/{pg.PriorityGroupsOverride.DESCRIPTOR.full_name}"
    packed = _field(_TYPE_URL, name.encode()) + _field(_VALUE, override.SerializeToString())
    return _field(_TYPED_METADATA, _key(GROUPS_NAMESPACE) + _field(_VALUE, packed))
