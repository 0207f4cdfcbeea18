"""LangChain and pydantic-ai behind one face. What they put around the SDKs is requests that nobody writes by hand."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolCall
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.tools import StructuredTool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr
from pydantic_ai import Agent, NativeOutput, ToolOutput
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider

from tests.e2e.callers import OURS

OutputT = TypeVar("OutputT")

QUESTION = "weather, in parallel: Paris and Oslo"
KIND = "Name a thing"
MAX_STEPS = 5


class Thing(BaseModel):
    """Something with a name."""

    name: str
    size: float
    tags: list[str]


@dataclass(frozen=True, slots=True)
class Looped:
    """What came of a tool loop."""

    asked: Sequence[str]
    """The cities, as the tool heard of them."""
    text: str
    """The last answer."""


class _Weather:
    """A tool that notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get_weather(self, city: str) -> str:
        """Now."""
        self.asked.append(city)
        return f"{len(city)} degrees"


@dataclass(frozen=True, slots=True)
class LangChain:
    shape: str
    """Of the providers whose format it speaks."""
    made: Callable[[str, str], BaseChatModel]
    """From the sidecar's URL and the name of a model."""

    def loop(self, url: str, model: str, *, streamed: bool) -> Looped:
        weather = _Weather()
        tool = StructuredTool.from_function(weather.get_weather)
        chat = self.made(url, model).bind_tools([tool])
        messages: list[BaseMessage] = [HumanMessage(QUESTION)]
        for _ in range(MAX_STEPS):
            answer = _summed(_chunks(chat.stream(messages))) if streamed else chat.invoke(messages)
            if not answer.tool_calls:
                return Looped(weather.asked, answer.text)
            messages += [answer, *(tool.invoke(ToolCall(**call)) for call in answer.tool_calls)]
        raise AssertionError(f"no end within {MAX_STEPS} answers")

    def by_tool(self, url: str, model: str) -> object:
        return self.made(url, model).with_structured_output(Thing, method="function_calling").invoke(KIND)

    def by_schema(self, url: str, model: str) -> object:
        return self.made(url, model).with_structured_output(Thing, method="json_schema").invoke(KIND)


def _chunks(messages: Iterable[AIMessage]) -> Iterator[AIMessageChunk]:
    for message in messages:
        assert isinstance(message, AIMessageChunk)
        yield message


def _summed(chunks: Iterable[AIMessageChunk]) -> AIMessageChunk:
    whole, *rest = chunks
    return add_ai_message_chunks(whole, *rest)


@dataclass(frozen=True, slots=True)
class PydanticAI:
    shape: str
    made: Callable[[str, str], Model]

    def loop(self, url: str, model: str, *, streamed: bool) -> Looped:
        weather = _Weather()
        agent = Agent(self.made(url, model), tools=[weather.get_weather])
        text = asyncio.run(_streamed(agent) if streamed else _whole(agent))
        return Looped(weather.asked, text)

    def by_tool(self, url: str, model: str) -> object:
        return asyncio.run(_whole(Agent(self.made(url, model), output_type=ToolOutput(Thing)), KIND))

    def by_schema(self, url: str, model: str) -> object:
        return asyncio.run(_whole(Agent(self.made(url, model), output_type=NativeOutput(Thing)), KIND))


async def _whole(agent: Agent[None, OutputT], question: str = QUESTION) -> OutputT:
    async with agent:
        return (await agent.run(question)).output


async def _streamed(agent: Agent[None, OutputT]) -> OutputT:
    async with agent, agent.run_stream(QUESTION) as result:
        return await result.get_output()


KNOWN_CLAUDE = ModelProfile(supports_json_schema_output=True)
"""It goes by the name of the model, and takes ours for an old one."""

Framework: TypeAlias = LangChain | PydanticAI

FRAMEWORKS: Mapping[str, Framework] = {
    "langchain-openai": LangChain(
        "openai",
        lambda url, model: ChatOpenAI(base_url=f"{url}/openai/v1", model=model, api_key=SecretStr(OURS), max_retries=0),
    ),
    "langchain-anthropic": LangChain(
        "anthropic",
        lambda url, model: ChatAnthropic(
            base_url=f"{url}/anthropic",
            model_name=model,
            api_key=SecretStr(OURS),
            max_retries=0,
            max_tokens_to_sample=100,
            timeout=60,
            stop=None,
        ),
    ),
    "pydantic-ai-openai": PydanticAI(
        "openai",
        lambda url, model: OpenAIChatModel(model, provider=OpenAIProvider(base_url=f"{url}/openai/v1", api_key=OURS)),
    ),
    "pydantic-ai-anthropic": PydanticAI(
        "anthropic",
        lambda url, model: AnthropicModel(
            model,
            provider=AnthropicProvider(base_url=f"{url}/anthropic", api_key=OURS),
            profile=KNOWN_CLAUDE,
        ),
    ),
    "pydantic-ai-google": PydanticAI(
        "gemini", lambda url, model: GoogleModel(model, provider=GoogleProvider(base_url=f"{url}/gemini", api_key=OURS))
    ),
}
RESPONSES: Mapping[str, Framework] = {
    "langchain-openai-responses": LangChain(
        "openai",
        lambda url, model: ChatOpenAI(
            base_url=f"{url}/openai/v1", model=model, api_key=SecretStr(OURS), max_retries=0, use_responses_api=True
        ),
    ),
    "pydantic-ai-openai-responses": PydanticAI(
        "openai",
        lambda url, model: OpenAIResponsesModel(
            model, provider=OpenAIProvider(base_url=f"{url}/openai/v1", api_key=OURS)
        ),
    ),
}
