"""Whose key goes where: ours to the provider it belongs to, the caller's to nobody who was not meant."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from openclaw_simulator import Record
from tests.e2e import world
from tests.e2e.callers import CALLERS, body, said
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.world import PLACES, Place

THEIRS = "sk-theirs-0123456789"
CREDENTIALS = {
    "authorization": f"Bearer {THEIRS}-authorization",
    "x-api-key": f"{THEIRS}-x-api-key",
    "api-key": f"{THEIRS}-api-key",
    "x-goog-api-key": f"{THEIRS}-x-goog-api-key",
    "cookie": f"session={THEIRS}-cookie",
    "proxy-authorization": f"Basic {THEIRS}-proxy",
}
QUERY = f"?key={THEIRS}-key&KEY={THEIRS}-shout&api-version=1"
INTERNAL = {
    "x-openclaw-user": "someone",
    "x-openclaw-anything": "1",
    "x-envoy-anything": "1",
    "x-forwarded-for": "10.1.2.3",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "inside.example",
    "x-request-id": "0123-4567",
    "forwarded": "for=10.1.2.3",
    "via": "1.1 inside",
}
INTERNAL_PREFIXES = ("x-openclaw", "x-envoy", "x-forwarded", "x-request-id", "forwarded", "via", "x-b3", "traceparent")


def _everything(record: Record) -> str:
    return f"{record.headers} {record.query} {record.path} {record.body}"


def _has_only_its_own(record: Record, place: Place) -> None:
    assert THEIRS not in _everything(record)
    own = {"authorization": f"Bearer {place.key}"} if place.shape == "openai" else {"x-api-key": place.key}
    assert {name: value for name, value in record.headers.items() if name in CREDENTIALS} == own
    strangers = [
        other.key for other in PLACES.values() if other.key != place.key and not place.key.startswith(other.key)
    ]
    assert not [key for key in strangers if key in _everything(record)]
    assert not [name for name in record.headers if name.startswith(INTERNAL_PREFIXES)]


def _ask(sidecar: Sidecar, shape: str, model: str, **more: str) -> httpx.Response:
    headers = {"content-type": "application/json", **CREDENTIALS, **INTERNAL, **more}
    return http.post(sidecar.url + CALLERS[shape].path + QUERY, content=body(shape, model), headers=headers)


@pytest.mark.parametrize("shape", CALLERS)
@pytest.mark.parametrize("name", ["bee", "dog"])
def test_a_provider_gets_our_key_and_none_of_the_callers(
    main: Sidecar, providers: Providers, shape: str, name: str
) -> None:
    answer = _ask(main, shape, PLACES[name].model)

    assert answer.status_code == 200
    [record] = providers[name].requests
    _has_only_its_own(record, PLACES[name])


@pytest.mark.parametrize("fault", ["503", "reset", "first-event-error"])
@pytest.mark.parametrize("shape", CALLERS)
@pytest.mark.parametrize("name", ["ace-then-bee", "ace-then-dog", "cat-then-bee", "cat-then-dog"])
def test_after_a_failover_each_provider_got_its_own_key_only(
    main: Sidecar, providers: Providers, shape: str, name: str, fault: str
) -> None:
    """Envoy hands the headers of one attempt to the next, so what the first put on is there to be taken off."""
    first = PLACES[name]
    second = PLACES[first.fallback]
    providers[first.simulator].set_fault(fault)

    answer = _ask(main, shape, first.model)

    assert answer.status_code == 200
    for place in (first, second):
        [record] = providers[place.simulator].requests
        _has_only_its_own(record, place)


@pytest.mark.parametrize("query", [f"k%65y={THEIRS}", f"%6Bey={THEIRS}", f"a=1&key={THEIRS}", f"key={THEIRS}&key=2"])
@pytest.mark.parametrize("shape", CALLERS)
def test_a_key_in_the_query_goes_nowhere_however_it_is_written(
    main: Sidecar, providers: Providers, shape: str, query: str
) -> None:
    name = "bee" if shape == "openai" else "dog"

    answer = http.post(f"{main.url}{CALLERS[shape].path}?{query}", content=body(shape, PLACES[name].model))

    assert answer.status_code == 200
    assert THEIRS not in _everything(providers[name].requests[0])


@pytest.mark.parametrize("shape", CALLERS)
def test_no_secret_is_in_any_log_metric_or_answer(main: Sidecar, providers: Providers, shape: str) -> None:
    answers = [_ask(main, shape, "ace-then-dog-model")]
    for simulator in providers.by_name.values():
        simulator.set_fault("401")
    answers.append(_ask(main, shape, "cat-then-bee-model"))
    for simulator in providers.by_name.values():
        simulator.set_fault("503")
    answers.append(_ask(main, shape, "ace-then-dog-model"))
    answers.append(_ask(main, shape, "no-such-model"))

    assert [answer.status_code for answer in answers] == [200, 503, 503, 404]
    for text in (main.logged(), main.metrics(), *(f"{answer.headers} {answer.text}" for answer in answers)):
        assert THEIRS not in text
        assert not [place for place in PLACES.values() if place.key in text]


# --- forwarding ---


@pytest.fixture(scope="module")
def forwarding(providers: Providers) -> Iterator[Sidecar]:
    """`sender` gets the caller's own key; `mine`, its fallback, gets ours; `other-sender` would get the caller's."""
    with sidecar(_forwarding(providers), world.KEYS) as up:
        yield up


def _forwarding(providers: Providers) -> str:
    def at(name: str) -> str:
        return f'endpoint: "http://127.0.0.1:{providers[name].port}"'

    return f"""
model:
  router: {{retry_policy: {{max_retries: 0}}}}
  providers:
    - {{name: sender, models: [sender-model], format: openai_chat, {at("ace")}, auth: forward,
       fallback: mine, fallback_model: bee-model}}
    - {{name: mine, models: [bee-model], format: openai_chat, {at("bee")}, api_key: "${{KEY_BEE}}"}}
    - {{name: claude-sender, models: [claude-sender-model], format: anthropic_messages, {at("cat")}, auth: forward,
       fallback: claude-mine, fallback_model: dog-model}}
    - {{name: claude-mine, models: [dog-model], format: anthropic_messages, {at("dog")}, api_key: "${{KEY_DOG}}"}}
    - {{name: mine-first, models: [mine-first-model], format: openai_chat, {at("bee")}, api_key: "${{KEY_BEE}}",
       fallback: other-sender, fallback_model: other-model}}
    - {{name: other-sender, models: [other-model], format: openai_chat, {at("ace")}, auth: forward}}
"""


FORWARDED = {"openai": ("sender-model", "ace", "bee"), "anthropic": ("claude-sender-model", "cat", "dog")}


@pytest.mark.parametrize("shape", CALLERS)
def test_a_forwarded_credential_reaches_the_provider_it_was_sent_for(
    forwarding: Sidecar, providers: Providers, shape: str
) -> None:
    model, first, _ = FORWARDED[shape]

    answer = _ask(forwarding, shape, model)

    assert answer.status_code == 200
    [record] = providers[first].requests
    own = "authorization" if shape == "openai" else "x-api-key"
    assert record.headers[own] == CREDENTIALS[own]
    assert "cookie" not in record.headers
    assert "proxy-authorization" not in record.headers
    assert not [place for place in PLACES.values() if place.key in _everything(record)]
    assert not [name for name in record.headers if name.startswith(INTERNAL_PREFIXES)]


@pytest.mark.parametrize("fault", ["503", "reset"])
@pytest.mark.parametrize("shape", CALLERS)
def test_a_forwarded_credential_goes_no_further_than_the_first_provider(
    forwarding: Sidecar, providers: Providers, shape: str, fault: str
) -> None:
    model, first, second = FORWARDED[shape]
    providers[first].set_fault(fault)

    answer = _ask(forwarding, shape, model)

    assert answer.status_code == 200
    [sent] = providers[first].requests
    assert THEIRS in _everything(sent)
    [record] = providers[second].requests
    _has_only_its_own(record, PLACES[second])


def test_a_credential_is_not_forwarded_to_a_provider_further_down(forwarding: Sidecar, providers: Providers) -> None:
    providers["bee"].set_fault("503")

    answer = _ask(forwarding, "openai", "mine-first-model")

    assert answer.status_code == 503
    assert not [record for record in providers["ace"].requests if THEIRS in _everything(record)]


def test_a_credential_is_not_forwarded_to_a_provider_of_another_format(
    forwarding: Sidecar, providers: Providers
) -> None:
    answer = _ask(forwarding, "anthropic", "sender-model")

    assert not [record for record in providers["ace"].requests if THEIRS in _everything(record)]
    assert answer.status_code in (200, 400, 503)


# --- files ---


def test_a_rotated_key_file_is_used_by_the_next_call(providers: Providers, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk-before\n")
    text = f"""
model:
  providers:
    - {{name: bee, models: [bee-model], format: openai_chat, api_key_file: "{file}",
       endpoint: "http://127.0.0.1:{providers["bee"].port}"}}
"""
    with sidecar(text) as up, CALLERS["openai"](up.url) as caller:
        caller.ask("bee-model")
        file.write_text("sk-after\n")
        caller.ask("bee-model")
        fresh = tmp_path / "fresh"
        fresh.write_text("sk-renamed")
        fresh.replace(file)
        caller.ask("bee-model")

        keys = [record.headers["authorization"] for record in providers["bee"].requests]
        assert keys == ["Bearer sk-before", "Bearer sk-after", "Bearer sk-renamed"]
        assert "sk-after" not in up.logged()


def test_a_key_of_the_same_age_is_still_a_new_key(providers: Providers, tmp_path: Path) -> None:
    """Kubernetes swaps a symbolic link; the new file may be as old as the one before."""
    (tmp_path / "one").write_text("sk-one")
    (tmp_path / "two").write_text("sk-two")
    for name in ("one", "two"):
        os.utime(tmp_path / name, (time.time() - 60, 1_700_000_000))
    link = tmp_path / "key"
    link.symlink_to(tmp_path / "one")
    text = f"""
model:
  providers:
    - {{name: bee, models: [bee-model], format: openai_chat, api_key_file: "{link}",
       endpoint: "http://127.0.0.1:{providers["bee"].port}"}}
"""
    with sidecar(text) as up, CALLERS["openai"](up.url) as caller:
        caller.ask("bee-model")
        (tmp_path / "next").symlink_to(tmp_path / "two")
        (tmp_path / "next").replace(link)
        caller.ask("bee-model")

        keys = [record.headers["authorization"] for record in providers["bee"].requests]
        assert keys == ["Bearer sk-one", "Bearer sk-two"]


def test_a_missing_key_sends_the_call_to_the_fallback_until_it_is_there(providers: Providers, tmp_path: Path) -> None:
    file = tmp_path / "key"
    text = f"""
model:
  providers:
    - {{name: bee, models: [bee-model], format: openai_chat, api_key_file: "{file}",
       endpoint: "http://127.0.0.1:{providers["bee"].port}", fallback: dog, fallback_model: dog-model}}
    - {{name: dog, models: [dog-model], format: anthropic_messages, api_key: "${{KEY_DOG}}",
       endpoint: "http://127.0.0.1:{providers["dog"].port}"}}
"""
    with sidecar(text, world.KEYS) as up, CALLERS["openai"](up.url) as caller:
        without = caller.ask("bee-model")
        file.write_text("sk-late")
        until(lambda: caller.ask("bee-model").text == said("bee", "bee-model"), 5)

    assert without.text == said("dog", "dog-model")
    assert without.headers["x-openclaw-attempts"] == "1"
    assert "bee skipped" in without.headers["x-openclaw-reason"]
    assert providers["bee"].requests[-1].headers["authorization"] == "Bearer sk-late"
