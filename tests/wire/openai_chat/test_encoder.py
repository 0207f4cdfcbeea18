"""Promises of the OpenAI Chat Completions format: answers for clients, written."""

from collections.abc import Iterable

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Started,
    StateAttached,
    Stop,
    TextStarted,
    ThinkingProgress,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, SealedState, Text, Thinking, ToolUse
from openclaw_extproc.wire.base import ClientRequest
from openclaw_extproc.wire.translation import provider_state
from tests.wire.openai_chat.saying import (
    CLIENT,
    PROVIDER,
    ROOT,
    call,
    chat,
    every_case,
    facts_of,
    joined,
    sdk_answering,
)

CREATED = 1_754_000_000


def write(chat: Chat, facts: Iterable[Fact]) -> bytes:
    encoder = CLIENT.encoder(chat, CREATED)
    return b"".join([encoder.feed(fact) for fact in facts])


def chunks_in(stream: bytes) -> list[dict[str, Json]]:
    lines = stream.decode().split("\n\n")[:-1]
    return [j.parse(line.removeprefix("data: "), where="chunk") for line in lines if line != "data: [DONE]"]


@every_case
@pytest.mark.parametrize("usage", [False, True])
def test_a_stream_is_written_so_that_the_sdk_and_we_read_the_same_back(case: str, usage: bool) -> None:
    facts = facts_of(PROVIDER.decoder(True), [(ROOT / case / "response.sse").read_bytes()])

    stream = write(chat(usage=usage), facts)

    for event in chunks_in(stream):
        ChatCompletionChunk.model_validate(event, strict=True)
    again = joined(facts_of(PROVIDER.decoder(True), [stream]))
    assert again == (joined(facts) if usage else [*joined(facts)[:-2], UsageReported(Usage()), facts[-1]])


@every_case
def test_a_whole_answer_is_written_so_that_the_sdk_and_we_read_the_same_back(case: str) -> None:
    facts = facts_of(PROVIDER.decoder(False), [(ROOT / case / "response.json").read_bytes()])

    body = write(chat(stream=False), facts)

    ChatCompletion.model_validate(j.parse(body, where="body"), strict=True)
    assert joined(facts_of(PROVIDER.decoder(False), [body])) == joined(facts)


CALLING: list[Fact] = [
    Started("chatcmpl-1", "gpt-5"),
    UsageReported(Usage(input_tokens=10, cached_tokens=4)),
    TextStarted(),
    Delta("Hi"),
    BlockEnded(),
    ToolStarted("c1", "f"),
    Delta('{"a":'),
    Delta("1}"),
    BlockEnded(),
    ToolStarted("c2", "g"),
    BlockEnded(),
    UsageReported(Usage(output_tokens=7, reasoning_tokens=3)),
    Finished(Stop.END),
]
COUNTED: Json = {
    "prompt_tokens": 10,
    "completion_tokens": 7,
    "total_tokens": 17,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 3},
}


def test_chunks_have_openais_very_shape() -> None:
    stream = write(chat(usage=True), CALLING)

    def piece(delta: Json, reason: str | None = None) -> Json:
        choice: Json = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**head, "choices": [choice], "usage": None}

    def more(index: int, arguments: str) -> Json:
        return {"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}

    head: dict[str, Json] = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": "gpt-5",
    }
    function: Json = {"name": "f", "arguments": ""}
    other: Json = {"name": "g", "arguments": ""}
    assert chunks_in(stream) == [
        piece({"role": "assistant", "content": "", "refusal": None}),
        piece({"content": "Hi"}),
        piece({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": function}]}),
        piece(more(0, '{"a":')),
        piece(more(0, "1}")),
        piece({"tool_calls": [{"index": 1, "id": "c2", "type": "function", "function": other}]}),
        piece(more(1, "{}")),
        piece({}, "tool_calls"),
        {**head, "choices": [], "usage": COUNTED},
    ]
    assert stream.endswith(b"\n\ndata: [DONE]\n\n")


def test_usage_is_streamed_only_to_those_who_asked() -> None:
    assert not [event for event in chunks_in(write(chat(), CALLING)) if "usage" in event or not event["choices"]]


def test_usage_that_nobody_knows_is_not_zero() -> None:
    facts: list[Fact] = [Started("x", "m"), Finished(Stop.END)]

    assert all(event["choices"] for event in chunks_in(write(chat(usage=True), facts)))
    assert "usage" not in j.parse(write(chat(stream=False), facts), where="body")


def test_a_whole_body_has_openais_very_shape() -> None:
    body = j.parse(write(chat(stream=False), CALLING), where="body")

    message: Json = {
        "role": "assistant",
        "content": "Hi",
        "refusal": None,
        "tool_calls": [call("c1", "f", '{"a":1}'), call("c2", "g", "{}")],
    }
    assert body == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": CREATED,
        "model": "gpt-5",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls"}],
        "usage": COUNTED,
    }


@pytest.mark.parametrize(
    ("stop", "word"),
    [(Stop.END, "stop"), (Stop.LENGTH, "length"), (Stop.TOOL_USE, "tool_calls"), (Stop.REFUSAL, "content_filter")],
)
def test_every_stop_has_a_word(stop: Stop, word: str) -> None:
    facts: list[Fact] = [Started("x", "m"), TextStarted(), Delta("a"), BlockEnded(), Finished(stop)]

    streamed_answer = ChatCompletionChunk.model_validate(chunks_in(write(chat(), facts))[-1])
    body = ChatCompletion.model_validate_json(write(chat(stream=False), facts))

    assert streamed_answer.choices[0].finish_reason == body.choices[0].finish_reason == word


@pytest.mark.parametrize(("given_id", "shown"), [("msg_01", "msg_01"), ("", f"chatcmpl-{CREATED}")])
def test_an_id_is_kept_and_made_up_only_when_missing(given_id: str, shown: str) -> None:
    facts: list[Fact] = [Started(given_id, ""), Finished(Stop.END)]

    (first, _) = chunks_in(write(chat(), facts))

    assert (first["id"], first["model"]) == (shown, "gpt")
    assert ChatCompletion.model_validate_json(write(chat(stream=False), facts)).id == shown


FAULT = Fault(FaultKind.OVERLOADED, "busy", upstream_status=529, code="overloaded_error")


def test_a_failure_ends_the_answer_with_an_error_and_nothing_more() -> None:
    begun: list[Fact] = [Started("x", "m"), TextStarted(), Delta("a"), Failed(FAULT)]

    assert write(chat(), begun).endswith(b"\n\n" + CLIENT.encode_stream_error(FAULT))
    assert write(chat(stream=False), begun) == CLIENT.encode_error(FAULT)


def test_the_sdk_hears_of_a_failure_inside_a_stream() -> None:
    stream = write(chat(), [Started("x", "m"), TextStarted(), Delta("a"), Failed(FAULT)])
    client = sdk_answering(stream)

    with (
        client,
        client.chat.completions.create(model="m", messages=[], stream=True) as answer,
        pytest.raises(openai.APIError, match="busy"),
    ):
        for _ in answer:
            pass


# -- thoughts and seals ---------------------------------------------------------------

SIG = SealedState("anthropic", "sig")
SEAL = SealedState("gemini", "c2ln")
THINKING: list[Fact] = [
    Started("x", "m"),
    ThoughtStarted(),
    Delta("Let me "),
    Delta("think."),
    StateAttached(SIG),
    BlockEnded(),
    TextStarted(),
    Delta("I look."),
    BlockEnded(),
    ToolStarted("c1", "f"),
    UsageReported(Usage(input_tokens=1)),
    StateAttached(SEAL),
    ThinkingProgress(),
    Delta("{}"),
    BlockEnded(),
    ThoughtStarted(),
    Delta("unsealed"),
    BlockEnded(),
    ToolStarted("c2", "g"),
    BlockEnded(),
    ToolStarted("c3", "h"),
    StateAttached(SEAL),
    BlockEnded(),
    Finished(Stop.TOOL_USE),
]
STATES = [
    provider_state.State("c1", (Thinking("Let me think.", SIG),), SEAL),
    provider_state.State("c2"),
    provider_state.State("c3", sealed=SEAL),
]


def message_of(facts: Iterable[Fact], *, stream: bool) -> dict[str, Json]:
    """The message that a client puts together, checked by the SDK's types on the way."""
    if not stream:
        body = ChatCompletion.model_validate_json(write(chat(stream=False), facts), strict=True)
        return body.choices[0].message.model_dump()
    message: dict[str, Json] = {"reasoning_content": "", "content": "", "tool_calls": []}
    calls: list[Json] = []
    for event in chunks_in(write(chat(), facts)):
        delta = ChatCompletionChunk.model_validate(event, strict=True).choices[0].delta
        message["content"] = f"{message['content']}{delta.content or ''}"
        message["reasoning_content"] = f"{message['reasoning_content']}{getattr(delta, 'reasoning_content', '')}"
        calls += [call.model_dump() for call in delta.tool_calls or [] if call.id]
    return {**message, "tool_calls": calls}


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_thoughts_are_written_beside_the_content_and_seals_within_the_ids_of_calls(stream: bool) -> None:
    message = message_of(THINKING, stream=stream)

    assert message["reasoning_content"] == "Let me think.unsealed"
    assert message["content"] == "I look."
    ids = [j.an_object(one, at="call")["id"] for one in j.an_array(message["tool_calls"], at="calls")]
    assert [provider_state.state_of_call_id(str(id)) for id in ids] == STATES
    assert ids[1] == "c2"


def test_state_comes_back_as_it_was_given() -> None:
    message = message_of(THINKING, stream=False)
    raw = j.dump({"model": "m", "messages": [{"role": "assistant", **message}]})

    back = CLIENT.decode_request(ClientRequest("/v1/chat/completions", "", raw, j.parse(raw, where="request")))

    assert back.turns[0].parts == (
        Thinking("Let me think.", SIG),
        Text("I look."),
        ToolUse("c1", "f", "{}", SEAL),
        ToolUse("c2", "g", "{}"),
        ToolUse("c3", "h", "{}", SEAL),
    )


def test_a_call_begins_with_its_first_word_and_no_later() -> None:
    encoder = CLIENT.encoder(chat(), CREATED)
    begun: list[Fact] = [Started("x", "m"), ToolStarted("c1", "f"), StateAttached(SEAL)]

    before = [encoder.feed(fact) for fact in begun]

    assert before[1:] == [b"", b""]
    assert len(chunks_in(encoder.feed(Delta("{")))) == 2


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_an_answer_without_thoughts_has_no_field_for_them(stream: bool) -> None:
    assert b"reasoning_content" not in write(chat(stream=stream), CALLING)
