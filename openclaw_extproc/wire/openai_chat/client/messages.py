"""OpenAI Chat Completions: the messages of a client's request, read. See `openai_chat` for the source.

Legacy functions (`role: function`, `function_call`) stay with OpenAI: a client that asks with them also wants to be
answered with them, one call at a time and without ids. The API has called them deprecated since 2023.

OpenAI Chat Completions: what a message holds, read and written. See `openai_chat` for the source.

Files stand in a message as a data URL with any media type, sounds as base64 with `wav` or `mp3`. What is stored at
OpenAI (`file_id`) no other provider can read. Texts in a file are written as text, because the API takes only PDF.

`cache_control` is no word of OpenAI's, but clients of gateways write it for Anthropic's models; its own word is
`prompt_cache_breakpoint`. Neither is written: OpenAI caches by itself.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    CachePoint,
    File,
    Image,
    InlineFile,
    InlineImage,
    Instruction,
    Leaf,
    LinkedFile,
    LinkedImage,
    Part,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire.openai.free_text import INPUT
from openclaw_extproc.wire.openai_chat.fields import CUSTOM, Losses, array, kind_of, left_behind, or_else, required_text
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.losses import MUST_CARRY
from openclaw_extproc.wire.translation.messages import file_as_text

# -- parts -----------------------------------------------------------------------------


_SOUNDS = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_FORMATS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}
_TTLS = ("5m", "1h")
_CACHING = ("prompt_cache_breakpoint", "cache_control")

_INLINE = re.compile(r"data:([^;,]++)(?:;(?!base64,)[^;,]*+)*+;base64,", re.IGNORECASE)
_LINK = re.compile(r"https?://", re.IGNORECASE)
_PDF = "JVBERi"
"""`%PDF-` as base64 begins with it: the reference shows `file_data` without a media type, too."""


# -- read -----------------------------------------------------------------


def content(value: Json, at: str, lost: Losses) -> Iterator[Leaf | CachePoint]:
    """An empty text says nothing, and Anthropic refuses it."""
    if isinstance(value, str):
        if value:
            yield Text(value)
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from _part(j.an_object(item, at=f"{at}[{n}]"), f"{at}[{n}]", lost)
    else:
        raise UnreadableError(f"{at}: expected a string or an array, found {j.name_of(value)}")


def _part(part: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Leaf | CachePoint]:
    key = j.a_string(part.get("type"), at=f"{at}.type")
    left_behind(part, {"type", key, *_CACHING}, at, lost)
    match key:
        case "text" | "refusal":
            if text := j.a_string(part.get(key), at=f"{at}.{key}"):
                yield Text(text)
        case "image_url":
            yield from _image(j.an_object(part.get(key), at=f"{at}.{key}"), f"{at}.{key}", lost)
        case "input_audio":
            yield from _sound(j.an_object(part.get(key), at=f"{at}.{key}"), f"{at}.{key}", lost)
        case "file":
            yield from _file(j.an_object(part.get(key), at=f"{at}.{key}"), f"{at}.{key}", lost)
        case _:
            lost.append(f"{MUST_CARRY}{at}: unknown type of part")
    for name in _CACHING:
        if part.get(name) is not None:
            yield _cache_point(j.an_object(part[name], at=f"{at}.{name}"))
            return


def _cache_point(said: Mapping[str, Json]) -> CachePoint:
    """OpenAI's own times (30m, 12h) are nobody else's: its usual one."""
    ttl = said.get("ttl")
    return CachePoint(ttl if isinstance(ttl, str) and ttl in _TTLS else "")


def _image(image: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Image]:
    url = j.a_string(image.get("url"), at=f"{at}.url")
    left_behind(image, {"url"} | ({"detail"} if image.get("detail") == "auto" else set()), at, lost)
    if (inline := _INLINE.match(url)) and url.isascii():
        yield InlineImage(inline[1], url[inline.end() :])
    elif _LINK.match(url):
        yield LinkedImage(url)
    else:
        lost.append(f"{MUST_CARRY}{at}.url: neither a link nor base64 data")


def _sound(sound: Mapping[str, Json], at: str, lost: Losses) -> Iterator[InlineFile]:
    format, data = (j.a_string(sound.get(name), at=f"{at}.{name}") for name in ("format", "data"))
    if format in _SOUNDS:
        yield InlineFile(_SOUNDS[format], data)
    else:
        lost.append(f"{MUST_CARRY}{at}.format: neither wav nor mp3")


def _file(file: Mapping[str, Json], at: str, lost: Losses) -> Iterator[InlineFile | InlineImage]:
    data, name = (j.a_string(or_else(file.get(key), ""), at=f"{at}.{key}") for key in ("file_data", "filename"))
    left_behind(file, {"file_data", "filename", "file_id"}, at, lost)
    if file.get("file_id") is not None:
        lost.append(f"{MUST_CARRY}{at}.file_id: a file at OpenAI")
    elif (inline := _INLINE.match(data)) and data.isascii():
        media_type, text = inline[1].lower(), data[inline.end() :]
        yield InlineImage(media_type, text) if media_type.startswith("image/") else InlineFile(media_type, text, name)
    elif data.startswith(_PDF):
        yield InlineFile("application/pdf", data, name)
    else:
        lost.append(f"{MUST_CARRY}{at}.file_data: no base64 data of a known type")


# -- written --------------------------------------------------------------


def encode_content(parts: list[Leaf]) -> Json:
    """A plain string where one will do: every compatible server reads it."""
    match parts:
        case []:
            return ""
        case [Text(text)]:
            return text
        case _:
            return [_encode_part(part) for part in parts]


def _encode_part(part: Leaf) -> Json:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case InlineImage(media_type, data):
            return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{data}"}}
        case LinkedImage(url):
            return {"type": "image_url", "image_url": {"url": url}}
        case InlineFile() | LinkedFile():
            return _written_file(part)


def is_file(file: InlineFile) -> bool:
    """Whether a message can hold it, besides what is text."""
    return file.media_type in _FORMATS or file.media_type == "application/pdf"


def _written_file(file: File) -> Json:
    if isinstance(file, InlineFile):
        kind, _, _ = file.media_type.partition("/")
        if kind == "text":
            return {"type": "text", "text": file_as_text(file).text}
        if kind == "audio" and file.media_type in _FORMATS:
            return {"type": "input_audio", "input_audio": {"data": file.base64, "format": _FORMATS[file.media_type]}}
        if file.media_type == "application/pdf":
            # The API asks for a name beside data.
            said: Json = {
                "filename": file.name or "document.pdf",
                "file_data": f"data:application/pdf;base64,{file.base64}",
            }
            return {"type": "file", "file": said}
    raise FaultError(FaultKind.UNSUPPORTED, f"the provider's format cannot carry a file of type {file.media_type}")


# -- history ---------------------------------------------------------------------------


REASONING = ("reasoning_content", "reasoning")
"""The fields in which compatible servers give a model's thoughts: DeepSeek and vLLM the first, OpenRouter and Groq the
second."""


@dataclass(slots=True)
class History:
    system: list[str] = field(default_factory=list[str])
    cache_system: CachePoint | None = None
    turns: list[Turn] = field(default_factory=list[Turn])
    _results: list[Part] = field(default_factory=list[Part])
    """The tool results that may go on with the next message."""

    def say(self, turn: Turn) -> None:
        """Add a turn that says something; results of one round of tools become one turn, as Anthropic demands."""
        if not turn.parts:
            return
        if _is_results(turn):
            self._results += turn.parts
        else:
            self.close()
            self.turns.append(turn)

    def instruct(self, parts: tuple[Part, ...]) -> None:
        """Add a system message amid the conversation."""
        self.close()
        if parts:
            self.turns.append(Turn("user", parts))

    def close(self) -> None:
        """Ends the current round of tool results. They are put together once: a round may have thousands of them."""
        if self._results:
            self.turns.append(Turn("user", tuple(self._results)))
            self._results = []

    @property
    def has_begun(self) -> bool:
        return bool(self.turns or self._results)


def messages(value: Json, lost: Losses) -> History:
    items = j.an_array(value, at="messages")
    if not items:
        raise UnreadableError("messages: expected at least one message")
    history = History()
    for n, item in enumerate(items):
        _message(j.an_object(item, at=f"messages[{n}]"), f"messages[{n}]", history, lost)
    history.close()
    return history


def _message(message: Mapping[str, Json], at: str, history: History, lost: Losses) -> None:
    match message.get("role"):
        case "system" | "developer":
            if history.has_begun:
                history.instruct(tuple(_instructions(message, at, lost)))
            else:
                _system(message, at, history, lost)
        case "user":
            left_behind(message, {"role", "content"}, at, lost)
            history.say(Turn("user", tuple(content(message.get("content"), f"{at}.content", lost))))
        case "assistant":
            history.say(Turn("assistant", _assistant(message, at, lost)))
        case "tool":
            history.say(Turn("user", tuple(_tool_result(message, at, lost))))
        case "function":
            lost.append(f"{MUST_CARRY}{at}: role function")
        case role:
            j.a_string(role, at=f"{at}.role")
            raise UnreadableError(
                f"{at}.role: unknown role (known: system, developer, user, assistant, tool, function)"
            )


def _is_results(turn: Turn) -> bool:
    return all(isinstance(part, ToolResult | CachePoint) for part in turn.parts)


def _system(message: Mapping[str, Json], at: str, history: History, lost: Losses) -> None:
    left_behind(message, {"role", "content"}, at, lost)
    for n, part in enumerate(content(message.get("content"), f"{at}.content", lost)):
        match part:
            case Text(text):
                history.system.append(text)
            case CachePoint():
                history.cache_system = part
            case _:
                lost.append(f"{MUST_CARRY}{at}.content[{n}]: more than text in a system message")


def _instructions(message: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Instruction | CachePoint]:
    left_behind(message, {"role", "content"}, at, lost)
    for n, part in enumerate(content(message.get("content"), f"{at}.content", lost)):
        match part:
            case Text(text):
                yield Instruction(text)
            case CachePoint():
                yield part
            case _:
                lost.append(f"{MUST_CARRY}{at}.content[{n}]: more than text in a system message")


def _assistant(message: Mapping[str, Json], at: str, lost: Losses) -> tuple[Part, ...]:
    """Thoughts come first: Anthropic wants the turn of a tool loop to begin with them."""
    left_behind(message, {"role", "content", "refusal", "tool_calls", "function_call", "audio", *REASONING}, at, lost)
    for alone in ("function_call", "audio"):
        if message.get(alone) is not None:
            lost.append(f"{MUST_CARRY}{at}.{alone}")
    said = tuple(_model_parts(message, at, lost))
    calls = tuple(_calls(message.get("tool_calls"), f"{at}.tool_calls", lost))
    first = next((n for n, part in enumerate(calls) if isinstance(part, ToolUse)), 0)
    thoughts = calls[:first] or tuple(_thoughts(message, at))
    return (*thoughts, *said, *calls[first:]) if said or calls else ()


def _model_parts(message: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Part]:
    if message.get("content") is not None:
        yield from content(message["content"], f"{at}.content", lost)
    if refusal := message.get("refusal"):
        yield Text(j.a_string(refusal, at=f"{at}.refusal"))


def _thoughts(message: Mapping[str, Json], at: str) -> Iterator[Thinking]:
    for name in REASONING:
        if thought := message.get(name):
            yield Thinking(j.a_string(thought, at=f"{at}.{name}"))
            return


def _calls(value: Json, at: str, lost: Losses) -> Iterator[Thinking | ToolUse]:
    for n, item in enumerate(array(value, at=at)):
        yield from _tool_use(j.an_object(item, at=f"{at}[{n}]"), f"{at}[{n}]", lost)


def _tool_use(call: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Thinking | ToolUse]:
    """A call, behind the thoughts that its id carries."""
    kind = kind_of(call, at, lost)
    if kind is None:
        return
    left_behind(call, {"id", "type", kind, "index"}, at, lost)
    called = j.an_object(call.get(kind), at=f"{at}.{kind}")
    given = j.a_string(or_else(called.get("input" if kind == CUSTOM else "arguments"), ""), at=f"{at}.{kind}")
    state = provider_state.state_of_call_id(j.a_string(call.get("id"), at=f"{at}.id"))
    yield from state.thoughts
    yield ToolUse(
        state.id,
        required_text(called.get("name"), at=f"{at}.{kind}.name"),
        j.text({INPUT: given}) if kind == CUSTOM else given,
        state.sealed,
    )


def _tool_result(message: Mapping[str, Json], at: str, lost: Losses) -> Iterator[ToolResult | CachePoint]:
    left_behind(message, {"role", "content", "tool_call_id", "name"}, at, lost)
    parts = tuple(content(message.get("content"), f"{at}.content", lost))
    id = provider_state.result_of(j.a_string(message.get("tool_call_id"), at=f"{at}.tool_call_id"))
    yield ToolResult(id, tuple(part for part in parts if not isinstance(part, CachePoint)))
    yield from (part for part in parts[-1:] if isinstance(part, CachePoint))
