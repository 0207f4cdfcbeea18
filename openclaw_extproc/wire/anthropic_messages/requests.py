"""Requests in Anthropic Messages as clients send them: `decode_request` and `edit`.

Source: as `anthropic_messages`. Nothing that only another format could not carry is an error here: requests that stay
with Anthropic are read by this too, so it becomes a loss (see `losses`).
"""

import re
from collections.abc import Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import (
    Chat,
    Image,
    InlineImage,
    LinkedImage,
    Part,
    Reasoning,
    Text,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.base import Asked, Edit, Encoded
from openclaw_extproc.wire.losses import MUST_CARRY

PATH = "/messages"
"""Behind the base path `/v1`."""

MAX_LOSSES = 32
"""As many kinds of loss as we name: a client chooses the keys, so it could choose very many."""

_KNOWN = frozenset(
    {"model", "messages", "system", "tools", "tool_choice", "max_tokens", "temperature", "top_p", "top_k"}
    | {"stop_sequences", "stream", "metadata"}
)
_BOUND = ("container", "mcp_servers")
"""Extras that give the model abilities no other format can give it."""


def decode_request(asked: Asked) -> Chat:
    body, losses = asked.body, _Losses()
    model = j.a_string(body.get("model"), at="model")
    if not model:
        raise UnreadableError("model: expected the name of a model, found an empty string")
    system = _texts(_given(body.get("system"), ""), "system", losses)
    turns, moved = _turns(body.get("messages"), losses)
    tools = j.an_array(_given(body.get("tools"), []), at="tools")
    choice, parallel = _tool_choice(body.get("tool_choice"), losses)
    for key in _BOUND:
        if body.get(key):
            losses.refuse(key)
    return Chat(
        model=model,
        turns=turns,
        system=(*system, *moved),
        tools=tuple(spec for n, item in enumerate(tools) if (spec := _tool(item, f"tools[{n}]", losses))),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        max_output_tokens=_int(body, "max_tokens"),
        temperature=_number(body, "temperature"),
        top_p=_number(body, "top_p"),
        top_k=_int(body, "top_k"),
        stop=_stop(body.get("stop_sequences")),
        user=_user(body.get("metadata"), losses),
        stream=_flag(body, "stream", at="stream"),
        reasoning=_reasoning(body.get("thinking")),
        extras=j.without(body, _KNOWN),
        losses=losses.all(),
    )


def _reasoning(thinking: Json) -> Reasoning | None:
    thinks = isinstance(thinking, dict) and thinking.get("type") in ("enabled", "adaptive")
    return Reasoning() if thinks else None


def edit(asked: Asked, change: Edit) -> Encoded:
    given = _int(asked.body, "max_tokens")
    limit = change.limit(given)
    changes: dict[str, Json] = {}
    if asked.body.get("model") != change.model:
        changes["model"] = change.model
    if limit != given:
        changes["max_tokens"] = limit
    return Encoded(PATH, j.patch(asked.raw, changes))


class _Losses:
    """What another format cannot carry: the first place of each kind, so that a long history names it once."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def drop(self, kind: str, path: str) -> None:
        if len(self._first) < MAX_LOSSES:
            self._first.setdefault(kind, path)

    def refuse(self, path: str) -> None:
        """The first is enough to keep the request from every other format."""
        self._first.setdefault(MUST_CARRY, f"{MUST_CARRY}{path}")

    def rest(self, block: Mapping[str, Json], known: str, at: str) -> None:
        """Drop the keys that are not among the `known` ones."""
        for key in j.without(block, frozenset(known.split())):
            self.drop(key, key if key == "cache_control" else f"{at}.{key}")

    def all(self) -> tuple[str, ...]:
        return tuple(self._first.values())


def _turns(messages: Json, losses: _Losses) -> tuple[tuple[Turn, ...], tuple[str, ...]]:
    """The turns, and the system texts that stood between them."""
    items = j.an_array(messages, at="messages")
    if not items:
        raise UnreadableError("messages: expected at least one message, found none")
    turns: list[Turn] = []
    moved: list[str] = []
    for n, item in enumerate(items):
        at = f"messages[{n}]"
        message = j.an_object(item, at=at)
        content = message.get("content")
        match message.get("role"):
            case "user" | "assistant" as role:
                turns.append(Turn(role, _parts(content, f"{at}.content", losses)))
            case "system":
                moved += _texts(content, f"{at}.content", losses)
                losses.drop("system", f"{at}: system, moved to the front")
            case _:
                raise UnreadableError(f"{at}.role: expected user, assistant or system")
    return tuple(turns), tuple(moved)


def _texts(content: Json, at: str, losses: _Losses) -> tuple[str, ...]:
    parts = _leaves(content, at, losses)
    if any(not isinstance(part, Text) for part in parts):
        losses.refuse(f"{at}: an image")
    return tuple(part.text for part in parts if isinstance(part, Text) and part.text)


def _parts(content: Json, at: str, losses: _Losses) -> tuple[Part, ...]:
    return tuple(part for item, where in _blocks(content, at) if (part := _part(item, where, losses)))


def _leaves(content: Json, at: str, losses: _Losses) -> tuple[Text | Image, ...]:
    return tuple(leaf for item, where in _blocks(content, at) if (leaf := _leaf(item, where, losses)))


def _blocks(content: Json, at: str) -> list[tuple[Json, str]]:
    """Each block with its path; a string is short for a single text."""
    if isinstance(content, str):
        return [({"type": "text", "text": content}, at)]
    if isinstance(content, list):
        return [(item, f"{at}[{n}]") for n, item in enumerate(content)]
    raise UnreadableError(f"{at}: expected a string or an array, found {j.name_of(content)}")


def _part(item: Json, at: str, losses: _Losses) -> Part | None:
    block = j.an_object(item, at=at)
    match block.get("type"):
        case "tool_use":
            # `caller` says whether a server tool made the call; the server tool's own blocks are refused already.
            losses.rest(block, "type id name input caller", at)
            id = j.a_string(block.get("id"), at=f"{at}.id")
            name = j.a_string(block.get("name"), at=f"{at}.name")
            return ToolUse(id, name, j.text(j.an_object(_given(block.get("input"), {}), at=f"{at}.input")))
        case "tool_result":
            losses.rest(block, "type tool_use_id content is_error", at)
            id = j.a_string(block.get("tool_use_id"), at=f"{at}.tool_use_id")
            content = _leaves(_given(block.get("content"), []), f"{at}.content", losses)
            return ToolResult(id, content, _flag(block, "is_error", at=f"{at}.is_error"))
        case _:
            return _leaf(item, at, losses)


def _leaf(item: Json, at: str, losses: _Losses) -> Text | Image | None:
    """A block that holds no others: all that a tool result may hold."""
    block = j.an_object(item, at=at)
    match j.a_string(block.get("type"), at=f"{at}.type"):
        case "text":
            losses.rest(block, "type text", at)
            return Text(j.a_string(block.get("text"), at=f"{at}.text"))
        case "image":
            losses.rest(block, "type source", at)
            return _image(block, f"{at}.source", losses)
        case "thinking" | "redacted_thinking" as kind:
            losses.drop("thinking", f"{at}: {kind}")
        case other:
            losses.refuse(f"{at}: {_word(other)}")
    return None


def _image(block: Mapping[str, Json], at: str, losses: _Losses) -> Image | None:
    source = j.an_object(block.get("source"), at=at)
    match j.a_string(source.get("type"), at=f"{at}.type"):
        case "base64":
            kind = j.a_string(source.get("media_type"), at=f"{at}.media_type")
            return InlineImage(kind, j.a_string(source.get("data"), at=f"{at}.data"))
        case "url":
            return LinkedImage(j.a_string(source.get("url"), at=f"{at}.url"))
        case other:
            losses.refuse(f"{at}: {_word(other)}")
            return None


def _tool(item: Json, at: str, losses: _Losses) -> ToolSpec | None:
    tool = j.an_object(item, at=at)
    kind = j.a_string(_given(tool.get("type"), "custom"), at=f"{at}.type")
    if kind != "custom":
        losses.refuse(f"{at}: {_word(kind)}")
        return None
    losses.rest(tool, "type name description input_schema", at)
    return ToolSpec(
        j.a_string(tool.get("name"), at=f"{at}.name"),
        j.a_string(_given(tool.get("description"), ""), at=f"{at}.description"),
        j.an_object(_given(tool.get("input_schema"), {}), at=f"{at}.input_schema"),
    )


def _tool_choice(value: Json, losses: _Losses) -> tuple[ToolChoice | None, bool | None]:
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
            return ToolChoice("required"), parallel
        case "none":
            return ToolChoice("none"), parallel
        case "tool":
            return ToolChoice("named", j.a_string(choice.get("name"), at="tool_choice.name")), parallel
        case other:
            losses.refuse(f"tool_choice: {_word(other)}")
            return None, parallel


def _stop(value: Json) -> tuple[str, ...]:
    items = j.an_array(_given(value, []), at="stop_sequences")
    return tuple(j.a_string(item, at=f"stop_sequences[{n}]") for n, item in enumerate(items))


def _user(value: Json, losses: _Losses) -> str | None:
    metadata = j.an_object(_given(value, {}), at="metadata")
    losses.rest(metadata, "user_id", "metadata")
    user = metadata.get("user_id")
    return None if user is None else j.a_string(user, at="metadata.user_id")


def _given(value: Json, default: Json) -> Json:
    """`null` says as little as a missing key."""
    return default if value is None else value


def _int(body: Mapping[str, Json], key: str) -> int | None:
    value = body.get(key)
    return None if value is None else j.an_int(value, at=key)


def _number(body: Mapping[str, Json], key: str) -> float | None:
    value = body.get(key)
    return None if value is None else j.a_number(value, at=key)


def _flag(body: Mapping[str, Json], key: str, *, at: str) -> bool:
    return j.a_bool(_given(body.get(key), False), at=at)


def _word(kind: str) -> str:
    """A type for a complaint; what does not look like one could be anything."""
    return kind if re.fullmatch(r"[a-z0-9_]{1,64}", kind) else "unknown type"
