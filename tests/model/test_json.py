"""Promises of JSON read and patched by hand."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError

SECRET = "my secret diary"

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
)
values: st.SearchStrategy[Json] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)
keys = st.sampled_from(["model", "max_tokens", "a", "ä", 'q"', "b\\", "", "x:y", "{", ","]) | text
blank = st.text(" \t\r\n", max_size=3)
changes = st.dictionaries(st.sampled_from(["model", "max_tokens"]) | text, scalars, max_size=3)


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """JSON objects as no library writes them: any white space, escapes, a key twice."""
    pairs = draw(st.lists(st.tuples(keys, values), max_size=6))
    ascii_only = draw(st.booleans())
    written = [
        draw(blank) + json.dumps(key, ensure_ascii=ascii_only) + draw(blank) + ":" + draw(blank)
        + json.dumps(value, ensure_ascii=ascii_only, indent=draw(st.sampled_from([None, 1]))) + draw(blank)
        for key, value in pairs
    ]  # fmt: skip
    return (draw(blank) + "{" + (",".join(written) or draw(blank)) + "}" + draw(blank)).encode()


@pytest.mark.parametrize(
    "body",
    [
        f'{{"a": NaN, "b": "{SECRET}"}}',
        f'{{"b": "{SECRET}", "a": Infinity}}',
        f'{{"b": "{SECRET}", "a": 1e999}}',
        f'{{"b": "{SECRET}", "a": "\\ud800"}}',
        f'{{"b": "{SECRET}", "a": "\\udc00\\ud800"}}',
        f'{{"b": "{SECRET}"',
        f'{{"b": "{SECRET}"}} "{SECRET}"',
        f'{{"b": "{SECRET}",}}',
        f"{{'b': '{SECRET}'}}",
        f'{{"b": {SECRET}}}',
        f'["{SECRET}"]',
        f'"{SECRET}"',
        SECRET,
        "",
        "null",
        "7",
        "true",
    ],
)
def test_what_is_no_json_object_is_unreadable_and_never_quoted(body: str) -> None:
    with pytest.raises(UnreadableError, match=r"^request body: ") as caught:
        j.parse(body.encode(), where="request body")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("body", [b'{"a": "\xff"}', b'{"\xc3": 1}', b"\xff\xfe{}", b'{"a": "\xed\xa0\x80"}'])
def test_bytes_that_are_no_utf_8_are_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        j.parse(body, where="request body")


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_unreadable_not_a_crash(opened: str, closed: str) -> None:
    body = '{"a":' + opened * 40_000 + "1" + closed * 40_000 + "}"

    with pytest.raises(UnreadableError, match="nested more than 128 deep"):
        j.parse(body, where="request body")


def test_at_every_depth_parsing_patching_and_writing_work_or_complain() -> None:
    """Each call stands at another depth of the stack, so the deepest that one can do is too deep for the next."""
    for depth in (*range(1, 300), *range(300, 1_200, 10)):
        body = b'{"model":"a","x":' + b"[" * depth + b"]" * depth + b"}"
        try:
            parsed = j.parse(body, where="request body")
            _patched_further_down(body)
            _written_further_down(parsed)
        except UnreadableError as problem:
            assert "nested" in str(problem)  # noqa: PT017 - most depths raise nothing


def _patched_further_down(body: bytes) -> None:
    j.patch(body, {"model": "b"})


def _written_further_down(parsed: Json) -> None:
    j.dump({"a": {"b": [parsed]}})


def test_a_number_of_any_size_is_written() -> None:
    """Sums of two counts may be larger than either of them was allowed to be."""
    assert j.dump({"total": 2**64 + 1}) == b'{"total":18446744073709551617}'


@given(st.dictionaries(text, values))
def test_what_is_written_is_read(body: dict[str, Json]) -> None:
    assert j.parse(j.dump(body), where="test") == body
    assert json.loads(j.dump(body), parse_constant=pytest.fail) == body


@given(objects(), changes)
def test_a_patch_sets_its_keys_and_no_other(raw: bytes, wanted: dict[str, Json]) -> None:
    before = j.parse(raw, where="test")

    after = j.patch(raw, wanted)

    assert j.parse(after, where="test") == before | wanted
    assert json.loads(after, parse_constant=pytest.fail) == before | wanted
    assert _keys_once(after)


def _keys_once(raw: bytes) -> bool:
    """Two readers cannot disagree about which of two equal keys counts, at the top level."""
    seen: list[list[str]] = []

    def keep(pairs: list[tuple[str, object]]) -> dict[str, object]:
        seen.append([key for key, _ in pairs])
        return dict(pairs)

    json.loads(raw, object_pairs_hook=keep)
    return len(seen[-1]) == len(set(seen[-1]))


@given(objects(), changes)
def test_a_patch_keeps_every_other_byte(raw: bytes, wanted: dict[str, Json]) -> None:
    if not _keys_once(raw):
        return
    before = j.parse(raw, where="test")
    after = j.patch(raw, wanted)

    kept = _around(raw, before, [key for key in wanted if key in before])

    at = 0
    for piece in kept:
        at = after.index(piece, at) + len(piece)
    assert after.startswith(kept[0])
    assert after.endswith(kept[-1])


def _around(raw: bytes, body: dict[str, Json], changed: list[str]) -> list[bytes]:
    """The bytes between the values of `changed`, found by the reference reader of the standard library."""
    spans = sorted(span for key, span in _value_spans(raw.decode()).items() if key in changed)
    assert len(spans) == len(set(changed) & body.keys())
    edges = [0, *(edge for span in spans for edge in span), len(raw)]
    pieces = [raw[a:b] for n, (a, b) in enumerate(pairwise(edges)) if n % 2 == 0]
    end = raw.rindex(b"}")
    return [*pieces[:-1], pieces[-1][: end - len(raw)], raw[end:]]


def _value_spans(text: str) -> dict[str, tuple[int, int]]:
    """Byte offsets of the top-level values."""
    decoder = json.JSONDecoder()
    at, spans = text.index("{") + 1, dict[str, tuple[int, int]]()
    while (at := _skip(text, at, " \t\r\n,")) < len(text) and text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        start = _skip(text, at, " \t\r\n:")
        _, at = decoder.raw_decode(text, start)
        spans[key] = (len(text[:start].encode()), len(text[:at].encode()))
    return spans


def _skip(text: str, at: int, what: str) -> int:
    while at < len(text) and text[at] in what:
        at += 1
    return at


def test_a_patch_keeps_every_other_byte_of_a_long_field() -> None:
    """Which is compared in parts."""
    raw = json.dumps({"long": [*range(400_000)], "model": "a", "last": 1}, indent=1).encode()
    assert len(raw) > 2**21

    assert j.patch(raw, {"model": "b"}) == raw.replace(b'"model": "a"', b'"model": "b"')


@given(objects())
def test_a_patch_of_nothing_is_the_same_bytes(raw: bytes) -> None:
    assert j.patch(raw, {}) == raw or not _keys_once(raw)


@pytest.mark.parametrize(
    ("raw", "patched"),
    [
        (b"{}", b'{"a":1}'),
        (b" { } ", b' { "a":1} '),
        (b'{"b":2}', b'{"b":2,"a":1}'),
        (b'{"b":"}"}\n', b'{"b":"}","a":1}\n'),
    ],
)
def test_a_key_that_is_not_there_is_added_at_the_end(raw: bytes, patched: bytes) -> None:
    assert j.patch(raw, {"a": 1}) == patched


@pytest.mark.parametrize(
    ("raw", "removed", "patched"),
    [
        (b'{"a": 1 , "b" : [2, {"a":3}],"c":4}', "a", b'{"b" : [2, {"a":3}],"c":4}'),
        (b'{"a": 1 , "b" : [2, {"a":3}],"c":4}', "b", b'{"a": 1,"c":4}'),
        (b'{"a": 1 , "b" : [2, {"a":3}],"c":4 }', "c", b'{"a": 1 , "b" : [2, {"a":3}] }'),
        (b'{"a":1,"b":2,"c":3}', "ab", b'{"c":3}'),
        (b'{"a":1,"b":2,"c":3}', "bc", b'{"a":1}'),
        (b'{"a":1,"b":2,"c":3}', "abc", b"{}"),
        (b'{ "a":1 }', "a", b"{  }"),
        (b'{"a":1}', "x", b'{"a":1}'),
        (b'{"a":1,"a":2,"b":3}', "a", b'{"b":3}'),
    ],
)
def test_a_key_is_removed_and_every_other_byte_stays(raw: bytes, removed: str, patched: bytes) -> None:
    assert j.patch(raw, {}, remove=set(removed)) == patched


@given(st.permutations("abcd"), st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("cdxy")))
def test_setting_and_removing_at_once_is_what_a_dict_would_do(
    keys: list[str], removed: set[str], changed: set[str]
) -> None:
    before: dict[str, Json] = {key: [key, {"a": 1}] for key in keys}
    changes: dict[str, Json] = dict.fromkeys(sorted(changed - removed), 7)

    after = j.patch(j.dump(before), changes, remove=removed)

    kept = {key: value for key, value in before.items() if key not in removed}
    assert j.parse(after, where="test") == kept | changes


def test_a_key_given_twice_is_settled_by_what_we_read() -> None:
    assert j.patch(b'{"model": "a", "x": 1.50, "model": "b"}', {"x": 2}) == b'{"model":"b","x":2}'
    assert j.patch(b'{"a":1,"a":2}', {}) == b'{"a":2}', "also where nothing changes and no space is in it"
    assert j.patch(b'{"a":1,"\\u0061":2}', {}) == b'{"a":2}'


def test_a_key_that_is_spelled_with_escapes_is_found() -> None:
    assert j.patch(b'{"mod\\u0065l": "a", "x": 1}', {"model": "b"}) == b'{"mod\\u0065l": "b", "x": 1}'


@pytest.mark.parametrize(
    ("read", "value", "finding"),
    [
        (j.an_object, [SECRET], "expected an object, found an array"),
        (j.an_array, SECRET, "expected an array, found a string"),
        (j.a_string, {"a": SECRET}, "expected a string, found an object"),
        (j.an_int, True, "expected an integer, found true or false"),
        (j.an_int, 1.5, "expected an integer, found a number"),
        (j.a_number, False, "expected a number, found true or false"),
        (j.a_bool, 1, "expected true or false, found a number"),
        (j.a_bool, None, "expected true or false, found nothing"),
    ],
)
def test_a_complaint_has_the_place_and_the_finding_and_not_the_value(read: object, value: Json, finding: str) -> None:
    assert callable(read)
    with pytest.raises(UnreadableError) as caught:
        read(value, at="messages[3].x")

    assert str(caught.value) == f"messages[3].x: {finding}"


def test_null_says_as_little_as_a_missing_key() -> None:
    assert j.without({"b": 1, "known": 2, "a": None, "c": False}, frozenset({"known"})) == {"b": 1, "c": False}
