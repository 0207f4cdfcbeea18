"""Promises of the answers that are written without the protobuf library: they are what the library writes."""

from collections.abc import Mapping

import pytest
from google.protobuf import any_pb2
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.edge.ext_proc.fast_protobuf import write_continue
from openclaw_extproc.gateway import Provider, Target
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.pb import priority_group_pb2 as pg
from openclaw_extproc.stages.events import Continue, Credential, GoogleCredential, To

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-:0123456789", min_size=1, max_size=200)
VALUES = st.text(st.characters(max_codepoint=0xFF), max_size=300) | st.sampled_from(["", "x" * 127, "x" * 128, "€"])
TEXTS = st.dictionaries(NAMES, st.text(max_size=200, alphabet=st.characters(exclude_categories=["Cs"])), max_size=4)


def target(name: str, weight: int) -> Target:
    return Target(Provider(name, f"c-{name}", "openai_chat"), "m", weight)


TARGETS = st.builds(target, NAMES, st.integers(0, 2**31))
ANSWERS = st.builds(
    Continue,
    st.sampled_from(To),
    set_headers=st.dictionaries(NAMES, VALUES, max_size=5),
    remove_headers=st.lists(NAMES, max_size=4).map(tuple),
    body=st.none() | st.binary(max_size=300) | st.sampled_from([127, 128, 2**14, 2**21]).map(bytes),
    groups=st.lists(st.lists(TARGETS, min_size=1, max_size=3).map(tuple), max_size=3).map(tuple),
    metadata=TEXTS,
    notes=TEXTS,
    credential=st.none() | st.just(GoogleCredential("identity")),
    bypass=st.booleans(),
    reads=st.booleans(),
    is_whole=st.booleans(),
    stays=st.booleans(),
    relays=st.booleans(),
)
MODES = {"bypass": (0, 0, 2), "reads": (2, 0, 2), "stays": (0, 0, 1), "relays": (0, 1, 2)}
"""Request body, response body, response trailers."""


def put_on(_: Credential) -> Mapping[str, str]:
    return {"authorization": "Bearer sk-ours"}


def by_the_library(answer: Continue) -> pb.ProcessingResponse:
    response = pb.ProcessingResponse()
    if answer.to is To.RESPONSE_TRAILERS:
        response.response_trailers.SetInParent()
        return response
    kind = getattr(response, answer.to.value)
    kind.SetInParent()
    common: pb.CommonResponse = kind.response
    common.SetInParent()
    headers = [*answer.set_headers.items()]
    headers += put_on(answer.credential).items() if answer.credential else []
    if answer.is_whole:
        common.status = pb.CommonResponse.CONTINUE_AND_REPLACE
        headers += [("x-openclaw-content-length", str(len(answer.body)))] if answer.body is not None else []
    for key, value in headers:
        raw = value.encode("latin-1", "replace")
        common.header_mutation.set_headers.add(header=pb.HeaderValue(key=key, raw_value=raw), append_action=2)
    common.header_mutation.remove_headers.extend(answer.remove_headers)
    if not headers and not answer.remove_headers:
        common.ClearField("header_mutation")
    if answer.body:
        common.body_mutation.body = answer.body
    elif answer.body is not None:
        common.body_mutation.clear_body = True
    for name, values in (("openclaw", answer.metadata), ("openclaw.attempts", answer.notes)):
        for key, text in values.items():
            response.dynamic_metadata.fields[name].struct_value.fields[key].string_value = text
    for name, (request_body, response_body, trailers) in MODES.items():
        if getattr(answer, name):
            mode = pb.ProcessingMode(request_header_mode=1, response_header_mode=1, request_body_mode=request_body,
                response_body_mode=response_body, request_trailer_mode=2, response_trailer_mode=trailers)  # fmt: skip
            response.mode_override.MergeFrom(mode)
    if answer.groups:
        common.clear_route_cache = answer.to is not To.RESPONSE_HEAD
        response.typed_dynamic_metadata["openclaw.priority_groups"].CopyFrom(groups(answer))
    return response


def groups(answer: Continue) -> any_pb2.Any:
    override = pg.PriorityGroupsOverride()
    for number, targets in enumerate(answer.groups, 1):
        group = override.priority_groups.add(name=f"attempt-{number}")
        for target in targets:
            group.clusters.add(cluster_name=target.provider.cluster).weight.value = target.weight
    packed = any_pb2.Any()
    packed.Pack(override)
    return packed


@given(ANSWERS)
def test_an_answer_says_what_the_librarys_says(answer: Continue) -> None:
    written = pb.ProcessingResponse.FromString(write_continue(answer, put_on))

    assert written == by_the_library(answer)


@pytest.mark.parametrize("to", [To.REQUEST_HEAD, To.REQUEST_BODY])
@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 2**21])
def test_so_it_does_with_a_long_body(to: To, size: int) -> None:
    """Which stands behind all else, for the reader to put together."""
    answer = Continue(to, {"a": "b"}, ("c",), bytes(size), metadata={"d": "e"}, is_whole=to is To.REQUEST_HEAD)

    written = pb.ProcessingResponse.FromString(write_continue(answer, put_on))

    assert written == by_the_library(answer)


def test_the_credential_is_put_on_last() -> None:
    """A header of that name that was set before is overwritten by it."""
    answer = Continue(To.REQUEST_BODY, {"authorization": "theirs"}, credential=GoogleCredential("identity"))

    written = pb.ProcessingResponse.FromString(write_continue(answer, put_on))

    *_, last = written.request_body.response.header_mutation.set_headers
    assert (last.header.key, last.header.raw_value) == ("authorization", b"Bearer sk-ours")
