"""A body says by itself what kind of client wrote it."""

import pytest

from openclaw_extproc.model import json as j
from openclaw_extproc.wire import FORMATS, spoken_at
from openclaw_extproc.wire.shapes import PATHS, path_of, shape_of
from tests.samples import REQUESTS, Case


@pytest.mark.parametrize("case", [case for case in REQUESTS if FORMATS[case.format].client], ids=str)
def test_every_recorded_request_is_told_by_its_shape(case: Case) -> None:
    assert shape_of(j.parse(case.request, where="request")) == case.format


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
    assert shape_of(j.parse(body, where="request")) == format


@pytest.mark.parametrize("format", PATHS)
def test_each_format_is_asked_at_its_path(format: str) -> None:
    spoken = spoken_at(path_of(format, {"model": "m"}))

    assert (spoken.format, spoken.served) == (format, True)


def test_every_client_format_has_a_path() -> None:
    assert {name for name, made in FORMATS.items() if made.client} == PATHS.keys()
