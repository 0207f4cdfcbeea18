"""OpenAI Responses: the answer as an object, written. See `openai_responses` for the source.

It repeats what was asked for, as the API does, except the instructions: they are not told apart from developer
messages here, and would travel three times per stream.

OpenAI Responses: how a stream that has begun tells of a failure. See `openai_responses` for the source.

The reference has `code` and `message` in the error event itself, the API puts them into `error` (seen in public issues:
openai-dotnet 881, Effect 7262), and the official SDKs raise for the latter only. So ours has both. Codex reads neither,
but `response.failed_response`, and the code in it.

OpenAI Responses: items of a stream, told apart where a server numbers all of them 0.

Every event names its item by `output_index`, and most by the item's id too; an item that is added with another id and
the same number gets the next one, and so do its events.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Started, Stop, Usage
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, ToolSpec
from openclaw_extproc.wire.base import ByteTransform
from openclaw_extproc.wire.openai.errors import error_of
from openclaw_extproc.wire.openai_responses.provider.upstream import choice, text_format, tool
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.renumbering import Renumbering
from openclaw_extproc.wire.translation import efforts

# -- response --------------------------------------------------------------------------


_REASONS = {Stop.LENGTH: "max_output_tokens", Stop.REFUSAL: "content_filter"}
"""The values of `incomplete_details.reason`."""


def head(chat: Chat, created: int, started: Started) -> dict[str, Json]:
    """An answer that has begun."""
    return {
        "id": started.id or f"resp_{created}",
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": chat.max_output_tokens,
        "max_tool_calls": None,
        "model": started.model or chat.model,
        "output": [],
        "parallel_tool_calls": chat.parallel_tool_calls is not False,
        "previous_response_id": None,
        "prompt_cache_key": chat.prompt_cache_key,
        "reasoning": _reasoning(chat),
        "store": False,
        "temperature": chat.temperature,
        "text": _text(chat),
        "tool_choice": _choice(chat),
        "tools": [_tool(one) for one in chat.tools],
        "top_p": chat.top_p,
        "truncation": "disabled",
        "usage": None,
        "user": chat.user,
        "metadata": dict(chat.tags),
    }


def finished_response(begun: dict[str, Json], output: Sequence[Json], usage: Usage, stop: Stop) -> dict[str, Json]:
    reason = _REASONS.get(stop)
    return {
        **begun,
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": list(output),
        "usage": usage_of(usage),
    }


def failed_response(begun: dict[str, Json], output: Sequence[Json], error: Json) -> dict[str, Json]:
    return {**begun, "status": "failed", "error": error, "output": list(output)}


def _tool(spec: ToolSpec) -> Json:
    """Writes a tool as the client declared it; each tool of a namespace in a namespace of its own."""
    namespace = spec.native.get("namespace")
    plain = {key: value for key, value in spec.native.items() if key != "namespace"}
    own = tool(replace(spec, name=str(plain["name"]))) if plain.get("type") == "function" else plain or tool(spec)
    if not namespace:
        return own
    return {"type": "namespace", "name": namespace, "description": spec.description, "tools": [own]}


def _choice(chat: Chat) -> Json:
    if chat.tool_choice is None:
        return "auto"
    for spec in chat.tools:
        if spec.native and spec.name == chat.tool_choice.name:
            return {key: spec.native[key] for key in ("type", "name", "namespace") if spec.native.get(key)}
    return choice(chat.tool_choice)


def _reasoning(chat: Chat) -> Json:
    asked = chat.reasoning
    effort = None if asked is None else efforts.effort(asked)
    return {"effort": effort, "summary": "auto" if asked is not None and asked.visible else None}


def _text(chat: Chat) -> Json:
    format_: Json = {"type": "text"} if chat.output is None else text_format(chat.output)
    return {"format": format_, **({"verbosity": chat.verbosity} if chat.verbosity else {})}


def usage_of(usage: Usage) -> Json:
    """Writes the token counts; `null` when the upstream never said. The details have to be numbers: what is not known
    of them is 0."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    given, said = usage.input_tokens or 0, usage.output_tokens or 0
    cached, written = usage.cached_tokens or 0, usage.cache_written_tokens or 0
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        "output_tokens": said,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": given + said,
    }


# -- errors ----------------------------------------------------------------------------


_CODES = frozenset({"server_error", "rate_limit_exceeded", "invalid_prompt", "context_length_exceeded"})
_CODES_OF_KINDS = {FaultKind.RATE_LIMITED: "rate_limit_exceeded", FaultKind.MALFORMED: "invalid_prompt"}


_UNREAD: dict[str, Json] = {
    "id": "",
    "object": "response",
    "created_at": 0,
    "incomplete_details": None,
    "usage": None,
}


def error_event(fault: Fault) -> dict[str, Json]:
    inside = error_of(fault)
    flat: dict[str, Json] = {key: inside[key] for key in ("code", "message", "param")}
    return {"type": "error", **flat, "error": inside}


def failing(fault: Fault, head: dict[str, Json] | None, output: Sequence[Json]) -> Iterator[dict[str, Json]]:
    """The events that end a stream: first the error, then the response that failed of it.

    `head`: the response as it began; `None`: it did not.
    """
    yield error_event(fault)
    if head is not None:
        yield {"type": "response.failed", "response": failed_response(head, output, response_error(fault))}


def encode_stream_error(fault: Fault) -> bytes:
    """Writes an error event behind events that were not counted, of a response that was not read."""
    events = failing(fault, dict(_UNREAD), [])
    return b"".join(
        sse.write(sse.Event(j.text({**event, "sequence_number": n}), str(event["type"])))
        for n, event in enumerate(events)
    )


def response_error(fault: Fault) -> Json:
    """The `error` of a failed answer: a closed set of codes."""
    code = fault.code if fault.code in _CODES else _CODES_OF_KINDS.get(fault.kind, "server_error")
    return {"code": code, "message": fault.public}


# -- item numbers ----------------------------------------------------------------------


def trim(chat: Chat) -> ByteTransform | None:
    return Renumbering(ItemNumbers()) if chat.stream and chat.tools else None


class ItemNumbers:
    """The numbering of items, for same-format streams and for the events of a provider whose response is translated.

    Only events that begin an item are looked at, until one of them has a number that is taken.
    """

    def __init__(self) -> None:
        self.mark = b"response.output_item.added"
        self._known: dict[tuple[int, str], int] = {}
        """The number of each item, by its number as it came and its id."""
        self._latest: dict[int, int] = {}
        """The number of the item that last had a number as it came, by that number."""

    def renumber(self, event: dict[str, Json]) -> bool:
        index = event.get("output_index")
        if not isinstance(index, int):
            return False
        number = self.number(index, event)
        if number == index:
            return False
        self.mark = b'"output_index"'
        event["output_index"] = number
        return True

    def number(self, index: int, event: Mapping[str, Json]) -> int:
        """The number of the item that an event is about; of one that is not known, of the latest with this index.

        Servers do not always agree with themselves about ids, so none but an event that begins an item makes a new one.
        """
        id = _item_id(event)
        if (index, id) in self._known:
            return self._known[index, id]
        if not id or event.get("type") != "response.output_item.added":
            return self._latest.get(index, index)
        number = index if index not in self._latest else max(index, *self._known.values()) + 1
        self._latest[index] = self._known[index, id] = number
        return number


def _item_id(event: Mapping[str, Json]) -> str:
    """Returns the id of the item that an event is about; empty where it does not say."""
    item = event.get("item")
    id = item.get("id") if isinstance(item, dict) else event.get("item_id")
    return id if isinstance(id, str) else ""
