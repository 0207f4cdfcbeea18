"""Requests to Bedrock's Converse and ConverseStream.

Source: botocore 1.44, `ConverseRequest` (read 2026-11-21); what its validator and the models behind it refuse, named at
each place. `toolChoice` has no "none": tools are left out, unless calls in the history need them ("The toolConfig field
must be defined when using toolUse and toolResult content blocks", vxcontrol/pentagi#160).
Left out: guardrails, latency and service tiers, metadata for the invocation log, prompts kept at Bedrock.

JSON schemas as `outputConfig.textFormat` takes them.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html (from memory): Draft 2020-12
without rules on sizes, and every object closed. A rule that is not taken goes into the description, where the model
reads it.
Left out: recursive schemas, which the API refuses itself.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, JsonSchema, ToolChoice, ToolResult, ToolSpec, ToolUse, is_blank
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.bedrock import service
from openclaw_extproc.wire.bedrock.converse import messages, models
from openclaw_extproc.wire.bedrock.converse.messages import CARRIES
from openclaw_extproc.wire.bedrock.converse.models import Model, model_of
from openclaw_extproc.wire.translation.losses import translation_losses
from openclaw_extproc.wire.translation.messages import in_words

# -- schemas ---------------------------------------------------------------------------


MAX_DEPTH = 64
"""Deeper ones are cut. As deep as no schema of a person's is."""

_MARKS = ["title", "description", "format", "default", "enum", "const"]
_KNOWN_KEYWORDS = frozenset(
    [*_MARKS, "type", "properties", "required", "items", "anyOf", "allOf", "$ref", "$defs", "definitions"]
)
_MAPS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf")


def of_answer(schema: Mapping[str, Json], lost: list[str]) -> dict[str, Json]:
    moved: set[str] = set()
    made = _close_objects(dict(schema), moved, 0)
    lost += [f"output: schema: {key}, in the description" for key in sorted(moved)]
    return made


def _close_objects(schema: Json, moved: set[str], depth: int) -> dict[str, Json]:
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return {}
    given = {("anyOf" if key == "oneOf" else key): value for key, value in schema.items() if key != "$schema"}
    rest = {key: value for key, value in given.items() if key not in _KNOWN_KEYWORDS}
    made = {key: _inner(key, value, moved, depth + 1) for key, value in given.items() if key in _KNOWN_KEYWORDS}
    if given.get("type") == "object" or "properties" in given:
        made["additionalProperties"] = False
    rest.pop("additionalProperties", None)
    if rest:
        moved.update(rest)
        said = made.get("description")
        made["description"] = (f"{said}\n" if isinstance(said, str) else "") + j.text(rest)
    return made


def _inner(key: str, value: Json, moved: set[str], depth: int) -> Json:
    if key in _MAPS and isinstance(value, dict):
        return {name: _close_objects(one, moved, depth) for name, one in value.items()}
    if key in _LISTS and isinstance(value, list):
        return [_close_objects(one, moved, depth) for one in value]
    return _close_objects(value, moved, depth) if key == "items" else value


# -- upstream --------------------------------------------------------------------------


TOO_HOT = "temperature above 1"
BLANK_STOP = "stop: only white space"
NO_TOOLS = "tools: those that earlier calls name"
NONE = "tool_choice: none, earlier calls need the tools"

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def encode_request(chat: Chat, change: UpstreamEdit) -> EncodedRequest:
    lost: list[str] = []
    model = model_of(change.model)
    translation_losses(chat, carries=CARRIES)  # refuse before writing: the writer relies on it
    chat = in_words(chat, lost, objects=True, schemas=not model.writes_schemas or change.has("no_json_schema"))
    made = models.plan(chat, change.limit(chat.max_output_tokens), model, change.longest(models.ANSWER))
    lost += made.losses
    tools = _tool_config(chat, model, lost)
    system = _system(chat, model, lost)
    used = sum("cachePoint" in block for block in (*system, *_tool_list(tools)))
    writer = messages.Writer(model, messages.MAX_CACHE_POINTS - used, made.thinks, lost=lost)
    fields: dict[str, Json] = {
        "system": [*system] or None,
        "messages": messages.encode_messages(chat, writer),
        "inferenceConfig": _inference(chat, made, model, lost),
        "toolConfig": tools,
        "outputConfig": _output(chat, made, lost),
        "additionalModelRequestFields": _additional(chat, made, model, lost),
    }
    body: dict[str, Json] = {key: value for key, value in fields.items() if value is not None}
    path = service.path(change.model, "converse-stream" if chat.stream else "converse")
    losses = translation_losses(chat, (*_unknown(chat), *dict.fromkeys(lost)), carries=CARRIES)
    return EncodedRequest(path, j.dump(body), losses)


def _unknown(chat: Chat) -> Iterator[str]:
    """Words that Converse has no place for."""
    wishes = {
        "frequency_penalty": chat.frequency_penalty or None,
        "presence_penalty": chat.presence_penalty or None,
        "parallel_tool_calls": None if chat.parallel_tool_calls is not False or not chat.tools else False,
        "seed": chat.seed,
        "verbosity": chat.verbosity,
        "prompt_cache_key": chat.prompt_cache_key,
        "service_tier": chat.service_tier,
        "store": chat.store or None,
        "metadata": chat.tags or None,
        "user": chat.user,
    }
    yield from (name for name, said in wishes.items() if said is not None)


def _system(chat: Chat, model: Model, lost: list[str]) -> list[messages.Block]:
    blocks: list[messages.Block] = [{"text": text} for text in chat.system if not is_blank(text)]
    if blocks and chat.cache_system is not None:
        if model.caches:
            blocks.append(messages.cache_point(chat.cache_system, model))
        else:
            lost.append(messages.CACHE_POINTS)
    return blocks


# -- how the model is to write ---------------------------------------------------------


def _inference(chat: Chat, made: models.Plan, model: Model, lost: list[str]) -> Json:
    stop: list[Json] = [text for text in chat.stop if not is_blank(text)]
    if len(stop) < len(chat.stop):
        lost.append(BLANK_STOP)
    temperature, top_p = _sampling(chat, made, model, lost)
    fields: dict[str, Json] = {
        "maxTokens": made.max_tokens,
        "temperature": temperature,
        "topP": top_p,
        "stopSequences": stop or None,
    }
    return {key: value for key, value in fields.items() if value is not None} or None


def _sampling(chat: Chat, made: models.Plan, model: Model, lost: list[str]) -> tuple[float | None, float | None]:
    temperature, top_p = chat.temperature, chat.top_p
    if made.thinks or not model.samples:
        lost += [name for name, said in (("temperature", temperature), ("top_p", top_p)) if said not in (None, 1)]
        return None, None
    if temperature is not None and temperature > 1:
        lost.append(TOO_HOT)
        temperature = 1
    if temperature == 1 and top_p is not None and not model.samples_both:
        temperature = None  # says nothing, and Gemini CLI always sends it
    if temperature is not None and top_p is not None and not model.samples_both:
        lost.append("top_p: not beside temperature")
        top_p = None
    return temperature, top_p


def _additional(chat: Chat, made: models.Plan, model: Model, lost: list[str]) -> Json:
    fields: dict[str, Json] = {} if made.field is None else {"thinking": made.field}
    if chat.top_k is not None:
        if model.claude and model.samples and not made.thinks:
            fields["top_k"] = chat.top_k
        else:
            lost.append("top_k")
    return fields or None


# -- the form of the answer ------------------------------------------------------------


def _output(chat: Chat, made: models.Plan, lost: list[str]) -> Json:
    config: dict[str, Json] = {} if made.effort is None else {"effort": made.effort}
    if isinstance(chat.output, JsonSchema):
        form: dict[str, Json] = {"schema": j.text(of_answer(chat.output.schema, lost))}
        if chat.output.name:
            form["name"] = chat.output.name
        if chat.output.description:
            form["description"] = chat.output.description
        config["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": form}}
    return config or None


# -- tools -----------------------------------------------------------------------------


def _tool_config(chat: Chat, model: Model, lost: list[str]) -> dict[str, Json] | None:
    called = _called_tools(chat)
    choice = chat.tool_choice or ToolChoice("auto")
    if chat.tools and choice.mode == "none" and called is None:
        return None
    specs = chat.tools
    if not specs and called is not None:
        lost.append(NO_TOOLS)
        specs = tuple(ToolSpec(name, "", {}) for name in called)
    elif specs and choice.mode == "none":
        lost.append(NONE)
    if not specs:
        return None
    tools: list[Json] = [_tool(tool) for tool in specs]
    if chat.cache_tools is not None and model.caches_tools:
        tools.append(messages.cache_point(chat.cache_tools, model))
    elif chat.cache_tools is not None:
        lost.append(messages.CACHE_POINTS)
    chosen = _choice(choice) if chat.tools and chat.tool_choice is not None else None
    return {"tools": tools} if chosen is None else {"tools": tools, "toolChoice": chosen}


def _tool_list(config: dict[str, Json] | None) -> Iterable[dict[str, Json]]:
    tools = config["tools"] if config else []
    return [tool for tool in j.an_array(tools, at="tools") if isinstance(tool, dict)]


def _called_tools(chat: Chat) -> list[str] | None:
    """The tools that the history calls; `None` when it has neither calls nor results."""
    parts = [part for turn in chat.turns for part in turn.parts]
    if not any(isinstance(part, ToolUse | ToolResult) for part in parts):
        return None
    names = [part.name for part in parts if isinstance(part, ToolUse) and _NAME.fullmatch(part.name)]
    return list(dict.fromkeys(names)) or None


def _tool(tool: ToolSpec) -> Json:
    if not _NAME.fullmatch(tool.name):
        # The answer's reader knows nothing of the request, so a changed name could not be changed back.
        raise FaultError(
            FaultKind.UNSUPPORTED, "a tool's name: Bedrock takes 1 to 64 letters, digits, underscores and hyphens"
        )
    about: dict[str, Json] = {"description": tool.description} if not is_blank(tool.description) else {}
    return {"toolSpec": {"name": tool.name, **about, "inputSchema": {"json": {"type": "object", **tool.schema}}}}


def _choice(choice: ToolChoice) -> Json:
    match choice.mode:
        case "none":
            return None
        case "auto":
            return {"auto": {}}
        case "required":
            return {"any": {}}
        case "named":
            return {"tool": {"name": choice.name}}
