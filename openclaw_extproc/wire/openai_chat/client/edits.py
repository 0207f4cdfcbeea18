"""OpenAI Chat Completions: a request for a provider of the same format, edited. See `openai_chat` for the source.

Streams are asked to say their usage, which we count; `trimming` takes it out again where the client did not ask.

OpenAI Chat Completions: the messages of a request as pieces. See `wire/conversation`.

OpenAI Chat Completions: what an operator adds to a client's request. See `openai_chat` for the source.
"""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, Injection, UpstreamEdit
from openclaw_extproc.wire.conversation import Conversation, Piece
from openclaw_extproc.wire.edits import a_text, around, merge_contents, part_list, texts_and_files
from openclaw_extproc.wire.openai.api import with_instructions, with_temperature
from openclaw_extproc.wire.openai_chat.client.messages import REASONING
from openclaw_extproc.wire.openai_chat.client.requests import LIMITS
from openclaw_extproc.wire.openai_chat.provider.upstream import PATH
from openclaw_extproc.wire.openai_chat.server_quirks import fit_to_server

# -- edits -----------------------------------------------------------------------------


def edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    losses: list[str] = []
    wanted = {**asked.body, "model": change.model, **_with_cap(asked.body, change), **_with_usage(asked.body)}
    body = fit_to_server(wanted, change, losses)
    changes = {key: value for key, value in body.items() if key not in asked.body or value is not asked.body[key]}
    if changes.get("model") == asked.body.get("model"):
        changes.pop("model", None)
    removed = asked.body.keys() - body.keys()
    return EncodedRequest(PATH, j.patch(asked.raw, changes, remove=removed), tuple(losses))


def _with_cap(body: dict[str, Json], change: UpstreamEdit) -> dict[str, Json]:
    limits = {name: j.an_int(body[name], at=name) for name in LIMITS if body.get(name) is not None}
    if not limits and change.cap is not None:
        return {LIMITS[0]: change.cap}
    return {name: change.limit(asked) for name, asked in limits.items() if change.limit(asked) != asked}


def _with_usage(body: dict[str, Json]) -> dict[str, Json]:
    if body.get("stream") is not True:
        return {}
    options = body.get("stream_options")
    said = options if isinstance(options, dict) else {}
    return {} if said.get("include_usage") is True else {"stream_options": {**said, "include_usage": True}}


# -- conversation ----------------------------------------------------------------------


_MARKS = ("cache_control", "prompt_cache_breakpoint")
_FUNCTION = "function:"
"""The prefix that makes an id from the name of a legacy function, which has none."""


def piece(message: Json) -> Piece:
    if not isinstance(message, dict):
        return Piece("fixed")
    parts = part_list(message.get("content"), "text")
    texts, files = texts_and_files(parts, _text)
    marked = any(isinstance(part, dict) and part.get(mark) for part in parts for mark in _MARKS)
    match message.get("role"):
        case "user":
            return Piece("user", texts, files, marked=marked)
        case "assistant":
            return _of_model(message, texts, files, marked=marked)
        case "tool":
            return Piece("results", texts, files, answers=frozenset([a_text(message.get("tool_call_id"))]))
        case "function":
            return Piece("results", texts, files, answers=frozenset([_FUNCTION + a_text(message.get("name"))]))
        case _:
            return Piece("fixed", texts, files)


def _of_model(message: dict[str, Json], texts: tuple[str, ...], files: int, *, marked: bool) -> Piece:
    value = message.get("tool_calls")
    calls = [call for call in value if isinstance(call, dict)] if isinstance(value, list) else []
    ids = [a_text(call.get("id")) for call in calls]
    more = [j.text(call) for call in calls]
    if isinstance(legacy := message.get("function_call"), dict):
        ids.append(_FUNCTION + a_text(legacy.get("name")))
        more.append(j.text(legacy))
    thoughts = [a_text(message.get(key)) for key in (*REASONING, "refusal")]
    return Piece("model", (*texts, *thoughts, *more), files, frozenset(ids), marked=marked)


def _text(part: dict[str, Json]) -> str | None:
    text = part.get("text", part.get("refusal"))
    return text if isinstance(text, str) else None


CONVERSATION = Conversation("messages", piece, around("text"), merge_contents("text"))


# -- injection -------------------------------------------------------------------------


def inject(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:  # noqa: ARG001  # the shape of all
    changes = wanted.changes
    amended = with_temperature(body, wanted)
    if not (changes.preamble or changes.style):
        return amended
    messages = j.an_array(body.get("messages"), at="messages")
    return {**amended, "messages": with_instructions(messages, changes.preamble, changes.style, "text")}
