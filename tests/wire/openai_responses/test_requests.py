"""Promises of the OpenAI Responses format: a client's request, read and edited."""

import json

import pytest

from openclaw_extproc.faults import FaultError
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    CachePoint,
    InlineFile,
    InlineImage,
    Instruction,
    JsonObject,
    JsonSchema,
    LinkedFile,
    LinkedImage,
    Part,
    Reasoning,
    SealedState,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.losses import MUST_CARRY, needs
from openclaw_extproc.wire.translation.provider_state import State
from tests.wire.openai_responses.saying import (
    CLIENT,
    FOREIGN,
    NATIVE,
    PNG,
    PROVIDER,
    ROOT,
    ask,
    body_of,
    every_case,
    read,
)


def item(kind: str, **more: Json) -> Json:
    return {"type": kind, **more}


def message(role: str, *content: Json) -> Json:
    return item("message", role=role, content=list(content))


def said(*parts: Json) -> tuple[Part, ...]:
    (turn,) = read(input=[message("user", *parts)]).turns
    return turn.parts


# -- input -----------------------------------------------------------------------


def test_a_string_is_what_the_user_says() -> None:
    assert read(input="Hi").turns == (Turn("user", (Text("Hi"),)),)


def test_a_message_may_come_without_its_type() -> None:
    assert read(input=[{"role": "user", "content": "Hi"}]).turns == (Turn("user", (Text("Hi"),)),)


def test_system_texts_keep_their_order_behind_the_instructions() -> None:
    two, three = message("system", item("input_text", text="two")), item("message", role="developer", content="three")

    chat = read(instructions="one", input=[two, three])

    assert chat.system == ("one", "two", "three")


def test_a_system_text_in_the_middle_keeps_its_place() -> None:
    chat = read(input=[{"role": "user", "content": "a"}, {"role": "developer", "content": "b"}])

    assert chat.turns == (Turn("user", (Text("a"),)), Turn("user", (Instruction("b"),)))
    assert (chat.system, chat.losses) == ((), ())


def test_what_a_model_answered_is_one_turn_and_what_its_tools_said_another() -> None:
    chat = read(
        input=[
            {"role": "user", "content": "go"},
            item("reasoning", id="rs_1", summary=[], encrypted_content="gAAAAopaque"),
            message("assistant", item("output_text", text="Let me see.", annotations=[{"type": "url_citation"}])),
            item("function_call", id="fc_1", status="completed", call_id="c1", name="f", arguments='{"a": 1}'),
            item("function_call", call_id="c2", name="g", arguments=""),
            item("function_call_output", call_id="c1", output="one"),
            item("function_call_output", call_id="c2", output=[item("input_text", text="two")]),
            {"role": "user", "content": "and?"},
        ]
    )

    assert chat.losses == ()
    assert chat.turns == (
        Turn("user", (Text("go"),)),
        Turn(
            "assistant",
            (Thinking("", NATIVE), Text("Let me see."), ToolUse("c1", "f", '{"a": 1}'), ToolUse("c2", "g", "")),
        ),
        Turn("user", (ToolResult("c1", (Text("one"),)), ToolResult("c2", (Text("two"),)))),
        Turn("user", (Text("and?"),)),
    )


def test_a_refusal_is_what_the_assistant_said() -> None:
    (turn,) = read(input=[message("assistant", item("refusal", refusal="No."))]).turns

    assert turn == Turn("assistant", (Text("No."),))


def test_images_come_inline_or_as_links() -> None:
    inline = item("input_image", image_url=f"data:image/png;base64,{PNG}", detail="auto")
    linked = item("input_image", image_url="https://a.example/b.png")

    assert said(inline, linked) == (InlineImage("image/png", PNG), LinkedImage("https://a.example/b.png"))


@pytest.mark.parametrize(
    ("part", "expected", "need"),
    [
        ({"file_data": "data:application/pdf;base64,JVBERg==", "filename": "a.pdf"},
         InlineFile("application/pdf", "JVBERg==", "a.pdf"), "pdf"),
        ({"file_data": "JVBERg=="}, InlineFile("application/pdf", "JVBERg=="), "pdf"),
        ({"file_data": "aGk=", "filename": "a.TXT"}, InlineFile("text/plain", "aGk=", "a.TXT"), "text_file"),
        ({"file_url": "https://a.example/b.txt?c=d.pdf"}, LinkedFile("https://a.example/b.txt?c=d.pdf", "text/plain"),
         "text_file_link"),
        ({"file_url": "https://a.example/b"}, LinkedFile("https://a.example/b", "application/pdf"), "pdf_link"),
    ],
)  # fmt: skip
def test_files_come_inline_or_as_links(part: dict[str, Json], expected: Part, need: str) -> None:
    chat = read(input=[message("user", {"type": "input_file", **part})])

    assert chat.turns == (Turn("user", (expected,)),)
    assert needs(chat) == {need}


def test_a_breakpoint_of_the_cache_stands_behind_what_is_cached() -> None:
    mark: Json = {"mode": "explicit", "ttl": "12h"}

    parts = said(item("input_text", text="a", prompt_cache_breakpoint=mark), item("input_text", text="b"))

    assert parts == (Text("a"), CachePoint("1h"), Text("b"))


# -- reasoning that comes back ------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"id": "rs_1", "encrypted_content": "gAAAAopaque"}, NATIVE),
        ({"id": "rs_x", "encrypted_content": provider_state.token(State(sealed=FOREIGN))}, FOREIGN),
        (
            {"id": "rs_x", "encrypted_content": provider_state.token(State(thoughts=(Thinking(""),)))},
            None,
        ),
        ({"id": "rs_x", "encrypted_content": None}, None),
        ({}, None),
    ],
    ids=["openai", "another", "nobody", "null", "stored"],
)
def test_a_thought_is_read_with_its_state(fields: dict[str, Json], expected: SealedState | None) -> None:
    summary: Json = [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]

    (turn,) = read(input=[{"type": "reasoning", "summary": summary, **fields}]).turns

    assert turn == Turn("assistant", (Thinking("a\n\nb", expected),))


def test_open_models_have_their_thoughts_in_the_content() -> None:
    (turn,) = read(input=[item("reasoning", summary=[], content=[item("reasoning_text", text="hm")])]).turns

    assert turn.parts == (Thinking("hm"),)


def test_state_in_the_id_of_a_call_is_read_and_its_result_finds_it() -> None:
    id = provider_state.token(State("call_1", (Thinking("hm", FOREIGN),), SealedState("gemini", "c2ln")))

    chat = read(
        input=[
            item("function_call", call_id=id, name="f", arguments="{}"),
            item("function_call_output", call_id=id, output="x"),
        ]
    )

    assert chat.turns == (
        Turn("assistant", (Thinking("hm", FOREIGN), ToolUse("call_1", "f", "{}", SealedState("gemini", "c2ln")))),
        Turn("user", (ToolResult("call_1", (Text("x"),)),)),
    )


# -- settings ----------------------------------------------------------------------


def test_every_setting_is_read() -> None:
    chat = read(
        max_output_tokens=9, temperature=0.5, top_p=0.25, parallel_tool_calls=False, store=False, stream=True,
        metadata={"a": "b"}, service_tier="flex", prompt_cache_key="k", user="u", truncation="disabled",
        reasoning={"effort": "xhigh", "summary": "detailed"}, text={"format": {"type": "text"}, "verbosity": "low"},
        include=["reasoning.encrypted_content"], background=False, previous_response_id=None,
    )  # fmt: skip

    assert (chat.max_output_tokens, chat.temperature, chat.top_p, chat.parallel_tool_calls) == (9, 0.5, 0.25, False)
    assert (chat.store, chat.stream, chat.tags, chat.service_tier) == (False, True, {"a": "b"}, "flex")
    assert (chat.prompt_cache_key, chat.user, chat.verbosity) == ("k", "u", "low")
    assert chat.reasoning == Reasoning("xhigh", visible=True)
    assert (chat.extras, chat.losses, chat.output) == ({}, (), None)


@pytest.mark.parametrize(
    ("format", "output"),
    [
        ({"type": "json_object"}, JsonObject()),
        (
            {"type": "json_schema", "name": "n", "description": "d", "schema": {"a": 1}, "strict": True},
            JsonSchema({"a": 1}, "n", "d", strict=True),
        ),
    ],
)
def test_structured_output_is_read(format: Json, output: object) -> None:
    assert read(text={"format": format}).output == output


def test_the_new_name_of_the_user_is_the_same_user() -> None:
    assert read(safety_identifier="s").user == "s"
    assert read(safety_identifier="s", user="s").extras == {}
    assert read(safety_identifier="s", user="u").extras == {"safety_identifier": "s"}


def test_a_tool_is_flat_and_only_strictness_that_was_asked_for_is_a_loss() -> None:
    def tools(strict: bool | None) -> Json:
        parameters: Json = {"type": "object"}
        return [item("function", name="f", description="d", parameters=parameters, strict=strict)]

    assert read(tools=tools(False)).tools == read(tools=tools(None)).tools == read(tools=tools(True)).tools
    assert [read(tools=tools(strict)).losses for strict in (None, False)] == [(), ()]
    assert read(tools=tools(True)).losses == ("tools[0].strict",)


TOOLS: Json = [item("function", name="f", parameters={}), item("function", name="g", parameters={})]


@pytest.mark.parametrize(
    ("choice", "names", "expected"),
    [
        (None, "fg", None),
        ("required", "fg", ToolChoice("required")),
        (item("function", name="g"), "fg", ToolChoice("named", "g")),
        (item("allowed_tools", mode="auto", tools=[item("function", name="g")]), "g", ToolChoice("auto")),
        (item("allowed_tools", mode="required", tools=[item("function", name="f")]), "f", ToolChoice("required")),
    ],
)
def test_a_choice_of_tools_is_read(choice: Json, names: str, expected: ToolChoice | None) -> None:
    chat = read(tools=TOOLS, tool_choice=choice)

    assert "".join(tool.name for tool in chat.tools) == names
    assert chat.tool_choice == expected
    assert chat.losses == ()


@pytest.mark.parametrize(
    ("field", "value", "loss"),
    [
        ("previous_response_id", "resp_1", "previous_response_id"),
        ("conversation", {"id": "conv_1"}, "conversation"),
        ("prompt", {"id": "pmpt_1"}, "prompt"),
        ("background", True, "background"),
        ("input", [item("item_reference", id="msg_1")], "input[0]: item_reference"),
        ("input", [{"id": "msg_1"}], "input[0]: item_reference"),
        (
            "input",
            [item("compaction", encrypted_content="x")],
            "input[0]: compaction, which only the provider that made it can open",
        ),
        ("input", [item("of_tomorrow")], "input[0]: unknown type of item"),
        ("input", [message("user", item("input_image", file_id="f"))], "input[0].content[0]: image by file_id"),
        ("input", [message("user", item("input_file", file_id="f"))], "input[0].content[0]: file by file_id"),
        ("input", [message("user", item("input_audio", data="x"))], "input[0].content[0]: unknown type of part"),
        ("tool_choice", item("mcp", server_label="x"), "tool_choice: mcp"),
        ("text", {"format": item("grammar")}, "text.format: unknown type"),
    ],
)
def test_what_only_openai_can_do_has_to_go_there(field: str, value: Json, loss: str) -> None:
    chat = read(**{field: value})

    assert chat.losses == (MUST_CARRY + loss,)
    with pytest.raises(FaultError):
        PROVIDER.encode_request(chat, UpstreamEdit("m"))


@pytest.mark.parametrize(
    ("field", "value", "loss"),
    [
        ("include", ["message.output_text.logprobs"], "include: message.output_text.logprobs"),
        ("truncation", "auto", "truncation"),
        ("reasoning", {"effort": "low", "mode": "pro"}, "reasoning.mode"),
        ("reasoning", {"effort": "boundless"}, "reasoning.effort"),
        ("max_tool_calls", 3, "max_tool_calls"),
        ("top_logprobs", 2, "top_logprobs"),
        ("text", {"verbosity": "low", "tone": "kind"}, "text.tone"),
        ("input", [item("message", role="assistant", content="x", of_tomorrow=1)], "input[0].of_tomorrow"),
        ("input", [message("user", item("input_image", image_url="https://a.example", detail="low"))],
         "input[0].content[0].detail"),
    ],
)  # fmt: skip
def test_what_gets_lost_on_the_way_to_another_format_is_named(field: str, value: Json, loss: str) -> None:
    assert loss in PROVIDER.encode_request(read(**{field: value}), UpstreamEdit("m")).losses


MEANINGLESS: list[dict[str, Json]] = [
    {"input": None},
    {"input": []},
    {"input": [{}]},
    {"input": [{"type": "message", "role": "nobody", "content": "x"}]},
    {"input": [{"role": "user", "content": 7}]},
    {"input": [{"type": "function_call", "call_id": "c", "name": "", "arguments": ""}]},
    {"input": [{"type": "function_call_output", "call_id": "", "output": "x"}]},
    {"input": [{"type": "reasoning", "summary": [7]}]},
    {"model": ""},
    {"tools": [{"name": "f"}]},
    {"tool_choice": "sometimes"},
    {"stream_options": {"include_obfuscation": "yes"}},
    {"max_output_tokens": "9"},
    {"text": {"format": {"type": "json_schema"}}},
]


@pytest.mark.parametrize("body", MEANINGLESS)
def test_what_means_nothing_is_unreadable(body: dict[str, Json]) -> None:
    with pytest.raises(UnreadableError):
        read(**body)


# -- the same format -----------------------------------------------------------------


@every_case
def test_what_codex_and_the_sdk_send_goes_on_byte_by_byte(case: str) -> None:
    raw = (ROOT / case / "request.json").read_bytes()
    asked = ask(**json.loads(raw))

    assert body_of(CLIENT.edit(asked, UpstreamEdit("gpt-5"))) == {**asked.body, "model": "gpt-5"}


def test_reasoning_of_others_does_not_go_on_to_openai() -> None:
    token = provider_state.token(State(sealed=FOREIGN))
    nobodys = provider_state.token(State(thoughts=(Thinking(""),)))
    own: Json = item("reasoning", id="rs_1", summary=[], encrypted_content="gAAAAopaque")
    asked = ask(
        input=[
            {"role": "user", "content": "a"},
            item("reasoning", id="rs_2", summary=[], encrypted_content=token),
            item("reasoning", id="rs_3", summary=[], encrypted_content=nobodys),
            own,
            item(
                "reasoning",
                id="rs_4",
                summary=[],
                encrypted_content=provider_state.token(State(sealed=NATIVE)),
            ),
        ],
        store=False,
    )

    edited = CLIENT.edit(asked, UpstreamEdit("gpt-5"))

    assert body_of(edited)["input"] == [{"role": "user", "content": "a"}, own, own]
    assert edited.body.startswith(b'{"model":"gpt-5","input":[{"role"')
    assert edited.body.endswith(b'],"store":false}')


def test_another_account_than_the_first_gets_no_reasoning_that_it_could_not_open() -> None:
    own: Json = item("reasoning", id="rs_1", summary=[], encrypted_content="gAAAAopaque")
    asked = ask(input=[{"role": "user", "content": "a"}, own], store=False)

    edited = CLIENT.edit(asked, UpstreamEdit("gpt-5", fallback=True))

    assert body_of(edited)["input"] == [{"role": "user", "content": "a"}]


def test_a_text_that_looks_like_our_mark_changes_no_byte() -> None:
    raw = b'{ "model":"gpt-5", "input" : [{"role":"user","content":"what is oc1_abc?"}] }'
    asked = ask(**j.parse(raw, where="request"))

    assert CLIENT.edit(type(asked)(asked.path, "", raw, asked.body), UpstreamEdit("gpt-5")).body == raw
