"""A stream is whole when its format says so, and not when it only stops."""

import pytest

from openclaw_extproc.drill.staging import has_ended

CHUNK = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
SAID = CHUNK + b'{"role":"assistant","content":"Hi"},"finish_reason":null}]}\n\n'
END = CHUNK + b'{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (SAID + END, True),
        (SAID, False),
        (b"", False),
        (SAID + b"data: {", False),
        (SAID + b'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n', False),
    ],
)
def test_a_stream_s_end(body: bytes, whole: bool) -> None:
    assert has_ended("openai_chat", body) is whole
