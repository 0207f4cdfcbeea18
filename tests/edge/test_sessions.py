"""Promises about sessions on streams: whatever becomes of a stream, no call is counted for ever."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

import pytest
from google.protobuf.message import DecodeError
from prometheus_client import CollectorRegistry

from openclaw_extproc.config.settings import Overload
from openclaw_extproc.edge.ext_proc.protobuf import FILTER
from openclaw_extproc.edge.ext_proc.sessions import SLICE_BYTES, StageSession, attempt_session, route_session
from openclaw_extproc.edge.ext_proc.transport import Session
from openclaw_extproc.edge.runtime.in_flight import LINGER_SECONDS, InFlight
from openclaw_extproc.edge.runtime.overload import OverloadGate
from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.render.ext_proc import PLAN
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt import stage, successful_response
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.decoded_requests import DecodedRequests
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import Close, Credential, Event, RequestBody, RequestHead, Step
from openclaw_extproc.stages.route.passthrough import MAX_RELAYED_BYTES
from openclaw_extproc.stages.route.stage import RouteStage

FIRST, SECOND = (Target(Provider(name, name, "openai_chat", models=("m",)), "m") for name in ("one", "two"))
GATEWAY = Gateway(providers={t.provider.name: t.provider for t in (FIRST, SECOND)}, chains={"m": (FIRST, SECOND)})
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()
STREAMING_BODY = json.dumps(json.loads(BODY) | {"stream": True, "stream_options": {"include_usage": True}}).encode()
HEAD = {":method": "POST", ":path": "/v1/chat/completions", ":scheme": "http", ":authority": "x", "x-request-id": "r"}
ANSWER = json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}}]}).encode()


def head(headers: dict[str, str]) -> pb.HttpHeaders:
    made = pb.HttpHeaders()
    for name, value in headers.items():
        made.headers.headers.add(key=name, raw_value=value.encode())
    return made


def asking(metadata: dict[str, str] | None = None, cluster: str = "", body: bytes = BODY) -> list[bytes]:
    """The two messages of a request; of an attempt with what was noted on it."""
    first = pb.ProcessingRequest(request_headers=head(HEAD | ({"x-envoy-attempt-count": "1"} if cluster else {})))
    if cluster:
        first.attributes[FILTER].fields["xds.cluster_name"].string_value = cluster
        fields = first.metadata_context.filter_metadata["openclaw"].fields
        for name, value in (metadata or {}).items():
            fields[name].string_value = value
    second = pb.ProcessingRequest(request_body=pb.HttpBody(body=body, end_of_stream=True))
    return [first.SerializeToString(), second.SerializeToString()]


def answering(status: str = "200") -> list[bytes]:
    told = head({":status": status, "content-type": "application/json"})
    body = pb.HttpBody(body=ANSWER, end_of_stream=True)
    messages = (pb.ProcessingRequest(response_headers=told), pb.ProcessingRequest(response_body=body))
    return [message.SerializeToString() for message in messages]


def gate() -> OverloadGate:
    return OverloadGate(Overload, CollectorRegistry())


def put_on(_: Credential) -> dict[str, str]:
    return {}


def routing(under_way: InFlight) -> tuple[Session, list[RequestEntry]]:
    entries: list[RequestEntry] = []
    return route_session(RouteStage(GATEWAY, RuntimeState()), entries.append, lambda _: (), under_way, gate()), entries


def attempting(under_way: InFlight) -> tuple[Session, list[AttemptEntry]]:
    entries: list[AttemptEntry] = []
    return attempt_session(AttemptStage(Snapshots(GATEWAY)), entries.append, put_on, under_way, gate()), entries


SECRET = "sk-0123456789abcdef"


def test_envoy_gets_the_whole_request_for_its_head_where_both_stages_are_one_process() -> None:
    decoded, under_way = DecodedRequests(lambda: "an id"), InFlight()
    translated = replace(SECOND.provider, name="one", cluster="one", format="anthropic_messages", credential="KEY")
    of = replace(GATEWAY, providers={"one": translated}, chains={"m": (replace(SECOND, provider=translated),)})
    route_stage = RouteStage(of, RuntimeState(), decoded=decoded)
    route = route_session(route_stage, lambda _: None, lambda _: (), under_way, gate())
    *_, planned = [answer for message in asking() for answer in route.receive(message)]
    noted = pb.ProcessingResponse.FromString(planned).dynamic_metadata.fields["openclaw"].struct_value.fields
    first = pb.ProcessingRequest.FromString(asking({}, "one")[0])
    first.attributes[FILTER].fields[PLAN].string_value = noted["plan"].string_value
    stage = AttemptStage(Snapshots(of), decoded)
    attempt = attempt_session(stage, lambda _: None, lambda _: {"x-api-key": SECRET}, under_way, gate())

    (answer,) = attempt.receive(first.SerializeToString())

    whole = pb.ProcessingResponse.FromString(answer).request_headers.response
    headers = {one.header.key: one.header.raw_value.decode() for one in whole.header_mutation.set_headers}
    assert whole.status == pb.CommonResponse.CONTINUE_AND_REPLACE
    assert json.loads(whole.body_mutation.body)["messages"]
    assert headers["x-openclaw-content-length"] == str(len(whole.body_mutation.body))
    assert headers["x-api-key"] == SECRET
    assert under_way.counts == {"one/m": 1}


def keyed(headers: Mapping[str, str]) -> tuple[Session, list[pb.ProcessingResponse]]:
    """An attempt whose credential becomes these headers."""
    of = replace(GATEWAY, providers={**GATEWAY.providers, "one": replace(FIRST.provider, credential="KEY")})
    session = attempt_session(AttemptStage(Snapshots(of)), lambda _: None, lambda _: headers, InFlight(), gate())
    return session, [pb.ProcessingResponse.FromString(a) for m in asking(noted(), "one") for a in session.receive(m)]


def told(session: Session, *messages: pb.ProcessingRequest) -> str:
    """All that Envoy is answered."""
    answers = [answer for message in messages for answer in session.receive(message.SerializeToString())]
    return " ".join(str(pb.ProcessingResponse.FromString(answer)) for answer in answers)


@pytest.mark.parametrize("status", ["200", "400"])
@pytest.mark.parametrize("trailers", [False, True])
def test_what_a_provider_quotes_of_our_credential_is_cut_out_of_head_and_body(status: str, *, trailers: bool) -> None:
    session, sent = keyed({"authorization": f"Bearer {SECRET}"})
    answer = ANSWER if status == "200" else b'{"error": {"message": "hi"}}'
    body = answer.replace(b"hi", SECRET.encode())
    cut = body.index(b"sk-") + 9
    quoted = head({":status": status, "content-type": "application/json", "x-quoted": f"Bearer {SECRET}"})

    said = told(
        session,
        pb.ProcessingRequest(response_headers=quoted),
        pb.ProcessingRequest(response_body=pb.HttpBody(body=body[:cut])),
        pb.ProcessingRequest(response_body=pb.HttpBody(body=body[cut:], end_of_stream=not trailers)),
        *([pb.ProcessingRequest(response_trailers=pb.HttpTrailers())] if trailers else []),
    )

    assert SECRET in str(sent), "the provider got it"
    assert SECRET not in said
    assert "*" * len(SECRET) in said
    assert f'raw_value: "Bearer {"*" * len(SECRET)}"' in said


def test_what_waits_for_the_rest_of_a_key_goes_out_before_trailers() -> None:
    session, _ = keyed({"authorization": f"Bearer {SECRET}"})

    said = told(
        session,
        pb.ProcessingRequest(response_headers=head({":status": "400", "content-type": "application/json"})),
        pb.ProcessingRequest(response_body=pb.HttpBody(body=b"an answer that ends in sk-012")),
        pb.ProcessingRequest(response_trailers=pb.HttpTrailers()),
    )

    assert "ends in" in said
    assert "sk-012" in said


def test_the_token_of_a_cloud_is_a_credential_too() -> None:
    token = "FwoGZXIvYXdzEXAMPLE0123456789"  # of nobody
    signature = "0123456789abcdef" * 4
    signed = f"AWS4-HMAC-SHA256 Credential=AKIA/x, SignedHeaders=host, Signature={signature}"
    session, _ = keyed({"authorization": signed, "x-amz-security-token": token, "x-amz-date": "20260101T000000Z"})
    words = f"Signature {signature} of {token} at 20260101T000000Z"
    body = json.dumps({"error": {"message": words}}).encode()

    said = told(
        session,
        pb.ProcessingRequest(response_headers=head({":status": "400", "content-type": "application/json"})),
        pb.ProcessingRequest(response_body=pb.HttpBody(body=body, end_of_stream=True)),
    )

    assert signature not in said
    assert token not in said
    assert "20260101T000000Z" in said


def noted() -> dict[str, str]:
    """What the route stage notes on such a request."""
    session, _ = routing(InFlight())
    answers = [answer for message in asking() for answer in session.receive(message)]
    [*_, last] = [pb.ProcessingResponse.FromString(answer) for answer in answers]
    fields = last.dynamic_metadata.fields["openclaw"].struct_value.fields
    return {name: value.string_value for name, value in fields.items()}


def counted(under_way: InFlight) -> dict[str, int]:
    """After all that has ended is over."""
    return under_way.inflight(time.time() + 2 * LINGER_SECONDS)


def test_a_request_counts_at_its_first_target_until_an_attempt_begins() -> None:
    under_way = InFlight()
    route, _ = routing(under_way)

    for message in asking():
        route.receive(message)
    assert counted(under_way) == {"one/m": 1}

    attempt, _ = attempting(under_way)
    for message in asking(noted(), "one"):
        attempt.receive(message)
    assert counted(under_way) == {"one/m": 1}
    route.close(None)
    assert counted(under_way) == {"one/m": 1}

    attempt.close(None)
    assert counted(under_way) == {}


@pytest.mark.parametrize("fault", [None, Fault(FaultKind.BUG, "broke")])
@pytest.mark.parametrize("times_closed", [1, 2])
@pytest.mark.parametrize("cut", range(5))
def test_a_call_is_over_wherever_its_stream_ends(cut: int, times_closed: int, fault: Fault | None) -> None:
    under_way = InFlight()
    attempt, entries = attempting(under_way)

    for message in [*asking(noted(), "one"), *answering()][:cut]:
        attempt.receive(message)
    for _ in range(times_closed):
        attempt.close(fault)

    assert counted(under_way) == {}
    assert len(entries) == (1 if cut else 0)


@pytest.mark.parametrize("cut", range(4))
def test_a_request_is_over_wherever_its_stream_ends(cut: int) -> None:
    under_way = InFlight()
    route, _ = routing(under_way)

    for message in [*asking(), answering()[0]][:cut]:
        route.receive(message)
    route.close(None)

    assert counted(under_way) == {}


def test_a_stream_that_makes_no_sense_counts_no_call_for_ever() -> None:
    under_way = InFlight()
    attempt, _ = attempting(under_way)
    attempt.receive(asking(noted(), "one")[0])

    with pytest.raises(DecodeError):
        attempt.receive(b"\xff\xff\xff")
    attempt.close(Fault(FaultKind.BUG, "broke"))

    assert counted(under_way) == {}


def test_a_refused_request_is_not_planned() -> None:
    under_way = InFlight()
    route, entries = routing(under_way)
    wrong: Sequence[bytes] = [
        asking()[0],
        pb.ProcessingRequest(request_body=pb.HttpBody(body=b"{")).SerializeToString(),
    ]

    for message in wrong:
        route.receive(message)

    assert counted(under_way) == {}
    assert len(entries) == 1


# -- what is passed on ---------------------------------------------------------------------


def passing(path: str, cluster: str = "", metadata: dict[str, str] | None = None) -> bytes:
    headers = {**HEAD, ":method": "GET", ":path": path} | ({"x-envoy-attempt-count": "1"} if cluster else {})
    first = pb.ProcessingRequest(request_headers=head(headers))
    if cluster:
        first.attributes[FILTER].fields["xds.cluster_name"].string_value = cluster
        fields = first.metadata_context.filter_metadata["openclaw"].fields
        for name, value in (metadata or {}).items():
            fields[name].string_value = value
    return first.SerializeToString()


ONE = replace(FIRST.provider, unread_cluster="u-one", credential="KEY")
OPEN = Gateway(providers={"one": ONE}, chains={"m": (Target(ONE, "m"),)})


def passing_on(
    under_way: InFlight, quotable: Callable[[Credential], tuple[str, ...]] = lambda _: ()
) -> tuple[StageSession[RequestEntry], list[RequestEntry], list[Plan]]:
    """`quotable`: what an answer may quote of the credential."""
    entries, told = list[RequestEntry](), list[Plan]()
    stage = RouteStage(OPEN, RuntimeState())
    return route_session(stage, entries.append, quotable, under_way, gate(), told.append), entries, told


@pytest.mark.parametrize(("path", "counts"), [("/v1/realtime?model=m", {"one/m": 1}), ("/v1/files", {})])
def test_what_is_passed_on_counts_at_the_model_that_it_names(path: str, counts: dict[str, int]) -> None:
    """From the plan to its end, whatever id it has; the attempt stage leaves at once."""
    under_way = InFlight()
    route, entries, told = passing_on(under_way)
    again, _, _ = passing_on(under_way)
    attempt = attempt_session(AttemptStage(Snapshots(OPEN)), lambda _: None, put_on, under_way, gate())

    (answer,) = route.receive(passing(path))
    again.receive(passing(path))
    assert counted(under_way) == {name: 2 * many for name, many in counts.items()}
    again.close(None)
    noted = pb.ProcessingResponse.FromString(answer).dynamic_metadata.fields["openclaw"].struct_value.fields
    attempt.receive(passing(path, "u-one", {name: value.string_value for name, value in noted.items()}))
    assert attempt.closing is Close.DONE
    attempt.close(None)
    said = {":status": "200", "x-openclaw-provider": "one"}
    route.receive(pb.ProcessingRequest(response_headers=head(said)).SerializeToString())
    assert counted(under_way) == counts
    route.close(None)

    assert counted(under_way) == {}
    assert told == []
    (entry,) = entries
    assert entry.passed
    assert entry.passed.target.model == ("m" if counts else "")


def test_a_provider_that_quotes_our_credential_in_passing_is_masked() -> None:
    route, entries, _ = passing_on(InFlight(), lambda _: (SECRET,))
    (planned,) = route.receive(passing("/v1/files"))
    assert SECRET.encode() not in planned, "only an attempt puts it on"
    quoted = head({":status": "401", "x-openclaw-provider": "one", "x-quoted": f"Bearer {SECRET}"})
    body = f"no: {SECRET}!".encode()
    cut = body.index(b"sk-") + 9

    said = told(
        route,
        pb.ProcessingRequest(response_headers=quoted),
        pb.ProcessingRequest(response_body=pb.HttpBody(body=body[:cut])),
        pb.ProcessingRequest(response_body=pb.HttpBody(body=body[cut:], end_of_stream=True)),
    )

    assert "response_body_mode: 1" in said, "in pieces"
    assert SECRET not in said
    assert 'body: "no: "' in said
    assert f'body: "{"*" * len(SECRET)}!"' in said
    assert f'raw_value: "Bearer {"*" * len(SECRET)}"' in said
    assert route.closing is Close.DONE
    assert len(entries) == 1


def test_a_credential_that_was_renewed_meanwhile_is_masked_old_and_new() -> None:
    """The attempt was between the plan and the answer: it may have put on either of them."""
    known = ["sk-old-0123456789", "sk-new-0123456789"]
    route, _, _ = passing_on(InFlight(), lambda _: (known.pop(0),))
    route.receive(passing("/v1/files"))
    quoted = head({":status": "401", "x-openclaw-provider": "one", "x-quoted": "sk-old-0123456789"})
    body = b"not sk-old-0123456789 and not sk-new-0123456789"

    said = told(
        route,
        pb.ProcessingRequest(response_headers=quoted),
        pb.ProcessingRequest(response_body=pb.HttpBody(body=body, end_of_stream=True)),
    )

    assert "0123456789" not in said
    assert said.count("*" * 17) == 3


def test_what_quotes_nothing_stays_with_envoy() -> None:
    """A long piece too: Envoy wants one answer for each."""
    route, _, _ = passing_on(InFlight(), lambda _: (SECRET,))
    route.receive(passing("/v1/files"))
    ahead = pb.ProcessingRequest(response_headers=head({":status": "200", "x-openclaw-provider": "one"}))
    route.receive(ahead.SerializeToString())
    piece = pb.ProcessingRequest(response_body=pb.HttpBody(body=bytes(4 * SLICE_BYTES))).SerializeToString()

    answers = [pb.ProcessingResponse.FromString(one) for one in route.receive(piece)]

    assert answers == [pb.ProcessingResponse(response_body=pb.BodyResponse())]
    assert not route.has_more


def test_what_may_begin_a_key_is_not_kept_when_we_leave() -> None:
    route, _, _ = passing_on(InFlight(), lambda _: (SECRET,))
    route.receive(passing("/v1/files"))
    ahead = pb.ProcessingRequest(response_headers=head({":status": "200", "x-openclaw-provider": "one"}))
    route.receive(ahead.SerializeToString())
    piece = pb.ProcessingRequest(response_body=pb.HttpBody(body=bytes(MAX_RELAYED_BYTES) + b"sk-012"))

    (answer,) = route.receive(piece.SerializeToString())

    assert pb.ProcessingResponse.FromString(answer) == pb.ProcessingResponse(response_body=pb.BodyResponse())
    assert route.closing is Close.DONE


# -- long messages -----------------------------------------------------------------


LONG_STREAM = b"".join(
    b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": f"word {n} "}}]}).encode() + b"\n\n"
    for n in range(4_000)
)
DONE = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


def streaming(body: bytes, *, end: bool = True) -> list[bytes]:
    """The messages of an answer that is a stream, its body in one of them."""
    head_of_it = pb.ProcessingRequest(response_headers=head({":status": "200", "content-type": "text/event-stream"}))
    whole = pb.ProcessingRequest(response_body=pb.HttpBody(body=body, end_of_stream=end))
    return [message.SerializeToString() for message in (head_of_it, whole)]


def asked_to_stream() -> tuple[Session, list[AttemptEntry]]:
    attempt, entries = attempting(InFlight())
    for message in asking(noted(), "one", STREAMING_BODY):
        attempt.receive(message)
    return attempt, entries


def delivered(answers: Sequence[bytes]) -> list[tuple[bytes, bool]]:
    """The pieces of a body, and whether each is the last."""
    read = [pb.ProcessingResponse.FromString(answer) for answer in answers]
    bodies = [one.response_body.response.body_mutation for one in read if one.HasField("response_body")]
    return [(one.streamed_response.body, one.streamed_response.end_of_stream) for one in bodies]


def test_a_long_body_goes_through_the_stage_in_slices_and_comes_out_whole() -> None:
    attempt, entries = asked_to_stream()
    told, body = streaming(LONG_STREAM + DONE)
    attempt.receive(told)

    answers, resumed = [*attempt.receive(body)], 0
    while attempt.has_more:
        assert not entries
        assert attempt.closing is None
        resumed += 1
        answers += attempt.resume()
    pieces = delivered(answers)

    assert resumed == len(LONG_STREAM + DONE) // SLICE_BYTES
    assert b"".join(piece for piece, _ in pieces) == LONG_STREAM + DONE
    assert [end for _, end in pieces] == [False] * (len(pieces) - 1) + [True]
    assert max(len(piece) for piece, _ in pieces) <= 2 * SLICE_BYTES
    assert attempt.closing is Close.DONE
    assert len(entries) == 1


def test_a_short_body_is_taken_at_once() -> None:
    attempt, _ = asked_to_stream()
    told, body = streaming(DONE)

    attempt.receive(told)
    attempt.receive(body)

    assert not attempt.has_more


def test_a_stream_that_ends_between_slices_is_settled_once() -> None:
    attempt, entries = asked_to_stream()
    told, body = streaming(LONG_STREAM)
    attempt.receive(told)
    attempt.receive(body)

    attempt.close(None)

    assert not attempt.has_more
    assert len(entries) == 1


def test_no_slice_is_given_to_a_stage_that_is_over() -> None:
    """What is unreadable at its very beginning fails there, and the rest is not looked at."""
    attempt, entries = asked_to_stream()
    told, body = streaming(b"data: {}x\n\n" + LONG_STREAM, end=False)
    attempt.receive(told)

    attempt.receive(body)

    assert (attempt.closing is Close.DONE) == (not attempt.has_more)
    assert len(entries) == 1


def test_no_slice_is_given_to_a_stage_that_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (stage, successful_response):
        monkeypatch.setattr(module, "MAX_ANSWER_BYTES", 2 * SLICE_BYTES)
    attempt, entries = asked_to_stream()
    told, body = streaming(LONG_STREAM)
    attempt.receive(told)

    attempt.receive(body)
    while attempt.has_more:
        attempt.resume()

    assert attempt.closing is Close.BROKEN
    assert len(entries) == 1
    attempt.close(None)
    assert attempt.closing is Close.BROKEN, "who ends the stream looks at it behind the last word"


# -- what is counted and told meanwhile ----------------------------------------------------


def test_a_body_counts_until_its_request_is_planned() -> None:
    registry = CollectorRegistry()
    counting = OverloadGate(Overload, registry)
    route = route_session(RouteStage(GATEWAY, RuntimeState()), lambda _: None, lambda _: (), InFlight(), counting)
    first, body = asking()
    seen = list[float | None]()

    route.receive(first)
    counting.hold(7)  # of others
    route.receive(body)
    seen.append(registry.get_sample_value("openclaw_in_flight_body_bytes"))
    route.close(None)
    seen.append(registry.get_sample_value("openclaw_in_flight_body_bytes"))

    assert seen == [7, 7], "attempts count it anew"


class Unpacking:
    """A stage that keeps more of a request than it was sent, while it asks a question."""

    def took(self, seconds: float) -> None:
        assert seconds >= 0

    def leaves_with(self, _: Event) -> bool:
        return False

    def receive(self, event: Event) -> Step[RequestEntry]:
        match event:
            case RequestHead():
                return Step(awaited_bytes=600)
            case RequestBody():
                return Step(kept_bytes=1_000)
            case _:
                return Step()


def test_a_body_counts_from_its_head_on_and_what_a_stage_keeps_as_well() -> None:
    registry = CollectorRegistry()
    counting = OverloadGate(Overload, registry)
    route = route_session(cast("RouteStage", Unpacking()), lambda _: None, lambda _: (), InFlight(), counting)
    first, body = asking()
    seen = list[float | None]()

    for message in (first, body):
        route.receive(message)
        seen.append(registry.get_sample_value("openclaw_in_flight_body_bytes"))
    route.close(None)
    seen.append(registry.get_sample_value("openclaw_in_flight_body_bytes"))

    assert seen == [600, len(BODY) + 1_000, 0]


@pytest.mark.parametrize(("last", "is_taken"), [("", True), ("\N{GRINNING FACE}", False)])
def test_a_body_is_refused_where_there_is_no_room_for_reading_it(last: str, *, is_taken: bool) -> None:
    """One emoji makes a long text four times as large."""
    said = json.loads(BODY)
    said["messages"][0]["content"] = "word " * 300_000 + last
    first, body = asking(body=json.dumps(said, ensure_ascii=False).encode())
    few = OverloadGate(lambda: Overload(max_body_bytes=3_000_000), CollectorRegistry())
    stage = RouteStage(GATEWAY, RuntimeState(), busy=few.refusal)
    route = route_session(stage, lambda _: None, lambda _: (), InFlight(), few)

    route.receive(first)
    (answer,) = map(pb.ProcessingResponse.FromString, route.receive(body))

    assert answer.HasField("request_body") == is_taken
    assert answer.immediate_response.status.code == (0 if is_taken else 503)


def test_an_operator_is_told_of_a_plan_that_names_what_is_not_configured(caplog: pytest.LogCaptureFixture) -> None:
    strange = Snapshots(replace(GATEWAY, providers={"two": SECOND.provider}, chains={"m": (SECOND,)}))
    entries = list[AttemptEntry]()
    attempt = attempt_session(AttemptStage(strange), entries.append, put_on, InFlight(), gate())

    with caplog.at_level("WARNING", logger="openclaw"):
        attempt.receive(asking(noted(), "one")[0])
        attempt.close(None)

    assert [record.message for record in caplog.records] == ["plan_refused"]
    assert entries == []
