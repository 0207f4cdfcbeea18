"""Promises about what comes back: no form of our credential in it, and every other byte as it was."""

import base64
import html
import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.edge.ext_proc.masking import WHOLE_BYTES, Masker, forms, secrets_in

KEY = "sk-proj-abc_DEF-0123456789"
AWKWARD = 'k/"+&=<é>\\ 0123456789'
secrets = st.text(
    st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"), min_size=12, max_size=80
)


def masked(text: bytes, *cuts: int, key: str = KEY) -> bytes:
    masker = Masker((key,))
    edges = [0, *sorted(cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    return b"".join(masker.feed(piece, end=n == len(pieces) - 1) for n, piece in enumerate(pieces))


WAYS: Mapping[str, Callable[[str], bytes]] = {
    "as it is": lambda key: key.encode("latin-1"),
    "utf-8": lambda key: key.encode(),
    "bearer": lambda key: b"Bearer " + key.encode("latin-1"),
    "json": lambda key: json.dumps({"key": key}).encode(),
    "php": lambda key: json.dumps(key).replace("/", "\\/").encode(),
    "url": lambda key: quote(key, safe="").encode(),
    "html": lambda key: html.escape(key).encode(),
    "base64": lambda key: base64.b64encode(key.encode("latin-1")),
    "basic": lambda key: base64.b64encode(f"user:{key}".encode("latin-1")),
    "basic, another user": lambda key: base64.b64encode(f"root:{key}".encode("latin-1")),
    "basic, no password": lambda key: base64.b64encode(f"{key}:".encode("latin-1")),
    "urlsafe": lambda key: base64.urlsafe_b64encode(f"it:{key}".encode("latin-1")),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", [KEY, AWKWARD, "AIza" + "x" * 35, "eyJ.a.b/c+d=" * 100])
def test_a_key_is_cut_out_however_it_is_quoted(way: str, key: str) -> None:
    quoted = WAYS[way](key)

    got = masked(b"refused: " + quoted + b" was sent", key=key)

    assert len(got) == len(quoted) + 18
    assert b"*" * WHOLE_BYTES in got
    assert not [form for form in forms(key).anywhere if form in got]
    assert got.startswith(b"refused: ")
    assert got.endswith(b" was sent")


@given(secrets, st.binary(max_size=60), st.binary(max_size=60), st.sampled_from(sorted(WAYS)), st.data())
def test_a_key_is_cut_out_wherever_the_body_is_cut(
    key: str, before: bytes, after: bytes, way: str, data: st.DataObject
) -> None:
    text = before + WAYS[way](key) + after
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))

    got = masked(text, *cuts, key=key)

    assert len(got) == len(text)
    assert not [form for form in forms(key).anywhere if form in got]
    assert all(new in (old, ord("*")) for old, new in zip(text, got, strict=True))


def test_a_key_in_single_bytes_is_cut_out() -> None:
    text = b'data: {"error":"' + KEY.encode() + b'"}\n\n'

    assert masked(text, *range(1, len(text))) == b'data: {"error":"' + b"*" * len(KEY) + b'"}\n\n'


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_what_has_no_key_in_it_stays_as_it_is(text: bytes, cuts: list[int]) -> None:
    assert masked(text, *(cut for cut in cuts if cut <= len(text))) == text


@pytest.mark.parametrize("chunk", [b"data: {}\n\n", b'{"a": "sk-proj-abc"}', b"sk-proj-abc_DEF-012345678\n", b"}"])
def test_nothing_waits_that_cannot_be_a_keys_beginning(chunk: bytes) -> None:
    assert Masker((KEY,)).feed(chunk, end=False) == chunk


@pytest.mark.parametrize("length", range(1, len(KEY)))
def test_only_a_keys_beginning_waits(length: int) -> None:
    masker = Masker((KEY,))

    assert masker.feed(b"text " + KEY[:length].encode(), end=False) == b"text "
    assert masker.feed(b"!", end=False) == KEY[:length].encode() + b"!"


def test_what_waits_comes_when_nothing_follows() -> None:
    masker = Masker((KEY,))
    masker.feed(KEY[:5].encode(), end=False)

    assert masker.rest() == KEY[:5].encode()
    assert masker.rest() == b""
    masker.feed(KEY[:5].encode(), end=False)
    assert masker.feed(b"", end=True) == KEY[:5].encode()


def test_headers_lose_it_too() -> None:
    said = {"x-echo": f"Bearer {KEY}", "x-basic": base64.b64encode(f"u:{KEY}".encode()).decode(), "date": "today"}

    got = Masker((KEY,)).headers(said)

    assert got.keys() == {"x-echo", "x-basic"}
    assert got["x-echo"] == "Bearer " + "*" * len(KEY)
    assert not [form for form in forms(KEY).anywhere if form.decode() in str(got)]


@pytest.mark.parametrize("word", ["", "ollama", "EMPTY", "not-needed", "lm-studio", "no-key-required", "key-1"])
def test_a_word_that_stands_where_a_key_is_wanted_is_no_secret(word: str) -> None:
    text = b"run ollama with EMPTY, not-needed, no-key-required, key-1 or lm-studio"

    assert masked(text, key=word) == text


SHORT = "pass-w0rd"
ALONE = [
    b"refused: pass-w0rd",
    b"pass-w0rd: refused",
    b'{"error": "pass-w0rd", "said": "user:pass-w0rd"}',
    b'{"error": "key\\npass-w0rd\\n", "at": "\\u0027pass-w0rd\\u0027"}',
    b"?user=a&key=pass-w0rd&x=y",
    b"key%3Dpass-w0rd%26",
    b"pass-w0rd",
    b"<b>pass-w0rd</b>, pass-w0rd",
]
PART = [b"compass-w0rd", b"pass-w0rds", b"{bypass-w0rd_2}", b"pass-w0rdpass-w0rd", b"pass-w0r", b"a_pass-w0rd"]


def cuttings(text: bytes) -> list[tuple[int, ...]]:
    """Whole, at each place, and byte by byte."""
    places = range(1, len(text))
    return [(), *((at,) for at in places), tuple(places)]


@pytest.mark.parametrize("text", ALONE)
def test_a_short_key_is_cut_out_where_it_stands_alone(text: bytes) -> None:
    expected = text.replace(SHORT.encode(), b"*" * len(SHORT))

    for cuts in cuttings(text):
        assert masked(text, *cuts, key=SHORT) == expected


@pytest.mark.parametrize("text", PART)
def test_a_short_key_within_another_word_is_no_key(text: bytes) -> None:
    for cuts in cuttings(text):
        assert masked(text, *cuts, key=SHORT) == text


@given(st.lists(st.sampled_from([SHORT.encode(), b"pass", b"-", b"w0rd", b" ", b"x", b"\\n", b"%20"])), st.data())
def test_where_the_body_is_cut_makes_no_difference_to_a_short_key(parts: list[bytes], data: st.DataObject) -> None:
    text = b"".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))

    assert masked(text, *cuts, key=SHORT) == masked(text, key=SHORT)


def test_a_short_key_that_waits_for_what_follows_is_cut_out_when_nothing_does() -> None:
    masker = Masker((SHORT,))

    assert masker.feed(b"it is pass-w0rd", end=False) == b"it is "
    assert masker.rest() == b"*" * len(SHORT)


@pytest.mark.parametrize("way", ["base64", "basic", "basic, no password"])
def test_a_short_key_is_cut_out_of_base64_within_a_word(way: str) -> None:
    quoted = WAYS[way](SHORT)

    assert quoted not in masked(b"x" + quoted + b"x", key=SHORT)


def test_without_a_secret_nothing_is_done() -> None:
    masker = Masker(())

    assert masker.feed(b"sk-", end=False) == b"sk-"
    assert masker.headers({"a": KEY}) == {}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"authorization": f"Bearer {KEY}"}, (KEY,)),
        ({"authorization": f"bearer {KEY}"}, (KEY,)),
        ({"x-api-key": KEY}, (KEY,)),
        ({"authorization": "Bearer ya29.token", "x-goog-user-project": "who-pays"}, ("ya29.token",)),
        (
            {
                "authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20260101/r/bedrock/aws4_request, "
                "SignedHeaders=host;x-amz-date, Signature=0123abcd",
                "x-amz-date": "20260101T000000Z",
                "x-amz-content-sha256": "e3b0",
                "x-amz-security-token": "session",
            },
            ("0123abcd", "session"),
        ),
        ({}, ()),
    ],
)
def test_what_must_not_come_back_of_a_credential(headers: dict[str, str], expected: tuple[str, ...]) -> None:
    assert secrets_in(headers) == expected
