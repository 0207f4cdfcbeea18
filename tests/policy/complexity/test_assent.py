"""Promises about assent: it is as hard as what it assents to."""

import pytest

from openclaw_extproc.features import Features, extract
from openclaw_extproc.model.requests import Chat, Text, ToolResult, ToolUse, Turn
from openclaw_extproc.policy.complexity import classify_request, contributions

COURSE = "Write a complete handbook on beekeeping from scratch: twelve chapters, a calendar for the whole year, a quiz."
OUTLINE = "Here is the outline of all twelve chapters. Shall I write all of it now?"


def said(*texts: str, tools: bool = False) -> Features:
    """A conversation in turns, the user's first."""
    turns = [Turn("user" if n % 2 == 0 else "assistant", (Text(text),)) for n, text in enumerate(texts)]
    if tools:
        call = Turn("assistant", (ToolUse("a", "read", "{}"),))
        turns[-1:-1] = [call, Turn("user", (ToolResult("a", (Text("Done."),)),)), Turn("assistant", (Text("Go on?"),))]
    return extract(Chat("auto", tuple(turns)), client_format="openai_chat")


@pytest.mark.parametrize(
    "yes", ["yes, do it", "yes please", "go ahead", "ok", "sounds good", "ja, bitte", "да", "好的"]
)
def test_assent_is_as_hard_as_what_it_assents_to(yes: str) -> None:
    whole = classify_request(said(COURSE))
    judged = classify_request(said(COURSE, OUTLINE, yes))

    assert (judged.tier, judged.task) == (whole.tier, whole.task) == ("large", "content_creation")
    assert judged.reasons[0].startswith("assent takes over")
    assert contributions(said(COURSE, OUTLINE, yes)) == contributions(said(COURSE))


@pytest.mark.parametrize("word", ["thanks!", "no", "no thanks", "hello again", "谢谢", "нет"])
def test_thanks_greetings_and_refusals_ask_for_nothing(word: str) -> None:
    assert classify_request(said(COURSE, OUTLINE, word)).tier == "simple"


def test_what_is_offered_may_be_harder_than_what_was_asked() -> None:
    offer = "It does. Do you want me to design and write the full migration plan for all eight services, with tests?"

    assert classify_request(said("Does Kafka fit?", offer, "yes")).tier == "large"


def test_a_row_of_assents_reaches_back_to_the_request() -> None:
    row = [COURSE, OUTLINE, *["yes", "There is chapter 1. Shall I continue?"] * 4, "continue"]

    assert classify_request(said(*row)).tier == "large"


def test_assent_to_nothing_is_a_courtesy() -> None:
    assert classify_request(said("yes")).tier == "simple"
    assert classify_request(said("Write a long essay on trade, in depth.", "Here it is.", "ok")).tier == "simple"
    assert (
        classify_request(said("What is the capital of Norway?", "Oslo. Its population as well?", "yes")).tier
        == "simple"
    )


def test_assent_to_tools_at_work_is_never_simple() -> None:
    assert classify_request(said("hello", "Hi! Shall I look?", "yes", tools=True)).tier == "standard"
    assert classify_request(said(COURSE, OUTLINE, "yes", tools=True)).tier == "large"
