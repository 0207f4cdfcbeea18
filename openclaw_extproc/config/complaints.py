"""Checks plain values against a section of the written form, and says pydantic's errors in an operator's words.

What is wrong is reported and left out, so that the rest can be checked further: one run shows everything.
No value is ever repeated, only what was expected in its place.
"""

from collections.abc import Mapping
from copy import deepcopy
from types import UnionType
from typing import Annotated, TypeVar, cast, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from openclaw_extproc.config.findings import Finding, error, known, nearest
from openclaw_extproc.config.written_base import Section
from openclaw_extproc.config.written_models import NEITHER

SectionT = TypeVar("SectionT", bound=Section)

_EXPECTED = {
    "bool_type": "expected true or false",
    "dict_type": "expected a mapping",
    "finite_number": "expected a finite number",
    "float_type": "expected a number",
    "int_type": "expected a whole number",
    "list_type": "expected a list",
    "model_type": "expected a mapping",
}


def checked(kind: type[SectionT], values: Mapping[str, object], where: str = "") -> tuple[SectionT, list[Finding]]:
    """What the values say as far as they can be read, and all that is wrong with them."""
    left = deepcopy(dict(values))
    findings: list[Finding] = []
    while True:
        try:
            return kind.model_validate(left), findings
        except ValidationError as problem:
            details = problem.errors(include_url=False, include_input=False)
        findings += [_finding(kind, detail, where) for detail in details]
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


def _finding(kind: type[Section], detail: ErrorDetails, where: str) -> Finding:
    path = joined(where, detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            names, key = _keys(kind, detail["loc"][:-1]), str(detail["loc"][-1])
            section = _section_at(kind, detail["loc"][:-1])
            if section and key in section.elsewhere:
                return error(path, section.elsewhere[key], "write it outside")
            return error(path, f"unknown key {known(names)}", nearest(key, names))
        case "string_type":
            return error(path, "expected text", "put it in quotes")
        case "literal_error":
            return error(path, f"expected {detail.get('ctx', {}).get('expected', 'another word')}")
        case "value_error":
            return error(path, "cannot be read", str(detail.get("ctx", {}).get("error", "")))
        case kind_of_error if kind_of_error in _EXPECTED:
            return error(path, _EXPECTED[kind_of_error])
        case _:
            return error(path, detail["msg"].replace("Input should be", "must be").replace("String should", "must"))


def joined(where: str, steps: tuple[int | str, ...]) -> str:
    """`model.providers[0].models`."""
    path = where
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _keys(kind: type[Section], steps: tuple[int | str, ...]) -> list[str]:
    """The keys that are known where these steps lead."""
    section = _section_at(kind, steps)
    return [field.alias or name for name, field in section.model_fields.items()] if section else []


def _section_at(kind: type[Section], steps: tuple[int | str, ...]) -> type[Section] | None:
    annotation: object = kind
    for step in steps:
        annotation = _below(annotation, step)
    return _section(annotation)


def _below(annotation: object, step: int | str) -> object:
    section = _section(annotation)
    if section is None:  # a list or a mapping by name: what it holds comes last
        return get_args(annotation)[-1]
    names = {field.alias or name: field for name, field in section.model_fields.items()}
    return names[str(step)].annotation


def _section(annotation: object) -> type[Section] | None:
    if get_origin(annotation) in (UnionType, Annotated):  # `Choice | None`, `Annotated[ListedModel, Short("name")]`
        annotation = get_args(annotation)[0]
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None
