"""Promises of the Gemini format: where it is spoken, its list of models, and the counting of tokens."""

import pytest
from google.genai import types

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Text, Turn
from openclaw_extproc.wire import api_path_of, families
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_extproc.wire.gemini import api
from openclaw_extproc.wire.gemini.client import count_tokens
from tests.wire.gemini.saying import CLIENT

VERTEX = "projects/p-1/locations/us-central1/publishers/google/models"


@pytest.mark.parametrize("prefix", ["", "/gemini"])
@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1/models/m:generateContent", "m"),
        ("/v1alpha/models/m:generateContent", "m"),
        ("/v1beta/models/m:streamGenerateContent", "m"),
        ("/v1beta/models/a%2Fb:c:generateContent", "a/b:c"),
        ("/v1beta/tunedModels/my-own:generateContent", "tunedModels/my-own"),
        (f"/v1/{VERTEX}/m:generateContent", "m"),
        (f"/v1beta1/{VERTEX}/m:streamGenerateContent", "m"),
        ("/v1beta1/publishers/google/models/m:generateContent", "m"),
    ],
)
def test_it_is_served_wherever_googles_sdks_ask(prefix: str, path: str, model: str) -> None:
    spoken = api_path_of(f"{prefix}{path}?alt=sse")

    assert (spoken.format, spoken.served, api.read(spoken.path)[0]) == ("gemini", True, model)


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/{VERTEX}/m:predict",
        "/v1/projects/p/locations/l/publishers/anthropic/models/claude:rawPredict",
        "/v1beta/files/x:generateContent",
    ],
)
def test_other_paths_of_google_get_its_errors_and_no_model(path: str) -> None:
    spoken = api_path_of(path)

    assert (spoken.format, spoken.served) == ("gemini", False)


def test_embeddings_have_their_own_methods() -> None:
    methods = (api.EMBED, api.EMBED_BATCH)

    assert api.serves("/v1beta/models/m:embedContent", methods)
    assert api.serves("/v1beta/models/m:batchEmbedContents", methods)
    assert not api.serves("/v1beta/models/m:generateContent", methods)


def test_a_tuned_model_is_asked_under_its_own_path() -> None:
    asked = ClientRequest("/v1beta/tunedModels/x:generateContent", "", b"{}", {})

    assert CLIENT.edit(asked, UpstreamEdit("tunedModels/y z")).path == "/tunedModels/y%20z:generateContent"
    assert CLIENT.edit(asked, UpstreamEdit("gemini")).path == "/models/gemini:generateContent"


def test_a_list_of_models_is_what_the_sdk_reads() -> None:
    listed = j.parse(families.encode_gemini_models(["gemini-2.5-pro", "gpt/5", "tunedModels/x"], 7), where="models")[
        "models"
    ]
    one = j.parse(families.encode_gemini_model("gemini-2.5-pro", 7), where="model")

    assert isinstance(listed, list)
    assert listed[0] == one
    methods = "supportedGenerationMethods"  # the SDK takes it out first, and calls it `supported_actions`
    read = [
        types.Model.model_validate({k: v for k, v in m.items() if k != methods}) for m in listed if isinstance(m, dict)
    ]
    assert [model.name for model in read] == ["models/gemini-2.5-pro", "models/gpt/5", "tunedModels/x"]
    assert one["supportedGenerationMethods"] == ["generateContent", "countTokens"]


CONTENTS: list[Json] = [{"parts": [{"text": "Hi"}]}]
SYSTEM: dict[str, Json] = {"systemInstruction": {"parts": [{"text": "Be brief."}]}}


@pytest.mark.parametrize(
    ("body", "system"),
    [
        ({"contents": CONTENTS}, ()),
        ({"contents": CONTENTS, **SYSTEM}, ("Be brief.",)),
        ({"generateContentRequest": {"model": "models/m", "contents": CONTENTS, **SYSTEM}}, ("Be brief.",)),
        ({"generate_content_request": {"contents": CONTENTS}}, ()),
    ],
)
def test_a_prompt_to_count_is_read_in_each_of_its_forms(body: dict[str, Json], system: tuple[str, ...]) -> None:
    path = f"/v1beta1/{VERTEX}/m:countTokens"

    chat = count_tokens.decode_request(ClientRequest(path, "", j.dump(body), body))

    assert count_tokens.serves(path)
    assert not count_tokens.serves(path.replace("countTokens", "generateContent"))
    assert (chat.model, chat.turns, chat.system) == ("m", (Turn("user", (Text("Hi"),)),), system)


def test_a_count_is_what_the_sdk_reads() -> None:
    assert types.CountTokensResponse.model_validate_json(count_tokens.encode_count(12)).total_tokens == 12
