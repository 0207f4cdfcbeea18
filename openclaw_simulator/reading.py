"""Reading a request strictly, each provider complaining in its own words.

A `Node` is one value of the request and where it stands; a `Dialect` writes the provider's complaint about it. Only the
standard library's `json` reads here, on purpose: the gateway reads with another, so neither excuses the other's faults.

Left out: limits on size and depth.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Path: TypeAlias = tuple[str | int, ...]


class RefusedError(Exception):
    """The provider says no. Everything its own error shape needs."""

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        """Which field, written the provider's way."""
        self.code = code
        """The provider's word for it, where it has one beside the status."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider complains about a field."""

    missing: Callable[[Path], RefusedError]
    mistyped: Callable[[Path, str, Json], RefusedError]
    """Where, what was wanted ("a string"), what was there."""
    unknown: Callable[[Path], RefusedError]
    invalid: Callable[[Path, str], RefusedError]
    """Where, and why in plain words."""
    unreadable: Callable[[str], RefusedError]


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a request and where it stands."""

    value: Json
    at: Path
    dialect: Dialect

    def need(self, key: str) -> "Node":
        """The value under `key`; an absent one or a null is refused."""
        return self.may(key) or self._refuse_missing(key)

    def may(self, key: str) -> "Node | None":
        """The value under `key`; `None` when it is absent or null."""
        value = self.fields().get(key)
        return None if value is None else replace(self, value=value, at=(*self.at, key))

    def fields(self) -> dict[str, Json]:
        if isinstance(self.value, dict):
            return self.value
        raise self.dialect.mistyped(self.at, "an object", self.value)

    def only(self, known: frozenset[str]) -> "Node":
        """Refuse a key that the provider does not know."""
        for key in self.fields():
            if key not in known:
                raise self.dialect.unknown((*self.at, key))
        return self

    def items(self) -> "Iterator[Node]":
        if not isinstance(self.value, list):
            raise self.dialect.mistyped(self.at, "an array", self.value)
        return (replace(self, value=value, at=(*self.at, index)) for index, value in enumerate(self.value))

    def text(self) -> str:
        if isinstance(self.value, str):
            return self.value
        raise self.dialect.mistyped(self.at, "a string", self.value)

    def filled(self) -> str:
        """A string that is not empty."""
        return self.text() or self._refuse("must not be empty")

    def choice(self, *allowed: str) -> str:
        text = self.text()
        if text in allowed:
            return text
        return self._refuse(f"must be one of {', '.join(repr(word) for word in allowed)}, not {text[:40]!r}")

    def flag(self) -> bool:
        if isinstance(self.value, bool):
            return self.value
        raise self.dialect.mistyped(self.at, "a boolean", self.value)

    def integer(self, low: int | None = None, high: int | None = None) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.dialect.mistyped(self.at, "an integer", self.value)
        self._within(self.value, low, high)
        return self.value

    def number(self, low: float | None = None, high: float | None = None) -> float:
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            raise self.dialect.mistyped(self.at, "a number", self.value)
        self._within(self.value, low, high)
        return self.value

    def _within(self, value: float, low: float | None, high: float | None) -> None:
        if low is not None and value < low:
            raise self.dialect.invalid(self.at, f"should be greater than or equal to {low}")
        if high is not None and value > high:
            raise self.dialect.invalid(self.at, f"should be less than or equal to {high}")

    def _refuse(self, why: str) -> str:
        raise self.dialect.invalid(self.at, why)

    def _refuse_missing(self, key: str) -> "Node":
        raise self.dialect.missing((*self.at, key))


def read(body: bytes, dialect: Dialect) -> Node:
    """Parse a request body, which must be one JSON object in UTF-8.

    Raises:
        RefusedError: in the words of `dialect`.
    """
    try:
        value: Json = json.loads(body.decode(), parse_constant=_no_constants)
    except (ValueError, RecursionError) as problem:
        raise dialect.unreadable(str(problem)) from problem
    if b"\\ud" in body.lower():
        _no_half_characters(value, dialect)
    node = Node(value, (), dialect)
    node.fields()
    return node


def _no_constants(word: str) -> Json:
    raise ValueError(f"{word} is not JSON")


def _no_half_characters(value: Json, dialect: Dialect) -> None:
    """Python's `json` lets `"\\ud800"` pass; no provider does, for it cannot be written as UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as problem:
        raise dialect.unreadable("unpaired surrogate in a string") from problem


def words(text: str) -> frozenset[str]:
    """The words of a text: names of fields, written without a quote around each."""
    return frozenset(text.split())


def dump(value: object) -> bytes:
    """JSON as providers write it: no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def name_of(value: Json) -> str:
    """What kind of JSON this is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
