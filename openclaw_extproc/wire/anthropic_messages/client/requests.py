"""Requests in Anthropic Messages as clients send them: `decode_request`.

Source: as `anthropic_messages`. Nothing that only another format could not carry is an error here: requests that stay
with Anthropic are read by this too, so it becomes a loss (see `losses`).

What a client says about its answer, apart from the messages: tools, thinking, form.

What the client runs is offered as functions (`native_tools`). What Anthropic runs is left out, and said so, unless
`tool_choice` insists on it. All tools are offered at once: `defer_loading` and its search for tools only save tokens.
Source: as `anthropic_messages`.

The line by which Claude Code tells Anthropic whose call it is, left out for everybody else.

It stands at the very beginning of the system prompt and has a hash that changes with every request, so a provider that
keeps prompts by their beginning has nothing of the next one in its cache.

Source: anthropics/claude-code#68900 (`x-anthropic-billing-header: cc_version=…; cc_entrypoint=…; cch=…;` as the first
block of `system`), waybarrios/vllm-mlx#277 (as the first line of one text).
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    CachePoint,
    Chat,
    Instruction,
    JsonSchema,
    Output,
    Reasoning,
    Text,
    ToolChoice,
    ToolSpec,
    Turn,
)
from openclaw_extproc.wire.anthropic_messages import native_tools
from openclaw_extproc.wire.anthropic_messages.client import blocks
from openclaw_extproc.wire.anthropic_messages.client.blocks import Losses, cache_point, word
from openclaw_extproc.wire.base import ClientRequest
from openclaw_extproc.wire.translation import efforts

# -- options ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tools:
    specs: tuple[ToolSpec, ...] = ()
    cache: CachePoint | None = None
    left_out: frozenset[str] = frozenset()
    """Names of tools that stay behind."""


def read_tools(value: Json, losses: Losses, *, later: Sequence[tuple[Json, str]] = ()) -> Tools:
    """`later`: tools that the conversation itself declares, each with its path."""
    specs: dict[str, ToolSpec] = {}
    left_out: set[str] = set()
    cache: CachePoint | None = None
    declared = [(item, f"tools[{n}]") for n, item in enumerate(j.an_array(value_or_default(value, []), at="tools"))]
    for item, at in (*declared, *later):
        tool = j.an_object(item, at=at)
        if cache is not None:
            losses.drop("cache_control", f"{at}: cache_control before the last tool")
        if (point := tool.get("cache_control")) is not None:
            cache = cache_point(point, at=f"{at}.cache_control")
        offered = list(_tool(tool, at, losses))
        left_out |= set() if offered else {str(tool.get("name", ""))}
        for spec in offered:
            specs.setdefault(spec.name, spec)
    return Tools(tuple(specs.values()), cache if specs else None, frozenset(left_out))


def _tool(tool: Mapping[str, Json], at: str, losses: Losses) -> Iterator[ToolSpec]:
    type = j.a_string(value_or_default(tool.get("type"), "custom"), at=f"{at}.type")
    kind = native_tools.kind_of(type)
    if native_tools.is_client_run(kind):
        yield from native_tools.functions(kind, tool)
    elif kind == "custom":
        losses.rest(tool, f"type name description input_schema cache_control {_SAY_NOTHING}", at)
        yield ToolSpec(
            j.a_string(tool.get("name"), at=f"{at}.name"),
            j.a_string(value_or_default(tool.get("description"), ""), at=f"{at}.description"),
            j.an_object(value_or_default(tool.get("input_schema"), {}), at=f"{at}.input_schema"),
        )
    else:
        losses.drop(f"tool {kind}", f"{at}: {word(type) if kind in native_tools.VENDOR_RUN else 'unknown type'}")


_SAY_NOTHING = "defer_loading allowed_callers eager_input_streaming"
"""How Anthropic loads and calls a tool, and how it streams a call: here all are offered, and called by the model."""


def read_tool_choice(value: Json, offered: Tools, losses: Losses) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether tools may be called in parallel."""
    if value is None:
        return None, None
    choice = j.an_object(value, at="tool_choice")
    alone = choice.get("disable_parallel_tool_use")
    parallel = None if alone is None else not j.a_bool(alone, at="tool_choice.disable_parallel_tool_use")
    match j.a_string(choice.get("type"), at="tool_choice.type"):
        case "auto":
            return ToolChoice("auto"), parallel
        case "any":
            if offered.left_out and not offered.specs:
                losses.refuse("tool_choice: any, of tools that Anthropic runs")
            return ToolChoice("required"), parallel
        case "none":
            return ToolChoice("none"), parallel
        case "tool":
            name = j.a_string(choice.get("name"), at="tool_choice.name")
            if name in offered.left_out:
                losses.refuse(f"tool_choice: {word(name)}, which Anthropic runs")
            return ToolChoice("named", name), parallel
        case other:
            losses.refuse(f"tool_choice: {word(other)}")
            return None, parallel


def read_reasoning(thinking: Json, output_config: Mapping[str, Json], losses: Losses) -> Reasoning | None:
    """Reads `thinking` and `output_config.effort`."""
    effort = efforts.word(output_config.get("effort"))
    if thinking is None:
        return None if effort is None else Reasoning(effort)
    asked = j.an_object(thinking, at="thinking")
    losses.rest(asked, "type budget_tokens display", "thinking")
    visible = {"summarized": True, "omitted": False}.get(str(asked.get("display")))
    match j.a_string(asked.get("type"), at="thinking.type"):
        case "disabled":
            return Reasoning("none")
        case "enabled":
            budget = asked.get("budget_tokens")
            tokens = None if budget is None else j.an_int(budget, at="thinking.budget_tokens")
            return Reasoning(effort, tokens, visible)
        case "adaptive":
            return Reasoning(effort, None, visible)
        case other:
            losses.drop("thinking.type", f"thinking.type: {word(other)}")
            return Reasoning(effort, None, visible)


def read_output(output_config: Mapping[str, Json], older: Json, losses: Losses) -> Output | None:
    """`older`: `output_format`, the name it had in the beta."""
    losses.rest(output_config, "effort format", "output_config")
    asked = output_config.get("format", older)
    if asked is None:
        return None
    form = j.an_object(asked, at="output_config.format")
    kind = j.a_string(form.get("type"), at="output_config.format.type")
    if kind != "json_schema":
        losses.refuse(f"output_config.format: {word(kind)}")
        return None
    losses.rest(form, "type schema", "output_config.format")
    return JsonSchema(j.an_object(form.get("schema"), at="output_config.format.schema"))


def value_or_default(value: Json, default: Json) -> Json:
    """`null` says as little as a missing key."""
    return default if value is None else value


# -- billing ---------------------------------------------------------------------------


_LINE = re.compile(r"\s*x-anthropic-billing-header:[^\n]*\n?")


def left_out(system: Json) -> Json:
    """`system` of a request without that line; the very same value where it has none."""
    if isinstance(system, str):
        found = _LINE.match(system)
        return system if found is None else system[found.end() :]
    if isinstance(system, list):
        kept = [block for block in system if not _is_line(block)]
        return system if len(kept) == len(system) else kept
    return system


def _is_line(block: Json) -> bool:
    text = block.get("text") if isinstance(block, dict) else None
    return isinstance(text, str) and _LINE.fullmatch(text) is not None


# -- requests --------------------------------------------------------------------------


PATH = "/messages"
"""The path of the endpoint, behind the base path `/v1`."""

THREAD = "thread"
"""The field by which Anthropic keeps the history of a conversation, and a request has only what is new (beta
`message-threads-2026-08-12`). Nobody else has that history."""

_KNOWN_FIELDS = frozenset(
    {"model", "messages", "system", "tools", "tool_choice", "max_tokens", "temperature", "top_p", "top_k"}
    | {"stop_sequences", "stream", "metadata", "thinking", "output_config", "output_format", "cache_control"}
)


def decode_request(asked: ClientRequest) -> Chat:
    body, losses = asked.body, Losses()
    model = j.a_string(body.get("model"), at="model")
    if not model:
        raise UnreadableError("model: expected the name of a model, found an empty string")
    system, cache_system = blocks.texts(left_out(value_or_default(body.get("system"), "")), "system", losses)
    turns, moved = _turns(body.get("messages"), losses, kept=body.get(THREAD) is not None)
    tools = read_tools(body.get("tools"), losses, later=tuple(_added(body.get("messages"))))
    choice, parallel = read_tool_choice(body.get("tool_choice"), tools, losses)
    config = j.an_object(value_or_default(body.get("output_config"), {}), at="output_config")
    if body.get(THREAD):
        losses.refuse(THREAD)
    return Chat(
        model=model,
        turns=_with_cache_point(turns, body.get("cache_control")),
        system=(*system, *moved),
        tools=tools.specs,
        tool_choice=choice,
        parallel_tool_calls=parallel,
        max_output_tokens=limit(body),
        temperature=_number(body, "temperature"),
        top_p=_number(body, "top_p"),
        top_k=_int(body, "top_k"),
        stop=_stop(body.get("stop_sequences")),
        output=read_output(config, body.get("output_format"), losses),
        reasoning=read_reasoning(body.get("thinking"), config, losses),
        cache_tools=tools.cache,
        cache_system=cache_system,
        user=_user(body.get("metadata"), losses),
        stream=j.a_bool(value_or_default(body.get("stream"), False), at="stream"),
        extras=j.without(body, _KNOWN_FIELDS),
        losses=losses.all(),
    )


def limit(body: Mapping[str, Json]) -> int | None:
    return _int(body, "max_tokens")


def _turns(messages: Json, losses: Losses, *, kept: bool) -> tuple[tuple[Turn, ...], tuple[str, ...]]:
    """The turns, and the system texts before the first. Where the provider has them kept, there may be none."""
    items = j.an_array(messages, at="messages")
    if not items and not kept:
        raise UnreadableError("messages: expected at least one message, found none")
    turns: list[Turn] = []
    moved: list[str] = []
    for n, item in enumerate(items):
        at = f"messages[{n}]"
        message = j.an_object(item, at=at)
        content = message.get("content")
        match message.get("role"):
            case "user" | "assistant" as role:
                if summary := _summary(content, at):
                    turns, content = [Turn("user", (Text(summary[0]),))], summary[1]
                asks = role == "user" and n == len(items) - 1
                turns.append(Turn(role, blocks.parts(content, f"{at}.content", losses, asks=asks)))
            case "system":
                texts, point = blocks.texts(content, f"{at}.content", losses)
                if turns:
                    behind = () if point is None else (point,)
                    turns += [Turn("user", (*map(Instruction, texts), *behind))] if texts or behind else []
                    continue
                moved += texts
                if point is not None:
                    losses.drop("cache_control", f"{at}.cache_control")
            case _:
                raise UnreadableError(f"{at}.role: expected user, assistant or system")
    return tuple(turns), tuple(moved)


def _added(messages: Json) -> Iterator[tuple[Json, str]]:
    """Tools that the conversation declares on its way (beta `inline-tools-2026-09-15`): all are offered at once."""
    for n, message in enumerate(messages if isinstance(messages, list) else []):
        content = message.get("content") if isinstance(message, dict) else None
        for m, block in enumerate(content if isinstance(content, list) else []):
            added = isinstance(block, dict) and block.get("type") == "tool_addition"
            tool = block.get("tool") if added and isinstance(block, dict) else None
            if isinstance(tool, dict) and tool.get("type") == "tool_definition":
                yield tool.get("definition"), f"messages[{n}].content[{m}].tool.definition"


def _summary(content: Json, at: str) -> tuple[str, list[Json]] | None:
    """What a `compaction` block of Anthropic's says, and what comes behind it: the block stands for all before."""
    blocks_of = content if isinstance(content, list) else []
    for n in range(len(blocks_of) - 1, -1, -1):
        block = blocks_of[n]
        if isinstance(block, dict) and block.get("type") == "compaction":
            for text in blocks.compacted(block, f"{at}.content[{n}]"):
                return text.text, blocks_of[n + 1 :]
    return None


def _with_cache_point(turns: tuple[Turn, ...], everything: Json) -> tuple[Turn, ...]:
    """`cache_control` of the whole request stands for one behind its last block."""
    if everything is None or not turns:
        return turns
    point, last = blocks.cache_point(everything, at="cache_control"), turns[-1]
    if last.parts and isinstance(last.parts[-1], CachePoint):
        return turns
    return (*turns[:-1], Turn(last.role, (*last.parts, point)))


def _stop(value: Json) -> tuple[str, ...]:
    items = j.an_array(value_or_default(value, []), at="stop_sequences")
    return tuple(j.a_string(item, at=f"stop_sequences[{n}]") for n, item in enumerate(items))


def _user(value: Json, losses: Losses) -> str | None:
    metadata = j.an_object(value_or_default(value, {}), at="metadata")
    losses.rest(metadata, "user_id", "metadata")
    user = metadata.get("user_id")
    return None if user is None else j.a_string(user, at="metadata.user_id")


def _int(body: Mapping[str, Json], key: str) -> int | None:
    value = body.get(key)
    return None if value is None else j.an_int(value, at=key)


def _number(body: Mapping[str, Json], key: str) -> float | None:
    value = body.get(key)
    return None if value is None else j.a_number(value, at=key)
