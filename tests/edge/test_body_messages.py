"""Promises of the messages that are read and written without the protobuf library: they are what the library has."""

from google.protobuf.message import DecodeError
from hypothesis import example, given
from hypothesis import strategies as st

from openclaw_extproc.edge.ext_proc import protobuf
from openclaw_extproc.edge.ext_proc.fast_protobuf import read_response_body, write_delivery
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.stages.events import ResponseBody

CHUNKS = st.binary(max_size=300) | st.sampled_from([127, 128, 129, 16383, 16384, 2**21]).map(bytes)
"""Around the lengths at which the length of a length changes."""


@given(CHUNKS, st.booleans())
@example(b"", False)
@example(b"", True)
def test_a_delivery_is_the_librarys_to_the_byte(chunk: bytes, end: bool) -> None:
    streamed = pb.StreamedBodyResponse(body=chunk, end_of_stream=end)
    common = pb.CommonResponse(body_mutation=pb.BodyMutation(streamed_response=streamed))
    expected = pb.ProcessingResponse(response_body=pb.BodyResponse(response=common))

    assert write_delivery(chunk, end=end) == expected.SerializeToString()


@given(CHUNKS, st.booleans(), st.booleans())
@example(b"", False, False)
@example(b"", True, True)
def test_a_body_is_read_as_the_library_reads_it(chunk: bytes, end: bool, has_metadata: bool) -> None:
    message = pb.ProcessingRequest(response_body=pb.HttpBody(body=chunk, end_of_stream=end))
    if has_metadata:
        message.metadata_context.filter_metadata["openclaw.attempts"].fields["1"].string_value = "503"

    assert read_response_body(message.SerializeToString()) == (chunk, end)


@given(
    st.sampled_from(["request_headers", "request_body", "response_headers", "response_trailers", "request_trailers"])
)
def test_other_messages_are_left_to_the_library(name: str) -> None:
    message = pb.ProcessingRequest()
    getattr(message, name).SetInParent()

    assert read_response_body(message.SerializeToString()) is None


def test_a_message_with_more_in_it_is_left_to_the_library() -> None:
    message = pb.ProcessingRequest(response_body=pb.HttpBody(body=b"x"), observability_mode=True)
    message.attributes["envoy.filters.http.ext_proc"].fields["a"].string_value = "b"

    assert read_response_body(message.SerializeToString()) is None


@given(st.binary(max_size=40), st.binary(max_size=20), st.integers(0, 30))
def test_whatever_comes_is_read_as_the_library_reads_it_or_left_to_it(noise: bytes, chunk: bytes, at: int) -> None:
    whole = pb.ProcessingRequest(response_body=pb.HttpBody(body=chunk, end_of_stream=True)).SerializeToString()

    for message in (noise, b"\x2a" + noise, whole[:at] + noise + whole[at:], whole[:at]):
        if (read := read_response_body(message)) is not None:
            try:
                expected = protobuf.read_message(pb.ProcessingRequest.FromString(message), at=1.0)
            except DecodeError:
                continue  # metadata behind the body is not looked into
            assert isinstance(expected, ResponseBody)
            assert (expected.chunk, expected.end) == read
