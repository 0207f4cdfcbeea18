"""Embeddings through the stages: whole answers only, and never one with a vector too few."""

import json
from dataclasses import replace

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.model.json import Json
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages.attempt.retries import MAX_HELD_BYTES
from openclaw_extproc.stages.entries import AttemptEntry, Outcome
from openclaw_extproc.stages.events import Closed, Event, RequestBody, RequestHead
from openclaw_extproc.stages.route.stage import RouteStage
from openclaw_extproc.wire import client_side
from tests.stages.talking import (
    BEGAN,
    SHARED,
    Talk,
    answer_head,
    attempt,
    attempting,
    chunks,
    gateway,
    plan_of,
    provider,
    received,
)

PATHS = {"openai_embeddings": "/v1/embeddings", "gemini_embeddings": "/v1beta/models/m:batchEmbedContents"}
CHATS = {"openai_embeddings": "openai_chat", "gemini_embeddings": "gemini"}
ASKED: dict[str, Json] = {
    "openai_embeddings": {"model": "m", "input": ["a", "b"]},
    "gemini_embeddings": {"requests": [{"model": "models/m", "content": {"parts": [{"text": t}]}} for t in ("a", "b")]},
}
ANSWERS: dict[str, Json] = {
    "openai_embeddings": {"data": [{"embedding": [0.5]}, {"embedding": [1.5]}], "usage": {"prompt_tokens": 7}},
    "gemini_embeddings": {
        "embeddings": [{"values": [0.5]}, {"values": [1.5]}],
        "usageMetadata": {"promptTokenCount": 7},
    },
}
every_client = pytest.mark.parametrize("client", PATHS)
every_provider = pytest.mark.parametrize("to", PATHS)


def dumped(value: Json) -> bytes:
    return json.dumps(value).encode()


def embedder(to: str, name: str = "p0") -> Target:
    return Target(replace(provider(CHATS[to], name), also=(to,)), "m")


def opened(client: str, where: Gateway, body: Json = None) -> list[Event]:
    """The first two messages of the first attempt."""
    asked = dumped(ASKED[client] if body is None else body)
    head = RequestHead({":method": "POST", ":path": PATHS[client], "content-type": "application/json"}, BEGAN)
    SHARED.gateway = where
    routing = Talk(RouteStage(where, RuntimeState())).tell(head, RequestBody(asked, BEGAN))
    plan = plan_of(routing)
    first = where.chains["auto"][0].provider.cluster
    again = RequestHead({**head.headers, "x-envoy-attempt-count": "1"}, BEGAN, cluster=first, metadata={"plan": plan})
    return [again, RequestBody(asked, BEGAN)]


def begun(client: str, to: str, *, last: bool = True) -> Talk[AttemptEntry]:
    targets = [embedder(to)] if last else [embedder(to), embedder(to, "p1")]
    return attempt(*opened(client, gateway(targets, max_retries=0)), answer_head(streamed=False))


@every_client
@every_provider
def test_vectors_arrive_whole_and_are_counted(client: str, to: str) -> None:
    talk = begun(client, to)

    first, *rest = chunks(dumped(ANSWERS[to]), [3, 20])
    talk.tell(first)
    assert len(talk.answers) == 2, "nothing goes out before all of it is here"
    talk.tell(*rest)

    got = received(talk)
    assert got.status == 200
    assert (talk.entry.outcome, talk.entry.usage.input_tokens) == (Outcome.OK, 7)
    assert json.dumps([0.5]) in got.body.decode().replace(" ", "")
    assert got.body == dumped(ANSWERS[to]) or client != to


@every_client
@every_provider
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("body", [b"", b"{}", b"[", b'{"data":[],"embeddings":[]}'])
def test_an_answer_without_vectors_is_tried_elsewhere(client: str, to: str, last: bool, body: bytes) -> None:
    talk = begun(client, to, last=last).tell(*chunks(body))

    got = received(talk)
    assert got.status >= 500
    assert got.retries is not last
    assert talk.entry.outcome is Outcome.FAILED
    assert "error" in json.loads(got.body)


@pytest.mark.parametrize(
    ("client", "to"), [("openai_embeddings", "gemini_embeddings"), ("gemini_embeddings", "openai_embeddings")]
)
def test_a_vector_too_few_is_no_answer_in_translation(client: str, to: str) -> None:
    short: Json = {"data": [{"embedding": [0.5]}], "embeddings": [{"values": [0.5]}]}

    talk = begun(client, to, last=False).tell(*chunks(dumped(short)))

    assert received(talk).retries


@every_client
@every_provider
def test_an_answer_too_long_to_be_held_passes_as_it_is_or_fails(client: str, to: str) -> None:
    long = b" " * MAX_HELD_BYTES + dumped(ANSWERS[to])

    talk = begun(client, to).tell(*chunks(long, [MAX_HELD_BYTES // 2, MAX_HELD_BYTES + 9]))

    got = received(talk)
    assert (got.status, got.body == long) == ((200, True) if client == to else (503, False))


@every_client
@every_provider
def test_an_error_of_the_provider_is_told_in_the_clients_words(client: str, to: str) -> None:
    error = client_side(to).encode_error(Fault(FaultKind.MALFORMED, "too many texts"))
    head = replace(answer_head(streamed=False), headers={":status": "400", "content-type": "application/json"})
    targets = gateway([embedder(to)], max_retries=0)

    talk = attempt(*opened(client, targets), head)
    if not talk.all_answered():
        talk.tell(*chunks(error))
        assert json.loads(received(talk).body)["error"]["message"] == "too many texts"

    assert talk.entry.outcome is Outcome.FAILED


@every_client
@every_provider
def test_a_client_that_hangs_up_still_settles(client: str, to: str) -> None:
    script = [*opened(client, gateway([embedder(to)])), answer_head(streamed=False), *chunks(dumped(ANSWERS[to]), [5])]

    for hang_up_after in range(1, len(script) + 1):
        stage = attempting().stage
        steps = [stage.receive(event) for event in (*script[:hang_up_after], Closed(BEGAN + 9.0))]

        assert len([step for step in steps if step.entry]) == 1


NUMBERS: Json = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -2]}],
    "model": "m",
    "usage": {"prompt_tokens": 7, "total_tokens": 7},
}
PACKED = "AAAAPwAAAMA="


@pytest.mark.parametrize(("encoding", "form"), [("base64", PACKED), ("float", [0.5, -2]), (None, [0.5, -2])])
def test_a_client_of_base64_gets_it_of_a_server_that_has_numbers_only(encoding: str | None, form: Json) -> None:
    """The JavaScript SDK of OpenAI reads nothing else. All other bytes stay."""
    body: Json = {"model": "m", "input": ["a"], "encoding_format": encoding}
    where = gateway([embedder("openai_embeddings")], max_retries=0)

    talk = attempt(*opened("openai_embeddings", where, body), answer_head(streamed=False))
    talk.tell(*chunks(dumped(NUMBERS), [30]))

    told = json.loads(received(talk).body)
    assert told["data"] == [{"object": "embedding", "index": 0, "embedding": form}]
    assert told["usage"] == {"prompt_tokens": 7, "total_tokens": 7}


def test_an_answer_in_base64_keeps_every_byte() -> None:
    body: Json = {"model": "m", "input": ["a"], "encoding_format": "base64"}
    said = b'{ "data": [ {"embedding": "%s"} ],  "usage": {"prompt_tokens": 7}}' % PACKED.encode()
    where = gateway([embedder("openai_embeddings")], max_retries=0)

    talk = attempt(*opened("openai_embeddings", where, body), answer_head(streamed=False))
    talk.tell(*chunks(said))

    assert received(talk).body == said
