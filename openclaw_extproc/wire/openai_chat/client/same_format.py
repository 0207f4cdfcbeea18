"""OpenAI Chat Completions: a stream freed of the usage that only we asked for. See `openai_chat` for the source.

With `include_usage` OpenAI sends one more chunk, which has usage and no choices, and `"usage": null` in all others.
Servers that send usage with the last content anyway (OpenRouter, Mistral, vLLM if told so) keep that chunk as it is.
What this file cannot read passes as it came.

OpenAI Chat Completions: tool calls of a stream, told apart where a server numbers all of them 0.

As in `provider.blocks`: a name with another id begins another call, whatever its index.
"""

import re

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.base import ByteTransform
from openclaw_extproc.wire.openai_chat.client.requests import wants_usage
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.renumbering import ChainedTransform, Renumbering

# -- usage filter ----------------------------------------------------------------------


_LINE_END = rb"(?:\r\n|\n|\r(?=[^\n]))"
_EVENT_END = re.compile(_LINE_END + _LINE_END)
"""A CR that is the last byte so far may yet become CRLF, so it ends nothing."""
_DATA = re.compile(rb"(?:\A|(?<=[\r\n]))data:[ ]?([^\r\n]*)")


def trim_usage(chat: Chat) -> ByteTransform | None:
    return Trimming() if chat.stream and not wants_usage(chat) else None


_NULL = b',"usage":null}'
_EVENT_WITH_NULL = _NULL + b"\n\n"
_END_WITHOUT_USAGE = b"}\n\n"


def _without_null_usage(events: bytes) -> bytes | None:
    """Whole events without the `"usage":null` at their ends; `None` where there is more of usage in them, or where they
    may be of another form than one line of data each.

    The quote before `usage` is not escaped, so it begins a name; a brace right before the end of a line closes the
    outermost object of that line.
    """
    nulls = events.count(_EVENT_WITH_NULL)
    if events.count(b'"usage"') != nulls:
        return None
    if not nulls:
        return events
    count = events.count(b"\n\n")
    if events.count(b"\n") != 2 * count or events.count(b"\n\ndata:") + events.startswith(b"data:") != count:
        return None
    return None if b"\r" in events else events.replace(_EVENT_WITH_NULL, _END_WITHOUT_USAGE)


class Trimming:
    def __init__(self) -> None:
        self._waiting = bytearray()
        self._searched = 0

    def feed(self, chunk: bytes) -> bytes:
        if not self._waiting and chunk.endswith(b"\n\n") and (freed := _without_null_usage(chunk)) is not None:
            return freed
        self._waiting += chunk
        passed: list[bytes] = []
        while found := _EVENT_END.search(self._waiting, self._searched):
            passed.append(_trim_event(bytes(self._waiting[: found.end()])))
            del self._waiting[: found.end()]
            self._searched = 0
        self._searched = max(0, len(self._waiting) - 4)
        if len(self._waiting) > sse.MAX_EVENT_BYTES:
            passed.append(self.end())
        return b"".join(passed)

    def end(self) -> bytes:
        """An event without its empty line is none for a client, and passes; a last CR ends it now."""
        rest = bytes(self._waiting)
        self._waiting.clear()
        self._searched = 0
        return _trim_event(rest) if _EVENT_END.search(rest + b" ") else rest


def _trim_event(event: bytes) -> bytes:
    if (freed := _without_null_usage(event)) is not None:
        return freed
    data = list(_DATA.finditer(event))
    if len(data) != 1:
        return event
    (line,) = data
    try:
        body = j.parse(line[1], where="chunk")
    except UnreadableError:
        return event
    if body.get("choices") == [] and isinstance(body.get("usage"), dict) and "error" not in body:
        return b""
    if "usage" in body and body["usage"] is None:
        return event[: line.start(1)] + j.patch(line[1], {}, remove=("usage",)) + event[line.end(1) :]
    return event


# -- call numbers ----------------------------------------------------------------------


def trim(chat: Chat) -> ByteTransform | None:
    """Takes out usage that nobody asked for, and numbers calls."""
    usage = trim_usage(chat)
    if not (chat.stream and chat.tools):
        return usage
    calls = Renumbering(CallNumbers())
    return calls if usage is None else ChainedTransform(calls, usage)


class CallNumbers:
    mark = b'"tool_calls"'

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int], tuple[str, int]] = {}
        """The id and the number of the latest call, by choice and by index as it came."""
        self._next: dict[int, int] = {}

    def renumber(self, event: dict[str, Json]) -> bool:
        changed = False
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            delta = choice.get("delta") if isinstance(choice, dict) else None
            calls = delta.get("tool_calls") if isinstance(delta, dict) else None
            place = choice.get("index") if isinstance(choice, dict) else 0
            for call in calls if isinstance(calls, list) else ():
                if isinstance(call, dict):
                    changed |= self._call(call, place if isinstance(place, int) else 0)
        return changed

    def _call(self, call: dict[str, Json], choice: int) -> bool:
        index, id, function = call.get("index"), call.get("id"), call.get("function")
        if not isinstance(index, int):
            return False
        is_named = isinstance(function, dict) and bool(function.get("name"))
        known = self._numbers.get((choice, index))
        if known is None or (isinstance(id, str) and id and is_named and id != known[0]):
            following = self._next.get(choice, 0)
            known = (id if isinstance(id, str) else "", max(index, following))
            self._next[choice] = known[1] + 1
            self._numbers[choice, index] = known
        call["index"] = known[1]
        return known[1] != index
