"""Promises of streams that are read in a lighter gear, or by templates: whatever a provider sends and wherever the
network cuts it, the client gets the very bytes, and the gateway learns what matters, as if each event were read whole.
"""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Delta, Fact, Finished, TextStarted
from openclaw_extproc.stages.attempt.response_reader import ResponseReader
from openclaw_extproc.stages.entries import AttemptEntry
from openclaw_extproc.stages.events import Event, ResponseBody
from openclaw_extproc.wire.anthropic_messages.client import encoder as to_anthropic
from openclaw_extproc.wire.gemini.client import encoder as to_gemini
from openclaw_extproc.wire.openai_chat.client import encoder as to_openai
from openclaw_extproc.wire.streams.event_decoder import Around, EventDecoder
from tests.samples import STREAMS, Case, cut, provider_side
from tests.stages.attempts import SAME, TRANSLATED
from tests.stages.spoiling import spoilt
from tests.stages.talking import (
    BEGAN,
    SHARED,
    Received,
    answer_head,
    asking,
    attempt,
    chain,
    gateway,
    opening,
    received,
)

WORLDS = {way: gateway(chain(way[1]), max_retries=0) for way in (*SAME, *TRANSLATED)}
OPENINGS = {way: opening(asking(way[0], stream=True), world) for way, world in WORLDS.items()}
UNREADABLE = "the provider's answer is unreadable"


def every_event(self: EventDecoder, chunk: bytes) -> Iterator[Fact]:
    """`EventDecoder.feed`, as if it had neither gears nor templates."""
    for one in self._reader.feed(chunk):  # pyright: ignore[reportPrivateUsage]  # the parts without what joins them
        if not self._answer.over:  # pyright: ignore[reportPrivateUsage]
            yield from self._answer.read(one)  # pyright: ignore[reportPrivateUsage]


def no_template(_: bytes) -> Around:
    return ()


@contextmanager
def in_full() -> Generator[None]:
    with ExitStack() as stack:
        stack.enter_context(patch.object(EventDecoder, "feed", every_event))
        for module in (to_openai, to_anthropic, to_gemini):
            stack.enter_context(patch.object(module, "around", no_template))
        yield


def answered(way: tuple[str, str], pieces: list[bytes]) -> tuple[Received, AttemptEntry]:
    """What the client got of a stream that came in these pieces, and what is noted of it."""
    SHARED.gateway = WORLDS[way]
    bodies: list[Event] = [ResponseBody(p, n == len(pieces) - 1, BEGAN + 3 + n) for n, p in enumerate(pieces)]
    talk = attempt(*OPENINGS[way], answer_head(streamed=True), *bodies)
    got = received(talk)
    return got, talk.hang_up().entry


@st.composite
def streams(draw: st.DrawFn, provider: str) -> bytes:
    """The events of a recorded stream and others like them, in an order that may make sense or not; some of them with
    other texts, other line ends, or spoilt."""
    case = draw(st.sampled_from([one for one in STREAMS if one.format == provider and not one.in_frames]))
    events = case.answer(streamed=True).replace(b"\r\n", b"\n").removesuffix(b"\n\n").split(b"\n\n")
    begun = draw(st.integers(0, len(events)))
    more = draw(st.lists(st.sampled_from([*events, *MORE[provider]]), max_size=5))
    body = b"".join(one + b"\n\n" for one in (*events[:begun], *more, *draw(st.sampled_from([(), events[begun:]]))))
    match draw(st.sampled_from(["as it is", "as it is", "texts", "line ends", "spoilt"])):
        case "texts":
            for text in draw(st.lists(st.sampled_from(_texts(case)), max_size=3)):
                body = body.replace(text, j.dump(draw(awkward_text)))
        case "line ends":
            body = body.replace(b"\n", draw(st.sampled_from([b"\r\n", b"\r"])))
        case "spoilt":
            body = draw(spoilt(body))
        case _:
            pass
    return body


awkward_text = st.text(max_size=12) | st.sampled_from(
    [
        "",
        '"',
        "\\",
        '"usage":',
        '"error":{}',
        '"finish_reason":"stop"',
        "data: [DONE]\n\n",
        "event: error",
        "\u2028é",
        "}",
    ]
)
_BLOCK = b'event: content_block_delta\ndata: {"type":"content_block_delta",'
_TEXT = b'"delta":{"type":"text_delta","text":"x"}'
ANYWHERE = (b": keep-alive", b"data: [DONE]", b"data: x}", b"\n", b'event: ping\ndata: {"type":"ping"}')
MORE = {
    "openai_chat": (
        *ANYWHERE,
        b'data: {"choices":[{"index":1,"delta":{"content":"x"},"finish_reason":null}],"usage":null}',
        b'data: {"choices":[{"index":1,"delta":{"content":"x"},"finish_reason":"stop"}],"usage":null}',
        b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason": null}],"usage": {"prompt_tokens":7}}',
        b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"error"}]}',
        b'data: {"choices":[{"index":0,"delta":{"content":"x","reasoning":"y"}}]}',
        b'data: {"choices":[{"index":0,"delta":{"content":"x","reasoning_content":"y"}}]}',
        b'data: {"choices":[{"index":0,"delta":{"content":"x","refusal":"y"}}]}',
        b'data: {"choices":[{"index":0,"delta":{"content":""}}]}',
        b'data: {"choices":[{"index":0,"delta":{"content":"x"}}],"us\\u0061ge":null}',
        b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]}',
        b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":3,"function":{"arguments":"{"}}]}}],"usage":{}}',
        b'data: {"choices":[],"error":{"message":"x"}}',
        b'event: error\ndata: {"message":"x"}',
    ),
    "anthropic_messages": (
        *ANYWHERE,
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"x"}}',
        b'event: error\ndata: {"message":"x"}',
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}',
        b'event: message_stop\ndata: {"type": "message_stop"}',
        _BLOCK + b'"index":0,' + _TEXT + b"  }",
        _BLOCK + b'"index":9,' + _TEXT + b"}",
        _BLOCK + b'"index":0,"delta":{"type":"signature_delta","signature":"x"}}',
        b'data: {"type":"content_block_delta",\ndata: "index":0,' + _TEXT + b"}",
        b'event: content_block_start\ndata: {"type":"content_block_start","index":3,"content_block":{"type":"text"}}',
        b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}',
    ),
    "openai_responses": (
        *ANYWHERE,
        b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","output_index":0,"delta":"x"}',
        b'event: error\ndata: {"type":"error","message":"x"}',
        b'event: response.incomplete\ndata: {"type":"response.incomplete","response":{"usage":{"input_tokens":3}}}',
        b'event: response.failed\ndata: {"type":"response.failed","response":{"error":{"message":"x"}}}',
    ),
    "gemini": (
        *ANYWHERE,
        b'data: {"candidates":[{"content":{"parts":[{"text":"x"}]}}],"usageMetadata":{"candidatesTokenCount":-1}}',
        b'data: {"candidates":[{"content":{"parts":[{"text":"x","thought":true}]}}],"usageMetadata":{}}',
        b'data: {"candidates":[{"content":{"parts":[{"text":"x"}]}}],"usageMetadata":{"candidatesTokenCount":3}}',
        b'data: {"candidates":[{"content":{"parts":[{"text":"x"}]}}],"usageMetadata":{}}',
        b'data: {"candidates":[{"content":{"parts":[{"text":"x"}]}}]}',
        b'data: {"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}',
        b'data: {"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}',
        b'data: {"error":{"code":503,"message":"x"}}',
    ),
}


NO_TEXT = b'"none"'


def _texts(case: Case) -> list[bytes]:
    """The texts in its events, as JSON."""
    return [j.dump(fact.text) for fact in case.facts(streamed=True) if isinstance(fact, Delta)] or [NO_TEXT]


def _texts_first(case: Case) -> int:
    """How many facts come before its first text."""
    facts = case.facts(streamed=True)
    return next((n for n, fact in enumerate(facts) if isinstance(fact, TextStarted)), len(facts))


def cut_anywhere(data: st.DataObject, body: bytes) -> list[bytes]:
    """In a few pieces, or each event in one of its own."""
    if data.draw(st.booleans()):
        ends = [at + 2 for at in range(len(body)) if body.startswith(b"\n\n", at)]
        return cut(body, ends)
    return cut(body, data.draw(st.lists(st.integers(0, len(body)), max_size=6)))


@pytest.mark.parametrize("way", SAME, ids="-".join)
def test_the_light_gear_tells_what_matters_and_passes_the_very_bytes(way: tuple[str, str]) -> None:
    @given(st.data())
    def check(data: st.DataObject) -> None:
        pieces = cut_anywhere(data, data.draw(streams(way[1])))

        got, entry = answered(way, pieces)
        with in_full():
            expected, noted = answered(way, pieces)

        if noted.fault is not None and noted.fault.public.startswith(UNREADABLE):
            event("unreadable somewhere in the middle")
            return  # of which the light gear promises nothing
        event(noted.outcome.value)
        assert got == expected
        assert (entry.outcome, entry.fault, entry.usage) == (noted.outcome, noted.fault, noted.usage)

    check()


@pytest.mark.parametrize("way", TRANSLATED, ids="-".join)
def test_templates_write_what_the_general_way_writes(way: tuple[str, str]) -> None:
    @given(st.data())
    def check(data: st.DataObject) -> None:
        pieces = cut_anywhere(data, data.draw(streams(way[1])))

        got, entry = answered(way, pieces)
        with in_full():
            expected, noted = answered(way, pieces)

        assert got == expected
        assert (entry.outcome, entry.fault, entry.usage) == (noted.outcome, noted.fault, noted.usage)

    check()


@pytest.mark.parametrize("way", [*SAME, *TRANSLATED], ids="-".join)
def test_whatever_comes_in_the_middle_of_a_text_is_told_as_ever(way: tuple[str, str]) -> None:
    text = min((one for one in STREAMS if one.format == way[1] and _texts(one) != [NO_TEXT]), key=_texts_first)
    events = [one + b"\n\n" for one in text.answer(streamed=True).replace(b"\r\n", b"\n").split(b"\n\n")[:-1]]
    middle = next(n for n, one in enumerate(events, 1) if _texts(text)[0] in one)
    for other in MORE[way[1]]:
        pieces = [b"".join(events[:middle]), other + b"\n\n", b"".join(events[middle:])]

        got, entry = answered(way, pieces)
        with in_full():
            expected, noted = answered(way, pieces)

        if way in SAME and noted.fault is not None and noted.fault.public.startswith(UNREADABLE):
            continue
        assert got == expected, other
        assert (entry.outcome, entry.fault, entry.usage) == (noted.outcome, noted.fault, noted.usage), other


_LEGACY = (
    b'data: {"id":"c","choices":[{"index":0,"text":"x","finish_reason":null}],"usage":null}',
    b'data: {"id":"c","choices":[{"index":0,"text":"\\"usage\\":{}","logprobs":null,"finish_reason":null}]}',
    b'data: {"id":"c","choices":[{"index":0,"text":"","finish_reason":"stop"}]}',
    b'data: {"id":"c","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}',
    b'data: {"error":{"message":"x"}}',
    b": keep-alive",
    b"data: [DONE]",
)


@given(st.data(), st.lists(st.sampled_from(_LEGACY), min_size=1, max_size=12), st.sampled_from([b"\n", b"\r\n"]))
def test_the_light_gear_tells_what_matters_of_legacy_completions(
    data: st.DataObject, events: list[bytes], line_end: bytes
) -> None:
    body = b"".join(one + b"\n\n" for one in (_LEGACY[0], *events)).replace(b"\n", line_end)
    pieces = cut_anywhere(data, body)
    provider = provider_side("openai_completions")

    light = ResponseReader(provider.decoder(True), lightens=True)
    full = ResponseReader(provider.decoder(True))
    for n, piece in enumerate(pieces, 1):
        for reader in (light, full):
            reader.feed(piece, end=n == len(pieces))

    assert (light.usage, light.fault, light.complete) == (full.usage, full.fault, full.complete)


def test_content_behind_the_first_is_not_read_even_in_the_same_piece() -> None:
    decoder = provider_side("openai_chat").decoder(True)
    content = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}],"usage":null}\n\n'
    reader = ResponseReader(decoder, lightens=True)

    first, _ = reader.feed(content * 10, end=False)
    second, _ = reader.feed(content * 10, end=False)
    last, _ = reader.feed(content[:40], end=False)
    rest, _ = reader.feed(content[40:] + content + b"data: [DONE]\n\n", end=True)

    assert sum(isinstance(fact, Delta) for fact in first) == 1
    assert (second, last) == ([], [])
    assert isinstance(rest[-1], Finished)
    assert reader.complete
