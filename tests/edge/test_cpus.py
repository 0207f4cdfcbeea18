"""Promises of the number of processors, and of what is chosen from it."""

import os
from pathlib import Path

import pytest

from openclaw_extproc.edge.workers.processes import available_cpus, envoy_threads


@pytest.fixture(autouse=True)
def eight_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    def bound(_: int) -> set[int]:
        return set(range(8))

    monkeypatch.setattr(os, "sched_getaffinity", bound)


@pytest.mark.parametrize(
    ("said", "cpus"),
    [
        ("max 100000", 8),
        ("50000 100000", 1),
        ("150000 100000", 2),
        ("400000 100000", 4),
        ("1600000 100000", 8),
        ("", 8),
        ("1 0", 8),
        ("x y", 8),
    ],
)
def test_a_containers_share_counts(tmp_path: Path, said: str, cpus: int) -> None:
    (tmp_path / "cpu.max").write_text(f"{said}\n")

    assert available_cpus(tmp_path) == cpus


def test_without_a_group_what_it_is_bound_to_counts(tmp_path: Path) -> None:
    assert available_cpus(tmp_path) == 8


@pytest.mark.parametrize(
    ("cpus", "workers", "threads"), [(1, 1, 1), (2, 1, 2), (8, 1, 2), (8, 4, 2), (8, 8, 4), (64, 32, 16), (1, 8, 1)]
)
def test_envoy_has_no_more_threads_than_it_can_use(cpus: int, workers: int, threads: int) -> None:
    assert envoy_threads(cpus, workers) == threads
