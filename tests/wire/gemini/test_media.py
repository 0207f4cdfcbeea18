"""Promises of the Gemini format: files of every kind, in requests and in results."""

from dataclasses import replace

import pytest

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import (
    InlineFile,
    InlineImage,
    LinkedFile,
    LinkedImage,
    Part,
    Text,
    ToolResult,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_extproc.wire.gemini.provider.upstream import FILE_NAMES, WHOSE_IMAGE
from tests.wire.gemini.saying import CLIENT, HELLO, PNG, PROVIDER, WHOLE, contents, encoded, written

PDF = "JVBERi0xLjQ+/w=="


def read(part: Json) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    body: dict[str, Json] = {"contents": [{"parts": [part]}]}
    chat = CLIENT.decode_request(ClientRequest(WHOLE, "", j.dump(body), body))
    return (chat.turns[0].parts if chat.turns else ()), chat.losses


@pytest.mark.parametrize(
    ("part", "file"),
    [
        (
            {"inline_data": {"mime_type": "application/pdf", "data": "JVBERi0xLjQ-_w==", "displayName": "a.pdf"}},
            InlineFile("application/pdf", PDF, "a.pdf"),
        ),
        ({"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}}, InlineFile("audio/wav", "UklGRg==")),
        ({"inlineData": {"mimeType": "video/mp4", "data": "AAAA"}}, InlineFile("video/mp4", "AAAA")),
        ({"inlineData": {"mimeType": "text/plain", "data": "SGk="}}, InlineFile("text/plain", "SGk=")),
        ({"inlineData": {"mimeType": "image/gif", "data": "R0lG"}}, InlineImage("image/gif", "R0lG")),
        ({"fileData": {"fileUri": "https://x/a.PDF?b#c"}}, LinkedFile("https://x/a.PDF?b#c", "application/pdf")),
        (
            {"fileData": {"mimeType": "video/*", "fileUri": "https://youtu.be/x"}},
            LinkedFile("https://youtu.be/x", "video/*"),
        ),
        ({"fileData": {"mimeType": "image/png", "fileUri": "https://x/y"}}, LinkedImage("https://x/y")),
    ],
)
def test_a_file_of_any_kind_is_read(part: Json, file: Part) -> None:
    assert read(part) == ((file,), ())


@pytest.mark.parametrize("kind", ["application/pdf", "image/png", "audio/wav", "video/mp4"])
@pytest.mark.parametrize("url", ["gs://b/x", "https://generativelanguage.googleapis.com/v1beta/files/x"])
def test_googles_own_files_must_be_carried(kind: str, url: str) -> None:
    assert read({"fileData": {"mimeType": kind, "fileUri": url}}) == (
        (),
        ("!contents[0].parts[0].fileData: a file only Google can read",),
    )


@pytest.mark.parametrize(
    ("file", "part"),
    [
        (InlineFile("application/pdf", PDF, "a.pdf"), {"inlineData": {"mimeType": "application/pdf", "data": PDF}}),
        (InlineFile("audio/wav", "UklG"), {"inlineData": {"mimeType": "audio/wav", "data": "UklG"}}),
        (
            LinkedFile("https://x/a", "application/pdf"),
            {"fileData": {"mimeType": "application/pdf", "fileUri": "https://x/a"}},
        ),
        (LinkedImage("https://x/a.pdf"), {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x/a.pdf"}}),
    ],
)
def test_a_file_of_any_kind_is_written(file: Part, part: Json) -> None:
    assert contents(Turn("user", (file,))) == [{"role": "user", "parts": [part]}]


def test_the_name_of_a_file_is_a_loss() -> None:
    chat = replace(HELLO, turns=(Turn("user", (InlineFile("application/pdf", PDF, "a.pdf"),)),))

    assert encoded(chat).losses == (FILE_NAMES,)


@pytest.mark.parametrize("kind", ["audio/wav", "video/mp4", "application/zip"])
def test_links_that_gemini_does_not_follow_are_refused_before_they_are_sent(kind: str) -> None:
    with pytest.raises(FaultError) as refused:
        encoded(replace(HELLO, turns=(Turn("user", (LinkedFile("https://x/a", kind),)),)))

    assert refused.value.fault.kind is FaultKind.UNSUPPORTED
    assert {"pdf", "pdf_link", "image_link", "text_file_link", "audio", "video", "file"} <= PROVIDER.carries


CALLS = Turn("assistant", (ToolUse("1", "f", "{}"), ToolUse("2", "f", "{}")))
SHOWN = InlineImage("image/png", PNG)
RESULTS = Turn("user", (ToolResult("1", (Text("a"), SHOWN)), ToolResult("2", (LinkedImage("https://x/b.png"),))))


def test_from_gemini_3_on_a_result_holds_its_own_files_and_its_calls_id() -> None:
    chat = replace(HELLO, turns=(*HELLO.turns, CALLS, RESULTS))

    turns = j.an_array(written(chat, UpstreamEdit("gemini-3-flash-preview"))["contents"], at="contents")

    image: Json = {"inlineData": {"mimeType": "image/png", "data": PNG}}
    assert turns[-1] == {
        "role": "user",
        "parts": [
            {"functionResponse": {"id": "1", "name": "f", "response": {"result": "a"}, "parts": [image]}},
            {"functionResponse": {"id": "2", "name": "f", "response": {"result": ""}}},
            {"fileData": {"mimeType": "image/png", "fileUri": "https://x/b.png"}},
        ],
    }
    assert '"functionCall":{"id":"1"' in j.text(turns[1])
    assert encoded(chat, UpstreamEdit("gemini-3-flash-preview")).losses == (WHOSE_IMAGE,)


def test_before_gemini_3_calls_have_no_ids() -> None:
    chat = replace(HELLO, turns=(*HELLO.turns, CALLS, RESULTS))

    assert '"id"' not in j.text(written(chat, UpstreamEdit("gemini-2.5-flash"))["contents"])


def test_the_files_of_a_result_are_read() -> None:
    shown: Json = [
        {"inlineData": {"mimeType": "application/pdf", "data": PDF}},
        {"fileData": {"mimeType": "image/png", "fileUri": "https://x/a"}},
    ]

    parts, losses = read({"functionResponse": {"name": "f", "response": {"result": "a"}, "parts": shown}})

    assert parts == (ToolResult("f", (Text("a"), InlineFile("application/pdf", PDF), LinkedImage("https://x/a"))),)
    assert losses == ()
