"""The folders keep their promises."""

import ast
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from openclaw_extproc import wire
from openclaw_extproc.model.requests import Ask
from openclaw_extproc.wire import CLIENTS, FAMILIES, FORMATS
from openclaw_extproc.wire.base import WireFormat
from openclaw_simulator.server import SHAPES
from tests import samples

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "openclaw_extproc"
OURS = "openclaw_extproc"

LAYERS = (
    {"frozen"},
    {"faults", "callers", "catalog", "strategy", "record", "health_rules", "notices", "books"},
    {"gateway"},
    {"snapshots"},
    {"model"},
    {"wire"},
    {"plan", "features"},
    {"policy"},
    {"stages"},
    {"ledger"},
    {"config"},
    {"render", "explain", "drill"},
    {"edge"},
)
"""From the bottom up. Imports go down, or stay within a package."""

ALONE = {"pb"}
"""Imports nothing of ours, and is for the edge only."""

MAX_FUNCTION_LINES = 40
"""With its signature and its docstring."""
MAX_MODULES = 12
"""Of a folder, without its `__init__.py`."""

SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name != "pb")


def part(module: str) -> str:
    """`openclaw_extproc.wire.streams.sse` is in `wire`."""
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


def test_no_function_is_longer_than_a_screen() -> None:
    too_long = [
        (module_of(path), function.name, lines)
        for path in SOURCES
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION_LINES
    ]

    assert too_long == []


def test_no_folder_is_a_list() -> None:
    """A folder with more modules has parts that are folders of their own."""
    folders = Counter(path.parent for path in SOURCES if path.name != "__init__.py")
    crowded = {str(folder.relative_to(PACKAGE)): count for folder, count in folders.items() if count > MAX_MODULES}

    assert crowded == {}


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
    for name in wire.MODULES:
        known = {word for made in _made_in(name) for word in (made.base, made.same_vendor)} - {""}
        strangers = {other for other in wire.MODULES if not known & {made.name for made in _made_in(other)}} - {name}
        for path in _files_of(name):
            met = {module.split(".")[2] for module in imported(path) if module.startswith(f"{OURS}.wire.")}
            assert met & strangers == set(), path


def _made_in(module: str) -> tuple[WireFormat[Ask], ...]:
    made: tuple[WireFormat[Ask], ...] = import_module(f"{OURS}.wire.{module}").FORMATS
    return made


def _files_of(module: str) -> list[Path]:
    file = PACKAGE / "wire" / f"{module}.py"
    return [file] if file.exists() else [*(PACKAGE / "wire" / module).rglob("*.py")]


WORDS_OF_OTHERS = {
    "config.known.providers": "the documented formats of known providers",
    "config.known.models": "`gemini` is a tokenizer there",
    "features.tokens": "`gemini` is a tokenizer there",
    "config.schema.workers": "`gemini` is an API family there",
}
"""Modules with the name of a format in a string, and why that is right."""


def test_no_format_is_named_outside_the_wire() -> None:
    """A format's name in another place, compared or in a table, means that a field is missing in `WireFormat`."""
    strings = {
        module_of(path).removeprefix(f"{OURS}."): {
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        for path in SOURCES
        if part(module_of(path)) != "wire"
    }
    named = {module for module, found in strings.items() if found & FORMATS.keys()}

    assert named == WORDS_OF_OTHERS.keys()


# -- wire formats ----------------------------------------------------------------


def test_every_format_in_the_wire_is_registered() -> None:
    modules = {
        path.parent.stem if path.stem == "__init__" else path.stem
        for path in (PACKAGE / "wire").glob("**/*.py")
        if any(_is_named_formats(node) for node in ast.parse(path.read_text()).body)
    }

    assert modules - {"wire"} == set(wire.MODULES)
    assert all(name == made.name for name, made in FORMATS.items())
    assert len(FORMATS) == sum(len(_made_in(name)) for name in wire.MODULES)
    assert {side.family for side in CLIENTS.values()} == {family.name for family in FAMILIES}
    assert {name for family in FAMILIES for name in family.formats} == CLIENTS.keys()


def _is_named_formats(node: ast.stmt) -> bool:
    targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(target, ast.Name) and target.id == "FORMATS" for target in targets)


def test_every_format_of_a_provider_has_a_simulator() -> None:
    simulators = {name: made.provider.simulator for name, made in FORMATS.items() if made.provider}

    assert {name for name, shape in simulators.items() if shape not in SHAPES} == set()


OWN_WORDS = sorted(name for name, made in FORMATS.items() if not made.base and not made.same_vendor)
"""Without the variants, which are another format at another address."""


def test_every_format_can_be_spoken_to_a_provider() -> None:
    assert [name for name, made in FORMATS.items() if made.provider is None] == []


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
