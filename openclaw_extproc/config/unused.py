"""What this version reads and checks, and does not act on yet: one warning each, so that nobody relies on it."""

from collections.abc import Iterator

from openclaw_extproc.config.findings import Finding, error, known, nearest, warning
from openclaw_extproc.config.written import Written
from openclaw_extproc.config.written_models import CostAware

_NOT_YET = "read, not acted on yet by this version"


def unused(written: Written) -> Iterator[Finding]:
    """The warnings, and what is wrong inside these sections beyond their types."""
    yield from (warning(path, _NOT_YET) for path, is_written in later(written).items() if is_written)
    for n, rule in enumerate(written.routing_rules):
        for m, channel in enumerate(rule.channels):
            if channel not in written.channels:
                finding = f'no channel is named "{channel}" {known(written.channels)}'
                remedy = nearest(channel, written.channels) or "write one of these"
                yield error(f"routing_rules[{n}].channels[{m}]", finding, remedy)


def later(written: Written) -> dict[str, bool]:
    router, failover, balancing = written.router, written.failover, written.load_balancing
    return {
        "model.router.health_check_interval_ms": written.model.router.health_check_interval_ms is not None,
        "router.health_check": router.health_check is not None,
        "router.secondary_fallback": router.secondary_fallback is not None,
        "memory": written.memory is not None,
        "logging.format: text": written.logging.format == "text",
        **_switching(written.cost_aware),
        "load_balancing.pools: health_check": balancing is not None
        and any(pool.health_check is not None for pool in balancing.pools.values()),
        "failover.scheduled_failover": failover is not None and failover.scheduled_failover is not None,
        "failover.recovery": failover is not None and failover.recovery is not None,
        "channels": bool(written.channels),
        "routing_rules": bool(written.routing_rules),
    }


def _switching(aware: CostAware | None) -> dict[str, bool]:
    """What a provider's health or a model's latency would have to set off."""
    rules = aware.dynamic_switching.rules if aware and aware.enabled else []
    places = {f"cost_aware.dynamic_switching.rules[{n}]": rule.metric for n, rule in enumerate(rules)}
    return {place: metric in ("error_rate", "latency_p99") for place, metric in places.items()}
