"""From the texts of the files to settings, or to everything that is wrong with them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from openclaw_extproc.config.clusters import Clusters, read_clusters
from openclaw_extproc.config.complaints import checked
from openclaw_extproc.config.findings import ConfigError, Finding, errors, fresh
from openclaw_extproc.config.key_text import unsendable
from openclaw_extproc.config.link import Surroundings, link
from openclaw_extproc.config.prices import NEWEST
from openclaw_extproc.config.settings import BasePath, Settings
from openclaw_extproc.config.written import Written
from openclaw_extproc.config.written_levels import SessionFile
from openclaw_extproc.config.yaml_text import Plain, read_yaml


@dataclass(frozen=True, slots=True)
class Loaded:
    settings: Settings | None
    """`None` when any finding is an error: the snapshot before stays."""
    findings: tuple[Finding, ...]
    """Errors first."""

    def usable(self) -> Settings:
        """The settings.

        Raises:
            ConfigError: there are none; it has all findings.
        """
        if self.settings is None:
            raise ConfigError(self.findings)
        return self.settings


def _no_objection(_path: str, _is_header: bool) -> str:  # as `Surroundings.key_file` has it
    return ""


def load(
    texts: Sequence[tuple[str, str]],
    *,
    clusters: tuple[str, str] | None,
    session: tuple[str, str] | None = None,
    environment: Mapping[str, str],
    formats: Mapping[str, BasePath],
    key_file: Callable[[str, bool], str] = _no_objection,
    readable: Callable[[str], bool] = lambda _: True,
    extras: Collection[str] = ("aws", "google"),
    today: date = NEWEST,
    lenient: bool = False,
) -> Loaded:
    """Read, merge, check and link.

    Args:
        texts: Name and YAML text of each file. Where two say something of the same key, the later one holds;
            mappings are merged, lists are replaced.
        clusters: Name and text of the clusters file, if there is one.
        session: Name and text of session.yml, if there is one.
        environment: For `${VAR}`, and to see whether a credential is there. Values of credentials are not looked at.
        formats: The known provider formats by name, each with its `ProviderSide.base_path`.
        key_file: What is wrong with the file of a credential; empty: nothing. Its second argument: whether it goes
            into a header as it is.
        readable: Whether a file that holds no credential of ours can be read: a certificate, a key set.
        extras: Which of our extras are installed.
        today: For list prices that change on a day; without it the newest ones hold.
        lenient: Weights without a model are left out with a warning, where they are an error else.
    """
    findings: list[Finding] = []
    merged: dict[str, Plain] = {}
    unread = False
    for name, text in texts:
        file, found = read_yaml(name, text, environment)
        findings += found
        if file is None:
            unread = True
        else:
            merged = merge(merged, file)
    written, found = checked(Written, merged)
    findings += found
    from_file, found = _clusters(clusters, formats)
    findings += found
    levels, found = _session(session, environment)
    findings += found
    variables = frozenset(name for name, value in environment.items() if value)
    if (
        unread or from_file is None or (session and levels is None)
    ):  # what a text names that cannot be read, everything else would seem to miss
        return Loaded(None, _ordered(findings))
    named = (session[0], levels) if session and levels else None
    unusable = frozenset(name for name in variables if unsendable(environment[name].strip()))
    around = Surroundings(formats, variables, key_file, extras, today, unusable, readable)
    settings, found = link(written, from_file, around, session=named, lenient=lenient)
    findings += fresh(found, findings)
    return Loaded(None if errors(findings) else settings, _ordered(findings))


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.severity != "error"))


def _clusters(file: tuple[str, str] | None, formats: Mapping[str, BasePath]) -> tuple[Clusters | None, list[Finding]]:
    """No clusters if their text cannot be read."""
    if file is None:
        return Clusters(), []
    name, text = file
    values, findings = read_yaml(name, text, None)
    if values is None:
        return None, findings
    clusters, found = read_clusters(name, values, formats)
    return clusters, [*findings, *found]


def _session(file: tuple[str, str] | None, environment: Mapping[str, str]) -> tuple[SessionFile | None, list[Finding]]:
    """Nothing if its text cannot be read. Its findings name the file."""
    if file is None:
        return None, []
    name, text = file
    values, findings = read_yaml(name, text, environment)
    levels, found = (None, list[Finding]()) if values is None else checked(SessionFile, values)
    return levels, [_of_file(name, finding) for finding in (*findings, *found)]


def _of_file(name: str, finding: Finding) -> Finding:
    return finding if finding.path.startswith(name) else replace(finding, path=f"{name}: {finding.path}")


def merge(one: Mapping[str, Plain], other: Mapping[str, Plain]) -> dict[str, Plain]:
    """Both mappings in one; the other holds where they differ."""
    merged = dict(one)
    for key, value in other.items():
        before = merged.get(key)
        merged[key] = merge(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged
