"""Findings about open access: other callers, a reachable admin port, credentials without encryption.

What gives a key away for good is an error, unless the configuration says that it is meant; the rest are warnings.
"""

from collections.abc import Iterator, Mapping

from openclaw_extproc.callers import CallerRules
from openclaw_extproc.config.findings import Finding, error, warning
from openclaw_extproc.config.providers.endpoints import Endpoint as WrittenEndpoint
from openclaw_extproc.config.providers.endpoints import endpoint, is_loopback, is_near
from openclaw_extproc.config.schema.config_file import GatewaySection, Written
from openclaw_extproc.config.settings import ProviderAddress
from openclaw_extproc.gateway import Provider


def exposure_findings(
    written: Written,
    callers: CallerRules,
    providers: Mapping[str, Provider],
    endpoints: Mapping[str, ProviderAddress],
    paths: Mapping[str, str],
    meant: frozenset[str],
) -> Iterator[Finding]:
    """
    Args:
        endpoints: By provider, where it is known.
        paths: By provider, where its credential stands.
        meant: Providers whose key may go out in the clear.
    """
    yield from _listener(written.gateway, callers)
    yield from _admin(written.gateway)
    for name, provider in providers.items():
        place = endpoints.get(name)
        if place is not None and place.scheme == "http" and not is_near(place.host) and name not in meant:
            yield from _in_the_clear(provider, paths[name])
    yield from _channels(written)


def _listener(gateway: GatewaySection, callers: CallerRules) -> Iterator[Finding]:
    if is_loopback(gateway.host):
        return
    if gateway.authentication is None:
        finding = "anyone who can reach this address can send requests, at the cost of the providers' accounts"
        remedy = (
            "write 127.0.0.1, or clients and gateway.authentication: required; `authentication: optional` confirms "
            "that it is intended"
        )
        yield warning("gateway.host", finding, remedy)
    if callers.tls is None and any(client.api_keys for client in callers.clients.values()):
        finding = "client keys are received without TLS, so they can be read in transit"
        yield warning("gateway.tls", finding, "write cert_file and key_file, or end TLS in front of this listener")


def _admin(gateway: GatewaySection) -> Iterator[Finding]:
    if not (is_loopback(gateway.admin_host) or gateway.expose_admin):
        finding = "anyone who can reach this address can read metrics and the health of all providers"
        remedy = "write 127.0.0.1; `expose_admin: true` confirms that it is intended"
        yield warning("gateway.admin_host", finding, remedy)


def _in_the_clear(provider: Provider, path: str) -> Iterator[Finding]:
    if provider.credential or provider.auth != "inject":
        whose = "the caller's credential" if provider.auth == "forward" else "its credential"
        finding = f"{provider.name}: {whose} is sent over http:// to a public address, where it can be read in transit"
        yield error(path, finding, "write an https:// endpoint; `allow_http: true` confirms that it is intended")


def _channels(written: Written) -> Iterator[Finding]:
    for name, one in written.channels.items():
        place = endpoint(one.endpoint, "") if one.endpoint else None
        if isinstance(place, WrittenEndpoint) and place.scheme == "http" and not is_near(place.host):
            finding = "the bot's token is sent over http:// to a public address, where it can be read in transit"
            yield error(f"channels.{name}.endpoint", finding, "write https://")
        if one.security == "none" and one.user and one.host and not is_near(one.host):
            finding = "the password is sent to a public address without TLS, where it can be read in transit"
            yield error(f"channels.{name}.security", finding, "write starttls or tls")
