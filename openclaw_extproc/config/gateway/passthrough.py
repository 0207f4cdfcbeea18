"""Linking of `gateway.passthrough`: the open rows of the passthrough table."""

from collections.abc import Sequence

from openclaw_extproc.config.findings import Finding, error, nearest, warning
from openclaw_extproc.wire.passthrough import NAMES, USUAL


def link_passthrough(written: bool | Sequence[str]) -> tuple[frozenset[str], list[Finding]]:
    """The names that are opened besides those that are open anyway."""
    if isinstance(written, bool):
        return frozenset(), []
    known = frozenset(NAMES)
    findings = [_about(name, f"gateway.passthrough[{n}]") for n, name in enumerate(written) if name not in known]
    return known & frozenset(written), findings


def _about(name: str, path: str) -> Finding:
    if name in USUAL:
        return warning(path, f'"{name}" is open anyway', "leave it out")
    remedy = nearest(name, NAMES) or "docs/wire-formats.md has the table"
    return error(path, f'nothing of that name can be opened: "{name}" (known: {", ".join(NAMES)})', remedy)
