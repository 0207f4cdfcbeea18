from openclaw_extproc.gateway import Emergency, RetryPolicy, Timeouts
from tests.config.loading import complaints, seed, settings, warnings


def limits(*texts: str) -> tuple[Timeouts, RetryPolicy]:
    gateway = settings(seed(0), *texts).gateway
    return gateway.timeouts, gateway.retry_policy


def test_what_is_not_written_is_as_usual() -> None:
    assert limits() == (Timeouts(), RetryPolicy())


def test_timeouts_and_retries_are_taken_from_the_router() -> None:
    text = "router: {timeouts: {first_token_ms: 5, answer_ms: 6}, retry_policy: {max_retries: 0, retry_delay_ms: 0}}"

    assert limits(text) == (
        Timeouts(first_token_ms=5, answer_ms=6),
        RetryPolicy(max_retries=0, retry_delay_ms=0),
    )


def test_a_whole_call_that_has_no_time_for_a_second_attempt_is_told() -> None:
    total = "router: {timeouts: {total_ms: 90000}}"
    fitting = "router: {timeouts: {total_ms: 90000, answer_ms: 40000}}"
    capped = "router: {timeout_ms: 20000, timeouts: {total_ms: 90000}}"

    (told,) = set(warnings(seed(0), total)) - set(warnings(seed(0)))

    assert told == (
        "router.timeouts.total_ms: no longer than answer_ms (120000): a provider that does not respond leaves no time "
        "for a fallback: write shorter ones for each attempt, or a longer total_ms"
    )
    assert warnings(seed(0), fitting) == warnings(seed(0), capped) == warnings(seed(0))


def test_what_a_sign_of_life_costs_is_told() -> None:
    text = "router: {hold: {keepalive_ms: 5000}}"
    useless = "router: {hold: {keepalive_ms: 5000}, timeouts: {first_token_ms: 5000}}"

    (told,) = set(warnings(seed(0), text)) - set(warnings(seed(0)))
    (unused,) = set(warnings(seed(0), useless)) - set(warnings(seed(0)))

    assert limits(text)[0] == Timeouts(keepalive_ms=5000)
    assert told.startswith(
        "router.hold.keepalive_ms: a provider that fails after 5000 ms without content is not replaced by a fallback"
    )
    assert unused.startswith("router.hold.keepalive_ms: not used")


def test_the_nearer_policy_wins_and_says_so() -> None:
    assert limits(seed(3), seed(5)) == (
        Timeouts(),
        RetryPolicy(max_retries=3, retry_delay_ms=1000, backoff_multiplier=2),
    )
    assert (
        "router.retry_policy.max_retries: not used: model.router.retry_policy sets 3: write it in one of the two places"
        in warnings(seed(3), seed(5))
    )


def test_one_policy_has_one_delay() -> None:
    text = "router: {retry_policy: {initial_delay_ms: 1, retry_delay_ms: 2}}"

    assert complaints(seed(0), text) == [
        "router.retry_policy.retry_delay_ms: differs from initial_delay_ms: write one of the two"
    ]


def test_an_emergency_that_is_off_is_as_usual() -> None:
    text = "router: {emergency: {enabled: false, message: x}}"

    assert settings(seed(0), text).gateway.emergency == Emergency()


def test_no_wait_at_all_is_a_wait() -> None:
    assert settings(seed(0), "router: {emergency: {retry_after_ms: 0}}").gateway.emergency.retry_after_ms == 0


def test_two_listeners_need_two_ports() -> None:
    assert complaints(seed(0), "gateway: {port: 3001}") == [
        "gateway.admin_port: is the port of the gateway itself: write another one"
    ]


def test_envoys_own_port_is_another_one() -> None:
    assert settings(seed(0), "gateway: {envoy_admin_port: 9901}").envoy_admin_port == 9901
    assert settings(seed(0)).envoy_admin_port is None
    assert complaints(seed(0), "gateway: {envoy_admin_port: 3000}") == [
        "gateway.envoy_admin_port: is used by another port setting of the gateway: write another one"
    ]


def test_ports_are_in_their_range() -> None:
    assert complaints(seed(0), "gateway: {port: 0, admin_port: 65536}") == [
        "gateway.port: must be greater than or equal to 1: write a number within this limit",
        "gateway.admin_port: must be less than or equal to 65535: write a number within this limit",
    ]
