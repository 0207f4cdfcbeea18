"""How an instruction is counted, and that no text makes it try more than once."""

import pytest

from openclaw_extproc.policy.complexity.shape import shape


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("one. two! three?", 3), ("wait... what?!", 2), ("v1.2 is out", 0), ("one.", 1), ("one.  ", 1), ("one. -", 0),
        ("...", 1), ("一。二。", 2), ("a . b", 1), ("", 0), ("no...! end", 1), ("..x", 0),
    ],
)  # fmt: skip
def test_sentences_end_where_something_follows_or_nothing(text: str, sentences: int) -> None:
    assert shape(text).sentences == sentences


@pytest.mark.parametrize("text", ["." * 200_000 + "x", ("." * 100 + " " * 100) * 1_000 + "-", "1" * 100_000])
def test_a_text_of_one_letter_is_gone_through_once(text: str) -> None:
    """With backtracking, 4,000 dots took more than a second, and twice as many eight times as long."""
    assert shape(text)
