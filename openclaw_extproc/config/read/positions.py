"""The place of each value of a configuration: file, line, and the name of a list entry.

A `Spot` is one node of the text, and the tree of them mirrors the values. It is merged as the values are, so that a
finding points into the file whose value counts.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from openclaw_extproc.config.findings import Finding

NAMING_KEYS = ("name", "provider", "type", "metric")
"""What an entry of a list is called by, the first that it has."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@:-]{0,59}")
"""Of a name that may stand in brackets. What is longer, or has a space in it, would hide where the path goes on."""
_END_OF_KEY = re.compile(r"[.\[]")
_PATH_WITH_INDEX = re.compile(r"(?<![a-z_.])[a-z_]+(?:\.[a-z_]+)*\[\d+\](?:\.[a-z_]+|\[\d+\])*")


@dataclass(slots=True)
class Spot:
    """One value in the text. Without children and name it is only a place."""

    file: str
    line: int
    """From 1; 0: the file as a whole."""
    name: str = ""
    """Of an entry of a list: what its `name` says; empty where it has none, or shares it with another entry."""
    children: dict[str | int, "Spot"] = field(default_factory=dict["str | int", "Spot"])
    is_mapping: bool = True


def set_names(entries: Iterable[Spot], names: Iterable[str]) -> None:
    """Give the entries of one list the names that are told apart and can be shown."""
    together = list(zip(entries, names, strict=True))
    count = Counter(name for _, name in together)
    for spot, name in together:
        spot.name = name if count[name] == 1 and _NAME.fullmatch(name) else ""


def merge(one: Spot, other: Spot) -> Spot:
    """Merges the positions of two files as their values are merged: mappings key by key, all else from the other."""
    if not one.is_mapping or not other.is_mapping:
        return other
    children = dict(one.children)
    for key, spot in other.children.items():
        children[key] = merge(children[key], spot) if key in children else spot
    return Spot(other.file, other.line, other.name, children)


def with_position(finding: Finding, root: Spot) -> Finding:
    """The finding with file, line and the names of entries, as far as its path leads into this tree."""
    spot, shown = _walk(finding.path, root)
    words = _PATH_WITH_INDEX.sub(lambda match: _walk(match[0], root)[1], finding.finding)
    if finding.file:  # it knows better: the text itself could not be read there
        return replace(finding, shown=shown, finding=words)
    return replace(finding, shown=shown, finding=words, file=spot.file, line=spot.line or None)


def is_written(path: str, root: Spot) -> bool:
    """Whether the text has a value at this very path."""
    return _follow(path, root)[2] == ""


def _walk(path: str, root: Spot) -> tuple[Spot, str]:
    """The nearest spot on the way, and the path with names in place of numbers."""
    spot, shown, left = _follow(path, root)
    return spot, shown + left


def _follow(path: str, root: Spot) -> tuple[Spot, str, str]:
    """The last spot on the way, the path to it with names, and what of the path leads no further."""
    spot, shown, left = root, "", path
    while left:
        step = _longest_key(spot, left.removeprefix("."))
        if step is not None:
            child, word = spot.children[step], f".{step}" if shown else step
            left = left.removeprefix(".")[len(step) :]
        elif (index := re.match(r"\[(\d+)\]", left)) and int(index[1]) in spot.children:
            child = spot.children[int(index[1])]
            word = f"[{child.name or index[1]}]"
            left = left[index.end() :]
        else:
            break
        spot, shown = child, shown + word
    return spot, shown, left


def _longest_key(spot: Spot, path: str) -> str | None:
    """The key that the path goes on with: a key may have a dot in it, as a model's name has."""
    ends = [*(match.start() for match in _END_OF_KEY.finditer(path)), len(path)]
    return next((path[:end] for end in reversed(ends) if path[:end] in spot.children), None)
