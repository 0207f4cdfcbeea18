"""Parsing of YAML text to plain values, with `${VAR}` and `${VAR:-default}` expanded and every finding with its place.

PyYAML reads and resolves; the values are built here, because its own constructor keeps the last of two equal keys,
makes dates of text and follows aliases without end. What a file can cost is bounded: text, depth, values.

A secret field is never expanded: `api_key: ${NAME}` becomes the *name* `NAME`, so no secret enters the configuration.
Left out: merge keys (`<<`, Envoy does not read them either), tags of one's own, several documents in one file.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias, cast

import yaml
from yaml.composer import ComposerError

from openclaw_extproc.config.findings import Finding, error
from openclaw_extproc.config.read.complaints import explanation_of
from openclaw_extproc.config.read.positions import NAMING_KEYS, Spot, set_names

MAX_TEXT = 16 * 1024 * 1024
"""Characters. A configuration of a thousand providers has some 150,000, the clusters file of as many 7,000,000."""
MAX_EXPLAINED = 256 * 1024
"""Characters of a text that is parsed a second time to explain what is wrong with it: three seconds for the longest."""
MAX_DEPTH = 64
"""Envoy's own cluster files go about 15 deep; Python's stack ends at some 300 levels of PyYAML."""
MAX_VALUES = 250_000
"""After aliases are followed: nine lines can name a billion values ("billion laughs"). The clusters file of a thousand
providers has 140,000."""
SECRET_FIELDS = frozenset({"api_key", "bearer_token", "bot_token", "password", "webhook_url"})
SECRET_LISTS = frozenset({"api_keys"})
_EXAMPLES = {"api_key": "ANTHROPIC_API_KEY", "bot_token": "TELEGRAM_BOT_TOKEN", "webhook_url": "SLACK_WEBHOOK_URL"}

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_TAG = "tag:yaml.org,2002:"
Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"


_resolve = cast(
    "Callable[[type[yaml.Node], str, tuple[bool, bool]], str]",
    yaml.SafeLoader("").resolve,  # pyright: ignore[reportUnknownMemberType]  # the stubs leave it untyped
)
"""The tag of a plain scalar."""


class _TooDeepError(Exception):
    """The text nests deeper, or its aliases make more, than any configuration needs."""


Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML comes with it: ten times as fast. Only its events are used: its C stack has an end too, and
2,000 brackets that are put together there end the process."""


class _Composer:
    """Nodes from the events of one text, with a bound on how deep they go and how many there are."""

    def __init__(self, text: str, loader: type[yaml.SafeLoader]) -> None:
        self._loader = loader(text)
        self._next = cast(
            "Callable[[], yaml.Event]",
            self._loader.get_event,  # pyright: ignore[reportUnknownMemberType]  # the stubs leave it untyped
        )
        self._anchors: dict[str, yaml.Node] = {}
        self._left = MAX_VALUES

    def root(self) -> yaml.Node | None:
        """`None` for an empty text."""
        try:
            self._next()
            if isinstance(self._next(), yaml.StreamEndEvent):
                return None
            root = self._node(self._next(), 0)
            self._next()
            if not isinstance(event := self._next(), yaml.StreamEndEvent):
                raise ComposerError(None, None, "but found another document", _marks(event)[0])
            return root
        finally:
            self._loader.dispose()

    def _node(self, event: yaml.Event, depth: int) -> yaml.Node:
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            raise _TooDeepError
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise ComposerError(None, None, "found undefined alias", _marks(event)[0])
            return self._anchors[event.anchor]
        node = _empty(event)
        if (anchor := cast("yaml.NodeEvent", event).anchor) is not None:
            if anchor in self._anchors:
                raise ComposerError(None, None, "found duplicate anchor", _marks(event)[0])
            self._anchors[anchor] = node
        if isinstance(node, yaml.SequenceNode):
            while not isinstance(event := self._next(), yaml.SequenceEndEvent):
                node.value.append(self._node(event, depth + 1))
        elif isinstance(node, yaml.MappingNode):
            while not isinstance(event := self._next(), yaml.MappingEndEvent):
                key = self._node(event, depth + 1)
                node.value.append((key, self._node(self._next(), depth + 1)))
        return node


def _empty(event: yaml.Event) -> yaml.ScalarNode | yaml.SequenceNode | yaml.MappingNode:
    """The node that this event is or begins."""
    marks = _marks(event)
    match event:
        case yaml.ScalarEvent():
            tag = _tag_of(event.value, event.implicit) if event.tag in (None, "!") else event.tag
            return yaml.ScalarNode(tag, event.value, *marks, style=event.style or None)
        case yaml.SequenceStartEvent():
            return yaml.SequenceNode(event.tag or f"{_TAG}seq", [], *marks)
        case yaml.MappingStartEvent():
            return yaml.MappingNode(event.tag or f"{_TAG}map", [], *marks)
        case _:
            raise AssertionError(f"{type(event).__name__} begins no node")


def _marks(event: yaml.Event) -> tuple[yaml.Mark | None, yaml.Mark | None]:
    """Where it begins and ends. libyaml's marks have what the others have, and no common type with them."""
    return cast("yaml.Mark | None", event.start_mark), cast("yaml.Mark | None", event.end_mark)


@lru_cache(maxsize=4096)
def _tag_of(text: str, implicit: tuple[bool, bool]) -> str:
    return _resolve(yaml.ScalarNode, text, implicit)


def read_yaml(
    name: str, text: str, environment: Mapping[str, str] | None, spots: Spot | None = None
) -> tuple[dict[str, Plain] | None, list[Finding]]:
    """The mapping that the text is, and what is wrong with it. An empty text is an empty mapping.

    Without an environment nothing is expanded and no field is secret: Envoy reads such a file, and it does neither.
    `spots` is filled with the places of all values.
    """
    whole = Spot(name, 0) if spots is None else spots
    if len(text) > MAX_TEXT:
        return None, [
            _of(
                name,
                f"more than {MAX_TEXT:,} characters",
                "split it, or remove what does not belong to the configuration",
            )
        ]
    try:
        root = _Composer(text, Loader).root()
        if root is None:
            return {}, []
        if not isinstance(root, yaml.MappingNode):
            return None, [_of(name, "not a mapping", "begin with a section such as `model:`")]
        reading = _Reading(name, environment)
        return cast("dict[str, Plain]", reading.value(root, "", 0, whole)), reading.findings
    except yaml.YAMLError as problem:
        return None, [_syntax(name, _in_detail(text) or problem)]
    except (_TooDeepError, RecursionError):
        finding = f"nests more than {MAX_DEPTH} deep, or has more than {MAX_VALUES:,} values, those of aliases counted"
        return None, [_of(name, finding, "write it flatter and without aliases")]


def _of(name: str, finding: str, remedy: str, mark: yaml.Mark | None = None) -> Finding:
    """About a text as a whole, or about a place in it."""
    found = Finding("", finding, remedy, file=name)
    return found if mark is None else replace(found, line=mark.line + 1, column=mark.column + 1)


def _in_detail(text: str) -> yaml.YAMLError | None:
    """The same problem as PyYAML's own parser tells it, which says where the broken part began, as libyaml does not."""
    if len(text) > MAX_EXPLAINED:
        return None
    try:
        _Composer(text, yaml.SafeLoader).root()
    except yaml.YAMLError as problem:
        return problem
    except _TooDeepError:
        return None
    return None


def _syntax(name: str, problem: yaml.YAMLError) -> Finding:
    if not isinstance(problem, yaml.MarkedYAMLError) or problem.problem is None:
        return _of(name, "has a character that YAML does not allow", "save it as UTF-8 text")
    return _of(name, *explanation_of(problem))


class _Reading:
    """One walk over the nodes of one text."""

    def __init__(self, name: str, environment: Mapping[str, str] | None) -> None:
        self.findings: list[Finding] = []
        self._name = name
        self._environment = environment
        self._left = MAX_VALUES

    def value(self, node: yaml.Node, path: str, depth: int, spot: Spot) -> Plain:
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            raise _TooDeepError
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth, spot)
        spot.is_mapping = False
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, path, depth, spot)
        return self._scalar(cast("yaml.ScalarNode", node), path)

    def _sequence(self, node: yaml.SequenceNode, path: str, depth: int, spot: Spot) -> list[Plain]:
        items = cast("list[yaml.Node]", node.value)
        spot.children |= {n: Spot(self._name, _line(item)) for n, item in enumerate(items)}
        set_names(spot.children.values(), map(_name, items))
        return [self.value(item, f"{path}[{n}]", depth + 1, spot.children[n]) for n, item in enumerate(items)]

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int, spot: Spot) -> dict[str, Plain]:
        """A key without a value counts as not written: `router:` with all its lines commented out."""
        values: dict[str, Plain] = {}
        seen: set[str] = set()
        for key, line, child in self._keys(node, path):
            below = f"{path}.{key}" if path else key
            if key in seen:
                first = spot.children[key].line
                self._complain(below, f"written twice, first on line {first}", "keep one of the two", line)
                continue
            seen.add(key)
            spot.children[key] = there = Spot(self._name, line)
            if self._environment is not None and key in SECRET_LISTS:
                value = self._secret_names(child, below, there)
            elif self._environment is not None and key in SECRET_FIELDS:
                value = self._secret_name(child, below)
            else:
                value = self.value(child, below, depth + 1, there)
            if value is not None:
                values[key] = value
        return values

    def _keys(self, node: yaml.MappingNode, path: str) -> Iterator[tuple[str, int, yaml.Node]]:
        for key, child in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            if key.tag == f"{_TAG}merge":
                self._complain(path, "merge keys (<<) are not read", "write the keys out", _line(key))
            elif not isinstance(key, yaml.ScalarNode) or key.tag != f"{_TAG}str":
                self._complain(path, "has a key that is not text", "put the key in quotes", _line(key))
            else:
                yield cast("str", key.value), _line(key), child

    def _scalar(self, node: yaml.ScalarNode, path: str) -> Plain:
        text, tag = cast("str", node.value), node.tag
        if self._environment is not None and "${" in text:
            text = self._expand(text, path, self._environment)
            if node.style is None:  # plain: `port: ${PORT}` is a number, `"${PORT}"` stays text
                tag = _tag_of(text, (True, False))
        try:
            return _plain(tag, text)
        except ValueError:
            self._complain(path, "cannot be read as the type of its tag", "put it in quotes, without a tag")
            return None

    def _expand(self, text: str, path: str, environment: Mapping[str, str]) -> str:
        def value_of(match: re.Match[str]) -> str:
            name, default = match["name"], cast("str | None", match["default"])
            value = environment.get(name, "")
            if value or (name in environment and default is None):
                return value
            if default is None:
                remedy = f"export {name}=... or write ${{{name}:-default}}"
                self._complain(path, f"the variable {name} is not set", remedy)
            return default or ""

        if "${" in _VARIABLE.sub("", text):
            self._complain(path, "has a ${ that names no variable", "write ${NAME} or ${NAME:-default}")
        return _VARIABLE.sub(value_of, text)

    def _secret_names(self, node: yaml.Node, path: str, spot: Spot) -> Plain:
        """One of them, or a list."""
        spot.is_mapping = False
        if not isinstance(node, yaml.SequenceNode):
            return self._secret_name(node, path)
        items = cast("list[yaml.Node]", node.value)
        self._left -= len(items)
        if self._left < 0:
            raise _TooDeepError
        spot.children |= {n: Spot(self._name, _line(item)) for n, item in enumerate(items)}
        names = [self._secret_name(item, f"{path}[{n}]") for n, item in enumerate(items)]
        return [name for name in names if name is not None]

    def _secret_name(self, node: yaml.Node, path: str) -> str | None:
        """The name in `${NAME}`; what is written instead is not repeated, as it may be the secret itself."""
        written = cast("str", node.value) if isinstance(node, yaml.ScalarNode) else "?"
        if isinstance(node, yaml.ScalarNode) and node.tag == f"{_TAG}null":
            return None
        match = _VARIABLE.fullmatch(written)
        if match and match["default"] is None:
            return match["name"]
        finding = "a secret has no default" if match else "must not hold the secret itself"
        key = path.rpartition(".")[2].partition("[")[0]
        example = f"{key}: ${{{_EXAMPLES.get(key, 'SECRET')}}}"
        self._complain(path, finding, f"write the name of an environment variable: {example}")
        return None

    def _complain(self, path: str, finding: str, remedy: str, line: int | None = None) -> None:
        """`line`: where the place of the path itself does not tell it."""
        found = error(path, finding, remedy)
        self.findings.append(found if line is None else replace(found, file=self._name, line=line))


def _line(node: yaml.Node) -> int:
    mark = node.start_mark
    return mark.line + 1 if mark else 0


def _name(node: yaml.Node) -> str:
    """What an entry of a list is called; empty: it has no name, or a variable makes it."""
    if not isinstance(node, yaml.MappingNode):
        return ""
    said = {
        cast("str", key.value): cast("str", child.value)
        for key, child in cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
        if isinstance(key, yaml.ScalarNode) and isinstance(child, yaml.ScalarNode)
    }
    return next((said[key] for key in NAMING_KEYS if key in said), "")


def _plain(tag: str, text: str) -> Plain:
    """Raises `ValueError` for a tag we do not know, or a text that is not of its tag."""
    match tag.removeprefix(_TAG):
        case "str" | "timestamp":  # a date is text: `model: 2024-05-13`
            return text
        case "null":
            return None
        case "bool":
            return _boolean(text)
        case "int":
            return int(text.replace("_", ""), 0)
        case "float":
            return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
        case _:
            raise ValueError


def _boolean(text: str) -> bool:
    match text.lower():
        case "yes" | "true" | "on":
            return True
        case "no" | "false" | "off":
            return False
        case _:
            raise ValueError
