"""Changes of a request in its own format: conversations made shorter, texts and settings that an operator adds.

What an operator adds to requests on their way to one target: what the formats have in common.

A request that stays in its format is amended in the client's own JSON (`ClientSide.amend`), any other as a `Chat`.

Leaves entries of a conversation out, in the JSON that its client wrote.

What is kept is kept as it is, provider state included; only two entries of the user that come to stand side by side
become one, because not every API takes two in a row.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from openclaw_extproc.gateway import Changes
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.base import ClientRequest
from openclaw_extproc.wire.conversation import Conversation, Kind

# -- injection -------------------------------------------------------------------------


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


# -- messages --------------------------------------------------------------------------


def shorten(conversation: Conversation, body: dict[str, Json], left_out: Collection[int], note: str) -> dict[str, Json]:
    """The body without these entries; the note stands where the first of them were, in words of the user."""
    entries = j.an_array(body.get(conversation.key), at=conversation.key)
    kinds: list[Kind] = [conversation.piece(entry).kind for entry in entries]
    kept = [n for n in range(len(entries)) if n not in left_out]
    noted = _note_carrier(kept, kinds, min(left_out))
    written: list[Json] = []
    for before, n in pairwise([-1, *kept]):
        entry, gap = entries[n], n - before > 1
        if n == noted:
            entry = conversation.around(entry, *((note, "") if gap else ("", note)))
        if gap and before >= 0 and kinds[before] == kinds[n] == "user":
            written[-1] = conversation.merged(written[-1], entry)
        else:
            written.append(entry)
    return {**body, conversation.key: written}


def _note_carrier(kept: Sequence[int], kinds: Sequence[Kind], gap: int) -> int | None:
    """The user's entry that carries the note: right behind the gap, or else the last one before it."""
    behind = next((n for n in kept if n > gap and kinds[n] != "fixed"), None)
    if behind is not None and kinds[behind] == "user":
        return behind
    users = [n for n in kept if kinds[n] == "user"]
    return next((n for n in reversed(users) if n < gap), users[0] if users else None)


# -- what formats have in common ----------------------------------------------------------


def part_list(content: Json, kind: str) -> list[Json]:
    """A content as parts; a string is one. `kind`: the type of a text part."""
    if isinstance(content, str):
        return [{"type": kind, "text": content}] if content else []
    return content if isinstance(content, list) else []


def around(kind: str) -> Callable[[Json, str, str], Json]:
    def with_text(entry: Json, before: str, after: str) -> Json:
        if not isinstance(entry, dict):
            return entry
        return {**entry, "content": content_around(entry.get("content"), before, after, kind)}

    return with_text


def merge_contents(kind: str) -> Callable[[Json, Json], Json]:
    def as_one(first: Json, second: Json) -> Json:
        if not isinstance(first, dict) or not isinstance(second, dict):
            return second
        one, other = first.get("content"), second.get("content")
        if isinstance(one, str) and isinstance(other, str):
            return {**second, "content": join_texts(one, other)}
        return {**second, "content": [*part_list(one, kind), *part_list(other, kind)]}

    return as_one


def texts_and_files(
    parts: Iterable[Json], text: Callable[[dict[str, Json]], str | None]
) -> tuple[tuple[str, ...], int]:
    """The texts of some parts, and how many of them are files. `text`: of one part; `None`: it is a file."""
    found = [text(part) for part in parts if isinstance(part, dict)]
    return tuple(one for one in found if one), found.count(None)


def a_text(value: Json) -> str:
    return value if isinstance(value, str) else ""
