"""Anthropic's message threads by its Python SDK: kept by providers of its format, refused in its words by others."""

from collections.abc import Iterator

import anthropic
import pytest

from tests.e2e.callers import OURS, said
from tests.e2e.harness import Providers, Sidecar
from tests.e2e.world import PLACES

WORDS_OF_ALL_TURNS = 13
"""Two of the first turn, nine of its answer, two of the second turn."""


@pytest.fixture(scope="module")
def claude(main: Sidecar) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=f"{main.url}/anthropic", api_key=OURS, max_retries=0) as sdk:
        yield sdk


@pytest.mark.parametrize("name", ["dog", "bee", "responses-bee", "gemini-3-elk", "cat-then-bee"])
def test_the_second_turn_remembers_the_first(claude: anthropic.Anthropic, name: str) -> None:
    place = PLACES[name]
    thread = claude.beta.messages.thread(
        model=place.model,
        max_tokens=100,
        messages=[{"role": "user", "content": "first words"}],
        unsupported_request_behavior="continue_unthreaded",
    )

    thread.send()
    second = thread.send({"role": "user", "content": "hello you"})

    assert "".join(block.text for block in second.content if block.type == "text") == said(place.simulator, place.model)
    assert second.usage.input_tokens == WORDS_OF_ALL_TURNS


def test_who_cannot_keep_a_thread_says_so_in_the_sdks_own_exception(
    claude: anthropic.Anthropic, providers: Providers
) -> None:
    with pytest.raises(anthropic.BadRequestError) as refused:
        claude.beta.messages.create(
            model="bee-model", max_tokens=100, messages=[{"role": "user", "content": "hello you"}],
            thread={"type": "create"}, betas=["message-threads-2026-08-12"],
        )  # fmt: skip

    details = refused.value.response.json()["error"]["details"]
    assert details == {"error_code": "thread_unsupported_request", "unsupported": []}
    assert not providers["bee"].requests


def test_a_thread_does_not_go_on_where_nobody_has_it(claude: anthropic.Anthropic, providers: Providers) -> None:
    """Its provider fails, and the next one of the chain speaks another format."""
    providers["cat"].set_fault("503")

    with pytest.raises(anthropic.APIStatusError) as failed:
        claude.beta.messages.create(
            model=PLACES["cat-then-bee"].model, max_tokens=100, messages=[{"role": "user", "content": "hello you"}],
            thread={"type": "create"}, betas=["message-threads-2026-08-12"],
        )  # fmt: skip

    assert failed.value.status_code == 503
    assert not providers["bee"].requests


def test_a_lost_thread_is_told_by_its_provider_and_the_sdk_begins_another(claude: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as refused:
        claude.beta.messages.create(
            model="dog-model", max_tokens=100, messages=[{"role": "user", "content": "hello you"}],
            thread={"type": "continue", "previous_message_id": "msg_lost"}, betas=["message-threads-2026-08-12"],
        )  # fmt: skip

    assert refused.value.response.json()["error"]["details"] == {"error_code": "thread_not_found"}
