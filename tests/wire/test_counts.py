"""Promises about counts of tokens that a provider gives."""

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Failed, Finished, Started, Stop, Usage, UsageReported
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.model.requests import Chat, Text, ToolSpec, Turn
from openclaw_extproc.wire import FORMATS, upstream_format
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.count_tokens import MAX_BYTES, count_decoder


def test_a_count_is_the_usage_of_an_answer_without_words() -> None:
    decoder = count_decoder("input_tokens")

    assert [*decoder.feed(b'{"input_'), *decoder.feed(b'tokens": 7}')] == []
    assert list(decoder.end()) == [Started("", ""), UsageReported(Usage(input_tokens=7)), Finished(Stop.END)]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"input_tokens": "7"}', b"<html>"])
def test_what_is_no_count_is_unreadable(body: bytes) -> None:
    decoder = count_decoder("input_tokens")
    list(decoder.feed(body))

    with pytest.raises(UnreadableError):
        list(decoder.end())


def test_a_count_has_no_length_to_speak_of() -> None:
    with pytest.raises(UnreadableError):
        count_decoder("input_tokens").feed(b" " * (MAX_BYTES + 1))


COUNTS = [name for name, made in FORMATS.items() if made.operation == "count_tokens"]
CHAT = Chat(
    "m",
    (Turn("user", (Text("Hello"),)),),
    system=("Be brief.",),
    tools=(ToolSpec("f", "does it", {"type": "object", "properties": {"a": {"type": "string"}}}),),
    max_output_tokens=100,
    temperature=0.5,
    stream=True,
)
BY_ANTHROPIC = {"model", "messages", "system", "tools"}
BY_OPENAI = {"model", "input", "instructions", "tools"}
ASKED = {
    "anthropic_count_tokens": ("/messages/count_tokens", BY_ANTHROPIC, b'{"input_tokens":7}'),
    "openai_input_tokens": (
        "/responses/input_tokens",
        BY_OPENAI,
        b'{"object":"response.input_tokens","input_tokens":7}',
    ),
    "gemini_count_tokens": ("/models/m:countTokens", {"generateContentRequest"}, b'{"totalTokens":7}'),
}


def test_every_count_is_tried() -> None:
    assert {*ASKED} == {*COUNTS}


@pytest.mark.parametrize("format", ASKED)
@pytest.mark.parametrize("client", ASKED)
def test_a_vendor_counts_for_clients_of_others(client: str, format: str) -> None:
    path, keys, answer = ASKED[format]
    side, writer = FORMATS[format].provider, FORMATS[client].client
    assert side is not None
    assert writer is not None
    asked = upstream_format(Provider("p", "p", FORMATS[format].same_vendor, also=(format,)), client)
    assert asked is not None
    assert asked.name == format

    encoded = side.encode_request(CHAT, UpstreamEdit("m"))
    decoder, encoder = side.decoder(False), writer.encoder(CHAT, 0)
    facts = [*decoder.feed(answer), *decoder.end()]

    assert encoded.path == path
    assert j.parse(encoded.body, where="body").keys() == keys
    assert b"".join(encoder.feed(fact) for fact in facts) == ASKED[client][2]


def test_a_count_that_failed_is_an_error_of_the_client() -> None:
    writer = FORMATS["gemini_count_tokens"].client
    assert writer is not None

    body = writer.encoder(CHAT, 0).feed(Failed(Fault(FaultKind.UPSTREAM_ERROR, "no count")))

    assert b"no count" in body
