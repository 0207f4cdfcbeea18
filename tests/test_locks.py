"""The lock files are closed: installed without resolving, they hold everything that anything in them needs.

`make run` and `make test` install with `pip install --no-deps --require-hashes`, so that a package released after the
lock was made cannot change, or break, what is installed. That is only right while no lock lacks a package.
"""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = {
    "requirements.lock": {"aws", "google", "speed"},
    "requirements-run.lock": {"envoy", "simulator"},
    "requirements-dev.lock": {"aws", "google", "speed", "envoy", "simulator", "test", "dev"},
}
"""Each lock, and the extras of this project that it is made for."""
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""What `requires-python` lets in. A requirement may hold for some of them only."""


def pins(lock: str) -> dict[str, str]:
    """The version that a lock pins for each package, by its canonical name."""
    lines = (ROOT / lock).read_text().splitlines()
    found = (re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", line) for line in lines)
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def applies(marker: Marker | None, extra: str, python: str) -> bool:
    environment = {"extra": extra, "python_version": python, "python_full_version": f"{python}.0"}
    return marker is None or marker.evaluate(environment)


def needed(name: str, extras: frozenset[str], python: str) -> Iterator[Requirement]:
    """What one distribution requires, for these of its extras, on this Python."""
    for line in metadata.requires(name) or ():
        requirement = Requirement(line)
        if any(applies(requirement.marker, extra, python) for extra in ("", *extras)):
            yield requirement


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_all_that_is_needed(lock: str, python: str) -> None:
    pinned = pins(lock)
    waiting = [("openclaw-extproc", frozenset(LOCKS[lock]))]
    done: set[tuple[str, frozenset[str]]] = set()

    while waiting:
        current = waiting.pop()
        if current in done:
            continue
        done.add(current)
        for requirement in needed(*current, python):
            name = canonicalize_name(requirement.name)
            assert name in pinned, f"{lock}: {current[0]} needs {requirement} on Python {python}"
            assert requirement.specifier.contains(pinned[name], prereleases=True), (
                f"{lock}: {current[0]}: {requirement}"
            )
            waiting.append((name, frozenset(requirement.extras)))

    assert len(done) > 10


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_its_hashes(lock: str) -> None:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / lock).read_text())
    packages = [block for block in blocks if re.match(r"[A-Za-z0-9._-]+(\[[^]]*\])?==", block)]

    assert [block.split(" ")[0] for block in packages if "--hash=sha256:" not in block] == []
