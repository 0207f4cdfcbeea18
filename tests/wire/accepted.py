"""Whether a provider would take a body: asked of the simulators, which have their own idea of each format."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from anthropic.types.message_create_params import MessageCreateParamsNonStreaming, MessageCreateParamsStreaming
from openai.types.chat.completion_create_params import CompletionCreateParams
from openai.types.responses.response_create_params import ResponseCreateParams
from pydantic import TypeAdapter

from openclaw_extproc.model import json as j
from openclaw_extproc.wire import client_side
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_simulator import anthropic_request, gemini_request, openai_chat_request, openai_responses_request
from openclaw_simulator.reading import RefusedError
from openclaw_simulator.shape import Call
from tests.samples import Case

_CALL = Call("", {}, {"authorization": "Bearer k"})
_BY_SDK: Mapping[str, tuple[TypeAdapter[Any], TypeAdapter[Any]]] = {
    "openai_chat": (TypeAdapter(CompletionCreateParams), TypeAdapter(CompletionCreateParams)),
    "openai_responses": (TypeAdapter(ResponseCreateParams), TypeAdapter(ResponseCreateParams)),
    "anthropic_messages": (TypeAdapter(MessageCreateParamsNonStreaming), TypeAdapter(MessageCreateParamsStreaming)),
}
"""Of a whole answer, of a stream. Google's SDK has no type for a whole body."""


_READERS: Mapping[str, Callable[[bytes, str], object]] = {
    "anthropic_messages": lambda body, _: anthropic_request.read_request(body),
    "gemini": lambda body, model: gemini_request.read_request(body, model, stream=False, on_vertex=False),
    "openai_chat": lambda body, _: openai_chat_request.read_request(replace(_CALL, body=body)),
    "openai_responses": lambda body, _: openai_responses_request.read_request(replace(_CALL, body=body)),
}


def check(format: str, body: bytes, model: str = "a-model") -> None:
    """Raises `RefusedError` or pydantic's `ValidationError`."""
    _READERS[format](body, model)
    if format in _BY_SDK:
        value = j.parse(body, where="body")
        _BY_SDK[format][value.get("stream") is True].validate_python(value)


def sent(case: Case, asked: ClientRequest, model: str) -> bytes:
    """The body that goes to a provider of the same format."""
    return client_side(case.format).edit(asked, UpstreamEdit(model)).body


def refuses(format: str, body: bytes, model: str = "a-model") -> bool:
    """Fixtures are from many models, and not all of them are as strict as the simulators."""
    try:
        check(format, body, model)
    except RefusedError:
        return True
    return False
