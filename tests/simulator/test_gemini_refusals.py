"""What Gemini refuses beyond the plain request: signatures, settings, embeddings, Vertex AI."""

import asyncio
import base64
import json
from dataclasses import replace

import pytest

from openclaw_simulator import serve
from openclaw_simulator.gemini_signatures import call_signature, text_signature
from openclaw_simulator.reading import Json
from tests.simulator.asking import CITY, KEYS, Request, chat, send

VERTEX = "/v1/projects/p/locations/l/publishers/google/models"
TOKEN = {"authorization": "Bearer test"}
ASKED: Json = {"role": "user", "parts": [{"text": "go"}]}
ANSWERED: Json = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]}


def answer(request: Request) -> tuple[int, str]:
    async def inside() -> tuple[int, str]:
        async with serve("gemini") as simulator:
            response = await send(simulator, request)
            return response.status_code, response.text

    return asyncio.run(inside())


def called(signature: str | None = None, name: str = "f") -> Json:
    signed: dict[str, Json] = {} if signature is None else {"thoughtSignature": signature}
    return {"role": "model", "parts": [{"functionCall": {"name": name, "args": {}}, **signed}]}


def history(*contents: Json, model: str = "gemini-3-pro", vertex: bool = False) -> tuple[int, str]:
    path = f"{VERTEX}/{model}:generateContent" if vertex else f"/v1beta/models/{model}:generateContent"
    return answer(Request(path, {"contents": list(contents)}, TOKEN if vertex else KEYS["gemini"]))


# --- signatures ---


def test_each_step_since_the_last_question_is_signed() -> None:
    signed, unsigned = called(call_signature("f")), called()

    assert history(ASKED, signed, ANSWERED, signed, ANSWERED)[0] == 200
    status, text = history(ASKED, signed, ANSWERED, unsigned, ANSWERED)
    assert status == 400
    assert "function call `default_api:f` , position 4" in text


def test_steps_before_the_last_question_and_older_models_need_no_signature() -> None:
    assert history(ASKED, called(), ANSWERED, ASKED)[0] == 200
    assert history(ASKED, called(), ANSWERED, model="gemini-2.5-pro")[0] == 200
    assert history(ASKED, called(), ANSWERED, model="models-gemini-3-flash")[0] == 400


@pytest.mark.parametrize("signature", ["AAAA", call_signature("g"), text_signature()])
@pytest.mark.parametrize("model", ["gemini-2.5-pro", "gemini-3-pro"])
def test_a_signature_of_something_else_is_refused(signature: str, model: str) -> None:
    status, text = history(ASKED, called(signature), ANSWERED, model=model)

    assert status == 400
    assert "Thought signature is not valid" in text


@pytest.mark.parametrize(
    ("dummy", "vertex", "status"),
    [
        ("skip_thought_signature_validator", False, 200),
        ("skip/thought/signature/validator", False, 200),
        ("context_engineering_is_the_way_to_go", False, 200),
        (base64.b64encode(b"skip_thought_signature_validator").decode(), False, 400),
        ("skip_thought_signature_validator", True, 200),
        ("context_engineering_is_the_way_to_go", True, 400),
    ],
)
def test_a_dummy_is_known_by_its_bytes(dummy: str, vertex: bool, status: int) -> None:
    assert history(ASKED, called(dummy), ANSWERED, vertex=vertex)[0] == status


def test_our_signature_is_good_in_either_alphabet() -> None:
    plain = call_signature("f")

    assert history(ASKED, called(plain.replace("+", "-").replace("/", "_").rstrip("=")), ANSWERED)[0] == 200


def test_vertex_misses_a_signature_in_its_own_words() -> None:
    _, text = history(ASKED, called(), ANSWERED, vertex=True)

    assert "function call `default_api:f` in the 2. content block is missing a `thought_signature`" in text


# --- settings ---

OBJECT: Json = {"type": "OBJECT", "properties": {"x": {"type": "STRING"}}}
SETTINGS: dict[str, tuple[str, dict[str, Json], str]] = {
    "level and budget": (
        "m",
        {"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 1}},
        "only one of thinking budget and thinking level",
    ),
    "level of an old model": (
        "gemini-2.5-pro",
        {"thinkingConfig": {"thinkingLevel": "low"}},
        "thinking_level is not supported by this model",
    ),
    "level": ("m", {"thinkingConfig": {"thinkingLevel": "max"}}, "thinking_config.thinking_level: must be one of"),
    "budget of pro": ("gemini-2.5-pro", {"thinkingConfig": {"thinkingBudget": 127}}, "between 128 and 32768"),
    "no thinking of pro": ("gemini-2.5-pro", {"thinkingConfig": {"thinkingBudget": 0}}, "Budget 0 is invalid"),
    "budget of flash": ("gemini-2.5-flash", {"thinkingConfig": {"thinkingBudget": 24577}}, "between 0 and 24576"),
    "budget of lite": ("gemini-2.5-flash-lite", {"thinkingConfig": {"thinkingBudget": 511}}, "between 512 and"),
    "effort": ("m", {"thinkingConfig": {"effort": "low"}}, "at 'generation_config.thinking_config'"),
    "seed": ("m", {"seed": 2**31}, "generation_config.seed: should be less than"),
    "seed as text": ("m", {"seed": "1"}, "at 'generation_config.seed': expected an integer"),
    "presence": ("m", {"presencePenalty": 2.0}, "generation_config.presence_penalty: should be less than 2.0"),
    "frequency": ("m", {"frequencyPenalty": -2.1}, "generation_config.frequency_penalty: should be greater"),
    "probabilities alone": ("m", {"logprobs": 1}, "logprobs can only be set when response_logprobs is true"),
    "probabilities of OpenAI": ("m", {"logprobs": True}, "can only be set"),
    "many probabilities": ("m", {"responseLogprobs": True, "logprobs": 21}, "logprobs: should be less than or equal"),
    "two schemas": (
        "m",
        {"responseMimeType": "application/json", "responseSchema": OBJECT, "responseJsonSchema": CITY},
        "response_schema must be omitted",
    ),
    "full schema in the own field": (
        "m",
        {
            "responseMimeType": "application/json",
            "responseSchema": {"type": "object", "additionalProperties": False},
        },
        "Unknown name \\\"additionalProperties\\\" at 'generation_config.response_schema'",
    ),
    "full schema without a type": ("m", {"responseJsonSchema": CITY}, "needs response_mime_type application/json"),
    "lost reference": (
        "m",
        {"responseMimeType": "application/json", "responseJsonSchema": {"$ref": "#/$defs/X"}},
        "reference to undefined schema",
    ),
    "mime type": ("m", {"responseMimeType": "application/xml"}, "response_mime_type: must be one of"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_wrong_setting_is_refused(name: str) -> None:
    model, config, said = SETTINGS[name]
    request = chat("gemini", model=model)

    status, text = answer(replace(request, body=request.body | {"generationConfig": config}))

    assert status == 400
    assert said in text


@pytest.mark.parametrize(
    ("model", "config"),
    [
        ("gemini-2.5-pro", {"thinkingConfig": {"thinkingBudget": -1}}),
        ("gemini-2.5-flash-lite", {"thinkingConfig": {"thinkingBudget": 0}}),
        ("gemini-3-pro", {"thinkingConfig": {"thinkingLevel": "low"}}),
        ("m", {"responseLogprobs": True}),
        ("m", {"seed": -5, "presencePenalty": -2, "frequencyPenalty": 1.9}),
    ],
)
def test_a_setting_within_its_range_passes(model: str, config: Json) -> None:
    request = chat("gemini", model=model)

    assert answer(replace(request, body=request.body | {"generationConfig": config}))[0] == 200


def test_a_budget_of_zero_turns_thinking_off() -> None:
    request = chat("gemini", model="gemini-2.5-flash")
    config: Json = {"thinkingConfig": {"thinkingBudget": 0, "includeThoughts": True}}

    _, text = answer(replace(request, body=request.body | {"generationConfig": config}))

    assert "thought" not in text


def test_an_unknown_kind_of_data_is_refused() -> None:
    parts: Json = [{"inlineData": {"mimeType": "application/octet-stream", "data": "AAAA"}}]

    status, text = answer(replace(chat("gemini"), body={"contents": [{"parts": parts}]}))

    assert status == 400
    assert "Unsupported MIME type: application/octet-stream" in text


# --- counting and embeddings ---

CONTENT: Json = {"parts": [{"text": "one two"}]}


def other(method: str, body: dict[str, Json], model: str = "gemini-embedding-001") -> tuple[int, str]:
    return answer(Request(f"/v1beta/models/{model}:{method}", body, KEYS["gemini"]))


def test_tokens_are_counted_of_contents_or_of_a_whole_request() -> None:
    whole: Json = {"model": "models/m", "contents": [CONTENT], "systemInstruction": CONTENT}

    assert json.loads(other("countTokens", {"contents": [CONTENT]})[1])["totalTokens"] == 2
    assert json.loads(other("countTokens", {"generateContentRequest": whole})[1])["totalTokens"] == 4
    assert other("countTokens", {"contents": [CONTENT], "generateContentRequest": whole})[0] == 400
    assert other("countTokens", {"contents": [CONTENT], "systemInstruction": CONTENT})[0] == 400


@pytest.mark.parametrize("config", [{"outputDimensionality": 4}, {"embedContentConfig": {"output_dimensionality": 4}}])
def test_one_vector_is_made(config: dict[str, Json]) -> None:
    status, text = other("embedContent", {"content": CONTENT, **config})

    assert status == 200
    assert len(json.loads(text)["embedding"]["values"]) == 4


EMBEDDINGS: dict[str, tuple[str, dict[str, Json], str]] = {
    "OpenAI's input": ("embedContent", {"input": "x"}, 'Unknown name \\"input\\"'),
    "no content": ("embedContent", {}, "content is not specified"),
    "no dimensions": ("embedContent", {"content": CONTENT, "outputDimensionality": 0}, "output_dimensionality"),
    "no requests": ("batchEmbedContents", {"content": CONTENT}, 'Unknown name \\"content\\"'),
    "no model": ("batchEmbedContents", {"requests": [{"content": CONTENT}]}, "requests[0].model"),
    "another model": (
        "batchEmbedContents",
        {"requests": [{"model": "gemini-embedding-001", "content": CONTENT}]},
        "model must be the same",
    ),
}


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_a_wrong_embedding_is_refused(name: str) -> None:
    method, body, said = EMBEDDINGS[name]

    status, text = other(method, body)

    assert status == 400
    assert said in text


@pytest.mark.parametrize("method", ["countTokens", "embedContent", "batchEmbedContents"])
def test_faults_and_unknown_models_are_for_other_methods_too(method: str) -> None:
    assert other(method, {}, "m@fault-503")[0] == 503
    assert other(method, {}, "unknown")[0] == 404


# --- Vertex AI ---


@pytest.mark.parametrize("headers", [{}, KEYS["gemini"], {"authorization": "test"}])
def test_vertex_wants_a_token(headers: dict[str, str]) -> None:
    status, text = answer(Request(f"{VERTEX}/m:generateContent", {"contents": [ASKED]}, headers))

    assert status == 401
    assert json.loads(text)["error"]["status"] == "UNAUTHENTICATED"


def test_vertex_wants_a_role_and_knows_labels() -> None:
    def ask(**body: Json) -> tuple[int, str]:
        return answer(Request(f"{VERTEX}/m:generateContent", dict(body), TOKEN))

    assert ask(contents=[ASKED], labels={"a": "b"})[0] == 200
    assert "Please use a valid role" in ask(contents=[CONTENT])[1]
    assert "store" in ask(contents=[ASKED], store=True)[1]
    assert answer(replace(chat("gemini"), body={"contents": [ASKED], "labels": {}}))[0] == 400


def test_vertex_streams_an_array_or_events() -> None:
    path = f"{VERTEX}/m:streamGenerateContent"

    _, array = answer(Request(path, {"contents": [ASKED]}, TOKEN))
    _, events = answer(Request(f"{path}?alt=sse", {"contents": [ASKED]}, TOKEN))

    assert len(json.loads(array)) == events.count("data: ") > 5


@pytest.mark.parametrize(("size", "status"), [(2, 200), ("2", 200), ("two", 400), (-1, 400), (1.5, 400)])
def test_a_size_in_a_schema_is_a_whole_number(size: Json, status: int) -> None:
    schema: Json = {"type": "ARRAY", "items": {"type": "STRING"}, "minItems": size}
    config: Json = {"responseMimeType": "application/json", "responseSchema": schema}

    found, text = answer(replace(chat("gemini"), body={"contents": [ASKED], "generationConfig": config}))

    assert found == status
    assert '[\\"simulated\\", \\"simulated\\"]' in text or status == 400
