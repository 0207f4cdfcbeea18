"""Promises of the Anthropic Messages format: documents and what else stands in content, read and written."""

from dataclasses import replace

import pytest

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import (
    InlineFile,
    InlineImage,
    LinkedFile,
    LinkedImage,
    Part,
    Text,
    ToolResult,
    Turn,
)
from tests.wire.anthropic_messages.saying import CLIENT, HELLO, PROVIDER, ask, blocks, encoded, messages


def read(*blocks: Json) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    chat = CLIENT.decode_request(ask({"model": "c", "messages": [{"role": "user", "content": [*blocks]}]}))
    return chat.turns[0].parts, chat.losses


PDF: Json = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
PLAIN: Json = {"type": "text", "media_type": "text/plain", "data": "Zoë"}
LINK: Json = {"type": "url", "url": "https://example.com/a.pdf"}


@pytest.mark.parametrize(
    ("source", "file"),
    [
        (PDF, InlineFile("application/pdf", "JVBERi0=", "T")),
        (PLAIN, InlineFile("text/plain", "Wm/Dqw==", "T")),
        (LINK, LinkedFile("https://example.com/a.pdf", "application/pdf", "T")),
    ],
)
def test_a_document_is_a_file_and_comes_back_as_it_was(source: Json, file: Part) -> None:
    document: Json = {"type": "document", "source": source, "title": "T"}

    parts, losses = read(document)

    assert (parts, losses) == ((file,), ())
    assert messages(Turn("user", parts)) == [{"role": "user", "content": [document]}]


def test_what_is_said_about_a_document_stands_before_it() -> None:
    parts, losses = read({"type": "document", "source": PDF, "context": "From 2020.", "citations": {"enabled": False}})

    assert parts == (Text("From 2020."), InlineFile("application/pdf", "JVBERi0="))
    assert losses == ()


def test_a_document_of_blocks_becomes_those_blocks() -> None:
    image: Json = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    source: Json = {"type": "content", "content": [{"type": "text", "text": "One"}, image]}

    parts, losses = read({"type": "document", "source": source, "title": "T"})

    assert parts == (Text("T"), Text("One"), LinkedImage("https://example.com/a.png"))
    assert losses == ("messages[0].content[0].source: content, as blocks of their own",)


def test_a_search_result_becomes_its_text() -> None:
    result: Json = {
        "type": "search_result",
        "source": "https://example.com",
        "title": "T",
        "content": [{"type": "text", "text": "Found"}],
    }

    parts, losses = read({"type": "tool_result", "tool_use_id": "t", "content": [result]})

    assert parts == (ToolResult("t", (Text("T (https://example.com)"), Text("Found"))),)
    assert losses == ("messages[0].content[0].content[0]: search_result, as text",)


def test_a_tool_result_carries_files_and_images() -> None:
    result = ToolResult("t", (Text("See"), InlineFile("application/pdf", "JVBERi0="), InlineImage("image/png", "iVBO")))

    (told,) = messages(Turn("user", (result,)))[:1]

    assert "tool_result" not in str(told), "it answers no call"
    assert [block["type"] for block in blocks(told)] == ["text", "text", "document", "image"]


@pytest.mark.parametrize(
    "file",
    [
        InlineFile("audio/wav", "UklG"),
        InlineFile("video/mp4", "AAAA"),
        InlineFile("application/zip", "UEs="),
        LinkedFile("https://example.com/a.txt", "text/plain"),
    ],
)
def test_a_file_that_claude_cannot_read_is_refused(file: Part) -> None:
    with pytest.raises(FaultError) as refused:
        encoded(replace(HELLO, turns=(Turn("user", (file,)),)))

    assert refused.value.fault.kind is FaultKind.UNSUPPORTED
    assert {"pdf", "pdf_link", "text_file", "image", "image_link"} == PROVIDER.carries


def test_a_text_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(FaultError, match="not base64 of UTF-8"):
        encoded(replace(HELLO, turns=(Turn("user", (InlineFile("text/plain", "/w=="),)),)))
