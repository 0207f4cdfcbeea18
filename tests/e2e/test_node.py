"""The SDKs for JavaScript, unchanged: those of OpenAI, Anthropic and Google, and Vercel's with its three providers."""

import re

import pytest

from tests.e2e.callers import OURS, said
from tests.e2e.harness import Providers
from tests.e2e.node_scripts import CLIENTS, Client, Saw, Script, Scripts
from tests.e2e.test_gemini import EACH_SHAPE
from tests.e2e.world import PLACES, Place

BY_SHAPE = {place.shape: place for place in EACH_SHAPE.values()}
THING = {"name": "simulated", "size": 1.5, "tags": ["simulated"]}
"""What the simulators make of the schema in the scripts."""
CALLED_THING = {"name": "Paris", "size": 1.5, "tags": ["Paris"]}
"""The same when it is asked for as the arguments of a tool."""
SCHEMAS = {
    "openai": ("structured", "structured-stream"),
    "anthropic": ("structured", "structured-stream"),
    "google": ("structured", "structured-stream", "structured-google"),
    "openai-responses": ("structured", "structured-stream"),
    "ai-openai": ("structured", "structured-output", "structured-stream"),
    "ai-responses": ("structured", "structured-output", "structured-stream"),
    "ai-google": ("structured", "structured-output", "structured-stream"),
}
"""Scenarios by client in which the schema goes to the provider as one."""
BROKEN = ("cut", "garbage", "mid-error")

each_provider = pytest.mark.parametrize("place", EACH_SHAPE.values(), ids=EACH_SHAPE)
own_schemas = pytest.mark.parametrize(
    ("name", "scenario"),
    [(name, scenario) for name, scenarios in SCHEMAS.items() for scenario in scenarios],
)
streamed_loops = pytest.mark.parametrize(
    ("name", "place"),
    [
        pytest.param(name, place, id=f"{name}-{where}")
        for name in CLIENTS
        for where, place in EACH_SHAPE.items()
        # Google's SDK sends two calls of a stream back as two turns, which the simulator of Gemini refuses.
        if (name, place.shape) != ("google", "gemini")
    ],
)
thinkers = pytest.mark.parametrize("name", ["anthropic", "google", "ai-anthropic", "ai-google"])


@pytest.fixture(params=CLIENTS)
def script(request: pytest.FixtureRequest, node: Scripts) -> Script:
    return node[CLIENTS[str(request.param)]]


def at_home(client: Client) -> Place:
    """The provider whose format the client speaks."""
    return BY_SHAPE[client.shape]


@each_provider
def test_an_answer_is_whole_and_counted(script: Script, place: Place) -> None:
    saw = script.ask("plain", place.model)

    assert _said(saw) == (said(place.simulator, place.model), script.client.end, place.model)
    assert (saw.input, saw.output) == (2, 9)
    assert saw.provider == place.name


@each_provider
def test_a_stream_is_whole_and_counted(script: Script, place: Place) -> None:
    saw = script.ask("stream", place.model)

    assert _said(saw) == (said(place.simulator, place.model), script.client.end, place.model)
    assert (saw.input, saw.output, saw.pieces) == (2, 9, 9)


def _said(saw: Saw) -> tuple[str | None, ...]:
    return saw.text, saw.stop, saw.model


def test_no_provider_sees_the_callers_key(script: Script, providers: Providers) -> None:
    for place in EACH_SHAPE.values():
        script.ask("plain", place.model)

    records = [record for simulator in providers.by_name.values() for record in simulator.requests]
    assert len(records) == len(EACH_SHAPE)
    assert not any(OURS in f"{record.headers} {record.query} {record.body}" for record in records)


@pytest.mark.parametrize("name", ["ace-then-dog", "cat-then-bee", "elk-then-bee"])
@pytest.mark.parametrize("scenario", ["plain", "stream"])
def test_the_next_provider_answers_for_one_that_fails(
    script: Script, providers: Providers, name: str, scenario: str
) -> None:
    first = PLACES[name]
    second = PLACES[first.fallback]
    providers[first.simulator].set_fault("503")

    saw = script.ask(scenario, first.model)

    assert (saw.text, saw.stop) == (said(second.simulator, second.model), script.client.end)


# --- tools and images ---


@each_provider
def test_the_sdk_runs_two_tools_and_the_model_hears_of_their_results(script: Script, place: Place) -> None:
    looped(script, "tools", place)


@streamed_loops
def test_the_sdk_runs_two_tools_that_a_stream_calls(node: Scripts, name: str, place: Place) -> None:
    looped(node[CLIENTS[name]], "tools-stream", place)


def looped(script: Script, scenario: str, place: Place) -> None:
    saw = script.ask(scenario, place.model)

    assert saw.asked == ["Paris", "Oslo"]
    assert heard(saw)
    assert saw.stop == script.client.end
    assert saw.steps in (2, None)


def heard(saw: Saw) -> bool:
    """Whether the model got both results, in order: Vercel's provider of Google wraps them in JSON."""
    before, _, after = (saw.text or "").partition("5 degrees")
    return "the tool said: " in before and "4 degrees" in after


@each_provider
def test_a_chat_goes_on_after_a_tool_loop(node: Scripts, place: Place) -> None:
    saw = node[CLIENTS["google"]].ask("tools-chat", place.model)

    assert saw.asked == ["Paris", "Oslo"]
    assert saw.text == said(place.simulator, place.model)


@each_provider
def test_an_image_arrives(script: Script, place: Place) -> None:
    saw = script.ask("image", place.model)

    assert "what is this I see 1 image (image/png, 70 bytes)" in (saw.text or "")


# --- structured output and thinking, where the provider speaks the client's format ---


@own_schemas
def test_an_answer_fits_the_schema(node: Scripts, name: str, scenario: str) -> None:
    client = CLIENTS[name]

    assert node[client].ask(scenario, at_home(client).model).parsed == THING


@each_provider
@pytest.mark.parametrize("scenario", ["structured", "structured-output", "structured-stream"])
def test_a_tool_that_is_the_answer_fits_the_schema(node: Scripts, place: Place, scenario: str) -> None:
    assert node[CLIENTS["ai-anthropic"]].ask(scenario, place.model).parsed == CALLED_THING


@thinkers
@pytest.mark.parametrize("scenario", ["thinking", "thinking-stream"])
def test_a_thought_is_told_apart_from_the_answer(node: Scripts, name: str, scenario: str) -> None:
    place = at_home(CLIENTS[name])

    saw = node[CLIENTS[name]].ask(scenario, place.model)

    assert saw.thought == f"I am {place.simulator}, simulated, and think of 'hello you'."
    assert saw.text == said(place.simulator, place.model)


@thinkers
def test_a_thought_goes_back_with_the_results_of_tools(node: Scripts, name: str) -> None:
    """The simulators refuse a tool loop whose thoughts or signatures are missing."""
    place = at_home(CLIENTS[name])

    saw = node[CLIENTS[name]].ask("tools-thinking", place.model)

    assert saw.asked == ["Paris", "Oslo"]
    assert heard(saw)
    assert f"I am {place.simulator}" in (saw.thought or "")


# --- errors ---


@each_provider
@pytest.mark.parametrize("status", [400, 401, 403, 404])
@pytest.mark.parametrize("scenario", ["plain", "stream"])
def test_a_refusal_is_raised_as_the_sdks_own_class(
    script: Script, place: Place, providers: Providers, status: int, scenario: str
) -> None:
    providers[place.simulator].set_fault(str(status))

    raised = script.fail(scenario, place.model)

    assert (raised.name, raised.status) == (script.client.errors[status], status)


@pytest.mark.parametrize("name", ["ace-then-bee", "cat-then-dog", "elk-then-bee"])
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("scenario", ["plain", "stream"])
def test_providers_that_are_all_out_of_order_are_raised_as_the_sdks_own_class(
    script: Script, providers: Providers, name: str, status: int, scenario: str
) -> None:
    for simulator in providers.by_name.values():
        simulator.set_fault(str(status))

    raised = script.fail(scenario, PLACES[name].model)

    assert (raised.name, raised.status) == (script.client.errors[status], status)


def test_an_unknown_model_is_not_found(script: Script) -> None:
    raised = script.fail("plain", "no-such-model")

    assert (raised.name, raised.status) == (script.client.errors[404], 404)
    assert "no provider is configured" in raised.message


@each_provider
@pytest.mark.parametrize("fault", BROKEN)
def test_a_stream_that_breaks_off_is_never_taken_for_whole(
    script: Script, place: Place, providers: Providers, fault: str
) -> None:
    providers[place.simulator].set_fault(fault)

    message = script.fail("stream", place.model).message

    # What is passed byte for byte is the SDK's own to find unreadable.
    own = "|JSON" if (fault, place.shape) == ("garbage", script.client.shape) else ""
    assert re.search(f"broke off|unreadable|overloaded{own}", message, re.IGNORECASE)
