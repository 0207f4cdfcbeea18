"""Linking of health checks, recovery and the schedule of drills."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from openclaw_extproc.config.findings import Finding, warning
from openclaw_extproc.config.schema.config_file import Written
from openclaw_extproc.config.schema.load_balancing import Failover, HealthCheck, PoolHealthCheck, milliseconds
from openclaw_extproc.config.schema.load_balancing import Recovery as WrittenRecovery
from openclaw_extproc.config.settings import Drills
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.health_rules import HealthRules, Probing, Recovery, Thresholds

NEVER = 10**9
"""Failures in a row that nobody reaches."""
LONGEST_SECONDS = 3_600.0


def link_health(written: Written, gateway: Gateway) -> tuple[HealthRules, list[Finding]]:
    """`gateway`: with providers and chains."""
    findings: list[Finding] = []
    router, check = written.model.router, written.router.health_check
    recovery = _recovery(written.failover.recovery if written.failover else None)
    thresholds = Thresholds(recovery=recovery)
    if router.failure_threshold is not None:
        thresholds = replace(thresholds, failure_rate=router.failure_threshold)
        if router.failure_threshold >= 1:
            thresholds = replace(thresholds, in_a_row=NEVER)
    probes = dict[str, Probing]()
    if everywhere := _everywhere(check, router.health_check_interval_ms, findings):
        probes = dict.fromkeys(gateway.providers, everywhere)
    probes |= dict(_of_pools(written, gateway))
    return HealthRules(
        thresholds,
        {name: probing for name, probing in probes.items() if probing.interval_seconds > 0},
        check.critical_threshold if check and check.enabled else None,
    ), findings


def _recovery(section: WrittenRecovery | None) -> Recovery:
    usual = Recovery()
    if section is None:
        return usual
    interval = usual.interval_seconds if section.interval is None else milliseconds(section.interval) / 1000
    made = replace(
        usual,
        backoff=section.backoff or usual.backoff,
        interval_seconds=interval,
        max_retries=usual.max_retries if section.max_retries is None else section.max_retries,
        auto=section.auto_recover is not False,
        slow_start_seconds=(
            usual.slow_start_seconds if section.slow_start is None else milliseconds(section.slow_start) / 1000
        ),
    )
    # Who wants minutes between trials wants more between later ones than the usual limit allows.
    return made if section.interval is None else replace(made, longest_seconds=LONGEST_SECONDS)


def _everywhere(check: HealthCheck | None, interval_ms: int | None, findings: list[Finding]) -> Probing | None:
    """Of all providers. `interval_ms`: that of `model.router`, which goes before."""
    if check is None and interval_ms is None:
        return None
    check = check or HealthCheck()
    if not check.enabled or check.probe == "off":
        return None
    own = check.interval_ms
    if None not in (own, interval_ms) and own != interval_ms:
        finding = f"not used: model.router.health_check_interval_ms sets {interval_ms}"
        findings.append(warning("router.health_check.interval_ms", finding, "write it in one of the two places"))
    usual = Probing()
    chosen = own if interval_ms is None else interval_ms
    return Probing(
        usual.interval_seconds if chosen is None else chosen / 1000,
        usual.timeout_seconds if check.timeout_ms is None else check.timeout_ms / 1000,
        check.unhealthy_threshold or usual.unhealthy_threshold,
        check.probe == "call",
    )


def _of_pools(written: Written, gateway: Gateway) -> Iterator[tuple[str, Probing]]:
    """Where two pools share a provider, that with the shorter interval counts."""
    pools = written.load_balancing.pools.values() if written.load_balancing else ()
    found: dict[str, Probing] = {}
    for pool in pools:
        if pool.health_check is None:
            continue
        probing = _of_pool(pool.health_check)
        for model in pool.models:
            chain = gateway.chain_asked(model)
            if chain and _is_nearer(probing, found, chain[0].provider.name):
                found[chain[0].provider.name] = probing
    yield from found.items()


def _is_nearer(probing: Probing, found: Mapping[str, Probing], provider: str) -> bool:
    before = found.get(provider)
    return before is None or 0 < probing.interval_seconds < before.interval_seconds


def _of_pool(check: PoolHealthCheck) -> Probing:
    usual = Probing()
    interval = usual.interval_seconds if check.interval is None else milliseconds(check.interval) / 1000
    return Probing(
        0.0 if check.probe == "off" else interval,
        usual.timeout_seconds if check.timeout is None else milliseconds(check.timeout) / 1000,
        check.unhealthy_threshold or usual.unhealthy_threshold,
        check.probe == "call",
    )


USUAL_SECONDS = 24 * 3_600.0


def link_drills(written: Failover | None) -> Drills | None:
    """The schedule of drills; `None`: there is none."""
    schedule = written.scheduled_failover if written else None
    if schedule is None:
        return None
    every = schedule.test_interval
    # A drill takes seconds: one that follows at once on the one before would be one without an end.
    return Drills(USUAL_SECONDS if every is None else max(1.0, milliseconds(every) / 1_000), schedule.notify)
