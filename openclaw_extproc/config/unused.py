"""What this version reads and checks, and does not act on yet: one warning each, so that nobody relies on it."""

from collections.abc import Iterator

from openclaw_extproc.config.findings import Finding, error, known, nearest, warning
from openclaw_extproc.config.written import Written
from openclaw_extproc.config.written_models import CostAware
from openclaw_extproc.config.written_policy import Pool

_NOT_YET = "read, not acted on yet by this version"


def unused(written: Written) -> Iterator[Finding]:
    """The warnings, and what is wrong inside these sections beyond their types."""
    yield from (warning(path, _NOT_YET) for path, is_written in later(written).items() if is_written)
    if written.load_balancing:
        for name, pool in written.load_balancing.pools.items():
            yield from _weights(f"load_balancing.pools.{name}", pool)
    for n, rule in enumerate(written.routing_rules):
        for m, channel in enumerate(rule.channels):
            if channel not in written.channels:
                finding = f'no channel is named "{channel}" {known(written.channels)}'
                remedy = nearest(channel, written.channels) or "write one of these"
                yield error(f"routing_rules[{n}].channels[{m}]", finding, remedy)


def later(written: Written) -> dict[str, bool]:
    router, failover = written.router, written.failover
    return {
        "model.router.health_check_interval_ms": written.model.router.health_check_interval_ms is not None,
        "router.health_check": router.health_check is not None,
        "router.secondary_fallback": router.secondary_fallback is not None,
        "router.context_management": router.context_management is not None,
        "memory": written.memory is not None,
        "logging.format: text": written.logging.format == "text",
        **_switching(written.cost_aware),
        "load_balancing": written.load_balancing is not None,
        "failover: weight, timeout_ms, scheduled_failover, recovery": failover is not None
        and bool(
            failover.scheduled_failover
            or failover.recovery
            or any(one.weight is not None or one.timeout_ms is not None for one in failover.fallbacks)
        ),
        "channels": bool(written.channels),
        "routing_rules": bool(written.routing_rules),
    }


def _switching(aware: CostAware | None) -> dict[str, bool]:
    """What a provider's health or a model's latency would have to set off."""
    rules = aware.dynamic_switching.rules if aware and aware.enabled else []
    places = {f"cost_aware.dynamic_switching.rules[{n}]": rule.metric for n, rule in enumerate(rules)}
    return {place: metric in ("error_rate", "latency_p99") for place, metric in places.items()}


def _weights(path: str, pool: Pool) -> Iterator[Finding]:
    """Too many weights only warn: a published example has three for two models, and it has to load."""
    weights, models = pool.weight, pool.models
    counts = f"{len(weights)} weights for {len(models)} models"
    if len(weights) > len(models):
        surplus = ", ".join(map(str, weights[len(models) :]))
        yield warning(f"{path}.weight", f"{counts}: {surplus} is ignored", f"remove {surplus}, or name another model")
    elif weights and len(weights) < len(models):
        yield error(f"{path}.weight", counts, "give each model a weight, or none at all")
