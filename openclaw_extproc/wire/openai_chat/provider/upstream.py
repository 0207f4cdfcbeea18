"""OpenAI Chat Completions: the request to a provider, written. See `openai_chat` for the source."""

import re

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat, JsonObject, JsonSchema, Output, Reasoning, ToolChoice, ToolSpec
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.openai_chat.client.requests import LIMITS
from openclaw_extproc.wire.openai_chat.fields import Losses
from openclaw_extproc.wire.openai_chat.provider.turns import encode_turn
from openclaw_extproc.wire.openai_chat.server_quirks import fit_to_server
from openclaw_extproc.wire.translation.efforts import effort
from openclaw_extproc.wire.translation.losses import translation_losses
from openclaw_extproc.wire.translation.needs import Need

PATH = "/chat/completions"

CARRIES: frozenset[Need] = frozenset({"image", "image_link", "pdf", "text_file", "audio"})
"""`audio` is wav and mp3; `encode_request` refuses others."""


def encode_request(chat: Chat, edit: UpstreamEdit) -> EncodedRequest:
    translation_losses(chat, carries=CARRIES)  # before anything is written that could not be
    losses: Losses = []
    messages: list[Json] = [{"role": "system", "content": "\n\n".join(chat.system)}] if chat.system else []
    for n, turn in enumerate(chat.turns):
        messages += encode_turn(turn, f"turns[{n}]", losses, thoughts=edit.has("reasoning_returned"))
    said: dict[str, Json] = {
        "model": edit.model,
        "messages": messages,
        **(_encode_tools(chat) if chat.tools else {}),
        LIMITS[0]: edit.limit(chat.max_output_tokens),
        **_encode_sampling(chat),
        "response_format": None if chat.output is None else _encode_output(chat.output),
        **(_encode_reasoning(chat.reasoning, edit) if chat.reasoning else {}),
        **_encode_service(chat),
        "stream": chat.stream or None,
        "stream_options": {"include_usage": True} if chat.stream else None,
    }
    _name_losses(chat, losses)
    body = fit_to_server(
        {key: value for key, value in said.items() if value is not None}, edit, losses, translated=True
    )
    return EncodedRequest(PATH, j.dump(body), translation_losses(chat, losses, carries=CARRIES))


def _encode_sampling(chat: Chat) -> dict[str, Json]:
    return {
        "temperature": chat.temperature,
        "top_p": chat.top_p,
        "stop": list[Json](chat.stop) or None,
        "frequency_penalty": chat.frequency_penalty,
        "presence_penalty": chat.presence_penalty,
        "seed": chat.seed,
    }


def _encode_service(chat: Chat) -> dict[str, Json]:
    return {
        "verbosity": chat.verbosity,
        "prompt_cache_key": chat.prompt_cache_key,
        "service_tier": chat.service_tier,
        "store": chat.store,
        "metadata": dict(chat.tags) or None,
        "user": chat.user,
    }


def _name_losses(chat: Chat, losses: Losses) -> None:
    if chat.top_k is not None:
        losses.append("top_k")


def _encode_reasoning(reasoning: Reasoning, edit: UpstreamEdit) -> dict[str, Json]:
    """A word that this model does not know is for the provider to refuse: it says so in its own words."""
    if not edit.has("reasoning_enabled"):
        return {"reasoning_effort": effort(reasoning)}
    if reasoning.off:
        return {"reasoning": {"enabled": False}}
    if reasoning.effort is not None:
        return {"reasoning": {"effort": reasoning.effort}}
    return {
        "reasoning": {"enabled": True} if reasoning.budget_tokens is None else {"max_tokens": reasoning.budget_tokens}
    }


_NO_NAME = re.compile(r"[^a-zA-Z0-9_-]")


def _encode_output(output: Output) -> Json:
    match output:
        case JsonObject():
            return {"type": "json_object"}
        case JsonSchema(schema, name, description, strict):
            # The API wants a name of at most 64 letters, digits, `_` and `-`.
            said: dict[str, Json] = {"name": _NO_NAME.sub("_", name)[:64] or "answer", "schema": dict(schema)}
            said |= {"description": description} if description else {}
            return {"type": "json_schema", "json_schema": said | ({} if strict is None else {"strict": strict})}


def _encode_tools(chat: Chat) -> dict[str, Json]:
    """Choice and parallelism go with the tools: the API refuses them on their own."""
    return {
        "tools": [_encode_tool(tool) for tool in chat.tools],
        "tool_choice": None if chat.tool_choice is None else _encode_choice(chat.tool_choice),
        "parallel_tool_calls": chat.parallel_tool_calls,
    }


def _encode_tool(tool: ToolSpec) -> Json:
    # OpenAI refuses an object schema without `properties`, which others write for a tool without arguments.
    empty: dict[str, Json] = {"type": "object", "properties": {}}
    parameters = {**tool.schema, **{key: value for key, value in empty.items() if key not in tool.schema}}
    function: dict[str, Json] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": {**function, "parameters": parameters}}


def _encode_choice(choice: ToolChoice) -> Json:
    if choice.mode == "named":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode
