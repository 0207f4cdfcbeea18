"""The tables of `docs/configuration.md`: every key of the schema, with its type, default and description.

A section that is used in one place is listed there, with the whole path of its keys. A section that is used in several
places has a table of its own, to which the others link.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from openclaw_extproc.config.schema.base import Section
from openclaw_extproc.config.schema.config_file import Written
from openclaw_extproc.config.schema.models import Short
from openclaw_extproc.config.schema.routing import SessionFile

Kind = type[Section]


@dataclass(frozen=True, slots=True)
class Key:
    path: str
    type: str
    default: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a section stands below another: its path, and its type."""

    path: str
    kind: Kind


def tables() -> Mapping[str, list[Key]]:
    """By the name of a top-level key, or of a kind of section that stands in several places."""
    whole = {path: (field, place) for path, field, place in _below(Written, "")}
    single = [_key(path, *whole[path]) for path in whole if not _has_table(whole[path][1])]
    tops = {
        path: [_key(path, field, place), *keys(place.kind, place.path)]
        for path, (field, place) in whole.items()
        if place is not None and _has_table(place)
    }
    levels = {"session.yml": list(keys(SessionFile, ""))}
    return {"others": single, **tops, **levels, **{kind.__name__: list(keys(kind, "")) for kind in apart()}}


def _has_table(place: Place | None) -> bool:
    return place is not None and place.kind not in apart()


def keys(kind: Kind, path: str) -> Iterator[Key]:
    """Of this section and of those below it that stand nowhere else."""
    for here, field, place in _below(kind, path):
        yield _key(here, field, place)
        if place is not None and place.kind not in apart():
            yield from keys(place.kind, place.path)
    for base in _bases(kind):
        yield Key(f"{path}.…" if path else "…", "", "", f"All keys of {_link(base)} are accepted here too.")


def undescribed() -> list[str]:
    """Keys that say nothing of themselves, and whose section says nothing either."""
    return [f"{name}: {key.path}" for name, table in tables().items() for key in table if not key.meaning]


# -- which section is told where -----------------------------------------------------------


def _below(kind: Kind, path: str) -> Iterator[tuple[str, FieldInfo, Place | None]]:
    """The keys of a section without those that it shares with others."""
    elsewhere = {name for base in _bases(kind) for name in base.model_fields}
    for name, field in kind.model_fields.items():
        here = f"{path}.{field.alias or name}" if path else field.alias or name
        if name not in elsewhere:
            yield here, field, next(_sections(field.annotation, here), None)


def _sections(annotation: Any, path: str) -> Iterator[Place]:
    """A section in an optional, a list (`path[]`) or a mapping (`path.<name>`)."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield Place(path, annotation)
        return
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list:
        yield from _sections(arguments[0], f"{path}[]")
    elif origin is dict:
        yield from _sections(arguments[1], f"{path}.<name>")
    elif origin in (Union, UnionType, Annotated):
        for argument in arguments[:1] if origin is Annotated else arguments:
            yield from _sections(argument, path)


def _bases(kind: Kind) -> list[Kind]:
    """The sections whose keys this one has too and that have a table of their own: the nearest of each line."""
    found = [base for base in kind.__mro__[1:] if issubclass(base, Section) and base in apart()]
    return [base for base in found if not any(base in other.__mro__[1:] for other in found)]


@cache
def apart() -> tuple[Kind, ...]:
    """Sections that stand in several places, or whose keys several others have."""
    places: Counter[Kind] = Counter()
    todo: list[Kind] = [Written, SessionFile]
    while todo:
        kind = todo.pop(0)
        direct = [one.kind for field in kind.model_fields.values() for one in _sections(field.annotation, "")]
        todo += [one for one in dict.fromkeys(direct) if one not in places]
        places.update(direct)
    used = list(places)
    for kind in used:
        places.update(base for base in kind.__mro__[1:] if issubclass(base, Section) and base is not Section)
    return tuple(kind for kind, times in places.items() if times > 1)


# -- what is told of a key ------------------------------------------------------------------


def _key(path: str, field: FieldInfo, place: Place | None) -> Key:
    link = _link(place.kind) if place is not None and place.kind in apart() else ""
    return Key(path, _type(field, link), _default(field), _meaning(path.rpartition(".")[2], field, place))


def _link(kind: Kind) -> str:
    return f"[{kind.__name__}](#{kind.__name__.lower()})"


_USUAL = {"enabled": "Disables the section when `false`."}
"""The meaning of keys that mean the same in every section."""


def _meaning(name: str, field: FieldInfo, place: Place | None) -> str:
    said = field.description or (place.kind.__doc__ if place else None) or _USUAL.get(name, "")
    return _BY_DEFAULT.sub("", _one_line(said)).replace("|", "\\|")


_BY_DEFAULT = re.compile(r" Default: (?P<value>.+)\.$")
"""The last sentence of a description, where the default is not the field's own but found while linking."""


def _one_line(said: str) -> str:
    return re.sub(r"\s+", " ", said).strip()


def _type(field: FieldInfo, link: str) -> str:
    words = _as_schema(field.metadata) or _words(field.annotation)
    ranged = _range([*field.metadata, *_metadata(field.annotation)])
    return " ".join(part for part in (words.replace("mapping", link) if link else words, ranged) if part)


def _metadata(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        _, *metadata = get_args(annotation)
        inner = [m for f in metadata if isinstance(f, FieldInfo) for m in f.metadata]
        return [*metadata, *inner]
    return [
        found for a in get_args(annotation) if get_origin(annotation) in (Union, UnionType) for found in _metadata(a)
    ]


def _range(metadata: list[Any]) -> str:
    lower = next((m.ge for m in metadata if isinstance(m, Ge)), None)
    above = next((m.gt for m in metadata if isinstance(m, Gt)), None)
    upper = next((m.le for m in metadata if isinstance(m, Le)), None)
    under = next((m.lt for m in metadata if isinstance(m, Lt)), None)
    words = {"from": lower, "above": above, "to": upper, "below": under}
    said = " ".join(f"{word} {limit:,}" for word, limit in words.items() if limit is not None)
    return "" if said == "from 0" else said


_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def _words(annotation: Any) -> str:
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return "mapping"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _as_schema(arguments[1:]) or _words(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{_shown(one)}`" for one in arguments)
    if origin is list:
        return f"list of {_plural(_words(arguments[0]))}"
    if origin in (dict, Mapping):
        return f"map of names to {_plural(_words(arguments[1]))}"
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_words(one) for one in arguments if one is not NoneType))
    return "any value"


def _as_schema(metadata: Sequence[object]) -> str:
    """What a type that reads several forms says itself of what may be written; empty: it says nothing."""
    if short := next((one for one in metadata if isinstance(one, Short)), None):
        return f"{_SCHEMA[short.kind]} or mapping"
    told = next((one.json_schema for one in metadata if isinstance(one, WithJsonSchema)), None)
    forms: list[dict[str, str]] = told.get("anyOf", []) if told else []
    return " or ".join(_SCHEMA[form["type"]] for form in forms)


_SCHEMA = {
    "string": "string", "array": "list of strings", "object": "mapping", "number": "number", "integer": "integer",
    "boolean": "boolean",
}  # fmt: skip


def _plural(words: str) -> str:
    return f"{words}s" if words in ("string", "integer", "number", "mapping") else words


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        return "required"
    if default in (None, [], {}) and (told := _BY_DEFAULT.search(_one_line(field.description or ""))):
        return told["value"]
    if default is None or default in ([], {}, "") or isinstance(default, Section):
        return ""
    return f"`{_shown(default)}`"


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
