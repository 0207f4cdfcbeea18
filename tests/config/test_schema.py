"""What editors are told of `openclaw.yml` is what the loader takes."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
import yaml
from pydantic import JsonValue

from openclaw_extproc.config.schema.config_file import schema
from tests.config.loading import SEEDS

EDITOR_LINE = "# yaml-language-server: $schema="
"""What editors with the YAML language server look for in the first line of a file."""

CHECKED_IN = Path("docs/openclaw.schema.json")
EXAMPLE = Path("openclaw.example.yml")
Node = Mapping[str, JsonValue]
SCHEMA = schema()

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
    "null": type(None),
}  # fmt: skip


def fits(value: JsonValue, node: Node, whole: Node) -> bool:
    """As much of JSON Schema as ours uses."""
    if "$ref" in node:
        defs = cast("Mapping[str, Node]", whole["$defs"])
        node = defs[str(node["$ref"]).rpartition("/")[2]]
    if "anyOf" in node and not any(
        fits(value, cast("Node", one), whole) for one in cast("list[JsonValue]", node["anyOf"])
    ):
        return False
    if "enum" in node or "const" in node:
        return value in cast("list[JsonValue]", node.get("enum", [node.get("const")]))
    kind = node.get("type")
    if kind is not None and (
        not isinstance(value, _TYPES[str(kind)]) or (kind != "boolean" and value in (True, False))
    ):
        return kind in ("integer", "number") and not isinstance(value, bool) and value in (0, 1)
    match value:
        case dict():
            return all(_fits_key(key, one, node, whole) for key, one in value.items())
        case list():
            return all(fits(one, cast("Node", node.get("items", {})), whole) for one in value)
        case str():
            return re.search(str(node.get("pattern", "")), value) is not None
        case _:
            return True


def _fits_key(key: str, value: JsonValue, node: Node, whole: Node) -> bool:
    known = cast("Mapping[str, Node]", node.get("properties", {}))
    others = node.get("additionalProperties", True)
    return fits(value, known[key], whole) if key in known else bool(others) and fits(value, _open(others), whole)


def _open(others: JsonValue) -> Node:
    return others if isinstance(others, dict) else {}


OURS = [file for file in sorted(SEEDS.glob("*.yml")) if file.name < "20"]
"""The others are Prometheus's."""


@pytest.mark.parametrize("file", [*OURS, EXAMPLE], ids=lambda file: file.name)
def test_what_people_were_shown_is_not_underlined(file: Path) -> None:
    text = yaml.safe_load(file.read_text())

    assert fits(text, SCHEMA, SCHEMA)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("gateway: {port: 3000}", True),
        ("gateway: {port: '${PORT:-3000}'}", True),
        ("gateway: {passthrough: '${PASS}'}", True),
        ("gateway: {prot: 3000}", False),
        ("gateway: {port: three}", False),
        ("model: {provider: openai, api_key: sk-literal}", False),
        ("logging: {level: loud}", False),
        ("logging: {level: '${LEVEL}'}", True),
    ],
)
def test_an_editor_sees_mistakes(text: str, good: bool) -> None:
    assert fits(yaml.safe_load(text), SCHEMA, SCHEMA) is good


def test_the_checked_in_schema_is_current() -> None:
    assert json.loads(CHECKED_IN.read_text()) == SCHEMA, "openclaw-extproc schema > docs/openclaw.schema.json"


def test_the_example_names_its_schema() -> None:
    first = EXAMPLE.read_text().splitlines()[0]

    assert first.startswith(EDITOR_LINE)
    assert Path(first.removeprefix(EDITOR_LINE)) == CHECKED_IN


def test_every_key_is_described_by_a_sentence() -> None:
    found = dict(_descriptions(schema()))

    assert len(found) > 300
    assert {path: text for path, text in found.items() if " " not in text or not text.endswith(".")} == {}


def _descriptions(part: JsonValue, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(part, list):
        for n, one in enumerate(part):
            yield from _descriptions(one, f"{path}[{n}]")
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "description" and isinstance(value, str):
                yield path, value
            else:
                yield from _descriptions(value, f"{path}.{key}")
