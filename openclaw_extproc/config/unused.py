"""Keys that this version accepts without effect: one warning for each, so that no one relies on it."""

from collections.abc import Iterator

from openclaw_extproc.config.findings import Finding, warning
from openclaw_extproc.config.schema.config_file import Written

_NOT_YET = "read, not acted on yet by this version"


def unused(written: Written) -> Iterator[Finding]:
    yield from (warning(path, _NOT_YET) for path, is_written in later(written).items() if is_written)


def later(written: Written) -> dict[str, bool]:
    return {
        "memory": written.memory is not None,
    }
