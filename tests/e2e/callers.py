"""The official SDKs behind one face, for what every client format has to promise alike."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import anthropic
import httpx
import httpx2
import openai
from google.genai import Client, errors, types
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseCompletedEvent, ResponseIncompleteEvent

OURS = "sk-the-callers-own"
"""The key that callers use; no provider may ever see it."""

Stop: TypeAlias = Literal["end", "length", "tools", "filtered"] | None

_OPENAI_STOPS: Mapping[str | None, Stop] = {
    "stop": "end",
    "length": "length",
    "tool_calls": "tools",
    "content_filter": "filtered",
}
_ANTHROPIC_STOPS: Mapping[str | None, Stop] = {
    "end_turn": "end",
    "max_tokens": "length",
    "tool_use": "tools",
    "refusal": "filtered",
}
_GEMINI_STOPS: Mapping[types.FinishReason | None, Stop] = {
    types.FinishReason.STOP: "end",
    types.FinishReason.MAX_TOKENS: "length",
    types.FinishReason.SAFETY: "filtered",
}
"""Calls end with `STOP` too."""


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    stop: Stop
    """`None`: the answer has no end, or one of another kind."""
    input_tokens: int | None
    output_tokens: int | None
    model: str
    headers: Mapping[str, str]


class OpenAICaller:
    format = "openai_chat"
    """As `client_format` in logs and metrics."""
    path = "/openai/v1/chat/completions"
    """Where the SDK posts to."""
    status_error = openai.APIStatusError
    errors = openai.OpenAIError
    """All that the SDK raises."""

    def __init__(self, url: str, *, key: str = OURS, retries: int = 0) -> None:
        self.sdk = openai.OpenAI(base_url=f"{url}/openai/v1", api_key=key, max_retries=retries, timeout=60)

    def named(self, error: str) -> type[Exception]:
        """The SDK's exception of this name, such as `RateLimitError`."""
        found = getattr(openai, error)
        assert isinstance(found, type)
        assert issubclass(found, Exception)
        return found

    def ask(self, model: str, text: str = "hello you", *, streamed: bool = False, limit: int = 100) -> Answer:
        if streamed:
            return self._streamed(model, text, limit)
        raw = self.sdk.chat.completions.with_raw_response.create(
            model=model, messages=[{"role": "user", "content": text}], max_tokens=limit
        )
        answer = raw.parse()
        assert isinstance(answer, ChatCompletion), raw.text
        assert answer.object == "chat.completion"
        choice, usage = answer.choices[0], answer.usage
        return Answer(
            choice.message.content or "",
            _OPENAI_STOPS.get(choice.finish_reason),
            usage.prompt_tokens if usage else None,
            usage.completion_tokens if usage else None,
            answer.model,
            dict(raw.headers.items()),
        )

    def _streamed(self, model: str, text: str, limit: int) -> Answer:
        raw = self.sdk.chat.completions.with_raw_response.create(
            model=model,
            messages=[{"role": "user", "content": text}],
            max_tokens=limit,
            stream=True,
            stream_options={"include_usage": True},
        )
        with raw.parse() as stream:
            chunks: list[ChatCompletionChunk] = list(stream)
        choices = [choice for chunk in chunks for choice in chunk.choices]
        usage = next((chunk.usage for chunk in chunks if chunk.usage), None)
        return Answer(
            "".join(choice.delta.content or "" for choice in choices),
            _OPENAI_STOPS.get(next((choice.finish_reason for choice in choices if choice.finish_reason), None)),
            usage.prompt_tokens if usage else None,
            usage.completion_tokens if usage else None,
            chunks[0].model if chunks else "",
            dict(raw.headers.items()),
        )

    def __enter__(self) -> "OpenAICaller":
        return self

    def __exit__(self, *_: object) -> None:
        self.sdk.close()


class OpenAIResponsesCaller:
    """Only for tests of its own, as `GeminiCaller`."""

    format = "openai_responses"
    path = "/openai/v1/responses"
    status_error = openai.APIStatusError
    errors = openai.OpenAIError

    def __init__(self, url: str, *, key: str = OURS, retries: int = 0) -> None:
        self.sdk = openai.OpenAI(base_url=f"{url}/openai/v1", api_key=key, max_retries=retries, timeout=60)

    def named(self, error: str) -> type[Exception]:
        found = getattr(openai, error)
        assert isinstance(found, type)
        assert issubclass(found, Exception)
        return found

    def ask(self, model: str, text: str = "hello you", *, streamed: bool = False, limit: int = 100) -> Answer:
        if streamed:
            begun = self.sdk.responses.with_raw_response.create(
                model=model, input=text, max_output_tokens=limit, stream=True
            )
            ends = [
                event.response
                for event in begun.parse()
                if isinstance(event, ResponseCompletedEvent | ResponseIncompleteEvent)
            ]
            return answered(ends[-1], dict(begun.headers.items()))
        raw = self.sdk.responses.with_raw_response.create(model=model, input=text, max_output_tokens=limit)
        answer = raw.parse()
        assert isinstance(answer, Response), raw.text
        return answered(answer, dict(raw.headers.items()))

    def __enter__(self) -> "OpenAIResponsesCaller":
        return self

    def __exit__(self, *_: object) -> None:
        self.sdk.close()


def answered(response: Response, headers: Mapping[str, str]) -> Answer:
    """An answer of the Responses API."""
    assert response.object == "response"
    stops: dict[str | None, Stop] = {"completed": "end", "incomplete": "length"}
    called = any(item.type == "function_call" for item in response.output)
    usage = response.usage
    return Answer(
        response.output_text,
        "tools" if called else stops.get(response.status),
        usage.input_tokens if usage else None,
        usage.output_tokens if usage else None,
        response.model,
        headers,
    )


class AnthropicCaller:
    format = "anthropic_messages"
    path = "/anthropic/v1/messages"
    status_error = anthropic.APIStatusError
    errors = anthropic.AnthropicError

    def __init__(self, url: str, *, key: str = OURS, retries: int = 0) -> None:
        self.sdk = anthropic.Anthropic(base_url=f"{url}/anthropic", api_key=key, max_retries=retries, timeout=60)

    def named(self, error: str) -> type[Exception]:
        found = getattr(anthropic, error)
        assert isinstance(found, type)
        assert issubclass(found, Exception)
        return found

    def ask(self, model: str, text: str = "hello you", *, streamed: bool = False, limit: int = 100) -> Answer:
        if streamed:
            with self.sdk.messages.stream(
                model=model, messages=[{"role": "user", "content": text}], max_tokens=limit
            ) as stream:
                message: anthropic.types.Message = stream.get_final_message()
                headers = dict(stream.response.headers.items())
        else:
            raw = self.sdk.messages.with_raw_response.create(
                model=model, messages=[{"role": "user", "content": text}], max_tokens=limit
            )
            message, headers = raw.parse(), dict(raw.headers.items())
            assert isinstance(message, anthropic.types.Message), raw.text
        assert message.type == "message"
        return Answer(
            "".join(block.text for block in message.content if block.type == "text"),
            _ANTHROPIC_STOPS.get(message.stop_reason),
            message.usage.input_tokens,
            message.usage.output_tokens,
            message.model,
            headers,
        )

    def __enter__(self) -> "AnthropicCaller":
        return self

    def __exit__(self, *_: object) -> None:
        self.sdk.close()


class GeminiCaller:
    """Only for tests of its own: no member of `CALLERS`, so that the others do not take half as long again."""

    format = "gemini"
    errors = errors.APIError

    def __init__(self, url: str, *, key: str = OURS) -> None:
        options = types.HttpOptions(base_url=f"{url}/gemini", timeout=60_000)
        self.sdk = Client(api_key=key, vertexai=False, http_options=options)

    def ask(self, model: str, text: str = "hello you", *, streamed: bool = False, limit: int = 100) -> Answer:
        config = types.GenerateContentConfig(max_output_tokens=limit)
        return gathered(self.chunks(model, types.UserContent(text), config=config, streamed=streamed))

    def chunks(
        self,
        model: str,
        *contents: types.Content,
        config: types.GenerateContentConfig | None = None,
        streamed: bool = False,
    ) -> list[types.GenerateContentResponse]:
        """The answer as the SDK hands it out; one chunk when it is not streamed."""
        models, given = self.sdk.models, list(contents)
        if streamed:
            return list(models.generate_content_stream(model=model, contents=given, config=config))  # pyright: ignore[reportUnknownMemberType]  # its types name PIL, which is not here
        return [models.generate_content(model=model, contents=given, config=config)]  # pyright: ignore[reportUnknownMemberType]  # as above

    def __enter__(self) -> "GeminiCaller":
        return self

    def __exit__(self, *_: object) -> None:
        self.sdk.close()


def gathered(chunks: list[types.GenerateContentResponse]) -> Answer:
    """What the chunks of one Gemini answer say together."""
    candidates = [candidate for chunk in chunks for candidate in chunk.candidates or []]
    usage = next((chunk.usage_metadata for chunk in reversed(chunks) if chunk.usage_metadata), None)
    response = chunks[0].sdk_http_response
    return Answer(
        "".join(part.text or "" for part in parts_of(chunks) if not part.thought),
        _GEMINI_STOPS.get(next((one.finish_reason for one in candidates if one.finish_reason), None)),
        usage.prompt_token_count if usage else None,
        usage.candidates_token_count if usage else None,
        chunks[0].model_version or "",
        dict(response.headers or {}) if response else {},
    )


def parts_of(chunks: list[types.GenerateContentResponse]) -> list[types.Part]:
    candidates = [candidate for chunk in chunks for candidate in chunk.candidates or []]
    return [part for one in candidates if one.content for part in one.content.parts or []]


def answer_of(error: errors.APIError) -> httpx.Response | httpx2.Response:
    """The HTTP answer behind an exception of Google's SDK."""
    response: object = vars(error)["response"]  # its type names libraries that are not here
    assert isinstance(response, httpx.Response | httpx2.Response)
    return response


Caller: TypeAlias = OpenAICaller | AnthropicCaller

CALLERS: dict[str, type[Caller]] = {"openai": OpenAICaller, "anthropic": AnthropicCaller}


def body(shape: str, model: str, text: str = "hello you", *, streamed: bool = False) -> bytes:
    """The smallest good request, for callers without an SDK."""
    said: dict[str, object] = {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": text}]}
    if streamed:
        said["stream"] = True
    if streamed and shape == "openai":
        said["stream_options"] = {"include_usage": True}
    return json.dumps(said).encode()


def said(simulator: str, model: str, text: str = "hello you") -> str:
    """What a simulator answers."""
    return f"Simulated answer from {simulator} ({model}): you said: {text}"
