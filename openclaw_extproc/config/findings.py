"""What is wrong with a configuration: the place, the finding, the remedy. All of them are reported at once."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One complaint, in words that may be shown to anyone: it never has the value of a secret field in it."""

    path: str
    """`model.providers[1].fallback`, or `openclaw.yml:3:5` (line and column) where the text itself cannot be read."""
    finding: str
    remedy: str
    """Empty when the finding says all."""
    severity: Severity = "error"
    """With an error there is no new snapshot; a warning only says what is not as it looks."""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.path, self.finding, self.remedy) if part)


class ConfigError(Exception):
    """The configuration cannot be used."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)
        """Warnings included."""


def error(path: str, finding: str, remedy: str = "") -> Finding:
    return Finding(path, finding, remedy)


def warning(path: str, finding: str, remedy: str = "") -> Finding:
    return Finding(path, finding, remedy, "warning")


def errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.severity == "error")


def within(path: str, outer: str) -> bool:
    """Whether a path is the other one or lies below it."""
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))


def fresh(found: Iterable[Finding], before: Sequence[Finding]) -> list[Finding]:
    """Without what only follows from a value that could not be read and was left out.

    Such a value may have been anything, so what is said of the whole (an empty path) is no news then.
    """
    paths = [finding.path for finding in errors(before)]
    return [one for one in found if not any(within(one.path, path) for path in paths) and (one.path or not paths)]


def known(names: Iterable[str]) -> str:
    """What an unknown name could have been: `(known: anthropic, google)`."""
    return f"(known: {', '.join(sorted(names)) or 'none'})"


def nearest(written: str, names: Iterable[str]) -> str:
    """The remedy for a mistyped name, or nothing if none is near."""
    near = difflib.get_close_matches(written, list(names), n=1)
    return f"did you mean {near[0]}?" if near else ""


def unknown_words(path: str, what: str, words: Iterable[str], allowed: Iterable[str]) -> list[Finding]:
    """Of a list in which only some words make sense."""
    allowed = list(allowed)
    return [
        error(path, f'no {what} is named "{word}" {known(allowed)}', nearest(word, allowed) or "remove it")
        for word in words
        if word not in allowed
    ]
