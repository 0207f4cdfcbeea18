"""The clusters file goes before the plans that name its clusters, and stays behind them."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from openclaw_extproc.edge.envoy.admin import EnvoyAdmin
from openclaw_extproc.edge.reload.cds_file import CdsFile
from openclaw_extproc.edge.reload.config_files import ConfigFiles, ReadConfiguration


def config(*names: str) -> str:
    entries = (f"{{name: {name}, models: [m-{name}], endpoint: 'http://127.0.0.1:1'}}" for name in names)
    return f"model: {{providers: [{', '.join(entries)}]}}\n"


def sources(folder: Path) -> ConfigFiles:
    return ConfigFiles((folder / "openclaw.yml",), folder / "clusters.yaml", {})


def read(folder: Path, of: ConfigFiles, *names: str) -> ReadConfiguration:
    (folder / "openclaw.yml").write_text(config(*names))
    return of.read()


def in_file(folder: Path) -> list[str]:
    """What Envoy has, which is what people read."""
    for_people: dict[str, Any] = yaml.safe_load((folder / "clusters.yaml").read_text())
    for_envoy: dict[str, Any] = json.loads((folder / "clusters.json").read_bytes())
    assert for_envoy == for_people
    return sorted(str(one["name"]) for one in for_envoy["resources"] if "unread" not in one["name"])


def test_what_is_no_longer_named_leaves_after_a_while(tmp_path: Path) -> None:
    async def check() -> None:
        of = sources(tmp_path)
        published = CdsFile(tmp_path / "clusters.json", of, grace_seconds=0.1)
        published.first(read(tmp_path, of, "one", "two"))

        published.confirm(read(tmp_path, of, "two"))

        assert in_file(tmp_path) == ["one", "two"]
        await asyncio.sleep(0.3)
        assert in_file(tmp_path) == ["two"]

    asyncio.run(check())


def test_what_comes_back_stays(tmp_path: Path) -> None:
    async def check() -> None:
        of = sources(tmp_path)
        published = CdsFile(tmp_path / "clusters.json", of, grace_seconds=0.1)
        published.first(read(tmp_path, of, "one", "two"))

        published.confirm(read(tmp_path, of, "two"))
        published.confirm(read(tmp_path, of, "one", "two"))

        await asyncio.sleep(0.3)
        assert in_file(tmp_path) == ["one", "two"]

    asyncio.run(check())


def test_our_own_writing_is_no_change(tmp_path: Path) -> None:
    of = sources(tmp_path)
    published = CdsFile(tmp_path / "clusters.json", of)
    before = read(tmp_path, of, "one")
    published.first(before)
    seen = of.signature()

    published.first(before)

    assert of.signature() == seen
    file = tmp_path / "clusters.yaml"
    file.write_text(file.read_text() + "# by hand\n")
    assert of.signature() != seen


def test_a_file_edited_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    async def check() -> None:
        of = sources(tmp_path)
        published = CdsFile(tmp_path / "clusters.json", of, grace_seconds=0.1)
        published.first(read(tmp_path, of, "one"))
        coming = read(tmp_path, of, "one", "two")
        edited = (tmp_path / "clusters.yaml").read_text() + "# by hand\n"
        (tmp_path / "clusters.yaml").write_text(edited)

        problem = await published.prepare(coming, EnvoyAdmin(str(tmp_path / "no-envoy.sock")))

        assert "changed meanwhile" in problem
        published.confirm(coming)
        await asyncio.sleep(0.3)
        assert (tmp_path / "clusters.yaml").read_text() == edited

    asyncio.run(check())


@pytest.mark.parametrize("names", [("one",), ("one", "two")])
def test_nothing_is_asked_of_envoy_when_its_clusters_stay(tmp_path: Path, names: tuple[str, ...]) -> None:
    of = sources(tmp_path)
    published = CdsFile(tmp_path / "clusters.json", of)
    published.first(read(tmp_path, of, *names))

    again = read(tmp_path, of, *names)

    assert not published.changes(again)
    assert asyncio.run(published.prepare(again, EnvoyAdmin(str(tmp_path / "no-envoy.sock")))) == ""


def test_an_envoy_that_is_gone_is_told(tmp_path: Path) -> None:
    of = sources(tmp_path)
    published = CdsFile(tmp_path / "clusters.json", of)
    published.first(read(tmp_path, of, "one"))

    problem = asyncio.run(
        published.prepare(read(tmp_path, of, "one", "two"), EnvoyAdmin(str(tmp_path / "no-envoy.sock")))
    )

    assert problem == "Envoy does not answer"


class Refusing(EnvoyAdmin):
    """An Envoy that reads the file and does not take what stands in it."""

    async def publish(self, write: Callable[[], None], seconds: float) -> str:
        write()
        return f"Envoy has not taken the clusters within {seconds:g} s"


def test_clusters_that_envoy_does_not_take_are_taken_back(tmp_path: Path) -> None:
    """An Envoy that is started later would read them, or find a name that was looked up meanwhile."""
    of = sources(tmp_path)
    published = CdsFile(tmp_path / "clusters.json", of)
    published.first(read(tmp_path, of, "one"))
    in_force = (tmp_path / "clusters.json").read_bytes()
    coming = read(tmp_path, of, "one", "two")

    problem = asyncio.run(published.prepare(coming, Refusing(str(tmp_path / "no-envoy.sock"))))

    assert "not taken" in problem
    assert (tmp_path / "clusters.json").read_bytes() == in_force
    assert published.changes(coming), "when it is saved again, it is tried again"


@pytest.mark.parametrize("away", [(True,), (False, True), (True, False)], ids=["all along", "ends", "is back"])
def test_the_next_envoy_reads_what_came_while_there_was_none(tmp_path: Path, away: tuple[bool, ...]) -> None:
    of = sources(tmp_path)
    published = CdsFile(tmp_path / "clusters.json", of)
    published.first(read(tmp_path, of, "one"))

    nobody = EnvoyAdmin(str(tmp_path / "no-envoy.sock"))
    problem = asyncio.run(published.prepare(read(tmp_path, of, "one", "two"), nobody, iter(away).__next__))

    assert problem == ""
    assert in_file(tmp_path) == ["one", "two"]


@pytest.mark.parametrize(
    ("endpoint", "moved"),
    [
        ("http://127.0.0.1:1", []),
        ("http://127.0.0.2:1", []),
        ("https://one.example", ["one", "one-unread"]),
    ],
)
def test_who_gets_another_name_may_have_no_address_for_a_while(tmp_path: Path, endpoint: str, moved: list[str]) -> None:
    of = sources(tmp_path)
    published = CdsFile(tmp_path / "clusters.json", of)
    published.first(read(tmp_path, of, "one", "two"))

    text = config("one", "two", "three").replace("http://127.0.0.1:1", endpoint, 1)
    (tmp_path / "openclaw.yml").write_text(text)

    assert sorted(published.moved_clusters(of.read())) == moved


def test_somebodys_own_clusters_file_is_read_and_not_written(tmp_path: Path) -> None:
    theirs = tmp_path / "clusters.yaml"
    theirs.write_text("resources:\n- name: by-hand  # mine\n  connect_timeout: 1s\n")
    of = sources(tmp_path)
    published = CdsFile(tmp_path / "clusters.json", of, is_own=False)

    published.first(read(tmp_path, of, "one"))

    assert theirs.read_text().endswith("# mine\n  connect_timeout: 1s\n")
    whole: dict[str, Any] = json.loads((tmp_path / "clusters.json").read_bytes())
    assert [one["name"] for one in whole["resources"]] == ["one", "one-unread", "by-hand"]
