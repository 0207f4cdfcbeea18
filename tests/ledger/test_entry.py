"""The ledger's entry of an attempt: whose it was, what was used, and what others would have cost."""

from dataclasses import replace

from openclaw_extproc.gateway import Gateway
from openclaw_extproc.ledger.entry import Baselines, entry_of
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.stages.entries import Outcome, Selection
from tests.ledger.attempts import AT, GATEWAY, LARGE, MINI, SERVER_ERROR, attempt, entered, plan


def test_an_entry_says_who_asked_who_answered_and_what_was_used() -> None:
    usage = Usage(1_000, 600, None, 500, 100, tier="flex", searches=2)
    whose = plan(identity="billing", cost_centre="cc", tenant="t", team="x", task="extraction", tier="simple")

    made = entered(usage=usage, plan=whose, streamed=True, first_content_seconds=0.5)

    assert made.labels._asdict() == {
        "identity": "billing",
        "user": "ada",
        "cost_centre": "cc",
        "tenant": "t",
        "team": "x",
        "task": "extraction",
        "tier": "simple",
        "provider": "ace",
        "model": "mini",
        "asked_model": "mini",
        "client_format": "openai_chat",
        "price": "1/2",
    }
    assert (made.at_ms, made.request_id, made.attempt) == (round(AT * 1000), "r1", 1)
    assert (made.input_tokens, made.cached_tokens, made.output_tokens, made.searches) == (1_000, 600, 500, 2)
    assert (made.milliseconds, made.first_content_ms, made.service_tier) == (1_500, 500, "flex")
    assert made.output_tokens_per_second == 500


def test_an_answer_is_compared_with_the_first_the_dearest_and_the_asked_model() -> None:
    made = entered()

    assert (made.cost_micro_usd, made.asked_micro_usd) == (2_000, 2_000)
    assert made.first_micro_usd == made.dearest_micro_usd == 20_000


def test_who_names_no_model_asks_for_the_first() -> None:
    assert entered(plan=plan("auto")).asked_micro_usd == 20_000
    assert entered(plan=plan("no-such-model")).asked_micro_usd == 20_000


def test_vectors_are_compared_with_their_own_model() -> None:
    made = entered(plan=plan(client_format="openai_embeddings"), usage=Usage(input_tokens=1_000))

    assert (made.first_micro_usd, made.dearest_micro_usd, made.asked_micro_usd) == (1_000, 1_000, 1_000)


def test_what_was_no_answer_is_compared_with_nothing() -> None:
    for made in (
        entered(Outcome.FAILED, fault=SERVER_ERROR),
        entered(Outcome.GONE),
        entered(passed=True),
        entered(subscription=True),
        entered(plan=plan(client_format="anthropic_count_tokens")),
    ):
        assert (made.first_micro_usd, made.dearest_micro_usd, made.asked_micro_usd) == (None, None, None)


def test_a_fallback_says_what_failed_before_it() -> None:
    second = attempt(
        target=LARGE, attempt=2, selection=Selection.FALLBACK, previous=MINI, previous_reason="rate_limited"
    )

    made = entry_of(second, AT, GATEWAY, Baselines.of(GATEWAY))

    assert made is not None
    assert (made.selection, made.previous, made.attempt) == ("fallback", "rate_limited", 2)
    assert made.labels.asked_model == "mini"


def test_an_attempt_of_nobodys_request_leaves_none() -> None:
    assert entry_of(replace(attempt(), plan=None), AT, GATEWAY, Baselines.of(GATEWAY)) is None


def test_a_configuration_without_prices_has_no_baselines() -> None:
    bare = Gateway(providers=GATEWAY.providers, chains={"mini": (MINI,)})

    assert Baselines.of(bare) == Baselines(None, None)
    made = entry_of(attempt(), AT, bare, Baselines.of(bare))
    assert made is not None
    assert (made.basis, made.first_micro_usd, made.labels.price) == ("unknown_price", None, "")
