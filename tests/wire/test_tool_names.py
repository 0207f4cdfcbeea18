"""Promises of tools' names that a provider's format does not take."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model.facts import ToolStarted
from openclaw_extproc.model.requests import Chat, Text, ToolChoice, ToolSpec, ToolUse, Turn
from openclaw_extproc.wire import FORMATS
from openclaw_extproc.wire.translation.tools import RENAMED_LOSS, NameRule, back, changed_names, rename_tools

LONG = "mcp__issue_tracker_of_the_whole_company__search_for_issues_by_their_labels"
"""74 characters, as in home-assistant/core#121325."""


@pytest.mark.parametrize(
    ("format", "pattern"),
    [
        ("openai_chat", r"[a-zA-Z0-9_-]{1,64}"),
        ("openai_responses", r"[a-zA-Z0-9_-]{1,128}"),
        ("anthropic_messages", r"[a-zA-Z0-9_-]{1,128}"),
        ("bedrock_converse", r"[a-zA-Z0-9_-]{1,64}"),
        ("gemini", r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}"),
    ],
)
def test_every_name_becomes_one_that_the_format_takes(format: str, pattern: str) -> None:
    side = FORMATS[format].provider
    assert side is not None
    rule = side.tool_names
    assert rule is not None

    @given(st.text(max_size=200), st.text(max_size=200))
    def check(name: str, other: str) -> None:
        assert re.fullmatch(pattern, rule.fit(name))
        assert (rule.fit(name) == rule.fit(other)) is (name == other)
        assert rule.fit(rule.fit(name)) == rule.fit(name)

    check()


def test_a_tool_has_one_name_wherever_it_is_named_and_its_own_in_the_answer() -> None:
    chat = Chat(
        "m",
        (Turn("user", (Text("Go."),)), Turn("assistant", (ToolUse("t", LONG, "{}"), ToolUse("u", "f", "{}")))),
        tools=(ToolSpec(LONG, "", {}), ToolSpec("f", "", {})),
        tool_choice=ToolChoice("named", LONG),
    )
    losses: list[str] = []

    sent, names = rename_tools(chat, NameRule(64), losses), changed_names(chat, NameRule(64))

    (short,) = names
    assert [tool.name for tool in sent.tools] == [short, "f"]
    assert sent.tool_choice == ToolChoice("named", short)
    assert sent.turns[1].parts == (ToolUse("t", short, "{}"), ToolUse("u", "f", "{}"))
    assert back(ToolStarted("x", short), names) == ToolStarted("x", LONG)
    assert back(ToolStarted("x", "f"), names) == ToolStarted("x", "f")
    assert losses == [RENAMED_LOSS]


def test_names_that_are_taken_stay() -> None:
    chat = Chat("m", (), tools=(ToolSpec("f", "", {}),))

    assert rename_tools(chat, NameRule(64), []) is chat
    assert rename_tools(chat, None, []) is chat
