"""A body says by itself what kind of client wrote it."""

import pytest

from openclaw_extproc.model import json as j
from openclaw_extproc.wire import CLIENTS, api_path_of, example_target, format_of_shape
from openclaw_extproc.wire.base import ClientRequest
from tests.samples import REQUESTS, Case


@pytest.mark.parametrize("case", [case for case in REQUESTS if case.format in CLIENTS], ids=str)
def test_every_recorded_request_is_told_by_its_shape(case: Case) -> None:
    assert format_of_shape(j.parse(case.request, where="request")) == case.format


@pytest.mark.parametrize(
    ("body", "format"),
    [
        ('{"model": "text-embedding-3-small", "input": "hi"}', "openai_embeddings"),
        ('{"model": "e", "input": ["hi"], "dimensions": 8}', "openai_embeddings"),
        ('{"model": "gpt-3.5-turbo-instruct", "prompt": "hi"}', "openai_completions"),
        ('{"model": "auto", "messages": [{"role": "user", "content": "hi"}]}', "openai_chat"),
        ('{"model": "claude-x", "max_tokens": 9, "messages": []}', "anthropic_messages"),
        ('{"content": {"parts": [{"text": "hi"}]}}', "gemini_embeddings"),
        ('{"hello": 1}', None),
    ],
)
def test_the_smallest_bodies_are_told_apart(body: str, format: str | None) -> None:
    assert format_of_shape(j.parse(body, where="request")) == format


@pytest.mark.parametrize("format", CLIENTS)
@pytest.mark.parametrize("stream", [False, True])
def test_each_format_has_an_example_that_it_reads_itself(format: str, *, stream: bool) -> None:
    side = CLIENTS[format]
    if stream and not side.example.streams:
        return
    target = example_target(format, "m", stream=stream)
    body = side.example.body_for("m", stream=stream)
    raw = j.dump(body)

    spoken = api_path_of(target)
    ask = side.decode_request(ClientRequest(spoken.path, spoken.query, raw, j.parse(raw, where="example")))

    assert (spoken.format, spoken.served) == (format, True)
    assert ask.model == "m"
    assert ask.stream is stream
    assert format_of_shape(body) is not None
