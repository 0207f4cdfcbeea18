"""What of a changed configuration has no effect before the next start, told at the reload that brings it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from openclaw_extproc.config.findings import Finding, warning
from openclaw_extproc.config.settings import Settings

_READ_AT_START: Mapping[str, Callable[[Settings], object]] = {
    "gateway.host": lambda settings: settings.listen.host,
    "gateway.port": lambda settings: settings.listen.port,
    "gateway.admin_host": lambda settings: settings.admin.host,
    "gateway.admin_port": lambda settings: settings.admin.port,
    "gateway.workers": lambda settings: settings.workers,
    "logging.level": lambda settings: settings.log_level,
    "logging.format": lambda settings: settings.log_format,
    "logging.output": lambda settings: settings.log_output or "-",
}
"""By the path in openclaw.yml, what of the settings comes from there."""
_IN_ENVOY: Mapping[str, Callable[[Settings], object]] = {
    "gateway.on_sidecar_failure": lambda settings: {
        name: one.provider.name for name, one in settings.fail_open.items()
    },
    "router.emergency": lambda settings: (
        settings.gateway.emergency.message,
        settings.gateway.emergency.retry_after_ms,
    ),
    "router.timeouts": lambda settings: settings.gateway.limits.longest_ms,
}
"""The same of what stands in Envoy's own file, which Envoy reads once."""


def needed(started: Settings, now: Settings) -> Iterator[Finding]:
    """One warning for each setting that differs from the one of the start, and that only a start reads."""
    remedy = "restart to use the new value"
    for path, value in _READ_AT_START.items():
        before, after = value(started), value(now)
        if before != after:
            finding = f"changed from {before} to {after}, and read at the start only: {before} stays in force"
            yield warning(path, finding, remedy)
    for path, value in _IN_ENVOY.items():
        if value(started) != value(now):
            finding = "changed, and a part of it is in Envoy's own file, which is read at the start only"
            yield warning(path, finding, f"{remedy}; for an Envoy of your own, render its files first")


def with_places_of(started: Settings, now: Settings) -> Settings:
    """The new settings with the addresses of the start: nobody listens at the new ones yet."""
    return replace(now, listen=started.listen, admin=started.admin)
