"""Values that are frozen for the type checkers are as good as frozen: nobody can assign to them unnoticed."""

import dataclasses
import pickle
from pathlib import Path

import pytest
from mypy import api

from openclaw_extproc.frozen import dataclass, replace

ASSIGNING = """
from openclaw_extproc.frozen import dataclass

@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0

Point(1).x = 2
"""


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Really:
    x: int
    y: int = 0


def test_an_assignment_does_not_pass_the_type_checkers(tmp_path: Path) -> None:
    source = tmp_path / "assigning.py"
    source.write_text(ASSIGNING)

    said, _, code = api.run(["--strict", "--no-error-summary", "--follow-imports=silent", str(source)])

    assert code == 1
    assert 'Property "x" defined in "Point" is read-only' in said


def test_such_a_value_is_what_a_frozen_one_is() -> None:
    one, same, other = Point(1, 2), Point(1, 2), Point(1, 3)

    assert one == same != other
    assert len({one, same, other}) == 2
    assert hash(one) == hash(Really(1, 2))
    assert repr(one) == repr(Really(1, 2)).replace("Really", "Point")
    assert dataclasses.replace(one, y=3) == other
    assert [field.name for field in dataclasses.fields(Point)] == ["x", "y"]
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301  # our own
    assert not hasattr(one, "__dict__")
    with pytest.raises(AttributeError):
        one.z = 1  # type: ignore[attr-defined]  # there is no such slot


def test_a_value_with_other_fields_is_another_one() -> None:
    first = Point(1, 2)

    changed = replace(first, y=3)

    assert (first, changed) == (Point(1, 2), Point(1, 3))
    assert replace(first) == first
    assert replace(first) is not first


def test_a_field_that_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(TypeError, match="Point has no z"):
        replace(Point(1, 2), z=3)  # type: ignore[call-arg]  # which the type checkers see as well
