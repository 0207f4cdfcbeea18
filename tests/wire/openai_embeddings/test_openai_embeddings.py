"""Promises of OpenAI's embeddings in particular."""

import base64
import struct

import pytest
from openai.types import CreateEmbeddingResponse

from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Embedded, Finished, Started, Stop, Usage, UsageReported
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Embed
from openclaw_extproc.wire import FORMATS, client_side, upstream_format
from openclaw_extproc.wire.base import UpstreamEdit
from tests import samples
from tests.wire.embedding import OPENAI, answer, asked, read, sent, written

NAME = "openai_embeddings"


@pytest.mark.parametrize(
    ("given", "inputs"),
    [
        ("a", ("a",)),
        (["a", "b"], ("a", "b")),
        ([1, 2], ((1, 2),)),
        ([[1, 2], [3]], ((1, 2), (3,))),
    ],
)
def test_an_input_may_be_a_text_or_tokens_or_several(given: Json, inputs: tuple[str | tuple[int, ...], ...]) -> None:
    embed = read(OPENAI, {"model": "m", "input": given})

    assert embed.inputs == inputs
    assert embed.losses == (() if isinstance(inputs[0], str) else ("!input: tokens",))


def test_all_that_can_be_said_is_read() -> None:
    body: dict[str, Json] = {
        "model": "m",
        "input": "a",
        "dimensions": 8,
        "encoding_format": "base64",
        "user": "u",
        "x": 1,
    }

    assert read(OPENAI, body) == Embed("m", ("a",), 8, packed=True, user="u", extras={"x": 1})


def test_an_encoding_of_another_server_stays_with_it() -> None:
    assert read(OPENAI, {"model": "m", "input": "a", "encoding_format": "int8"}).losses == (
        "!encoding_format: unknown",
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"model": "m"},
        {"model": "", "input": "a"},
        {"model": "m", "input": []},
        {"model": "m", "input": 7},
        {"model": "m", "input": ["a", 7]},
        {"model": "m", "input": [1, "a"]},
        {"model": "m", "input": "a", "dimensions": "8"},
        {"model": "m", "input": "a", "encoding_format": 7},
    ],
)
def test_what_is_no_request_is_unreadable(body: dict[str, Json]) -> None:
    with pytest.raises(UnreadableError):
        read(OPENAI, body)


def test_the_same_model_leaves_every_byte_and_another_changes_its_own() -> None:
    raw = b'{ "input":["a"],  "model": "m" }'
    said = asked(OPENAI, j.parse(raw, where="test"))
    edit = client_side(NAME).edit

    same, other = (edit(type(said)(said.path, "", raw, said.body), UpstreamEdit(model)) for model in ("m", "n"))

    assert (same.path, same.body) == ("/embeddings", raw)
    assert other.body == raw.replace(b'"m"', b'"n"')


def test_a_provider_is_asked_for_numbers_unless_base64_is_wanted() -> None:
    plain, packed = (j.parse(sent(NAME, Embed("m", ("a",), packed=p)).body, where="test") for p in (False, True))

    assert plain == {"model": "m", "input": ["a"]}
    assert packed["encoding_format"] == "base64"


def test_an_answer_is_read_as_it_came() -> None:
    body = b'{"object":"list","data":[{"index":1,"embedding":"AAAAAA=="},{"index":0,"embedding":[0.5,1]}],"model":"m",'
    body += b'"usage":{"prompt_tokens":3,"total_tokens":3}}'

    assert samples.decode(samples.provider_side(NAME), body, streamed=False) == [
        Started("", "m"),
        Embedded(1, "AAAAAA=="),
        Embedded(0, (0.5, 1)),
        UsageReported(Usage(input_tokens=3)),
        Finished(Stop.END),
    ]


@pytest.mark.parametrize("packed", [True, False])
def test_an_answer_is_one_of_openais(packed: bool) -> None:
    said = written(NAME, Embed("asked", ("a",), packed=packed), answer((0.5, -1.0), model=""))

    vector = base64.b64encode(struct.pack("<2f", 0.5, -1.0)).decode() if packed else [0.5, -1.0]
    assert said == {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": vector}],
        "model": "asked",
        "usage": {"prompt_tokens": 5, "total_tokens": 5},
    }
    if not packed:
        CreateEmbeddingResponse.model_validate(said, strict=True)


def test_tokens_nobody_counted_are_not_zero() -> None:
    assert "usage" not in written(NAME, Embed("m", ("a",)), answer((0.5,), tokens=None))


def test_at_azure_they_have_their_own_address() -> None:
    provider = Provider("azure", "azure", "azure_openai", also=("azure_embeddings",), api_version="2024-10-21")
    spoken = upstream_format(provider, NAME)
    assert spoken is not None
    assert spoken is FORMATS["azure_embeddings"]
    assert spoken.provider is not None
    assert spoken.provider.adapt is not None
    embed, change = Embed("m", ("a",)), UpstreamEdit("m", provider=provider)

    adapted = spoken.provider.adapt(sent(NAME, embed), embed, change)

    assert adapted.path == "/deployments/m/embeddings?api-version=2024-10-21"
    assert spoken.provider.credential_header("k") == ("api-key", "k")
