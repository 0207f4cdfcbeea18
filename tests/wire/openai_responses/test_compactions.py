"""Promises about compaction and counts: passed to who has them, made by a summary or an estimate elsewhere."""

import json

import pytest
from openai.types.responses import CompactedResponse
from openai.types.responses.input_token_count_response import InputTokenCountResponse

from openclaw_extproc.faults import FaultError
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    Delta,
    Fact,
    Finished,
    Stop,
    TextStarted,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Chat, Text, ToolChoice, Turn
from openclaw_extproc.wire import FORMATS, api_path_of, client_side, format_in_chain, upstream_format
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_extproc.wire.openai_responses.client.compaction_summaries import (
    QUESTION,
    as_message,
    seal_summary,
    summary_of,
)
from tests.wire.openai_responses.saying import BEGUN, CLIENT, PROVIDER, ask, body_of, events_in, read, saying, write

COMPACT = client_side("openai_compactions")
TOOL: Json = {"type": "function", "name": "f", "parameters": {}}
ASKED: Json = {"role": "user", "content": "Build it."}
MODEL: Json = {"role": "assistant", "content": "Built."}
USED = UsageReported(Usage(input_tokens=9, output_tokens=2))


def compact(**body: Json) -> ClientRequest:
    asked = ask(**body)
    return ClientRequest("/v1/responses/compact", "", asked.raw, asked.body)


def compacted(request: Chat, facts: list[Fact]) -> dict[str, Json]:
    encoder = COMPACT.encoder(request, 1)
    return j.parse(b"".join([encoder.feed(fact) for fact in facts]), where="answer")


def test_who_has_it_gets_it_under_its_own_path() -> None:
    asked = compact(input=[ASKED])

    encoded = COMPACT.edit(asked, UpstreamEdit("real-name"))

    assert encoded.path == "/responses/compact"
    assert body_of(encoded) == {"model": "real-name", "input": [ASKED]}
    assert api_path_of("/openai/v1/responses/compact").format == "openai_compactions"


@pytest.mark.parametrize(
    ("also", "format"), [(("openai_compactions",), "openai_compactions"), ((), "openai_chat")], ids=["has", "has not"]
)
def test_it_goes_where_its_model_is(also: tuple[str, ...], format: str) -> None:
    found = upstream_format(Provider("p", "p", "openai_chat", also=also), "openai_compactions")

    assert found is not None
    assert found.name == format


@pytest.mark.parametrize("name", [name for name, made in FORMATS.items() if made.operation == "chat" and made.provider])
def test_elsewhere_the_conversation_is_asked_about_as_it_stands(name: str) -> None:
    request = COMPACT.decode_request(compact(input=[ASKED, MODEL], tools=[TOOL], stream=True))
    assert isinstance(request, Chat)

    assert request.turns == (*read(input=[ASKED, MODEL]).turns, Turn("user", (Text(QUESTION),)))
    assert (request.stream, request.tool_choice, request.losses) == (False, ToolChoice("none"), ())
    side = FORMATS[name].provider
    assert side is not None
    encoded = side.encode_request(request, UpstreamEdit("m"))
    assert encoded.body.count(b"about to be replaced by a summary") == 1
    assert "compaction" not in encoded.losses


def test_the_answer_is_the_users_messages_and_the_summary() -> None:
    request = COMPACT.decode_request(
        compact(input=[ASKED, MODEL, {"type": "message", "role": "user", "content": "Build it."}])
    )
    assert isinstance(request, Chat)
    thoughts: list[Fact] = [ThoughtStarted(), Delta("hm")]

    answer = compacted(request, [BEGUN, *thoughts, *saying("It is built."), USED, Finished(Stop.END)])

    # The SDK's own type has the model's messages only; the API's page says "all user messages", and so do the bytes.
    assert answer["object"] == "response.compaction"
    assert answer.keys() <= CompactedResponse.model_fields.keys()
    *kept, item = j.an_array(answer["output"], at="output")
    assert [j.an_object(one, at="one")["content"] for one in kept] == [
        [{"type": "input_text", "text": "Build it."}],
        [{"type": "input_text", "text": "Build it."}],
    ]
    assert isinstance(item, dict)
    assert item["type"] == "compaction"
    assert summary_of(str(item["encrypted_content"])) == "It is built."


def test_an_answer_without_a_text_is_no_summary() -> None:
    request = COMPACT.decode_request(compact(input=[ASKED]))
    assert isinstance(request, Chat)

    with pytest.raises(UnreadableError, match="no summary"):
        compacted(request, [BEGUN, ToolStarted("c", "f"), Delta("{}"), Finished(Stop.TOOL_USE)])


def test_a_trigger_at_the_end_of_an_input_asks_for_the_same() -> None:
    request = read(input=[ASKED, {"type": "compaction_trigger"}], stream=True)

    events = events_in(write(request, [BEGUN, TextStarted(), Delta("Done."), USED, Finished(Stop.END)]))

    assert request.turns[-1] == Turn("user", (Text(QUESTION),))
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert [j.an_object(item, at="item")["type"] for item in done] == ["compaction"]
    assert events[-1]["type"] == "response.completed"


def test_a_summary_of_ours_is_told_to_everybody() -> None:
    item: Json = {"type": "compaction", "encrypted_content": seal_summary("It is built.")}
    message = as_message("It is built.")

    assert read(input=[item]).turns == (Turn("user", (Text(message),)),)
    edited = body_of(CLIENT.edit(ask(input=[item, MODEL]), UpstreamEdit("gpt-5")))
    assert edited["input"] == [{"type": "message", "role": "user", "content": message}, MODEL]


OPENAI = Provider("openai", "o", "openai_chat", also=("openai_responses", "openai_compactions"))
AZURE = Provider("azure", "a", "openai_responses", also=("openai_compactions",))
CLAUDE = Provider("claude", "c", "anthropic_messages")


@pytest.mark.parametrize(
    ("chain", "format"),
    [((OPENAI,), "openai_compactions"), ((OPENAI, AZURE), "openai_chat"), ((OPENAI, CLAUDE), "openai_chat")],
    ids=["alone", "two accounts", "two vendors"],
)
def test_where_others_have_to_go_on_with_it_a_compaction_is_a_summary(chain: tuple[Provider, ...], format: str) -> None:
    found = format_in_chain(OPENAI, chain, "openai_compactions")

    assert found is not None
    assert found.name == format
    chat = format_in_chain(OPENAI, chain, "openai_responses")
    assert chat is not None
    assert chat.name == "openai_responses", "a chat goes as ever"


def test_openais_own_is_openais() -> None:
    item: Json = {"type": "compaction", "encrypted_content": "gAAAAopaque"}

    assert body_of(CLIENT.edit(ask(input=[item]), UpstreamEdit("gpt-5")))["input"] == [item]
    with pytest.raises(FaultError):
        PROVIDER.encode_request(read(input=[item]), UpstreamEdit("m"))


def test_nobody_can_ask_for_it_by_a_field_of_its_name() -> None:
    assert "compaction" not in read(compaction=[]).extras


@pytest.mark.parametrize("size", [1, 24_000, 1_000_000])
def test_a_summary_of_any_length_fits(size: int) -> None:
    text = json.dumps([hash((n, size)) for n in range(size // 20 + 1)])[:size]

    token = seal_summary(text)

    assert token
    found = summary_of(token)
    assert found
    assert text.startswith(found)


def test_a_count_is_passed_or_estimated() -> None:
    side = client_side("openai_input_tokens")

    assert api_path_of("/v1/responses/input_tokens").format == "openai_input_tokens"
    assert side.edit(ask(), UpstreamEdit("real")).path == "/responses/input_tokens"
    assert side.estimate is not None
    InputTokenCountResponse.model_validate(j.parse(side.estimate(12), where="count"), strict=True)
