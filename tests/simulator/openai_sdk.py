"""The official SDK against a simulator of its own."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import openai

from openclaw_simulator import serve


@asynccontextmanager
async def sdk(key: str = "test", prefix: str = "/v1") -> AsyncGenerator[openai.AsyncOpenAI]:
    async with serve("openai", "sim") as simulator:
        url = f"http://127.0.0.1:{simulator.port}{prefix}"
        async with openai.AsyncOpenAI(api_key=key, base_url=url, max_retries=0) as client:
            yield client


def run(test: Callable[[openai.AsyncOpenAI], Awaitable[None]], key: str = "test") -> None:
    async def inside() -> None:
        async with sdk(key) as client:
            await test(client)

    asyncio.run(inside())
