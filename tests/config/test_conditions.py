import time
from typing import get_args, get_type_hints

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openclaw_extproc.config.conditions import MAX_CONDITIONS, MAX_LENGTH, WORDS, Compiler, activate, is_constant
from openclaw_extproc.features import Declarations, Features
from openclaw_extproc.policy.complexity import Classification
from openclaw_extproc.policy.select.variables import VARIABLES, values

FEATURES = Features(
    "openai_chat", "gpt-4o", stream=True, turns=3, tools=2, images=0, tokens=5_000, headers={"x-team": "red"}
)
JUDGEMENT = Classification("simple", "simple_qa", 0.1, 0.9)


def outcome(source: str, features: Features = FEATURES) -> bool | None:
    compiler = Compiler()
    condition = compiler.condition(source, "if")
    assert condition is not None, compiler.findings
    return condition.test(activate(values(features, JUDGEMENT)))


def said(source: str) -> list[str]:
    compiler = Compiler()
    compiler.condition(source, "if")
    return [str(finding).removeprefix("if: ") for finding in compiler.findings]


@pytest.mark.parametrize(
    ("source", "holds"),
    [
        ('task_complexity == "simple"', True),
        ("task_complexity == 'simple'", True),
        ('task_type == "content_creation"', False),
        ("tokens > 4000 && stream", True),
        ("complexity_score < 0.5 || confidence > 0.95", True),
        ('headers["x-team"] == "red"', True),
        ('model.startsWith("gpt-")', True),
        (r'model.matches("^gpt-\\d")', True),
        ('task_type in ["simple_qa", "extraction"]', True),
        ('has(headers.team) && headers.team == "x"', False),
        ('model == "auto" // whatever\n|| turns == 3', True),
    ],
)
def test_conditions_say_what_holds(source: str, holds: bool) -> None:
    assert outcome(source) is holds


@pytest.mark.parametrize(
    "source",
    [
        'headers["x-cost"] == "1"',
        "tokens / images > 5",
        "[1, 2, 3].map(a, [1, 2, 3])[tokens][0] == 1",
        f"[{'1,' * 99}1].all(a, [{'1,' * 99}1].all(b, [{'1,' * 99}1].all(c, [{'1,' * 99}1].all(d, a > 0))))",
    ],
)
def test_what_cannot_be_evaluated_is_neither_true_nor_false(source: str) -> None:
    assert outcome(source) is None


def test_half_an_emoji_in_a_request_is_no_crash() -> None:
    features = Features("openai_chat", "\ud800", stream=False, turns=1, tools=0, images=0, headers={"a": "\ud800"})

    assert outcome('model == "x"', features) is None
    assert outcome('headers["a"] == "x"', features) is None
    assert outcome("turns == 1", features) is True


def test_every_variable_has_a_value_of_its_type() -> None:
    samples = {
        "string": "size({}) >= 0",
        "int": "{} >= 0",
        "double": "{} >= 0.0",
        "bool": "{0} == {0}",
        "strings": "size({}) >= 0",
    }
    for name, kind in VARIABLES.items():
        assert outcome(samples.get(kind, "size({}) > 0").format(name)) is True, name


@pytest.mark.parametrize(
    ("source", "beginning", "remedy"),
    [
        ('tsk == "a"', 'column 1: no such variable "tsk" (known: client_format, ', "write one of these"),
        ('task_typ == "analysis"', 'column 1: no such variable "task_typ" (known: ', "did you mean task_type?"),
        ("tokens = 5", "column 8: = compares nothing", "write =="),
        ("complexity_score > 1", "column 18: a number with a fraction cannot ", "write the number with a point: 1.0"),
        ("tokens > 1.5", "column 8: a whole number cannot be compared with a number with ", "around the"),
        ("stream and has_code", 'column 8: "and" is no word of CEL', "write &&"),
        ("stream OR has_code", 'column 8: "OR" is no word of CEL', "write ||"),
        ("not stream", 'column 1: "not" is no word of CEL', "write ! for not"),
        ("stream && not has_code", 'column 11: "not" is no word of CEL', "write ! for not"),
        ("stream & has_code", "column 8: & is not `and`", "write &&"),
        ("tokens", "is a whole number, and not true or false", "compare it: tokens > 1000"),
        ("headers", "is a map, and not true or false", "write a comparison"),
        ("task_complexity == simple", 'column 20: no such variable "simple"', 'write "simple" if a string is meant'),
        ("stream == True", 'column 11: no such variable "True"', "write true"),
        ('"a', "column 1: the text in quotes is not closed", "as \\\\"),
        ('model.startswith("gpt")', 'column 7: no such function "startswith" (known: ', "did you mean startsWith?"),
        ('model.matches("[")', "column 15: is no regular expression", "Syntax"),
        ("tokens > 1 &&", "column 14: ends too early", "write what it is compared with"),
        ("(tokens > 1", "column 12: ends too early", "close it with )"),
        ("", "column 1: ends too early", ""),
        ('tokens == "3"', "column 8: a whole number cannot be compared with text", "text in quotes"),
        ('stream == "true"', "column 8: true or false cannot be compared with text", "without quotes"),
        ('model in "abc"', "column 7: text cannot be in text", '.contains("a")'),
        ("stream\n&& tsk", 'line 2, column 4: no such variable "tsk"', ""),
        ("tokens > 99999999999999999999", "column 10: is too large", ""),
        ("if stream", 'column 1: "if" is a word that CEL keeps for itself', "write the condition alone"),
        ("model == null", "column 7: text cannot be compared with null", 'is "" or 0'),
        ("request.model(1)", 'column 1: no such variable "request"', "write the name of a variable alone"),
        ('model.name == "x"', "column 6: only headers has parts", "write the variable alone"),
        ("tokens <> 1", "column 9: <> is no comparison", "write !="),
        ("tokens > 4k", "column 11: a number ends here", "4000"),
        ("tokens => 4", "column 8: => is no comparison", "write >="),
        ('model =~ "a"', "column 7: =~ is no comparison", "matches"),
        ("model == “a”", "column 10: these quotes are a typesetter's", ""),
        ("1 < tokens < 9", "column 12: true or false cannot be compared with a whole number", "with && between"),
        ("stream &&\u00a0has_code", "column 10: has a character that cannot be seen", "write a space"),
        ("model == '\ud800'", "column 11: has a character that cannot be seen", ""),
        ("(" * 300 + "stream" + ")" * 300, "nests too deep", ""),
        ("stream" * MAX_LENGTH, "has more than 4,096 characters", "make several rules of it"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_place_and_its_remedy(source: str, beginning: str, remedy: str) -> None:
    (one,) = said(source)

    assert one.startswith(beginning)
    assert remedy in one.removeprefix(beginning)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('task_complexity == "smple"', "column 20: task_complexity is never that (known: large, simple, standard)"),
        ('"reasoning" == task_complexity', "column 1: task_complexity is never that (known: large, simple, standard)"),
        ('tokens > 5 && task_complexity != "large_context"', "column 34: task_complexity is never that"),
        ('task_type in ["analysis",\n "coding"]', "line 2, column 2: task_type is never that"),
        ('priority == "urgent"', "column 13: priority is never that (known: high, low, normal): write one of these"),
        ('output_format == "JSON"', "column 18: output_format is never that"),
        ('operation == "embedding"', "column 14: operation is never that"),
    ],
)  # fmt: skip
def test_text_that_can_never_be_equal_is_a_mistake(source: str, told: str) -> None:
    (one,) = said(source)

    assert one.startswith(told)


@pytest.mark.parametrize(
    "source",
    [
        'task_type == "simple" + "_qa"',
        '"x" + task_type == "y" + task_type',
        'headers["task_type"] == "x"',
        'headers.task_type == "x"',
        'model == "task_type == \\"x\\""',
        'task_type == "analysis" // task_type == "x"',
        'task_type == "sim" + "x"',
        'task_type in [model, "x"]',
    ],
)
def test_what_is_no_such_comparison_is_left_alone(source: str) -> None:
    assert said(source) == []


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ('task_complexity == "smple"', "did you mean simple?"),
        ('task_complexity == "complex"', 'write task_complexity in ["standard", "large"]'),
        ('task_complexity == "reasoning"', 'write "standard": reasoning is what that tier is for'),
        ('task_complexity == "large_context"', 'write "large"'),
        ('task_type == "coding"', 'write task_type in ["code_generation", "code_review"]'),
    ],
)
def test_another_word_for_the_same_is_told_in_ours(source: str, remedy: str) -> None:
    assert said(source)[0].endswith(remedy)


def test_the_words_are_those_of_the_variables() -> None:
    assert WORDS["operation"] == get_args(get_type_hints(Features)["operation"])
    assert WORDS["output_format"] == get_args(get_type_hints(Features)["output_format"])
    assert WORDS["priority"] == get_args(get_type_hints(Declarations)["priority"])
    assert WORDS["task_complexity"] == get_args(get_type_hints(Classification)["tier"])
    assert WORDS["task_type"] == get_args(get_type_hints(Classification)["task"])


def test_several_mistakes_of_one_condition_are_told_at_once() -> None:
    assert [line.partition(" (")[0] for line in said("tsk == 1 && usr == 2")] == [
        'column 1: no such variable "tsk"',
        'column 13: no such variable "usr"',
    ]


def test_a_condition_without_variables_is_known_before() -> None:
    compiler = Compiler()
    conditions = [compiler.condition(source, "if") for source in ("1 < 2", "false", "stream", "true || stream")]

    assert [is_constant(one) for one in conditions if one] == [True, False, None, True]
    assert [str(finding) for finding in compiler.findings] == ["if: can never be true: remove it"]


def test_there_is_an_end_to_the_number_of_conditions() -> None:
    compiler = Compiler()
    made = [compiler.condition("stream", f"rules[{n}].if") for n in range(MAX_CONDITIONS + 5)]

    assert sum(one is not None for one in made) == MAX_CONDITIONS
    assert [finding.path for finding in compiler.findings] == [f"rules[{MAX_CONDITIONS}].if"]


@given(st.text("tskone(){}[].,'\"\\=!&|<>0123456789 \n\t+-*/%?:rRbB\x00é\ud800") | st.text())
@example('model == "\\ud800"')
@example('matches("[")')
@example('task_type in ["')
@example("b'\\xff' == b'\\xff'")
def test_whatever_is_written_is_compiled_or_complained_of(source: str) -> None:
    compiler = Compiler()

    condition = compiler.condition(source, "if")

    assert (condition is None) == any(finding.severity == "error" for finding in compiler.findings)
    assert condition is None or condition.test(activate(values(FEATURES, JUDGEMENT))) in (True, False, None)


@given(st.from_regex(r"[A-Za-z0-9]{8,20}", fullmatch=True).map("§{}".format))
def test_text_in_quotes_is_never_repeated(secret: str) -> None:
    for source in (
        f'user == "{secret}',
        f'tokens == "{secret}"',
        f'task_type == "{secret}"',
        f'model.matches("[{secret}")',
    ):
        assert said(source)
        assert not any(secret in line for line in said(source)), source


def test_a_hundred_conditions_cost_less_than_a_millisecond() -> None:
    """Measured: 0.33 ms on a shared core of 2.6 GHz. The bound here is for a machine that does other things too."""
    compiler = Compiler()
    sources = [f'task_type == "analysis" && tokens > {n} || headers["x-team"] == "team-{n}"' for n in range(100)]
    conditions = [made for source in sources if (made := compiler.condition(source, "if"))]
    began = time.thread_time()
    activation = activate(values(FEATURES, JUDGEMENT))
    outcomes = {condition.test(activation) for condition in conditions}
    fastest = time.thread_time() - began
    for _ in range(20):
        began = time.thread_time()
        activation = activate(values(FEATURES, JUDGEMENT))
        outcomes = {condition.test(activation) for condition in conditions}
        fastest = min(fastest, time.thread_time() - began)

    assert outcomes == {False}
    assert fastest < 1e-3
