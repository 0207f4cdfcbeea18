"""The written sections about who calls: clients, and what the listener verifies of them."""

from typing import Literal

from pydantic import Field

from openclaw_extproc.config.schema.base import Name, Section
from openclaw_extproc.config.schema.routing import Names


class ClientEntry(Section):
    """An application or team that may call, and what is known of it. See docs/identity.md."""

    api_keys: Names = Field(
        default_factory=list[Name],
        description="`${NAME}`: names of environment variables with a key of this client, never the key itself. Each "
        "of them is valid, so that a key can be replaced while the old one is still in use",
    )
    api_key_files: Names = Field(default_factory=list[Name])
    """Files with a key each; read again every second, so a key is rotated without a restart."""
    certificates: Names = Field(default_factory=list[Name])
    """URI or DNS names of its client certificate: `spiffe://cluster.local/ns/search/sa/api`. A `*` at the end stands
    for anything."""
    subjects: Names = Field(default_factory=list[Name])
    """Names that its tokens have (`gateway.jwt.claims.name`). A `*` at the end stands for anything."""
    tenant: Name | None = None
    """For conditions and logs, as are the next two."""
    team: Name | None = None
    """Which team it belongs to."""
    groups: Names = Field(default_factory=list[Name])
    """What it is a member of."""
    cost_centre: Name | None = None
    """Who pays for its requests; a name of `cost_centres` where there are some. No header overrides it."""


class ClaimsSection(Section):
    """Which claim says what of the caller. A dot goes into an object: `realm_access.roles`."""

    name: Name = "sub"
    """Who it is."""
    tenant: Name | None = None
    """As of `clients`, like the others."""
    team: Name | None = None
    """Which team."""
    cost_centre: Name | None = None
    """Who pays."""
    groups: Name | None = None
    """A list of texts, or one text with spaces in it."""


class JwtSection(Section):
    """Tokens of callers. Envoy's `jwt_authn` verifies signature, issuer, audience, time. Read at the start only."""

    issuer: Name | None = None
    """As the token's `iss` says it."""
    audiences: Names = Field(default_factory=list[Name])
    """Of these the token's `aud` has to name one. Left out: tokens for anybody count."""
    jwks_file: Name | None = None
    """A file with the issuer's public keys (JWKS)."""
    jwks_uri: Name | None = None
    """Or where they are: Envoy fetches them, and again every five minutes."""
    claims: ClaimsSection = ClaimsSection()


class TlsSection(Section):
    """TLS of the listener that applications call. Read at the start only."""

    cert_file: Name | None = None
    """The certificate and its chain, PEM."""
    key_file: Name | None = None
    """Its private key, PEM."""
    client_ca_file: Name | None = None
    """The authority whose client certificates count, PEM. Their URI and DNS names say who calls."""
    require_client_cert: bool = False
    """A connection without a client certificate is refused in the handshake. Without it, `authentication` refuses with
    401 in the caller's own format."""


class DefaultCostCentre(Section):
    """Who pays where neither the caller's identity nor a caller that is believed says it."""

    default: Name | None = None
    """This one."""
    required: bool = False
    """A request without any cost centre is refused with 403."""


class CallersSection(Section):
    authentication: Literal["optional", "required", "listed"] | None = None
    """Who may call. `optional` (the default): anybody; who can be identified is. `required`: others get 401 in their
    own format. `listed`: besides, the caller has to be among `clients`."""
    trust_caller_labels: bool | None = None
    """Whether `x-openclaw-user`, `x-openclaw-cost-centre` and the body's `user` count for preferences, limits and
    compliance. Where nothing is written: only if the listener is on loopback and nothing here can identify a caller.
    They never override what was verified."""
    cost_centre: DefaultCostCentre = DefaultCostCentre()
    jwt: JwtSection | None = None
    tls: TlsSection | None = None
    forwarded_client_cert_from: Names = Field(default_factory=list[Name])
    """Addresses or ranges (`127.0.0.6/32`) of the proxies of a mesh whose `x-forwarded-client-cert` is believed. From
    all others Envoy removes the header. Read at the start only."""
    expose_admin: bool = False
    """Says that `admin_host` is meant to be open to other machines."""
