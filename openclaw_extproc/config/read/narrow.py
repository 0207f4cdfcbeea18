"""Access to values of unknown type, as YAML returns them."""

from collections.abc import Mapping
from typing import cast


def mapping(value: object) -> Mapping[str, object]:
    """The value if it is a mapping, else an empty one."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def sequence(value: object) -> list[object]:
    """The value if it is a list, else an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def text(value: object) -> str:
    """The value if it is text, else nothing."""
    return value if isinstance(value, str) else ""


def at(value: object, *keys: str) -> object:
    """What lies below these keys; `None` where the way ends."""
    for key in keys:
        value = mapping(value).get(key)
    return value
