"""The schema of caller identity: clients, and what Envoy's listener verifies of them."""

from typing import Literal

from pydantic import Field

from openclaw_extproc.config.schema.base import Name, Section
from openclaw_extproc.config.schema.routing import Names


class ClientEntry(Section):
    """Describes the clients (applications or teams) that may call the gateway, by name. See docs/identity.md."""

    api_keys: Names = Field(default_factory=list[Name])
    """Lists the client's gateway keys as `${NAME}`, the name of an environment variable and never the key itself. All
    of them are valid at the same time, so that a key can be replaced without interruption."""
    api_key_files: Names = Field(default_factory=list[Name])
    """Lists files that each contain one gateway key of the client. They are read again every second, so a key can be
    rotated without a restart."""
    certificates: Names = Field(default_factory=list[Name])
    """Lists the URI or DNS subject alternative names of the client's certificates, for example
    `spiffe://cluster.local/ns/search/sa/api`. A trailing `*` matches any suffix."""
    subjects: Names = Field(default_factory=list[Name])
    """Lists the names in the client's tokens, taken from the claim `gateway.jwt.claims.name`. A trailing `*` matches
    any suffix."""
    tenant: Name | None = None
    """Sets the client's tenant, for conditions and logs."""
    team: Name | None = None
    """Sets the client's team, for conditions and logs."""
    groups: Names = Field(default_factory=list[Name])
    """Lists the groups that the client belongs to, for conditions and logs."""
    cost_centre: Name | None = None
    """Sets the cost centre that pays for the client's requests. It must be one of `cost_centres` if that section has
    entries. No request header overrides it."""


class ClaimsSection(Section):
    """Maps token claims to the caller's attributes. A dot selects a field of an object: `realm_access.roles`."""

    name: Name = "sub"
    """Names the claim that holds the caller's name. Choose one that users cannot set themselves."""
    tenant: Name | None = None
    """Names the claim that holds the caller's tenant."""
    team: Name | None = None
    """Names the claim that holds the caller's team."""
    cost_centre: Name | None = None
    """Names the claim that holds the cost centre that pays for the caller's requests."""
    groups: Name | None = None
    """Names the claim that holds the caller's groups: a list of strings, or one string separated by spaces."""


class JwtSection(Section):
    """Configures JSON Web Tokens as caller identities. Envoy's `jwt_authn` filter verifies signature, issuer, audience
    and validity. This section is read only at startup."""

    issuer: Name | None = None
    """Sets the issuer, which must equal the token's `iss` claim."""
    audiences: Names = Field(default_factory=list[Name])
    """Lists the accepted audiences: the token's `aud` claim must contain one of them. Default: tokens for any audience
    are accepted."""
    jwks_file: Name | None = None
    """Names a file with the issuer's public keys (JWKS). It is an alternative to `jwks_uri`."""
    jwks_uri: Name | None = None
    """Sets the URL of the issuer's public keys (JWKS). Envoy fetches it at startup and every five minutes."""
    claims: ClaimsSection = ClaimsSection()


class TlsSection(Section):
    """Configures TLS for Envoy's listener, which applications call. This section is read only at startup."""

    cert_file: Name | None = None
    """Names a PEM file with the listener's certificate chain."""
    key_file: Name | None = None
    """Names a PEM file with the listener's private key."""
    client_ca_file: Name | None = None
    """Names a PEM file with the certificate authority for client certificates. The URI and DNS names of a client
    certificate identify the caller."""
    require_client_cert: bool = False
    """Requires a client certificate: a connection without one is rejected in the TLS handshake. If `false`,
    `gateway.authentication` rejects unidentified callers with 401 in their own API's format."""


class DefaultCostCentre(Section):
    """Sets the cost centre of requests for which neither the caller's identity nor a trusted label names one."""

    default: Name | None = None
    """Names the cost centre of requests that have no other."""
    required: bool = False
    """Rejects requests without a cost centre with status 403."""


class CallersSection(Section):
    authentication: Literal["optional", "required", "listed"] | None = None
    """Selects who may call. `optional`: everyone; callers that can be identified are. `required`: callers without a
    verified identity are rejected with 401 in their own API's format. `listed`: the identity must also belong to an
    entry of `clients`, otherwise the status is 403. Default: `optional`."""
    trust_caller_labels: bool | None = None
    """Allows the caller's own labels (`x-openclaw-user`, `x-openclaw-cost-centre` and the body's `user`) to count for
    preferences, limits and compliance. They never override a verified identity. Default: `true` if the listener is on
    loopback and no way to identify callers is configured, otherwise `false`."""
    cost_centre: DefaultCostCentre = DefaultCostCentre()
    jwt: JwtSection | None = None
    tls: TlsSection | None = None
    forwarded_client_cert_from: Names = Field(default_factory=list[Name])
    """Lists the addresses or ranges (`127.0.0.6/32`) of mesh proxies whose `x-forwarded-client-cert` header is trusted.
    Envoy removes the header from all other connections. It is read only at startup."""
    expose_admin: bool = False
    """Confirms that `admin_host` is meant to be reachable from other machines, and so suppresses the warning about
    it."""
