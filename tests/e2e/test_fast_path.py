"""The fast path with real Envoy: which requests take it, that it keeps what two stages promise, and its switch."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from openclaw_extproc.stages.fast_path.routes import MAX_BODY_BYTES, MAX_OUTPUT_TOKENS
from tests.e2e import world
from tests.e2e.harness import Providers, Sidecar, http, routes_settle, sidecar, until

ATTEMPTS = "openclaw_fast_path_attempts_total"
PATH = "/openai/v1/chat/completions"
ALONE, CHAIN = "bee-model", "ace-then-dog-model"
ON = "fast_path: true"


@pytest.fixture(scope="module")
def up(providers: Providers) -> Iterator[Sidecar]:
    with sidecar(world.config(providers, never_ill=True), world.KEYS, gateway=ON) as started:
        until(lambda: _takes(started, _ask(started)), 10)
        yield started


def _ask(up: Sidecar, model: str = ALONE, path: str = PATH, **more: Any) -> dict[str, Any]:
    return {
        "url": f"{up.url}{path}",
        "json": {"model": model, "messages": [{"role": "user", "content": "Hi."}], **more},
    }


def _takes(up: Sidecar, request: dict[str, Any]) -> bool:
    """Whether this request takes the fast path. It has to be answered either way."""
    before = up.metric(ATTEMPTS)
    answer = http.post(**request)
    assert answer.status_code == 200, answer.text
    return up.metric(ATTEMPTS) > before


@pytest.mark.parametrize(
    ("model", "path", "more"),
    [
        (ALONE, PATH, {}),
        (ALONE, "/v1/chat/completions", {"stream": True, "user": "ada", "max_tokens": 20_000}),
        (ALONE, "//openai/./v1//chat/completions?a=b", {"temperature": 0.5}),
        (ALONE, "/openai/v1/responses", {"input": "Hi."}),
        (CHAIN, PATH, {}),
        ("cat-then-dog-model", "/anthropic/v1/messages", {"max_tokens": 100}),
        ("cat-then-dog-model", "/v1/messages", {"max_tokens": 100, "stream": True}),
    ],
)
def test_ordinary_requests_take_it(up: Sidecar, model: str, path: str, more: dict[str, Any]) -> None:
    assert _takes(up, _ask(up, model, path, **more))


@pytest.mark.parametrize(
    ("model", "more"),
    [
        (ALONE, {"reasoning_effort": "high"}),
        (ALONE, {"max_tokens": MAX_OUTPUT_TOKENS + 1}),
        (ALONE, {"stop": ["x" * MAX_BODY_BYTES]}),
        (CHAIN, {"user": "ada"}),
        (CHAIN, {"prompt_cache_key": "s-1"}),
    ],
)
def test_a_body_that_a_decision_looks_at_does_not(up: Sidecar, model: str, more: dict[str, Any]) -> None:
    assert not _takes(up, _ask(up, model, **more))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-openclaw-user": "ada"},
        {"x-openclaw-model": "dog-model"},
        {"x-openclaw-tier": "simple"},
        {"content-type": "text/plain"},
    ],
)
def test_a_head_that_a_decision_looks_at_does_not(up: Sidecar, headers: dict[str, str]) -> None:
    assert not _takes(up, {**_ask(up), "headers": {"content-type": "application/json", **headers}})


def test_a_body_of_unknown_length_does_not(up: Sidecar) -> None:
    request = _ask(up)
    whole = json.dumps(request.pop("json")).encode()

    assert not _takes(up, {**request, "content": iter([whole]), "headers": {"content-type": "application/json"}})


def test_what_is_no_json_and_what_nobody_lists_is_refused_as_ever(up: Sidecar) -> None:
    headers = {"content-type": "application/json"}
    garbled = http.post(f"{up.url}{PATH}", content=b'{"model": "bee-model"', headers=headers)
    unknown = http.post(**_ask(up, "nobody's"))

    assert (garbled.status_code, unknown.status_code) == (400, 404)
    assert "error" in garbled.json()
    assert unknown.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(("first", "second"), [(ALONE, "dog-model"), ("dog-model", ALONE)])
def test_a_model_that_is_there_twice_gets_nobody_what_it_is_not_for(up: Sidecar, first: str, second: str) -> None:
    """Whichever of them Envoy reads, the stage decides by the one that it reads itself."""
    body = f'{{"model": "{first}", "messages": [{{"role": "user", "content": "Hi."}}], "model": "{second}"}}'
    answer = http.post(f"{up.url}{PATH}", content=body, headers={"content-type": "application/json"})

    decided = httpx.post(f"{up.url}{PATH}", content=body, headers=_as_two_stages())
    assert answer.status_code in (decided.status_code, 503)
    if answer.status_code == 200:
        assert answer.headers["x-openclaw-model"] == decided.headers["x-openclaw-model"]


def _as_two_stages() -> dict[str, str]:
    return {"content-type": "application/json", "x-openclaw-priority": "normal"}


def test_callers_do_not_steer_envoy(up: Sidecar, providers: Providers) -> None:
    providers["bee"].set_fault("503")
    steering = {"x-envoy-max-retries": "0", "x-envoy-retry-on": "5xx", "x-envoy-upstream-rq-timeout-ms": "1"}

    answer = http.post(**_ask(up), headers=steering)

    assert answer.headers["x-openclaw-attempts"] == "3"
    assert len(providers["bee"].requests) == 3
    assert not any(name.startswith("x-envoy-") for record in providers["bee"].requests for name in record.headers)


def test_no_header_of_the_caller_goes_on_and_the_credential_is_ours(up: Sidecar, providers: Providers) -> None:
    headers = {"authorization": "Bearer theirs", "x-api-key": "theirs", "cookie": "theirs", "x-internal": "theirs"}

    answer = http.post(**_ask(up), headers=headers)

    (got,) = providers["bee"].requests
    assert got.headers["authorization"] == "Bearer sk-ours-bee"
    assert "theirs" not in str(got.headers)
    assert not any(name.startswith("x-envoy-") for name in answer.headers)


def test_what_callers_are_told_is_the_same_both_ways(up: Sidecar) -> None:
    """The same headers, but for the request's id."""
    fast, slow = http.post(**_ask(up, CHAIN)), http.post(**_ask(up, CHAIN), headers=_as_two_stages())

    def told(answer: httpx.Response) -> dict[str, str]:
        own = {"x-openclaw-request-id", "date", "x-request-id"}
        return {name: value for name, value in answer.headers.items() if name not in own}

    assert told(fast) == told(slow)
    assert fast.headers["x-openclaw-request-id"]


def test_where_nobody_answers_there_is_one_entry_and_its_id(up: Sidecar) -> None:
    answer = http.post(**_ask(up, "four-first-model"))
    assert answer.status_code == 200, "the third one is dead as well, and the fourth is not"

    lone = http.post(**_ask(up, "dead-openai-then-bee-model"))
    assert (lone.status_code, lone.headers["x-openclaw-attempts"]) == (200, "2")
    entries = [line for line in up.wait_for("model_selection") if line["data"]["attempts"] == 2]
    assert entries[-1]["data"]["model_selection"]["reason"] == "primary_connection"


def test_a_reload_takes_routes_away_and_brings_them_back(providers: Providers) -> None:
    """Here by the switch itself."""
    plain = world.config(providers, never_ill=True)
    with sidecar(plain, world.KEYS, gateway=ON) as up:
        until(lambda: _takes(up, _ask(up)), 10)

        up.rewrite(plain + "\n")
        head, _, rest = up.config.read_text().partition("\n")
        up.config.write_text(head.replace("fast_path: true", "fast_path: false") + "\n" + rest)
        up.wait_for("reloaded", seconds=15)
        routes_settle()
        assert not _takes(up, _ask(up))

        up.config.write_text(head + "\n" + rest + "\n")
        up.wait_for("reloaded", times=2, seconds=15)
        until(lambda: _takes(up, _ask(up)), 10)
