"""Promises about sessions on streams: whatever becomes of a stream, no call is counted for ever."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from google.protobuf.message import DecodeError
from prometheus_client import CollectorRegistry

from openclaw_extproc.config.settings import Overload
from openclaw_extproc.edge.envoy import FILTER
from openclaw_extproc.edge.overload import Gate
from openclaw_extproc.edge.sessions import AttemptSession, RouteSession
from openclaw_extproc.edge.transport import Session
from openclaw_extproc.edge.under_way import LINGER_SECONDS, UnderWay
from openclaw_extproc.faults import Fault, Kind
from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.situation import Situation
from openclaw_extproc.stages.attempt import AttemptStage
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import Credential
from openclaw_extproc.stages.route import RouteStage

FIRST, SECOND = (Target(Provider(name, name, "openai_chat", models=("m",)), "m") for name in ("one", "two"))
GATEWAY = Gateway(providers={t.provider.name: t.provider for t in (FIRST, SECOND)}, chains={"m": (FIRST, SECOND)})
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()
HEAD = {":method": "POST", ":path": "/v1/chat/completions", ":scheme": "http", ":authority": "x", "x-request-id": "r"}
ANSWER = json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}}]}).encode()


def head(headers: dict[str, str]) -> pb.HttpHeaders:
    made = pb.HttpHeaders()
    for name, value in headers.items():
        made.headers.headers.add(key=name, raw_value=value.encode())
    return made


def asking(metadata: dict[str, str] | None = None, cluster: str = "") -> list[bytes]:
    """The two messages of a request; of an attempt with what was noted on it."""
    first = pb.ProcessingRequest(request_headers=head(HEAD | ({"x-envoy-attempt-count": "1"} if cluster else {})))
    if cluster:
        first.attributes[FILTER].fields["xds.cluster_name"].string_value = cluster
        fields = first.metadata_context.filter_metadata["openclaw"].fields
        for name, value in (metadata or {}).items():
            fields[name].string_value = value
    second = pb.ProcessingRequest(request_body=pb.HttpBody(body=BODY, end_of_stream=True))
    return [first.SerializeToString(), second.SerializeToString()]


def answering(status: str = "200") -> list[bytes]:
    told = head({":status": status, "content-type": "application/json"})
    body = pb.HttpBody(body=ANSWER, end_of_stream=True)
    messages = (pb.ProcessingRequest(response_headers=told), pb.ProcessingRequest(response_body=body))
    return [message.SerializeToString() for message in messages]


def gate() -> Gate:
    return Gate(Overload, CollectorRegistry())


def put_on(_: Credential) -> dict[str, str]:
    return {}


def routing(under_way: UnderWay) -> tuple[Session, list[RequestEntry]]:
    entries: list[RequestEntry] = []
    return RouteSession(RouteStage(GATEWAY, Situation()), entries.append, put_on, under_way, gate()), entries


def attempting(under_way: UnderWay) -> tuple[Session, list[AttemptEntry]]:
    entries: list[AttemptEntry] = []
    return AttemptSession(AttemptStage(), entries.append, put_on, under_way, gate()), entries


def noted() -> dict[str, str]:
    """What the route stage notes on such a request."""
    session, _ = routing(UnderWay())
    answers = [answer for message in asking() for answer in session.receive(message)]
    [*_, last] = [pb.ProcessingResponse.FromString(answer) for answer in answers]
    fields = last.dynamic_metadata.fields["openclaw"].struct_value.fields
    return {name: value.string_value for name, value in fields.items()}


def counted(under_way: UnderWay) -> dict[str, int]:
    """After all that has ended is over."""
    return under_way.inflight(time.time() + 2 * LINGER_SECONDS)


def test_a_request_counts_at_its_first_target_until_an_attempt_begins() -> None:
    under_way = UnderWay()
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


@pytest.mark.parametrize("fault", [None, Fault(Kind.BUG, "broke")])
@pytest.mark.parametrize("times_closed", [1, 2])
@pytest.mark.parametrize("cut", range(5))
def test_a_call_is_over_wherever_its_stream_ends(cut: int, times_closed: int, fault: Fault | None) -> None:
    under_way = UnderWay()
    attempt, entries = attempting(under_way)

    for message in [*asking(noted(), "one"), *answering()][:cut]:
        attempt.receive(message)
    for _ in range(times_closed):
        attempt.close(fault)

    assert counted(under_way) == {}
    assert len(entries) == (1 if cut else 0)


@pytest.mark.parametrize("cut", range(4))
def test_a_request_is_over_wherever_its_stream_ends(cut: int) -> None:
    under_way = UnderWay()
    route, _ = routing(under_way)

    for message in [*asking(), answering()[0]][:cut]:
        route.receive(message)
    route.close(None)

    assert counted(under_way) == {}


def test_a_stream_that_makes_no_sense_counts_no_call_for_ever() -> None:
    under_way = UnderWay()
    attempt, _ = attempting(under_way)
    attempt.receive(asking(noted(), "one")[0])

    with pytest.raises(DecodeError):
        attempt.receive(b"\xff\xff\xff")
    attempt.close(Fault(Kind.BUG, "broke"))

    assert counted(under_way) == {}


def test_a_refused_request_is_not_planned() -> None:
    under_way = UnderWay()
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


@pytest.mark.parametrize(("path", "counts"), [("/v1/realtime?model=m", {"one/m": 1}), ("/v1/files", {})])
def test_what_is_passed_on_counts_at_the_model_that_it_names(path: str, counts: dict[str, int]) -> None:
    one = replace(FIRST.provider, unread_cluster="u-one")
    of = Gateway(providers={"one": one}, chains={"m": (Target(one, "m"),)})
    under_way, told = UnderWay(), list[Plan]()
    route = RouteSession(RouteStage(of, Situation()), lambda _: None, put_on, under_way, gate(), told.append)
    attempt, entries = attempting(under_way)

    (answer,) = route.receive(passing(path))
    assert counted(under_way) == counts
    noted = pb.ProcessingResponse.FromString(answer).dynamic_metadata.fields["openclaw"].struct_value.fields
    attempt.receive(passing(path, "u-one", {name: value.string_value for name, value in noted.items()}))
    route.close(None)
    assert counted(under_way) == counts
    attempt.receive(answering()[0])
    attempt.close(None)

    assert counted(under_way) == {}
    assert told == []
    assert [entry.target.model for entry in entries] == ["m" if counts else ""]
