"""What the simulated model says, without any HTTP."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_simulator.reading import Json
from openclaw_simulator.script import Ask, Stop, Tool, answer, pieces, synthesise

ASK = Ask(model="m", texts=("hello",), last="hello")
WEATHER = Tool("weather", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})


@given(st.text())
def test_the_words_of_a_text_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@given(st.text(min_size=1, max_size=20), st.integers(0, 30), st.lists(st.text(min_size=1, max_size=3)))
def test_no_answer_is_longer_than_asked_or_has_a_stop_sequence(said: str, limit: int, stops: list[str]) -> None:
    made = answer(replace(ASK, last=said, max_tokens=limit, stops=tuple(stops)), "sim")

    assert len(made.words) <= limit
    assert not any(stop in made.text for stop in stops)


@pytest.mark.parametrize(
    ("last", "calls"),
    [
        *(("hello", 0), ("use a tool", 1), ("the Weather", 1), ("tool, in parallel", 2), ("hello, in parallel", 0)),
        *(("<system-reminder>There are tools.</system-reminder>Hello", 0), ("Do not call any tools.", 0)),
        *(("[[call weather {}]]", 1), ("[[call weather {}]] Do NOT call any tools.", 0)),
    ],
)
def test_when_a_tool_is_called(last: str, calls: int) -> None:
    made = answer(replace(ASK, last=last, tools=(WEATHER,)), "sim")

    assert len(made.calls) == calls
    assert (made.stop is Stop.CALLS) is (calls > 0)


def test_a_tool_is_not_called_against_the_choice() -> None:
    ask = replace(ASK, last="tool, in parallel", tools=(WEATHER,))

    assert answer(replace(ask, may_call=False), "sim").calls == ()
    assert len(answer(replace(ask, several_calls=False), "sim").calls) == 1
    assert answer(replace(ask, results=("x",)), "sim").calls == ()


def test_each_call_is_about_something_else() -> None:
    made = answer(replace(ASK, last="tool, in parallel, for 12 and 34", tools=(WEATHER,)), "sim")

    assert [call.arguments for call in made.calls] == [{"n": 12}, {"n": 34}]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "word"),
        ({"type": "STRING"}, "word"),
        ({"type": ["null", "number"]}, 1.5),
        ({"enum": ["a", "b"]}, "a"),
        ({"const": 7}, 7),
        ({"anyOf": [{"type": "boolean"}]}, True),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"type": "object", "properties": {"a": {"type": "null"}, "b": {}}, "required": ["a"]}, {"a": None}),
        (True, "word"),
    ],
)
def test_a_schema_gets_a_value(schema: Json, value: Json) -> None:
    assert synthesise(schema, "word") == value
