"""Embeddings with the SDKs of OpenAI and Google, unchanged, at providers of both."""

import json
import math
from collections.abc import Iterator

import openai
import pytest
from google.genai import errors, types

from openclaw_simulator import gemini_more, openai_embeddings
from tests.e2e.callers import OURS, GeminiCaller
from tests.e2e.embedding_world import CHAT, KEYS, LONELY, OTHER, SAME, config
from tests.e2e.harness import Providers, Sidecar, http, sidecar

NEARLY = 1e-6
"""Base64 has 32 bits for each number."""


@pytest.fixture(scope="module")
def up(providers: Providers) -> Iterator[Sidecar]:
    with sidecar(config(providers), KEYS) as started:
        yield started


@pytest.fixture(scope="module")
def chatgpt(up: Sidecar) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{up.url}/openai/v1", api_key=OURS, max_retries=0) as sdk:
        yield sdk


@pytest.fixture(scope="module")
def google(up: Sidecar) -> Iterator[GeminiCaller]:
    with GeminiCaller(up.url) as made:
        yield made


def at_openai(text: str, size: int = 1_536) -> list[float]:
    return openai_embeddings.vector(text, size)


def at_gemini(text: str, size: int = gemini_more.DIMENSIONS) -> list[float]:
    return list(gemini_more.vector_of(text, size))


def embed(google: GeminiCaller, model: str, texts: list[str], size: int | None = None) -> types.EmbedContentResponse:
    config = types.EmbedContentConfig(output_dimensionality=size, task_type="RETRIEVAL_QUERY")
    return google.sdk.models.embed_content(model=model, contents=[*texts], config=config)  # pyright: ignore[reportUnknownMemberType]  # its types name PIL, which is not here


# --- without translation ---


def test_openais_sdk_gets_openais_vectors_as_they_are(chatgpt: openai.OpenAI, providers: Providers) -> None:
    raw = chatgpt.embeddings.with_raw_response.create(model=SAME, input=["a b", "c"], encoding_format="float")

    answer = raw.parse()
    assert [item.embedding for item in answer.data] == [at_openai("a b"), at_openai("c")]
    assert (answer.model, answer.usage.prompt_tokens) == (SAME, 3)
    assert raw.headers["x-openclaw-provider"] == "first"
    assert providers["ace"].requests[0].path == "/v1/embeddings"
    assert providers["ace"].requests[0].headers["authorization"] == "Bearer sk-ours-openai"


def test_openais_sdk_asks_for_base64_and_gets_it(chatgpt: openai.OpenAI, providers: Providers) -> None:
    answer = chatgpt.embeddings.create(model=SAME, input="a", dimensions=8)

    assert answer.data[0].embedding == pytest.approx(at_openai("a", 8), rel=NEARLY)
    assert json.loads(providers["ace"].requests[0].body or "")["encoding_format"] == "base64"


def test_tokens_go_to_the_model_they_are_of(chatgpt: openai.OpenAI) -> None:
    answer = chatgpt.embeddings.create(model=SAME, input=[[1, 2], [3]], dimensions=8)

    assert len(answer.data) == 2


def test_googles_sdk_gets_geminis_vectors(google: GeminiCaller, providers: Providers) -> None:
    answer = embed(google, LONELY, ["a b", "c"], 8)

    assert [one.values for one in answer.embeddings or []] == [at_gemini("a b", 8), at_gemini("c", 8)]
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.prompt_token_count == 3
    assert "RETRIEVAL_QUERY" in (providers["elk"].requests[0].body or "")


def test_one_text_of_gemini_is_answered_with_one_vector(up: Sidecar) -> None:
    said = {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 4}

    answers = [http.post(f"{up.url}/v1beta/models/{model}:embedContent", json=said) for model in (LONELY, SAME)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["embedding"]["values"] for answer in answers] == [at_gemini("a", 4), at_openai("a", 4)]


# --- translated ---


@pytest.mark.parametrize("encoding", ["float", "base64", None])
def test_openais_sdk_gets_geminis_vectors_in_either_encoding(chatgpt: openai.OpenAI, encoding: str | None) -> None:
    more = {} if encoding is None else {"encoding_format": encoding}

    answer = chatgpt.embeddings.create(model=LONELY, input=["a b", "c"], dimensions=8, extra_body=more)

    found = [item.embedding for item in answer.data]
    assert [len(one) for one in found] == [8, 8] or encoding == "base64"
    if encoding != "base64":
        assert found == [pytest.approx(at_gemini(text, 8), rel=NEARLY) for text in ("a b", "c")]
    assert (answer.model, answer.usage.prompt_tokens, answer.usage.total_tokens) == (LONELY, 3, 3)


def test_googles_sdk_gets_openais_vectors_and_is_told_what_was_lost(google: GeminiCaller) -> None:
    answer = embed(google, SAME, ["a", "b"], 8)

    assert [one.values for one in answer.embeddings or []] == [at_openai("a", 8), at_openai("b", 8)]
    assert answer.sdk_http_response is not None
    headers = {name.lower(): value for name, value in (answer.sdk_http_response.headers or {}).items()}
    assert headers["x-openclaw-warnings"] == "requests[0].taskType"


def test_tokens_mean_nothing_to_another_model(chatgpt: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="tokens cannot be translated for google"):
        chatgpt.embeddings.create(model=LONELY, input=[1, 2])


# --- failover ---


@pytest.mark.parametrize("fault", ["503", "429", "reset", "empty-200"])
def test_another_provider_of_the_same_model_is_asked(chatgpt: openai.OpenAI, providers: Providers, fault: str) -> None:
    providers["ace"].set_fault(fault)

    raw = chatgpt.embeddings.with_raw_response.create(model=SAME, input="a", dimensions=8)

    assert raw.parse().data[0].embedding == pytest.approx(at_openai("a", 8), rel=NEARLY)
    assert (raw.headers["x-openclaw-provider"], raw.headers["x-openclaw-attempts"]) == ("second", "2")


def test_another_model_is_not(chatgpt: openai.OpenAI, providers: Providers) -> None:
    providers["ace"].set_fault("503")

    with pytest.raises(openai.InternalServerError) as caught:
        chatgpt.embeddings.create(model=OTHER, input="a")

    assert caught.value.status_code == 503
    assert not providers["bee"].requests


def test_another_model_is_asked_where_the_configuration_says_so(providers: Providers) -> None:
    text = config(providers).replace("model:\n", "model:\n  embedding_fallbacks: any_model\n", 1)
    providers["ace"].set_fault("503")

    with sidecar(text, KEYS) as up:
        answer = http.post(f"{up.url}/v1/embeddings", json={"model": OTHER, "input": "a", "dimensions": 4})

    assert (answer.status_code, answer.headers["x-openclaw-model"]) == (200, SAME)


# --- errors, and what is counted ---


def test_who_only_chats_is_not_asked(chatgpt: openai.OpenAI, google: GeminiCaller, providers: Providers) -> None:
    words = "anthropic serves it, but not for embeddings"
    with pytest.raises(openai.BadRequestError, match=words):
        chatgpt.embeddings.create(model=CHAT, input="a")
    with pytest.raises(errors.ClientError, match=words):
        embed(google, CHAT, ["a"])

    assert not providers["cat"].requests


def test_errors_are_those_of_the_clients_sdk(
    chatgpt: openai.OpenAI, google: GeminiCaller, providers: Providers
) -> None:
    providers["elk"].set_fault("400")
    providers["ace"].set_fault("400")

    with pytest.raises(openai.BadRequestError):
        chatgpt.embeddings.create(model=LONELY, input="a")
    with pytest.raises(errors.ClientError) as caught:
        embed(google, SAME, ["a"])
    with pytest.raises(openai.NotFoundError):
        chatgpt.embeddings.create(model="nobody-has-it", input="a")

    assert caught.value.status == "INVALID_ARGUMENT"


def test_more_texts_than_gemini_takes_are_refused_by_name(chatgpt: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="at most 100 texts"):
        chatgpt.embeddings.create(model=LONELY, input=["a"] * 101)


@pytest.mark.parametrize("model", [SAME, LONELY])
def test_tokens_are_counted(up: Sidecar, chatgpt: openai.OpenAI, model: str) -> None:
    before = up.metric("openclaw_tokens_total", model=model, type="input")

    answer = chatgpt.embeddings.create(model=model, input="one two three", dimensions=8)

    assert math.isclose(up.metric("openclaw_tokens_total", model=model, type="input") - before, 3)
    assert answer.usage.prompt_tokens == 3
