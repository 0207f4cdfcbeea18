"""Promises of the Anthropic Messages format: cache points, read and written."""

from dataclasses import replace

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import (
    CachePoint,
    Chat,
    Reasoning,
    SealedState,
    Text,
    Thinking,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from tests.wire.anthropic_messages.saying import CLIENT, HELLO, ask, encoded, written

POINT: Json = {"type": "ephemeral"}
HOUR: Json = {"type": "ephemeral", "ttl": "1h"}


def read(**fields: Json) -> Chat:
    return CLIENT.decode_request(ask({"model": "c", "messages": [{"role": "user", "content": "Hello"}], **fields}))


def text(said: str, point: Json = None) -> Json:
    return {"type": "text", "text": said, **({} if point is None else {"cache_control": point})}


def test_cache_points_are_read_and_written_where_they_stand() -> None:
    body: dict[str, Json] = {
        "model": "c",
        "max_tokens": 9,
        "system": [text("A"), text("B", HOUR)],
        "messages": [{"role": "user", "content": [text("C", POINT), text("D")]}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}, "cache_control": POINT}],
    }

    chat = CLIENT.decode_request(ask(body))

    assert (chat.cache_system, chat.cache_tools) == (CachePoint("1h"), CachePoint())
    assert chat.turns[0].parts == (Text("C"), CachePoint(), Text("D"))
    assert chat.losses == ()
    assert written(chat) == body


def test_a_point_for_the_whole_request_stands_behind_its_end() -> None:
    assert read(cache_control=HOUR).turns[-1].parts == (Text("Hello"), CachePoint("1h"))
    assert read(cache_control=None).turns[-1].parts == (Text("Hello"),)
    marked: Json = [{"role": "user", "content": [text("Hello", POINT)]}]
    assert read(cache_control=HOUR, messages=marked).turns[-1].parts == (Text("Hello"), CachePoint())


def test_a_point_before_the_last_system_text_moves_there_and_is_named() -> None:
    chat = read(system=[text("A", POINT), text("B")])

    assert chat.cache_system == CachePoint()
    assert chat.losses == ("system: cache_control before the last text",)


def points(chat: Chat) -> tuple[str, tuple[str, ...]]:
    """What is cached, as the texts and names that a point stands behind."""
    request = encoded(chat)
    body = j.parse(request.body, where="x")
    found: list[str] = []

    def look(value: Json) -> None:
        if isinstance(value, dict):
            if "cache_control" in value:
                found.append(str(value.get("text") or value.get("name") or value["type"]))
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    for key in ("tools", "system", "messages"):
        look(body.get(key))
    return " ".join(found), request.losses


def test_of_more_than_four_points_the_last_ones_stay_and_it_is_named() -> None:
    turn = Turn("user", tuple(part for said in "abcde" for part in (Text(said), CachePoint())))
    chat = replace(
        HELLO, tools=(ToolSpec("f", "", {}),), system=("s",), cache_tools=CachePoint(), cache_system=CachePoint()
    )

    named = ("cache_control: more than 4, the first ones",)
    assert points(replace(chat, turns=(turn,))) == ("b c d e", named)
    assert points(replace(chat, turns=(Turn("user", turn.parts[:6]),))) == ("s a b c", named)
    assert points(replace(chat, turns=(Turn("user", turn.parts[:4]),))) == ("f s a b", ())


def test_a_point_behind_a_thought_or_nothing_is_dropped_and_named() -> None:
    own = Thinking("A", SealedState("anthropic", "x"))
    first = replace(HELLO, turns=(Turn("user", (CachePoint(), Text("a"))),))
    behind = replace(
        HELLO, model="claude-opus-5", turns=(*HELLO.turns, Turn("assistant", (own, CachePoint(), Text("b"))))
    )

    for chat in (first, behind):
        assert points(chat) == ("", ("cache_control: nothing there that can be cached",))


def test_a_point_behind_results_stays_behind_them() -> None:
    turns = (
        *HELLO.turns,
        Turn("assistant", (ToolUse("t", "f", ""),)),
        Turn("user", (ToolResult("t", (Text("1"),)), CachePoint())),
    )

    assert points(replace(HELLO, turns=turns)) == ("tool_result", ())


def test_a_message_of_a_point_alone_is_none() -> None:
    turns = (*HELLO.turns, Turn("assistant", (Text("a"),)), Turn("user", (Text(" "), CachePoint())))

    assert len(j.an_array(written(replace(HELLO, turns=turns))["messages"], at="messages")) == 2


def test_the_next_turn_of_a_conversation_begins_with_the_bytes_of_the_last() -> None:
    """Else a prompt cache is written on every turn and never read."""
    own, call = Thinking("A", SealedState("anthropic", "x")), ToolUse("t", "f", '{"b":1,"a":2}')
    asked = replace(
        HELLO,
        reasoning=Reasoning("low"),
        tools=(ToolSpec("f", "", {}),),
        turns=(*HELLO.turns, Turn("assistant", (own, call)), Turn("user", (ToolResult("t", (Text("1"),)),))),
    )
    more = replace(asked, turns=(*asked.turns, Turn("assistant", (Text("Done"),)), Turn("user", (Text("And?"),))))

    first, second = (j.dump(written(chat)["messages"]) for chat in (asked, more))

    assert second.startswith(first.removesuffix(b"]"))
