"""The order of turns, the ids of calls, and files: all that Converse's validator is strict about."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model.requests import (
    InlineFile,
    InlineImage,
    LinkedFile,
    LinkedImage,
    Part,
    Text,
    ToolResult,
    ToolUse,
)
from openclaw_extproc.wire.bedrock.converse.messages import tool_id
from tests.wire.bedrock_converse.saying import HELLO, LLAMA, assistant, chat, messages, sent, user

PNG, PDF = InlineImage("image/png", "iVBORw0KGgo="), InlineFile("application/pdf", "JVBERi0=", "a.pdf")
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def test_turns_of_one_role_become_one_message() -> None:
    asked = chat(user(Text("a")), user(Text(" ")), user(Text("b")), assistant(Text("c ")), assistant(Text("d ")))

    assert messages(asked) == [("user", [{"text": "a"}, {"text": "b"}]), ("assistant", [{"text": "c "}, {"text": "d"}])]


def test_the_user_always_begins() -> None:
    asked = chat(assistant(Text("a")), HELLO)

    assert [role for role, _ in messages(asked)] == ["user", "assistant", "user"]
    assert sent(asked).losses == ("messages: the assistant's came first",)


def test_results_stand_behind_their_calls_in_their_order_and_first() -> None:
    calls = assistant(ToolUse("a", "f", "{}"), ToolUse("b", "f", ""))
    asked = chat(HELLO, calls, user(Text("more"), ToolResult("b", (Text("2"),))), user(ToolResult("a", (Text("1"),))))

    (_, blocks) = messages(asked)[2]

    assert [block["toolResult"]["toolUseId"] for block in blocks[:2]] == ["a", "b"]
    assert blocks[2] == {"text": "more"}


def test_a_call_that_nobody_answered_is_answered() -> None:
    asked = chat(HELLO, assistant(ToolUse("a", "f", "{}")), user(Text("never mind")))

    (_, blocks) = messages(asked)[2]

    told = {"toolUseId": "a", "content": [{"text": "no result"}], "status": "error"}
    assert blocks == [{"toolResult": told}, {"text": "never mind"}]
    assert "tool result: none came for a call" in sent(asked).losses


def test_a_result_of_no_call_becomes_text() -> None:
    asked = chat(user(ToolResult("a", (Text("1"), Text(" ")))))

    assert messages(asked) == [("user", [{"text": "Result of the earlier tool call a:"}, {"text": "1"}])]
    assert "tool result: without a call, as text" in sent(asked).losses


def test_a_result_is_never_empty() -> None:
    asked = chat(HELLO, assistant(ToolUse("a", "f", "{}")), user(ToolResult("a", (Text(""),), is_error=True)))

    (_, [block]) = messages(asked)[2]

    assert block["toolResult"] == {"toolUseId": "a", "content": [{"text": "(no output)"}], "status": "error"}


def test_a_model_that_knows_no_status_is_not_told_of_errors() -> None:
    asked = chat(HELLO, assistant(ToolUse("a", "f", "{}")), user(ToolResult("a", (Text("x"),), is_error=True)))

    assert b"status" not in sent(asked, LLAMA).body
    assert "tool result: is_error" in sent(asked, LLAMA).losses


def test_arguments_that_are_no_object_are_kept_as_text() -> None:
    asked = chat(HELLO, assistant(ToolUse("a", "f", "[1")), user(ToolResult("a", (Text("x"),))))

    (_, [block]) = messages(asked)[1]

    assert block["toolUse"]["input"] == {"_raw": "[1"}
    assert "tool arguments are not JSON" in sent(asked).losses


@given(st.text(max_size=200), st.text(max_size=200))
def test_every_id_fits_and_none_becomes_another(one: str, other: str) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", tool_id(one))
    assert (tool_id(one) == tool_id(other)) == (one == other)


@pytest.mark.parametrize("id", ["tooluse_kZJMlvQmRJ6eAyJE5GIl7Q", "a" * 64])
def test_a_good_id_stays(id: str) -> None:
    assert tool_id(id) == id


def test_a_long_id_is_shortened_and_stays_its_own() -> None:
    one, other = tool_id("a" * 65), tool_id("a" * 66)

    assert one != other
    assert len(one) == len(other) == 64


# -- files ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "form"),
    [
        (InlineFile("application/pdf", "QQ=="), "pdf"),
        (InlineFile("text/plain; charset=utf-8", "QQ=="), "txt"),
        (InlineFile("text/markdown", "QQ=="), "md"),
        (InlineFile("text/csv", "QQ=="), "csv"),
        (InlineFile("text/html", "QQ=="), "html"),
        (InlineFile("text/x-python", "QQ=="), "txt"),
        (InlineFile("application/msword", "QQ=="), "doc"),
        (InlineFile(WORD, "QQ=="), "docx"),
        (InlineFile("application/vnd.ms-excel", "QQ=="), "xls"),
        (InlineFile("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "QQ=="), "xlsx"),
    ],
)
def test_every_document_has_its_format(part: InlineFile, form: str) -> None:
    [(_, blocks)] = messages(chat(user(Text("read"), part)))

    assert blocks[1] == {"document": {"format": form, "name": "document", "source": {"bytes": "QQ=="}}}


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
def test_every_image_has_its_format(kind: str) -> None:
    [(_, blocks)] = messages(chat(user(InlineImage(f"image/{kind}", "QQ=="))))

    assert blocks == [{"image": {"format": kind, "source": {"bytes": "QQ=="}}}]


@pytest.mark.parametrize(
    "part",
    [
        InlineImage("image/tiff", "QQ=="),
        LinkedImage("https://images.example.com/a.png"),
        InlineFile("application/zip", "QQ=="),
        InlineFile("audio/wav", "QQ=="),
        InlineFile("video/mp4", "QQ=="),
        LinkedFile("https://files.example.com/a.pdf", "application/pdf"),
    ],
)
def test_what_cannot_be_carried_is_refused(part: Part) -> None:
    with pytest.raises(FaultError) as caught:
        sent(chat(user(Text("read"), part)))

    assert caught.value.fault.kind is FaultKind.UNSUPPORTED


def test_names_of_documents_are_plain_and_each_another() -> None:
    given = ["Q3 report (final).pdf", "Q3_report_(final).pdf", "ü/../x.y.pdf", "", "  ", "a" * 300]
    parts = [InlineFile("application/pdf", "QQ==", name) for name in given]

    [(_, blocks)] = messages(chat(user(Text("read"), *parts)))

    names = [block["document"]["name"] for block in blocks[1:]]
    assert names[:5] == ["Q3 report (final)", "Q3 report (final) 2", "x y", "document", "document 2"]
    assert all(re.fullmatch(r"(?!.*  )[A-Za-z0-9 ()\[\]-]{1,200}", name) for name in names)


def test_a_document_has_a_text_beside_it() -> None:
    [(_, blocks)] = messages(chat(user(PDF)))

    assert [next(iter(block)) for block in blocks] == ["text", "document"]


def test_files_of_the_assistant_are_named_and_left_out() -> None:
    asked = chat(HELLO, assistant(Text("here"), PNG), HELLO)

    assert messages(asked)[1] == ("assistant", [{"text": "here"}])
    assert sent(asked).losses == ("image or file in an assistant's message",)


def test_results_of_tools_hold_files_too() -> None:
    asked = chat(HELLO, assistant(ToolUse("a", "f", "{}")), user(ToolResult("a", (Text("x"), PNG, PDF))))

    (_, [block]) = messages(asked)[2]

    assert [next(iter(part)) for part in block["toolResult"]["content"]] == ["text", "image", "document"]
