"""Promises about the lists of markers."""

import pytest

from openclaw_extproc.policy.complexity.markers import ANYWHERE, WORDS
from openclaw_extproc.policy.complexity.scan import fold, hits
from openclaw_extproc.policy.complexity.weights import Markers

ALL = {**WORDS, **ANYWHERE}


def every(table: Markers) -> list[tuple[str, str]]:
    return [(kind, marker.lstrip()) for kind, line in table.items() for marker in line.split(",")]


@pytest.mark.parametrize("language", ALL)
def test_every_marker_is_found(language: str) -> None:
    lost = [(kind, marker) for kind, marker in every(ALL[language]) if not _found(kind, marker)]

    assert lost == []


def _found(kind: str, marker: str) -> bool:
    text = fold(marker.replace("*", ""))
    return any(hit.kind == kind for hit in hits(text))


@pytest.mark.parametrize("language", ALL)
def test_no_marker_is_there_twice(language: str) -> None:
    markers = every(ALL[language])

    assert len(set(markers)) == len(markers)


def test_the_longest_phrase_counts_alone() -> None:
    assert {hit.kind for hit in hits("how do i open it")} == {"howto"}


def test_markers_come_in_the_order_of_the_text() -> None:
    found = hits(fold("请翻译 then summarize"))

    assert [hit.kind for hit in found] == ["translate", "summarize"]
