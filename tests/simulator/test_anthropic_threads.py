"""Anthropic's message threads, with the real SDK."""

import asyncio
from collections.abc import Awaitable, Callable

import anthropic
import pytest
from anthropic.types.beta import BetaMessage, BetaMessageParam

from openclaw_simulator import serve

HELLO: BetaMessageParam = {"role": "user", "content": "hello you"}
BETA = "message-threads-2026-08-12"


def run(test: Callable[[anthropic.AsyncAnthropic], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with serve("anthropic", "sim") as simulator:
            url = f"http://127.0.0.1:{simulator.port}"
            async with anthropic.AsyncAnthropic(api_key="test", base_url=url, max_retries=0) as client:
                await test(client)

    asyncio.run(inside())


async def go_on(client: anthropic.AsyncAnthropic, previous: str, *, system: str = "") -> BetaMessage:
    return await client.beta.messages.create(
        model="claude", max_tokens=100, messages=[HELLO], betas=[BETA],
        thread={"type": "continue", "previous_message_id": previous}, system=system or anthropic.omit,
    )  # fmt: skip


async def begin(client: anthropic.AsyncAnthropic) -> BetaMessage:
    return await client.beta.messages.create(
        model="claude", max_tokens=100, messages=[HELLO], betas=[BETA], thread={"type": "create"}, system="Be brief"
    )


def test_a_thread_remembers_what_was_said() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        first = await begin(client)
        second = await go_on(client, first.id)

        assert second.usage.input_tokens == first.usage.input_tokens + first.usage.output_tokens + 2

    run(test)


def test_an_unknown_thread_is_told_so_that_the_sdk_begins_another() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        with pytest.raises(anthropic.NotFoundError) as error:
            await go_on(client, "msg_nobodys")

        assert error.value.response.json()["error"]["details"] == {"error_code": "thread_not_found"}

    run(test)


def test_what_comes_with_the_thread_is_not_said_again() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        first = await begin(client)
        with pytest.raises(anthropic.BadRequestError, match="system"):
            await go_on(client, first.id, system="Be brief")

    run(test)


def test_without_the_beta_there_are_no_threads() -> None:
    async def test(client: anthropic.AsyncAnthropic) -> None:
        with pytest.raises(anthropic.BadRequestError, match="thread: Extra inputs"):
            await client.beta.messages.create(
                model="claude", max_tokens=100, messages=[HELLO], thread={"type": "create"}
            )

    run(test)
