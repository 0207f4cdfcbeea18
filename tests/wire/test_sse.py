"""Promises of the event reader, with events no fixture has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.sse import Event, Reader
from tests.samples import cut

LINE_ENDS = (b"\n", b"\r", b"\r\n")

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12)
name = text.filter(bool)
events = st.lists(st.builds(Event, st.lists(text, min_size=1).map("\n".join), name))
cuts = st.lists(st.integers(0, 10_000), max_size=12)


def read(*chunks: bytes, limit: int = sse.MAX_EVENT_BYTES) -> list[Event]:
    reader = Reader(limit=limit)
    return [event for chunk in chunks for event in reader.feed(chunk)]


@given(events, st.data(), cuts)
def test_what_is_written_is_read_whatever_the_line_ends_and_cuts(
    told: list[Event], data: st.DataObject, where: list[int]
) -> None:
    body, last = b"", b""
    for line in b"".join(sse.write(event) for event in told).split(b"\n")[:-1]:
        # LF for an empty line after CR cannot be told from CRLF, so no writer mixes them so.
        fair = LINE_ENDS[1:] if last == b"\r" and not line else LINE_ENDS
        last = data.draw(st.sampled_from(fair))
        body += line + last

    assert read(*cut(body, where)) == told


@given(events, st.sampled_from(LINE_ENDS))
def test_byte_by_byte_is_the_same(told: list[Event], end: bytes) -> None:
    body = b"".join(sse.write(event) for event in told).replace(b"\n", end)

    assert read(*(body[n : n + 1] for n in range(len(body)))) == told


@given(st.binary(max_size=200), cuts)
def test_no_bytes_break_the_reader_and_no_cut_changes_what_it_reads(body: bytes, where: list[int]) -> None:
    assert read(*cut(body, where)) == read(body)


def test_only_cr_and_lf_end_a_line() -> None:
    body = "data: a\u2028b\u0085c\u2029d\x0be\x0cf\x1cg\n\n".encode()

    assert read(body) == [Event("a\u2028b\u0085c\u2029d\x0be\x0cf\x1cg")]


def test_a_byte_order_mark_counts_only_at_the_very_beginning() -> None:
    mark = b"\xef\xbb\xbf"

    assert read(mark + b"data: a\n\n" + mark + b"data: b\n\ndata: c\n\n") == [Event("a"), Event("c")]
    assert read(mark[:1], mark[1:], b"data: a\n\n") == [Event("a")]


@pytest.mark.parametrize(
    "chunks",
    [
        (b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n"),
        (b"data: a\r", b"\n", b"data: b\r\n\r", b"\n"),
        (b"data: a\r", b"", b"\ndata: b\r\n\r\n"),
    ],
)
def test_a_crlf_split_over_two_chunks_is_one_line_end(chunks: tuple[bytes, ...]) -> None:
    assert read(*chunks) == [Event("a\nb")]


def test_cr_alone_ends_an_event_without_waiting_for_more() -> None:
    assert read(b"data: a\r\r") == [Event("a")]


def test_comments_ids_retries_and_unknown_fields_say_nothing() -> None:
    assert read(b": hi\nid: 3\nretry: 9\nfoo: bar\ndata\n\n:\n\nevent: x\n\ndata: b\n\n") == [Event(""), Event("b")]


def test_one_space_after_the_colon_is_not_data_and_a_second_one_is() -> None:
    assert read(b"data:a\n\ndata: a\n\ndata:  a\n\n") == [Event("a"), Event("a"), Event(" a")]


def test_a_name_lasts_for_one_event() -> None:
    assert read(b"event: x\ndata: a\n\ndata: b\n\n") == [Event("a", "x"), Event("b")]


def test_an_event_without_its_empty_line_is_none() -> None:
    assert read(b"data: a\n\ndata: b\n") == [Event("a")]


@pytest.mark.parametrize("piece", [b"a" * 10, b"data: " + b"a" * 10 + b"\n"])
def test_an_event_without_end_is_refused(piece: bytes) -> None:
    with pytest.raises(UnreadableError, match="longer than 100 bytes"):
        read(*(piece for _ in range(20)), limit=100)


def test_many_small_events_are_not_one_long_one() -> None:
    assert len(read(*(b"data: aaaaaaaaaa\n\n" for _ in range(50)), limit=100)) == 50


@pytest.mark.parametrize(
    ("content_type", "streams"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream; charset=utf-8", True),
        ("application/json", False),
        ("text/event-streams", False),
        ("", False),
    ],
)
def test_the_content_type_says_whether_it_streams(content_type: str, *, streams: bool) -> None:
    assert sse.is_stream(content_type) is streams
