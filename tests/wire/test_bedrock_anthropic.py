"""Claude on Bedrock: Anthropic's words, another address, and streams in AWS's frames."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from anthropic.lib.bedrock._stream_decoder import AWSEventStreamDecoder
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model.facts import Failed
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.model.requests import InlineImage, LinkedFile, LinkedImage, Part, Text, Turn
from openclaw_extproc.wire import FORMATS, client_side, upstream_format
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.bedrock.anthropic import EventsOfFrames
from openclaw_extproc.wire.streams import sse
from tests import samples
from tests.frames import event, exception, frame
from tests.samples import REQUESTS, STREAMS, Case, cut, heard, provider_side

BEDROCK = provider_side("bedrock_anthropic")
MODEL = "us.anthropic.claude-sonnet-4-20250514-v1:0"
CASES = [case for case in REQUESTS if case.format == "anthropic_messages"]
ANSWERS = [case for case in STREAMS if case.format == "anthropic_messages"]

every_request = pytest.mark.parametrize("case", CASES, ids=str)
every_answer = pytest.mark.parametrize("case", ANSWERS, ids=str)


def adapted(encoded: EncodedRequest, *, stream: bool = False, **headers: str) -> tuple[str, dict[str, Any]]:
    assert BEDROCK.adapt is not None
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    chat = samples.asker(stream=stream)
    made = BEDROCK.adapt(encoded, chat, UpstreamEdit(MODEL, headers=named))
    return made.path, json.loads(made.body)


def framed(stream: bytes) -> bytes:
    """Anthropic's events, as Bedrock sends them."""
    events = sse.Reader().feed(stream)
    return b"".join(event("chunk", {"bytes": base64.b64encode(e.data.encode()).decode(), "p": "ab"}) for e in events)


def unframed(*chunks: bytes) -> bytes:
    unframing = EventsOfFrames()
    return b"".join(unframing.feed(chunk) for chunk in chunks) + unframing.end()


# -- requests -------------------------------------------------------------------------------


@every_request
def test_a_request_of_the_same_format_only_moves(case: Case) -> None:
    edited = client_side("anthropic_messages").edit(case.asked(), UpstreamEdit(MODEL))

    path, body = adapted(edited, stream=case.chat().stream)

    operation = "invoke-with-response-stream" if case.chat().stream else "invoke"
    assert path == f"/model/{MODEL.replace(':', '%3A')}/{operation}"
    expected = {key: value for key, value in json.loads(case.request).items() if key not in ("model", "stream")}
    assert body == {**expected, "anthropic_version": "bedrock-2023-05-31"}


def test_beta_flags_move_from_the_headers() -> None:
    _, body = adapted(EncodedRequest("/messages", b"{}"), anthropic_beta="context-1m-2025-08-07, effort-2025-11-24,,")

    assert body["anthropic_beta"] == ["context-1m-2025-08-07", "effort-2025-11-24"]


def test_what_a_client_of_bedrock_says_itself_stays() -> None:
    _, body = adapted(
        EncodedRequest("/messages", b'{"anthropic_version":"x","anthropic_beta":["y"]}'), anthropic_beta="z"
    )

    assert body == {"anthropic_version": "x", "anthropic_beta": ["y"]}


def test_other_calls_are_refused() -> None:
    with pytest.raises(FaultError) as caught:
        adapted(EncodedRequest("/messages/count_tokens", b"{}"))

    assert caught.value.fault.kind is FaultKind.UNSUPPORTED


@pytest.mark.parametrize(
    "part", [LinkedImage("https://images.example.com/a.png"), LinkedFile("https://x.example/a", "application/pdf")]
)
def test_links_are_not_translated(part: Part) -> None:
    chat = replace(samples.asker(stream=False), turns=(Turn("user", (Text("see"), part)),))

    with pytest.raises(FaultError, match="link"):
        BEDROCK.encode_request(chat, UpstreamEdit(MODEL))


def test_images_are_translated() -> None:
    chat = replace(samples.asker(stream=False), turns=(Turn("user", (InlineImage("image/png", "QQ=="),)),))

    assert b"QQ==" in BEDROCK.encode_request(chat, UpstreamEdit(MODEL)).body


def test_clients_of_anthropic_are_not_translated() -> None:
    provider = Provider("b", "b", "bedrock_anthropic", also=("bedrock_converse",))

    spoken = [upstream_format(provider, name) for name in ("anthropic_messages", "openai_chat")]

    assert spoken == [FORMATS["bedrock_anthropic"]] * 2


# -- streams --------------------------------------------------------------------------------


@every_answer
def test_a_stream_is_what_anthropic_would_have_sent(case: Case) -> None:
    original = case.answer(streamed=True)

    written = unframed(framed(original))

    assert sse.Reader().feed(written) == sse.Reader().feed(original)


@every_answer
def test_anthropics_sdk_reads_the_same_events(case: Case) -> None:
    body = framed(case.answer(streamed=True))
    theirs = [(event.event, event.data) for event in AWSEventStreamDecoder().iter_bytes(iter([body]))]

    assert [(event.name, event.data) for event in sse.Reader().feed(unframed(body))] == theirs


@every_answer
def test_frames_mean_the_same_wherever_they_are_cut(case: Case) -> None:
    body = framed(case.answer(streamed=True))

    @given(st.lists(st.integers(0, len(body)), max_size=8))
    def check(at: list[int]) -> None:
        assert unframed(*cut(body, at)) == unframed(body)

    check()


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("throttlingException", "rate_limit_error"),
        ("serviceUnavailableException", "overloaded_error"),
        ("modelTimeoutException", "timeout_error"),
        ("validationException", "invalid_request_error"),
        ("modelStreamErrorException", "api_error"),
        ("oneOfTomorrowException", "api_error"),
    ],
)
def test_an_exception_is_anthropics_error_event(name: str, word: str) -> None:
    written = unframed(exception(name, "so it is"))

    [told] = sse.Reader().feed(written)
    [failed] = heard(BEDROCK, written, streamed=True)
    assert told.name == "error"
    assert json.loads(told.data) == {"type": "error", "error": {"type": word, "message": "so it is"}}
    assert isinstance(failed, Failed)


def test_events_that_are_not_known_are_left_out() -> None:
    assert unframed(event("somethingNew", {"bytes": "QQ=="})) == b""


@pytest.mark.parametrize(
    "broken",
    [
        b"no frame at all",
        event("chunk", {"bytes": "%"}),
        event("chunk", {}),
        frame({":message-type": "event", ":event-type": "chunk"}, b"{"),
        event("chunk", {"bytes": "e30x"}),
    ],
)
def test_what_came_before_the_unreadable_goes_out(broken: bytes) -> None:
    good = framed(b'event: ping\ndata: {"type":"ping"}\n\n')
    unframing = EventsOfFrames()

    assert unframing.feed(good + broken) == b'event: ping\ndata: {"type":"ping"}\n\n'
    with pytest.raises(UnreadableError):
        unframing.feed(good)
