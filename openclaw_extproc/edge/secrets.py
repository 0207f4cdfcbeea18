"""Secrets by name: from the environment, or from a file when the name is a path. Values leave into headers only."""

import logging
from collections.abc import Mapping
from pathlib import Path

log = logging.getLogger(__name__)

MAX_SECRET_BYTES = 64 * 1024


class Secrets:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def get(self, name: str) -> str | None:
        """The secret, or `None` when there is none of that name, or it is empty."""
        if "/" in name:
            return _from_file(name) or None
        return self._environment.get(name, "").strip() or None


def _from_file(name: str) -> str:
    """Read each time: a rotated key takes effect at once, also when its file keeps its age and size."""
    try:
        with Path(name).open(encoding="utf-8") as file:
            return file.read(MAX_SECRET_BYTES).strip()
    except (OSError, UnicodeDecodeError) as problem:
        log.warning("credential file cannot be read: %s: %s", name, type(problem).__name__)
        return ""
