"""One decision, told in every place: the answer's headers, the log, Envoy's access log, the metrics."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e import world
from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until

DECISION = {
    "tier", "score", "confidence", "task", "rule", "level", "experiment", "tokens", "cost_usd", "notice", "mode",
    "would", "cost_centre", "data_classes",
}  # fmt: skip
"""Keys of `decision` in the log line. There may be more."""


def ask(up: Sidecar, model: str = "bee-model", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.post(up.url + "/v1/chat/completions", content=body("openai", model), headers=named)


@pytest.fixture(scope="module")
def access_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("envoy") / "access.log"


@pytest.fixture(scope="module")
def told(providers: Providers, access_log: Path) -> Iterator[Sidecar]:
    always = "classification: always"
    with sidecar(world.config(providers), world.KEYS, "--access-log", str(access_log), gateway=always) as up:
        yield up


def accessed(file: Path, request_id: str) -> dict[str, Any]:
    """Envoy writes its log when it likes, seconds later."""

    def find() -> dict[str, Any] | None:
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return next((line for line in lines if line["request_id"] == request_id), None)

    return until(find, 15)


def test_all_places_tell_the_same(told: Sidecar, access_log: Path) -> None:
    answer = ask(told, x_request_id="all-places", x_openclaw_user="ada")

    line = until(lambda: next((n for n in told.lines() if n["data"].get("request_id") == "all-places"), None), 5)
    decision = line["data"]["model_selection"]["decision"]
    assert decision.keys() >= DECISION
    envoys = accessed(access_log, "all-places")
    assert (envoys["mode"], envoys["model"], envoys["requested_model"]) == ("enforce", "bee-model", "bee-model")
    assert envoys["reason"] == line["data"]["model_selection"]["reason"]
    assert answer.headers["x-openclaw-reason"] == envoys["reason"]
    assert answer.headers["x-openclaw-tier"] == envoys["tier"] == decision["tier"] != ""
    assert "x-openclaw-mode" not in answer.headers


def test_decisions_are_counted_and_timed(told: Sidecar) -> None:
    before = told.metric("openclaw_decision_seconds_count")

    ask(told)

    until(lambda: told.metric("openclaw_decision_seconds_count") == before + 1, 5, told.metrics)
    assert told.metric("openclaw_decisions_total", mode="enforce") >= 1
    assert 0 < told.metric("openclaw_decision_seconds_sum") < 1


@pytest.mark.parametrize(
    ("how", "expected"),
    [("minimal", {"provider", "model", "request-id"}), ("off", set[str]())],
)
def test_callers_are_told_as_little_as_the_operator_wants(providers: Providers, how: str, expected: set[str]) -> None:
    with sidecar(world.config(providers), world.KEYS, gateway=f"response_headers: {how}") as up:
        answers = [ask(up), ask(up, "nobody-has-it")]
        up.wait_for("model_selection")

    ours = [{n.removeprefix("x-openclaw-") for n in a.headers if n.startswith("x-openclaw-")} for a in answers]
    assert [answer.status_code for answer in answers] == [200, 404]
    assert ours == [expected, expected & {"request-id"}]


def test_an_experiment_is_told_and_counted(providers: Providers) -> None:
    rules = "routing_strategy: {experiments: [{name: dogs, model: dog-model, of: bee-model, share: 1}]}"
    with sidecar(world.config(providers), world.KEYS, gateway=rules) as up:
        answer = ask(up, x_openclaw_session="s-1")

        until(lambda: up.metric("openclaw_experiment_requests_total", experiment="dogs", arm="arm") == 1, 5, up.metrics)

    assert answer.headers["x-openclaw-experiment"] == "dogs=arm"
    assert answer.headers["x-openclaw-model"] == "dog-model"


def test_what_may_go_nowhere_is_refused_and_logged_with_its_reasons(providers: Providers) -> None:
    strict = "\ncompliance: {data_classes: {pii: {providers: [dog]}, secret: {regions: [nowhere]}}}\n"
    with sidecar(world.config(providers) + strict, world.KEYS) as up:
        answers = [ask(up, x_openclaw_data_class=name) for name in ("secret", "pii", "unheard-of")]
        refused = up.wait_for("request_refused", times=2)

    assert [answer.status_code for answer in answers] == [403, 403, 400]
    assert refused[0]["data"]["decision"]["data_classes"] == ["secret"]
    assert "data class secret" in answers[0].json()["error"]["message"]
