"""What we ask Converse, field by field, and what we name when it cannot be asked."""

import json
from dataclasses import replace
from typing import Any

import pytest

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model.requests import (
    CachePoint,
    Chat,
    JsonObject,
    JsonSchema,
    Reasoning,
    SealedState,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
)
from tests.wire.bedrock_converse.saying import (
    CLAUDE,
    HELLO,
    LLAMA,
    NEWER,
    NOVA,
    OLDER,
    assistant,
    body,
    chat,
    messages,
    sent,
    user,
)

TOOL = ToolSpec("look_up", "Looks it up", {"properties": {"q": {"type": "string"}}})
SPEC = {
    "toolSpec": {
        "name": "look_up",
        "description": "Looks it up",
        "inputSchema": {"json": {"type": "object", "properties": {"q": {"type": "string"}}}},
    }
}
CALL, RESULT = assistant(ToolUse("c1", "look_up", '{"q":"x"}')), user(ToolResult("c1", (Text("y"),)))
OWN = Thinking("hm", SealedState("anthropic", "sig"))
SCHEMA = JsonSchema({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}, "answer")


def test_the_simplest_request() -> None:
    encoded = sent(chat())

    assert encoded.path == "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    assert json.loads(encoded.body) == {"messages": [{"role": "user", "content": [{"text": "hello"}]}]}
    assert encoded.losses == ()


def test_a_stream_has_its_own_path() -> None:
    assert sent(chat(stream=True)).path.endswith("/converse-stream")


def test_an_arn_is_one_segment_of_the_path() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3"

    assert sent(chat(), arn).path == f"/model/{arn.replace(':', '%3A').replace('/', '%2F')}/converse"


def test_all_that_bounds_the_answer() -> None:
    asked = chat(system=("a", " ", "b"), max_output_tokens=50, temperature=0.5, top_k=7, stop=("X", " "))

    told = body(asked, cap=40)

    assert told["system"] == [{"text": "a"}, {"text": "b"}]
    assert told["inferenceConfig"] == {"maxTokens": 40, "temperature": 0.5, "stopSequences": ["X"]}
    assert told["additionalModelRequestFields"] == {"top_k": 7}
    assert sent(asked).losses == ("stop: only white space",)


def test_what_converse_has_no_words_for_is_named() -> None:
    asked = chat(
        temperature=1.5, top_k=3, user="u", seed=1, frequency_penalty=0.5, presence_penalty=0.5, store=True,
        verbosity="low", prompt_cache_key="k", service_tier="flex", tags={"a": "b"}, tools=(TOOL,),
        parallel_tool_calls=False, cache_tools=CachePoint(), cache_system=CachePoint(), system=("s",),
        reasoning=Reasoning("high"),
    )  # fmt: skip

    assert set(sent(asked, LLAMA).losses) == {
        "temperature above 1", "top_k", "user", "seed", "frequency_penalty", "presence_penalty", "store", "verbosity",
        "prompt_cache_key", "service_tier", "metadata", "parallel_tool_calls",
        "cache_control: not this model, or too many", "reasoning: no word for it at this model",
    }  # fmt: skip


def test_a_claude_that_takes_one_of_two_gets_one() -> None:
    asked = chat(temperature=0.5, top_p=0.5)

    assert body(asked)["inferenceConfig"] == {"temperature": 0.5}
    assert body(asked, OLDER)["inferenceConfig"] == {"temperature": 0.5, "topP": 0.5}
    assert "inferenceConfig" not in body(asked, NEWER)
    assert sent(asked).losses == ("top_p: not beside temperature",)
    assert sent(asked, NEWER).losses == ("temperature", "top_p")


# -- tools ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (None, None),
        (ToolChoice("auto"), {"auto": {}}),
        (ToolChoice("required"), {"any": {}}),
        (ToolChoice("named", "look_up"), {"tool": {"name": "look_up"}}),
    ],
)
def test_every_choice_of_tools(choice: ToolChoice | None, written: Any) -> None:
    config = body(chat(tools=(TOOL,), tool_choice=choice))["toolConfig"]

    assert config == {"tools": [SPEC], **({} if written is None else {"toolChoice": written})}


def test_no_tools_are_sent_when_none_may_be_called() -> None:
    asked = chat(tools=(TOOL,), tool_choice=ToolChoice("none"))

    assert "toolConfig" not in body(asked)
    assert sent(asked).losses == ()


def test_calls_in_the_history_need_their_tools_all_the_same() -> None:
    asked = chat(HELLO, CALL, RESULT, tools=(TOOL,), tool_choice=ToolChoice("none"))

    assert body(asked)["toolConfig"] == {"tools": [SPEC]}
    assert sent(asked).losses == ("tool_choice: none, earlier calls need the tools",)


def test_tools_that_are_gone_are_named_by_the_history() -> None:
    asked = chat(HELLO, CALL, RESULT)

    [spec] = body(asked)["toolConfig"]["tools"]
    assert spec == {"toolSpec": {"name": "look_up", "inputSchema": {"json": {"type": "object"}}}}
    assert sent(asked).losses == ("tools: those that earlier calls name",)


@pytest.mark.parametrize("name", ["a.b", "ü", "x" * 65, ""])
def test_a_name_that_no_tool_can_have_is_refused(name: str) -> None:
    with pytest.raises(FaultError, match="letters") as caught:
        sent(chat(tools=(replace(TOOL, name=name),)))

    assert caught.value.fault.kind is FaultKind.UNSUPPORTED


# -- cache points -----------------------------------------------------------------------


def test_cache_points_stand_behind_what_they_cache() -> None:
    asked = chat(
        user(Text("long"), CachePoint("1h"), Text("short")), system=("s",), tools=(TOOL,),
        cache_system=CachePoint("5m"), cache_tools=CachePoint(),
    )  # fmt: skip
    point = {"cachePoint": {"type": "default"}}

    told = body(asked)

    assert told["system"] == [{"text": "s"}, point]
    assert told["toolConfig"]["tools"] == [SPEC, point]
    long = {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert told["messages"][0]["content"] == [{"text": "long"}, long, {"text": "short"}]


def test_of_too_many_cache_points_the_last_ones_stay() -> None:
    parts = [part for n in range(6) for part in (Text(str(n)), CachePoint())]
    asked = chat(user(*parts), system=("s",), cache_system=CachePoint())

    [(_, blocks)] = messages(asked)

    assert [next(iter(block)) for block in blocks] == ["text"] * 4 + ["cachePoint", "text"] * 2 + ["cachePoint"]
    assert sent(asked).losses == ("cache_control: not this model, or too many",)


def test_nova_caches_messages_but_no_tools() -> None:
    asked = chat(user(Text("a"), CachePoint("1h")), tools=(TOOL,), cache_tools=CachePoint())

    assert body(asked, NOVA)["messages"][0]["content"][1] == {"cachePoint": {"type": "default"}}
    assert body(asked, NOVA)["toolConfig"] == {"tools": [SPEC]}
    assert sent(asked, NOVA).losses == ("cache_control: not this model, or too many",)


def test_a_cache_point_with_nothing_before_it_is_not_written() -> None:
    assert messages(chat(user(CachePoint(), Text("a")))) == [("user", [{"text": "a"}])]


# -- thinking ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "limit", "budget", "tokens"),
    [
        (Reasoning("low"), None, 1_024, 5_120),
        (Reasoning("minimal"), None, 1_024, 5_120),
        (Reasoning(), None, 8_192, 12_288),
        (Reasoning(budget_tokens=2_000), 10_000, 2_000, 10_000),
        (Reasoning("max"), 3_000, 2_999, 3_000),
    ],
)
def test_claude_thinks_within_a_budget(wish: Reasoning, limit: int | None, budget: int, tokens: int) -> None:
    told = body(chat(reasoning=wish, max_output_tokens=limit, temperature=1))

    assert told["additionalModelRequestFields"] == {"thinking": {"type": "enabled", "budget_tokens": budget}}
    assert told["inferenceConfig"] == {"maxTokens": tokens}


def test_a_newer_claude_thinks_with_an_effort() -> None:
    told = body(chat(reasoning=Reasoning("minimal")), NEWER)

    assert told["additionalModelRequestFields"] == {"thinking": {"type": "adaptive"}}
    assert told["outputConfig"] == {"effort": "low"}


@pytest.mark.parametrize(
    ("fields", "loss"),
    [
        ({"tools": (TOOL,), "tool_choice": ToolChoice("required")}, "reasoning: off, a tool is forced"),
        ({"max_output_tokens": 1_024}, "reasoning: off, fewer than 1024 tokens to answer with"),
    ],
)
def test_thinking_gives_way(fields: dict[str, Any], loss: str) -> None:
    encoded = sent(chat(reasoning=Reasoning("high"), **fields))

    assert b"thinking" not in encoded.body
    assert encoded.losses == (loss,)


def test_a_tool_loop_that_began_without_a_thought_goes_on_without() -> None:
    asked = chat(HELLO, CALL, RESULT, tools=(TOOL,), reasoning=Reasoning("high"))

    assert b"thinking" not in sent(asked).body
    assert sent(asked).losses == ("reasoning: off, no thought of Claude's stands before the tool calls",)


def test_claudes_own_thoughts_go_back_to_it() -> None:
    hidden = Thinking("", SealedState("anthropic", "redacted_thinking:QUJD"))
    loop = chat(HELLO, assistant(OWN, hidden, *CALL.parts), RESULT, tools=(TOOL,), reasoning=Reasoning("low"))

    (_, blocks) = messages(loop)[1]

    assert blocks[:2] == [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": "QUJD"}},
    ]
    assert sent(loop).losses == ()
    assert b"reasoningContent" not in sent(replace(loop, reasoning=None)).body


@pytest.mark.parametrize(
    "thought",
    [
        Thinking("hm"),
        Thinking("hm", SealedState("gemini", "x")),
        Thinking("", SealedState("anthropic", "redacted_thinking:no base64")),
    ],
)
def test_other_thoughts_are_left_behind(thought: Thinking) -> None:
    encoded = sent(chat(HELLO, assistant(thought, Text("a")), HELLO, reasoning=Reasoning("low")))

    assert b"reasoningContent" not in encoded.body
    assert encoded.losses == ("thinking: not Claude's own",)


def test_claudes_thoughts_go_to_no_other_model() -> None:
    encoded = sent(chat(HELLO, assistant(OWN, Text("a")), HELLO), NOVA)

    assert b"reasoningContent" not in encoded.body
    assert encoded.losses == ("thinking: not Claude's own",)


# -- the form of the answer -------------------------------------------------------------


def test_a_schema_is_closed_and_says_the_rest_in_words() -> None:
    config = body(chat(output=SCHEMA))["outputConfig"]["textFormat"]
    written = config["structure"]["jsonSchema"]

    assert (config["type"], written["name"]) == ("json_schema", "answer")
    assert json.loads(written["schema"]) == {
        "type": "object",
        "properties": {"n": {"type": "integer", "description": '{"minimum":1}'}},
        "additionalProperties": False,
    }
    assert sent(chat(output=SCHEMA)).losses == ("output: schema: minimum, in the description",)


@pytest.mark.parametrize(("output", "model"), [(SCHEMA, NOVA), (SCHEMA, OLDER), (JsonObject(), CLAUDE)])
def test_other_forms_are_asked_for_in_words(output: JsonObject | JsonSchema, model: str) -> None:
    told = body(chat(output=output), model)

    assert "outputConfig" not in told
    assert "JSON object" in told["system"][0]["text"]
    assert sent(chat(output=output), model).losses == ("output: JSON, asked for in words",)


def test_what_only_another_format_knows_is_named() -> None:
    assert sent(Chat("m", (HELLO,), extras={"madeup": 1}, losses=("n: not carried",))).losses == (
        "n: not carried",
        "madeup",
    )


@pytest.mark.parametrize(
    ("model", "field", "losses"),
    [
        ("anthropic.claude-sonnet-4-5-v1:0", None, ()),
        ("anthropic.claude-opus-5-v1:0", {"thinking": {"type": "disabled"}}, ()),
        ("anthropic.claude-fable-5-v1:0", None, ("reasoning: this model always thinks",)),
        ("amazon.nova-pro-v1:0", None, ()),
    ],
)
def test_who_thinks_unasked_is_told_not_to(model: str, field: object, losses: tuple[str, ...]) -> None:
    encoded = sent(chat(reasoning=Reasoning("none")), model)

    assert json.loads(encoded.body).get("additionalModelRequestFields") == field
    assert encoded.losses == losses
