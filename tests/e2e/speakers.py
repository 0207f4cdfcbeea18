"""The four client formats by their official SDKs, for tests that ask each the same."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import anthropic
import openai
from anthropic.types import Base64PDFSourceParam, MessageParam, Usage
from google.genai import errors, types
from openai.types.chat import ChatCompletionContentPartParam
from openai.types.responses import ResponseInputParam
from pydantic import BaseModel

from tests.e2e.callers import OURS, GeminiCaller, gathered, parts_of

KIND = "Name a thing"
READ = "read this"


class Thing(BaseModel):
    """Something with a name."""

    name: str
    size: float
    tags: list[str]


@dataclass(frozen=True, slots=True)
class Counted:
    """Usage as neutral words: all input, all output, and what of them was cached or thought."""

    input: int
    output: int
    cached: int
    thought: int


class Speaker(Protocol):
    @property
    def refused(self) -> type[Exception]:
        """What the SDK raises for 400."""
        ...

    def structured(self, model: str, *, streamed: bool) -> object: ...

    def pdf(self, model: str, base64: str) -> str: ...

    def counted(self, model: str, *, streamed: bool) -> Counted:
        """Of a question with thoughts."""
        ...


class ByChat:
    refused = openai.BadRequestError

    def __init__(self, sdk: openai.OpenAI) -> None:
        self.sdk = sdk

    def structured(self, model: str, *, streamed: bool) -> object:
        if not streamed:
            answer = self.sdk.chat.completions.parse(
                model=model, messages=[{"role": "user", "content": KIND}], response_format=Thing
            )
            return answer.choices[0].message.parsed
        with self.sdk.chat.completions.stream(
            model=model, messages=[{"role": "user", "content": KIND}], response_format=Thing
        ) as stream:
            return stream.get_final_completion().choices[0].message.parsed

    def pdf(self, model: str, base64: str) -> str:
        return self._read(
            model,
            {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{base64}"}},
        )

    def audio(self, model: str, base64: str) -> str:
        return self._read(model, {"type": "input_audio", "input_audio": {"data": base64, "format": "wav"}})

    def _read(self, model: str, part: ChatCompletionContentPartParam) -> str:
        answer = self.sdk.chat.completions.create(
            model=model, messages=[{"role": "user", "content": [{"type": "text", "text": READ}, part]}]
        )
        return answer.choices[0].message.content or ""

    def counted(self, model: str, *, streamed: bool) -> Counted:
        asked = {"prompt_cache_key": "mine"}
        if streamed:
            with self.sdk.chat.completions.stream(
                model=model, messages=[{"role": "user", "content": "hello you"}], reasoning_effort="low",
                stream_options={"include_usage": True}, extra_body=asked,
            ) as stream:  # fmt: skip
                usage = stream.get_final_completion().usage
        else:
            usage = self.sdk.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "hello you"}], reasoning_effort="low",
                extra_body=asked,
            ).usage  # fmt: skip
        assert usage
        assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
        read, thought = usage.prompt_tokens_details, usage.completion_tokens_details
        return Counted(
            usage.prompt_tokens,
            usage.completion_tokens,
            (read and read.cached_tokens) or 0,
            (thought and thought.reasoning_tokens) or 0,
        )


class ByResponses:
    refused = openai.BadRequestError

    def __init__(self, sdk: openai.OpenAI) -> None:
        self.sdk = sdk

    def structured(self, model: str, *, streamed: bool) -> object:
        if not streamed:
            return self.sdk.responses.parse(model=model, input=KIND, text_format=Thing).output_parsed
        with self.sdk.responses.stream(model=model, input=KIND, text_format=Thing) as stream:
            return stream.get_final_response().output_parsed

    def pdf(self, model: str, base64: str) -> str:
        asked: ResponseInputParam = [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": READ},
                    {
                        "type": "input_file",
                        "filename": "a.pdf",
                        "file_data": f"data:application/pdf;base64,{base64}",
                    },
                ],
            }
        ]
        return self.sdk.responses.create(model=model, input=asked).output_text

    def counted(self, model: str, *, streamed: bool) -> Counted:
        if streamed:
            with self.sdk.responses.stream(
                model=model, input="hello you", reasoning={"effort": "low"}, prompt_cache_key="mine"
            ) as stream:
                usage = stream.get_final_response().usage
        else:
            usage = self.sdk.responses.create(
                model=model, input="hello you", reasoning={"effort": "low"}, prompt_cache_key="mine"
            ).usage
        assert usage
        assert usage.total_tokens == usage.input_tokens + usage.output_tokens
        return Counted(
            usage.input_tokens,
            usage.output_tokens,
            usage.input_tokens_details.cached_tokens,
            usage.output_tokens_details.reasoning_tokens,
        )


class ByMessages:
    refused = anthropic.BadRequestError

    def __init__(self, sdk: anthropic.Anthropic) -> None:
        self.sdk = sdk

    def structured(self, model: str, *, streamed: bool) -> object:
        asked: list[MessageParam] = [{"role": "user", "content": KIND}]
        if not streamed:
            answer = self.sdk.messages.parse(model=model, max_tokens=100, messages=asked, output_format=Thing)
            return answer.parsed_output
        with self.sdk.messages.stream(model=model, max_tokens=100, messages=asked, output_format=Thing) as stream:
            return stream.get_final_message().parsed_output

    def pdf(self, model: str, base64: str) -> str:
        source: Base64PDFSourceParam = {"type": "base64", "media_type": "application/pdf", "data": base64}
        answer = self.sdk.messages.create(
            model=model,
            max_tokens=100,
            messages=[
                {
                    "role": "user",
                    "content": [{"type": "text", "text": READ}, {"type": "document", "source": source}],
                }
            ],
        )
        return "".join(block.text for block in answer.content if block.type == "text")

    def counted(self, model: str, *, streamed: bool) -> Counted:
        asked: list[MessageParam] = [{"role": "user", "content": "hello you"}]
        if streamed:
            with self.sdk.messages.stream(
                model=model, max_tokens=5000, messages=asked, thinking={"type": "enabled", "budget_tokens": 1024}
            ) as stream:
                usage: Usage = stream.get_final_message().usage
        else:
            usage = self.sdk.messages.create(
                model=model, max_tokens=5000, messages=asked, thinking={"type": "enabled", "budget_tokens": 1024}
            ).usage
        cached = usage.cache_read_input_tokens or 0
        thought = usage.output_tokens_details.thinking_tokens if usage.output_tokens_details else 0
        return Counted(usage.input_tokens + cached, usage.output_tokens, cached, thought)


class ByGenerate:
    refused = errors.ClientError

    def __init__(self, caller: GeminiCaller) -> None:
        self.caller = caller

    def structured(self, model: str, *, streamed: bool) -> object:
        config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Thing)
        chunks = self.caller.chunks(model, types.UserContent(KIND), config=config, streamed=streamed)
        return Thing.model_validate_json(gathered(chunks).text) if streamed else chunks[0].parsed

    def pdf(self, model: str, base64: str) -> str:
        return self._read(model, "application/pdf", base64)

    def audio(self, model: str, base64: str) -> str:
        return self._read(model, "audio/wav", base64)

    def _read(self, model: str, mime: str, base64: str) -> str:
        part = types.Part(inline_data=types.Blob.model_validate({"mime_type": mime, "data": base64}))
        return gathered(self.caller.chunks(model, types.UserContent([READ, part]))).text

    def counted(self, model: str, *, streamed: bool) -> Counted:
        config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(thinking_budget=1024))
        chunks = self.caller.chunks(model, types.UserContent("hello you"), config=config, streamed=streamed)
        assert parts_of(chunks)
        usage = next(chunk.usage_metadata for chunk in reversed(chunks) if chunk.usage_metadata)
        read, thought = usage.prompt_token_count or 0, usage.thoughts_token_count or 0
        said = (usage.candidates_token_count or 0) + thought
        assert usage.total_token_count == read + said
        return Counted(read, said, usage.cached_content_token_count or 0, thought)


@dataclass(frozen=True, slots=True)
class Speakers:
    chat: ByChat
    responses: ByResponses
    messages: ByMessages
    gemini: ByGenerate

    def __getitem__(self, name: str) -> Speaker:
        found: Mapping[str, Speaker] = {
            "chat": self.chat,
            "responses": self.responses,
            "messages": self.messages,
            "gemini": self.gemini,
        }
        return found[name]


SPEAKERS = ("chat", "responses", "messages", "gemini")


@contextmanager
def speakers(url: str) -> Generator[Speakers]:
    with (
        openai.OpenAI(base_url=f"{url}/openai/v1", api_key=OURS, max_retries=0) as chatgpt,
        anthropic.Anthropic(base_url=f"{url}/anthropic", api_key=OURS, max_retries=0) as claude,
        GeminiCaller(url) as google,
    ):
        yield Speakers(ByChat(chatgpt), ByResponses(chatgpt), ByMessages(claude), ByGenerate(google))
