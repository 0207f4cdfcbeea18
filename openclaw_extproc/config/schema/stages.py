"""`gateway.stages`, as it is written: where Envoy reaches the stages, and how a network between them is protected."""

from pydantic import Field

from openclaw_extproc.config.schema.base import Name, Section


class ClientCertificate(Section):
    """What Envoy shows to the stages. Paths on Envoy's machine; Envoy reads them when it starts."""

    certificate_chain: Name | None = None
    """A PEM file: the client certificate, and those between it and the authority."""
    private_key: Name | None = None
    """A PEM file."""
    trusted_ca: Name | None = None
    """A PEM file with the authorities that the service's certificate is checked against. Default: the path of
    `tls.trusted_ca`."""


class StageTls(Section):
    """TLS with certificates on both sides: a connection without a client certificate is refused. `certificate_chain`,
    `private_key`, `trusted_ca` and those two of `client` have to be there."""

    certificate_chain: Name | None = None
    """A PEM file: the service's certificate, and those between it and the authority. This file and the next two are
    read again when they change."""
    private_key: Name | None = None
    """A PEM file."""
    trusted_ca: Name | None = None
    """A PEM file with the authorities whose client certificates are accepted. Use an authority for Envoy alone, or
    set `client_subject_alt_names`."""
    client_subject_alt_names: list[Name] = Field(default_factory=list[str])
    """Client certificates are accepted with one of these subject alternative names only (DNS name, URI such as a
    SPIFFE ID, or IP address). Default: with any."""
    server_name: Name | None = None
    """The DNS name or IP address that Envoy expects in the service's certificate. Default: the host of the address."""
    client: ClientCertificate = ClientCertificate()


class Stages(Section):
    """Where Envoy reaches the route and the attempt stage: unix sockets, or TCP with TLS."""

    route: Name | None = None
    """Where the route stage listens: `unix:/path/of/a.sock` or `host:port`. Default: `unix:/run/openclaw/route.sock`
    for `serve` and `render`, a private folder for `up`. Worker n of several has the socket `route-n.sock`, or the port
    plus 2n. All of `stages` is read at the start only."""
    attempt: Name | None = None
    """Where the attempt stage listens, as `route`. Default: `unix:/run/openclaw/attempt.sock`."""
    allow_plaintext: bool = False
    """Whether the stages may be served without TLS on an address that is not loopback. Whoever reaches it can read and
    steer all calls."""
    tls: StageTls | None = None
    """For stages on `host:port`."""
