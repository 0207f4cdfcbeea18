"""OpenAI Chat Completions: typed reading of a request's fields, where `null` says nothing."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.translation.losses import MUST_CARRY

Losses: TypeAlias = list[str]
"""Collects what has to stay behind while one request is read."""


def left_behind(given: Mapping[str, Json], known: set[str], at: str, lost: Losses) -> None:
    """Note what is not known; an empty value says nothing (SDKs dump `"annotations": []`)."""
    lost.extend(f"{at}.{key}" for key, value in given.items() if key not in known and value not in (None, "", []))


def required_text(value: Json, *, at: str) -> str:
    if text := j.a_string(value, at=at):
        return text
    raise UnreadableError(f"{at}: expected a name, found an empty string")


def or_else(value: Json, otherwise: Json) -> Json:
    return otherwise if value is None else value


def array(value: Json, *, at: str) -> list[Json]:
    return [] if value is None else j.an_array(value, at=at)


def table(value: Json, *, at: str) -> dict[str, Json]:
    return {} if value is None else j.an_object(value, at=at)


def integer(body: Mapping[str, Json], name: str) -> int | None:
    value = body.get(name)
    return None if value is None else j.an_int(value, at=name)


def number(body: Mapping[str, Json], name: str) -> float | None:
    value = body.get(name)
    return None if value is None else j.a_number(value, at=name)


def switch(body: Mapping[str, Json], name: str, within: str = "") -> bool | None:
    value = body.get(name)
    return None if value is None else j.a_bool(value, at=within + name)


def word(body: Mapping[str, Json], name: str) -> str | None:
    value = body.get(name)
    return None if value is None else j.a_string(value, at=name)


CUSTOM = "custom"
"""The type of a tool whose input is free text, and of a call of one."""


def kind_of(typed: Mapping[str, Json], at: str, lost: Losses) -> Literal["function", "custom"] | None:
    """What a tool, a call or a choice is about; `None`: something for OpenAI alone."""
    match j.a_string(or_else(typed.get("type"), "function"), at=f"{at}.type"):
        case "function" | "custom" as kind:
            return kind
        case _:
            lost.append(f"{MUST_CARRY}{at}: unknown type")
    return None
