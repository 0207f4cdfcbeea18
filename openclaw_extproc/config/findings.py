"""Findings about a configuration: place, finding and remedy. All of them are reported at once."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]
About: TypeAlias = Literal["file", "credential", "machine"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One error or warning. Its text may be shown to anyone and never contains the value of a secret field."""

    path: str
    """`model.providers[1].fallback`; empty where the text itself cannot be read, or all of it is meant."""
    finding: str
    remedy: str
    """Empty when the finding says all."""
    severity: Severity = "error"
    """An error is what cannot work; a warning says what is not as it looks."""
    about: About = "file"
    """`file`: what is written. `credential`, `machine`: what this process lacks (a key, a folder), though the file is
    right. An error about the file leaves no snapshot; with the others everything else works; see decision 28."""
    file: str = ""
    line: int | None = None
    column: int | None = None
    """Only where the text itself cannot be read."""
    shown: str = ""
    """The path as people read it, with the names of entries: `model.providers[google].fallback`."""

    def __str__(self) -> str:
        numbers = [str(number) for number in (self.line, self.column) if number is not None]
        place = ":".join([self.file, *numbers]) if self.file else ""
        return ": ".join(part for part in (place, self.shown or self.inner_path, self.finding, self.remedy) if part)

    @property
    def inner_path(self) -> str:
        """The path without the file's name, which those into the clusters file and session.yml begin with."""
        return self.path.removeprefix(f"{self.file}: ") if self.file else self.path


class ConfigError(Exception):
    """The configuration cannot be used."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)
        """Warnings included."""


def error(path: str, finding: str, remedy: str = "") -> Finding:
    """A finding that is an error."""
    return Finding(path, finding, remedy)


def warning(path: str, finding: str, remedy: str = "") -> Finding:
    """A finding that is a warning."""
    return Finding(path, finding, remedy, "warning")


def environment_error(path: str, finding: str, remedy: str, about: About = "credential") -> Finding:
    """An error of this machine (a missing key, a missing folder) and not of the file."""
    return Finding(path, finding, remedy, "error", about)


def file_errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The errors about the files themselves, which leave no settings."""
    return tuple(finding for finding in errors(findings) if finding.about == "file")


def errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that are errors."""
    return tuple(finding for finding in findings if finding.severity == "error")


def is_within(path: str, outer: str) -> bool:
    """Whether a path is the other one or lies below it."""
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))


def without_consequences(found: Iterable[Finding], before: Sequence[Finding]) -> list[Finding]:
    """The findings without those that only follow from a value that could not be read and was left out.

    Such a value may have been anything, so what is said of the whole (an empty path) is no news then.
    """
    paths = [finding.path for finding in errors(before)]
    return [one for one in found if not any(is_within(one.path, path) for path in paths) and (one.path or not paths)]


def sorted_by_place(findings: Iterable[Finding]) -> list[Finding]:
    """The findings as people read them: errors first, then file by file in the order of lines."""
    return sorted(findings, key=lambda one: (one.severity != "error", one.file, one.line or 0))


def known_names(names: Iterable[str]) -> str:
    """What an unknown name could have been: `(known: anthropic, google)`."""
    return f"(known: {', '.join(sorted(names)) or 'none'})"


def suggestion(written: str, names: Iterable[str]) -> str:
    """The remedy for a name that is similar to a known one; empty: none is similar."""
    near = difflib.get_close_matches(written, list(names), n=1)
    return f"did you mean {near[0]}?" if near else ""


TYPO_SIMILARITY = 0.85
"""How alike a name has to be to a known one (1: the same) to be taken for a slip, and not for something that is yet to
come: `antropic` is 0.94 like `anthropic`, `gemini_pro` 0.75 like `gemini-pro-1.5`."""


def sure_suggestion(written: str, names: Iterable[str]) -> str:
    """The remedy for a name that is almost certainly a mistyped known one; empty: it is not."""
    near = difflib.get_close_matches(written, list(names), n=1, cutoff=TYPO_SIMILARITY)
    return f"did you mean {near[0]}?" if near else ""


def unknown_name(path: str, what: str, name: str, names: Iterable[str], then: str = "not used") -> Finding:
    """About a name in a section of policy. A slip of a known name is an error, as what it says cannot work; any other
    is a warning: files of policy are shared, and the provider may be another file's.
    """
    names = list(names)
    if remedy := sure_suggestion(name, names):
        return error(path, f'{what} "{name}" {known_names(names)}', remedy)
    remedy = suggestion(name, names) or "correct it, remove it, or list it where it belongs"
    return warning(path, f'{what} "{name}" {known_names(names)}: {then}', remedy)


def unknown_words(path: str, what: str, words: Iterable[str], allowed: Iterable[str]) -> list[Finding]:
    """Errors about words of a list that are not among the allowed ones."""
    allowed = list(allowed)
    return [
        error(path, f'no {what} is named "{word}" {known_names(allowed)}', suggestion(word, allowed) or "remove it")
        for word in words
        if word not in allowed
    ]
