"""Validation of plain values against the schema, with pydantic's errors reworded for operators.

What is wrong is reported and left out, so that the rest can be checked further: one run shows everything.
No value is ever repeated, only what was expected in its place: a value may be a secret.

PyYAML's syntax errors, reworded for operators.

Source: `scanner.py` and `parser.py` of PyYAML 6. A message that is not listed here is told as it is, without what it
quotes: `api_key: *sk-1` is "found undefined alias 'sk-1'", and that may be a secret.
"""

import difflib
import re
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from types import UnionType
from typing import Annotated, TypeVar, cast, get_args, get_origin

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from openclaw_extproc.config.findings import Finding, error, known_names, suggestion
from openclaw_extproc.config.schema.base import Section
from openclaw_extproc.config.schema.models import NEITHER

# -- complaints ------------------------------------------------------------------------


SectionT = TypeVar("SectionT", bound=Section)

_EXPECTED_FORMS = {
    "bool_type": ("expected true or false", "write true or false, without quotes"),
    "dict_type": ("expected a mapping", "write keys below it, indented"),
    "finite_number": ("expected a finite number", "write a number such as 0.5"),
    "float_type": ("expected a number", "write a number without quotes, such as 0.5"),
    "int_type": ("expected a whole number", "write digits without quotes, such as 3000"),
    "int_from_float": ("expected a whole number", "write it without a decimal point"),
    "list_type": ("expected a list", "write [a, b], or one entry a line, each behind a dash"),
    "model_type": ("expected a mapping", "write keys below it, indented"),
    "missing": ("missing", "write it"),
}
"""By pydantic's type of error: the finding, and the remedy."""

UNKNOWN_KEY = "unknown key"
"""What the finding about a key begins with that nobody knows."""


def validate(kind: type[SectionT], values: Mapping[str, object], where: str = "") -> tuple[SectionT, list[Finding]]:
    """What the values say as far as they can be read, and all that is wrong with them."""
    left = deepcopy(dict(values))
    findings: list[Finding] = []
    while True:
        try:
            return kind.model_validate(left), findings
        except ValidationError as problem:
            details = problem.errors(include_url=False)
        findings += [_to_finding(kind, detail, where) for detail in details]
        # From the back, so that what is taken out of a list does not move what is still to be taken out.
        for detail in sorted(details, key=lambda detail: [_sortable(step) for step in detail["loc"]], reverse=True):
            _leave_out(left, detail)


def _sortable(step: int | str) -> tuple[int, str]:
    return (step, "") if isinstance(step, int) else (0, step)


def _leave_out(values: dict[str, object], detail: ErrorDetails) -> None:
    *way, last = _written_way(values, detail["loc"])
    holder: object = values
    for step in way:
        holder = cast("dict[int | str, object]", holder)[step]
    is_section = detail["type"] in ("model_type", NEITHER) or last != detail["loc"][-1]
    if isinstance(holder, list) and is_section:
        cast("list[object]", holder)[cast("int", last)] = {}  # the place stays: later paths count on it
    else:
        del cast("dict[int | str, object]", holder)[last]


def _written_way(values: object, steps: tuple[int | str, ...]) -> list[int | str]:
    """Without the steps into what is written short: pydantic sees it spelt out."""
    way: list[int | str] = []
    for n, step in enumerate(steps):
        if isinstance(values, list if isinstance(step, int) else dict):
            way.append(step)
            values = cast("dict[int | str, object]", values)[step] if n + 1 < len(steps) else None
    return way


def _to_finding(kind: type[Section], detail: ErrorDetails, where: str) -> Finding:
    path = key_path(where, detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            return _unknown_key(kind, detail["loc"], path)
        case "string_type":
            return error(path, "expected text", "put it in quotes")
        case "literal_error":
            words = str(detail.get("ctx", {}).get("expected", "another word"))
            return error(path, f"expected {words}", _nearest_word(detail["input"], words))
        case "value_error":
            return error(path, "cannot be read", str(detail.get("ctx", {}).get("error", "")))
        case kind_of_error if kind_of_error in _EXPECTED_FORMS:
            return error(path, *_EXPECTED_FORMS[kind_of_error])
        case kind_of_error:
            said = detail["msg"].replace("Input should be", "must be").replace("String should", "must")
            return error(path, said[:1].lower() + said[1:], _remedy(kind_of_error))


def _remedy(kind_of_error: str) -> str:
    if kind_of_error.startswith(("greater", "less")):
        return "write a number within this limit"
    if kind_of_error == NEITHER:
        return "write it in one of these two ways"
    return "write something else, or remove the key"


def _nearest_word(written: object, expected: str) -> str:
    """The remedy for a word that is not one of those allowed, which pydantic lists in quotes."""
    words = re.findall(r"'([^']*)'", expected)
    near = suggestion(written, words) if isinstance(written, str) else ""
    return near or ("write this" if len(words) == 1 else "write one of these")


def _unknown_key(kind: type[Section], steps: tuple[int | str, ...], path: str) -> Finding:
    names, key = _keys(kind, steps[:-1]), str(steps[-1])
    section = _section_at(kind, steps[:-1])
    if section and key in section.elsewhere:
        return error(path, section.elsewhere[key], "write it outside")
    if remedy := _suggested_key(kind, section, key, path.rpartition(".")[0]):
        return error(path, UNKNOWN_KEY, remedy)
    return error(path, f"{UNKNOWN_KEY} {known_names(names)}", "correct it, or remove it")


def _suggested_key(kind: type[Section], section: type[Section] | None, key: str, here: str) -> str:
    """Where a key that is not known here is known: here under a similar name, deeper in this section, or elsewhere."""
    if section is None:
        return ""
    below = [path for path in known_paths(section) if "." in path]
    inside = [path for path in below if path.rpartition(".")[2] == key]
    if inside:
        return f"write it as {_below(here, inside[0])}"
    if near := suggestion(key, _own_keys(section)):
        return near
    last_words = {path.rpartition(".")[2]: path for path in reversed(below)}
    if similar := difflib.get_close_matches(key, last_words, n=1, cutoff=_SIMILAR):
        return f"did you mean {_below(here, last_words[similar[0]])}?"
    elsewhere = [path for path in known_paths(kind) if path.rpartition(".")[2] == key]
    return f"write it as {elsewhere[0]}" if elsewhere else ""


_SIMILAR = 0.8
"""Of a key in another place: it has to be much more alike than a slip in the same place."""


def _below(here: str, path: str) -> str:
    return f"{here}.{path}" if here else path


def key_path(where: str, steps: tuple[int | str, ...]) -> str:
    """`model.providers[0].models`."""
    path = where
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _keys(kind: type[Section], steps: tuple[int | str, ...]) -> list[str]:
    """The keys that are known where these steps lead."""
    section = _section_at(kind, steps)
    return _own_keys(section) if section else []


def _own_keys(section: type[Section]) -> list[str]:
    return [field.alias or name for name, field in section.model_fields.items()]


@cache
def known_paths(kind: type[Section]) -> tuple[str, ...]:
    """Paths of all keys below a section that lead through sections alone, the shallow ones first."""
    found = {field.alias or name: _section(field.annotation) for name, field in kind.model_fields.items()}
    deeper = [f"{key}.{path}" for key, section in found.items() if section for path in known_paths(section)]
    return tuple(sorted([*found, *deeper], key=lambda path: path.count(".")))


def _section_at(kind: type[Section], steps: tuple[int | str, ...]) -> type[Section] | None:
    annotation: object = kind
    for step in steps:
        annotation = _annotation_below(annotation, step)
    return _section(annotation)


def _annotation_below(annotation: object, step: int | str) -> object:
    section = _section(annotation)
    if section is None:  # a list or a mapping by name: what it holds comes last
        return get_args(annotation)[-1]
    names = {field.alias or name: field for name, field in section.model_fields.items()}
    return names[str(step)].annotation


def _section(annotation: object) -> type[Section] | None:
    if get_origin(annotation) in (UnionType, Annotated):  # `Choice | None`, `Annotated[ListedModel, Short("name")]`
        annotation = get_args(annotation)[0]
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


# -- yaml syntax -----------------------------------------------------------------------


_OTHERWISE = "check the indentation, quotes and brackets here and on the line before"
_MEANINGS: tuple[tuple[str, str, str, str], ...] = (
    (
        r"character '\\t'", "",
        "a tab stands where the indentation or a value begins", "indent with spaces",
    ),
    (
        r"cannot start any token", "",
        "a value without quotes cannot begin with this character", "put the value in quotes",
    ),
    (
        r"mapping values are not allowed", "",
        "a second colon in one line, or a key below a line that has a value already",
        "put a value with a colon in quotes, or check the indentation of this line and of the one before",
    ),
    (
        r"expected <block end>", "block collection",
        "does not fit the list that begins on line {line}",
        "begin each entry with `- ` in the same column, and indent what belongs to it",
    ),
    (
        r"expected <block end>", "",
        "does not fit the indentation of the section that begins on line {line}",
        "write keys of one section in the same column",
    ),
    (
        r"could not find expected ':'", "",
        "a line that is neither `key: value` nor a part of the value above it",
        "write a colon and a space behind the key, or indent the line below its key",
    ),
    (
        r"expected ',' or '[\]}]'", "flow sequence",
        "the list that begins here with [ is not closed by line {at}", "close it with ]",
    ),
    (
        r"expected ',' or '[\]}]'", "",
        "the mapping that begins here with {{ is not closed by line {at}", "close it with }}",
    ),
    (
        r"found unexpected end of stream", "quoted scalar",
        "the quote that begins here is not closed by the end of the file", "close it with the same quote",
    ),
    (
        r"but found another document", "",
        "a second document begins on this line, and only one is read",
        "remove the line ---, or write a second file and name it with another -c",
    ),
    (
        r"expected the node content", "",
        "a value is missing, or begins with a sign that has another meaning in YAML",
        "write the value, in quotes if it begins with a sign",
    ),
    (
        r"undefined alias", "",
        "names an anchor that is not there", "put a value that begins with * in quotes, or define the anchor",
    ),
)  # fmt: skip
"""Of PyYAML's problem and its context: what it means, and what to do. The first that fits."""


def explanation_of(problem: yaml.MarkedYAMLError) -> tuple[str, str, yaml.Mark | None]:
    """The finding, the remedy, and the place to mend; neither quotes the text."""
    said, context = problem.problem or "", problem.context or ""
    at = problem.problem_mark or problem.context_mark
    begins = problem.context_mark or at
    for pattern, within, finding, remedy in _MEANINGS:
        if re.search(pattern, said) and within in context:
            words = finding.format(line=_line(begins), at=_line(at))
            return words, remedy.format(), begins if "begins here" in finding else at
    return re.split(r" ['\"]", said, maxsplit=1)[0] or "is not YAML", _OTHERWISE, at


def _line(mark: yaml.Mark | None) -> str:
    return str(mark.line + 1) if mark else "?"
