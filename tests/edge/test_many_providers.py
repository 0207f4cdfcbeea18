"""What a reload costs with many providers: counted, as the machine's clock says more about its other guests."""

import asyncio
import gc
import sys
from pathlib import Path

import pytest

from openclaw_extproc.edge import clusters_file
from openclaw_extproc.edge.aside import aside
from openclaw_extproc.edge.published import Published
from openclaw_extproc.edge.sources import Sources
from tests.work import steps_of


def config(count: int, mark: str = "") -> str:
    names = (
        f"{{provider: p{n}, models: [m{n}], endpoint: 'https://h{n}{mark if n == 7 else ''}'}}" for n in range(count)
    )
    return f"model: {{providers: [{', '.join(names)}]}}\n"


def world(folder: Path, count: int) -> tuple[Sources, Published]:
    (folder / "openclaw.yml").write_text(config(count))
    sources = Sources((folder / "openclaw.yml",), folder / "clusters.yaml", {})
    published = Published(folder / "clusters.yaml", sources)
    published.first(sources.read())
    return sources, published


def test_only_what_changed_is_written_and_what_we_wrote_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, published = world(tmp_path, 100)
    written = list[object]()
    text_of = clusters_file.text_of
    monkeypatch.setattr(clusters_file, "text_of", lambda whole: (written.append(whole), text_of(whole))[1])
    monkeypatch.setattr("openclaw_extproc.edge.sources.resources", pytest.fail)

    same = published.changes(sources.read())
    (tmp_path / "openclaw.yml").write_text(config(100, "x"))
    changed = published.changes(sources.read())

    assert (same, changed) == (False, True)
    assert len(written) == 2, "the two clusters of one provider"


def test_additions_stay_whether_or_not_the_file_is_read_again(tmp_path: Path) -> None:
    sources, published = world(tmp_path, 2)
    file = tmp_path / "clusters.yaml"
    file.write_text(file.read_text() + "- name: by-hand\n  connect_timeout: 1s\n")
    read = sources.read()
    assert read.additions

    published.first(read)

    assert sources.read().additions == read.additions
    assert published.changes(sources.read()) is False


def test_a_reload_costs_in_proportion_to_its_providers(tmp_path: Path) -> None:
    steps = list[int]()
    for count in (50, 200):
        (tmp_path / str(count)).mkdir()
        sources, published = world(tmp_path / str(count), count)
        steps.append(steps_of(lambda: published.changes(sources.read())))  # noqa: B023  # called at once

    assert steps[1] < 4 * steps[0] * 1.2


def test_work_aside_leaves_others_short_turns_and_no_collection() -> None:
    usual = sys.getswitchinterval()

    def look() -> tuple[float, bool]:
        return sys.getswitchinterval(), gc.isenabled()

    async def check() -> list[tuple[float, bool]]:
        return await asyncio.gather(aside(look), aside(look))

    meanwhile = asyncio.run(check())

    assert all(turn < usual / 5 and not collects for turn, collects in meanwhile)
    assert look() == (usual, True)


def test_a_failure_aside_is_raised_and_leaves_nothing_behind() -> None:
    usual = sys.getswitchinterval()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(aside(lambda: 1 // 0))

    assert (sys.getswitchinterval(), gc.isenabled()) == (usual, True)
