"""OpenAI's `POST /v1/responses/compact`: passed to providers that have it, and a summary by the same model elsewhere.

Source: `response_compact_params` and `compacted_response` of openai-python (main of 2026-08). To a provider without it
the request is a conversation like any other, with one question more (`client.compaction`); so it is routed, counted and
limited like one, and fails over like one.

OpenAI Responses: a summary, written as the `compaction` item that was asked for. See `compaction` for the source.

Only the model's text counts: what it thought or called leaves no trace. Without a text there is no summary, and what
came is no answer.
"""

from collections.abc import Iterator
from dataclasses import replace

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Started,
    Stop,
    TextStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.base import (
    ClientRequest,
    Decoder,
    EncodedRequest,
    Encoder,
    UpstreamEdit,
    WireFormat,
    always_json,
    no_trimming,
)
from openclaw_extproc.wire.examples import Example, fits_nothing
from openclaw_extproc.wire.openai import api
from openclaw_extproc.wire.openai.errors import encode_error
from openclaw_extproc.wire.openai_responses.client import compaction_summaries, response
from openclaw_extproc.wire.openai_responses.client.edits import edit_at_path
from openclaw_extproc.wire.openai_responses.client.requests import decode_request, with_summary_question
from openclaw_extproc.wire.openai_responses.client.response import failing
from openclaw_extproc.wire.openai_responses.client.response_items import Event
from openclaw_extproc.wire.openai_responses.fields import array
from openclaw_extproc.wire.streams.event_decoder import WholeDecoder

# -- encoder ---------------------------------------------------------------------------


class Summary:
    """What the model says, and no more."""

    def __init__(self) -> None:
        self.usage = Usage()
        self._is_text = False
        self._said: list[str] = []

    def take(self, fact: Fact) -> None:
        match fact:
            case TextStarted():
                self._is_text = True
            case BlockEnded():
                self._is_text = False
            case Delta(text) if self._is_text:
                self._said.append(text)
            case UsageReported(usage):
                self.usage = self.usage.or_later(usage)
            case _:
                pass

    def item(self, id: str) -> dict[str, Json]:
        """Raises `UnreadableError`: there is none."""
        if not (sealed := compaction_summaries.seal_summary("".join(self._said))):
            raise UnreadableError("no summary: the model wrote no text")
        return {"id": f"cmp_{id}", "type": "compaction", "encrypted_content": sealed}


class CompactingAnswer:
    """The conversion of facts to the events of a response that is nothing but the item."""

    def __init__(self, chat: Chat, created: int) -> None:
        self._chat = chat
        self._created = created
        self._head: dict[str, Json] | None = None
        self._summary = Summary()

    def take(self, fact: Fact) -> Iterator[Event]:
        match fact:
            case Started():
                self._head = response.head(self._chat, self._created, fact)
                yield {"type": "response.created", "response": dict(self._head)}
                yield {"type": "response.in_progress", "response": dict(self._head)}
            case Finished():
                yield from self._finish()
            case Failed(fault):
                yield from failing(fault, self._head, [])
            case _:
                self._summary.take(fact)

    def _finish(self) -> Iterator[Event]:
        assert self._head is not None
        item = self._summary.item(str(self._created))
        yield {"type": "response.output_item.added", "output_index": 0, "item": item}
        yield {"type": "response.output_item.done", "output_index": 0, "item": item}
        whole = response.finished_response(self._head, [item], self._summary.usage, Stop.END)
        yield {"type": "response.completed", "response": whole}


class CompactedEncoder:
    """`POST /v1/responses/compact`: the user's messages and the item, in one piece."""

    def __init__(self, chat: Chat, created: int) -> None:
        self._kept = chat.extras.get(compaction_summaries.MARK)
        self._created = created
        self._id = str(created)
        self._summary = Summary()

    def feed(self, fact: Fact) -> bytes:
        match fact:
            case Failed(fault):
                return encode_error(fault)
            case Started(id, _):
                self._id = id.removeprefix("resp_") or self._id
                return b""
            case Finished():
                return self._whole()
            case _:
                self._summary.take(fact)
                return b""

    def _whole(self) -> bytes:
        kept = [message for message in self._kept if isinstance(message, dict)] if isinstance(self._kept, list) else []
        messages: list[Json] = [{"id": f"msg_{self._id}_{n}", **message} for n, message in enumerate(kept)]
        usage = response.usage_of(self._summary.usage) or response.usage_of(Usage(input_tokens=0, output_tokens=0))
        return j.dump({
            "id": f"resp_{self._id}",
            "object": "response.compaction",
            "created_at": self._created,
            "output": [*messages, self._summary.item(self._id)],
            "usage": usage,
        })  # fmt: skip


# -- compactions -----------------------------------------------------------------------


NAME = "openai_compactions"
PATH = "/responses/compact"


def compaction_format(of: WireFormat[Chat]) -> WireFormat[Chat]:
    """The format of compactions, beside the chat format `of`."""
    assert of.client is not None
    assert of.provider is not None
    client = replace(
        of.client,
        serves=serves,
        decode_request=_decode,
        encoder=_encoder,
        edit=_edit,
        example=Example(f"/v1{PATH}", of.client.example.body, streams=False),
        looks_like=fits_nothing,
        content_type=always_json,
        trim=no_trimming,
        conversation=None,
    )
    provider = replace(of.provider, decoder=_decoder)
    return WireFormat(NAME, client, provider, operation="compaction", same_vendor=of.name, translated=False)


def serves(path: str) -> bool:
    return path == f"/v1{PATH}"


def _decode(asked: ClientRequest) -> Chat:
    chat = decode_request(asked)
    if compaction_summaries.MARK not in chat.extras:
        chat = with_summary_question(chat, [])
    kept = compaction_summaries.user_messages(asked.body.get("input"))
    return replace(chat, stream=False, extras={**chat.extras, compaction_summaries.MARK: kept})


def _edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    return edit_at_path(asked, change, PATH)


def _encoder(chat: Chat, created: int) -> Encoder:
    return CompactedEncoder(chat, created)


def _decoder(_: bool) -> Decoder:
    return WholeDecoder(_usage_facts)


def _usage_facts(body: dict[str, Json]) -> Iterator[Fact]:
    """What the client gets as it came: read for its tokens."""
    array(body.get("output"), at="output")
    yield Started(j.a_string(body.get("id") or "", at="id"), "")
    if usage := api.usage(body.get("usage"), "input_tokens", "output_tokens"):
        yield UsageReported(usage)
    yield Finished(Stop.END)
