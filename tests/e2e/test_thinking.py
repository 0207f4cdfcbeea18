"""Tool loops with models that think: what a provider sealed comes back to it, whatever format the client speaks.

The simulators are strict: Anthropic refuses a loop whose thought is missing while thinking is on, Gemini one whose
calls are not signed, and each refuses what is not its own.
"""

import json
import re
from collections.abc import Iterator, Mapping

import pytest

from openclaw_simulator import Record
from tests.e2e.harness import Providers, Sidecar
from tests.e2e.loops import Loop, loops
from tests.e2e.world import PLACES, Place

CLIENTS = ("chat", "responses", "messages", "gemini")
THINKERS = {
    name: PLACES[name]
    for name in ("gpt-5-bee", "responses-bee", "deepseek-bee", "dog", "claude-opus-4-6-dog", "gemini-3-elk")
}
SEALED = {
    "responses-bee": "encrypted_content",
    "dog": "signature",
    "claude-opus-4-6-dog": "signature",
    "gemini-3-elk": "thoughtSignature",
}
"""Where each provider wants its state back."""
CHAINS = [place for name, place in PLACES.items() if "-then-" in name and place.format]

each_client = pytest.mark.parametrize("client", CLIENTS)
each_thinker = pytest.mark.parametrize("place", THINKERS.values(), ids=THINKERS)


@pytest.fixture(scope="module")
def looping(main: Sidecar) -> Iterator[Mapping[str, Loop]]:
    with loops(main.url) as made:
        yield made


def nothing() -> None:
    pass


def answered(records: tuple[Record, ...]) -> list[str]:
    assert [record.status for record in records] == [200] * len(records), records
    return [record.body or "" for record in records]


@each_client
@each_thinker
def test_a_tool_loop_of_a_model_that_thinks_ends(
    looping: Mapping[str, Loop], client: str, place: Place, providers: Providers, streamed: bool
) -> None:
    looped = looping[client](place.model, nothing, streamed=streamed)

    assert looped.asked == ["Paris", "Oslo"]
    assert heard(looped.text)
    assert len(answered(providers[place.simulator].requests)) == 2


def heard(text: str) -> bool:
    """Whether the model got both results, in order; some formats wrap them in JSON."""
    before, _, after = text.partition("0 degrees")
    return "the tool said: " in before and "1 degrees" in after


@each_client
@pytest.mark.parametrize("name", SEALED)
def test_what_a_provider_sealed_comes_back_to_it(
    looping: Mapping[str, Loop], client: str, name: str, providers: Providers, streamed: bool
) -> None:
    place = PLACES[name]

    looping[client](place.model, nothing, streamed=streamed)

    _, second = answered(providers[place.simulator].requests)
    sealed = _values(second, SEALED[name])
    assert sealed
    assert "oc1_" not in second
    assert not any("skip_thought" in one or "context_engineering" in one for one in sealed), "no dummy"
    assert _thinks(second), "and thinking is on"


def _thinks(body: str) -> bool:
    said = json.loads(body)
    thinking = said.get("thinking") or said.get("reasoning") or said.get("generationConfig", {}).get("thinkingConfig")
    return bool(thinking) and thinking.get("type") != "disabled"


def _values(body: str, key: str) -> list[str]:
    """Of all strings with this key; a signature needs no escapes."""
    return re.findall(rf'"{key}":\s*"([^"]*)"', body)


SHOWN = [
    (client, name)
    for client in ("responses", "messages", "gemini")
    for name in ("deepseek-bee", "responses-bee", "dog", "gemini-3-elk")
    # OpenAI refuses a summary to organisations it has not verified, so only who asks for one by name gets it.
    if (client, name) != ("messages", "responses-bee")
]


@pytest.mark.parametrize(("client", "name"), SHOWN)
def test_a_thought_is_shown_where_a_client_has_a_place_for_it(
    looping: Mapping[str, Loop], client: str, name: str, streamed: bool
) -> None:
    place = PLACES[name]

    thought = looping[client](place.model, nothing, streamed=streamed).thought

    assert f"I am {place.simulator}, simulated, and think of" in thought


@each_client
@pytest.mark.parametrize("place", CHAINS, ids=lambda place: place.name)
def test_another_provider_goes_on_with_a_tool_loop(
    looping: Mapping[str, Loop], client: str, place: Place, providers: Providers
) -> None:
    second = PLACES[place.fallback]

    looped = looping[client](place.model, lambda: providers[place.simulator].set_fault("503"), streamed=False)

    assert looped.asked == ["Paris", "Oslo"]
    assert heard(looped.text)
    assert f"from {second.simulator} " in looped.text


RECOVERED = [
    pytest.param(client, place, id=f"{place.name}-{client}")
    for client in CLIENTS
    for place in CHAINS
    # Not yet: what another account of OpenAI sealed reaches OpenAI's own client byte by byte, and comes back so.
    if (client, place.name) not in (("responses", "gpt-5-then-chat"), ("responses", "gpt-5-then-responses"))
]


@pytest.mark.parametrize(("client", "place"), RECOVERED)
def test_the_first_provider_goes_on_with_a_tool_loop_that_another_began(
    looping: Mapping[str, Loop], client: str, place: Place, providers: Providers
) -> None:
    """It is well again."""
    providers[place.simulator].set_fault("503")

    looped = looping[client](place.model, lambda: providers[place.simulator].set_fault("ok"), streamed=False)

    assert looped.asked == ["Paris", "Oslo"]
    assert heard(looped.text)
    assert f"from {place.simulator} " in looped.text
