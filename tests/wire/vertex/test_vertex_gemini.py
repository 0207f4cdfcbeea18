"""Promises about Gemini on Vertex AI."""

from dataclasses import replace

import pytest

from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, LinkedFile, Text, Turn
from openclaw_extproc.wire import FORMATS, upstream_format
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.vertex.gemini import FORMAT

assert FORMAT.provider is not None
assert FORMAT.provider.adapt is not None
PROVIDER, ADAPT = FORMAT.provider, FORMAT.provider.adapt
HELLO = Chat("m", (Turn("user", (Text("Hello"),)),), stream=True)
AT = Provider("vertex", "c", "vertex_gemini", project="p-1", region="europe-west4")


def adapted(body: bytes = b'{"contents":[]}', of: Provider = AT) -> EncodedRequest:
    return ADAPT(EncodedRequest("/models/m:generateContent", body), HELLO, UpstreamEdit("m", provider=of))


def turns(*given: Json) -> Json:
    return j.parse(adapted(j.dump({"contents": [*given]})).body, where="adapted")["contents"]


@pytest.mark.parametrize(
    ("of", "path"),
    [
        (AT, "/v1/projects/p-1/locations/europe-west4/publishers/google/models/m:generateContent"),
        (replace(AT, region=""), "/v1/projects/p-1/locations/global/publishers/google/models/m:generateContent"),
        (replace(AT, project=""), "/v1/publishers/google/models/m:generateContent"),
        (
            replace(AT, base_path="/v1beta1"),
            "/projects/p-1/locations/europe-west4/publishers/google/models/m:generateContent",
        ),
        (
            replace(AT, base_path="/v1/projects/other/locations/l"),
            "/publishers/google/models/m:generateContent",
        ),
        (
            replace(AT, base_path="/v1/projects/other/locations/l/publishers/google"),
            "/models/m:generateContent",
        ),
    ],
)
def test_project_and_region_stand_in_the_path_unless_the_endpoint_says_them(of: Provider, path: str) -> None:
    assert adapted(of=of).path == path
    assert PROVIDER.base_path(of.base_path + "/") == of.base_path


def test_a_translated_request_keeps_its_query_behind_the_whole_path() -> None:
    change = UpstreamEdit("gemini-2.5-pro", provider=AT)

    encoded = ADAPT(PROVIDER.encode_request(HELLO, change), HELLO, change)

    assert encoded.path.endswith("/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse")


def test_a_request_that_needs_nothing_keeps_every_byte() -> None:
    body = b'{ "contents":[ {"role":"user","parts":[{"text":"Hi"}]}] }'

    assert adapted(body).body is body


def test_every_turn_gets_a_role_and_no_text_is_empty() -> None:
    assert turns(
        {"parts": [{"text": "Hi"}]},
        {"role": "model", "parts": [{"text": "a"}, {"text": ""}]},
        {"role": "model", "parts": [{"text": ""}]},
        {"role": "", "parts": {"text": "b"}},
    ) == [
        {"parts": [{"text": "Hi"}], "role": "user"},
        {"role": "model", "parts": [{"text": "a"}]},
        {"role": "user", "parts": [{"text": "b"}]},
    ]
    single = adapted(b'{"x": 1, "contents": {"parts": {"text": "Hi"}}}').body
    assert single == b'{"x": 1, "contents": [{"parts":[{"text":"Hi"}],"role":"user"}]}'


def test_a_file_gets_the_type_that_its_link_says() -> None:
    named: Json = {"file_data": {"file_uri": "gs://b/a.pdf"}}
    unknown: Json = {"fileData": {"fileUri": "gs://b/a"}}
    typed: Json = {"fileData": {"fileUri": "gs://b/a.pdf", "mime_type": "text/plain"}}

    assert turns({"role": "user", "parts": [named, unknown, typed]}) == [
        {
            "role": "user",
            "parts": [{"file_data": {"file_uri": "gs://b/a.pdf", "mimeType": "application/pdf"}}, unknown, typed],
        }
    ]


@pytest.mark.parametrize("body", [b'{"contents":7}', b'{"contents":[7,{"parts":7}]}', b"{}", b'{"contents":null}'])
def test_what_makes_no_sense_is_left_to_vertex(body: bytes) -> None:
    assert adapted(body).body is body or b"7" in body


def test_links_to_films_are_carried_here() -> None:
    film = Turn("user", (LinkedFile("https://x/a.mp4", "video/mp4"),))

    encoded = PROVIDER.encode_request(replace(HELLO, turns=(film,)), UpstreamEdit("m"))

    assert b'"fileUri":"https://x/a.mp4"' in encoded.body
    assert "video_link" in PROVIDER.carries


def test_a_client_of_gemini_is_not_translated_for_vertex() -> None:
    assert upstream_format(AT, "gemini") is FORMAT
    assert FORMAT.words == "gemini"
    assert FORMATS[FORMAT.base].provider is not None


def test_a_secret_is_a_bearer_token() -> None:
    assert PROVIDER.credential_header("ya29") == ("authorization", "Bearer ya29")
