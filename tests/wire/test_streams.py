"""Promises about answers that hold in every format: read, written, and read again.

`UPDATE_GOLDEN=1 pytest tests/wire/test_streams.py -k golden` writes the golden files anew. Read every changed line
against the client's SDK before it is committed: a round trip hides wrong words, only a reader finds them.
"""

import json
import os
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Started,
    Stop,
    TextStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.wire import client_side
from tests import samples
from tests.frames import framed
from tests.samples import ANSWERS, BOTH, CLIENTS, STREAMS, UPSTREAMS, Case, decode, gist, provider_side

STOPS_BEFORE_ITS_END = {
    "openai_chat": b'"finish_reason":"',
    "gemini": b'"finishReason"',
    "anthropic_messages": b"event: message_delta",
}
"""What already ends an answer of these formats, for servers that leave out the rest. Others have a last event."""

WITHOUT_LAST_EVENT = ("gemini",)
"""Formats that end where the body ends."""

every_answer = pytest.mark.parametrize(("case", "streamed"), ANSWERS, ids=samples.answer_name)
every_stream = pytest.mark.parametrize("case", STREAMS, ids=str)
every_event_stream = pytest.mark.parametrize("case", [case for case in STREAMS if not case.in_frames], ids=str)
every_client = pytest.mark.parametrize("client", CLIENTS)
written_both_ways = pytest.mark.parametrize("stream", [True, False], ids=["as-stream", "as-whole"])


# -- reading ---------------------------------------------------------------


@every_answer
def test_an_answer_means_the_same_wherever_the_network_cuts_it(case: Case, *, streamed: bool) -> None:
    body = case.answer(streamed=streamed)
    whole = decode(case.provider, body, streamed=streamed)

    @given(st.lists(st.integers(0, len(body)), max_size=8))
    def check(cuts: list[int]) -> None:
        assert decode(case.provider, *samples.cut(body, cuts), streamed=streamed) == whole

    check()


@every_answer
def test_byte_by_byte_is_the_same(case: Case, *, streamed: bool) -> None:
    body = case.answer(streamed=streamed)

    bytes_apart = [body[n : n + 1] for n in range(len(body))]

    assert decode(case.provider, *bytes_apart, streamed=streamed) == case.facts(streamed=streamed)


@every_event_stream
@pytest.mark.parametrize("end", [b"\r", b"\r\n"], ids=["cr", "crlf"])
def test_any_line_end_is_the_same(case: Case, end: bytes) -> None:
    body = case.answer(streamed=True).replace(b"\r\n", b"\n").replace(b"\n", end)

    assert decode(case.provider, body, streamed=True) == case.facts(streamed=True)
    assert decode(case.provider, *(body[n : n + 1] for n in range(len(body))), streamed=True) == case.facts(
        streamed=True
    )


@every_event_stream
def test_comments_between_events_are_nothing(case: Case) -> None:
    body = case.answer(streamed=True).replace(b"\r\n", b"\n").replace(b"\n\n", b"\n\n: keep-alive\n\n")

    assert decode(case.provider, body, streamed=True) == case.facts(streamed=True)


@every_answer
def test_every_recorded_answer_is_complete(case: Case, *, streamed: bool) -> None:
    told = gist(case.facts(streamed=streamed))

    assert told.stop is not None
    assert not told.failed
    assert bool(told.model) == case.provider.names_model
    assert told.tokens[0]
    assert told.text or told.calls or told.stop is Stop.REFUSAL


@pytest.mark.parametrize("case", BOTH, ids=str)
def test_a_stream_and_a_whole_answer_tell_the_same(case: Case) -> None:
    assert gist(case.facts(streamed=True)) == gist(case.facts(streamed=False))


@every_answer
def test_no_delta_is_empty(case: Case, *, streamed: bool) -> None:
    assert Delta("") not in case.facts(streamed=streamed)


@every_answer
def test_an_answer_that_breaks_off_is_never_complete(case: Case, *, streamed: bool) -> None:
    """Cut in all places: what comes out is a beginning of the whole, and then a failure."""
    body = case.answer(streamed=streamed)
    whole = case.facts(streamed=streamed)
    enough = _enough(case, body) if streamed else len(body.rstrip())

    # After every byte of the end, where an answer may look complete, and after some hundred others.
    for length in sorted({*range(0, enough, 1 + enough // 150), *range(max(0, enough - 200), enough)}):
        facts = samples.heard(case.provider, body[:length], streamed=streamed)

        assert isinstance(facts[-1], Failed), length
        assert facts[-1].fault.kind is FaultKind.UPSTREAM_GARBLED
        assert not any(isinstance(fact, Finished) for fact in facts)
        assert facts[:-1] == whole[: len(facts) - 1]


@every_stream
def test_an_answer_that_breaks_off_behind_its_last_word_still_ends_once(case: Case) -> None:
    body = case.answer(streamed=True)

    for length in range(_enough(case, body), len(body) + 1):
        facts = samples.heard(case.provider, body[:length], streamed=True)

        assert sum(isinstance(fact, Finished | Failed) for fact in facts) == 1, length
        assert isinstance(facts[-1], Finished | Failed)
        if isinstance(facts[-1], Finished):
            assert gist(facts).text == gist(case.facts(streamed=True)).text
            assert gist(facts).calls == gist(case.facts(streamed=True)).calls


def _enough(case: Case, body: bytes) -> int:
    """How many bytes make a complete answer."""
    if case.in_frames:
        lines = (case.folder / "response.frames").read_text()
        return len(framed(lines[: lines.index('{"metadata"')]))
    if case.format not in STOPS_BEFORE_ITS_END:
        return len(body.rstrip()) + 2  # the empty line that ends the last event
    said = body.replace(b'"finish_reason":null', b" " * 20)  # same length
    last = max(said.find(STOPS_BEFORE_ITS_END[case.format]), said.find(b'"blockReason"'))
    ends = re.compile(rb"\r?\n\r?\n").search(body, last)
    assert ends is not None
    # CR alone is an end of line already.
    return ends.end() - (1 if ends[0].endswith(b"\r\n") else 0)


@pytest.mark.parametrize("case", [case for case in STREAMS if case.format not in WITHOUT_LAST_EVENT], ids=str)
def test_what_comes_after_the_end_is_not_read(case: Case) -> None:
    body = case.answer(streamed=True)

    assert decode(case.provider, body, b"data: {{{\n\n", body, streamed=True) == case.facts(streamed=True)


# -- written for any client, and read back -----------------------------------


@every_answer
@every_client
@written_both_ways
def test_an_answer_survives_being_written_for_any_client(
    case: Case, client: str, *, streamed: bool, stream: bool
) -> None:
    facts = samples.named(case.facts(streamed=streamed))

    written = samples.write(client_side(client), facts, stream=stream)

    assert gist(decode(provider_side(client), written, streamed=stream)) == gist(facts)


text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
json_args = st.dictionaries(text, st.integers() | text | st.none(), max_size=3).map(
    lambda args: "" if not args else j.text(dict(args))
)
names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,8}", fullmatch=True)
counts = st.integers(0, 10**9)


@st.composite
def answers(draw: st.DrawFn) -> list[Fact]:
    """Any well-formed answer: texts, calls with JSON for arguments, usage somewhere."""
    facts: list[Fact] = [Started(draw(names), draw(names))]
    called = False
    blocks = draw(st.lists(st.booleans(), max_size=4))
    for n, is_call in enumerate(blocks):
        called |= is_call
        facts.append(ToolStarted(f"call_{n}", draw(names)) if is_call else TextStarted())
        whole = draw(json_args if is_call else text)
        facts += [Delta(piece) for piece in _pieces(draw, whole)]
        facts.append(BlockEnded())
    cached, fresh, output = draw(counts), draw(counts), draw(counts)
    facts.insert(draw(st.integers(1, len(facts))), UsageReported(Usage(cached + fresh, cached, None, output)))
    stop = draw(st.sampled_from([Stop.LENGTH, Stop.REFUSAL, Stop.TOOL_USE if called else Stop.END]))
    return [*facts, Finished(stop)]


def _pieces(draw: st.DrawFn, whole: str) -> list[str]:
    at = draw(st.integers(0, len(whole)))
    return [piece for piece in (whole[:at], whole[at:]) if piece]


@every_client
@written_both_ways
def test_any_answer_at_all_survives_being_written(client: str, *, stream: bool) -> None:
    @given(answers())
    def check(facts: list[Fact]) -> None:
        written = samples.write(client_side(client), facts, stream=stream)

        assert gist(decode(provider_side(client), written, streamed=stream)) == gist(facts)

    check()


@every_client
@written_both_ways
@pytest.mark.parametrize("cut_after", range(6))
def test_an_answer_that_fails_is_never_written_as_complete(client: str, cut_after: int, *, stream: bool) -> None:
    said: list[Fact] = [
        Started("a1", "m"),
        UsageReported(Usage(3, None, None, 1)),
        TextStarted(),
        Delta("hel"),
        Delta("lo"),
    ]
    fault = Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer broke off")

    written = samples.write(client_side(client), [*said[:cut_after], Failed(fault)], stream=stream)

    back = samples.heard(provider_side(client), written, streamed=stream)
    assert isinstance(back[-1], Failed)
    assert back[-1].fault.public == fault.public


@every_client
@pytest.mark.parametrize("kind", FaultKind)
def test_an_error_says_the_same_as_body_and_as_event(client: str, kind: FaultKind) -> None:
    fault = Fault(kind, 'quotes " and\nnew lines, ü')
    side, back = client_side(client), provider_side(client)

    whole = back.decode_error(kind.status, side.encode_error(fault))
    (event,) = samples.heard(back, side.encode_stream_error(fault), streamed=True)

    assert whole.public == fault.public
    assert whole.upstream_status == kind.status
    assert isinstance(event, Failed)
    assert event.fault.public == fault.public


@pytest.mark.parametrize("provider", UPSTREAMS)
@given(st.integers(300, 599), st.binary(max_size=60) | st.sampled_from([b"", b"null", b"[]", b'{"error":[]}', b"{}"]))
def test_any_error_body_makes_a_fault(provider: str, status: int, body: bytes) -> None:
    fault = provider_side(provider).decode_error(status, body)

    assert fault.public
    assert fault.upstream_status == status


@written_both_ways
def test_a_gemini_stream_without_events_is_one_json_array(*, stream: bool) -> None:
    """The only stream that is no event stream."""
    for case in STREAMS:
        encoder = client_side("gemini").encoder(replace(samples.asker(stream=True), extras={}), samples.CREATED)
        facts = samples.named(case.facts(streamed=stream))

        written = b"".join([encoder.feed(fact) for fact in facts])

        assert isinstance(json.loads(written), list)
        assert gist(decode(provider_side("gemini"), written, streamed=False)) == gist(facts)


# -- golden files ------------------------------------------------------------

GOLDEN = [
    (case, streamed, client)
    for case, streamed in ANSWERS
    for client in CLIENTS
    if client != case.format  # the same format passes through as it is
]


def _name(value: object) -> str:
    return samples.answer_name(value)


@pytest.mark.parametrize(("case", "streamed", "client"), GOLDEN, ids=_name)
def test_the_golden_files_are_what_we_write(case: Case, client: str, *, streamed: bool) -> None:
    golden = case.folder / f"golden.{client}.{'sse' if streamed else 'json'}"

    written = samples.write(client_side(client), case.facts(streamed=streamed), stream=streamed)

    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.write_bytes(written)
    assert golden.exists(), "no golden file yet: UPDATE_GOLDEN=1, then read it line by line"
    assert written == golden.read_bytes()
