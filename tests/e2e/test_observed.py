"""What an operator sees: metrics that move as they should, health, and one log line a call."""

import re
from collections.abc import Iterator

import anthropic
import httpx
import openai
import pytest

from tests.e2e import world
from tests.e2e.callers import CALLERS, body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.world import PLACES

BUCKETS = ["0.1", "0.5", "1.0", "5.0", "10.0", "+Inf"]
LINE = {"timestamp", "level", "service", "component", "event", "data"}
SELECTION = {
    "primary_provider",
    "primary_model",
    "fallback_provider",
    "fallback_model",
    "reason",
    "selection_time_ms",
}
"""Keys of `22-log-line.json` of the seed configuration. There may be more."""


@pytest.fixture
def fresh(providers: Providers) -> Iterator[Sidecar]:
    """Nothing was counted here yet."""
    with sidecar(world.config(providers), world.KEYS, never_ill=False) as up:
        yield up


def ask(up: Sidecar, model: str, *, sdk: str = "openai", streamed: bool = False) -> int:
    return http.post(up.url + CALLERS[sdk].path, content=body(sdk, model, streamed=streamed)).status_code


def settled(up: Sidecar, name: str, value: float, **labels: str) -> bool:
    """The entry of a call is written when Envoy has closed its streams, which may be after the answer."""
    return until(lambda: up.metric(name, **labels) == value, 3, lambda: f"{name}{labels}\n{up.metrics()}")


@pytest.mark.parametrize("sdk", CALLERS)
def test_a_call_is_counted_once(fresh: Sidecar, sdk: str, streamed: bool) -> None:
    assert ask(fresh, "bee-model", sdk=sdk, streamed=streamed) == 200

    bee = {"provider": "bee", "model": "bee-model"}
    assert settled(fresh, "openclaw_model_selection_total", 1, **bee, selection_type="primary")
    assert settled(fresh, "openclaw_model_latency_seconds_count", 1, **bee)
    assert settled(fresh, "openclaw_requests_total", 1, client_format=CALLERS[sdk].format, status="200")
    assert settled(fresh, "openclaw_tokens_total", 9, **bee, type="output")
    assert "openclaw_model_fallback_total{" not in fresh.metrics()
    assert _sum(fresh, "openclaw_model_selection_total") == 1


def test_latency_has_the_documented_buckets(fresh: Sidecar) -> None:
    ask(fresh, "bee-model")
    settled(fresh, "openclaw_model_latency_seconds_count", 1)

    found = re.findall(r'openclaw_model_latency_seconds_bucket\{le="([^"]+)"', fresh.metrics())
    assert found == BUCKETS
    assert 0 < fresh.metric("openclaw_model_latency_seconds_sum") < 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("503", "overloaded"), ("429", "rate_limited"), ("500", "upstream_error"), ("reset", "connection")],
)
def test_a_failover_is_counted_with_both_ends_and_the_reason(
    fresh: Sidecar, providers: Providers, fault: str, reason: str
) -> None:
    providers["ace"].set_fault(fault)

    assert ask(fresh, "ace-then-dog-model") == 200

    first, second = PLACES["ace-then-dog"], PLACES["dog"]
    assert settled(
        fresh, "openclaw_model_fallback_total", 1, from_provider=first.name, to_provider=second.name, reason=reason
    )
    selected = "openclaw_model_selection_total"
    assert settled(fresh, selected, 1, provider=first.name, model=first.model, selection_type="primary")
    assert settled(fresh, selected, 1, provider=second.name, model=second.model, selection_type="fallback")
    assert _sum(fresh, "openclaw_model_fallback_total") == 1
    assert _sum(fresh, "openclaw_model_latency_seconds_count") == 1


def _sum(up: Sidecar, name: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in up.metrics().splitlines() if line.startswith(f"{name}{{"))


def test_steady_failures_make_a_provider_unhealthy_and_nobody_else(fresh: Sidecar, providers: Providers) -> None:
    health = "openclaw_model_health_status"
    assert {fresh.metric(health, provider=name) for name in PLACES} == {1.0}
    providers["ace"].set_fault("503")

    for _ in range(8):
        assert ask(fresh, "ace-then-dog-model") == 200

    assert settled(fresh, health, 0, provider="ace-then-dog")
    assert {fresh.metric(health, provider=name) for name in PLACES if name != "ace-then-dog"} == {1.0}


@pytest.mark.parametrize("fault", ["reset", "empty-200", "500"])
def test_the_last_of_a_chain_becomes_unhealthy_too(fresh: Sidecar, providers: Providers, fault: str) -> None:
    """There is no next attempt that could tell of it."""
    providers["dog"].set_fault(fault)

    for _ in range(8):
        assert ask(fresh, "dead-openai-then-dog-model") == 503

    health = "openclaw_model_health_status"
    assert settled(fresh, health, 0, provider="dog")
    assert settled(fresh, health, 0, provider="dead-openai-then-dog")
    assert fresh.metric(health, provider="bee") == 1


def test_a_good_provider_stays_healthy_though_its_callers_ask_badly(fresh: Sidecar, providers: Providers) -> None:
    providers["bee"].set_fault("400")

    for _ in range(8):
        assert ask(fresh, "bee-model") == 400

    assert settled(fresh, "openclaw_requests_total", 8, status="400")
    assert fresh.metric("openclaw_model_health_status", provider="bee") == 1


def test_strangers_add_no_label(fresh: Sidecar, providers: Providers) -> None:
    """A hundred models, users and ids that nobody configured: not one becomes a series."""
    providers["bee"].set_fault("ok")
    ask(fresh, "bee-model")
    settled(fresh, "openclaw_model_latency_seconds_count", 1)
    before = len(fresh.metrics().splitlines())

    for n in range(100):
        stranger = f"stranger-{n}"
        headers = {"x-openclaw-user": stranger, "x-request-id": stranger, "x-openclaw-provider": stranger}
        answer = http.post(fresh.url + "/v1/chat/completions", content=body("openai", stranger), headers=headers)
        assert answer.status_code == 404
    for n in range(20):
        http.get(f"{fresh.url}/stranger-{n}")
    settled(fresh, "openclaw_requests_total", 120, status="404")

    metrics = fresh.metrics()
    assert "stranger" not in metrics
    assert len(metrics.splitlines()) <= before + 4
    names = {*PLACES, ""}
    assert set(re.findall(r'provider="([^"]*)"', metrics)) <= names
    models = {place.model for place in PLACES.values()}
    assert set(re.findall(r'[{,]model="([^"]*)"', metrics)) <= models | {""}


def test_health_and_readiness_are_served(main: Sidecar) -> None:
    with httpx.Client(base_url=main.admin_url, timeout=30) as admin:
        assert admin.get("/healthz").status_code == 200
        assert admin.get("/readyz").status_code == 200
        assert admin.get("/nothing").status_code == 404
        metrics = admin.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    for name in ("openclaw_model_selection", "openclaw_model_fallback", "openclaw_model_latency_seconds"):
        assert f"# TYPE {name}" in metrics.text


# --- the log ---


def test_each_call_leaves_one_line_of_the_documented_shape(fresh: Sidecar, providers: Providers) -> None:
    providers["ace"].set_fault("429")
    headers = {"x-request-id": "req_12345", "x-openclaw-user": "user_789"}

    http.post(fresh.url + "/v1/chat/completions", content=body("openai", "ace-then-dog-model"), headers=headers)

    [line] = fresh.wait_for("model_selection")
    assert set(line) == LINE
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", line["timestamp"])
    assert (line["level"], line["service"], line["component"]) == ("info", "openclaw", "model_router")
    data = line["data"]
    assert (data["request_id"], data["user_id"], data["status"], data["attempts"]) == ("req_12345", "user_789", 200, 2)
    selection = data["model_selection"]
    assert set(selection) >= SELECTION
    assert (selection["primary_provider"], selection["primary_model"]) == ("ace-then-dog", "ace-then-dog-model")
    assert (selection["fallback_provider"], selection["fallback_model"]) == ("dog", "dog-model")
    assert selection["reason"] == "primary_rate_limited"
    assert 0 <= selection["selection_time_ms"] < 1000


def test_a_call_without_an_id_gets_one_that_its_answer_names(fresh: Sidecar) -> None:
    answer = http.post(fresh.url + "/v1/chat/completions", content=body("openai", "bee-model"))

    [line] = fresh.wait_for("model_selection")
    assert len(line["data"]["request_id"]) >= 16
    assert line["data"]["request_id"] in answer.headers.values()


@pytest.mark.parametrize("sdk", CALLERS)
def test_a_call_that_failed_leaves_one_line_too(fresh: Sidecar, providers: Providers, sdk: str, streamed: bool) -> None:
    for simulator in providers.by_name.values():
        simulator.set_fault("empty-200")

    with (
        CALLERS[sdk](fresh.url) as caller,
        pytest.raises((openai.InternalServerError, anthropic.InternalServerError)),
    ):
        caller.ask("ace-then-dog-model", streamed=streamed)

    [line] = fresh.wait_for("model_selection")
    assert line["level"] == "warning"
    assert (line["data"]["status"], line["data"]["attempts"]) == (503, 2)


def test_a_caller_that_left_is_one_line(fresh: Sidecar, providers: Providers) -> None:
    providers["bee"].set_fault("silent")

    with pytest.raises(httpx.ReadTimeout):
        http.post(fresh.url + "/v1/chat/completions", content=body("openai", "bee-model"), timeout=0.3)

    [line] = fresh.wait_for("model_selection")
    assert line["data"]["status"] is None
    assert settled(fresh, "openclaw_requests_total", 1, status="client_gone")
    assert fresh.metric("openclaw_model_health_status", provider="bee") == 1


def test_nothing_of_a_prompt_is_logged_at_any_level(providers: Providers) -> None:
    with sidecar(world.config(providers) + "logging: {level: debug}\n", world.KEYS) as up:
        for model in ("bee-model", "ace-then-dog-model", "nobody"):
            for sdk in CALLERS:
                http.post(up.url + CALLERS[sdk].path, content=body(sdk, model, "the-words-of-a-prompt"))
        providers["ace"].set_fault("cut")
        http.post(
            up.url + "/v1/chat/completions", content=body("openai", "ace-then-dog-model", "the-words-of-a-prompt")
        )
        up.wait_for("model_selection", times=5)

        assert "the-words-of-a-prompt" not in up.logged()
        assert "sk-ours" not in up.logged()
