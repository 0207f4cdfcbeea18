"""Promises of the Anthropic Messages format: how much Claude is asked to think, and what gives way."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import (
    Reasoning,
    SealedState,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.claude import abilities
from tests.wire.anthropic_messages.saying import CLIENT, HELLO, ask, encoded, written

OLD, MIDDLE, NEW, ALWAYS = "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-5", "claude-fable-5"
THINK = replace(HELLO, reasoning=Reasoning("medium"))
TOOLS = (ToolSpec("f", "", {}),)


def asked(chat: object, model: str, *fields: str) -> tuple[Json, ...]:
    body = written(chat, UpstreamEdit(model))  # type: ignore[arg-type]  # a Chat
    return tuple(body.get(field) for field in fields)


# -- read ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "understood"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 3_000}}, Reasoning(None, 3_000)),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, Reasoning("low")),
        ({"thinking": {"type": "adaptive", "display": "summarized"}}, Reasoning(None, None, True)),
        ({"thinking": {"type": "adaptive", "display": "omitted"}}, Reasoning(None, None, False)),
        ({"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}}, Reasoning("none")),
        ({"thinking": {"type": "between_tools"}}, Reasoning()),
        ({"output_config": {"effort": "xhigh"}}, Reasoning("xhigh")),
        ({"output_config": {"effort": "unheard"}}, None),
        ({}, None),
    ],
)
def test_thinking_is_understood(fields: dict[str, Json], understood: Reasoning | None) -> None:
    chat = CLIENT.decode_request(ask({"model": "c", "messages": [{"role": "user", "content": "x"}], **fields}))

    assert chat.reasoning == understood


# -- written ---------------------------------------------------------------------


def test_models_that_take_budgets_get_one_and_others_an_effort() -> None:
    both = ("thinking", "output_config")

    assert asked(THINK, OLD, *both) == ({"type": "enabled", "budget_tokens": 8_192}, None)
    assert asked(THINK, MIDDLE, *both) == ({"type": "adaptive"}, {"effort": "medium"})
    assert asked(THINK, NEW, *both) == ({"type": "adaptive"}, {"effort": "medium"})
    assert asked(THINK, "deepseek-v4", *both) == ({"type": "enabled", "budget_tokens": 8_192}, None)
    assert asked(THINK, "claude-3-haiku-20240307", *both) == (None, None)


@pytest.mark.parametrize(
    ("model", "thinks", "samples", "efforts"),
    [
        ("claude-3-5-haiku-latest", "never", True, 0),
        ("claude-3-7-sonnet-20250219", "by budget", True, 0),
        ("claude-sonnet-4-20250514", "by budget", True, 0),
        ("claude-opus-4-1@20250805", "by budget", True, 0),
        ("claude-opus-4-5", "by budget", True, 3),
        ("anthropic.claude-opus-4-6-v1", "adaptively", True, 4),
        ("anthropic/claude-sonnet-4.6", "adaptively", True, 4),
        ("claude-opus-4-7", "adaptively", False, 5),
        ("claude-haiku-5-5", "adaptively", False, 5),
        ("claude-mythos-preview", "adaptively", False, 5),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "by budget", True, 0),
        ("kimi-k3", "by budget", True, 0),
    ],
)
def test_a_models_name_says_what_it_takes(model: str, thinks: str, *, samples: bool, efforts: int) -> None:
    able = abilities(model)

    assert (able.thinks, able.samples, len(able.efforts)) == (thinks, samples, efforts)


@given(st.integers(1, 100_000), st.none() | st.integers(1, 100_000))
def test_a_budget_is_never_out_of_what_anthropic_takes(budget: int, limit: int | None) -> None:
    chat = replace(HELLO, reasoning=Reasoning(None, budget), max_output_tokens=limit)

    body = written(chat, UpstreamEdit(OLD))

    tokens = j.an_int(body["max_tokens"], at="max_tokens")
    assert limit is None or tokens == limit
    if (thinking := body.get("thinking")) is not None:
        assert 1_024 <= j.an_int(j.an_object(thinking, at="thinking")["budget_tokens"], at="budget") < tokens
    else:
        assert limit is not None
        assert limit <= 1_024


def test_who_sets_no_limit_gets_room_for_the_answer_behind_the_thought() -> None:
    assert asked(THINK, OLD, "max_tokens") == (8_192 + 4_096,)
    assert asked(THINK, NEW, "max_tokens") == (8_192 + 4_096,)
    assert asked(replace(HELLO, reasoning=Reasoning("max")), OLD, "max_tokens") == (32_000,)
    assert asked(HELLO, NEW, "max_tokens") == (32_000,), "it thinks unasked"
    assert asked(HELLO, OLD, "max_tokens") == (4_096,)


def test_a_budget_for_a_model_that_takes_none_is_an_effort_and_named() -> None:
    request = encoded(replace(HELLO, reasoning=Reasoning(None, 20_000)), UpstreamEdit(NEW))

    assert '"output_config":{"effort":"high"}' in request.body.decode()
    assert request.losses == ("reasoning: budget_tokens, as an effort",)


@pytest.mark.parametrize(
    ("model", "effort", "word"),
    [(NEW, "minimal", "low"), (NEW, "xhigh", "xhigh"), (MIDDLE, "xhigh", "high"), (MIDDLE, "max", "max")],
)
def test_an_effort_is_the_nearest_word_the_model_knows(model: str, effort: str, word: str) -> None:
    chat = replace(HELLO, reasoning=Reasoning(effort))  # type: ignore[arg-type]  # one of the words

    assert asked(chat, model, "output_config") == ({"effort": word},)


def test_thinking_is_switched_off_only_where_it_would_be_on() -> None:
    off = replace(HELLO, reasoning=Reasoning("none"))

    assert asked(off, OLD, "thinking") == (None,)
    assert asked(off, NEW, "thinking") == ({"type": "disabled"},)
    assert asked(off, ALWAYS, "thinking", "output_config") == (None, {"effort": "low"})
    assert encoded(off, UpstreamEdit(ALWAYS)).losses == ("reasoning: the model always thinks",)


@pytest.mark.parametrize(("visible", "display"), [(None, None), (True, "summarized"), (False, "omitted")])
def test_whether_thoughts_are_shown_is_said_when_the_client_said_it(visible: bool | None, display: str | None) -> None:
    (thinking,) = asked(replace(HELLO, reasoning=Reasoning("low", None, visible)), NEW, "thinking")

    assert j.an_object(thinking, at="thinking").get("display") == display


def test_sampling_gives_way_to_thinking_and_is_named() -> None:
    request = encoded(replace(THINK, temperature=0.2, top_p=0.5, top_k=4), UpstreamEdit(OLD))

    body = j.parse(request.body, where="x")
    assert not body.keys() & {"temperature", "top_p", "top_k"}
    assert set(request.losses) == {
        "temperature: not beside thinking",
        "top_p: not beside thinking",
        "top_k: not beside thinking",
    }
    assert encoded(replace(THINK, temperature=1, top_p=0.99), UpstreamEdit(OLD)).losses == ()


def test_models_without_sampling_get_none() -> None:
    request = encoded(replace(HELLO, temperature=0.2, top_p=0.99, top_k=4), UpstreamEdit(NEW))

    assert not j.parse(request.body, where="x").keys() & {"temperature", "top_p", "top_k"}
    assert set(request.losses) == {"temperature: not this model", "top_p: not this model", "top_k: not this model"}
    assert asked(replace(HELLO, temperature=0.2, top_p=0.9), MIDDLE, "temperature", "top_p") == (0.2, None)
    assert asked(replace(HELLO, temperature=0.2, top_p=0.9), "claude-3-opus", "temperature", "top_p") == (0.2, 0.9)


@pytest.mark.parametrize("model", [OLD, "claude-opus-4-7"])
def test_a_forced_tool_outweighs_thinking(model: str) -> None:
    forced = replace(THINK, tools=TOOLS, tool_choice=ToolChoice("required"))

    request = encoded(forced, UpstreamEdit(model))

    assert j.parse(request.body, where="x")["tool_choice"] == {"type": "any"}
    assert j.parse(request.body, where="x").get("thinking") in (None, {"type": "disabled"})
    assert request.losses == ("reasoning: off, a tool is forced",)


@pytest.mark.parametrize("model", ["claude-opus-4-8", "claude-sonnet-5", "claude-fable-5"])
def test_a_tool_is_forced_beside_thoughts_where_that_is_taken(model: str) -> None:
    """langchain-ai/langchain-aws#1141."""
    request = encoded(replace(THINK, tools=TOOLS, tool_choice=ToolChoice("required")), UpstreamEdit(model))

    assert j.parse(request.body, where="x")["tool_choice"] == {"type": "any"}
    assert j.parse(request.body, where="x")["thinking"] == {"type": "adaptive"}
    assert request.losses == ()


@pytest.mark.parametrize("model", ["claude-fable-5-1", "claude-sonnet-5-5", "claude-opus-5-5"])
def test_who_always_thinks_and_takes_no_forced_tool_is_given_the_choice(model: str) -> None:
    """Sonnet 5.5's migration guide; deepnoodle-ai/dive#274."""
    forced = replace(HELLO, tools=TOOLS, tool_choice=ToolChoice("required"))

    request = encoded(forced, UpstreamEdit(model))

    assert j.parse(request.body, where="x")["tool_choice"] == {"type": "auto"}
    assert request.losses == ("tool_choice: auto, the model always thinks",)


CALL, RESULT = ToolUse("t", "f", "{}"), Turn("user", (ToolResult("t", (Text("1"),)),))
OWN, OTHERS = Thinking("A", SealedState("anthropic", "EqQB")), Thinking("A", SealedState("gemini", "x"))


@pytest.mark.parametrize(
    ("loop", "thinks"),
    [
        ((Turn("assistant", (OWN, CALL)), RESULT), True),
        ((Turn("assistant", (OTHERS, OWN, Text(" "), CALL)), RESULT), True),
        ((Turn("assistant", (OTHERS, CALL)), RESULT), False),
        ((Turn("assistant", (CALL,)), RESULT), False),
        ((Turn("assistant", (Text("a"), OWN, CALL)), RESULT), False),
        ((Turn("assistant", (OWN, CALL)), RESULT, Turn("assistant", (CALL,)), RESULT), True),
        ((Turn("assistant", (CALL,)), RESULT, Turn("assistant", (Text("Done"),)), *HELLO.turns), True),
    ],
)
def test_a_tool_loop_goes_on_thinking_only_if_it_began_so(loop: tuple[Turn, ...], *, thinks: bool) -> None:
    chat = replace(THINK, tools=TOOLS, turns=(*HELLO.turns, *loop))

    request = encoded(chat, UpstreamEdit(OLD))

    assert ("thinking" in j.parse(request.body, where="x")) == thinks
    assert ("reasoning: off, no thought of Claude's stands before the tool calls" in request.losses) != thinks
    assert asked(chat, MIDDLE, "thinking") == ({"type": "adaptive"},), "asked adaptively it may always"
