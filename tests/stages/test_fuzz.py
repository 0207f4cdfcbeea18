"""Nobody's bytes can break the stages: one answer for each message, one entry, and words the client understands.

Short by default; `HYPOTHESIS_PROFILE=soak` looks for hours.
"""

import json

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model.json import MAX_DEPTH, Json
from openclaw_extproc.stages.events import Event, RequestBody, ResponseBody, ResponseHead, ResponseTrailers
from openclaw_extproc.wire import client_side
from tests.samples import ANSWERS, CLIENTS, PROVIDERS, REQUESTS, Case, cut
from tests.stages.sense import both_stages, makes_sense
from tests.stages.spoiling import spoilt
from tests.stages.talking import (
    BEGAN,
    SHARED,
    asking,
    attempt,
    chain,
    gateway,
    opening,
    received,
)

WORLDS = {
    (client, provider, stream, last): gateway(chain(provider) if last else chain(provider, provider), max_retries=0)
    for client in CLIENTS
    for provider in PROVIDERS
    for stream in (True, False)
    for last in (True, False)
}
OPENINGS = {way: opening(asking(way[0], stream=way[2]), world) for way, world in WORLDS.items()}


# -- what a provider can do ---------------------------------------------------------------


@given(st.data(), st.sampled_from(ANSWERS), st.sampled_from(sorted(OPENINGS)))
def test_no_provider_can_break_an_attempt(
    data: st.DataObject, answer: tuple[Case, bool], way: tuple[str, str, bool, bool]
) -> None:
    client, provider, stream, _ = way
    case, streamed = answer  # of any format: a provider may speak another one than it should
    body = data.draw(spoilt(case.answer(streamed=streamed)))
    pieces = cut(body, data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    end = data.draw(st.sampled_from(["marked", "trailers", "empty"]))
    told = data.draw(st.sampled_from([streamed, not streamed]))
    status = data.draw(st.sampled_from([200, 200, 200, 200, 299, 301, 400, 429, 500]))
    kind = "text/event-stream" if told else "application/json"

    SHARED.gateway = WORLDS[way]
    talk = attempt(
        *OPENINGS[way],
        ResponseHead({":status": str(status), "content-type": kind}, BEGAN + 2),
        *(ResponseBody(p, end == "marked" and n == len(pieces) - 1, BEGAN + 3) for n, p in enumerate(pieces)),
        *_ends(end),
    )

    assert talk.replied or talk.all_answered()
    talk.hang_up()
    entry = talk.entry
    event(f"{entry.outcome.value}, {client} from {provider}")
    makes_sense(client, received(talk), entry, stream=stream, translated=client != provider)


def _ends(end: str) -> list[Event]:
    match end:
        case "trailers":
            return [ResponseTrailers(BEGAN + 4)]
        case "empty":
            return [ResponseBody(b"", True, BEGAN + 4)]
        case _:
            return []


DEPTHS = (*range(MAX_DEPTH - 16, MAX_DEPTH + 2), 1_000, 5_000)
"""Up to what is still read with all that is around it, and far beyond what Python's own stack would bear."""
AROUND = 8
"""Levels that an answer may have around an argument: an argument just within the limit is written, and its answer is
then deeper than what our reader takes; SDKs have no such limit."""


def test_a_provider_that_nests_deeply_cannot_break_an_attempt() -> None:
    """At some depth an argument can still be read and no longer be written."""
    for way, script in OPENINGS.items():
        (client, provider, stream, _), SHARED.gateway = way, WORLDS[way]
        for depth in DEPTHS:
            whole = ResponseHead({":status": "200", "content-type": "application/json"}, BEGAN + 2)

            talk = attempt(*script, whole, ResponseBody(_deep(provider, depth), True, BEGAN + 3))

            assert talk.replied or talk.all_answered()
            entry = talk.hang_up().entry
            translated = client != provider and not MAX_DEPTH - AROUND < depth <= MAX_DEPTH
            makes_sense(client, received(talk), entry, stream=stream, translated=translated)


def _deep(provider: str, depth: int) -> bytes:
    args = '{"a":' + "[" * depth + "]" * depth + "}"
    match provider:
        case "openai_chat":
            call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": args}}
            message = {"role": "assistant", "tool_calls": [call]}
            return json.dumps({"id": "a", "model": "m", "choices": [{"index": 0, "message": message}]}).encode()
        case "anthropic_messages":
            return (
                '{"id":"a","type":"message","model":"m","stop_reason":"tool_use","content":[{"type":"tool_use",'
                f'"id":"t","name":"f","input":{args}}}]}}'
            ).encode()
        case _:
            return (
                '{"responseId":"a","candidates":[{"finishReason":"STOP","content":{"parts":[{"functionCall":'
                f'{{"name":"f","args":{args}}}}}]}}}}]}}'
            ).encode()


# -- what a client can do -------------------------------------------------------------------

text = st.text(max_size=8) | st.sampled_from(["", " ", "user", "assistant", "text", "function", "auto", "é\u2028"])
awkward: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([2**63, -(2**63), 2**64, 10**30])
    | st.floats()
    | text
    | st.just("\ud800"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            text | st.sampled_from(["type", "role", "content", "parts", "text", "name"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@st.composite
def twisted(draw: st.DrawFn, value: Json) -> Json:
    return _twisted(draw, value)


def _twisted(draw: st.DrawFn, value: Json) -> Json:
    """The value with something awkward at some place in it, or with a place gone."""
    match value:
        case dict() if value:
            key = draw(st.sampled_from(sorted(value)))
            changed = {**value, key: _or_deeper(draw, value[key])}
            if draw(st.integers(0, 5)) == 0:
                del changed[key]
            if draw(st.integers(0, 5)) == 0:
                changed[draw(text)] = draw(awkward)
            return changed
        case list() if value:
            place = draw(st.integers(0, len(value) - 1))
            return [*value[:place], _or_deeper(draw, value[place]), *value[place + 1 :]]
        case _:
            return draw(awkward)


def _or_deeper(draw: st.DrawFn, value: Json) -> Json:
    return _twisted(draw, value) if draw(st.booleans()) else draw(awkward)


@given(st.data(), st.sampled_from(REQUESTS), st.sampled_from(PROVIDERS))
def test_no_client_can_break_the_stages(data: st.DataObject, case: Case, provider: str) -> None:
    body: Json = json.loads(case.request)
    for _ in range(data.draw(st.integers(1, 3))):
        body = data.draw(twisted(body))

    both_stages(case, json.dumps(body).encode("utf-8", "surrogatepass"), provider)


@given(st.data(), st.sampled_from(REQUESTS), st.sampled_from(PROVIDERS))
def test_no_bytes_of_a_client_can_break_the_stages(data: st.DataObject, case: Case, provider: str) -> None:
    both_stages(case, data.draw(spoilt(case.request)), provider)


@given(
    st.sampled_from(CLIENTS),
    st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40),
    st.dictionaries(
        st.sampled_from(["x-openclaw-user", "x-request-id", "content-length", "content-encoding", "cookie", "x-y"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20),
    ),
)
@example(CLIENTS[0], "?&&==&key", {})
@example("gemini", "/v1beta/models/%ff%2f..:generateContent", {})
def test_no_path_and_no_header_can_break_the_stages(client: str, more: str, headers: dict[str, str]) -> None:
    case = asking(client, stream=True)
    for path in (case.target + more, "/" + more, more):
        both_stages(case, case.request, CLIENTS[-1], {**headers, ":path": path})


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_client_that_nests_deeply_cannot_break_the_stages(client: str, provider: str) -> None:
    case = asking(client, stream=True)
    body = case.request.rstrip()[:-1]

    for depth in DEPTHS:
        both_stages(case, body + b', "madeup": ' + b"[" * depth + b"]" * depth + b"}", provider)


def test_the_fuzz_has_every_way_through() -> None:
    """Each format on each side; an error event of each."""
    assert {way[:2] for way in OPENINGS} == {(c, p) for c in CLIENTS for p in PROVIDERS}
    assert all(isinstance(script[1], RequestBody) for script in OPENINGS.values())
    assert all(client_side(c).encode_stream_error(Fault(FaultKind.BUG, "x")) for c in CLIENTS)
