"""The schema of `gateway.stages`: the addresses of the stages, and TLS between Envoy and the service."""

from pydantic import Field

from openclaw_extproc.config.schema.base import Name, Section


class ClientCertificate(Section):
    """Configures Envoy's client certificate for connections to the stages. The paths are on Envoy's machine; Envoy
    reads the files at startup."""

    certificate_chain: Name | None = None
    """Names a PEM file with Envoy's client certificate and its intermediate certificates."""
    private_key: Name | None = None
    """Names a PEM file with the private key of Envoy's client certificate."""
    trusted_ca: Name | None = None
    """Names a PEM file with the certificate authorities that the service's certificate is verified against. Default:
    the path in `tls.trusted_ca`."""


class StageTls(Section):
    """Configures mutual TLS for stages on TCP. A connection without a client certificate is rejected.
    `certificate_chain`, `private_key`, `trusted_ca` and the first two of `client` are required."""

    certificate_chain: Name | None = None
    """Names a PEM file with the service's certificate and its intermediate certificates. It is read again when it
    changes."""
    private_key: Name | None = None
    """Names a PEM file with the private key of the service's certificate. It is read again when it changes."""
    trusted_ca: Name | None = None
    """Names a PEM file with the authorities whose client certificates are accepted. It is read again when it changes.
    Use an authority that signs for Envoy only, or set `client_subject_alt_names`."""
    client_subject_alt_names: list[Name] = Field(default_factory=list[str])
    """Lists the accepted subject alternative names of client certificates: DNS names, URIs such as a SPIFFE ID, or IP
    addresses. Default: every name is accepted."""
    server_name: Name | None = None
    """Sets the DNS name or IP address that Envoy expects in the service's certificate. Default: the host of the stage's
    address."""
    client: ClientCertificate = ClientCertificate()


class Stages(Section):
    """Configures the addresses at which Envoy connects to the route stage and the attempt stage: unix sockets, or TCP
    with TLS. This section is read only at startup."""

    route: Name | None = None
    """Sets the address of the route stage: `unix:/path/of/a.sock` or `host:port`. With several workers, worker n
    listens at `route-n.sock`, or at the port plus 2n. Default: `unix:/run/openclaw/route.sock` for `serve` and
    `render`, a private folder for `up`."""
    attempt: Name | None = None
    """Sets the address of the attempt stage, in the same form as `route`. Default: `unix:/run/openclaw/attempt.sock`
    for `serve` and `render`, a private folder for `up`."""
    allow_plaintext: bool = False
    """Allows stages without TLS on addresses that are not loopback. Anyone who can reach such an address can read and
    control all calls."""
    tls: StageTls | None = None
    """Configures mutual TLS for stages on `host:port`. A connection without a client certificate is rejected.
    `certificate_chain`, `private_key`, `trusted_ca` and the first two keys of `client` are required."""
