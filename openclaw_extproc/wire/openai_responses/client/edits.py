"""OpenAI Responses: requests that stay with OpenAI: what changes in their bytes, and nothing else does.

What others thought, told to the client as OpenAI's, goes: OpenAI refuses what it did not make. A summary of ours is
told as a message.

OpenAI Responses: the items of a request as pieces. See `wire/conversation`.

Items of kinds that only OpenAI knows stay where they are.

OpenAI Responses: what an operator adds to a client's request. See `openai_responses` for the source.

The system text is `instructions`, then the system messages that `input` begins with. Instructions would take the place
of those in a prompt that OpenAI keeps, so beside such a prompt all of it goes into `input`.
"""

from collections.abc import Callable, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, Injection, UpstreamEdit
from openclaw_extproc.wire.conversation import Conversation, Piece
from openclaw_extproc.wire.edits import a_text, around, join_texts, merge_contents, part_list, texts_and_files
from openclaw_extproc.wire.openai.api import is_instruction, with_instructions, with_temperature
from openclaw_extproc.wire.openai_responses import state
from openclaw_extproc.wire.openai_responses.client import compaction_summaries
from openclaw_extproc.wire.openai_responses.client.requests import LIMIT
from openclaw_extproc.wire.openai_responses.provider.upstream import PATH
from openclaw_extproc.wire.restrictions.openai import accepted_responses
from openclaw_extproc.wire.translation import provider_state

# -- edits -----------------------------------------------------------------------------


def edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    limit = None if asked.body.get(LIMIT) is None else j.an_int(asked.body[LIMIT], at=LIMIT)
    wanted = change.limit(limit)
    return edit_at_path(asked, change, PATH, {} if wanted == limit else {LIMIT: wanted})


def edit_at_path(
    asked: ClientRequest, change: UpstreamEdit, path: str, also: dict[str, Json] | None = None
) -> EncodedRequest:
    """The request to this path, with the model's name and these changes."""
    changes: dict[str, Json] = {} if asked.body.get("model") == change.model else {"model": change.model}
    changes |= also or {}
    if provider_state.MARK.encode() in asked.raw:
        changes |= _left(asked.raw, lambda items: state.without_strangers(summaries_as_messages(items)))
    if change.fallback:
        changes |= _left(asked.raw, lambda items: state.without_reasoning(summaries_as_messages(items)))
    losses: list[str] = []
    body = accepted_responses({**asked.body, **changes}, change, losses, translated=False)
    changed = {key: value for key, value in body.items() if key in changes or value is not asked.body.get(key)}
    return EncodedRequest(path, j.patch(asked.raw, changed, remove=asked.body.keys() - body.keys()), tuple(losses))


def _left(raw: bytes, of: Callable[[list[Json]], list[Json]]) -> dict[str, Json]:
    items = j.parse(raw, where="request").get("input")
    kept = of(items) if isinstance(items, list) else items
    return {} if kept == items else {"input": kept}


def summaries_as_messages(items: list[Json]) -> list[Json]:
    """The items with our summaries as messages."""
    return [_as_message(item) for item in items]


def _as_message(item: Json) -> Json:
    if not isinstance(item, dict) or item.get("type") not in compaction_summaries.ITEMS:
        return item
    content = item.get("encrypted_content")
    summary = compaction_summaries.summary_of(content) if isinstance(content, str) else None
    if summary is None:
        return item
    return {"type": "message", "role": "user", "content": compaction_summaries.as_message(summary)}


# -- injection -------------------------------------------------------------------------


def inject(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:  # noqa: ARG001  # the shape of all
    changes = wanted.changes
    amended = with_temperature(body, wanted)
    if not (changes.preamble or changes.style):
        return amended
    given = body.get("instructions")
    if body.get("prompt") is not None and not given:
        return {**amended, "input": with_instructions(items(body.get("input")), changes.preamble, changes.style, TEXT)}
    said = given if isinstance(given, str) else ""
    input = body.get("input")
    if not (isinstance(input, list) and input and is_instruction(input[0])):
        return {**amended, "instructions": join_texts(changes.preamble, said, changes.style)}
    before = {"instructions": join_texts(changes.preamble, said)} if changes.preamble else {}
    return {**amended, **before, "input": with_instructions(input, "", changes.style, TEXT)}


TEXT = "input_text"


def items(input: Json) -> list[Json]:
    """`input` as a list: a string is a user's message, nothing at all is none."""
    if isinstance(input, str):
        return [{"role": "user", "content": input}]
    return input if isinstance(input, list) else []


# -- conversation ----------------------------------------------------------------------


_KEPT_THERE = ("previous_response_id", "conversation", "prompt", "context_management")
_OUTPUT = ("function_call_output", "custom_tool_call_output")


def piece(item: Json) -> Piece:
    if not isinstance(item, dict):
        return Piece("fixed")
    match item.get("type", "message" if "role" in item else None):
        case "message":
            return _message(item)
        case "reasoning":
            return Piece("model", (j.text(item),))
        case "function_call" | "custom_tool_call":
            return Piece("model", (j.text(item),), calls=frozenset([a_text(item.get("call_id"))]))
        case str() as kind if kind in _OUTPUT:
            texts, files = texts_and_files(part_list(item.get("output"), TEXT), _text)
            return Piece("results", texts, files, answers=frozenset([a_text(item.get("call_id"))]))
        case _:
            return Piece("fixed", (j.text(item),))


def _message(item: dict[str, Json]) -> Piece:
    texts, files = texts_and_files(part_list(item.get("content"), TEXT), _text)
    match item.get("role"):
        case "user":
            return Piece("user", texts, files)
        case "assistant":
            return Piece("model", texts, files)
        case _:
            return Piece("fixed", texts, files)


def _text(part: dict[str, Json]) -> str | None:
    text = part.get("text", part.get("refusal"))
    return text if isinstance(text, str) else None


def _elsewhere(body: Mapping[str, Json]) -> bool:
    return any(body.get(key) for key in _KEPT_THERE)


CONVERSATION = Conversation("input", piece, around(TEXT), merge_contents(TEXT), _elsewhere)
