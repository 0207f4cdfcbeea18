"""Structured output, files, usage and counts: what an application asks in one format, from providers of all."""

import base64
from collections.abc import Iterator

import openai
import pytest
from google.genai import errors, types

from tests.e2e.harness import Providers, Sidecar, until
from tests.e2e.speakers import SPEAKERS, Counted, Speakers, Thing, speakers
from tests.e2e.world import PLACES, Place

PROVIDERS = {
    "at-chat": PLACES["bee"],
    "at-responses": PLACES["responses-bee"],
    "at-claude": PLACES["dog"],
    "at-claude-4-6": PLACES["claude-opus-4-6-dog"],
    "at-gemini": PLACES["gemini-3-elk"],
}
THING = Thing(name="simulated", size=1.5, tags=["simulated"])
PDF = base64.b64encode(b"%PDF-1.4 simulated").decode()
WAV = base64.b64encode(b"RIFF\x24\x00\x00\x00WAVEfmt ").decode()
ANSWER, QUESTION = 9, 2
"""Words of the simulators' answer to "hello you", and of the question."""
THOUGHT = 9
"""Words of their thought about it."""

each_speaker = pytest.mark.parametrize("name", SPEAKERS)
each_provider = pytest.mark.parametrize("place", PROVIDERS.values(), ids=PROVIDERS)


@pytest.fixture(scope="module")
def speaking(main: Sidecar) -> Iterator[Speakers]:
    with speakers(main.url) as made:
        yield made


@each_speaker
@each_provider
def test_an_answer_fits_the_schema_and_the_sdk_parses_it(
    speaking: Speakers, name: str, place: Place, streamed: bool
) -> None:
    assert speaking[name].structured(place.model, streamed=streamed) == THING


# --- files ---


@each_speaker
@each_provider
def test_a_pdf_arrives(speaking: Speakers, name: str, place: Place) -> None:
    assert "pdf" in speaking[name].pdf(place.model, PDF).partition("read this")[2]


@pytest.mark.parametrize("where", ["at-chat", "at-gemini"])
def test_a_sound_arrives_where_it_can_be_heard(speaking: Speakers, where: str) -> None:
    model = PROVIDERS[where].model

    for heard in (speaking.chat.audio(model, WAV), speaking.gemini.audio(model, WAV)):
        assert "wav" in heard.partition("read this")[2]


@pytest.mark.parametrize("where", ["at-responses", "at-claude"])
def test_a_sound_is_refused_by_name_where_it_cannot(speaking: Speakers, where: str, providers: Providers) -> None:
    place = PROVIDERS[where]

    with pytest.raises(speaking.chat.refused, match=f"audio cannot be translated for {place.name}"):
        speaking.chat.audio(place.model, WAV)
    with pytest.raises(errors.ClientError, match=f"audio cannot be translated for {place.name}") as refused:
        speaking.gemini.audio(place.model, WAV)

    assert (refused.value.code, refused.value.status) == (400, "INVALID_ARGUMENT")
    assert not providers[place.simulator].requests


# --- usage ---


@each_speaker
@pytest.mark.parametrize("where", ["at-responses", "at-claude", "at-gemini"])
def test_thoughts_are_counted_as_each_format_counts_them(
    speaking: Speakers, name: str, where: str, main: Sidecar, streamed: bool
) -> None:
    place = PROVIDERS[where]
    before = _tokens(main, place)

    counted = speaking[name].counted(place.model, streamed=streamed)

    # OpenAI's caches are asked for by a key, which only its own formats have.
    cached = QUESTION // 2 if where == "at-responses" and name in ("chat", "responses") else 0
    assert counted == Counted(QUESTION, ANSWER + THOUGHT, cached, THOUGHT)
    after = until(lambda: now if (now := _tokens(main, place)) != before else None, 5)
    assert (after[0] - before[0], after[1] - before[1]) == (QUESTION, ANSWER + THOUGHT)


def _tokens(main: Sidecar, place: Place) -> tuple[float, float]:
    read, written = (
        main.metric("openclaw_tokens_total", provider=place.name, type=kind) for kind in ("input", "output")
    )
    return read, written


@each_provider
def test_a_stream_is_counted_for_the_operator_also_when_its_client_did_not_ask(
    speaking: Speakers, place: Place, main: Sidecar
) -> None:
    before = _tokens(main, place)

    with speaking.chat.sdk.chat.completions.create(
        model=place.model, messages=[{"role": "user", "content": "hello you"}], stream=True
    ) as stream:
        chunks = list(stream)

    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    after = until(lambda: now if (now := _tokens(main, place)) != before else None, 5)
    assert (after[0] - before[0], after[1] - before[1]) == (QUESTION, ANSWER)


# --- counts of tokens ---


def test_anthropics_count_is_the_providers_own_where_it_counts(speaking: Speakers, providers: Providers) -> None:
    sdk = speaking.messages.sdk

    counted = sdk.messages.with_raw_response.count_tokens(
        model="counting-dog-model", messages=[{"role": "user", "content": "hello you"}]
    )

    assert counted.parse().input_tokens == QUESTION
    assert "estimated" not in counted.headers.get("x-openclaw-warnings", "")
    assert [record.path for record in providers["dog"].requests] == ["/v1/messages/count_tokens"]


@each_provider
def test_anthropics_count_is_estimated_where_nobody_counts(
    speaking: Speakers, place: Place, providers: Providers
) -> None:
    counted = speaking.messages.sdk.messages.with_raw_response.count_tokens(
        model=place.model, messages=[{"role": "user", "content": "hello you " * 100}]
    )

    assert 150 < counted.parse().input_tokens < 400
    assert counted.headers["x-openclaw-warnings"] == "estimated"
    assert not providers[place.simulator].requests


def test_geminis_count_is_the_providers_own_where_it_counts(speaking: Speakers, providers: Providers) -> None:
    counted = speaking.gemini.caller.sdk.models.count_tokens(model="counting-elk-model", contents="hello you")  # pyright: ignore[reportUnknownMemberType]  # its types name PIL, which is not here

    assert counted.total_tokens == QUESTION
    assert len(providers["elk"].requests) == 1


@each_provider
def test_geminis_count_is_estimated_where_nobody_counts(speaking: Speakers, place: Place, providers: Providers) -> None:
    counted = speaking.gemini.caller.sdk.models.count_tokens(model=place.model, contents="hello you " * 100)  # pyright: ignore[reportUnknownMemberType]  # as above

    assert 150 < (counted.total_tokens or 0) < 400
    assert not providers[place.simulator].requests


# --- models ---


def test_every_sdk_lists_the_models_and_finds_one(speaking: Speakers) -> None:
    wanted = {place.model for place in PROVIDERS.values()}
    chatgpt, claude, google = speaking.chat.sdk, speaking.messages.sdk, speaking.gemini.caller.sdk

    assert wanted <= {model.id for model in chatgpt.models.list()}
    assert wanted <= {model.id for model in claude.models.list()}
    assert wanted <= {(model.name or "").removeprefix("models/") for model in google.models.list()}
    assert chatgpt.models.retrieve("bee-model").id == "bee-model"
    assert claude.models.retrieve("bee-model").id == "bee-model"
    assert google.models.get(model="bee-model").name == "models/bee-model"


# --- refusals and headers ---


@each_speaker
@each_provider
def test_a_prompt_that_is_too_long_is_told_in_the_clients_words(
    speaking: Speakers, name: str, place: Place, providers: Providers, streamed: bool
) -> None:
    providers[place.simulator].set_fault("context-length")

    with pytest.raises(speaking[name].refused) as refused:
        speaking[name].structured(place.model, streamed=streamed)

    match name:
        case "messages":
            assert "prompt is too long" in str(refused.value)
        case "gemini":
            assert "INVALID_ARGUMENT" in str(refused.value)
        case _:
            assert getattr(refused.value, "code", None) == "context_length_exceeded"


REQUEST_IDS = {"openai": "x-request-id", "anthropic": "request-id", "gemini": "x-gemini-request-id"}


@pytest.mark.parametrize("fault", ["ok", "400"])
@each_provider
def test_limits_and_the_id_that_the_provider_gave_reach_the_client(
    speaking: Speakers, place: Place, providers: Providers, fault: str
) -> None:
    providers[place.simulator].set_fault(fault)
    raw = speaking.chat.sdk.chat.completions.with_raw_response

    try:
        headers = raw.create(model=place.model, messages=[{"role": "user", "content": "hello you"}]).headers
    except openai.BadRequestError as error:
        headers = error.response.headers

    assert headers[REQUEST_IDS[place.shape]].startswith("req_simulated")
    assert headers["x-openclaw-request-id"]
    if place.shape != "gemini":
        assert headers[LIMITS[place.shape]] == "59"


LIMITS = {"openai": "x-ratelimit-remaining-requests", "anthropic": "anthropic-ratelimit-requests-remaining"}


@each_speaker
@each_provider
def test_no_provider_is_asked_to_compress(
    speaking: Speakers, name: str, place: Place, providers: Providers, streamed: bool
) -> None:
    speaking[name].structured(place.model, streamed=streamed)

    (record,) = providers[place.simulator].requests
    assert record.headers.get("accept-encoding", "identity") == "identity"


@each_provider
def test_an_answer_that_a_filter_held_back_is_told_as_one(
    speaking: Speakers, place: Place, providers: Providers
) -> None:
    providers[place.simulator].set_fault("content-filter")

    chat = speaking.chat.sdk.chat.completions.create(
        model=place.model, messages=[{"role": "user", "content": "hello you"}]
    )
    response = speaking.responses.sdk.responses.create(model=place.model, input="hello you")
    message = speaking.messages.sdk.messages.create(
        model=place.model, max_tokens=100, messages=[{"role": "user", "content": "hello you"}]
    )
    (chunk,) = speaking.gemini.caller.chunks(place.model, types.UserContent("hello you"))

    assert chat.choices[0].finish_reason == "content_filter"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "content_filter"
    assert message.stop_reason == "refusal"
    assert [one.finish_reason for one in chunk.candidates or []] in ([types.FinishReason.SAFETY], [])
