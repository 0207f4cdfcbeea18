"""Promises of Claude on Vertex AI: Anthropic's words at Google's address."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from openclaw_extproc.faults import Fault, FaultError, FaultKind
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, InlineImage, LinkedImage, Text, Turn
from openclaw_extproc.wire import anthropic_messages, upstream_format
from openclaw_extproc.wire.anthropic_messages.client import count_tokens
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.vertex.anthropic import FORMAT, NAME

assert FORMAT.provider is not None
SIDE = FORMAT.provider
MODEL = "claude-sonnet-4-5@20250929"
PROVIDER = Provider("vertex", "vertex", NAME, region="europe-west1", project="mine")
HELLO = Chat("asked", (Turn("user", (Text("Hello"),)),))
RAW = b'{ "model":"asked", "max_tokens":5, "messages":[{"role":"user","content":"Hello"}]}'


def adapted(encoded: EncodedRequest, chat: Chat, change: UpstreamEdit) -> tuple[str, dict[str, Json]]:
    assert SIDE.adapt is not None
    request = SIDE.adapt(encoded, chat, change)
    return request.path, j.parse(request.body, where="adapted")


def sent(chat: Chat, provider: Provider = PROVIDER) -> tuple[str, dict[str, Json]]:
    change = UpstreamEdit(MODEL, provider=provider)
    return adapted(SIDE.encode_request(chat, change), chat, change)


def passed(headers: Mapping[str, str]) -> tuple[str, dict[str, Json]]:
    client = anthropic_messages.FORMAT.client
    assert client is not None
    change = UpstreamEdit(MODEL, provider=PROVIDER, headers=headers)
    asked = ClientRequest("/v1/messages", "", RAW, j.parse(RAW, where="request"))
    return adapted(client.edit(asked, change), client.decode_request(asked), change)


@pytest.mark.parametrize(("stream", "verb"), [(False, "rawPredict"), (True, "streamRawPredict")])
def test_the_model_stands_in_the_path_and_the_version_in_the_body(*, stream: bool, verb: str) -> None:
    path, body = sent(replace(HELLO, stream=stream))

    assert path == f"/v1/projects/mine/locations/europe-west1/publishers/anthropic/models/{MODEL}:{verb}"
    assert "model" not in body
    assert body["anthropic_version"] == "vertex-2023-10-16"
    assert "anthropic_beta" not in body


@pytest.mark.parametrize(
    ("base", "before"),
    [
        ("", "/v1/projects/mine/locations/europe-west1"),
        ("/v1", "/projects/mine/locations/europe-west1"),
        ("/v1/projects/p/locations/us", ""),
    ],
)
def test_what_the_configured_path_says_is_not_said_again(base: str, before: str) -> None:
    path, _ = sent(HELLO, replace(PROVIDER, base_path=SIDE.base_path(base)))

    assert path == f"{before}/publishers/anthropic/models/{MODEL}:rawPredict"


def test_a_provider_without_a_region_is_asked_globally() -> None:
    assert "/locations/global/" in sent(HELLO, replace(PROVIDER, region=""))[0]


def test_a_client_of_anthropics_format_is_not_translated() -> None:
    path, body = passed(
        {"anthropic-version": "2023-06-01", "anthropic-beta": "context-1m-2025-08-07, web-search-2025-03-05"}
    )

    assert upstream_format(PROVIDER, "anthropic_messages") is FORMAT
    assert path.endswith(f"{MODEL}:rawPredict")
    assert body == {
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "Hello"}],
        "anthropic_version": "vertex-2023-10-16",
        "anthropic_beta": ["context-1m-2025-08-07", "web-search-2025-03-05"],
    }


def test_tokens_are_counted_at_googles_own_path_with_the_model_in_the_body() -> None:
    change = UpstreamEdit(MODEL, provider=PROVIDER)

    path, body = adapted(EncodedRequest(count_tokens.PATH, RAW.replace(b"asked", MODEL.encode())), HELLO, change)

    assert path.endswith("/publishers/anthropic/models/count-tokens:rawPredict")
    assert body["model"] == MODEL


def test_links_are_refused_because_vertex_fetches_none() -> None:
    linked = replace(HELLO, turns=(Turn("user", (LinkedImage("https://example.com/a.png"),)),))

    with pytest.raises(FaultError, match="image_link"):
        sent(linked)
    assert "image_link" not in SIDE.carries
    sent(replace(HELLO, turns=(Turn("user", (InlineImage("image/png", "iVBO"),)),)))


def test_googles_own_errors_are_understood() -> None:
    body = b'{"error":{"code":403,"message":"Permission denied","status":"PERMISSION_DENIED"}}'

    assert SIDE.decode_error(403, body) == Fault(FaultKind.FORBIDDEN, "Permission denied", 403, "PERMISSION_DENIED")
