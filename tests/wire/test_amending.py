"""Promises about what an operator adds to requests for one target: templates, temperatures."""

from dataclasses import replace

import pytest

from openclaw_extproc.gateway import Changes
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Text, Turn
from openclaw_extproc.wire import client_side
from openclaw_extproc.wire.base import ClientRequest, Injection
from openclaw_extproc.wire.edits import with_changes, with_fields
from tests.samples import CLIENTS, REQUESTS, Case, chat_of
from tests.wire import accepted

BEFORE, AFTER = "Speak as our company speaks.", "Be brief."
TEMPLATE = Changes(preamble=BEFORE, style=AFTER)
MODEL = "claude-3-7-sonnet"
"""Of a generation that takes temperatures, and `top_p` beside them."""

every_request = pytest.mark.parametrize("case", REQUESTS, ids=str)


def amended(case: Case, changes: Changes, *, model: str = MODEL, losses: list[str] | None = None) -> ClientRequest:
    asked = case.asked()
    body = case.client.amend(asked.body, Injection(changes, model), [] if losses is None else losses)
    return with_fields(asked, body)


def body_of(format: str, body: dict[str, Json], changes: Changes, *, model: str = MODEL) -> dict[str, Json]:
    return client_side(format).amend(body, Injection(changes, model), [])


@every_request
def test_nothing_to_add_leaves_every_byte(case: Case) -> None:
    assert amended(case, Changes()).raw == case.request


@every_request
def test_the_system_text_stands_between_preamble_and_style(case: Case) -> None:
    before = case.chat()

    after = chat_of(case.client, amended(case, TEMPLATE))

    assert "\n\n".join(after.system) == "\n\n".join([BEFORE, *before.system, AFTER])
    assert replace(after, system=()) == replace(before, system=(), losses=after.losses)


@every_request
def test_the_temperature_is_the_operators(case: Case) -> None:
    losses: list[str] = []

    after = chat_of(case.client, amended(case, Changes(temperature=0.25), losses=losses))

    assert after.temperature == (case.chat().temperature if losses else 0.25)
    assert not losses or case.chat().reasoning, "only thinking gets in the way"


@every_request
def test_other_fields_keep_their_bytes_and_their_order(case: Case) -> None:
    raw = case.request.replace(b"{", b'{ "x_unknown" :  [1.50, "\\u00e9"],', 1)
    asked = case.asked(raw)

    after = with_fields(asked, case.client.amend(asked.body, Injection(TEMPLATE, MODEL), []))

    assert after.raw.startswith(b'{ "x_unknown" :  [1.50, "\\u00e9"],')
    assert [key for key in j.parse(after.raw, where="x") if key in asked.body] == list(asked.body)
    assert j.parse(after.raw, where="x") == after.body


@every_request
def test_providers_take_what_was_added(case: Case) -> None:
    changes, model = replace(TEMPLATE, temperature=0.5), _MODELS[case.format]
    if accepted.refuses(case.format, accepted.sent(case, case.asked(), model), model):
        pytest.skip("not even without")

    accepted.check(case.format, accepted.sent(case, amended(case, changes, model=model), model), model)


_MODELS = {
    "anthropic_messages": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-flash",
    "openai_chat": "gpt-4o",
    "openai_responses": "gpt-4o",
}


@pytest.mark.parametrize("format", CLIENTS)
@pytest.mark.parametrize(("wanted", "taken"), [(7.0, {"anthropic_messages": 1.0}), (-1.0, {})])
def test_a_temperature_stays_in_the_range_of_the_format(format: str, wanted: float, taken: dict[str, float]) -> None:
    case = next(case for case in REQUESTS if case.format == format and not case.chat().reasoning)

    after = chat_of(case.client, amended(case, Changes(temperature=wanted)))

    assert after.temperature == (taken.get(format, 2.0) if wanted > 0 else 0.0)


def test_a_translated_chat_is_changed_the_same_way() -> None:
    chat = Chat("m", (Turn("user", (Text("hi"),)),), system=("A", "B"), temperature=1.5)

    assert with_changes(chat, Changes()) == chat
    assert with_changes(chat, replace(TEMPLATE, temperature=9.0)) == replace(
        chat, system=(BEFORE, "A", "B", AFTER), temperature=2.0
    )


# -- each format's own -----------------------------------------------------------------


def test_what_is_cached_at_anthropic_stays_cached() -> None:
    block: Json = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}

    body = body_of("anthropic_messages", {"system": [block]}, TEMPLATE)

    assert body["system"] == [{"type": "text", "text": BEFORE}, block, {"type": "text", "text": AFTER}]


@pytest.mark.parametrize(
    ("model", "body", "left"),
    [
        ("claude-opus-4-7", {"temperature": 1}, {"temperature": 1}),
        ("claude-sonnet-4-5", {"thinking": {"type": "enabled", "budget_tokens": 2048}}, None),
        ("claude-opus-5", {}, None),
        ("claude-opus-4-1", {"top_p": 0.5}, {"temperature": 0.5}),
        ("claude-3-opus", {"top_p": 0.5}, {"top_p": 0.5, "temperature": 0.5}),
    ],
)
def test_no_claude_is_told_a_temperature_that_it_refuses(
    model: str, body: dict[str, Json], left: dict[str, Json] | None
) -> None:
    losses: list[str] = []
    after = client_side("anthropic_messages").amend(body, Injection(Changes(temperature=0.5), model), losses)

    assert after == (body if left is None else left)
    assert bool(losses) == (after.get("temperature") != 0.5 or "top_p" in body.keys() - after.keys())


def test_no_second_system_message_is_made() -> None:
    messages: list[Json] = [{"role": "developer", "content": [{"type": "text", "text": "Rules."}]}, {"role": "user"}]

    body = body_of("openai_chat", {"messages": messages}, TEMPLATE)

    texts: list[Json] = [{"type": "text", "text": text} for text in (BEFORE, "Rules.", AFTER)]
    assert body["messages"] == [{"role": "developer", "content": texts}, {"role": "user"}]


def test_style_goes_behind_the_last_of_several_system_messages() -> None:
    messages: list[Json] = [{"role": "system", "content": "A"}, {"role": "system", "content": "B"}, {"role": "user"}]

    body = body_of("openai_chat", {"messages": messages}, TEMPLATE)

    given = body["messages"]
    assert isinstance(given, list)
    assert given[:2] == [
        {"role": "system", "content": f"{BEFORE}\n\nA"},
        {"role": "system", "content": f"B\n\n{AFTER}"},
    ]


def test_instructions_do_not_take_the_place_of_a_prompt_kept_at_openai() -> None:
    body = body_of("openai_responses", {"prompt": {"id": "p"}, "input": "hi"}, TEMPLATE)

    assert "instructions" not in body
    assert body["input"] == [
        {"role": "system", "content": f"{BEFORE}\n\n{AFTER}"},
        {"role": "user", "content": "hi"},
    ]


def test_a_template_goes_before_the_prompt_of_a_completion() -> None:
    assert body_of("openai_completions", {"prompt": "Once"}, TEMPLATE)["prompt"] == f"{BEFORE}\n\n{AFTER}\n\nOnce"


def test_a_prompt_in_tokens_goes_without_a_template_and_says_so() -> None:
    losses: list[str] = []
    body: dict[str, Json] = {"prompt": [1, 2]}

    after = client_side("openai_completions").amend(body, Injection(TEMPLATE, MODEL), losses)

    assert after == body
    assert losses == ["template: the prompt is tokens"]


def test_gemini_keys_stay_as_the_client_writes_them() -> None:
    body = body_of(
        "gemini",
        {"system_instruction": {"parts": {"text": "A"}}, "generation_config": {"top_p": 0.5}},
        replace(TEMPLATE, temperature=0.5),
    )

    assert body == {
        "system_instruction": {"parts": [{"text": BEFORE}, {"text": "A"}, {"text": AFTER}]},
        "generation_config": {"top_p": 0.5, "temperature": 0.5},
    }


def test_beside_a_cache_at_google_no_system_text_is_sent() -> None:
    losses: list[str] = []
    body: dict[str, Json] = {"cachedContent": "cachedContents/1"}

    assert client_side("gemini").amend(body, Injection(TEMPLATE, MODEL), losses) == body
    assert losses == ["template: not beside cachedContent"]


# -- other operations -------------------------------------------------------------------


def test_a_count_has_the_template_in_it_and_nothing_else() -> None:
    changes = replace(TEMPLATE, temperature=0.5, max_output_tokens=7)

    body = body_of("anthropic_count_tokens", {"messages": []}, changes)

    assert body == {"messages": [], "system": f"{BEFORE}\n\n{AFTER}"}


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        (
            {"contents": {"parts": {"text": "hi"}}},
            {"contents": [{"parts": [{"text": BEFORE}, {"text": AFTER}, {"text": "hi"}]}]},
        ),
        (
            {"generateContentRequest": {"contents": []}},
            {"generateContentRequest": {
                "contents": [], "systemInstruction": {"parts": [{"text": BEFORE}, {"text": AFTER}]}
            }},
        ),
        ({"contents": []}, {"contents": []}),
    ],
)  # fmt: skip
def test_geminis_count_has_it_too(given: dict[str, Json], counted: dict[str, Json]) -> None:
    assert body_of("gemini_count_tokens", given, replace(TEMPLATE, temperature=0.5)) == counted


def test_embeddings_are_left_as_they_are() -> None:
    body: dict[str, Json] = {"input": "hi"}

    assert body_of("openai_embeddings", body, replace(TEMPLATE, temperature=0.5)) is body
