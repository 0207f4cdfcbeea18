"""Findings about the file as a whole, which need nothing but what is written there and what was linked from it."""

import ipaddress
from collections.abc import Iterator

from openclaw_extproc.callers import CallerRules
from openclaw_extproc.config.findings import Finding, error, warning
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.config.schema.config_file import GatewaySection, Written
from openclaw_extproc.strategy import Context

_NOT_YET = "read, not acted on yet by this version"


def no_provider(written: Written, providers: Providers) -> Iterator[Finding]:
    """A finding when no provider is left: an error, or a warning for a file of policy alone, whose providers may be in
    a clusters file that is added later."""
    if providers.by_name:
        return
    sections = written.model_fields_set
    is_policy_alone = bool(sections) and not sections & {"model", "gateway", "logging"}
    say = warning if is_policy_alone else error
    yield say("", "no provider", "name one under model.providers or in clusters.yaml")


def listener_findings(written: GatewaySection) -> Iterator[Finding]:
    """Findings about ports that are used twice, and about hosts that are no addresses."""
    if written.port == written.admin_port:
        yield error("gateway.admin_port", "is the port of the gateway itself", "write another one")
    if written.envoy_admin_port in (written.port, written.admin_port):
        yield error("gateway.envoy_admin_port", "is used by another port setting of the gateway", "write another one")
    for key, host in (("host", written.host), ("admin_host", written.admin_host)):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            remedy = "write 127.0.0.1 for this machine alone, or 0.0.0.0 for all that reach it"
            yield error(f"gateway.{key}", "is not an address, which a listener needs", remedy)


def unaskable_summarizer(callers: CallerRules, context: Context | None) -> Iterator[Finding]:
    """A finding when summaries cannot be made, because our own requests have no client certificate for the listener."""
    if callers.tls is not None and callers.tls.require_client_cert and context is not None and context.summarizer:
        finding = "the gateway's own requests are rejected in the TLS handshake: no summary can be made"
        remedy = "write false, and gateway.authentication: required"
        yield warning("gateway.tls.require_client_cert", finding, remedy)


def unused_keys(written: Written) -> Iterator[Finding]:
    """A warning for each key that is written and has no effect in this version, so that no one relies on it."""
    yield from (warning(path, _NOT_YET) for path, is_written in keys_without_effect(written).items() if is_written)


def keys_without_effect(written: Written) -> dict[str, bool]:
    """The keys that this version accepts without effect, by path: whether each is written."""
    return {"memory": written.memory is not None}
