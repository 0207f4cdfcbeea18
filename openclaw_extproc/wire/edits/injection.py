"""What an operator adds to requests on their way to one target: what the formats have in common.

A request that stays in its format is amended in the client's own JSON (`ClientSide.amend`), any other as a `Chat`.
"""

from collections.abc import Mapping
from dataclasses import replace

from openclaw_extproc.gateway import Changes
from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import ClientRequest

HOTTEST = 2.0
"""OpenAI and Gemini count temperatures from 0 to 2. Anthropic's end at 1, which its own encoder sees to."""
BLANK_LINE = "\n\n"
"""The separator of two texts that become one."""


def with_changes(chat: Chat, changes: Changes) -> Chat:
    """The limit of the answer is not among it: `UpstreamEdit.cap` has that, translated or not."""
    before, after = ((text,) if text else () for text in (changes.preamble, changes.style))
    wanted = chat.temperature if changes.temperature is None else within(changes.temperature, HOTTEST)
    return replace(chat, system=(*before, *chat.system, *after), temperature=wanted)


def within(temperature: float, hottest: float) -> float:
    return min(max(temperature, 0), hottest)


def join_texts(*texts: str) -> str:
    return BLANK_LINE.join(text for text in texts if text)


def content_around(content: Json, before: str, after: str, kind: str) -> Json:
    """A message's content, a string or a list of parts, with more text at its ends. `kind`: the type of a text part."""
    if not isinstance(content, list):
        return join_texts(before, content if isinstance(content, str) else "", after)
    first, last = ([part(text, kind)] if text else [] for text in (before, after))
    return [*first, *content, *last]


def part(text: str, kind: str) -> Json:
    return {"type": kind, "text": text}


def with_fields(asked: ClientRequest, body: Mapping[str, Json]) -> ClientRequest:
    """The request with these fields; of a field that is the very same value not a byte changes."""
    changes = {key: value for key, value in body.items() if key not in asked.body or value is not asked.body[key]}
    removed = asked.body.keys() - body.keys()
    if not changes and not removed:
        return asked
    return replace(asked, raw=j.patch(asked.raw, changes, remove=removed), body=dict(body))
