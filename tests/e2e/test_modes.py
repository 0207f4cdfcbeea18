"""One configuration, three modes, through real Envoy: what is done, what is told, what is recorded."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e import world
from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until

ASKED, CHOSEN = "bee-model", "dog-model"
RULES = (
    "routing_strategy: {rules: [{name: dogs for ada, if: 'user == \"ada\"', model: dog-model},"
    " {name: later, if: tokens > 100000, model: ace-then-bee-model}]}"
)
COMPLIANCE = "compliance: {data_classes: {hr: {providers: [dog]}}}"
MODES = ("observe", "shadow", "enforce")


@pytest.fixture(scope="module", params=MODES)
def up(request: pytest.FixtureRequest, providers: Providers) -> Iterator[tuple[str, Sidecar]]:
    mode: str = request.param
    text = f"{world.config(providers)}\n{COMPLIANCE}"
    with sidecar(text, world.KEYS, gateway=f"mode: {mode}, {RULES}") as started:
        yield mode, started


def ask(started: Sidecar, user: str, request_id: str) -> tuple[httpx.Response, dict[str, Any]]:
    headers = {"x-openclaw-user": user, "x-request-id": request_id}
    answer = http.post(started.url + "/v1/chat/completions", content=body("openai", ASKED), headers=headers)
    line = until(lambda: next((n for n in started.lines() if n["data"].get("request_id") == request_id), None), 5)
    return answer, line["data"]["model_selection"]


def test_only_enforce_does_what_the_rule_says(up: tuple[str, Sidecar], providers: Providers) -> None:
    mode, started = up

    answer, selection = ask(started, "ada", f"{mode}-ada")

    assert answer.status_code == 200
    assert answer.headers["x-openclaw-model"] == (CHOSEN if mode == "enforce" else ASKED)
    assert selection["model"] == answer.headers["x-openclaw-model"]
    asked = {name for name, one in providers.by_name.items() if list(one.recorder or ())}
    assert asked == ({"dog"} if mode == "enforce" else {"bee"})


def test_each_mode_tells_what_it_is(up: tuple[str, Sidecar]) -> None:
    mode, started = up

    answer, selection = ask(started, "ada", f"{mode}-told")

    assert answer.headers.get("x-openclaw-mode") == (None if mode == "enforce" else mode)
    assert selection["decision"]["mode"] == mode
    would = f"dog/{CHOSEN}" if mode == "shadow" else None
    assert answer.headers.get("x-openclaw-would") == selection["decision"]["would"] == would


def test_the_rule_is_recorded_where_it_was_looked_at(up: tuple[str, Sidecar]) -> None:
    mode, started = up

    _, selection = ask(started, "ada", f"{mode}-rule")

    assert selection["decision"]["rule"] == (None if mode == "observe" else "dogs for ada")
    # No rule looks at the classification, so it is told where it was asked for: in the modes that are for looking.
    assert selection["decision"]["tier"] in ((None,) if mode == "enforce" else ("simple", "standard", "large"))
    rule = "" if mode == "observe" else "dogs for ada"
    until(lambda: started.metric("openclaw_decisions_total", mode=mode, rule=rule), 5, started.metrics)


def test_whom_no_rule_is_about_gets_what_they_asked_for(up: tuple[str, Sidecar]) -> None:
    mode, started = up

    answer, selection = ask(started, "bob", f"{mode}-bob")

    assert answer.headers["x-openclaw-model"] == ASKED
    assert selection["decision"]["rule"] is None


def test_what_compliance_forbids_goes_nowhere_in_any_mode(up: tuple[str, Sidecar], providers: Providers) -> None:
    _, started = up
    headers = {"x-openclaw-data-class": "hr"}

    answer = http.post(started.url + "/v1/chat/completions", content=body("openai", ASKED), headers=headers)

    assert answer.status_code == 403
    assert not [name for name, one in providers.by_name.items() if list(one.recorder or ())]


def test_the_next_one_answers_for_who_is_down_in_every_mode(up: tuple[str, Sidecar]) -> None:
    _, started = up

    answer = http.post(started.url + "/v1/chat/completions", content=body("openai", "dead-openai-then-bee-model"))

    assert (answer.status_code, answer.headers["x-openclaw-model"]) == (200, ASKED)


def test_a_client_hears_of_a_data_class_that_nobody_keeps_in_every_mode(up: tuple[str, Sidecar]) -> None:
    _, started = up
    headers = {"x-openclaw-data-class": "hrr"}

    answer = http.post(started.url + "/v1/chat/completions", content=body("openai", ASKED), headers=headers)

    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
