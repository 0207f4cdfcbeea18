"""Promises about what a request says of itself, and whose it is."""

import json
from dataclasses import replace

import pytest

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.features import Declarations, extract
from openclaw_extproc.features.declared import (
    MAX_BYTES,
    MAX_HEADERS,
    MAX_VALUE_BYTES,
    TASKS,
    TIER_WORDS,
    visible_headers,
)
from openclaw_extproc.model.requests import Ask, Chat, Embed
from openclaw_extproc.strategy import TIERS, Level

CHAT = Chat("m", ())


def said(ask: Ask = CHAT, /, **headers: str) -> Declarations:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return extract(ask, client_format="openai_chat", headers=names).declared


def level(**headers: str) -> Level:
    made = said(**headers).level
    assert made is not None
    return made


def complaint(**headers: str) -> str:
    with pytest.raises(FaultError) as caught:
        said(**headers)
    assert caught.value.fault.kind is FaultKind.MALFORMED
    return caught.value.fault.public


def test_who_says_nothing_declares_nothing() -> None:
    assert said(user_agent="x") == Declarations()


def test_all_that_can_be_declared() -> None:
    declared = said(
        x_openclaw_session=" s ",
        x_openclaw_user="ada",
        x_openclaw_cost_centre="research",
        x_openclaw_task="code-generation",
        x_openclaw_tier="Reasoning",
        x_openclaw_priority="HIGH",
        x_openclaw_data_class="pii",
    )

    assert declared == Declarations("s", "ada", "research", "code_generation", "standard", "high", "pii")


def test_a_cost_centre_may_be_spelt_as_in_america() -> None:
    assert said(x_openclaw_cost_center="r").cost_centre == "r"


@pytest.mark.parametrize("word", TIER_WORDS)
def test_every_word_for_a_tier_means_one(word: str) -> None:
    assert said(x_openclaw_tier=word).tier in TIERS


@pytest.mark.parametrize("task", TASKS)
def test_every_task_can_be_declared(task: str) -> None:
    assert said(x_openclaw_task=task).task == task


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("x-openclaw-tier", "huge", "unknown word (known: simple, standard, large"),
        ("x-openclaw-task", "dance", "unknown word (known: simple_qa"),
        ("x-openclaw-priority", "urgent", "unknown word (known: high, normal, low)"),
        ("x-openclaw-routing", "maybe", "unknown word (known: off, on)"),
        ("x-openclaw-tier", "x" * 300, "longer than 256 bytes"),
        ("x-openclaw-timeout-ms", "soon", "expected a whole number of milliseconds"),
        ("x-openclaw-timeout-ms", "0", "expected"),
        ("x-openclaw-timeout-ms", "-5", "expected"),
        ("x-openclaw-timeout-ms", "٣", "expected"),
        ("x-openclaw-timeout-ms", "9" * 200, "expected"),
        ("x-openclaw-max-cost-usd", "cheap", "expected an amount of US dollars"),
        ("x-openclaw-max-cost-usd", "nan", "expected"),
        ("x-openclaw-max-cost-usd", "inf", "expected"),
        ("x-openclaw-max-cost-usd", "-1", "expected"),
        ("x-openclaw-max-cost-usd", "1_0", "expected"),
        ("x-openclaw-prompt", "{", "not valid JSON"),
        ("x-openclaw-prompt", "[]", "expected an object"),
        ("x-openclaw-prompt", '{"modle": {}}', "unknown key 'modle' (known: model, router)"),
        ("x-openclaw-prompt", '{"model": {"provider": "a"}}', "model.model: expected a string, found nothing"),
        ("x-openclaw-prompt", '{"model": {"model": ""}}', "model.model: expected a model's name"),
        ("x-openclaw-prompt", '{"model": {"model": "a", "api_key": "k"}}', "model: unknown key 'api_key'"),
        ("x-openclaw-prompt", '{"router": {"timeout_ms": 0}}', "router.timeout_ms: expected milliseconds"),
        ("x-openclaw-prompt", '{"router": {"timeout_ms": true}}', "router.timeout_ms: expected an integer"),
        ("x-openclaw-prompt", '{"router": {"enable": 1}}', "router.enable: expected true or false"),
        ("x-openclaw-prompt", '{"router": {"enable": true, "enabled": false}}', "contradict each other"),
        ("x-openclaw-prompt", '{"model": "' + "m" * 4_100 + '"}', "longer than 4096 bytes"),
    ],
)
def test_what_means_nothing_is_refused_and_the_header_is_named(name: str, value: str, told: str) -> None:
    message = complaint(**{name: value})

    assert message.startswith(f"{name}: ")
    assert told in message


def test_an_empty_header_says_nothing() -> None:
    names = ("session", "user", "cost_centre", "task", "tier", "priority", "data_class")

    assert said(**{f"x_openclaw_{name}": "" for name in names}) == Declarations()


def test_a_long_name_is_cut_within_a_character() -> None:
    assert said(x_openclaw_user="é" * 300).user == "é" * (MAX_BYTES // 2)
    assert said(x_openclaw_user="a" + "é" * 300).user == "a" + "é" * (MAX_BYTES // 2 - 1)
    assert len(said(replace(CHAT, user="u" * 5_000)).user) == MAX_BYTES


# -- the level of a request -------------------------------------------------------------


def test_the_model_header_makes_a_level() -> None:
    assert level(x_openclaw_model="claude") == Level("x-openclaw-model", "claude")


PROMPT = {
    "model": {"provider": "anthropic", "model": "claude-3-opus-20240229"},
    "router": {
        "enable": True,
        "timeout_ms": 5_000,
        "primary": {"model": "other"},
        "fallback": {"provider": "google", "model": "gemini"},
    },
}


def test_the_prompt_form_makes_a_level() -> None:
    assert level(x_openclaw_prompt=json.dumps(PROMPT)) == Level(
        "x-openclaw-prompt",
        "anthropic/claude-3-opus-20240229",
        routing=True,
        timeout_ms=5_000,
        fallback=("google/gemini",),
    )


def test_the_primary_of_the_prompt_form_is_its_model_where_it_names_no_other() -> None:
    body = {"router": PROMPT["router"]}

    assert level(x_openclaw_prompt=json.dumps(body)).model == "other"


def test_a_header_of_its_own_goes_before_the_prompt_form_and_the_shorter_time_counts() -> None:
    made = level(
        x_openclaw_prompt=json.dumps(PROMPT),
        x_openclaw_model="mine",
        x_openclaw_routing="off",
        x_openclaw_timeout_ms="9000",
        x_openclaw_max_cost_usd="0.05",
    )

    assert made == Level("x-openclaw-model", "mine", False, 5_000, max_cost_usd=0.05, fallback=("google/gemini",))
    assert level(x_openclaw_prompt=json.dumps(PROMPT), x_openclaw_timeout_ms="700").timeout_ms == 700


def test_a_level_may_only_set_a_limit() -> None:
    assert level(x_openclaw_max_cost_usd="0") == Level("x-openclaw-max-cost-usd", max_cost_usd=0.0)
    assert level(x_openclaw_routing="off") == Level("x-openclaw-routing", routing=False)


# -- whose it is -------------------------------------------------------------------------

HASH = "a1" * 32
OLD = f"user_{HASH}_account__session_123e4567-e89b-12d3-a456-426614174000"
OWNED = f"user_{HASH}_account_9f-1_session_123e"
NEW = json.dumps({"device_id": HASH, "account_uuid": "", "session_id": "2c4e"})


@pytest.mark.parametrize(
    ("name", "session", "user"),
    [
        (OLD, "123e4567-e89b-12d3-a456-426614174000", f"user_{HASH}"),
        (OWNED, "123e", "9f-1"),
        (NEW, "2c4e", HASH),
        (json.dumps({"session_id": "s", "account_uuid": "a"}), "s", "a"),
        ("ada", "", "ada"),
        ("my_session_name", "", "my_session_name"),
        ('{"id": 1}', "", '{"id": 1}'),
        ("{broken", "", "{broken"),
        (None, "", ""),
    ],
)
def test_claude_code_packs_its_session_into_the_user(name: str | None, session: str, user: str) -> None:
    declared = said(replace(CHAT, user=name))

    assert (declared.session, declared.user) == (session, user)


def test_headers_go_before_the_body() -> None:
    chat = replace(CHAT, user=OLD, prompt_cache_key="key")

    assert said(chat, x_openclaw_session="1", x_session_id="2", x_claude_code_session_id="3").session == "1"
    assert said(chat, x_session_id="2", x_claude_code_session_id="3").session == "2"
    assert said(chat, x_claude_code_session_id="3").session == "3"
    assert said(chat, x_openclaw_session="").session.startswith("123e")
    assert said(replace(CHAT, prompt_cache_key="key")).session == "key"
    assert said(chat, x_openclaw_user="ada").user == "ada"


def test_who_asks_for_vectors_has_a_name_too() -> None:
    embed = Embed("m", ("a",), user="ada")

    assert extract(embed, client_format="openai_embeddings").declared.user == "ada"


# -- the headers that conditions see ----------------------------------------------------


def test_no_secret_is_shown() -> None:
    secrets = ["authorization", "Authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "x-auth-token",
               "x-amz-security-token", "proxy-authorization", "my_secret", "x-hub-signature", "openai-api-key-2",
               "x-openclaw-key", ":path", ":authority"]  # fmt: skip

    assert visible_headers(dict.fromkeys(secrets, "s3cret") | {"X-Tenant": "a", "x-auth-request-user": "ada"}) == {
        "x-tenant": "a",
        "x-auth-request-user": "ada",
    }


def test_what_is_shown_is_bounded() -> None:
    many = visible_headers({f"h-{n}": "é" * 1_000 for n in range(1_000)})

    assert len(many) == MAX_HEADERS
    assert {len(value.encode()) for value in many.values()} == {MAX_VALUE_BYTES}
