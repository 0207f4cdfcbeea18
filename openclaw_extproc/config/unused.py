"""What this version reads and checks, and does not act on yet: one warning each, so that nobody relies on it."""

from collections.abc import Iterator

from openclaw_extproc.config.findings import Finding, error, known, nearest, warning
from openclaw_extproc.config.written import Written

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
    router, failover = written.router, written.failover
    return {
        "router.health_check.alert_channel": router.health_check is not None
        and router.health_check.alert_channel is not None,
        "memory": written.memory is not None,
        "logging.format: text": written.logging.format == "text",
        "failover.scheduled_failover.notify: channels": failover is not None
        and failover.scheduled_failover is not None
        and failover.scheduled_failover.notify,
        "channels": bool(written.channels),
        "routing_rules": bool(written.routing_rules),
    }
