"""Promises about a provider's state on its way through clients that have no place for it."""

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model.requests import SealedState, Thinking
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.provider_state import State

short = st.text(max_size=40)
"""What is small survives in any case; what is large, if it is not too uniform."""
STATES = st.builds(
    State,
    id=st.text(max_size=40),
    thoughts=st.lists(
        st.builds(Thinking, short, st.none() | st.builds(SealedState, st.just("gemini"), short)), max_size=3
    ).map(tuple),
    sealed=st.builds(SealedState, st.sampled_from(["gemini", "anthropic"]), short),
)


@given(STATES)
def test_state_survives_a_token(state: State) -> None:
    token = provider_state.token(state)

    assert re.fullmatch("[a-zA-Z0-9_-]+", token)
    assert provider_state.read(token) == state


def test_an_id_without_state_stays_as_it_is() -> None:
    assert provider_state.token(State("call_1")) == "call_1"
    assert provider_state.state_of_call_id("call_1") == State("call_1")
    assert provider_state.result_of("call_1") == "call_1"


def test_what_is_too_long_loses_its_thoughts_then_its_seal() -> None:
    noise = "".join(hashlib.sha256(bytes([n % 256, n // 256])).hexdigest() for n in range(2_000))
    long = Thinking(noise, SealedState("anthropic", "s"))

    assert provider_state.read(provider_state.token(State("a", (long,), SealedState("gemini", "g")))) == State(
        "a", (), SealedState("gemini", "g")
    )
    assert provider_state.token(State("a", (), SealedState("gemini", noise))) == "a"


@given(st.text() | st.from_regex(r"oc1_[A-Za-z0-9_-]*", fullmatch=True))
def test_anything_else_is_no_token(text: str) -> None:
    assert provider_state.read(text) is None


def test_a_bomb_is_no_token() -> None:
    body = base64.urlsafe_b64encode(zlib.compress(b" " * 50_000_000)).rstrip(b"=").decode()

    assert provider_state.read(provider_state.MARK + body) is None


def with_thought(text: str) -> State:
    return State("", (Thinking(text),))


@pytest.mark.parametrize("made", [State, with_thought])
def test_however_well_it_was_packed_a_token_makes_no_more_of_a_body(made: Callable[[str], State]) -> None:
    """Not even as the very many that a body has room for."""
    ratios: list[float] = []
    for size in (10, 100, 500, 900, 2_000, 8_000, 100_000, 900_000):
        raw = zlib.compress(json.dumps(asdict(made("x" * size))).encode(), 9)
        token = provider_state.MARK + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        state = provider_state.read(token)
        kept = 0 if state is None else len(state.id) + sum(len(one.text) for one in state.thoughts)
        ratios.append(max(0, kept - provider_state.SMALL_BYTES) / len(token))
        assert len(provider_state.without_state(token.encode() * 9)) <= 9 * len(token)

    assert max(ratios) <= provider_state.MAX_RATIO


def test_prose_and_signatures_are_far_from_that_limit() -> None:
    prose = Path(__file__).read_text(encoding="utf-8")[:20_000]
    noise = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(60))
    thought = (Thinking(prose, SealedState("anthropic", noise)),)

    assert provider_state.read(provider_state.token(State("call_1", thought))) == State("call_1", thought)


def test_what_is_packed_too_well_loses_its_thoughts() -> None:
    seal = SealedState("gemini", "g")

    assert provider_state.read(provider_state.token(State("a", (Thinking("x" * 9_000),), seal))) == State("a", (), seal)


def test_a_body_is_freed_of_state_and_keeps_every_other_byte() -> None:
    token = provider_state.token(State("call_1", (), SealedState("gemini", "sig")))
    raw = json.dumps({"a": f"oc1_ {token}", "id": token, "b": "oc1_abc é"}).encode()

    assert provider_state.without_state(raw) == raw.replace(token.encode(), b"call_1")
    assert provider_state.without_state(b"{}") == b"{}"


def test_an_id_that_json_would_have_to_escape_is_left_alone() -> None:
    token = provider_state.token(State('a"b', (), SealedState("gemini", "sig")))

    assert provider_state.without_state(token.encode()) == token.encode()
