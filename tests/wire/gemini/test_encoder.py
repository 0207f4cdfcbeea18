"""Promises of the Gemini format: answers for clients, written."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Started,
    StateAttached,
    Stop,
    TextStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.requests import Reasoning, SealedState
from openclaw_extproc.wire.gemini.thinking import STRANGERS
from tests.wire.gemini.saying import CASES, CLIENT, HELLO, ROOT, facts, gist

CREATED = 1_763_000_000


def write(told: Iterable[Fact], *, stream: bool, alt: str = "sse", thoughts: bool | None = None) -> bytes:
    asked = replace(HELLO, stream=stream, extras={"alt": alt}, reasoning=Reasoning(visible=thoughts))
    encoder = CLIENT.encoder(asked, CREATED)
    return b"".join(encoder.feed(fact) for fact in told)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("stream", "alt"), [(True, "sse"), (True, "json"), (False, "")])
def test_what_is_written_reads_the_same_again(case: str, stream: bool, alt: str) -> None:
    told = facts(True, (ROOT / case / "response.sse").read_bytes())

    body = write(told, stream=stream, alt=alt, thoughts=True)

    mark = StateAttached(SealedState("gemini", STRANGERS))
    assert [fact for fact in gist(facts(alt == "sse", body)) if fact != mark] == gist(told)


TOLD: list[Fact] = [
    Started("r-1", "gpt"),
    TextStarted(),
    Delta("Hel"),
    Delta("lo"),
    BlockEnded(),
    ToolStarted("call_1", "f"),
    Delta('{"a"'),
    Delta(": 1}"),
    BlockEnded(),
    ToolStarted("call_2", "g"),
    BlockEnded(),
    UsageReported(Usage(input_tokens=5, cached_tokens=2, output_tokens=9, reasoning_tokens=4)),
    Finished(Stop.TOOL_USE),
]
PARTS = (
    b'{"text":"Hel"}',
    b'{"text":"lo"}',
    # Calls in several chunks would come back as several turns, which Gemini refuses.
    b'{"functionCall":{"id":"call_1","name":"f","args":{"a":1}},"thoughtSignature":"%s"},'
    b'{"functionCall":{"id":"call_2","name":"g","args":{}}}' % STRANGERS.encode(),
)
TAIL = b'"modelVersion":"gpt","responseId":"r-1"}'
USAGE = (
    b'"usageMetadata":{"promptTokenCount":5,"cachedContentTokenCount":2,"candidatesTokenCount":5,'
    b'"thoughtsTokenCount":4,"totalTokenCount":14},'
)
CHUNKS = [
    *(b'{"candidates":[{"content":{"parts":[%s],"role":"model"},"index":0}],%s' % (part, TAIL) for part in PARTS),
    b'{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],%s%s'
    % (USAGE, TAIL),
]


def test_a_stream_is_written_word_for_word_as_google_would() -> None:
    assert write(TOLD, stream=True) == b"".join(b"data: %s\n\n" % chunk for chunk in CHUNKS)


def test_a_stream_nobody_wants_as_events_is_an_array() -> None:
    assert write(TOLD, stream=True, alt="json") == b"[" + b",\r\n".join(CHUNKS) + b"]"


def test_a_whole_answer_is_one_object() -> None:
    parts = b'{"text":"Hello"},' + b",".join(PARTS[2:])

    assert write(TOLD, stream=False) == (
        b'{"candidates":[{"content":{"parts":[%s],"role":"model"},"finishReason":"STOP","index":0}],%s%s'
        % (parts, USAGE, TAIL)
    )


def test_arguments_that_are_no_object_still_reach_the_client() -> None:
    told: list[Fact] = [Started("", ""), ToolStarted("1", "f"), Delta("{broken"), BlockEnded(), Finished(Stop.TOOL_USE)]

    body = write(told, stream=False)

    assert b'"args":{"_raw":"{broken"}' in body
    assert b'"modelVersion":"gemini","responseId":"1763000000"}' in body


@pytest.mark.parametrize(
    ("stop", "word"),
    [(Stop.END, "STOP"), (Stop.LENGTH, "MAX_TOKENS"), (Stop.REFUSAL, "SAFETY"), (Stop.TOOL_USE, "STOP")],
)
def test_an_answer_ends_with_a_word_of_geminis(stop: Stop, word: str) -> None:
    assert b'"finishReason":"%s"' % word.encode() in write([Started("", ""), Finished(stop)], stream=False)


def test_usage_nobody_told_is_not_made_up() -> None:
    assert b"usageMetadata" not in write([Started("", ""), Finished(Stop.END)], stream=True)


FAULT = Fault(FaultKind.UPSTREAM_GARBLED, "it broke off")
ERROR = b'{"error":{"code":502,"message":"it broke off","status":"INTERNAL"}}'


def test_a_failure_is_told_in_the_words_of_each_framing() -> None:
    begun = TOLD[:3]
    failed = Failed(FAULT)

    assert write([*begun, failed], stream=True) == b"data: %s\n\ndata: %s\n\n" % (CHUNKS[0], ERROR)
    assert write([*begun, failed], stream=True, alt="") == b"[%s,\r\n%s]" % (CHUNKS[0], ERROR)
    assert write([failed], stream=True, alt="") == b"[%s]" % ERROR
    assert write([*begun, failed], stream=False) == ERROR == CLIENT.encode_error(FAULT)
    assert CLIENT.encode_stream_error(FAULT) == b"data: %s\n\n" % ERROR
