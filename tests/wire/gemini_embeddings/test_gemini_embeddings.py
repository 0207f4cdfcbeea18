"""Promises of Gemini's embeddings in particular."""

import pytest
from google.genai import types

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Embedded, Finished, Started, Stop, Usage, UsageReported
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Embed
from openclaw_extproc.wire import api_path_of, client_side
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_extproc.wire.gemini_embeddings import MAX_INPUTS
from tests import samples
from tests.wire.embedding import GEMINI, ONE, answer, asked, read, sent, written

NAME = "gemini_embeddings"


def request(*parts: Json, **more: Json) -> dict[str, Json]:
    return {"model": "models/m", "content": {"parts": list(parts)}, **more}


def text(said: str) -> Json:
    return {"text": said}


@pytest.mark.parametrize("prefix", ["", "/gemini"])
@pytest.mark.parametrize("path", [GEMINI, ONE, "/v1/models/m:embedContent", "/v1alpha/models/m:embedContent"])
def test_both_methods_are_served(prefix: str, path: str) -> None:
    spoken = api_path_of(prefix + path)

    assert (spoken.format, spoken.served) == (NAME, True)


def test_a_batch_is_read_in_both_ways_of_writing() -> None:
    body: dict[str, Json] = {
        "requests": [
            request(text("a"), outputDimensionality=8),
            request(text("b"), embed_content_config={"output_dimensionality": "8"}),
        ]
    }

    assert read(GEMINI, body) == Embed("m", ("a", "b"), 8)


def test_one_text_is_answered_with_one_vector() -> None:
    embed = read(ONE, {"content": {"parts": {"text": "a"}}})

    assert embed == Embed("m", ("a",), in_list=False)
    assert written(NAME, embed, answer((0.5,))) == {
        "embedding": {"values": [0.5]},
        "usageMetadata": {"promptTokenCount": 5},
    }


def test_what_others_do_not_know_is_dropped_by_name_once() -> None:
    one = request(text("a"), taskType="RETRIEVAL_DOCUMENT", title="t")

    losses = read(GEMINI, {"requests": [one, one]}).losses

    assert sorted(losses) == ["requests[0].taskType", "requests[0].title"]


def test_several_parts_make_one_text_and_their_bounds_are_a_loss() -> None:
    embed = read(ONE, {"content": {"parts": [text("a"), text("b")]}})

    assert (embed.inputs, embed.losses) == (("a\nb",), ("content.parts: their bounds",))


@pytest.mark.parametrize(
    ("body", "loss"),
    [
        ({"requests": [request({"inlineData": {"mimeType": "image/png", "data": "AAAA"}})]}, "more than text"),
        ({"requests": [request(text("a"), outputDimensionality=8), request(text("a"))]}, "not the same for all"),
    ],
)
def test_what_would_change_the_vectors_must_be_carried(body: dict[str, Json], loss: str) -> None:
    assert any(one.startswith("!") and loss in one for one in read(GEMINI, body).losses)


UNREADABLE: list[dict[str, Json]] = [
    {},
    {"requests": []},
    {"requests": [7]},
    {"requests": [{}]},
    {"requests": [{"content": {"parts": []}}]},
    {"requests": [{"content": {"parts": [{"text": 7}]}}]},
    {"requests": [request(text("a"), outputDimensionality="x")]},
]


@pytest.mark.parametrize("body", UNREADABLE)
def test_what_is_no_request_is_unreadable(body: dict[str, Json]) -> None:
    with pytest.raises(UnreadableError):
        read(GEMINI, body)


def test_another_model_is_named_in_the_path_and_in_each_request() -> None:
    first, second = request(text("a"), taskType="X"), request(text("b"))

    edited = client_side(NAME).edit(asked(GEMINI, {"requests": [first, second]}), UpstreamEdit("n"))

    assert edited.path == "/models/n:batchEmbedContents"
    assert j.parse(edited.body, where="edited") == {
        "requests": [{**first, "model": "models/n"}, {**second, "model": "models/n"}]
    }


def test_the_same_model_leaves_every_byte() -> None:
    raw = b'{ "requests" : [] }'

    edited = client_side(NAME).edit(ClientRequest(GEMINI, "", raw, {"requests": []}), UpstreamEdit("models/m"))

    assert (edited.path, edited.body) == ("/models/m:batchEmbedContents", raw)


def test_one_request_names_its_model_only_if_it_did() -> None:
    edit = client_side(NAME).edit
    content: dict[str, Json] = {"content": {"parts": [text("a")]}}

    silent = edit(asked(ONE, content), UpstreamEdit("n"))
    named = edit(asked(ONE, {"model": "models/m", **content}), UpstreamEdit("n"))

    assert (silent.path, silent.body) == ("/models/n:embedContent", j.dump(content))
    assert j.parse(named.body, where="edited")["model"] == "models/n"


def test_a_provider_is_asked_for_a_batch() -> None:
    encoded = sent(NAME, Embed("m", ("a", "b"), 8, user="u"))

    assert encoded.path == "/models/m:batchEmbedContents"
    assert encoded.losses == ("user",)
    assert j.parse(encoded.body, where="encoded") == {
        "requests": [request(text(said), outputDimensionality=8) for said in ("a", "b")]
    }


def test_more_texts_than_gemini_takes_are_refused_before_it_does() -> None:
    assert sent(NAME, Embed("m", ("a",) * MAX_INPUTS)).losses == ()

    with pytest.raises(FaultError, match="at most 100") as caught:
        sent(NAME, Embed("m", ("a",) * (MAX_INPUTS + 1)))

    assert caught.value.fault.kind is FaultKind.UNSUPPORTED


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        (b'{"embedding":{"values":[0.5]},"usageMetadata":{"promptTokenCount":3}}', 3),
        (b'{"embeddings":[{"values":[0.5]}],"usageMetadata":{"promptTokenCount":"3"}}', 3),
        (b'{"embeddings":[{"values":[0.5]}],"usageMetadata":{}}', None),
        (b'{"embeddings":[{"values":[0.5]}],"usageMetadata":7}', None),
        (b'{"embeddings":[{"values":[0.5]}]}', None),
    ],
)
def test_both_kinds_of_answer_are_read(body: bytes, tokens: int | None) -> None:
    counted = [] if tokens is None else [UsageReported(Usage(input_tokens=tokens))]

    facts = samples.decode(samples.provider_side(NAME), body, streamed=False)

    assert facts == [Started("", ""), Embedded(0, (0.5,)), *counted, Finished(Stop.END)]


def test_an_answer_is_one_of_googles() -> None:
    said = written(NAME, Embed("m", ("a", "b")), answer((0.5,), (1.0,)))

    assert said == {
        "embeddings": [{"values": [0.5]}, {"values": [1.0]}],
        "usageMetadata": {"promptTokenCount": 5},
    }
    types.EmbedContentResponse.model_validate(said)
