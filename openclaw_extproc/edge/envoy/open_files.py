"""The number of client connections that our own Envoy can have, by the open files that its user may have.

Envoy 1.40 raises its own limit as far as it may. Beyond it no connection is taken and no provider is reached: to take
fewer and to say so is better.
"""

import resource
from dataclasses import replace

from openclaw_extproc.config.findings import Finding, warning
from openclaw_extproc.config.settings import Downstream

RESERVED_FILES = 1_000
"""The open files kept for connections to providers and to the stages."""


def most_files() -> int | None:
    """The limit that a process of ours can have; `None`: there is none."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return None if hard == resource.RLIM_INFINITY else hard


def within_open_files(files: int | None, downstream: Downstream) -> tuple[Downstream, list[Finding]]:
    """Returns the limits of client connections that the open files allow, with findings. `files`: as `most_files`
    returns it."""
    wanted = downstream.max_connections
    if files is None or wanted + RESERVED_FILES <= files:
        return downstream, []
    possible = max(10, files - min(RESERVED_FILES, files // 2))
    finding = f"{wanted:,} cannot be reached with {files:,} open files: {possible:,} connections are taken at a time"
    remedy = f"raise the hard limit to {2 * wanted:,} (ulimit -Hn, LimitNOFILE=, --ulimit nofile=), or write less"
    told = warning("gateway.downstream.max_connections", finding, remedy)
    return replace(downstream, max_connections=min(wanted, possible)), [told]
