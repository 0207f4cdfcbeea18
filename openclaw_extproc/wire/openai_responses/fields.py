"""OpenAI Responses: reading a request's fields; a `null` says nothing."""

from collections.abc import Mapping
from typing import TypeAlias

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.translation.losses import MUST_CARRY

Losses: TypeAlias = dict[str, None]
"""Collects, in order and once each, what has to stay behind while one request is read."""


def lose(lost: Losses, what: str) -> None:
    lost[what] = None


def must_carry(lost: Losses, what: str) -> None:
    """A loss that would change what the request means."""
    lost[MUST_CARRY + what] = None


def left_behind(given: Mapping[str, Json], known: set[str], at: str, lost: Losses) -> None:
    """Note what is not known; an empty value says nothing (SDKs dump `"annotations": []`)."""
    for key, value in given.items():
        if key not in known and value not in (None, "", []):
            lose(lost, f"{at}.{key}")


def name(value: Json, *, at: str) -> str:
    if text := j.a_string(value, at=at):
        return text
    raise UnreadableError(f"{at}: expected a name, found an empty string")


def array(value: Json, *, at: str) -> list[Json]:
    return [] if value is None else j.an_array(value, at=at)


def thing(value: Json, *, at: str) -> dict[str, Json]:
    """An object; nothing at all is an empty one."""
    return {} if value is None else j.an_object(value, at=at)


def text(body: Mapping[str, Json], key: str, within: str = "") -> str | None:
    value = body.get(key)
    return None if value is None else j.a_string(value, at=within + key)


def integer(body: Mapping[str, Json], key: str) -> int | None:
    value = body.get(key)
    return None if value is None else j.an_int(value, at=key)


def number(body: Mapping[str, Json], key: str) -> float | None:
    value = body.get(key)
    return None if value is None else j.a_number(value, at=key)


def truth(body: Mapping[str, Json], key: str, within: str = "") -> bool | None:
    value = body.get(key)
    return None if value is None else j.a_bool(value, at=within + key)
