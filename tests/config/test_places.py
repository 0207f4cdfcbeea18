"""Where a finding points: file, line, and the names of entries."""

import pytest

from openclaw_extproc.config.findings import error
from openclaw_extproc.config.read.positions import Spot, is_written, merge, with_position
from openclaw_extproc.config.read.yaml_text import read_yaml
from tests.config.loading import loaded

TEXT = """\
model:
  providers:
    - name: anthropic
      models: [a, b]
    - {models: [c]}
    - name: twin
    - name: twin
    - name: "two words"
gateway:
  models:
    gpt-4.1:
      model: gpt-4.1
    gpt-4.1-mini: {model: x}
"""


def spots(text: str, name: str = "a.yml") -> Spot:
    root = Spot(name, 0)
    read_yaml(name, text, {}, root)
    return root


@pytest.mark.parametrize(
    ("path", "shown", "line"),
    [
        ("model.providers[0].models[1]", "model.providers[anthropic].models[1]", 4),
        ("model.providers[0].fallback", "model.providers[anthropic].fallback", 3),
        ("model.providers[1].models", "model.providers[1].models", 5),
        ("model.providers[3]", "model.providers[3]", 7),
        ("model.providers[4].name", "model.providers[4].name", 8),
        ("model.providers[9].name", "model.providers[9].name", 2),
        ("gateway.models.gpt-4.1.model", "gateway.models.gpt-4.1.model", 12),
        ("gateway.models.gpt-4.1-mini.model", "gateway.models.gpt-4.1-mini.model", 13),
        ("gateway.models.gpt-4.1-nano", "gateway.models.gpt-4.1-nano", 10),
        ("gateway.port", "gateway.port", 9),
        ("router.timeouts", "router.timeouts", None),
        ("", "", None),
    ],
)
def test_a_path_leads_to_the_nearest_line_and_shows_the_names_of_entries(
    path: str, shown: str, line: int | None
) -> None:
    found = with_position(error(path, "f"), spots(TEXT))

    assert (found.file, found.line, found.shown) == ("a.yml", line, shown)


def test_paths_in_the_words_of_a_finding_have_names_too() -> None:
    found = with_position(error("gateway", "says something else than model.providers[0].models[1]"), spots(TEXT))

    assert found.finding == "says something else than model.providers[anthropic].models[1]"


def test_of_several_files_the_one_whose_value_counts_is_named() -> None:
    one = spots("gateway: {port: 1}\nmodel:\n  providers:\n    - {name: a}\n    - {name: b, models: [m]}", "one.yml")
    both = merge(one, spots("\nmodel:\n  providers:\n    - {name: c}", "two.yml"))

    assert with_position(error("gateway.port", ""), both).file == "one.yml"
    first = with_position(error("model.providers[0].models", ""), both)
    assert (first.file, first.line, first.shown) == ("two.yml", 4, "model.providers[c].models")
    assert not is_written("model.providers[1]", both)


def test_a_mistyped_key_hides_what_only_follows_from_it() -> None:
    text = "model: {providers: [{name: openai, models: [m], api_keyfile: ./k}]}"

    findings = loaded(text, environment={}).findings

    assert [one.path for one in findings] == ["model.providers[0].api_keyfile"]


def test_a_long_list_is_named_in_time() -> None:
    """In one walk: a list may have a hundred thousand entries."""
    root = spots("a: [" + "x, " * 90_000 + "x]")

    assert len(root.children["a"].children) == 90_001
