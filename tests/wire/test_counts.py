"""Promises about counts of tokens that a provider gives."""

import pytest

from openclaw_extproc.model.facts import Finished, Started, Stop, UsageReported
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire.count_tokens import MAX_BYTES, count_decoder


def test_a_count_is_the_usage_of_an_answer_without_words() -> None:
    decoder = count_decoder("input_tokens")

    assert [*decoder.feed(b'{"input_'), *decoder.feed(b'tokens": 7}')] == []
    assert list(decoder.end()) == [Started("", ""), UsageReported(Usage(input_tokens=7)), Finished(Stop.END)]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"input_tokens": "7"}', b"<html>"])
def test_what_is_no_count_is_unreadable(body: bytes) -> None:
    decoder = count_decoder("input_tokens")
    list(decoder.feed(body))

    with pytest.raises(UnreadableError):
        list(decoder.end())


def test_a_count_has_no_length_to_speak_of() -> None:
    with pytest.raises(UnreadableError):
        count_decoder("input_tokens").feed(b" " * (MAX_BYTES + 1))
