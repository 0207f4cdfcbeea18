"""How an instruction is counted, and that no text makes it try more than once."""

import pytest

from openclaw_extproc.policy.complexity.situation import shape


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one thing. two things! three?", 2), ("who wrote it? when was it? where?", 0), ("it fell... what now?", 1),
        ("v1.2 is out?", 0), ("it is out. no question", 0), ("when? it is late. answer in one word.", 0),
        ("hi there! how old is it?", 0), ("hello, i hope you are well. how old is it?", 0),
        ("hi, my roof leaks and the rain comes in every night, whatever i do to it. why?", 1),
        ("you are a doctor. answer briefly. my knee hurts. why?", 1), ("du bist ein lehrer. wie alt ist es?", 0),
        ("你好！你是老师。首都在哪里？", 0), ("门坏了。怎么办？", 1), ("", 0), ("?", 0), ("..x?", 0),  # noqa: RUF001  # Chinese
    ],
)  # fmt: skip
def test_a_situation_is_what_is_told_before_the_last_question(text: str, told: int) -> None:
    assert shape(text).told == told


@pytest.mark.parametrize(
    "text", ["." * 200_000 + "x", ("." * 100 + " " * 100) * 1_000 + "-", "1" * 100_000, "a. " * 50_000 + "?"]
)
def test_a_text_of_one_letter_is_gone_through_once(text: str) -> None:
    """With backtracking, 4,000 dots took more than a second, and twice as many eight times as long."""
    assert shape(text)
