"""The schema of worker processes: their stages' addresses and TLS, overload, and the limits of client connections."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import Field

from openclaw_extproc.config.schema.base import Milliseconds, Name, Section

OnFailure: TypeAlias = Literal["reject", "passthrough"]
FamilyName: TypeAlias = Literal["openai", "anthropic", "gemini"]


class Overload(Section):
    """Sets the limits above which a worker rejects requests with 503 and `retry-after`, to bound memory and delay."""

    max_requests: int = Field(default=2_000, ge=1)
    """Limits the concurrent requests of a worker."""
    max_body_mib: int = Field(default=512, ge=1)
    """Limits the total size of request bodies that a worker holds, in MiB. A body counts from its head on, and
    for up to 2.75 times its size if reading it takes more than four times its size (`docs/limits.md`)."""
    max_lag_ms: Milliseconds = Field(default=1_000, ge=1)
    """Limits how long work may wait in the worker's event loop, in milliseconds. A loop that is never idle accepts the
    requests that it can serve in this time; a loop that lags by more accepts none."""


class Downstream(Section):
    """Sets the limits of client connections, which Envoy enforces. This section is read only at startup."""

    max_connections: int = Field(default=10_000, ge=10, le=1_000_000)
    """Limits the concurrent client connections. A connection beyond the limit is closed at once. With `up`,
    `idle_timeout_ms` shrinks from 80 percent of the limit on, down to one second at 90 percent."""
    max_heap_mib: int = Field(default=1_024, ge=64)
    """Limits Envoy's memory in MiB. From 80 percent of the limit on, `idle_timeout_ms` shrinks, down to one second;
    from 90 percent on, new requests are rejected with 503 and `retry-after`."""
    idle_timeout_ms: Milliseconds = Field(default=75_000, ge=1_000)
    """Limits how long a connection may stay open without an active request, in milliseconds. A running response is
    active, however long it takes."""
    request_headers_timeout_ms: Milliseconds = Field(default=10_000, ge=100)
    """Limits the time for receiving the headers of a request, in milliseconds from their first byte."""
    request_timeout_ms: Milliseconds = Field(default=300_000, ge=100)
    """Limits the time for receiving a whole request, body included, in milliseconds. When it expires, the status is
    408. Responses have their own timeouts."""
    delayed_close_timeout_ms: Milliseconds = Field(default=1_000, ge=0)
    """Limits how long a client may accept no data of a connection that Envoy is about to close (as after
    `connection: close`), in milliseconds. Data that the kernel has accepted, some MiB, is delivered in any case. The
    end of an HTTP/1.1 stream that a provider has reset becomes visible to the client only after this time. With 0 it is
    visible at once, and a slow client receives everything; who accepts nothing for `idle_timeout_ms` is then cut off by
    the kernel (`TCP_USER_TIMEOUT`, Linux only), also in the middle of a response."""


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


class Processes(Section):
    workers: int = Field(default=1, ge=1, le=256)
    """Sets the number of worker processes. With 1, the main process does the work itself, except if
    `on_sidecar_failure` needs a process that survives it. It is read only at startup."""
    envoy_concurrency: int | None = Field(default=None, ge=1, le=256)
    """Sets the number of worker threads of the Envoy that `up` starts. Default: 2, or half the number of workers if
    that is more, but never more than the CPUs that the container may use (its affinity, and `cpu.max` of its cgroup).
    It is read only at startup."""
    on_sidecar_failure: OnFailure | Mapping[FamilyName, OnFailure] = "reject"
    """Selects what Envoy does with a call when no worker responds, for all calls or by API family (`openai`,
    `anthropic`, `gemini`). `reject`: status 503 with `retry-after`. `passthrough`: the call is sent to the vendor of
    its path, with the caller's own credential and none of the gateway's. With compliance rules or budgets it is always
    `reject`. It is read only at startup."""
    overload: Overload = Overload()
    stages: Stages = Stages()
    downstream: Downstream = Downstream()
    drain_ms: Milliseconds = 10_000
    """Limits how long running calls may continue after the process is told to stop, in milliseconds."""
