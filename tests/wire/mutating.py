"""Real bodies, spoilt: JSON values dropped, doubled, swapped, of another type, nested, lengthened, of another body.

Seeded: the same seed spoils in the same way, so that a case that failed can be looked at again.
"""

import json
import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import TypeAlias

from openclaw_extproc.model.json import Json

Place: TypeAlias = "tuple[dict[str, Json], str] | tuple[list[Json], int]"
"""A value by what holds it."""

KEYS = (
    "type", "role", "content", "parts", "text", "id", "name", "model", "messages", "contents", "input", "tools",
    "function", "arguments", "args", "stream", "usage", "choices", "delta", "index", "error", "message", "output",
    "thinking", "signature", "thoughtSignature", "encrypted_content", "finish_reason", "madeup", "", "é\u2028",
    "a" * 300,
)  # fmt: skip
AWKWARD: tuple[Json, ...] = (
    None, True, False, 0, -1, 1, 3.5, -0.0, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**30, 10**400, -(10**400),
    1e308, 1e-320, "", " ", "\0", "\u2028\u2029", "\ufeff", "\ud800", "e\u0301\u202e", "😀" * 40, "oc1_", "oc1_AAAA",
    "oc1_" + "A" * 60, "data:",
    "data:image/png;base64,!!", "http://", "user", "auto", "{", "[]", "{}", "null", "tool_use", "text", "image", "STOP",
    [], {}, [[]], [None], {"": None}, ["x", 1], {"type": None}, {"type": "text"}, {"type": "madeup"}, {"text": 1},
)  # fmt: skip


class Spoiler:
    """Spoils one body after another; `others` are what parts of it may be replaced with."""

    def __init__(self, seed: int, others: Sequence[bytes]) -> None:
        self.dice = random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
        self._others = others

    def spoilt(self, body: bytes) -> bytes:
        """One to four times, mostly as JSON."""
        for _ in range(self.dice.choice((1, 1, 1, 2, 2, 3, 4))):
            body = self._in_json(body) if self.dice.random() < 0.85 else self._in_bytes(body)
        return body

    def spoilt_stream(self, body: bytes, between: bytes = b"\n\n") -> bytes:
        """An event stream, with its JSON, its order or its bytes changed; `between`: what parts the events."""
        for _ in range(self.dice.choice((1, 1, 1, 2, 2, 3))):
            way = self.dice.random()
            events = body.split(between)
            if way < 0.6:
                self._spoil_an_event(events)
            elif way < 0.85:
                self._spoil_the_order(events)
            body = between.join(events) if way < 0.85 else self._in_bytes(body)
        return body

    def spoilt_frames(self, body: bytes) -> bytes:
        """Whole frames, with some of their bytes changed: no checksum holds."""
        return self._in_bytes(body) if self.dice.random() < 0.2 else body

    def pieces(self, body: bytes) -> list[int]:
        """Where the network cuts it."""
        return [self.dice.randrange(len(body) + 1) for _ in range(self.dice.choice((0, 1, 3, 8)))]

    def _spoil_an_event(self, events: list[bytes]) -> None:
        n = self.dice.randrange(len(events))
        before, mark, data = events[n].rpartition(b"data: ")
        events[n] = before + mark + self._in_json(data)

    def _spoil_the_order(self, events: list[bytes]) -> None:
        a, b = self.dice.randrange(len(events)), self.dice.randrange(len(events))
        match self.dice.randrange(4):
            case 0:
                events[a], events[b] = events[b], events[a]
            case 1:
                events.insert(b, events[a])
            case 2:
                del events[a]
            case _:
                events[a:a] = self.dice.choice(self._others).split(b"\n\n")[:3]

    def _in_json(self, body: bytes) -> bytes:
        try:
            value: Json = json.loads(body)
        except ValueError:
            return self._in_bytes(body)
        self._change(value)
        ascii_only = self.dice.random() < 0.5
        return json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

    def _change(self, value: Json) -> None:
        places = _places(value)
        if not places:
            return
        _, spoil = self.dice.choice(self._ways)
        spoil(self.dice.choice(places), places)

    @property
    def _ways(self) -> tuple[tuple[str, "Callable[[Place, list[Place]], None]"], ...]:
        return (
            ("another value", lambda place, _: _put(place, deepcopy(self.dice.choice(AWKWARD)))),
            ("another type", lambda place, _: _put(place, _retyped(_at(place)))),
            ("dropped", lambda place, _: _drop(place)),
            ("doubled", lambda place, _: _double(place)),
            ("swapped", self._swap),
            ("moved", lambda place, places: _put(place, deepcopy(_at(self.dice.choice(places))))),
            ("nested", lambda place, _: self._nest(place)),
            ("very many", lambda place, _: _put(place, self._very_many(_at(place)))),
            ("longer", lambda place, _: _put(place, _longer(_at(place)))),
            ("a new key", lambda place, _: self._add(place)),
            ("another key", lambda place, _: self._rename(place)),
            ("of another body", lambda place, _: _put(place, self._foreign())),
        )

    def _swap(self, place: Place, places: list[Place]) -> None:
        other = self.dice.choice(places)
        one, two = deepcopy(_at(place)), deepcopy(_at(other))
        _put(place, two)
        _put(other, one)

    def _nest(self, place: Place) -> None:
        for _ in range(self.dice.choice((1, 1, 2, 60))):
            _put(place, [_at(place)] if self.dice.random() < 0.5 else {self.dice.choice(KEYS): _at(place)})

    def _very_many(self, value: Json) -> Json:
        """Of the value, or as deep as one may go and a little deeper: around the limits of what one body may hold."""
        match self.dice.randrange(4):
            case 0:
                return [value] * 300
            case 1:
                return {f"{n}{'k' * self.dice.choice((0, 0, 5_000))}": value for n in range(30)}
            case 2:
                return '\\"[{,' * 3_000
            case _:
                for _ in range(self.dice.choice((100, 120, 140))):
                    value = [value]
                return value

    def _add(self, place: Place) -> None:
        holder, _ = place
        if isinstance(holder, dict):
            holder[self.dice.choice(KEYS)] = deepcopy(self.dice.choice(AWKWARD))
        else:
            holder.insert(self.dice.randrange(len(holder) + 1), deepcopy(self.dice.choice(AWKWARD)))

    def _rename(self, place: Place) -> None:
        match place:
            case dict() as holder, str() as key:
                holder[self.dice.choice(KEYS)] = holder.pop(key)
            case _:
                self._add(place)

    def _foreign(self) -> Json:
        other = self.dice.choice(self._others)
        try:
            places = _places(json.loads(other))
        except ValueError:
            return other[:200].decode(errors="replace")
        return _at(self.dice.choice(places)) if places else None

    def _in_bytes(self, body: bytes) -> bytes:
        a = self.dice.randrange(len(body) + 1)
        b = min(len(body), a + self.dice.choice((0, 1, 4, 40)))
        match self.dice.randrange(5):
            case 0:
                return body[:a]
            case 1:
                return body[:a] + body[b:]
            case 2:
                return body[:a] + self.dice.randbytes(b - a) + body[b:]
            case 3:
                return body[:b] + body[a:]
            case _:
                other = self.dice.choice(self._others)
                c = self.dice.randrange(len(other) + 1)
                return body[:a] + other[c : c + 60] + body[b:]


def _places(value: Json) -> list[Place]:
    found: list[Place] = []
    match value:
        case dict():
            for key, inner in value.items():
                found += [(value, key), *_places(inner)]
        case list():
            for n, inner in enumerate(value):
                found += [(value, n), *_places(inner)]
        case _:
            pass
    return found


def _at(place: Place) -> Json:
    match place:
        case dict() as holder, str() as key:
            return holder.get(key)
        case list() as holder, int() as n:
            return holder[n] if n < len(holder) else None
        case _:
            raise AssertionError("a key of its holder's kind")


def _put(place: Place, value: Json) -> None:
    match place:
        case dict() as holder, str() as key:
            holder[key] = value
        case list() as holder, int() as n:
            holder[n : n + 1] = [value]
        case _:
            raise AssertionError("a key of its holder's kind")


def _drop(place: Place) -> None:
    match place:
        case dict() as holder, str() as key:
            holder.pop(key, None)
        case list() as holder, int() as n:
            del holder[n : n + 1]
        case _:
            raise AssertionError("a key of its holder's kind")


def _double(place: Place) -> None:
    match place:
        case list() as holder, int() as n:
            holder[n:n] = [deepcopy(_at(place))]
        case _:
            value = deepcopy(_at(place))
            _put(place, [value, deepcopy(value)])


def _retyped(value: Json) -> Json:
    match value:
        case str():
            return [value] if value else 0
        case bool() | int() | float():
            return str(value)
        case list():
            return value[0] if value else {}
        case dict():
            return json.dumps(value)
        case None:
            return {}


def _longer(value: Json) -> Json:
    match value:
        case str():
            return (value or "x") * 300
        case list():
            return [deepcopy(inner) for _ in range(30) for inner in value]
        case None:
            return [{} for _ in range(100)]
        case int() | float():
            return 10**25
        case dict():
            return {f"{key}{n}": deepcopy(inner) for n in range(5) for key, inner in value.items()}
