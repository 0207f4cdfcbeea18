"""OpenAI Responses: the request to a provider, written. See `openai_responses` for the source.

Nothing is left with the provider (`store: false`): its state comes to us encrypted, and goes back with the next turn.
"""

import re

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat, JsonObject, JsonSchema, Output, ToolChoice, ToolSpec
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.openai_responses.client.requests import INCLUDE_ENCRYPTED, LIMIT
from openclaw_extproc.wire.openai_responses.provider.turns import Losses, encode_turn
from openclaw_extproc.wire.openai_responses.state import without_reasoning
from openclaw_extproc.wire.restrictions.openai_bodies import accepted_responses
from openclaw_extproc.wire.translation import efforts
from openclaw_extproc.wire.translation.losses import translation_losses
from openclaw_extproc.wire.translation.needs import Need
from openclaw_extproc.wire.translation.quirks import Quirk

PATH = "/responses"

CARRIES: frozenset[Need] = frozenset({"image", "image_link", "pdf", "pdf_link", "text_file"})
KNOWN_QUIRKS: frozenset[Quirk] = frozenset({
    "no_parallel_tool_calls", "no_reasoning_effort", "no_prompt_cache_key", "no_service_tier", "no_user", "no_store",
})  # fmt: skip

_DOES_NOT_REASON = re.compile(r"(?:^|[/:])(?:gpt-[34]|chatgpt-|gpt-5[^/]*-chat)")
"""Models that answer 400 when asked for encrypted reasoning (seen in public issues: pydantic-ai 2865 and 3326)."""


def encode_request(chat: Chat, edit: UpstreamEdit) -> EncodedRequest:
    losses = _unknown_here(chat)
    items = [item for n, turn in enumerate(chat.turns) for item in encode_turn(turn, f"turns[{n}]", losses)]
    items = without_reasoning(items) if edit.fallback else items
    said: dict[str, Json] = {
        "model": edit.model,
        "instructions": "\n\n".join(chat.system) or None,
        "input": items,
        **(_tools(chat, edit) if chat.tools else {}),
        LIMIT: edit.limit(chat.max_output_tokens),
        "temperature": chat.temperature,
        "top_p": chat.top_p,
        "text": _text(chat),
        **_reasoning(chat, edit, losses),
        **_bookkeeping(chat, edit, losses),
        "stream": chat.stream or None,
    }
    known: dict[str, Json] = {key: value for key, value in said.items() if value is not None}
    body = accepted_responses(known, edit, losses, translated=True)
    return EncodedRequest(PATH, j.dump(body), translation_losses(chat, losses, carries=CARRIES))


def _unknown_here(chat: Chat) -> Losses:
    numbers = {
        "top_k": chat.top_k,
        "frequency_penalty": chat.frequency_penalty,
        "presence_penalty": chat.presence_penalty,
        "seed": chat.seed,
        "stop": chat.stop or None,
    }
    return [name for name, given in numbers.items() if given is not None]


def _tools(chat: Chat, edit: UpstreamEdit) -> dict[str, Json]:
    """Choice and parallelism go with the tools."""
    parallel = None if edit.has("no_parallel_tool_calls") else chat.parallel_tool_calls
    return {
        "tools": [tool(one) for one in chat.tools],
        "tool_choice": None if chat.tool_choice is None else choice(chat.tool_choice),
        "parallel_tool_calls": parallel,
    }


def tool(spec: ToolSpec) -> Json:
    """Writes a function tool. It is not strict, because other APIs are not; here strict would be the default, and
    change the schema."""
    # OpenAI refuses an object schema without `properties`, which others write for a tool without arguments.
    empty: dict[str, Json] = {"type": "object", "properties": {}}
    parameters = {**spec.schema, **{key: value for key, value in empty.items() if key not in spec.schema}}
    described: dict[str, Json] = {"description": spec.description} if spec.description else {}
    return {"type": "function", "name": spec.name, **described, "parameters": parameters, "strict": False}


def choice(chosen: ToolChoice) -> Json:
    return {"type": "function", "name": chosen.name} if chosen.mode == "named" else chosen.mode


def _text(chat: Chat) -> Json:
    format_ = None if chat.output is None else text_format(chat.output)
    said: dict[str, Json] = {"format": format_, "verbosity": chat.verbosity}
    return {key: value for key, value in said.items() if value is not None} or None


def text_format(output: Output) -> Json:
    match output:
        case JsonObject():
            return {"type": "json_object"}
        case JsonSchema(schema, name, description, strict):
            said: dict[str, Json] = {"description": description or None, "schema": dict(schema), "strict": strict}
            known = {key: value for key, value in said.items() if value is not None}
            return {"type": "json_schema", "name": name or "answer", **known}


def _reasoning(chat: Chat, edit: UpstreamEdit, losses: Losses) -> dict[str, Json]:
    """Writes the effort, and that the reasoning is returned encrypted."""
    asked = chat.reasoning
    if edit.has("no_reasoning_effort"):
        losses += ["reasoning"] if asked is not None else []
        return {}
    if _DOES_NOT_REASON.search(edit.model):
        losses += ["reasoning"] if asked is not None and not asked.off else []
        return {}
    effort = None if asked is None else efforts.effort(asked)
    said: dict[str, Json] = {"effort": effort} if effort else {}
    said |= {"summary": "auto"} if asked is not None and asked.visible and not asked.off else {}
    return {"reasoning": said or None, "include": [INCLUDE_ENCRYPTED]}


def _bookkeeping(chat: Chat, edit: UpstreamEdit, losses: Losses) -> dict[str, Json]:
    losses += ["store"] if chat.store else []
    wishes: dict[str, tuple[Quirk, Json]] = {
        "prompt_cache_key": ("no_prompt_cache_key", chat.prompt_cache_key),
        "service_tier": ("no_service_tier", chat.service_tier),
        "user": ("no_user", chat.user),
        "metadata": ("no_store", dict(chat.tags) or None),
    }
    losses += [name for name, (quirk, given) in wishes.items() if given is not None and edit.has(quirk)]
    said = {name: given for name, (quirk, given) in wishes.items() if not edit.has(quirk)}
    return said if edit.has("no_store") else {**said, "store": False}
