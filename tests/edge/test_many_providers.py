"""What a reload costs with many providers: counted, as the machine's clock says more about its other guests."""

import asyncio
import gc
import sys
from pathlib import Path

import pytest

from openclaw_extproc.edge.reload import files
from openclaw_extproc.edge.reload.cds_file import CdsFile
from openclaw_extproc.edge.reload.config_files import ConfigFiles
from openclaw_extproc.edge.reload.reload import run_in_background
from openclaw_extproc.model.json import Json
from tests.work import steps_of


def config(count: int, mark: str = "") -> str:
    names = (
        f"{{provider: p{n}, models: [m{n}], endpoint: 'https://h{n}{mark if n == 7 else ''}'}}" for n in range(count)
    )
    return f"model: {{providers: [{', '.join(names)}]}}\n"


def world(folder: Path, count: int) -> tuple[ConfigFiles, CdsFile]:
    (folder / "openclaw.yml").write_text(config(count))
    sources = ConfigFiles((folder / "openclaw.yml",), folder / "clusters.yaml", {})
    published = CdsFile(folder / "clusters.json", sources)
    published.first(sources.read())
    return sources, published


def test_only_what_changed_is_written_and_what_we_wrote_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, published = world(tmp_path, 100)
    written = list[object]()
    text_of = files.text_of

    def noted(whole: Json) -> str:
        written.append(whole)
        return text_of(whole)

    monkeypatch.setattr(files, "text_of", noted)
    monkeypatch.setattr("openclaw_extproc.edge.reload.config_files.resources", pytest.fail)

    same = published.changes(sources.read())
    (tmp_path / "openclaw.yml").write_text(config(100, "x"))
    read = sources.read()
    changed = published.changes(read)
    published.first(read)

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


def test_what_was_added_by_hand_is_read_alone_and_told_with_its_line(tmp_path: Path) -> None:
    sources, _ = world(tmp_path, 50)
    file = tmp_path / "clusters.yaml"
    text = file.read_text() + "- name: by-hand\n  metadata: {filter_metadata: {openclaw: {provider: x}}}\n"
    file.write_text(text)

    read = sources.read()

    last = text.count("\n")
    assert {(one.file, one.line) for one in read.errors} == {(str(file), last - 1), (str(file), last)}
    assert all("resources[by-hand]" in str(one) for one in read.errors)
    assert read.origin is not None
    assert read.origin.clusters is not None
    given = read.origin.clusters[1]
    assert given.count("\n") == text.count("\n")
    assert len(given) < len(text) / 20
    assert read.additions == ({"name": "by-hand", "metadata": {"filter_metadata": {"openclaw": {"provider": "x"}}}},)


def test_a_cluster_whose_anchor_another_one_uses_stays_whole() -> None:
    text = "resources:\n- name: a\n  connect_timeout: &t 1s\n- name: b\n  connect_timeout: *t\n"
    apart = text.replace("&t ", "").replace("*t", "2s").rstrip()

    assert files.without(text, {"a"}) == text
    assert files.without(apart, {"a"}) == "resources:\n- name: a\n\n- name: b\n  connect_timeout: 2s"
    assert files.without(apart, {"b"}) == "resources:\n- name: a\n  connect_timeout: 1s\n- name: b\n"


def test_a_finding_about_each_provider_costs_in_proportion(tmp_path: Path) -> None:
    steps = list[int]()
    for count in (50, 200):
        (tmp_path / str(count)).mkdir()
        file = tmp_path / str(count) / "openclaw.yml"
        file.write_text(config(count).replace("models:", "api_key: '${NOT_THERE}', models:"))
        sources = ConfigFiles((file,), None, {})
        assert len(sources.read().errors) == count
        steps.append(steps_of(sources.read))

    assert steps[1] < 4 * steps[0] * 1.2


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

    async def check() -> tuple[tuple[float, bool], tuple[float, bool]]:
        return await asyncio.gather(run_in_background(look), run_in_background(look))

    meanwhile = asyncio.run(check())

    assert all(turn < usual / 5 and not collects for turn, collects in meanwhile)
    assert look() == (usual, True)


def test_a_failure_aside_is_raised_and_leaves_nothing_behind() -> None:
    usual = sys.getswitchinterval()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run_in_background(lambda: 1 // 0))

    assert (sys.getswitchinterval(), gc.isenabled()) == (usual, True)
