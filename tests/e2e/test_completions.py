"""Legacy completions with OpenAI's SDK: as they are where a provider has them, as chats everywhere else."""

import json
from collections.abc import Iterator

import openai
import pytest
from openai.types.chat import ChatCompletionStreamOptionsParam

from tests.e2e.callers import OURS, said
from tests.e2e.embedding_world import CHAT, KEYS, NATIVE, PLAIN, TO_GEMINI, config
from tests.e2e.harness import Providers, Sidecar, sidecar

SIMULATORS = {PLAIN: "bee", NATIVE: "ace", TO_GEMINI: "elk", CHAT: "cat"}
each_model = pytest.mark.parametrize("model", SIMULATORS)


@pytest.fixture(scope="module")
def up(providers: Providers) -> Iterator[Sidecar]:
    with sidecar(config(providers), KEYS) as started:
        yield started


@pytest.fixture(scope="module")
def sdk(up: Sidecar) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{up.url}/openai/v1", api_key=OURS, max_retries=0) as made:
        yield made


@each_model
def test_a_prompt_is_answered(sdk: openai.OpenAI, providers: Providers, model: str) -> None:
    answer = sdk.completions.create(model=model, prompt="hello you", max_tokens=100)

    (choice,) = answer.choices
    assert (choice.text, choice.finish_reason) == (said(SIMULATORS[model], model), "stop")
    assert (answer.object, answer.model) == ("text_completion", model)
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (2, 9)
    (record,) = providers[SIMULATORS[model]].requests
    assert record.path.endswith("/v1/completions") == (model == NATIVE)


@each_model
@pytest.mark.parametrize("counts", [True, False])
def test_a_stream_comes_in_pieces_with_one_end(sdk: openai.OpenAI, up: Sidecar, model: str, counts: bool) -> None:
    before = up.metric("openclaw_tokens_total", model=model, type="output")
    options = ChatCompletionStreamOptionsParam(include_usage=counts)

    stream = sdk.completions.create(
        model=model, prompt="hello you", max_tokens=100, stream=True, stream_options=options
    )
    chunks = list(stream)

    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert "".join(choice.text for choice in choices) == said(SIMULATORS[model], model)
    assert len(choices) > 2
    assert [*map(str, (choice.finish_reason for choice in choices))][-2:] == ["None", "stop"]
    assert up.metric("openclaw_tokens_total", model=model, type="output") - before == 9
    assert [chunk.usage.completion_tokens for chunk in chunks if chunk.usage] == ([9] if counts else [])


@each_model
def test_the_limit_of_tokens_is_kept(sdk: openai.OpenAI, model: str) -> None:
    choice = sdk.completions.create(model=model, prompt="hello you", max_tokens=2).choices[0]

    assert (choice.text, choice.finish_reason) == ("Simulated answer", "length")


def test_what_a_chat_cannot_do_is_refused_and_who_has_completions_does_it(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="n: more than one answer cannot be translated for plain"):
        sdk.completions.create(model=PLAIN, prompt="a", n=2)

    assert len(sdk.completions.create(model=NATIVE, prompt="a", n=2).choices) == 2


@pytest.mark.parametrize("fault", ["503", "reset", "first-event-error"])
@pytest.mark.parametrize("streamed", [True, False])
def test_the_next_provider_is_asked_in_its_own_way(
    sdk: openai.OpenAI, providers: Providers, fault: str, streamed: bool
) -> None:
    """The first takes completions, the second chats with Anthropic's words."""
    providers["ace"].set_fault(fault)

    create = sdk.completions.with_raw_response.create
    raw = create(model=NATIVE, prompt="hello you", max_tokens=100, stream=True) if streamed else None
    whole = None if streamed else create(model=NATIVE, prompt="hello you", max_tokens=100)

    text = "".join(chunk.choices[0].text for chunk in raw.parse()) if raw else whole.parse().choices[0].text  # type: ignore[union-attr]  # one of the two is there
    assert text == said("cat", CHAT)
    assert providers["cat"].requests[0].path == "/v1/messages"
    assert json.loads(providers["cat"].requests[0].body or "")["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "hello you"}]}
    ]


@pytest.mark.parametrize("fault", ["mid-error", "cut"])
@pytest.mark.parametrize("model", [NATIVE, TO_GEMINI])
def test_a_stream_that_breaks_is_an_error_of_the_sdk(
    sdk: openai.OpenAI, providers: Providers, model: str, fault: str
) -> None:
    providers[SIMULATORS[model]].set_fault(fault)

    with pytest.raises(openai.APIError):
        list(sdk.completions.create(model=model, prompt="hello you", max_tokens=100, stream=True))


def test_errors_are_those_of_the_sdk(sdk: openai.OpenAI, providers: Providers) -> None:
    providers["elk"].set_fault("400")

    with pytest.raises(openai.BadRequestError):
        sdk.completions.create(model=TO_GEMINI, prompt="a")
    with pytest.raises(openai.NotFoundError):
        sdk.completions.create(model="nobody-has-it", prompt="a")
