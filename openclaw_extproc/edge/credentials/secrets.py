"""Secrets by name: from the environment, or from a file when the name is a path. Values leave into headers only.

The keys of clients: digests of all of them, read anew while the service runs, by which a caller's key is recognized.

A caller's value is hashed with a secret of this process and compared with every digest, each in constant time: how long
it takes says neither whose key it is nor how much of it was right.
"""

import logging
import secrets
from collections.abc import Mapping
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path

from openclaw_extproc.callers import Client
from openclaw_extproc.config.providers.cloud_credentials import unsendable_part
from openclaw_extproc.edge.reload.files import MAX_SECRET_BYTES, FileRefusedError, read_text
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.model.json import Json

# -- secrets ---------------------------------------------------------------------------


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


# -- client keys -----------------------------------------------------------------------


MIN_KEY_CHARS = 16
"""A shorter key can be guessed: it lets nobody in."""
MAX_KEY_CHARS = 4_096
"""A longer value is no key: it is not even hashed."""


class ClientKeys:
    """The keys of all configured clients, as digests."""

    def __init__(self, secrets_by_name: Secrets) -> None:
        self._secrets = secrets_by_name
        self._salt = secrets.token_bytes(32)
        self._clients: Mapping[str, Client] = {}
        self._digests: tuple[tuple[bytes, str], ...] = ()
        """The digest of each key, with the name of its client."""
        self._told: frozenset[tuple[str, str]] = frozenset()

    def update(self, clients: Mapping[str, Client]) -> None:
        """Replaces the clients, and reads their keys."""
        self._clients = clients
        self.refresh()

    def refresh(self) -> None:
        """Reads all keys again, so that a key in a file is rotated without a restart. Each problem is logged once."""
        owners: dict[bytes, str] = {}
        wrong: dict[tuple[str, str], str] = {}
        for client in self._clients.values():
            for name in client.api_keys:
                key = self._value(name)
                if problem := self._problem(key):
                    wrong[client.name, name] = problem
                elif key and owners.setdefault(self._digest(key), client.name) != client.name:
                    wrong[client.name, name] = "another client has the same key, and is taken for its owner"
        self._digests = tuple(owners.items())
        for (client_name, key_name), problem in wrong.items():
            if (client_name, problem) not in self._told:
                said: dict[str, Json] = {"client": client_name, "key": key_name, "problem": problem}
                logs.event("clients", "key_not_used", said, level=logging.WARNING)
        self._told = frozenset((name, problem) for (name, _), problem in wrong.items())

    def client_of(self, key: str) -> str:
        """The name of the client that has this key; empty: no client has it."""
        if len(key) > MAX_KEY_CHARS:
            return ""
        digest, found = self._digest(key), ""
        for known, name in self._digests:  # all of them, whichever it is
            if compare_digest(known, digest):
                found = name
        return found

    def _value(self, name: str) -> str | None:
        """A file that is not there is no news each second: the next key's may come later."""
        return None if "/" in name and not Path(name).exists() else self._secrets.get(name)

    def _digest(self, key: str) -> bytes:
        return blake2b(key.encode("utf-8", "replace"), key=self._salt, digest_size=32).digest()

    @staticmethod
    def _problem(key: str | None) -> str:
        if key is None:
            return "it is not set"
        if any(not letter.isprintable() or letter.isspace() for letter in key):
            return "it has spaces or line breaks in it: one key a file"
        if len(key) > MAX_KEY_CHARS:
            return f"it is longer than {MAX_KEY_CHARS} characters"
        return f"it is shorter than {MIN_KEY_CHARS} characters" if len(key) < MIN_KEY_CHARS else ""
