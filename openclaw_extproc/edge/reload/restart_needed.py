"""What of a changed configuration has no effect before the next start, told at the reload that brings it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from openclaw_extproc.callers import JwtRules, ListenerTls
from openclaw_extproc.config.findings import Finding, warning
from openclaw_extproc.config.settings import Address, Settings

_READ_AT_START: Mapping[str, Callable[[Settings], object]] = {
    "gateway.host": lambda settings: settings.listen.host,
    "gateway.port": lambda settings: settings.listen.port,
    "gateway.admin_host": lambda settings: settings.admin.host,
    "gateway.admin_port": lambda settings: settings.admin.port,
    "gateway.envoy_admin_port": lambda settings: settings.envoy_admin_port or "none",
    "gateway.stages.route": lambda settings: settings.stages.route or "the usual address",
    "gateway.stages.attempt": lambda settings: settings.stages.attempt or "the usual address",
    "gateway.workers": lambda settings: settings.workers,
    "gateway.envoy_concurrency": lambda settings: settings.envoy_concurrency or "as many as suit this machine",
    "ledger.enabled": lambda settings: settings.ledger.enabled,
    "ledger.path": lambda settings: settings.ledger.path or "the usual place",
    "ledger.retention_days": lambda settings: settings.ledger.retention_days,
    "ledger.max_entries": lambda settings: settings.ledger.max_entries,
    "logging.level": lambda settings: settings.log_level,
    "logging.format": lambda settings: settings.log_format,
    "logging.output": lambda settings: settings.log_output or "-",
}
"""The settings that are read at the start only, by their path in openclaw.yml."""
_SECTIONS_READ_AT_START: Mapping[str, Callable[[Settings], object]] = {
    "gateway.stages.tls": lambda settings: settings.stages.tls,
    "gateway.downstream": lambda settings: settings.downstream,
    "gateway.tls": lambda settings: settings.gateway.callers.tls,
    "gateway.jwt": lambda settings: settings.gateway.callers.jwt,
    "gateway.forwarded_client_cert_from": lambda settings: settings.gateway.callers.forwarded_from,
}
"""The sections that are read at the start only, whose values are too long to be shown."""
_IN_ENVOY: Mapping[str, Callable[[Settings], object]] = {
    "gateway.on_sidecar_failure": lambda settings: {
        name: one.provider.name for name, one in settings.fail_open.items()
    },
    "router.emergency": lambda settings: (
        settings.gateway.emergency.message,
        settings.gateway.emergency.retry_after_ms,
    ),
    "router.timeouts": lambda settings: settings.gateway.timeouts.max_attempt_timeout_ms,
}
"""The settings that stand in Envoy's own file, which Envoy reads once."""


def findings(started: Settings, now: Settings) -> Iterator[Finding]:
    """A warning for each changed setting that only a start reads."""
    remedy, own_envoy = "restart to use the new value", "; for an Envoy of your own, render its files first"
    for path, value in _READ_AT_START.items():
        before, after = value(started), value(now)
        if before != after:
            finding = f"changed from {before} to {after}, and read at the start only: {before} stays in force"
            yield warning(path, finding, remedy)
    for path, value in _SECTIONS_READ_AT_START.items():
        if value(started) != value(now):
            finding = "changed, but it is read only at startup: the previous value remains in effect"
            yield warning(path, finding, f"{remedy}{own_envoy}")
    for path, value in _IN_ENVOY.items():
        if value(started) != value(now):
            finding = "changed, and a part of it is in Envoy's own file, which is read at the start only"
            yield warning(path, finding, f"{remedy}{own_envoy}")


@dataclass(frozen=True, slots=True)
class FixedSettings:
    """What a process goes on with after a reload, because Envoy does: where the listeners are, and who verifies whom.

    Of callers a stage believes what the listener verified: rules that the running Envoy has not got would have it
    believe what nobody did.
    """

    listen: Address
    admin: Address
    tls: ListenerTls | None
    jwt: JwtRules | None
    forwarded_from: tuple[str, ...]
    trusts_labels: bool

    @classmethod
    def of(cls, started: Settings) -> "FixedSettings":
        callers = started.gateway.callers
        return cls(
            started.listen,
            started.admin,
            callers.tls,
            callers.jwt,
            callers.forwarded_from,
            callers.trusts_labels,
        )

    def within(self, now: Settings) -> Settings:
        """The new settings with the fixed ones put back; the same object when none of them has changed."""
        if FixedSettings.of(now) == self:
            return now
        callers = now.gateway.callers
        # Whether labels count follows from the listener: it may not be wider than both say while they differ.
        trusts = callers.trusts_labels and (
            self.trusts_labels or replace(FixedSettings.of(now), trusts_labels=False) == self
        )
        callers = replace(callers, tls=self.tls, jwt=self.jwt, forwarded_from=self.forwarded_from, trusts_labels=trusts)
        return replace(now, listen=self.listen, admin=self.admin, gateway=replace(now.gateway, callers=callers))
