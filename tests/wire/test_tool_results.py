"""Promises of results of tools that are neither text nor image: they have a reading in every format."""

import pytest

from openclaw_extproc.model import json as j
from openclaw_extproc.model.requests import Chat, InlineFile, LinkedFile, Text, ToolResult, ToolUse, Turn
from openclaw_extproc.wire import FORMATS
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.translation.losses import needs
from openclaw_extproc.wire.translation.tools import UNREADABLE, readable
from tests.samples import UPSTREAMS

FILES = (
    InlineFile("application/pdf", "JVBERi0=", "a.pdf"),
    InlineFile("audio/wav", "UklGRg=="),
    InlineFile("audio/ogg", "T2dn"),
    InlineFile("video/mp4", "AAAA"),
    InlineFile("application/zip", "UEs=", "a.zip"),
    InlineFile("text/csv", "YSxi", "a.csv"),
    LinkedFile("https://x.example/a.pdf", "application/pdf"),
    LinkedFile("https://x.example/a.mp3", "audio/mpeg"),
)


@pytest.mark.parametrize("format", UPSTREAMS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.media_type)
def test_no_result_of_a_tool_is_refused(format: str, file: InlineFile | LinkedFile) -> None:
    side = FORMATS[format].provider
    assert side is not None
    chat = Chat(
        "m",
        (
            Turn("user", (Text("Read it."),)),
            Turn("assistant", (ToolUse("t", "read", "{}"),)),
            Turn("user", (ToolResult("t", (Text("Here:"), file)),)),
        ),
    )
    losses: list[str] = []

    encoded = side.encode_request(readable(chat, side.carries, losses), UpstreamEdit("m"))

    assert needs(chat) == frozenset()
    assert j.parse(encoded.body, where="encoded")
    if UNREADABLE in (*losses, *encoded.losses):
        assert f"[a file of type {file.media_type}".encode() in encoded.body
