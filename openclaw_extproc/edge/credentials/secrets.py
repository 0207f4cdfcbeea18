"""Secrets by name: from the environment, or from a file when the name is a path. Values leave into headers only."""

import logging
from collections.abc import Mapping
from pathlib import Path

from openclaw_extproc.config.providers.cloud_credentials import unsendable_part
from openclaw_extproc.edge.reload.files import MAX_SECRET_BYTES, FileRefusedError, read_text

log = logging.getLogger(__name__)


class Secrets:
    """Secrets by name, from environment variables and files."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._told: dict[str, str] = {}
        """The reason why a name gave no secret, as last logged: it is looked up each second, and logged once."""

    def get(self, name: str) -> str | None:
        """The secret of this name. `None`: there is none, it is empty, or no header can carry it."""
        problem = ""
        try:
            # Read each time: a rotated key takes effect at once, also when its file keeps its age and size.
            text = read_text(Path(name), MAX_SECRET_BYTES)[0] if "/" in name else self._environment.get(name, "")
        except FileRefusedError as why:
            text, problem = "", f"cannot be read: {why}"
        value = text.strip()
        if found := unsendable_part(value):
            value, problem = "", f"holds {found}, so it is not sent"
        if problem != self._told.get(name, ""):
            self._told[name] = problem
            if problem:
                log.warning("credential %s %s", name, problem)
        return value or None
