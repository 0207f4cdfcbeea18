"""Linking of `clients` and of the caller settings in `gateway`. An unknown name is an error, so that access is never
guessed.

Findings about open access: other callers, a reachable admin port, credentials without encryption.

What gives a key away for good is an error, unless the configuration says that it is meant; the rest are warnings.
"""

import ipaddress
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from openclaw_extproc.callers import CallerRules, ClaimNames, Client, JwksServer, JwtRules, ListenerTls
from openclaw_extproc.config.findings import Finding, environment_error, error, known_names, suggestion, warning
from openclaw_extproc.config.providers.endpoints import Endpoint, endpoint, is_loopback, is_near
from openclaw_extproc.config.providers.endpoints import Endpoint as WrittenEndpoint
from openclaw_extproc.config.schema.callers import ClientEntry, JwtSection, TlsSection
from openclaw_extproc.config.schema.config_file import GatewaySection, Written
from openclaw_extproc.config.settings import ProviderAddress
from openclaw_extproc.gateway import Provider

# -- callers ---------------------------------------------------------------------------


def link_callers(
    written: Written, variables: Collection[str], readable: Callable[[str], bool]
) -> tuple[CallerRules, list[Finding]]:
    """
    Args:
        variables: Names of the environment variables that are set.
        readable: Whether a file can be read.
    """
    gateway, linking = written.gateway, _Linking(variables, readable, written.cost_centres)
    clients = {name: linking.client(name, one) for name, one in written.clients.items()}
    linking.centre(gateway.cost_centre.default, "gateway.cost_centre.default")
    rules = CallerRules(
        authentication=gateway.authentication or "optional",
        default_cost_centre=gateway.cost_centre.default or "",
        requires_cost_centre=gateway.cost_centre.required,
        clients=clients,
        tls=None if gateway.tls is None else linking.tls(gateway.tls),
        jwt=None if gateway.jwt is None else linking.jwt(gateway.jwt),
        forwarded_from=tuple(linking.ranges(gateway.forwarded_client_cert_from)),
    )
    said = gateway.trust_caller_labels
    trusts = is_loopback(gateway.host) and not rules.identifies if said is None else said
    rules = replace(rules, trusts_labels=trusts)
    return rules, [*linking.findings, *_without_callers(rules), *_without_sign(rules), *_label_findings(rules, written)]


_NOT_CLIENTS = ("other", "none")


@dataclass(slots=True)
class _Linking:
    variables: Collection[str]
    readable: Callable[[str], bool]
    centres: Collection[str]
    findings: list[Finding] = field(default_factory=list[Finding])

    def client(self, name: str, one: ClientEntry) -> Client:
        path = f"clients.{name}"
        self.centre(one.cost_centre, f"{path}.cost_centre")
        if name in _NOT_CLIENTS:
            self.findings.append(
                error(path, "is reserved: metrics use it for callers that are not clients", "take another name")
            )
        if not (one.api_keys or one.api_key_files or one.certificates or one.subjects):
            remedy = "write api_keys, api_key_files, certificates or subjects"
            self.findings.append(error(path, "has no way to be identified", remedy))
        self._keys(one, path)
        for key, patterns in (("certificates", one.certificates), ("subjects", one.subjects)):
            for n, pattern in enumerate(patterns):
                if "*" in pattern[:-1]:
                    finding = "has a * that is not at its end"
                    self.findings.append(error(f"{path}.{key}[{n}]", finding, "write the beginning, and a * behind it"))
        return Client(
            name,
            (*one.api_keys, *(file for file in one.api_key_files if "/" in file)),
            tuple(one.certificates),
            tuple(one.subjects),
            one.tenant or "",
            one.team or "",
            one.cost_centre or "",
            tuple(one.groups),
        )

    def _keys(self, one: ClientEntry, path: str) -> None:
        """One of several may be missing: the next key, or the last. Without any, the client cannot call."""
        for n, file in enumerate(one.api_key_files):
            if "/" not in file:
                remedy = "write one with a slash, such as ./keys/search"
                self.findings.append(error(f"{path}.api_key_files[{n}]", "is not a path", remedy))
        here = [name for name in one.api_keys if name in self.variables]
        here += [file for file in one.api_key_files if self.readable(file)]
        if (one.api_keys or one.api_key_files) and not here:
            finding = "none of its keys is there, so it is not known by one"
            self.findings.append(
                environment_error(path, finding, "set one of its variables, or write one of its files")
            )

    def centre(self, name: str | None, path: str) -> None:
        if name is not None and self.centres and name not in self.centres:
            finding = f'no cost centre is named "{name}" {known_names(self.centres)}'
            self.findings.append(error(path, finding, suggestion(name, self.centres) or "add it under cost_centres"))

    def tls(self, one: TlsSection) -> ListenerTls | None:
        path = "gateway.tls"
        for key, file in (("cert_file", one.cert_file), ("key_file", one.key_file)):
            if file is None:
                self.findings.append(error(f"{path}.{key}", "missing", "name the file"))
        for key, file in (
            ("cert_file", one.cert_file),
            ("key_file", one.key_file),
            ("client_ca_file", one.client_ca_file),
        ):
            self._must_be_readable(file, f"{path}.{key}")
        if one.require_client_cert and one.client_ca_file is None:
            finding = "no client certificate is trusted, so every connection would be rejected"
            self.findings.append(error(f"{path}.require_client_cert", finding, f"write {path}.client_ca_file"))
        if one.cert_file is None or one.key_file is None:
            return None
        return ListenerTls(one.cert_file, one.key_file, one.client_ca_file or "", one.require_client_cert)

    def jwt(self, one: JwtSection) -> JwtRules | None:
        path = "gateway.jwt"
        if one.issuer is None:
            self.findings.append(error(f"{path}.issuer", "missing", "write the iss of its tokens"))
        if (one.jwks_file is None) == (one.jwks_uri is None):
            finding = "missing, as is jwks_uri" if one.jwks_file is None else "set together with jwks_uri"
            self.findings.append(error(f"{path}.jwks_file", finding, "write one of the two"))
        if not one.audiences:
            finding = "missing: a token that the issuer made for any other service counts here, too"
            self.findings.append(
                warning(f"{path}.audiences", finding, "write the aud that tokens for this gateway have")
            )
        self._must_be_readable(one.jwks_file, f"{path}.jwks_file")
        said = one.claims
        claims = ClaimNames(said.name, said.tenant or "", said.team or "", said.cost_centre or "", said.groups or "")
        server = None if one.jwks_uri is None else self._server(one.jwks_uri, f"{path}.jwks_uri")
        if one.issuer is None:
            return None
        return JwtRules(one.issuer, tuple(one.audiences), one.jwks_file or "", server, claims)

    def _server(self, uri: str, path: str) -> JwksServer | None:
        place = endpoint(uri, path)
        if not isinstance(place, Endpoint):
            self.findings.append(place)
            return None
        if place.scheme == "http" and not is_near(place.host):
            finding = "it is fetched without TLS, so the keys can be replaced in transit"
            self.findings.append(error(path, finding, "write https://"))
        return JwksServer(uri, place.scheme, place.host, place.port)

    def _must_be_readable(self, file: str | None, path: str) -> None:
        if file is not None and not self.readable(file):
            self.findings.append(error(path, "the file cannot be read", "check the path and its permissions"))

    def ranges(self, written: list[str]) -> Iterator[str]:
        for n, one in enumerate(written):
            try:
                yield str(ipaddress.ip_network(one))
            except ValueError:
                finding = "is neither an address nor a range of addresses"
                path = f"gateway.forwarded_client_cert_from[{n}]"
                self.findings.append(
                    error(path, finding, "write one such as 10.0.0.0/8, without bits behind its length")
                )


def _without_callers(rules: CallerRules) -> Iterator[Finding]:
    if rules.authentication != "optional" and not rules.identifies:
        finding = "no way to identify callers is configured, so every request would be rejected"
        remedy = "write clients with keys, gateway.tls.client_ca_file or gateway.jwt"
        yield error("gateway.authentication", finding, remedy)


def _without_sign(rules: CallerRules) -> Iterator[Finding]:
    """What a client is to be known by, and nobody verifies."""
    for name, one in rules.clients.items():
        if one.certificates and not (rules.reads_certificates or rules.forwarded_from):
            remedy = "write gateway.tls.client_ca_file, or gateway.forwarded_client_cert_from in a mesh"
            yield warning(f"clients.{name}.certificates", "the listener requests no client certificates", remedy)
        if one.subjects and rules.jwt is None:
            yield warning(f"clients.{name}.subjects", "tokens are not verified", "write gateway.jwt")


def _label_findings(rules: CallerRules, written: Written) -> Iterator[Finding]:
    """What depends on who calls, where nothing may say so."""
    if rules.trusts_labels or rules.identifies:
        return
    remedy = "write clients, gateway.tls.client_ca_file or gateway.jwt, or gateway.trust_caller_labels: true"
    if written.users:
        yield warning("users", "not used: callers are not identified and their labels are not trusted", remedy)
    if written.cost_centres and not rules.default_cost_centre:
        finding = "callers are not believed: a name that they send narrows, and nothing is limited by it"
        yield warning("cost_centres", finding, f"{remedy}, or gateway.cost_centre.default")


# -- exposure --------------------------------------------------------------------------


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
