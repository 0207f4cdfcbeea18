"""Promises about requests to Cohere's chat. Each one is read by the simulator, which is as strict as the API."""

import pytest

from openclaw_extproc.faults import FaultError
from openclaw_extproc.model.requests import (
    CachePoint,
    InlineFile,
    InlineImage,
    JsonObject,
    JsonSchema,
    LinkedImage,
    Reasoning,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
)
from openclaw_extproc.wire.cohere_chat import FORMAT
from openclaw_extproc.wire.cohere_chat.requests import NOT_THIS_MODEL, ONLY_TOOL
from openclaw_extproc.wire.translation.messages import IN_WORDS
from tests.wire.cohere_chat.saying import COMMAND, HELLO, THINKS, assistant, body, chat, sent, user

TOOLS = (ToolSpec("f", "does it", {"type": "object", "properties": {}}), ToolSpec("g", "", {}))
CALLS = assistant(Text("I look."), ToolUse("c1", "f", '{"a": 1}'), ToolUse("c2", "f", ""))
RESULTS = user(ToolResult("c1", (Text("one"),)), ToolResult("c2", ()))


def test_a_plain_request_has_what_was_asked_and_nothing_else() -> None:
    encoded = sent(chat(system=("be brief", " ", "and kind"), max_output_tokens=9))

    assert encoded.path == "/v2/chat"
    assert encoded.losses == ()
    assert body(chat(system=("be brief", " ", "and kind"), max_output_tokens=9)) == {
        "model": COMMAND,
        "messages": [{"role": "system", "content": "be brief\n\nand kind"}, {"role": "user", "content": "hello"}],
        "max_tokens": 9,
        "stream": False,
    }


def test_a_limit_of_the_policy_holds() -> None:
    assert body(chat(max_output_tokens=90), cap=50)["max_tokens"] == 50
    assert body(chat(), cap=50)["max_tokens"] == 50


def test_settings_have_coheres_names() -> None:
    said = body(chat(temperature=0.5, top_p=0.9, top_k=40, stop=("a", "b"), seed=7, presence_penalty=0.2, stream=True))

    assert {key: said[key] for key in said.keys() - {"model", "messages"}} == {
        "temperature": 0.5,
        "p": 0.9,
        "k": 40,
        "stop_sequences": ["a", "b"],
        "seed": 7,
        "presence_penalty": 0.2,
        "stream": True,
    }


@pytest.mark.parametrize(
    ("fields", "field", "value", "loss"),
    [
        ({"temperature": 1.7}, "temperature", 1, "temperature: above 1"),
        ({"top_p": 1.0}, "p", 0.99, "top_p: above 0.99"),
        ({"top_p": 0.0}, "p", 0.01, "top_p: below 0.01"),
        ({"top_k": 900}, "k", 500, "top_k: above 500"),
        ({"stop": tuple("abcdef")}, "stop_sequences", ["a", "b", "c", "d", "e"], "stop: more than 5"),
        ({"seed": -1}, "seed", None, "seed: below 0"),
        ({"frequency_penalty": -1.0}, "frequency_penalty", 0, "frequency_penalty: below 0"),
        (
            {"frequency_penalty": 0.5, "presence_penalty": 0.5},
            "presence_penalty",
            None,
            "presence_penalty: not beside frequency_penalty",
        ),
        ({"user": "u"}, "user", None, "user"),
        ({"tags": {"a": "b"}}, "metadata", None, "metadata"),
        ({"tools": TOOLS, "parallel_tool_calls": False}, "parallel_tool_calls", None, "parallel_tool_calls"),
    ],
)
def test_what_cohere_does_not_take_is_brought_near_and_named(
    fields: dict[str, object], field: str, value: object, loss: str
) -> None:
    asked = chat(**fields)

    assert body(asked).get(field) == value
    assert sent(asked).losses == (loss,)


@pytest.mark.parametrize(
    ("choice", "word", "names", "losses"),
    [
        (None, None, ["f", "g"], ()),
        (ToolChoice("auto"), None, ["f", "g"], ()),
        (ToolChoice("none"), "NONE", ["f", "g"], ()),
        (ToolChoice("required"), "REQUIRED", ["f", "g"], ()),
        (ToolChoice("named", "g"), "REQUIRED", ["g"], (ONLY_TOOL,)),
    ],
)
def test_tools_and_the_choice_among_them(
    choice: ToolChoice | None, word: str | None, names: list[str], losses: tuple[str, ...]
) -> None:
    asked = chat(tools=TOOLS, tool_choice=choice)

    said = body(asked)

    assert said.get("tool_choice") == word
    assert [tool["function"]["name"] for tool in said["tools"]] == names
    assert said["tools"][0]["function"]["parameters"]["type"] == "object"
    assert sent(asked).losses == losses


def test_what_was_said_before_a_call_is_its_plan_and_results_follow() -> None:
    assert body(chat(HELLO, CALLS, RESULTS, tools=TOOLS))["messages"][1:] == [
        {
            "role": "assistant",
            "tool_plan": "I look.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
                {"id": "c2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": "(no output)"},
    ]


def test_an_image_of_a_tool_is_the_users_behind_the_results_and_named() -> None:
    failed = user(
        ToolResult("c1", (Text("see"), InlineImage("image/png", "iVBO")), is_error=True), ToolResult("c2", ())
    )
    asked = chat(HELLO, CALLS, failed, tools=TOOLS)

    *_, result, _, image = body(asked)["messages"]

    assert result["content"] == "see"
    assert image["content"] == [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}]
    assert sent(asked).losses == ("is_error", "turns[2]: which tool result an image belongs to")


def test_pictures_and_text_files_go_and_other_files_are_refused() -> None:
    parts = (
        Text("look"),
        LinkedImage("https://h.example/a.png"),
        InlineFile("text/plain", "aGk=", "a.txt"),
        CachePoint(),
    )

    (message,) = body(chat(user(*parts)))["messages"]

    assert message["content"] == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "https://h.example/a.png"}},
        {"type": "text", "text": "a.txt:\nhi"},
    ]
    with pytest.raises(FaultError, match="pdf"):
        sent(chat(user(InlineFile("application/pdf", "JVBE"))))
    with pytest.raises(FaultError, match="from the assistant"):
        sent(chat(HELLO, assistant(InlineImage("image/png", "iVBO"))))


def test_a_schema_is_a_form_of_the_answer_and_words_beside_tools() -> None:
    schema = JsonSchema({"type": "object"}, "n")

    assert body(chat(output=schema))["response_format"] == {"type": "json_object", "json_schema": {"type": "object"}}
    assert body(chat(output=JsonObject()))["response_format"] == {"type": "json_object"}
    for asked in (chat(output=schema, tools=TOOLS), chat(output=JsonObject(), tools=TOOLS)):
        said = body(asked)
        assert "response_format" not in said
        assert said["messages"][0]["content"].startswith("Answer with one JSON object")
        assert sent(asked).losses == (IN_WORDS,)
    assert sent(chat(output=schema), quirks=frozenset({"no_json_schema"})).losses == (IN_WORDS,)


@pytest.mark.parametrize(
    ("reasoning", "limit", "thinking"),
    [
        (None, None, None),
        (Reasoning(), None, {"type": "enabled"}),
        (Reasoning("none"), None, {"type": "disabled"}),
        (Reasoning(budget_tokens=0), None, {"type": "disabled"}),
        (Reasoning(budget_tokens=500), None, {"type": "enabled", "token_budget": 500}),
        (Reasoning("low"), 1_500, {"type": "enabled", "token_budget": 500}),
        (Reasoning("low"), 10, {"type": "enabled", "token_budget": 1}),
    ],
)
def test_thinking_is_for_models_that_think(reasoning: Reasoning | None, limit: int | None, thinking: object) -> None:
    asked = chat(reasoning=reasoning, max_output_tokens=limit)

    assert body(asked, THINKS).get("thinking") == thinking
    assert "thinking" not in body(asked)
    assert sent(asked).losses == ((NOT_THIS_MODEL,) if reasoning and not reasoning.off else ())


def test_thoughts_go_back_to_models_that_think() -> None:
    asked = chat(HELLO, assistant(Thinking("hm"), Text("so")), HELLO)

    assert body(asked, THINKS)["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "so"},
    ]
    assert body(asked)["messages"][1]["content"] == "so"
    assert sent(asked).losses == ("turns[1]: thinking",)


@pytest.mark.parametrize("written", ["", "/", "/v2", "/v2/", "/v1"])
def test_an_endpoint_may_have_its_version(written: str) -> None:
    assert FORMAT.provider is not None
    assert FORMAT.provider.base_path(written) == ""
    assert FORMAT.provider.base_path("/proxy" + written) == "/proxy"
