"""The folders keep their promises."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from openclaw_extproc.wire import FAMILIES, FORMATS
from tests import samples

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "openclaw_extproc"
OURS = "openclaw_extproc"

LAYERS = (
    {"frozen"},
    {"faults", "callers", "catalog", "strategy", "record", "health_rules", "notices"},
    {"gateway"},
    {"snapshots"},
    {"model"},
    {"wire"},
    {"plan", "features"},
    {"policy"},
    {"stages"},
    {"config"},
    {"render", "explain", "drill"},
    {"edge"},
)
"""From the bottom up. Imports go down, or stay within a package."""

ALONE = {"pb"}
"""Imports nothing of ours, and is for the edge only."""

SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name != "pb")


def part(module: str) -> str:
    """`openclaw_extproc.wire.sse` is in `wire`."""
    names = module.split(".")
    return names[1] if len(names) > 1 else ""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] == OURS)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            if node.module == OURS:
                yield from (f"{OURS}.{name.name}" for name in node.names)
            elif node.module and node.module.split(".")[0] == OURS:
                yield node.module


def level(name: str) -> int:
    return next(n for n, layer in enumerate(LAYERS) if name in layer)


def test_imports_go_down() -> None:
    upwards = {module_of(path): found for path in SOURCES if (found := _imported_upwards(path))}

    assert upwards == {}


def _imported_upwards(path: Path) -> set[str]:
    here = part(module_of(path))
    there = {part(module) for module in imported(path)} - {here}
    if here in {"", *ALONE}:
        return there
    if here == "edge":
        there -= {"pb"}
    return {name for name in there if level(name) >= level(here) and not _beside(name, here)}


def _beside(name: str, here: str) -> bool:
    """The lowest layers are single files, which may know each other."""
    return {name, here} <= {"model", "faults"}


def test_no_import_hides_in_a_function() -> None:
    hidden = [
        (module_of(path), statement.lineno)
        for path in SOURCES
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in ast.walk(function)
        if isinstance(statement, ast.Import | ast.ImportFrom)
    ]

    assert hidden == []


def test_the_gateway_and_the_simulator_do_not_know_each_other() -> None:
    """Each has its own idea of the formats, so one catches the other's mistakes. The edge starts it as a process."""
    simulator = ROOT / "openclaw_simulator"
    knows = {"openclaw_extproc": "openclaw_simulator", "openclaw_simulator": "openclaw_extproc"}
    sources = [*SOURCES, *simulator.rglob("*.py")]
    assert any(path.is_relative_to(simulator) for path in sources)

    strangers = [path for path in sources if knows[path.relative_to(ROOT).parts[0]] in _packages(path)]

    assert strangers == []


def _packages(path: Path) -> set[str]:
    """The top-level packages that a file imports."""
    nodes = [*ast.walk(ast.parse(path.read_text()))]
    names = [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


def test_every_package_has_its_layer() -> None:
    parts = {part(module_of(path)) for path in SOURCES} - {""}

    assert parts - ALONE == set().union(*LAYERS)


def test_one_wire_format_knows_no_other() -> None:
    for name in FORMATS:
        for path in (PACKAGE / "wire" / name).glob("*.py"):
            strangers = {module.split(".")[2] for module in imported(path) if module.startswith(f"{OURS}.wire.")}
            assert strangers & (FORMATS.keys() - {name, FORMATS[name].base, FORMATS[name].kin}) == set(), path


def test_no_format_is_named_outside_the_wire() -> None:
    """`if format == …` in another place means that a field is missing in `WireFormat`."""
    core = [path for path in SOURCES if part(module_of(path)) in {"features", "policy", "plan", "stages"}]
    compared = [
        (module_of(path), node.lineno)
        for path in core
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare)
        and any(isinstance(c, ast.Constant) and c.value in FORMATS for c in (node.left, *node.comparators))
    ]

    assert compared == []


# -- wire formats ----------------------------------------------------------------


def test_every_wire_package_is_registered() -> None:
    packages = {path.parent.name for path in (PACKAGE / "wire").glob("*/__init__.py")}

    assert packages == set(FORMATS)
    assert all(name == made.name for name, made in FORMATS.items())
    assert {name for family in FAMILIES for name in family.formats} == {n for n, f in FORMATS.items() if f.client}


OWN_WORDS = sorted(name for name, made in FORMATS.items() if not made.base and not made.kin)
"""Without the variants, which are another format at another address."""
NO_CLIENTS = ["bedrock_converse"]
"""Formats that only providers speak."""


@pytest.mark.parametrize("name", OWN_WORDS)
def test_every_format_has_both_sides(name: str) -> None:
    assert (FORMATS[name].client is None) == (name in NO_CLIENTS)
    assert FORMATS[name].provider is not None


@pytest.mark.parametrize("name", [name for name in OWN_WORDS if name in samples.CHATS])
def test_every_format_has_fixtures_for_all_that_matters(name: str) -> None:
    cases = [case for case in samples.CASES if case.format == name]
    requests = [case for case in samples.REQUESTS if case.format == name]

    assert all((case.folder / "source.md").exists() for case in cases)
    assert {case.chat().stream for case in requests} == ({True, False} if FORMATS[name].client else set())
    assert any(case.chat().tools for case in requests) == (FORMATS[name].client is not None)
    assert any(gist.calls for case in cases for gist in _gists(case))
    assert any(gist.text for case in cases for gist in _gists(case))
    assert any(case.has(streamed=True) for case in cases)
    assert any(case.has(streamed=False) for case in cases)


def _gists(case: samples.Case) -> list[samples.Gist]:
    return [samples.gist(case.facts(streamed=kind)) for kind in (True, False) if case.has(streamed=kind)]


def test_no_fixture_lies_about_unread() -> None:
    known = {"request.json", "request.path", "response.json", "response.sse", "response.frames", "source.md"}
    golden = {f"golden.{client}.{kind}" for client in samples.CLIENTS for kind in ("sse", "json")}

    assert [p for case in samples.CASES for p in case.folder.iterdir() if p.name not in known | golden] == []


# -- generated code ------------------------------------------------------------------


def test_the_generated_code_is_current(tmp_path: Path) -> None:
    protos = sorted((ROOT / "proto").glob("*.proto"))
    made = [f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", f"-I{ROOT / 'proto'}", *map(str, protos)]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *made], check=True)

    generated = {path.name: path.read_text() for path in tmp_path.iterdir()}

    assert protos
    assert {path.name for path in (PACKAGE / "pb").glob("*_pb2.py")} == {f"{p.stem}_pb2.py" for p in protos}
    for path in (PACKAGE / "pb").glob("*_pb2.py*"):
        assert generated[path.name] == path.read_text(), "run `make proto`"
    shutil.rmtree(tmp_path)
