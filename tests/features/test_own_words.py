"""Promises about telling a user's own words from what tools and editors write beside them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.features.own_words import (
    INJECTED_TAGS,
    SEARCHED_CHARS,
    WRAPPERS,
    has_own_words,
    head_and_tail,
    last_own_pieces,
    own_pieces,
)
from openclaw_extproc.model.requests import InlineImage, Text, ToolResult, Turn


def user(*texts: str) -> Turn:
    return Turn("user", tuple(map(Text, texts)))


def own_text(turn: Turn) -> str:
    return "".join(own_pieces(turn))


@pytest.mark.parametrize(
    ("texts", "own"),
    [
        (("Fix the test.",), "Fix the test."),
        (("  Fix\n  it. ",), "Fix\n  it."),
        (("<system-reminder>\nToday is Monday.\n</system-reminder>", "Fix it."), "Fix it."),
        (("Fix it.<system-reminder>a</system-reminder> Now.<system-reminder>b</system-reminder>",), "Fix it. Now."),
        (("<environment_context>\n  <cwd>/repo</cwd>\n</environment_context>",), ""),
        (("# AGENTS.md instructions for /repo\n\n<INSTRUCTIONS>\nuse tabs\n</INSTRUCTIONS>",), ""),
        (("<user_instructions>use tabs</user_instructions>\nlist the files",), "list the files"),
        (("<task>\nFix it.\n</task>", "<environment_details>\n# Open tabs\n</environment_details>"), "Fix it."),
        (("[read_file for 'a.py'] Result:", "def a(): pass", "<environment_details>x</environment_details>"), ""),
        (("[attempt_completion] Result:", "The user said:\n<feedback>\nNot yet.\n</feedback>"), "Not yet."),
        (('<attached_files><code path="a">x</code></attached_files><user_query>Why?</user_query>',), "Why?"),
        (("<attachments>\nx\n</attachments><userRequest>\nWhy?\n</userRequest>",), "Why?"),
        (('<file_content path="a.py">\nx\n</file_content> explain',), "explain"),
        (("<command-name>/review</command-name><command-args>src</command-args>",), "src"),
        (("<session_context>It is Monday.</session_context>", "hello"), "hello"),
        (("[Request interrupted by user for tool use]",), ""),
        (("[Request interrupted by user]\nTry another way.",), "Try another way."),
        ((" \n\t ",), ""),
        ((), ""),
    ],
)
def test_only_own_words_remain(texts: tuple[str, ...], own: str) -> None:
    turn = user(*texts)

    assert own_text(turn) == own
    assert has_own_words(turn) == bool(own)


@pytest.mark.parametrize(
    "text",
    [
        "<context>my own markup</context> go",
        "<p>Is this <b>valid</b> HTML?</p>",
        "what does <system-reminder> mean?",
        "<system-reminders>other</system-reminders>",
        "if a <b and b> c",
        "vector<task> x",
    ],
)
def test_what_a_person_may_have_written_stays(text: str) -> None:
    assert own_text(user(text)).replace("<task>", "") == text.replace("<task>", "")


@pytest.mark.parametrize("name", INJECTED_TAGS)
def test_every_injected_block_goes(name: str) -> None:
    assert own_text(user(f"a <{name}>b < c </x> <y></{name}> d")) == "a  d"
    assert not has_own_words(user(f"<{name}>b</{name}>"))


@pytest.mark.parametrize("name", WRAPPERS)
def test_of_every_wrapper_the_tags_go(name: str) -> None:
    assert own_text(user(f"<{name}>b</{name}>")) == "b"


def test_the_last_turn_with_own_words_is_asked() -> None:
    turns = (
        user("first"),
        Turn("assistant", (Text("yes?"),)),
        user("second"),
        Turn("user", (ToolResult("1", (Text("found"),)), Text("<system-reminder>x</system-reminder>"))),
        Turn("user", (InlineImage("image/png", "A"),)),
        Turn("assistant", (Text("well"),)),
    )

    assert last_own_pieces(turns) == ["second"]
    assert last_own_pieces(turns[1:2]) == last_own_pieces(()) == []


def test_blocks_at_both_ends_of_a_long_text_go() -> None:
    block = "<system-reminder>" + "x" * 500_000 + "</system-reminder>"
    middle = "word " * SEARCHED_CHARS

    assert own_text(user(f"{block} begin {middle} end {block}")) == f"begin {middle} end"


@pytest.mark.parametrize("unit", ["<system-reminder>", "<", "<task>", "</task>", "<environment_details", "< ", "[a] "])
def test_no_text_takes_more_than_linear_time(unit: str) -> None:
    """With anything worse a megabyte of it would take minutes."""
    text = unit * (1_000_000 // len(unit))

    assert len(own_text(user(text))) <= len(text)
    assert has_own_words(user(text)) == bool(own_text(user(text)))


@given(
    st.lists(
        st.sampled_from(
            [*(f"<{n}>" for n in INJECTED_TAGS[:4]), *(f"</{n}>" for n in INJECTED_TAGS[:4]), "<task>", "</task>"]
        )
        | st.text(max_size=8),
        max_size=12,
    )
)
def test_whether_there_are_own_words_and_what_they_are_agree(parts: list[str]) -> None:
    turn = user("".join(parts))

    assert has_own_words(turn) == bool(own_text(turn))
    assert len(own_text(turn)) <= sum(map(len, parts))


@given(st.lists(st.text()), st.integers(1, 20))
def test_a_cut_keeps_head_and_tail(pieces: list[str], half: int) -> None:
    text, kept = "".join(pieces), head_and_tail(pieces, half)

    assert len(kept) <= 2 * half + 3
    assert kept[:half] == text[:half]
    assert kept[-half:] == text[-half:]
