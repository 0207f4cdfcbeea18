"""OpenAI Chat Completions: the client's request, read. See `openai_chat` for the source and what is left out.

What only OpenAI's own format can carry is no error here, because most requests go on to a provider of the same format:
it is noted in `Chat.losses` with `MUST_CARRY` before it, and refused by the other format's `encode_request`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

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
from openclaw_extproc.wire.base import Asked
from openclaw_extproc.wire.efforts import word
from openclaw_extproc.wire.losses import MUST_CARRY

LIMITS = ("max_completion_tokens", "max_tokens")
"""The names of the output limit, the current one first."""

_KNOWN = frozenset(
    {"model", "messages", "tools", "tool_choice", "parallel_tool_calls", *LIMITS, "temperature", "top_p", "stop"}
    | {"user", "stream", "n", "functions", "function_call"}
)

Losses: TypeAlias = list[str]
"""Collects what has to stay behind while one request is read."""


def decode_request(asked: Asked) -> Chat:
    body = asked.body
    lost: Losses = []
    limits = [limit for limit in (_int(body, name) for name in LIMITS) if limit is not None]
    system, turns = _messages(body.get("messages"), lost)
    _note_unsupported(body, lost)
    _check_stream_options(body.get("stream_options"))
    return Chat(
        model=_filled(body.get("model"), at="model"),
        turns=turns,
        system=system,
        tools=tuple(_tools(body.get("tools"), lost)),
        tool_choice=_tool_choice(body.get("tool_choice"), lost),
        parallel_tool_calls=_bool(body, "parallel_tool_calls"),
        max_output_tokens=limits[0] if limits else None,
        temperature=_number(body, "temperature"),
        top_p=_number(body, "top_p"),
        stop=_stop(body.get("stop")),
        user=None if body.get("user") is None else j.a_string(body["user"], at="user"),
        stream=_bool(body, "stream") is True,
        reasoning=_reasoning(body.get("reasoning_effort")),
        extras=j.without(body, _KNOWN),
        losses=tuple(lost),
    )


def _reasoning(effort: Json) -> Reasoning | None:
    """A word that we do not know is for OpenAI to judge."""
    known = word(effort)
    return None if known is None else Reasoning(known)


def _messages(value: Json, lost: Losses) -> tuple[tuple[str, ...], tuple[Turn, ...]]:
    items = j.an_array(value, at="messages")
    if not items:
        raise UnreadableError("messages: expected at least one message")
    system: list[str] = []
    turns: list[Turn] = []
    for n, item in enumerate(items):
        at = f"messages[{n}]"
        message = j.an_object(item, at=at)
        match message.get("role"):
            case "system" | "developer":
                system += _system(message, at, lost)
                if turns:
                    lost.append(f"{at}: its place after other messages")
            case "user":
                _left_behind(message, {"role", "content"}, at, lost)
                _append(turns, Turn("user", tuple(_content(message.get("content"), f"{at}.content", lost))))
            case "assistant":
                _append(turns, Turn("assistant", tuple(_assistant(message, at, lost))))
            case "tool":
                _append(turns, Turn("user", (_tool_result(message, at, lost),)))
            case "function":
                lost.append(f"{MUST_CARRY}{at}: role function")
            case role:
                j.a_string(role, at=f"{at}.role")
                raise UnreadableError(
                    f"{at}.role: unknown role (known: system, developer, user, assistant, tool, function)"
                )
    return tuple(system), tuple(turns)


def _append(turns: list[Turn], turn: Turn) -> None:
    """Add a turn that says something; results of one round of tools become one turn, as Anthropic demands."""
    if _is_results(turn) and turns and _is_results(turns[-1]):
        turns[-1] = Turn("user", turns[-1].parts + turn.parts)
    elif turn.parts:
        turns.append(turn)


def _is_results(turn: Turn) -> bool:
    return bool(turn.parts) and all(isinstance(part, ToolResult) for part in turn.parts)


def _system(message: Mapping[str, Json], at: str, lost: Losses) -> Iterator[str]:
    _left_behind(message, {"role", "content"}, at, lost)
    for n, part in enumerate(_content(message.get("content"), f"{at}.content", lost)):
        if isinstance(part, Text):
            yield part.text
        else:
            lost.append(f"{MUST_CARRY}{at}.content[{n}]: image in a system message")


def _assistant(message: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Part]:
    _left_behind(message, {"role", "content", "refusal", "tool_calls", "function_call", "audio"}, at, lost)
    for legacy in ("function_call", "audio"):
        if message.get(legacy) is not None:
            lost.append(f"{MUST_CARRY}{at}.{legacy}")
    if message.get("content") is not None:
        yield from _content(message["content"], f"{at}.content", lost)
    if refusal := message.get("refusal"):
        yield Text(j.a_string(refusal, at=f"{at}.refusal"))
    for n, item in enumerate(_array_or_none(message.get("tool_calls"), at=f"{at}.tool_calls")):
        yield from _tool_use(item, f"{at}.tool_calls[{n}]", lost)


def _tool_use(item: Json, at: str, lost: Losses) -> Iterator[ToolUse]:
    call = j.an_object(item, at=at)
    if not _is_function(call, at, lost):
        return
    function = j.an_object(call.get("function"), at=f"{at}.function")
    _left_behind(call, {"id", "type", "function", "index"}, at, lost)
    yield ToolUse(
        j.a_string(call.get("id"), at=f"{at}.id"),
        _filled(function.get("name"), at=f"{at}.function.name"),
        j.a_string(_or(function.get("arguments"), ""), at=f"{at}.function.arguments"),
    )


def _tool_result(message: Mapping[str, Json], at: str, lost: Losses) -> ToolResult:
    _left_behind(message, {"role", "content", "tool_call_id", "name"}, at, lost)
    return ToolResult(
        j.a_string(message.get("tool_call_id"), at=f"{at}.tool_call_id"),
        tuple(_content(message.get("content"), f"{at}.content", lost)),
    )


def _content(content: Json, at: str, lost: Losses) -> Iterator[Text | Image]:
    """Text and images; an empty text says nothing, and Anthropic refuses it."""
    if isinstance(content, str):
        if content:
            yield Text(content)
    elif isinstance(content, list):
        for n, item in enumerate(content):
            yield from _part(item, f"{at}[{n}]", lost)
    else:
        raise UnreadableError(f"{at}: expected a string or an array, found {j.name_of(content)}")


def _part(item: Json, at: str, lost: Losses) -> Iterator[Text | Image]:
    part = j.an_object(item, at=at)
    match j.a_string(part.get("type"), at=f"{at}.type"):
        case ("text" | "refusal") as key:
            _left_behind(part, {"type", key}, at, lost)
            if text := j.a_string(part.get(key), at=f"{at}.{key}"):
                yield Text(text)
        case "image_url":
            _left_behind(part, {"type", "image_url"}, at, lost)
            yield from _image(j.an_object(part.get("image_url"), at=f"{at}.image_url"), f"{at}.image_url", lost)
        case ("input_audio" | "file") as name:
            lost.append(f"{MUST_CARRY}{at}: {name}")
        case _:
            lost.append(f"{MUST_CARRY}{at}: unknown type of part")


_INLINE = re.compile(r"data:([^;,]+)(?:;[^;,]*)*;base64,", re.IGNORECASE)
_LINK = re.compile(r"https?://", re.IGNORECASE)


def _image(image: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Image]:
    url = j.a_string(image.get("url"), at=f"{at}.url")
    _left_behind(image, {"url"} | ({"detail"} if image.get("detail") == "auto" else set()), at, lost)
    if inline := _INLINE.match(url):
        yield InlineImage(inline[1], url[inline.end() :])
    elif _LINK.match(url):
        yield LinkedImage(url)
    else:
        lost.append(f"{MUST_CARRY}{at}.url: neither a link nor base64 data")


def _tools(value: Json, lost: Losses) -> Iterator[ToolSpec]:
    for n, item in enumerate(_array_or_none(value, at="tools")):
        at = f"tools[{n}]"
        tool = j.an_object(item, at=at)
        if not _is_function(tool, at, lost):
            continue
        function = j.an_object(tool.get("function"), at=f"{at}.function")
        _left_behind(tool, {"type", "function"}, at, lost)
        strict = {"strict"} if function.get("strict") is False else set[str]()
        _left_behind(function, {"name", "description", "parameters"} | strict, f"{at}.function", lost)
        yield ToolSpec(
            _filled(function.get("name"), at=f"{at}.function.name"),
            j.a_string(_or(function.get("description"), ""), at=f"{at}.function.description"),
            j.an_object(_or(function.get("parameters"), {}), at=f"{at}.function.parameters"),
        )


def _tool_choice(choice: Json, lost: Losses) -> ToolChoice | None:
    match choice:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(choice)
        case str():
            raise UnreadableError("tool_choice: unknown choice (known: auto, none, required)")
        case _:
            named = j.an_object(choice, at="tool_choice")
            if not _is_function(named, "tool_choice", lost):
                return None
            function = j.an_object(named.get("function"), at="tool_choice.function")
            return ToolChoice("named", _filled(function.get("name"), at="tool_choice.function.name"))


def _is_function(typed: Mapping[str, Json], at: str, lost: Losses) -> bool:
    """Whether a tool, a call or a choice is about a function; other types are for OpenAI alone."""
    match j.a_string(_or(typed.get("type"), "function"), at=f"{at}.type"):
        case "function":
            return True
        case ("custom" | "allowed_tools") as known:
            lost.append(f"{MUST_CARRY}{at}: {known}")
        case _:
            lost.append(f"{MUST_CARRY}{at}: unknown type")
    return False


def _note_unsupported(body: Mapping[str, Json], lost: Losses) -> None:
    if (_int(body, "n") or 1) > 1:
        lost.append(f"{MUST_CARRY}n: more than one answer")
    if "audio" in _array_or_none(body.get("modalities"), at="modalities"):
        lost.append(f"{MUST_CARRY}modalities: audio")
    lost.extend(f"{MUST_CARRY}{name}: legacy" for name in ("functions", "function_call") if body.get(name) is not None)


def _check_stream_options(value: Json) -> None:
    """They are an extra, but our encoder reads them."""
    if value is not None:
        options = j.an_object(value, at="stream_options")
        _bool(options, "include_usage", within="stream_options.")


def wants_usage(chat: Chat) -> bool:
    """Whether the client asked for a usage chunk at the end of the stream."""
    options = chat.extras.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _stop(value: Json) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(j.a_string(item, at=f"stop[{n}]") for n, item in enumerate(_array_or_none(value, at="stop")))


def _left_behind(given: Mapping[str, Json], known: set[str], at: str, lost: Losses) -> None:
    """Note what is not known; an empty value says nothing (SDKs dump `"annotations": []`)."""
    lost.extend(f"{at}.{key}" for key, value in given.items() if key not in known and value not in (None, "", []))


def _filled(value: Json, *, at: str) -> str:
    if text := j.a_string(value, at=at):
        return text
    raise UnreadableError(f"{at}: expected a name, found an empty string")


def _or(value: Json, otherwise: Json) -> Json:
    return otherwise if value is None else value


def _array_or_none(value: Json, *, at: str) -> list[Json]:
    return [] if value is None else j.an_array(value, at=at)


def _int(body: Mapping[str, Json], name: str) -> int | None:
    value = body.get(name)
    return None if value is None else j.an_int(value, at=name)


def _number(body: Mapping[str, Json], name: str) -> float | None:
    value = body.get(name)
    return None if value is None else j.a_number(value, at=name)


def _bool(body: Mapping[str, Json], name: str, within: str = "") -> bool | None:
    value = body.get(name)
    return None if value is None else j.a_bool(value, at=within + name)
