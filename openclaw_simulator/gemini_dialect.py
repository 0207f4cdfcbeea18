"""How Gemini's API reads JSON and complains about it: both as protobuf does.

Source: wording of errors from public issue threads (for instance google-gemini/gemini-cli#13972 for unknown names).
"""

import base64
import binascii
import re
from dataclasses import replace

from openclaw_simulator.reading import Dialect, Json, Node, Path, RefusedError


def place(at: Path) -> str:
    """`contents[0].parts[0].function_call`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_snake(step)}" for step in at)
    return text.removeprefix(".")


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _camel(name: str) -> str:
    return name[:1] + re.sub(r"_([a-z])", lambda found: found[1].upper(), name[1:])


def refused(message: str, param: str | None = None) -> RefusedError:
    return RefusedError(400, message, param=param)


def within(at: Path) -> str:
    return f" at '{place(at)}'" if at else ""


def missing(at: Path) -> RefusedError:
    return refused(f"* GenerateContentRequest.{place(at)}: {at[-1]} is not specified\n", place(at))


def _mistyped(at: Path, wanted: str, value: Json) -> RefusedError:
    if isinstance(value, list) and at:
        why = "Proto field is not repeating, cannot start list."
        return refused(
            f'Invalid JSON payload received. Unknown name "{at[-1]}"{within(at[:-1])}: {why}', place(at[:-1])
        )
    return refused(f"Invalid value{within(at)}: expected {wanted}", place(at))


def _unknown(at: Path) -> RefusedError:
    said = f'Invalid JSON payload received. Unknown name "{at[-1]}"{within(at[:-1])}: Cannot find field.'
    return refused(said, place(at[:-1]))


def invalid(at: Path, why: str) -> RefusedError:
    return refused(f"* GenerateContentRequest.{place(at)}: {why}\n", place(at))


def _unreadable(why: str) -> RefusedError:
    return refused(f"Invalid JSON payload received. {why}")


DIALECT = Dialect(missing, _mistyped, _unknown, invalid, _unreadable)


def level(node: Node, known: frozenset[str]) -> Node:
    """One JSON object, its names in either spelling, as protobuf reads JSON: `functionCall` or `function_call`."""
    fields: dict[str, Json] = {}
    for key, value in node.fields().items():
        name = key if key in known else _camel(key)
        if name not in known:
            raise _unknown((*node.at, key))
        fields[name] = value
    return replace(node, value=fields)


def decoded(node: Node) -> bytes:
    """Bytes in JSON: base64 of either alphabet, as protobuf reads it."""
    text = node.text().replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as problem:
        raise refused(
            f"Invalid value{within(node.at)} (TYPE_BYTES), Base64 decoding failed", place(node.at)
        ) from problem


def part_of(node: Node, key: str, known: frozenset[str]) -> Node:
    """An optional object; empty when it is not there."""
    return level(node.may(key) or replace(node, value={}, at=(*node.at, key)), known)
