"""Collects what another format cannot carry while one request is read."""

from collections.abc import Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.translation.losses import MUST_CARRY

MAX_LOSSES = 32
"""The number of kinds of loss that are named. A client chooses the keys, so there could be very many."""


class Losses:
    """The first place of each kind, so that a long history names it once."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def drop(self, kind: str, path: str) -> None:
        if len(self._first) < MAX_LOSSES:
            self._first.setdefault(kind, path)

    def refuse(self, path: str) -> None:
        """The first is enough to keep the request from every other format."""
        self._first.setdefault(MUST_CARRY, f"{MUST_CARRY}{path}")

    def rest(self, block: Mapping[str, Json], known: str, at: str) -> None:
        """Drop the keys that are not among the `known` ones."""
        for key in j.without(block, frozenset(known.split())):
            self.drop(key, key if key == "cache_control" else f"{at}.{key}")

    def all(self) -> tuple[str, ...]:
        return tuple(self._first.values())
