"""Promises about Gemini's streams without `alt=sse`: whole elements go on, and what is cut is closed with its error."""

import json

from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.wire.gemini.client.requests import ArrayPieces
from tests import samples

BODY = b'[{"a": "}]\\"{", "b": {"c": [1, {}]}}\r\n,\r\n{"d": 2}\r\n]\r\n'
FAULT = Fault(FaultKind.UPSTREAM_GARBLED, "broke off")


@given(st.lists(st.integers(0, len(BODY)), max_size=6), st.integers(0, len(BODY)))
def test_wherever_it_is_cut_it_is_an_array_that_ends_in_the_error(cuts: list[int], length: int) -> None:
    pieces = ArrayPieces()
    got = b"".join(pieces.feed(part, end=False) for part in samples.cut(BODY[:length], cuts))

    *said, last = json.loads(got + pieces.break_off(FAULT))

    assert said == json.loads(BODY)[: len(said)]
    assert last["error"]["message"] == "broke off"


@given(st.lists(st.integers(0, len(BODY)), max_size=6))
def test_a_whole_one_passes_byte_for_byte(cuts: list[int]) -> None:
    pieces, parts = ArrayPieces(), samples.cut(BODY, cuts)

    assert b"".join(pieces.feed(part, end=n + 1 == len(parts)) for n, part in enumerate(parts)) == BODY
