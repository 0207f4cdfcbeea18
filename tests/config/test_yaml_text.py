from collections.abc import Mapping

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.config.read import yaml_text
from openclaw_extproc.config.read.yaml_text import MAX_TEXT, Plain, read_yaml
from tests.config.loading import written

LOADERS = [yaml.CSafeLoader, yaml.SafeLoader]
"""PyYAML's wheels have libyaml; a build of one's own may lack it."""


def read(text: str, environment: Mapping[str, str] | None = None) -> dict[str, Plain]:
    values, findings = read_yaml("a.yml", text, environment or {})
    assert written(findings) == []
    assert values is not None
    return values


def complaints(text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    return [str(finding) for finding in read_yaml("a.yml", text, environment or {})[1]]


def test_scalars_are_what_they_look_like() -> None:
    text = "a: 1\nb: 0x10\nc: 1.5\nd: yes\ne: 2024-05-13\nf: '1'\ng: text\nh:\ni: 1_000\nj: off"

    assert read(text) == {
        "a": 1, "b": 16, "c": 1.5, "d": True, "e": "2024-05-13", "f": "1", "g": "text", "i": 1000, "j": False,
    }  # fmt: skip


def test_an_empty_text_is_an_empty_mapping() -> None:
    assert read("# nothing\n") == {}


def test_variables_are_filled_in_and_plain_ones_have_a_type() -> None:
    text = 'a: ${PORT}\nb: "${PORT}"\nc: http://${HOST}:${PORT}/x\nd: ${NONE:-7}\ne: ${EMPTY:-x}\nf: [ "${NONE:-}" ]'

    assert read(text, {"PORT": "80", "HOST": "h", "EMPTY": ""}) == {
        "a": 80, "b": "80", "c": "http://h:80/x", "d": 7, "e": "x", "f": [""],
    }  # fmt: skip


def test_a_value_filled_in_is_not_read_again() -> None:
    assert read("a: ${A}", {"A": "${B}: [x"}) == {"a": "${B}: [x"}


def test_a_variable_that_is_not_set_is_named_with_its_place() -> None:
    assert complaints("a: {b: ['${NONE}']}") == [
        "a.b[0]: the variable NONE is not set: export NONE=... or write ${NONE:-default}"
    ]


def test_a_broken_variable_is_an_error() -> None:
    assert complaints("a: x${1}") == ["a: has a ${ that names no variable: write ${NAME} or ${NAME:-default}"]


def test_without_an_environment_nothing_is_filled_in() -> None:
    assert read_yaml("a.yml", "a: ${A}\napi_key: x", None) == ({"a": "${A}", "api_key": "x"}, [])


def test_a_secret_field_becomes_the_name_of_its_variable() -> None:
    assert read("api_key: ${KEY}\nb: [{api_key: '${OTHER}'}]\nc: {api_key: }", {"KEY": "sk"}) == {
        "api_key": "KEY",
        "b": [{"api_key": "OTHER"}],
        "c": {},
    }


@pytest.mark.parametrize(
    "value", ["sk-1", "${A}x", "x${A}", "[${A}]", "{a: b}", '""', "1", "${A:-}", "${A:-x}", "${1}"]
)
def test_anything_else_in_a_secret_field_is_an_error(value: str) -> None:
    text = f"a:\n  api_key: {value}"

    (complaint,) = complaints(text.replace("[${A}]", "['${A}']"), {"A": "secret"})

    assert complaint.startswith("a.api_key: ")
    assert complaint.endswith(": write the name of an environment variable: api_key: ${ANTHROPIC_API_KEY}")


def test_equal_keys_are_an_error() -> None:
    assert complaints("a:\n  b: 1\n  c: 2\n  b: 3") == [
        "a.yml:4: a.b: written twice, first on line 2: keep one of the two"
    ]


def test_syntax_errors_have_line_and_column() -> None:
    assert complaints("a: 1\nb: [1, 2\nc: 3") == [
        "a.yml:2:4: the list that begins here with [ is not closed by line 3: close it with ]"
    ]
    (second,) = complaints("a: b: c")
    assert second.startswith(
        "a.yml:1:5: a second colon in one line, or a key below a line that has a value already: put"
    )
    assert complaints("a: 1\n---\nb: 2")[0].startswith("a.yml:2:1: ")
    assert complaints("a: \x00")[0].startswith("a.yml: has a character that YAML does not allow")


@pytest.mark.parametrize("text", ["- a", "a", "3"])
def test_only_a_mapping_is_a_configuration(text: str) -> None:
    assert complaints(text) == ["a.yml: not a mapping: begin with a section such as `model:`"]


def test_what_yaml_can_and_we_do_not_want_is_an_error() -> None:
    assert complaints("a: {<<: {b: 1}}") == ["a.yml:1: a: merge keys (<<) are not read: write the keys out"]
    assert complaints("1: a") == ["a.yml:1: has a key that is not text: put the key in quotes"]
    assert complaints("? [a]\n: b") == ["a.yml:1: has a key that is not text: put the key in quotes"]
    for value in ("!!python/name:os.system x", "!!int x", "!!bool x", "!!binary x", "10:30", "010", "9" * 5000):
        (complaint,) = complaints(f"a: {value}")
        assert complaint == "a: cannot be read as the type of its tag: put it in quotes, without a tag"


def test_aliases_may_be_used_with_measure() -> None:
    assert read("a: &x [1, 2]\nb: *x") == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)),
        "a: &a [*a]",
        "a: &a {b: *a}",
        "a: " + "[" * 5000,
        "a: " + "[" * 500 + "]" * 500,
        "a: " + "{a: " * 300 + "}" * 300,
        "? " * 400 + "a",
        "a: " + "[" * 200_000,
        "a: [" + "x," * 12_000 + "]",
    ],
    ids=["laughs", "list in itself", "mapping in itself", "open", "lists", "mappings", "keys", "deep", "many"],
)
@pytest.mark.parametrize("loader", LOADERS)
def test_bombs_are_refused(text: str, loader: type[yaml.SafeLoader], monkeypatch: pytest.MonkeyPatch) -> None:
    """libyaml's own composer ends the process at some thousands of brackets."""
    monkeypatch.setattr(yaml_text, "Loader", loader)
    monkeypatch.setattr(yaml_text, "MAX_VALUES", 10_000)

    (complaint,) = complaints(text)

    assert complaint.startswith("a.yml: nests more than 64 deep, or has more than 10,000 values")


def test_a_configuration_of_a_thousand_providers_is_far_from_being_a_bomb() -> None:
    assert yaml_text.MAX_VALUES > 200_000


def test_a_text_too_long_is_not_even_parsed() -> None:
    assert complaints("[" * (MAX_TEXT + 1))[0].startswith("a.yml: more than 16,777,216 characters")


@given(st.text(alphabet="ab:- \n[]{}|>'\"#,$0.1\t\\"))
def test_both_loaders_read_the_same(text: str) -> None:
    """What both take, that is: they differ in what they refuse, a tab for example."""
    with_libyaml, found = read_yaml("a.yml", text, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_text, "Loader", yaml.SafeLoader)
        without, other = read_yaml("a.yml", text, {})

    if not found and not other:
        assert with_libyaml == without


@given(st.text(alphabet="ab:- \n[]{}&*!|>'\"%@`#,?<$0.\t\\"))
def test_any_text_gives_a_mapping_or_findings(text: str) -> None:
    values, findings = read_yaml("a.yml", text, {})

    assert values is not None or findings
