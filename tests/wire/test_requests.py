"""Promises about requests that hold from every format to every other."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from itertools import groupby
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    CachePoint,
    Chat,
    Image,
    InlineImage,
    LinkedImage,
    Part,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire import FORMATS, api_path_of, client_side
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.translation.losses import MUST_CARRY
from tests import samples
from tests.samples import CLIENTS, PROVIDERS, REQUESTS, Case, provider_side

MODEL = "model-of-the-target"
BOTH_SIDES = [name for name in PROVIDERS if name in CLIENTS]

every_request = pytest.mark.parametrize("case", REQUESTS, ids=str)
to_every_format = pytest.mark.parametrize("to", BOTH_SIDES)


# -- what a request means, so that two can be compared ------------------------


@dataclass(frozen=True, slots=True)
class Meaning:
    """A chat without the freedoms that formats take: who says what, in which order, with which settings. Provider
    state and cache points are no part of it.
    """

    model: str
    system: str
    turns: tuple[tuple[str, tuple[Part, ...]], ...]
    tools: tuple[ToolSpec, ...]
    tool_choice: ToolChoice | None
    parallel_tool_calls: bool | None
    max_output_tokens: int | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    stop: tuple[str, ...]
    user: str | None
    stream: bool


LOSS_WORDS = {
    "turns": ("turns", "is_error", "tool result", "tool arguments", "image"),
    "tools": ("tools", "schema"),
}
"""How a loss may name a field; by default it has the field's own name in it."""

SILENT: Mapping[str, tuple[object, object]] = {
    "max_output_tokens": (None, ANY),  # mandatory at Anthropic, which counts thoughts in it
    "parallel_tool_calls": (True, None),  # the default everywhere
}
"""Changes that are no loss: from, to."""


def meaning(chat: Chat) -> Meaning:
    merged = groupby(chat.turns, key=lambda turn: turn.role)
    order = {use.id: n for n, use in enumerate(_uses(chat))}
    turns = [(role, _parts((part for turn in group for part in turn.parts), order)) for role, group in merged]
    return Meaning(
        model=chat.model,
        system="\n\n".join(text for text in chat.system if text.strip()),
        turns=tuple((role, parts) for role, parts in turns if parts),
        tools=tuple(replace(t, schema={"type": "object", "properties": {}, **t.schema}, native={}) for t in chat.tools),
        # Without tools there is nothing to choose from; with tools `auto` is the default everywhere.
        tool_choice=(chat.tool_choice or ToolChoice("auto")) if chat.tools else None,
        parallel_tool_calls=chat.parallel_tool_calls if chat.tools and chat.tool_choice != ToolChoice("none") else None,
        max_output_tokens=chat.max_output_tokens,
        temperature=chat.temperature,
        top_p=chat.top_p,
        top_k=chat.top_k,
        stop=chat.stop,
        user=chat.user,
        stream=chat.stream,
    )


def _uses(chat: Chat) -> list[ToolUse]:
    return [part for turn in chat.turns for part in turn.parts if isinstance(part, ToolUse)]


def _parts(parts: Iterable[Part], order: Mapping[str, int]) -> tuple[Part, ...]:
    """Tool results first and in the order of their calls, as the APIs want them; blank texts away."""
    said = [_plain(part, order) for part in parts if _says(part)]
    results = [part for part in said if isinstance(part, ToolResult)]
    rest: list[Part] = [part for part in said if not isinstance(part, ToolResult)]
    if len(results) == 1:  # whose its images are needs no saying
        images = [inner for inner in results[0].content if not isinstance(inner, Text)]
        results = [replace(results[0], content=tuple(t for t in results[0].content if isinstance(t, Text)))]
        rest = [*images, *rest]
    return (*sorted(results, key=_place), *rest)


def _says(part: Part) -> bool:
    match part:
        case Text(text):
            return bool(text.strip())
        case _:
            return not isinstance(part, Thinking | CachePoint)


def _place(result: ToolResult) -> str:
    return result.tool_use_id


def _plain(part: Part, order: Mapping[str, int]) -> Part:
    """Arguments as JSON says them; ids as numbers, because Gemini's calls have none."""
    match part:
        case ToolUse(id, name, args):
            return ToolUse(f"{order[id]:03}", name, json.dumps(json.loads(args or "{}"), sort_keys=True))
        case ToolResult(id, content, is_error):
            text = "\n".join(inner.text for inner in content if isinstance(inner, Text))
            images = [inner for inner in content if not isinstance(inner, Text)]
            return ToolResult(f"{order.get(id, 999):03}", (*([Text(text)] if text else []), *images), is_error)
        case Text(text):
            return Text(text.rstrip())
        case _:
            return part


def sent_to(to: str, chat: Chat, cap: int | None = None) -> tuple[Chat, tuple[str, ...]]:
    """The request as the target's own client side reads it, and the losses that were named on the way."""
    encoded = provider_side(to).encode_request(replace(chat, model=MODEL), UpstreamEdit(MODEL, cap))
    return samples.chat_of(client_side(to), asked_of(to, encoded)), encoded.losses


def asked_of(to: str, encoded: EncodedRequest) -> ClientRequest:
    side = provider_side(to)
    spoken = api_path_of(side.base_path("") + encoded.path)
    assert spoken.served
    assert spoken.format == to
    return ClientRequest(spoken.path, spoken.query, encoded.body, j.parse(encoded.body, where="encoded"))


def unnamed(before: Chat, after: Chat, losses: Iterable[str]) -> set[str]:
    """The fields that changed without a word."""
    a, b = meaning(before), meaning(after)
    told = " ".join(losses)
    return {
        f.name
        for f in fields(Meaning)
        if (old := getattr(a, f.name)) != (new := getattr(b, f.name))
        and SILENT.get(f.name) != (old, new)
        and not any(word in told for word in LOSS_WORDS.get(f.name, (f.name,)))
    }


# -- promises --------------------------------------------------------------------


@every_request
@to_every_format
def test_a_request_keeps_its_meaning(case: Case, to: str) -> None:
    chat = replace(case.chat(), model=MODEL)
    if any(loss.startswith(MUST_CARRY) for loss in chat.losses) and to != case.format:
        with pytest.raises(FaultError):
            sent_to(to, chat)
        return

    after, losses = sent_to(to, chat)

    assert unnamed(chat, after, losses) == set()


@every_request
@to_every_format
def test_a_translation_is_complete_after_one_round(case: Case, to: str) -> None:
    """What was read back loses nothing more: the second time all is the target's own words."""
    once, _ = sent_to(to, case.chat())

    twice, losses = sent_to(to, once)

    assert meaning(twice) == meaning(once)
    # Gemini wants a signature for calls that it did not make; the word that stands for one is nobody's loss.
    assert [loss for loss in losses if "thoughtSignature" not in loss] == []


word = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8)
name = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,8}", fullmatch=True)
texts = st.builds(Text, word)
images: st.SearchStrategy[Image] = st.builds(
    InlineImage, st.sampled_from(["image/png", "image/webp"]), st.sampled_from(["iVBORw0KGgo=", "UklGRg=="])
) | st.builds(LinkedImage, st.just("https://images.example.com/a.png?b=c"))
NO_SCHEMA: dict[str, Json] = {}
SCHEMA: dict[str, Json] = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
schemas = st.sampled_from([NO_SCHEMA, SCHEMA])
tools = st.lists(st.builds(ToolSpec, name, st.just("") | word, schemas), max_size=2, unique_by=lambda tool: tool.name)


@st.composite
def chats(draw: st.DrawFn) -> Chat:
    """Any chat that makes sense: turns alternate, every call is answered in the next turn."""
    turns: list[Turn] = []
    for n in range(draw(st.integers(1, 3))):
        turns.append(Turn("user", tuple(draw(st.lists(texts | images, min_size=1, max_size=2)))))
        calls = [ToolUse(f"call_{n}_{m}", draw(name), '{"a":1}') for m in range(draw(st.integers(0, 2)))]
        said: list[Part] = [draw(texts), *calls]
        turns.append(Turn("assistant", tuple(said)))
        if calls:
            results = [
                ToolResult(c.id, tuple(draw(st.lists(texts | images, max_size=2))), draw(st.booleans())) for c in calls
            ]
            turns.append(Turn("user", tuple(results)))
    turns.append(Turn("user", (draw(texts),)))
    offered = tuple(draw(tools))
    choices = [
        None,
        ToolChoice("auto"),
        ToolChoice("none"),
        ToolChoice("required"),
        *(ToolChoice("named", t.name) for t in offered),
    ]
    return Chat(
        model=MODEL,
        turns=tuple(turns),
        system=tuple(draw(st.lists(word, max_size=2))),
        tools=offered,
        tool_choice=draw(st.sampled_from(choices)),
        parallel_tool_calls=draw(st.none() | st.booleans()),
        max_output_tokens=draw(st.none() | st.integers(1, 10_000)),
        temperature=draw(st.none() | st.sampled_from([0, 0.5, 1, 1.5, 2])),
        top_p=draw(st.none() | st.sampled_from([0.1, 1])),
        top_k=draw(st.none() | st.integers(1, 100)),
        stop=tuple(draw(st.lists(word, max_size=6))),
        user=draw(st.none() | word),
        stream=draw(st.booleans()),
    )


@to_every_format
def test_any_chat_keeps_its_meaning_or_names_what_is_lost(to: str) -> None:
    @given(chats())
    def check(chat: Chat) -> None:
        after, losses = sent_to(to, chat)

        assert unnamed(chat, after, losses) == set()

    check()


@every_request
@to_every_format
def test_every_field_that_only_its_own_format_knows_is_named(case: Case, to: str) -> None:
    if to == case.format:
        return
    body = j.parse(case.request, where="request")
    body["madeup"] = {"secret": 1}
    chat = case.client.decode_request(case.asked(j.dump(body)))

    encoded = provider_side(to).encode_request(chat, UpstreamEdit(MODEL))

    assert "madeup" in encoded.losses
    assert b"madeup" not in encoded.body
    assert set(chat.losses) <= set(encoded.losses)


@to_every_format
def test_what_must_be_carried_is_refused_with_the_place(to: str) -> None:
    chat = replace(samples.asker(stream=False), losses=("!messages[0].content[1]: audio",))

    with pytest.raises(FaultError, match=r"messages\[0\]\.content\[1\]: audio") as caught:
        provider_side(to).encode_request(chat, UpstreamEdit(MODEL))

    assert caught.value.fault.kind is FaultKind.UNSUPPORTED


# -- a cap -------------------------------------------------------------------------

CAPS = [(None, 64, 64), (10, 64, 10), (1_000, 64, 64), (64, 64, 64), (1_000, None, 1_000)]
"""What was asked for, the cap, and what is sent."""


@every_request
@to_every_format
def test_a_cap_holds_in_every_translation(case: Case, to: str) -> None:
    chat = case.chat()

    for asked, cap, sent in CAPS:
        after, _ = sent_to(to, replace(chat, max_output_tokens=asked), cap)
        assert after.max_output_tokens == sent, (asked, cap)


@every_request
def test_a_cap_holds_without_translation(case: Case) -> None:
    chat = case.chat()
    for asked, cap, sent in CAPS:
        own = provider_side(case.format).encode_request(
            replace(chat, max_output_tokens=asked), UpstreamEdit(chat.model)
        )
        given = case.asked(_without_limit(case)) if asked is None else asked_of(case.format, own)

        edited = case.client.edit(given, UpstreamEdit(chat.model, cap))

        after = case.client.decode_request(replace(given, raw=edited.body, body=j.parse(edited.body, where="edited")))
        assert after.max_output_tokens == sent, (asked, cap)


def _without_limit(case: Case) -> bytes:
    """The request without any of the fields that limit the output."""
    body = j.parse(case.request, where="request")
    for part in (body, *(value for value in body.values() if isinstance(value, dict))):
        for key in [key for key in part if key.startswith("max")]:
            del part[key]
    raw = j.dump(body)
    assert case.client.decode_request(case.asked(raw)).max_output_tokens is None
    return raw


# -- without translation -------------------------------------------------------------


@every_request
def test_the_same_model_leaves_every_byte(case: Case) -> None:
    edited = case.client.edit(case.asked(), UpstreamEdit(case.chat().model))

    assert edited.body == case.request
    assert edited.losses == ()


@every_request
def test_another_model_changes_its_own_bytes_only(case: Case) -> None:
    asked = case.asked()

    edited = case.client.edit(asked, UpstreamEdit('other "model"'))

    name = json.dumps(case.chat().model).encode()
    if name in case.request:
        before, _, behind = case.request.partition(name)
        assert edited.body == before + rb'"other \"model\""' + behind
    else:  # the model stands in the path
        assert edited.body == case.request
        assert "other" in edited.path


@every_request
def test_an_edited_request_is_still_served_where_it_goes(case: Case) -> None:
    edited = case.client.edit(case.asked(), UpstreamEdit("other-model"))

    spoken = api_path_of(case.provider.base_path("") + edited.path)
    again = ClientRequest(
        spoken.path, spoken.query or case.asked().query, edited.body, j.parse(edited.body, where="edited")
    )

    assert spoken.served
    assert spoken.format == case.format
    assert case.client.decode_request(again) == replace(case.chat(), model="other-model")


# -- refusals ---------------------------------------------------------------------------


MESSAGES = {"gemini": "contents", "openai_responses": "input"}
"""What a format calls its messages; `messages` by default."""


@every_request
@pytest.mark.parametrize("messages", ["true", "7", "[7]", '[{"role": 7}]', '[{"role": "nobody"}]'])
def test_messages_that_are_none_are_unreadable(case: Case, messages: str) -> None:
    body = j.parse(case.request, where="request")
    body[MESSAGES.get(case.format, "messages")] = j.parse(f'{{"x":{messages}}}', where="test")["x"]

    with pytest.raises(UnreadableError):
        case.client.decode_request(case.asked(j.dump(body)))


@every_request
def test_an_empty_request_is_unreadable(case: Case) -> None:
    with pytest.raises(UnreadableError):
        case.client.decode_request(case.asked(b"{}"))


def test_every_format_has_both_sides() -> None:
    assert [name for name in samples.CHATS if not FORMATS[name].base and FORMATS[name].client] == CLIENTS == PROVIDERS
