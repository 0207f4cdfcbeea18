"""How our own processes are run, and what happens when they cannot work: part of `gateway`, as it is written."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import Field

from openclaw_extproc.config.schema.base import Milliseconds, Section
from openclaw_extproc.config.schema.stages import Stages

OnFailure: TypeAlias = Literal["reject", "passthrough"]
FamilyName: TypeAlias = Literal["openai", "anthropic", "gemini"]


class Overload(Section):
    """From where on requests are refused with 503 and `retry-after`, before memory grows. Of each worker."""

    max_requests: int = Field(default=2_000, ge=1)
    """Requests under way at a time."""
    max_body_mib: int = Field(default=512, ge=1)
    """Bodies of requests that are read, planned or being sent: their size in MiB."""
    max_lag_ms: Milliseconds = Field(default=1_000, ge=1)
    """How long work may wait for its turn in the event loop. A loop that is never idle lets in what it can do in that
    time; one that is later lets nobody in."""


class Downstream(Section):
    """What applications may take of Envoy, in its own words. Read at the start only."""

    max_connections: int = Field(default=10_000, ge=10, le=1_000_000)
    """At a time. One more is closed at once. With `up`, from eight tenths of it on `idle_timeout_ms` shrinks, down to a
    second at nine tenths."""
    max_heap_mib: int = Field(default=1_024, ge=64)
    """Of Envoy's memory. From eight tenths of it on `idle_timeout_ms` shrinks, down to a second; from nine tenths on
    new requests are refused with 503 and `retry-after`."""
    idle_timeout_ms: Milliseconds = Field(default=75_000, ge=1_000)
    """How long a connection may be open without a request. An answer under way is none, however long it takes."""
    request_headers_timeout_ms: Milliseconds = Field(default=10_000, ge=100)
    """How long the head of a request may take to arrive, from its first byte on."""
    request_timeout_ms: Milliseconds = Field(default=300_000, ge=100)
    """How long a whole request may take to arrive, with its body: then 408. Answers have limits of their own."""
    delayed_close_timeout_ms: Milliseconds = Field(default=1_000, ge=100)
    """Of a connection that Envoy is about to close, as after `connection: close`: how long a client that reads slowly
    may take no byte of what still waits for it. What the kernel has taken, some MiB, is safe in any case. An HTTP/1.1
    stream that a provider has reset shows its end to the client only so much later."""


class Processes(Section):
    workers: int = Field(default=1, ge=1, le=256)
    """How many worker processes. With one, the program itself does the work, except where `on_sidecar_failure` needs
    somebody who is left when it dies. Read at the start only."""
    on_sidecar_failure: OnFailure | Mapping[FamilyName, OnFailure] = "reject"
    """What Envoy does with a call when no worker answers. `reject`: 503 and `retry-after`. `passthrough`: it goes to
    the vendor whose path it has, with the caller's own credential and nothing of ours. For all calls, or by the vendor
    whose API they speak. With compliance rules or budgets it is always `reject`. Read at the start only."""
    overload: Overload = Overload()
    stages: Stages = Stages()
    downstream: Downstream = Downstream()
    drain_ms: Milliseconds = 10_000
    """How long calls under way have to end when the program is told to end."""
