"""Real names, as providers and people write them, against the package's tables. The numbers are those of models that
are sold no more or for long: they do not change with a newer package.
"""

from datetime import date

import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.config.known.prices import KINDS, NEWEST, price_at_seller, seller, window_at_vendor
from openclaw_extproc.gateway import Provider

DAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("seller_id", "name", "dollars"),
    [
        ("anthropic", "claude-3-opus-20240229", (15, 75)),
        ("anthropic", "claude-3-opus-latest", (15, 75)),
        ("anthropic", "claude-3-sonnet-20240229", (3, 15)),
        ("anthropic", "claude-opus-4", (15, 75)),
        ("anthropic", "claude-opus-4-20250514", (15, 75)),
        ("anthropic", "claude-sonnet-4", (3, 15)),
        ("anthropic", "claude-sonnet-4-20250514", (3, 15)),
        ("anthropic", "claude-3-5-haiku-20241022", (0.8, 4)),
        ("google", "gemini-pro-1.5", (1.25, 5)),
        ("google", "gemini-1.5-pro-128k", (1.25, 5)),
        ("google", "gemini-1.5-pro-002", (1.25, 5)),
        ("google", "models/gemini-1.5-pro", (1.25, 5)),
        ("google", "gemini-2.0-flash-001", (0.1, 0.4)),
        ("google", "gemini-2.5-pro-preview-05-06", (1.25, 10)),
        ("google", "claude-3-opus@20240229", (15, 75)),
        ("openai", "gpt-4o", (2.5, 10)),
        ("openai", "GPT-4o", (2.5, 10)),
        ("openai", "gpt-4o-2024-08-06", (2.5, 10)),
        ("openai", "gpt-4o-mini", (0.15, 0.6)),
        ("openai", "gpt-4o-mini-2024-07-18", (0.15, 0.6)),
        ("openai", "gpt-4o-mini-20240718", (0.15, 0.6)),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc", (0.3, 1.2)),
        ("openai", "gpt-5-nano-2025-08-07", (0.05, 0.4)),
        ("openai", "text-embedding-3-small", (0.02, 0)),
        ("azure", "gpt-4o", (2.5, 10)),
        ("aws", "anthropic.claude-3-opus-20240229-v1:0", (15, 75)),
        ("aws", "us.anthropic.claude-3-sonnet-20240229-v1:0", (3, 15)),
        (
            "aws",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-3-5-haiku-20241022-v1:0",
            (0.8, 4),
        ),
        ("aws", "eu.amazon.nova-lite-v1:0", (0.06, 0.24)),
        ("groq", "llama-3.3-70b-versatile", (0.59, 0.79)),
        ("mistral", "open-mixtral-8x7b", (0.7, 0.7)),
        ("x-ai", "grok-3-latest", (3, 15)),
        ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", (0.88, 0.88)),
        ("openrouter", "anthropic/claude-3-opus", (15, 75)),
        ("openrouter", "mistralai/mistral-nemo:free", (0, 0)),
    ],
)
def test_what_a_seller_lists_has_its_price(seller_id: str, name: str, dollars: tuple[float, float]) -> None:
    first = price_at_seller(seller_id, name, DAY).prices[0]

    assert (first.input, first.output, first.above) == (*dollars, 0)


@pytest.mark.parametrize(
    ("seller_id", "name"),
    [
        ("anthropic", "light-v1"),
        ("anthropic", "claude-3-opus-of-ours"),
        ("anthropic", "claude-opus-4-10"),
        ("anthropic", "claude-3-haiku-but-fast"),
        ("anthropic", "claude-haiku-4-5-mini"),
        ("anthropic", "my-claude-3-opus"),
        ("google", "gemini-ultra-1.5"),
        ("google", "gemini-1.5-flash-8b"),  # half the price of gemini-1.5-flash, which it begins like
        ("google", "gemini-2.5-pro-and-more"),
        ("google", "gemma-3-27b-it"),  # listed without any price: that is not free
        ("openai", "gpt-4.1-coder"),
        ("openai", "gpt-4o-mini-2"),
        ("openai", "gpt-55"),
        ("openai", "omni-moderation-latest"),
        ("azure", "my-deployment"),
        ("azure", "my-o4-mini"),
        ("aws", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"),
        ("cerebras", "qwen-3-coder-480b"),
        ("deepseek", "deepseek-r1-distill-llama-70b"),
        ("nobody", "gpt-4o"),
        ("", "gpt-4o"),
        ("openai", ""),
    ],
)
def test_no_price_is_guessed(seller_id: str, name: str) -> None:
    assert price_at_seller(seller_id, name, DAY).prices == ()


def test_long_prompts_cost_more_where_they_do() -> None:
    facts = ModelFacts(prices=price_at_seller("google", "gemini-2.5-pro", DAY).prices)

    short, long = facts.price(200_000), facts.price(200_001)

    assert short
    assert long
    assert (short.input, short.output, short.cache_read) == (1.25, 10, 0.125)
    assert (long.input, long.output, long.cache_read) == (2.5, 15, 0.25)


def test_caches_have_their_prices() -> None:
    (price,) = price_at_seller("anthropic", "claude-3-opus-20240229", DAY).prices

    assert (price.cache_read, price.cache_write) == (1.5, 18.75)


def test_a_price_that_changes_on_a_day_is_that_of_today() -> None:
    before, after = (price_at_seller("openai", "o3", day).prices[0] for day in (date(2025, 6, 9), date(2025, 6, 10)))

    assert (before.input, after.input) == (10, 2)
    assert price_at_seller("openai", "o3", NEWEST).prices[0] == after


def test_a_price_by_the_time_of_the_day_is_the_dearest() -> None:
    price = price_at_seller("deepseek", "deepseek-reasoner", DAY).prices[0]

    assert (price.input, price.output) == (0.55, 2.19)


@pytest.mark.parametrize(
    ("authority", "path", "found"),
    [
        ("api.openai.com", "/v1", "openai"),
        ("api.anthropic.com", "/v1", "anthropic"),
        ("generativelanguage.googleapis.com", "/v1beta", "google"),
        ("us-east5-aiplatform.googleapis.com", "/v1/projects/p/locations/us-east5", "google"),
        ("acme.openai.azure.com", "", "azure"),
        ("bedrock-runtime.eu-west-1.amazonaws.com", "", "aws"),
        ("vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", "", "aws"),
        ("api.groq.com", "/openai/v1", "groq"),
        ("api.mistral.ai", "/v1", "mistral"),
        ("api.deepseek.com", "/v1", "deepseek"),
        ("api.x.ai", "/v1", "x-ai"),
        ("api.together.xyz", "/v1", "together"),
        ("openrouter.ai", "/api/v1", "openrouter"),
        ("api.cerebras.ai", "/v1", "cerebras"),
        ("127.0.0.1:8080", "/v1", ""),
        ("openai", "/v1", ""),
        ("llm-proxy.example.com", "/v1", ""),
        ("", "", ""),
    ],
)
def test_who_is_paid_is_told_by_the_address(authority: str, path: str, found: str) -> None:
    assert seller(Provider("openai", "openai", "openai_chat", base_path=path, authority=authority)) == found


@pytest.mark.parametrize(
    ("name", "tokens"),
    [("claude-3-opus-20240229", 200_000), ("gpt-4o", 128_000), ("gpt-oss-120b", 131_072), ("light-v1", None)],
)
def test_a_window_is_known_wherever_the_model_runs(name: str, tokens: int | None) -> None:
    assert window_at_vendor(name) == tokens


@given(st.text())
def test_any_name_is_looked_up_without_a_crash(name: str) -> None:
    for seller_id in ("anthropic", "aws", "google", "openai"):
        price_at_seller(seller_id, name, DAY)
    window_at_vendor(name)


NO_TOKENS = frozenset(
    {"web_searches_kcount", "storage_searches_kcount", "audio_hours", "input_audio_hours", "input_document_kpages"}
    | {"input_annotated_document_kpages", "input_mchars", "requests_kcount", "input_text_messages_kcount"}
)
"""What the price list counts in hours, pages, letters and requests."""


def test_every_kind_of_token_in_the_price_list_has_a_place_in_a_price() -> None:
    models = [model for seller in get_snapshot().providers for model in seller.models]
    prices = [
        price
        for model in models
        for price in ([model.prices] if isinstance(model.prices, ModelPrice) else [one.prices for one in model.prices])
    ]
    listed = {kind for price in prices for kind, dollars in vars(price).items() if dollars is not None}

    assert "cache_audio_read_mtok" in listed
    assert listed - NO_TOKENS <= {*KINDS.values(), "input_mtok", "output_mtok"}
