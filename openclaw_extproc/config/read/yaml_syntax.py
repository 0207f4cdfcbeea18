"""PyYAML's syntax errors, reworded for operators.

Source: `scanner.py` and `parser.py` of PyYAML 6. A message that is not listed here is told as it is, without what it
quotes: `api_key: *sk-1` is "found undefined alias 'sk-1'", and that may be a secret.
"""

import re

import yaml

_OTHERWISE = "check the indentation, quotes and brackets here and on the line before"
_MEANINGS: tuple[tuple[str, str, str, str], ...] = (
    (
        r"character '\\t'", "",
        "a tab stands where the indentation or a value begins", "indent with spaces",
    ),
    (
        r"cannot start any token", "",
        "a value without quotes cannot begin with this character", "put the value in quotes",
    ),
    (
        r"mapping values are not allowed", "",
        "a second colon in one line, or a key below a line that has a value already",
        "put a value with a colon in quotes, or check the indentation of this line and of the one before",
    ),
    (
        r"expected <block end>", "block collection",
        "does not fit the list that begins on line {line}",
        "begin each entry with `- ` in the same column, and indent what belongs to it",
    ),
    (
        r"expected <block end>", "",
        "does not fit the indentation of the section that begins on line {line}",
        "write keys of one section in the same column",
    ),
    (
        r"could not find expected ':'", "",
        "a line that is neither `key: value` nor a part of the value above it",
        "write a colon and a space behind the key, or indent the line below its key",
    ),
    (
        r"expected ',' or '[\]}]'", "flow sequence",
        "the list that begins here with [ is not closed by line {at}", "close it with ]",
    ),
    (
        r"expected ',' or '[\]}]'", "",
        "the mapping that begins here with {{ is not closed by line {at}", "close it with }}",
    ),
    (
        r"found unexpected end of stream", "quoted scalar",
        "the quote that begins here is not closed by the end of the file", "close it with the same quote",
    ),
    (
        r"but found another document", "",
        "a second document begins on this line, and only one is read",
        "remove the line ---, or write a second file and name it with another -c",
    ),
    (
        r"expected the node content", "",
        "a value is missing, or begins with a sign that has another meaning in YAML",
        "write the value, in quotes if it begins with a sign",
    ),
    (
        r"undefined alias", "",
        "names an anchor that is not there", "put a value that begins with * in quotes, or define the anchor",
    ),
)  # fmt: skip
"""Of PyYAML's problem and its context: what it means, and what to do. The first that fits."""


def explanation_of(problem: yaml.MarkedYAMLError) -> tuple[str, str, yaml.Mark | None]:
    """The finding, the remedy, and the place to mend; neither quotes the text."""
    said, context = problem.problem or "", problem.context or ""
    at = problem.problem_mark or problem.context_mark
    begins = problem.context_mark or at
    for pattern, within, finding, remedy in _MEANINGS:
        if re.search(pattern, said) and within in context:
            words = finding.format(line=_line(begins), at=_line(at))
            return words, remedy.format(), begins if "begins here" in finding else at
    return re.split(r" ['\"]", said, maxsplit=1)[0] or "is not YAML", _OTHERWISE, at


def _line(mark: yaml.Mark | None) -> str:
    return str(mark.line + 1) if mark else "?"
