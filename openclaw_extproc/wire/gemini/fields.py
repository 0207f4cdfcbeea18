"""Reading JSON the way Google's API does.

Source: https://protobuf.dev/programming-guides/json (camelCase and the original snake_case are both taken, whole
numbers may come as `"5"` or `5.0`), and Google's own curl examples, where one object stands for a list of one
(`"system_instruction": {"parts": {"text": ...}}`).
"""

import re

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.translation.losses import MUST_CARRY

MAX_LOSSES = 32
"""The number of kinds of loss that are named. A client chooses the keys, so there could be very many."""

_WHOLE = re.compile(r"[0-9]{1,18}")
_SNAKE = re.compile(r"_([a-z0-9])")


def camel(name: str) -> str:
    return _SNAKE.sub(lambda found: found[1].upper(), name) if "_" in name else name


def fields(value: Json, *, at: str) -> dict[str, Json]:
    """An object with its keys in camelCase and without its nulls; nothing at all is an empty one."""
    given = {} if value is None else j.an_object(value, at=at)
    return {camel(key): item for key, item in given.items() if item is not None}


def several(value: Json, *, at: str) -> list[Json]:
    """A list; one object is a list of one."""
    if value is None:
        return []
    return [value] if isinstance(value, dict) else j.an_array(value, at=at)


def whole(value: Json, *, at: str) -> int | None:
    match value:
        case None:
            return None
        case float() if value.is_integer():
            return int(value)
        case str() if _WHOLE.fullmatch(value):
            return int(value)
        case _:
            return j.an_int(value, at=at)


def name(value: Json, *, at: str) -> str:
    if text := j.a_string(value, at=at):
        return text
    raise UnreadableError(f"{at}: expected a name, found an empty string")


class Losses:
    """What another format cannot carry: the first place of each kind, so that a long history names it once."""

    def __init__(self) -> None:
        self._dropped: dict[str, str] = {}
        self._refused: list[str] = []

    def drop(self, kind: str, at: str) -> None:
        if len(self._dropped) < MAX_LOSSES:
            self._dropped.setdefault(kind, at)

    def refuse(self, loss: str) -> None:
        """A loss that would change what the request means."""
        if len(self._refused) < MAX_LOSSES:
            self._refused.append(MUST_CARRY + loss)

    def all(self) -> tuple[str, ...]:
        return (*self._dropped.values(), *self._refused)
