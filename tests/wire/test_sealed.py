"""Promises about a provider's state on its way through clients that have no place for it."""

import base64
import hashlib
import json
import re
import zlib

from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model.chat import Sealed, Thinking
from openclaw_extproc.wire import sealed
from openclaw_extproc.wire.sealed import State

STATES = st.builds(
    State,
    id=st.text(max_size=40),
    thoughts=st.lists(st.builds(Thinking, st.text(), st.none() | st.builds(Sealed, st.just("gemini"), st.text()))).map(
        tuple
    ),
    sealed=st.builds(Sealed, st.sampled_from(["gemini", "anthropic"]), st.text()),
)


@given(STATES)
def test_state_survives_a_token(state: State) -> None:
    token = sealed.token(state)

    assert re.fullmatch("[a-zA-Z0-9_-]+", token)
    assert sealed.read(token) == state


def test_an_id_without_state_stays_as_it_is() -> None:
    assert sealed.token(State("call_1")) == "call_1"
    assert sealed.called("call_1") == State("call_1")
    assert sealed.result_of("call_1") == "call_1"


def test_what_is_too_long_loses_its_thoughts_then_its_seal() -> None:
    noise = "".join(hashlib.sha256(bytes([n % 256, n // 256])).hexdigest() for n in range(2_000))
    long = Thinking(noise, Sealed("anthropic", "s"))

    assert sealed.read(sealed.token(State("a", (long,), Sealed("gemini", "g")))) == State(
        "a", (), Sealed("gemini", "g")
    )
    assert sealed.token(State("a", (), Sealed("gemini", noise))) == "a"


@given(st.text() | st.from_regex(r"oc1_[A-Za-z0-9_-]*", fullmatch=True))
def test_anything_else_is_no_token(text: str) -> None:
    assert sealed.read(text) is None


def test_a_bomb_is_no_token() -> None:
    body = base64.urlsafe_b64encode(zlib.compress(b" " * 50_000_000)).rstrip(b"=").decode()

    assert sealed.read(sealed.MARK + body) is None


def test_a_body_is_freed_of_state_and_keeps_every_other_byte() -> None:
    token = sealed.token(State("call_1", (), Sealed("gemini", "sig")))
    raw = json.dumps({"a": f"oc1_ {token}", "id": token, "b": "oc1_abc é"}).encode()

    assert sealed.freed(raw) == raw.replace(token.encode(), b"call_1")
    assert sealed.freed(b"{}") == b"{}"


def test_an_id_that_json_would_have_to_escape_is_left_alone() -> None:
    token = sealed.token(State('a"b', (), Sealed("gemini", "sig")))

    assert sealed.freed(token.encode()) == token.encode()
