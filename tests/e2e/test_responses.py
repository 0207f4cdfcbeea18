"""OpenAI's SDK and its Responses API, unchanged, against providers of both formats."""

import json
from collections.abc import Iterator

import openai
import pytest
from openai.types.responses import FunctionToolParam, Response, ResponseInputParam

from tests.e2e.callers import OpenAIResponsesCaller, said
from tests.e2e.harness import Providers, Sidecar
from tests.e2e.world import PLACES, Place

TOOLS: list[FunctionToolParam] = [
    {
        "type": "function",
        "name": "get_weather",
        "description": "Now",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "strict": False,
    }
]

each_provider = pytest.mark.parametrize("place", [PLACES["bee"], PLACES["dog"]], ids=["at-openai", "at-anthropic"])


@pytest.fixture(scope="module")
def responses(main: Sidecar) -> Iterator[OpenAIResponsesCaller]:
    with OpenAIResponsesCaller(main.url) as made:
        yield made


@each_provider
def test_an_answer_is_whole_and_counted(responses: OpenAIResponsesCaller, place: Place, streamed: bool) -> None:
    answer = responses.ask(place.model, streamed=streamed)

    assert (answer.text, answer.stop, answer.model) == (said(place.simulator, place.model), "end", place.model)
    assert (answer.input_tokens, answer.output_tokens) == (2, 9)
    assert answer.headers["x-openclaw-provider"] == place.name


@each_provider
def test_the_limit_of_tokens_is_kept_and_named_as_the_reason(
    responses: OpenAIResponsesCaller, place: Place, streamed: bool
) -> None:
    answer = responses.ask(place.model, streamed=streamed, limit=2)

    assert (answer.text, answer.stop, answer.output_tokens) == ("Simulated answer", "length", 2)


@each_provider
def test_tools_are_called_in_parallel_and_their_results_heard(
    responses: OpenAIResponsesCaller, place: Place, streamed: bool
) -> None:
    asked: ResponseInputParam = [{"role": "user", "content": "weather, in parallel: Paris and Oslo"}]
    if streamed:
        with responses.sdk.responses.stream(model=place.model, input=asked, tools=TOOLS, store=False) as stream:
            answer: Response = stream.get_final_response()
    else:
        answer = responses.sdk.responses.create(model=place.model, input=asked, tools=TOOLS, store=False)
    calls = [item for item in answer.output if item.type == "function_call"]

    for call in calls:
        asked.append({"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments})
    for call in calls:
        asked.append({"type": "function_call_output", "call_id": call.call_id, "output": "4 degrees"})
    second = responses.sdk.responses.create(model=place.model, input=asked, tools=TOOLS, store=False)

    assert [json.loads(call.arguments) for call in calls] == [{"city": "Paris"}, {"city": "Oslo"}]
    assert second.output_text
    assert second.status == "completed"


@each_provider
def test_what_openai_would_have_to_remember_is_refused(responses: OpenAIResponsesCaller, place: Place) -> None:
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        responses.sdk.responses.create(model=place.model, input="and?", previous_response_id="resp_1")


@each_provider
def test_a_providers_refusal_is_raised_as_the_sdks_own_exception(
    responses: OpenAIResponsesCaller, place: Place, providers: Providers, streamed: bool
) -> None:
    providers[place.simulator].set_fault("400")

    with pytest.raises(openai.BadRequestError):
        responses.ask(place.model, streamed=streamed)
