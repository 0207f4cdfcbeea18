"""Requests in Anthropic Messages as clients send them: `decode_request`.

Source: as `anthropic_messages`. Nothing that only another format could not carry is an error here: requests that stay
with Anthropic are read by this too, so it becomes a loss (see `losses`).
"""

from collections.abc import Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import CachePoint, Chat, Instruction, Text, Turn
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.anthropic_messages.client import billing, blocks, options
from openclaw_extproc.wire.anthropic_messages.client.losses import Losses
from openclaw_extproc.wire.anthropic_messages.client.options import value_or_default
from openclaw_extproc.wire.base import ClientRequest

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
    system, cache_system = blocks.texts(billing.left_out(value_or_default(body.get("system"), "")), "system", losses)
    turns, moved = _turns(body.get("messages"), losses, kept=body.get(THREAD) is not None)
    tools = options.tools(body.get("tools"), losses, later=tuple(_added(body.get("messages"))))
    choice, parallel = options.tool_choice(body.get("tool_choice"), tools, losses)
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
        output=options.output(config, body.get("output_format"), losses),
        reasoning=options.reasoning(body.get("thinking"), config, losses),
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
