"""The published files mean what their articles say of them: a test for each promise, section by section.

What other tests hold is not repeated: names of metrics and the log line (`tests/e2e/test_observed.py`), alert rules,
the order of notices (`tests/notices`), classes of complexity (`tests/policy/complexity`).
Left out, as no version acts on it yet: `memory` (a warning says so).
"""

from collections import Counter
from dataclasses import replace

import pytest

from openclaw_extproc.features import Features
from openclaw_extproc.gateway import HOLD_ALL, Changes
from openclaw_extproc.notices.kinds import NoticeKind
from openclaw_extproc.policy.decide import decide
from openclaw_extproc.policy.runtime_state import RuntimeState, SessionState
from tests.config.articles import GEMINI, LOCAL, LONG, OPUS, SONNET, asked, attempts, decision, explained
from tests.config.loading import seed, settings, warnings

CHAT = "claude-3-opus-20240229"
FOUR = """
model:
  providers:
    - {name: anthropic, models: [c]}
    - {name: openai, models: [o]}
    - {name: google, models: [g]}
    - {name: local, models: [l], endpoint: "http://local:80"}
"""
LIGHT = "model: {providers: [{name: openclaw, models: [light-v1], endpoint: 'http://10.0.0.5:8000'}]}"
"""The gateway's article names a provider of its own and no address of it."""
CRITICAL = {"x-openclaw-task": "critical_analysis"}


# -- dual-engine routing: 1.2, 2.2, 3.1 -----------------------------------------------------


def test_the_primary_is_used_first_then_the_fallback_then_the_secondary() -> None:
    assert asked(seed(1)) == [OPUS, GEMINI, LOCAL]


def test_who_fails_goes_behind_the_next_one_and_stays_reachable() -> None:
    ill = RuntimeState(unhealthy=frozenset({"anthropic"}))

    assert asked(seed(1), situation=ill) == [GEMINI, LOCAL, OPUS]


def test_a_session_goes_before_the_global_level_and_the_request_before_both() -> None:
    """`prompt:` in a file is a request's level for every request, so the session's is tried without it."""
    local = "session: {router: {primary: {endpoint: 'http://172.16.16.39:8080'}}}"
    without_prompt = seed(2).partition("# request override")[0]
    in_session = {"x-openclaw-session": "s-1"}
    request = {**in_session, "x-openclaw-prompt": f'{{"model": {{"provider": "anthropic", "model": "{CHAT}"}}}}'}

    assert asked(without_prompt, local) == [OPUS, GEMINI]
    assert asked(without_prompt, local, headers=in_session) == [LOCAL, SONNET]
    assert asked(without_prompt, local, headers=request) == [OPUS, GEMINI]


def test_a_request_override_in_the_file_keeps_the_global_fallback_as_the_same_in_a_header_does() -> None:
    without_prompt = seed(2).partition("# request override")[0]
    same = {"x-openclaw-prompt": f'{{"model": {{"provider": "anthropic", "model": "{CHAT}"}}}}'}

    assert asked(seed(2)) == asked(without_prompt, headers=same) == [OPUS, GEMINI]


def test_the_request_override_shortens_the_wait() -> None:
    plan = explained(seed(2)).plan

    assert plan is not None
    assert plan.attempt_timeout_ms == 5_000


def test_production_goes_along_its_fallbacks_and_says_how_often_and_when() -> None:
    found = settings(seed(3))

    assert asked(seed(3)) == [OPUS, GEMINI]
    assert asked(seed(3), model="gpt-oss-120b") == [LOCAL, OPUS, GEMINI]
    policy = found.gateway.retry_policy
    assert (policy.max_retries, policy.retry_delay_ms, policy.backoff_multiplier) == (3, 1_000, 2.0)
    assert found.gateway.health.thresholds.failure_rate == 0.2
    assert {name: one.interval_seconds for name, one in found.gateway.health.probes.items()} == {
        "anthropic": 30.0, "google": 30.0, "local": 30.0,
    }  # fmt: skip
    assert found.gateway.timeouts.hold_back_ms < HOLD_ALL, "streams are not kept back unless somebody asks for it"


@pytest.mark.parametrize("format", ["json", "text"])
def test_the_log_is_written_as_its_format_says_where_its_output_says(format: str) -> None:
    found = settings(seed(3).replace("format: json", f"format: {format}"))

    assert (found.log_level, found.log_format, found.log_output) == ("info", format, "/var/log/openclaw.log")


# -- 3.2, 3.3 -------------------------------------------------------------------------------


def test_health_is_watched_and_a_rate_of_failures_is_told_to_its_channel_alone() -> None:
    found = settings(FOUR, seed(4), seed(14))
    probe = found.gateway.health.probes["openai"]

    assert (probe.interval_seconds, probe.timeout_seconds) == (30.0, 5.0)
    assert found.gateway.health.critical_rate == 0.3
    (told,) = [one.name for one in settings(FOUR, seed(4)).channels if NoticeKind.FAILURE_RATE in one.routes]
    assert told == "slack"


def test_a_model_without_a_fallback_goes_to_the_one_of_the_retry_policy_with_its_parameters() -> None:
    found = settings(seed(0), seed(5))

    first, last = found.gateway.chains[CHAT]
    assert (first.name, first.changes) == (OPUS, Changes())
    assert (last.name, last.changes) == (GEMINI, Changes(temperature=0.7, max_output_tokens=4096))
    assert (found.gateway.retry_policy.max_retries, found.gateway.retry_policy.retry_delay_ms) == (5, 2_000)


def test_when_the_fallback_is_overloaded_others_are_asked_by_their_priority() -> None:
    text = """
model:
  providers:
    - {name: openai, models: [gpt-4o], fallback: google}
    - {name: google, models: [gemini-pro-1.5]}
    - {name: anthropic, models: [claude-3-opus-20240229]}
    - {name: local, models: [gpt-oss-120b], endpoint: "http://172.16.16.39:8080"}
"""
    turned = seed(6).replace("priority: 1", "priority: 3")

    assert asked(text, seed(6), model="gpt-4o") == ["openai/gpt-4o", GEMINI, LOCAL, OPUS]
    assert asked(text, turned, model="gpt-4o") == ["openai/gpt-4o", GEMINI, OPUS, LOCAL]


def test_when_all_models_fail_the_caller_is_told_so_and_when_to_come_again() -> None:
    emergency = settings(seed(0), seed(7)).gateway.emergency

    assert (emergency.message, emergency.retry_after_ms, emergency.model) == (
        "All models unavailable. Please try again later.", 60_000, "",
    )  # fmt: skip


# -- 5.2, 5.3 -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["auto", CHAT])
@pytest.mark.parametrize("says", ["Hello there", LONG])
def test_local_models_go_before_those_that_are_paid_for(model: str, says: str) -> None:
    assert asked(seed(3), seed(8), model=model, says=says)[0] == LOCAL
    assert asked(seed(3), model=model, says=says)[0] == OPUS


def test_local_models_are_not_forced_upon_who_needs_more_or_wants_them_not() -> None:
    better = seed(3).replace("- gpt-oss-120b", "- {name: gpt-oss-120b, quality: 0.4}")
    closed = "compliance: {data_class: x, data_classes: {x: {providers: [anthropic, google]}}}"

    assert asked(better, seed(8), says=LONG, headers={"x-openclaw-tier": "large"})[0] == OPUS
    assert asked(seed(3), seed(8), closed) == [OPUS, GEMINI]
    assert asked(seed(3), seed(8), headers={"x-openclaw-model": CHAT})[0] == OPUS
    assert asked(seed(3), seed(8), situation=RuntimeState(unhealthy=frozenset({"local"})))[0] == OPUS


def test_an_order_of_kinds_that_can_make_no_difference_is_said() -> None:
    said = "router.cost_optimization.priority: makes no difference: all models are paid: "

    assert [line for line in warnings(seed(0), seed(8)) if line.startswith(said)]
    assert not [line for line in warnings(seed(3), seed(8)) if "makes no difference" in line]


def test_the_budgets_of_the_day_and_the_hour_hold() -> None:
    spent = RuntimeState(spent_this_hour=5.0)
    paid = seed(3).replace("- gpt-oss-120b", "- {name: gpt-oss-120b, input_cost_per_million: 0, kind: paid}")
    free = paid.replace("input_cost_per_million: 0", "input_cost_per_million: 0, output_cost_per_million: 0")

    refused = explained(seed(0), seed(8), situation=spent).refusal
    assert refused is not None
    assert refused.status == 429
    assert asked(free, seed(8), situation=spent)[0] == LOCAL, "what is free is always affordable"
    assert asked(free, seed(8), situation=RuntimeState(spent_today=50.0))[0] == LOCAL


def test_a_conversation_is_summarized_by_the_cheapest_model_that_can() -> None:
    production, single = settings(seed(3), seed(9)), settings(seed(0), seed(9))

    context = production.gateway.strategy.context
    assert context is not None
    assert (context.threshold, context.method, context.preserve_critical) == (0.8, "summarize", True)
    assert context.summarizer == LOCAL
    assert single.gateway.strategy.context == replace(context, summarizer=OPUS)
    assert not [line for line in warnings(seed(3), seed(9)) if "context_management" in line]


def test_the_price_of_a_known_model_at_an_own_endpoint_is_told_to_be_missing_where_it_matters() -> None:
    proxy = (
        "model: {providers: [{name: openai, models: [gpt-4o], endpoint: 'https://llm.corp.example', auth: forward}]}"
    )
    told = (
        "model.providers[0].models[0]: the price of openai/gpt-4o is not known, because its endpoint is not "
        "its vendor's: if you pay the vendor's price, write input_cost_per_million: 2.5 and "
        "output_cost_per_million: 10"
    )
    priced = proxy.replace("gpt-4o", "{name: gpt-4o, input_cost_per_million: 2.5, output_cost_per_million: 10}")

    assert told in warnings(proxy, seed(8))
    assert not [line for line in warnings(proxy) if "price" in line], "nobody asked what it costs"
    assert not [line for line in warnings(priced, seed(8)) if "price" in line]
    notes = explained(proxy, seed(8), model="gpt-4o").notes
    assert "price unknown, therefore not counted by cost limits and never the cheapest: openai/gpt-4o" in notes
    assert explained(priced, seed(8), model="gpt-4o").notes == ()


# -- the gateway's article ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "headers", "first"),
    [
        ("Hello there", {}, "openclaw/light-v1"),
        ("Write a blog post about autumn in Vienna", {}, "anthropic/claude-sonnet-4"),
        ("Judge it", CRITICAL, "anthropic/claude-opus-4"),
        ("Translate this contract clause by clause", {"x-openclaw-tier": "standard"}, "anthropic/claude-sonnet-4"),
    ],
)
def test_the_rules_choose_by_complexity_and_task_and_their_fallback_else(
    says: str, headers: dict[str, str], first: str
) -> None:
    assert asked(seed(10), LIGHT, says=says, headers=headers)[0] == first


def test_a_rule_for_quality_asks_the_best_and_one_for_cost_never_a_dearer_one_first() -> None:
    critical = asked(seed(10), LIGHT, says="Judge it", headers=CRITICAL)
    content = asked(seed(10), LIGHT, says="Write a blog post about autumn in Vienna")

    assert critical[:2] == ["anthropic/claude-opus-4", "anthropic/claude-sonnet-4"]
    assert "anthropic/claude-opus-4" not in content


@pytest.mark.parametrize(("spent", "first"), [(0.0, "claude-opus-4"), (0.494, "claude-sonnet-4"), (0.499, "light-v1")])
def test_a_session_at_its_limit_gets_the_next_cheaper_model_that_fits(spent: float, first: str) -> None:
    """Not the cheapest of all, as long as a better one fits."""
    session = RuntimeState(remembered=SessionState(spent_usd=spent))
    limit = "cost_aware: {optimization: {constraints: {max_cost_per_session: 0.50}}}"
    plain = seed(10).partition("  routing_strategy")[0]

    found = explained(plain, LIGHT, limit, model="claude_opus", says=LONG, situation=session)

    assert attempts(found)[0][0].endswith(f"/{first}")
    assert (decision(found)["downgrade"] == "session") == (spent > 0)


def test_a_task_that_costs_too_much_is_downgraded_to_the_next_cheaper() -> None:
    dear = seed(11).replace("threshold: 0.10", "threshold: 0.01").replace('target: "minimize_cost"', "")

    found = explained(seed(10), LIGHT, dear, says=LONG, headers=CRITICAL)

    assert attempts(found)[0] == ["anthropic/claude-sonnet-4"]
    assert decision(found)["downgrade"] == "task"


def test_the_error_rate_and_the_latency_switch_within_the_window() -> None:
    switching = settings(seed(10), LIGHT, seed(11)).gateway.strategy.switching

    assert [(one.metric, one.threshold, one.action) for one in switching] == [
        ("error_rate", 0.05, "switch_provider"), ("latency_p99", 10_000.0, "fallback_fast"),
    ]  # fmt: skip
    assert {(one.window_seconds, one.interval_seconds) for one in switching} == {(300.0, 30.0)}


def test_a_pool_is_spread_by_its_weights_and_a_session_stays() -> None:
    models = seed(10).partition("  routing_strategy")[0] + "    gpt_55: {provider: openai, model: gpt-5}\n"
    whole = explained(models, LIGHT, seed(12), model="high_performance")
    stays = RuntimeState(remembered=SessionState(target="openai/gpt-5", asked="high_performance"))
    again = explained(
        models, LIGHT, seed(12), model="high_performance", headers={"x-openclaw-session": "s"}, situation=stays
    )

    assert whole.plan is not None
    assert {one.model: one.percent for one in whole.plan.attempts[0]} == {"claude-opus-4": 60.0, "gpt-5": 40.0}
    assert attempts(again)[0] == ["openai/gpt-5"]
    full = RuntimeState(inflight={"anthropic/claude-opus-4": 10})
    assert attempts(explained(models, LIGHT, seed(12), model="high_performance", situation=full))[0] == ["openai/gpt-5"]


def test_what_the_primary_leaves_is_shared_by_weight() -> None:
    plan = explained(FOUR, seed(13), model="c").plan

    assert plan is not None
    first, shared, *alone = plan.attempts
    assert [one.provider for one in first] == ["anthropic"]
    assert {one.provider: one.percent for one in shared} == {"openai": 72.7, "google": 18.2, "local": 9.1}
    assert [one.provider for group in alone for one in group] == ["local", "google", "openai"]


def test_a_stand_in_that_fails_leaves_its_share_to_the_others() -> None:
    plan = explained(
        FOUR, seed(13), model="c", situation=RuntimeState(unhealthy=frozenset({"anthropic", "openai"}))
    ).plan

    assert plan is not None
    assert {one.provider: one.weight for one in plan.attempts[0]} == {"google": 20, "local": 10}


def test_a_pool_and_what_stands_in_for_it_are_spread_apart() -> None:
    pool = "load_balancing: {pools: {p: {models: [c, l], weight: [60, 40]}}}"
    failover = (
        "failover: {primary: anthropic, fallbacks: [{provider: openai, weight: 80}, {provider: google, weight: 20}]}"
    )

    plan = explained(FOUR, failover, pool, model="p").plan

    assert plan is not None
    spread = [{one.provider: one.weight for one in group} for group in plan.attempts if len(group) > 1]
    assert spread == [{"anthropic": 60, "local": 40}, {"openai": 80, "google": 20}]


def test_stand_ins_without_a_weight_come_in_their_order_behind_those_with_one() -> None:
    plain = seed(13).replace("weight: 80", "").replace("weight: 20", "")

    assert attempts(explained(FOUR, plain, model="c")) == [["anthropic/c"], ["local/l"], ["openai/o"], ["google/g"]]


def test_shares_of_what_falls_over_hold_over_many_tool_loops_and_stay_within_each() -> None:
    """With tools offered one of them is drawn, by a hash of what the whole loop has in common."""
    gateway = settings(FOUR, seed(13)).gateway
    drawn = Counter[str]()
    for n in range(1_000):
        features = Features(
            client_format="openai_chat", model="c", stream=True, turns=1, tools=2, images=0, tokens=10, query=str(n)
        )
        both = [decide(features, RuntimeState(draw=draw), gateway).groups[1] for draw in (0.1, 0.9)]
        assert both[0] == both[1]
        drawn[both[0][0].provider.name] += 1

    assert 650 < drawn["openai"] < 800
    assert 120 < drawn["google"] < 250
    assert 50 < drawn["local"] < 140


def test_drills_and_recovery_are_as_written() -> None:
    found = settings(FOUR, seed(13))

    assert found.drills is not None
    assert (found.drills.every_seconds, found.drills.notify) == (21_600.0, True)
    recovery = found.gateway.health.thresholds.recovery
    assert (recovery.auto, recovery.backoff, recovery.interval_seconds, recovery.max_retries) == (
        True, "linear", 300.0, 12,
    )  # fmt: skip


def test_each_channel_gets_what_it_is_for() -> None:
    found = {one.name: one for one in settings(seed(0), seed(14)).channels}

    assert found.keys() == {"slack", "telegram", "discord"}, "mail has no server, and a warning says so"
    assert NoticeKind.PROVIDER_OUT in found["slack"].routes
    assert NoticeKind.PROVIDER_OUT in found["telegram"].routes
    assert NoticeKind.DAILY_REPORT not in found["slack"].routes
    rates = {name: (one.rate.count, one.rate.seconds) for name, one in found.items() if one.rate}
    assert rates == {"slack": (10, 60.0), "telegram": (30, 60.0), "discord": (20, 60.0)}
    mail = "channels: {email: {host: mail.example, sender: a@example.com, to: [b@example.com]}}"
    email = next(one for one in settings(seed(0), seed(14), mail).channels if one.name == "email")
    assert email.routes[NoticeKind.DAILY_REPORT].schedule == "0 8 * * *"
