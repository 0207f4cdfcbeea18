"""Conditions in CEL, the language of Envoy's own rules, compiled when the configuration is read.

What CEL can do: https://github.com/google/cel-spec (read 2026-07). Types are checked here, so that a condition cannot
fail over a slip of the pen while it serves traffic. What can still go wrong then (a header that is not there, a
division by zero) makes the condition "not evaluated", never an exception.
Left out: the extension libraries of CEL (`lowerAscii`, `optional`), functions of our own.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import cast

from cel_expr_python import cel

from openclaw_extproc.config.conditions.cel_errors import Complaint, complaints_of, place
from openclaw_extproc.config.conditions.impossible import misfits
from openclaw_extproc.config.findings import Finding, error, warning
from openclaw_extproc.policy.select.variables import VARIABLES, Type
from openclaw_extproc.strategy import Condition, Values

MAX_LENGTH = 4_096
"""Characters. A condition that nobody can read in one go is no rule any more."""
MAX_CONDITIONS = 1_000
"""Of one configuration. All of them may have to be looked at for a single request, at 3 to 4 microseconds each."""

_TYPES: Mapping[Type, cel.Type] = MappingProxyType(
    {
        "string": cel.Type.STRING,
        "int": cel.Type.INT,
        "double": cel.Type.DOUBLE,
        "bool": cel.Type.BOOL,
        "strings": cel.Type.List(cel.Type.STRING),
        "headers": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
    }
)
_ENVIRONMENT = cel.NewEnv(variables={name: _TYPES[kind] for name, kind in VARIABLES.items()})
_NOTHING = _ENVIRONMENT.Activation({})
_EMPTY: Mapping[Type, object] = MappingProxyType(
    {"string": "", "int": 1, "double": 1.0, "bool": False, "strings": [], "headers": {}}
)
_PLAIN = _ENVIRONMENT.Activation({name: _EMPTY[kind] for name, kind in VARIABLES.items()})


def activate(values: Values) -> object:
    """The variables of one request, made ready for all conditions. Converted when a condition first asks for one."""
    return _ENVIRONMENT.Activation(values)


@dataclass(slots=True)
class Compiler:
    """Compiles the conditions of one configuration and collects the findings about them."""

    findings: list[Finding] = field(default_factory=list[Finding])
    count: int = 0

    def condition(self, source: str, path: str) -> Condition | None:
        """`None` when it is wrong, which is among the findings then."""
        self.count += 1
        if self.count > MAX_CONDITIONS:
            if self.count == MAX_CONDITIONS + 1:
                finding = f"the configuration has more than {MAX_CONDITIONS:,} conditions"
                self.findings.append(error(path, finding, "put several into one, with || or in [...]"))
            return None
        made = _compile(source)
        if isinstance(made, cel.Expression):
            return self._check(made, source, path)
        self.findings += [error(path, *complaint.finding_and_remedy()) for complaint in made]
        return None

    def _check(self, expression: cel.Expression, source: str, path: str) -> Condition | None:
        complaints = misfits(source, literal=_literal, is_pattern=_is_pattern)
        self.findings += [error(path, *complaint.finding_and_remedy()) for complaint in complaints]
        if complaints:
            return None
        condition = Condition(source, _test(expression), _variables(source))
        if is_constant(condition) is False:
            self.findings.append(warning(path, "can never be true", "remove it"))
        return condition


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _variables(source: str) -> frozenset[str]:
    """Every variable whose name stands anywhere in the source, in a string or a comment too: CEL has no way to ask for
    a variable that does not spell its name."""
    return frozenset(VARIABLES.keys() & _NAME.findall(source))


def any_of(conditions: Sequence[Condition]) -> Condition | None:
    """One that is `False` only when each of them is: several cost little more in CEL than one, called from Python.

    `||` goes on behind what cannot be evaluated, so it says `None` then, or `True` where another one holds.
    """
    source = " || ".join(f"({one.source}\n)" for one in conditions)  # its line may end in a comment
    try:
        return Condition(source, _test(_ENVIRONMENT.compile(source)))
    except RuntimeError:  # all together they are more than CEL takes
        return None


def is_constant(condition: Condition) -> bool | None:
    """What the condition says of every request, if it looks at none."""
    return condition.test(_NOTHING)


def needs_more(condition: Condition) -> bool:
    """Whether it cannot be evaluated for a request that says nothing of itself: one without any header."""
    return condition.test(_PLAIN) is None


def _compile(source: str) -> cel.Expression | Collection[Complaint]:
    if len(source) > MAX_LENGTH:
        return [Complaint(None, f"has more than {MAX_LENGTH:,} characters", "make several rules of it")]
    unseen = next((n for n, one in enumerate(source) if not one.isprintable() and one not in "\n\t\r"), None)
    if unseen is not None:
        # Half an emoji is valid YAML and no text that CEL could take; a NUL would cut its messages short.
        return [
            Complaint(
                place(source, unseen), "has a character that cannot be seen", "write a space, or \\u and its number"
            )
        ]
    try:
        expression = _ENVIRONMENT.compile(source)
    except RuntimeError as problem:
        return complaints_of(str(problem), source)
    kind = expression.return_type()
    if kind == cel.Type.BOOL:
        return expression
    return [Complaint.of_result(kind.name())]


def _test(expression: cel.Expression) -> Callable[[object], bool | None]:
    evaluate = expression.eval

    def test(activation: object) -> bool | None:
        try:
            value = evaluate(cast("cel.Activation", activation)).value()
        except RuntimeError:  # half an emoji in a header; a loop over lists that is longer than CEL allows
            return None
        # An error of CEL's is a value too, and comes as its text: that is quicker told than by its type.
        return value if isinstance(value, bool) else None

    return test


def _literal(text: str) -> str | None:
    """What a string literal stands for; `None` of other literals."""
    value: object = _ENVIRONMENT.compile(text).eval(_NOTHING).value()
    return value if isinstance(value, str) else None


def _is_pattern(text: str) -> bool:
    """Whether CEL can use a string literal as a regular expression."""
    return is_constant(Condition("", _test(_ENVIRONMENT.compile(f'"".matches({text})')))) is not None
