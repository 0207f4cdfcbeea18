import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.gateway import LONGEST_MS, Timeouts


@pytest.mark.parametrize(
    ("stream", "reasons", "output_tokens", "wanted"),
    [
        (True, False, None, 60_000),
        (True, False, 100_000, 60_000),  # the first token of a long answer comes no later
        (True, True, None, 180_000),
        (False, False, None, 120_000),
        (False, False, 1_000, 120_000),
        (False, False, 8_192, 240_000),
        (False, True, 4_096, 360_000),
        (False, True, 64_000, LONGEST_MS),
    ],
)
def test_who_asks_for_more_is_waited_for_longer(
    stream: bool, reasons: bool, output_tokens: int | None, wanted: int
) -> None:
    assert Timeouts().attempt_timeout_ms(stream=stream, reasons=reasons, output_tokens=output_tokens) == wanted


@given(
    st.builds(Timeouts, st.integers(1, 2_000_000), st.integers(1, 2_000_000)),
    st.booleans(),
    st.booleans(),
    st.none() | st.integers(0, 10**9),
)
def test_patience_is_at_least_what_is_set_and_never_above_the_longest(
    limits: Timeouts, stream: bool, reasons: bool, output_tokens: int | None
) -> None:
    patience = limits.attempt_timeout_ms(stream=stream, reasons=reasons, output_tokens=output_tokens)

    assert (limits.first_token_ms if stream else limits.answer_ms) <= patience <= limits.max_attempt_timeout_ms
