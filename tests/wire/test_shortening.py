"""Promises about conversations with some of their entries left out, in every client's format."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, InlineImage, Part, Text, ToolResult, ToolSpec, ToolUse, Turn
from openclaw_extproc.policy import context as contexts
from openclaw_extproc.strategy import Context
from openclaw_extproc.wire import client_side
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_extproc.wire.conversation import Conversation, Piece
from openclaw_extproc.wire.edits import shorten
from tests.samples import CLIENTS, REQUESTS, Case, chat_of, provider_side
from tests.wire import accepted

NOTE = "[some turns are left out]"
MODELS = {
    "anthropic_messages": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-flash",
    "openai_chat": "gpt-4o",
    "openai_responses": "gpt-4o",
}
PATHS = {
    "anthropic_messages": "/v1/messages",
    "gemini": "/v1beta/models/gemini-2.5-flash:generateContent",
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
}
TOOLS = (ToolSpec("look", "Looks.", {"type": "object", "properties": {}}),)
DOT = InlineImage(
    "image/png", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

every_client = pytest.mark.parametrize("client", CLIENTS)


def conversation(client: str) -> Conversation:
    made = client_side(client).conversation
    assert made is not None
    return made


def body_of(client: str, *turns: Turn) -> dict[str, Json]:
    """What a client of this format would write."""
    chat = Chat(MODELS[client], turns, system=("Be kind.",), tools=TOOLS, max_output_tokens=500)
    return j.parse(provider_side(client).encode_request(chat, UpstreamEdit(MODELS[client])).body, where="body")


def read(client: str, body: dict[str, Json]) -> Chat:
    return chat_of(client_side(client), ClientRequest(PATHS[client], "", j.dump(body), body))


# -- conversations ------------------------------------------------------------------


@st.composite
def _rounds(draw: st.DrawFn) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    ids = (f"call_{n}" for n in range(1_000))
    for n in range(draw(st.integers(1, 6))):
        turns.append(Turn("user", (Text(draw(_words(f"ask{n}"))), *draw(st.sampled_from([(), (DOT,)])))))
        for m in range(draw(st.integers(0, 4))):
            turns += _step(f"say{n}.{m}", [next(ids) for _ in range(draw(st.integers(1, 3)))])
        turns.append(Turn("assistant", (Text(draw(_words(f"end{n}"))),)))
    last = draw(st.sampled_from(["asks", "loops"]))
    turns.append(Turn("user", (Text("newest words"),)))
    if last == "loops":
        turns += _step("newest step", [next(ids)])
    return tuple(turns)


def _words(name: str) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(["", "[critical] "]), st.integers(1, 300)).map(
        lambda drawn: f"{drawn[0]}{name} " + "word " * drawn[1]
    )


def _step(words: str, ids: list[str]) -> Iterator[Turn]:
    yield Turn("assistant", (Text(words), *(ToolUse(id, "look", "{}") for id in ids)))
    yield Turn("user", tuple(ToolResult(id, (Text(f"result of {id}"),)) for id in ids))


@dataclass(frozen=True, slots=True)
class Done:
    before: tuple[Piece, ...]
    left_out: tuple[int, ...]
    body: dict[str, Json]


def done(client: str, turns: tuple[Turn, ...], share: float, context: Context) -> Done | None:
    body = body_of(client, *turns)
    pieces = conversation(client).pieces(body)
    weighed = contexts.measure_context(pieces, 0)
    cut = contexts.cut_context(weighed, weighed.total, int(weighed.total * share), 1, context)
    if cut is None:
        return None
    return Done(pieces, cut.left_out, shorten(conversation(client), body, frozenset(cut.left_out), NOTE))


@every_client
@given(turns=_rounds(), share=st.floats(0, 1), preserve=st.booleans())
def test_providers_take_what_is_left(client: str, turns: tuple[Turn, ...], share: float, *, preserve: bool) -> None:
    """The simulators refuse a result without its call, a call without its result, and a model that speaks first."""
    made = done(client, turns, share, Context(preserve_critical=preserve))

    if made is not None:
        accepted.check(client, j.dump(made.body), MODELS[client])


@every_client
@given(turns=_rounds(), share=st.floats(0, 1))
def test_what_matters_is_still_there(client: str, turns: tuple[Turn, ...], share: float) -> None:
    made = done(client, turns, share, Context())
    if made is None:
        return
    after = read(client, made.body)
    texts = "\n".join(_texts(after))

    assert texts.count(NOTE) == 1
    assert "newest words" in texts
    assert after.system == ("Be kind.",)
    assert "ask0" in texts
    assert "newest step" in texts or "newest step" not in "\n".join(_texts(read(client, body_of(client, *turns))))
    kept = [text for turn in turns for part in turn.parts for text in _of(part) if text.startswith("[critical]")]
    assert all(text.rstrip() in texts for text in kept)


@every_client
@given(turns=_rounds(), share=st.floats(0, 1))
def test_users_never_speak_twice_in_a_row(client: str, turns: tuple[Turn, ...], share: float) -> None:
    made = done(client, turns, share, Context())
    if made is not None:
        kinds = [piece.kind for piece in conversation(client).pieces(made.body) if piece.kind != "fixed"]

        assert ("user", "user") not in set(pairwise(kinds))


@every_client
@given(turns=_rounds(), share=st.floats(0, 1))
def test_what_is_kept_is_kept_as_it_was(client: str, turns: tuple[Turn, ...], share: float) -> None:
    body = body_of(client, *turns)
    made = done(client, turns, share, Context())
    if made is None:
        return
    key = conversation(client).key
    before, after = body[key], made.body[key]
    assert isinstance(before, list)
    assert isinstance(after, list)

    assert {name: made.body[name] for name in made.body if name != key} == {n: body[n] for n in body if n != key}
    unlike = [entry for entry in after if entry not in before]
    assert len(unlike) <= 1 + len([n for n in made.left_out if n - 1 not in made.left_out]), "the note, and seams"


def _texts(chat: Chat) -> Iterator[str]:
    for turn in chat.turns:
        for part in turn.parts:
            yield from _of(part)


def _of(part: Part) -> Iterator[str]:
    if isinstance(part, Text):
        yield part.text
    elif isinstance(part, ToolResult):
        yield from (leaf.text for leaf in part.content if isinstance(leaf, Text))


# -- single cases --------------------------------------------------------------------------


@pytest.mark.parametrize("case", REQUESTS, ids=str)
def test_every_entry_of_every_fixture_is_a_piece(case: Case) -> None:
    made = conversation(case.format)
    entries = case.asked().body.get(made.key)
    pieces = made.pieces(case.asked().body)

    assert len(pieces) == (len(entries) if isinstance(entries, list) else 0)
    assert sum(piece.kind == "user" for piece in pieces) >= min(1, len(pieces))


def test_two_strings_become_one_and_lists_stay_lists() -> None:
    made = conversation("openai_chat")
    image: Json = {"type": "image_url", "image_url": {"url": "https://x"}}

    assert made.merged({"role": "user", "content": "a"}, {"role": "user", "content": "b"}) == {
        "role": "user",
        "content": "a\n\nb",
    }
    assert made.merged({"role": "user", "content": "a"}, {"role": "user", "content": [image]}) == {
        "role": "user",
        "content": [{"type": "text", "text": "a"}, image],
    }


@pytest.mark.parametrize(
    ("client", "body"),
    [
        ("openai_responses", {"previous_response_id": "r", "input": [{"role": "user", "content": "hi"}]}),
        ("openai_responses", {"input": "hi"}),
        ("anthropic_messages", {"thread": {"id": "t"}, "messages": [{"role": "user", "content": "hi"}]}),
        ("gemini", {"cached_content": "c", "contents": [{"parts": [{"text": "hi"}]}]}),
        ("openai_chat", {"messages": None}),
    ],
)
def test_of_a_conversation_that_is_kept_elsewhere_nothing_is_left_out(client: str, body: dict[str, Json]) -> None:
    assert conversation(client).pieces(body) == ()


@pytest.mark.parametrize(
    ("client", "entry"),
    [
        ("anthropic_messages", {"role": "user", "content": [
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]}),
        ("openai_chat", {"role": "user", "content": [
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]}),
        ("openai_responses", {"role": "user", "content": [{"type": "input_text", "text": "[critical] a"}]}),
        ("gemini", {"parts": [{"text": "[CRITICAL] a"}]}),
    ],
)  # fmt: skip
def test_each_format_has_a_mark_for_what_is_critical(client: str, entry: Json) -> None:
    assert conversation(client).piece(entry).critical


def test_calls_and_results_of_gemini_are_tied_by_name_where_they_have_no_id() -> None:
    piece = conversation("gemini").piece
    call: Json = {"role": "model", "parts": [{"function_call": {"name": "look", "args": {}}}]}
    result: Json = {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": {}}}]}

    assert piece(call).calls == piece(result).answers == {"look"}


def test_legacy_functions_of_openai_are_tied_too() -> None:
    piece = conversation("openai_chat").piece
    call: Json = {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}}

    assert piece(call).calls == piece({"role": "function", "name": "look", "content": "x"}).answers


def test_what_is_no_message_at_all_stays_where_it_is() -> None:
    assert {conversation(client).piece("?").kind for client in CLIENTS} == {"fixed"}
