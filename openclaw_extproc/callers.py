"""The verified identity of a caller, and the configured ways to verify one.

A caller is known by what somebody verified: a key of ours (we did), claims of a token (Envoy's `jwt_authn` did), a
client certificate (Envoy's listener did), or a certificate that a mesh in front of us reports in
`x-forwarded-client-cert`. What a caller says of itself is a label, see `features/declared.py`.
"""

from collections.abc import Mapping
from dataclasses import field
from hashlib import blake2s
from typing import Literal, TypeAlias

from openclaw_extproc.frozen import dataclass

Source: TypeAlias = Literal["", "key", "jwt", "xfcc", "certificate"]
"""What verified an identity. Empty: nothing did."""

Authentication: TypeAlias = Literal["optional", "required", "listed"]
"""`required`: a caller without a verified identity is refused with 401. `listed`: besides, one that is not among
`clients` with 403."""


_OWNER_BYTES = 16


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """The verified identity of one caller. Empty strings are unknown values."""

    name: str = ""
    """The name under `clients`, else what the certificate or the token calls it."""
    source: Source = ""
    client: str = ""
    """The name under `clients`; empty: it is not listed there. A closed set, so metrics may have it."""
    tenant: str = ""
    team: str = ""
    cost_centre: str = ""
    groups: tuple[str, ...] = ()

    @property
    def is_verified(self) -> bool:
        return self.source != ""

    @property
    def owner(self) -> str:
        """A text of fixed length that tells this caller from every other one; empty: nobody verified who calls.

        A client is the same caller by its key and by its certificate. A name in a token is another one, whatever it is:
        some issuers let people choose names.
        """
        if not self.is_verified:
            return ""
        proof = "client" if self.client and self.source != "jwt" else self.source
        who = repr((proof, self.tenant, self.name)).encode("utf-8", "surrogatepass")
        return blake2s(who, digest_size=_OWNER_BYTES).hexdigest()


ANONYMOUS = CallerIdentity()


@dataclass(frozen=True, slots=True)
class Client:
    """An entry of `clients`: how a client is recognised, and its labels."""

    name: str
    api_keys: tuple[str, ...] = ()
    """Names of secrets: environment variables, or files where there is a slash in them. Any of them is valid."""
    certificates: tuple[str, ...] = ()
    """Subject alternative names, URI or DNS; a `*` at the end stands for anything."""
    subjects: tuple[str, ...] = ()
    """Names that a token may have; a `*` at the end stands for anything."""
    tenant: str = ""
    team: str = ""
    cost_centre: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """The token claims that hold the caller's attributes. A dot selects a field of an object: `realm_access.roles`."""

    name: str = "sub"
    tenant: str = ""
    team: str = ""
    cost_centre: str = ""
    groups: str = ""


@dataclass(frozen=True, slots=True)
class JwksServer:
    """The server from which Envoy fetches the issuer's public keys."""

    uri: str
    scheme: Literal["http", "https"]
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class JwtRules:
    """The accepted issuer and audiences of tokens. Envoy verifies the tokens; the service reads the claims."""

    issuer: str
    audiences: tuple[str, ...] = ()
    jwks_file: str = ""
    jwks_server: JwksServer | None = None
    claims: ClaimNames = ClaimNames()


@dataclass(frozen=True, slots=True)
class ListenerTls:
    """TLS of the listener that applications call."""

    cert_file: str
    key_file: str
    client_ca_file: str = ""
    """Whose client certificates count; empty: nobody's."""
    require_client_cert: bool = False
    """Whether a connection without one is refused in the handshake."""


@dataclass(frozen=True, slots=True)
class CallerRules:
    """The rules for callers: clients, ways of identification, and whether an identity is required."""

    authentication: Authentication = "optional"
    trusts_labels: bool = True
    """Whether `x-openclaw-user`, `x-openclaw-cost-centre` and the body's `user` count where nothing verified does."""
    default_cost_centre: str = ""
    requires_cost_centre: bool = False
    clients: Mapping[str, Client] = field(default_factory=dict[str, Client])
    tls: ListenerTls | None = None
    jwt: JwtRules | None = None
    forwarded_from: tuple[str, ...] = ()
    """Address ranges of the proxies whose `x-forwarded-client-cert` is believed."""

    @property
    def reads_certificates(self) -> bool:
        return self.tls is not None and self.tls.client_ca_file != ""

    @property
    def identifies(self) -> bool:
        """Whether there is any way to verify who calls."""
        by_key = any(client.api_keys for client in self.clients.values())
        return by_key or self.reads_certificates or self.jwt is not None or bool(self.forwarded_from)


def client_with(names: tuple[str, ...], patterns: Mapping[str, tuple[str, ...]]) -> str:
    """The client that one of these names belongs to; of several the one with the longest pattern. Empty: none.

    `patterns`: by client. An exact name goes before a pattern with `*`.
    """
    found = [(_weight(pattern), client) for client, own in patterns.items() for pattern in own if _fits(pattern, names)]
    return max(found, key=lambda one: one[0])[1] if found else ""


def _fits(pattern: str, names: tuple[str, ...]) -> bool:
    return any(name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern for name in names)


def _weight(pattern: str) -> tuple[bool, int]:
    return not pattern.endswith("*"), len(pattern)
