"""What is said to be wrong, and what is not."""

from openclaw_extproc.drill.chains import Outcome
from tests.config.loading import settings
from tests.drill import worlds

SOUND = """
model:
  providers:
    - {name: openai, models: [gpt-4o], fallback: anthropic, fallback_model: claude-sonnet-4}
    - {name: anthropic, models: [claude-sonnet-4], fallback: openai, fallback_model: gpt-4o}
"""


def test_two_good_providers_are_no_finding() -> None:
    made = worlds.reported(settings(SOUND))

    assert made.ok
    assert made.findings == ()


def test_a_chain_with_a_single_provider_is_an_error() -> None:
    made = worlds.reported(settings(worlds.THREE), name="gemini-2.5-pro")

    assert not made.ok
    assert worlds.said(made, "error") == [
        "chain gemini-2.5-pro: google is its only provider: it has no fallback when this provider fails"
    ]


def test_several_models_of_one_provider_are_no_fallback() -> None:
    one = "model: {providers: [{name: openai, models: [gpt-4o, gpt-4o-mini]}]}\nfallback_map: {gpt-4o: [gpt-4o-mini]}"

    made = worlds.reported(settings(one), name="gpt-4o")

    assert worlds.said(made, "error") == [
        "chain gpt-4o: all 2 of its targets are at openai: it has no fallback when this provider fails"
    ]


def test_a_fault_that_a_chain_does_not_survive_is_an_error() -> None:
    made = worlds.reported(settings(SOUND), lost="openai rejects the key", name="gpt-4o")

    assert worlds.said(made, "error") == ["chain gpt-4o: no provider answers when openai rejects the key (status 401)"]


def test_a_stream_that_breaks_off_is_no_answer() -> None:
    broken = Outcome(200, 0.1, "openai", "gpt-4o", 1, broken_off=True)

    made = worlds.reported(settings(SOUND), lost="openai answers 503, streamed", outcome=broken, name="gpt-4o")
    row = next(row for row in made.chains[0].rows if row.fault == "openai answers 503, streamed")

    assert (row.answered, row.provider, row.streamed, row.broken_off) == (False, None, True, True)
    assert worlds.said(made, "error") == [
        "chain gpt-4o: no provider answers when openai answers 503, streamed (status 200, and the stream broke off)"
    ]


def test_all_down_is_no_error() -> None:
    made = worlds.reported(settings(SOUND))

    lost = [row for chain in made.chains for row in chain.rows if not row.answered]

    assert {row.fault for row in lost} == {"all down", "all down, streamed"}
    assert made.ok


def test_providers_of_one_host_are_worth_a_word() -> None:
    together = """
model:
  providers:
    - {name: a, format: openai_chat, models: [m], endpoint: "http://gpu-1:8000", fallback: b, fallback_model: n}
    - {name: b, format: openai_chat, models: [n], endpoint: "http://gpu-1:9000", fallback: a, fallback_model: m}
"""

    made = worlds.reported(settings(together), name="m")

    assert worlds.said(made, "warning") == ["chain m: a, b share one host: gpu-1"]


def test_a_fallback_that_costs_more_than_ten_times_is_worth_a_word() -> None:
    dear = """
model:
  providers:
    - {name: openai, models: [gpt-4o-mini], fallback: anthropic, fallback_model: claude-3-opus-20240229}
    - {name: anthropic, models: [claude-3-opus-20240229]}
"""

    made = worlds.reported(settings(dear), name="gpt-4o-mini")

    assert worlds.said(made, "warning") == [
        "chain gpt-4o-mini: anthropic/claude-3-opus-20240229 costs 117 times as much as openai/gpt-4o-mini"
    ]


def test_a_price_that_nobody_knows_is_not_zero() -> None:
    unknown = SOUND.replace("claude-sonnet-4", "something-else")

    made = worlds.reported(settings(unknown), name="gpt-4o")
    row = next(row for row in made.chains[0].rows if row.provider == "anthropic")

    assert (row.cost_usd, row.times_first) == (None, None)


def test_a_chain_that_outlasts_its_callers_is_worth_a_word() -> None:
    slow = "router: {timeouts: {answer_ms: 400000}}"

    made = worlds.reported(settings(SOUND, slow), name="gpt-4o")

    assert worlds.said(made, "warning") == [
        "chain gpt-4o: may take 800 s if all 2 attempts time out; SDKs give up after 600 s"
    ]


def test_a_missing_credential_that_leaves_one_provider_is_an_error() -> None:
    made = worlds.reported(settings(SOUND), missing=frozenset({"OPENAI_API_KEY"}), name="gpt-4o")

    assert worlds.said(made, "error") == ["chain gpt-4o: only anthropic remains: the credentials of openai are not set"]
    assert worlds.said(made, "warning") == ["provider openai: its credential is not set: OPENAI_API_KEY"]


def test_a_missing_credential_that_leaves_two_is_a_warning() -> None:
    made = worlds.reported(settings(worlds.THREE), missing=frozenset({"OPENAI_API_KEY"}), name="gpt-4o")

    assert worlds.said(made, "error") == []
