"""Promises about answers that come compressed although nobody asked: they are treated as any other."""

import gzip
import json
import zlib
from collections.abc import Callable, Sequence

import pytest

from openclaw_extproc.edge.ext_proc.transport import Session
from openclaw_extproc.edge.runtime.in_flight import InFlight
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.stages.entries import AttemptEntry, Outcome
from openclaw_extproc.stages.events import Close
from openclaw_extproc.wire.streams.content_encoding import brotli
from tests.edge.test_sessions import (
    ANSWER,
    DONE,
    SECRET,
    asked_to_stream,
    asking,
    attempting,
    head,
    keyed,
    noted,
)

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
}
every_packing = pytest.mark.parametrize(("name", "pack"), PACKERS.items())


def told(session: Session, messages: Sequence[pb.ProcessingRequest]) -> list[pb.ProcessingResponse]:
    """What Envoy is answered to these, each in as many slices as it takes."""
    answers: list[bytes] = []
    for message in messages:
        if session.closing is Close.DONE:
            break
        answers += session.receive(message.SerializeToString())
        while session.has_more:
            answers += session.resume()
    return [pb.ProcessingResponse.FromString(answer) for answer in answers]


def head_of(answers: Sequence[pb.ProcessingResponse]) -> tuple[dict[str, str], list[str]]:
    """Headers set and taken away."""
    changed = next(one for one in answers if one.HasField("response_headers")).response_headers.response.header_mutation
    return {one.header.key: one.header.raw_value.decode() for one in changed.set_headers}, list(changed.remove_headers)


def body_of(answers: Sequence[pb.ProcessingResponse]) -> bytes:
    if answers[-1].HasField("immediate_response"):
        return answers[-1].immediate_response.body
    bodies = [one.response_body.response.body_mutation for one in answers if one.HasField("response_body")]
    return b"".join(one.streamed_response.body for one in bodies)


def answering(
    kind: str, encoding: str, *chunks: bytes, status: str = "200", trailers: bool = False
) -> list[pb.ProcessingRequest]:
    said = {":status": status, "content-type": kind, "content-encoding": encoding, "content-length": "77"}
    parts = [
        pb.ProcessingRequest(response_body=pb.HttpBody(body=chunk, end_of_stream=n == len(chunks) - 1 and not trailers))
        for n, chunk in enumerate(chunks)
    ]
    last = [pb.ProcessingRequest(response_trailers=pb.HttpTrailers())] if trailers else []
    return [pb.ProcessingRequest(response_headers=head(said)), *parts, *last]


def asked() -> tuple[Session, list[AttemptEntry]]:
    attempt, entries = attempting(InFlight())
    for message in asking(noted(), "one"):
        attempt.receive(message)
    return attempt, entries


@every_packing
@pytest.mark.parametrize("trailers", [False, True])
def test_the_client_gets_it_plain(name: str, pack: Callable[[bytes], bytes], *, trailers: bool) -> None:
    attempt, entries = asked()
    packed = pack(ANSWER)

    got = told(attempt, answering("application/json", name, packed[:9], packed[9:], trailers=trailers))

    set_headers, gone = head_of(got)
    assert body_of(got) == ANSWER
    assert {"content-encoding", "content-length"} <= set(gone)
    assert "content-encoding" not in set_headers
    assert [entry.outcome for entry in entries] == [Outcome.OK]


@every_packing
def test_a_stream_too(name: str, pack: Callable[[bytes], bytes]) -> None:
    attempt, entries = asked_to_stream()
    stream = stream_of(3_000)
    packed = pack(stream)

    got = told(attempt, answering("text/event-stream", name, packed[:100], packed[100:]))

    assert body_of(got) == stream
    assert [entry.outcome for entry in entries] == [Outcome.OK]


def stream_of(words: int) -> bytes:
    event = {"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "word "}}]}
    return f"data: {json.dumps(event)}\n\n".encode() * words + DONE


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b""),
        gzip.compress(b"<html>Bad Gateway</html>"),
        gzip.compress(b'{"error": {"message": "overloaded", "code": 529}}'),
        gzip.compress(ANSWER)[:-20],
        ANSWER,
        gzip.compress(bytes(40 * 1024 * 1024)),
        b"",
    ],
    ids=["nothing", "html", "error", "half", "plain", "bomb", "no byte"],
)
@pytest.mark.parametrize("streams", [False, True])
def test_what_is_no_answer_goes_on_to_the_next(body: bytes, *, streams: bool) -> None:
    attempt, entries = asked_to_stream() if streams else asked()
    kind = "text/event-stream" if streams else "application/json"

    got = told(attempt, answering(kind, "gzip", body))

    set_headers, gone = head_of(got)
    assert set_headers["x-openclaw-retry"] == "1"
    assert "content-encoding" in gone
    assert [entry.outcome for entry in entries] == [Outcome.FAILED]


def test_a_stream_that_is_cut_says_so() -> None:
    attempt, entries = asked_to_stream()
    packer = zlib.compressobj(wbits=31)
    half = packer.compress(stream_of(3)[: -len(DONE)]) + packer.flush(zlib.Z_SYNC_FLUSH)

    got = told(attempt, answering("text/event-stream", "gzip", half, b""))

    assert body_of(got).startswith(stream_of(3)[: -len(DONE)])
    assert b"breaks off" in body_of(got).splitlines()[-2]
    assert [entry.outcome for entry in entries] == [Outcome.BROKEN]


def test_an_error_is_read_and_passed_on_plain() -> None:
    attempt, _ = asked()
    body = b'{"error": {"message": "bad temperature", "type": "invalid_request_error"}}'

    got = told(attempt, answering("application/json", "gzip", gzip.compress(body), status="400"))

    assert body_of(got) == body
    assert "content-encoding" in head_of(got)[1]


@pytest.mark.parametrize("status", ["200", "400"])
@pytest.mark.parametrize("cut", [0, 20, 40])
def test_our_credential_is_cut_out_of_it(status: str, cut: int) -> None:
    session, _ = keyed({"authorization": f"Bearer {SECRET}"})
    answer = ANSWER if status == "200" else b'{"error": {"message": "hi"}}'
    body = gzip.compress(answer.replace(b"hi", SECRET.encode()))

    got = told(session, answering("application/json", "gzip", body[:cut], body[cut:], status=status))

    assert SECRET.encode() not in body_of(got)
    assert b"*" * len(SECRET) in body_of(got)


def test_an_error_in_an_unknown_encoding_is_not_passed_on() -> None:
    attempt, _ = asked()

    got = told(attempt, answering("application/json", "compress", b"whatever", status="400"))

    assert b"whatever" not in body_of(got)
    assert json.loads(body_of(got))["error"]
