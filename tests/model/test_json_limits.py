"""What one JSON text may hold: each limit to the value, in the words of the complaint, at a bounded price."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import MAX_DEPTH, MAX_NAME_CHARS, MAX_PIECES, MAX_VALUES, Json, UnreadableError, excess

MIB = 1024 * 1024


def array_of(item: bytes, count: int) -> bytes:
    return b'{"a":[' + b",".join([item] * count) + b"]}"


def nested(depth: int) -> bytes:
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize(
    ("most", "one_more"),
    [
        pytest.param(array_of(b"1", MAX_VALUES - 2), array_of(b"1", MAX_VALUES - 1), id="values"),
        pytest.param(array_of(b'"",' + b"[]", (MAX_PIECES - 3) // 2), array_of(b'""', MAX_PIECES - 2), id="strings"),
        pytest.param(array_of(b"{}", MAX_PIECES - 3), array_of(b"[]", MAX_PIECES - 2), id="objects and arrays"),
        pytest.param(array_of(b'"[\\"\\\\"', MAX_PIECES - 3), array_of(b'"\\\\"', MAX_PIECES), id="escapes"),
        pytest.param(nested(MAX_DEPTH), nested(MAX_DEPTH + 1), id="depth"),
        pytest.param(b'{"%b":1}' % (b"k" * MAX_NAME_CHARS), b'{"%b":1}' % (b"k" * (MAX_NAME_CHARS + 1)), id="name"),
        pytest.param(b'{"a":[{"b":1}]}', b'{"a":[{"%b":1}]}' % (b"k" * 5_000), id="name further down"),
    ],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_a_text_may_hold_as_much_and_no_more(most: bytes, one_more: bytes, as_text: bool) -> None:
    j.parse(most.decode() if as_text else most, where="body")

    with pytest.raises(UnreadableError, match=r"^body: .*(more than (128|4,096|100,000|400,000))") as caught:
        j.parse(one_more.decode() if as_text else one_more, where="body")
    assert len(str(caught.value)) < 200


def test_marks_within_strings_do_not_count() -> None:
    text = '[{,"\\' * MAX_VALUES

    assert j.parse(j.dump({"a": text}), where="body") == {"a": text}


def test_an_answer_of_vectors_may_have_more_numbers() -> None:
    body = array_of(b"0.5", MAX_VALUES + 1)

    assert j.parse(body, where="answer", most_values=len(body))


@given(
    st.recursive(
        st.none() | st.integers() | st.text('"\\\\[{,a', max_size=5),
        lambda one: st.lists(one) | st.dictionaries(st.text(max_size=3), one),
    )
)
def test_what_is_counted_is_what_is_there(value: Json) -> None:
    """On texts large enough that they are counted at all."""
    body = j.dump({"pad": "x" * (2 * MAX_PIECES), "a": value})
    values, pieces = _counted({"pad": "", "a": value})

    assert excess(body, most_values=values + pieces) == ""  # an empty array counts twice
    assert "values" in excess(body, most_values=values - 1)
    assert pieces < MAX_PIECES


def _counted(value: Json) -> tuple[int, int]:
    """Values, and what of them and of names is a string or holds others."""
    match value:
        case dict():
            inner = [_counted(one) for one in value.values()]
            return 1 + sum(values for values, _ in inner), 1 + len(value) + sum(pieces for _, pieces in inner)
        case list():
            inner = [_counted(one) for one in value]
            return 1 + sum(values for values, _ in inner), 1 + sum(pieces for _, pieces in inner)
        case _:
            return 1, isinstance(value, str)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"model":"m","%b":1}' % (b"k" * (31 * MIB)), id="a name of 31 MiB"),
        pytest.param(b"{%b}" % b",".join(b'"%d":1' % n for n in range(1_000_000)), id="a million names"),
        pytest.param(array_of(b"[]", 2_000_000), id="two million arrays"),
        pytest.param(array_of(b"0", 4_000_000), id="four million numbers"),
        pytest.param(array_of(b'"\\\\"', 1_000_000), id="a million escapes"),
        pytest.param(b"[" * 4_000_000 + b"]" * 4_000_000, id="four million deep"),
        pytest.param(b'{"a":"%b"}' % (b'\\"' * (8 * MIB)), id="a string of quotes"),
        pytest.param(b'{"a":"%b"}' % (b"a,[{" * (4 * MIB)), id="a string of marks"),
    ],
)
def test_no_text_takes_more_than_four_times_its_size(body: bytes) -> None:
    tracemalloc.start()
    try:
        j.parse(body, where="body")
    except UnreadableError as problem:
        assert len(str(problem)) < 200  # noqa: PT017  # some of these may be read
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak <= 4 * len(body)


@pytest.mark.parametrize("name", [b"k" * MIB, rb"\u00e9" * (MIB // 6), rb"\"" * (MIB // 2)])
def test_a_patch_of_a_long_name_takes_no_more_than_four_times_its_size(name: bytes) -> None:
    """A regular expression may remember each letter that it could give back."""
    body = b'{"model":"m","%b":1}' % name
    tracemalloc.start()
    patched = j.patch(body, {"model": "n"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert patched == body.replace(b'"m"', b'"n"', 1)
    assert peak <= 4 * len(body)


@pytest.mark.parametrize("count", [j.MOST_FIELDS, j.MOST_FIELDS + 1])
def test_a_patch_of_many_fields_changes_what_it_is_told_and_nothing_else(count: int) -> None:
    body = b'{ "model":"m",%b }' % b",".join(b'"k%d": 1.0' % n for n in range(count - 1))

    patched = j.patch(body, {"model": "n", "new": 1}, remove={"k7"})

    expected = {"model": "n", **{f"k{n}": 1.0 for n in range(count - 1) if n != 7}, "new": 1}
    assert j.parse(patched, where="body") == expected
    assert patched.count(b"1.0") == count - 2


@pytest.mark.parametrize("number", ["9" * 400, "9" * 19, "-" + "9" * 400, "1" + "0" * 4_000, "9" * 5_000])
def test_a_number_beyond_64_bits_is_none_of_ours(number: str) -> None:
    for read in (j.an_int, j.a_number):
        with pytest.raises(UnreadableError, match=r"too large|out of range"):
            read(j.parse(b'{"n":%b}' % number.encode(), where="body")["n"], at="n")


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "-Infinity"])
def test_what_is_no_finite_number_is_no_json(number: str) -> None:
    with pytest.raises(UnreadableError):
        j.parse(b'{"n":%b}' % number.encode(), where="body")


def test_a_count_is_a_whole_number_that_fits() -> None:
    assert [j.a_count(value) for value in (0, 7, -1, 1.0, True, "7", None, 10**400)] == [0, 7, *[None] * 6]
