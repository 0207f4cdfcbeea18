"""Gemini: the client's request, read and edited. See the package for the source.

What only Gemini can carry is no error here, because most requests go on to a provider of the same format (see
`losses`).

Gemini: a stream without `alt=sse`, one JSON array, on its way to a client of the same format.

Elements go on whole. Cut in the middle, the array gets its error as the last element and is closed: a client that
reads it at its end and one that reads it as it grows both find the error.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from openclaw_extproc.faults import Fault
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.gemini import api, streams, thinking, tools
from openclaw_extproc.wire.gemini.api import Losses, fields, whole
from openclaw_extproc.wire.gemini.client import contents
from openclaw_extproc.wire.gemini.client.edits import spelling as written_as
from openclaw_extproc.wire.gemini.errors import encode_stream_error, error
from openclaw_extproc.wire.streams.chunks import EventPieces, Pieces

# -- requests --------------------------------------------------------------------------


ALT = "alt"
"""The query parameter that turns a stream from a JSON array into server-sent events: an extra our encoder reads."""

_KNOWN_FIELDS = frozenset(
    {"model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "cachedContent", ALT}
)
_CONFIG = "generationConfig"
_LIMIT = "maxOutputTokens"
_KNOWN_CONFIG = tools.KNOWN_FIELDS | {
    *(_LIMIT, "temperature", "topP", "topK", "stopSequences", "thinkingConfig", "seed"),
    *("frequencyPenalty", "presencePenalty"),
}


def decode_request(asked: ClientRequest) -> Chat:
    model, method = api.read(asked.path)
    return chat_of(asked.body, model, stream=method == api.STREAM, more=_alt(asked.query))


def chat_of(given: Mapping[str, Json], model: str, *, stream: bool, more: Mapping[str, Json]) -> Chat:
    """`more`: what our encoder wants to know."""
    body, losses = fields(dict(given), at="request"), Losses()
    config = fields(body.get(_CONFIG), at=_CONFIG)
    stops = j.an_array(config.get("stopSequences", []), at=f"{_CONFIG}.stopSequences")
    turns = contents.turns(body.get("contents"), losses)
    declared = tuple(tools.specs(body.get("tools"), losses))
    offered, choice = tools.choose_tools(declared, body.get("toolConfig"), losses, declared=bool(body.get("tools")))
    _note_unsupported(body, config, losses)
    return Chat(
        model=model,
        turns=turns,
        system=tuple(contents.system(body.get("systemInstruction"), losses)),
        tools=offered,
        tool_choice=choice,
        max_output_tokens=whole(config.get(_LIMIT), at=f"{_CONFIG}.{_LIMIT}"),
        temperature=_number(config, "temperature"),
        top_p=_number(config, "topP"),
        top_k=whole(config.get("topK"), at=f"{_CONFIG}.topK"),
        stop=tuple(j.a_string(stop, at=f"{_CONFIG}.stopSequences[{n}]") for n, stop in enumerate(stops)),
        frequency_penalty=_number(config, "frequencyPenalty"),
        presence_penalty=_number(config, "presencePenalty"),
        seed=whole(config.get("seed"), at=f"{_CONFIG}.seed"),
        output=tools.read(config, losses, at=_CONFIG),
        stream=stream,
        reasoning=thinking.read_thinking(config.get("thinkingConfig"), at=f"{_CONFIG}.thinkingConfig"),
        extras={**j.without(body, _KNOWN_FIELDS), **_extra_config(config), **more},
        losses=losses.all(),
    )


def wants_events(chat: Chat) -> bool:
    """Whether the client asked for its stream as server-sent events, as Google's SDKs do."""
    return chat.extras.get(ALT) == "sse"


def _note_unsupported(body: Mapping[str, Json], config: Mapping[str, Json], losses: Losses) -> None:
    if body.get("cachedContent"):
        losses.refuse("cachedContent")
    if (whole(config.get("candidateCount"), at=f"{_CONFIG}.candidateCount") or 1) > 1:
        losses.refuse(f"{_CONFIG}.candidateCount: more than one answer")
    if not _only_text(config.get("responseModalities")):
        losses.refuse(f"{_CONFIG}.responseModalities: more than text")


def _extra_config(config: Mapping[str, Json]) -> dict[str, Json]:
    """What else is configured, but for what says nothing new."""
    usual = {
        "candidateCount": config.get("candidateCount") == 1,
        "responseModalities": _only_text(config.get("responseModalities")),
        "responseLogprobs": config.get("responseLogprobs") is False,
    }
    return {
        f"{_CONFIG}.{key}": value
        for key, value in config.items()
        if key not in _KNOWN_CONFIG and not usual.get(key, False)
    }


def _only_text(modalities: Json) -> bool:
    return not isinstance(modalities, list) or all(modality == "TEXT" for modality in modalities)


def _alt(query: str) -> dict[str, Json]:
    given = [value for key, value in parse_qsl(query) if key == ALT]
    return {ALT: given[-1]} if given else {}


def _number(config: Mapping[str, Json], key: str) -> float | None:
    value = config.get(key)
    return None if value is None else j.a_number(value, at=f"{_CONFIG}.{key}")


def edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    """The model stands in the path, so the body changes only where a cap bites, and where the state of another provider
    has to go.
    """
    _, method = api.read(asked.path)
    key_of_config = written_as(asked.body, _CONFIG)
    config = {} if asked.body.get(key_of_config) is None else j.an_object(asked.body[key_of_config], at=_CONFIG)
    key = written_as(config, _LIMIT)
    given = whole(config.get(key), at=f"{_CONFIG}.{_LIMIT}")
    limit = change.limit(given)
    raw = asked.raw if limit == given else j.patch(asked.raw, {key_of_config: {**config, key: limit}})
    return EncodedRequest(api.write(change.model, method), thinking.without_signature(raw))


# -- chunks ----------------------------------------------------------------------------


def pieces(chat: Chat) -> Pieces:
    return EventPieces(encode_stream_error) if wants_events(chat) else ArrayPieces()


def unlike(chat: Chat, beginning: bytes) -> str | None:
    """Whether one object came where an array was asked for, or the other way: both are `application/json`."""
    match beginning.lstrip()[:1]:
        case b"":
            return None
        case b"{" if chat.stream:
            return "one object"
        case b"[" if not chat.stream:
            return "an array"
        case _:
            return ""


class ArrayPieces:
    def __init__(self) -> None:
        self._reader = streams.Reader()
        self._waiting: list[bytes] = []
        """The bytes behind the last whole element: what stands between two of them, and the beginning of the next."""
        self._has_begun = False

    def feed(self, chunk: bytes, *, end: bool) -> bytes:
        cut = self._reader.last_end(chunk)
        if not cut and not end:
            self._waiting.append(chunk)
            return b""
        self._has_begun = True
        whole = b"".join((*self._waiting, chunk if end else chunk[:cut]))
        self._waiting = [] if end else [chunk[cut:]]
        return whole

    def break_off(self, fault: Fault) -> bytes:
        self._waiting = []
        return (b"," if self._has_begun else b"[") + j.dump(error(fault)) + b"]"
