"""Loads a configuration: from the texts of the files to settings, or to all findings."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from openclaw_extproc.config.findings import ConfigError, Finding, file_errors, without_consequences
from openclaw_extproc.config.link import Source, link
from openclaw_extproc.config.read.clusters import Clusters, read_clusters
from openclaw_extproc.config.read.complaints import UNKNOWN_KEY, validate
from openclaw_extproc.config.read.positions import Spot, is_written, with_position
from openclaw_extproc.config.read.positions import merge as merge_spots
from openclaw_extproc.config.read.yaml_text import Plain, read_yaml
from openclaw_extproc.config.schema.config_file import Written
from openclaw_extproc.config.schema.routing import SessionFile
from openclaw_extproc.config.settings import BasePath, Settings
from openclaw_extproc.config.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The settings of a configuration, if it has no blocking errors, and all findings."""

    settings: Settings | None
    """`None` when any finding is an error about the files: the snapshot before stays."""
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


@dataclass(frozen=True, slots=True)
class ConfigTexts:
    """The texts that settings are made from, each with the name of its file."""

    texts: tuple[tuple[str, str], ...]
    """The configuration files. Where two set the same key, the later one holds; mappings are merged, lists replaced."""
    clusters: tuple[str, str] | None = None
    """The clusters file; `None`: there is none."""
    session: tuple[str, str] | None = None
    """The file `session.yml`; `None`: there is none."""
    lenient: bool = False
    """Whether surplus weights are left out with a warning, instead of being an error."""
    ours: tuple[str, ...] = ()
    """Names of the clusters in the clusters file that were written there by this program, and are skipped."""


def load(texts: ConfigTexts, around: Surroundings) -> LoadResult:
    """Reads, merges, checks and links the texts. `around` has the environment that `${VAR}` is replaced from."""
    spots = _Spots(texts.texts)
    source, findings = _read(texts, around, spots)
    if source is None:
        return LoadResult(None, spots.sort(findings))
    settings, found = link(source)
    findings += spots.without_followers(without_consequences(found, findings), findings)
    return LoadResult(None if file_errors(findings) else settings, spots.sort(findings))


def _read(texts: ConfigTexts, around: Surroundings, spots: "_Spots") -> tuple[Source | None, list[Finding]]:
    """The checked texts. `None` when one of them is no YAML: all that it defines would seem to be missing then."""
    merged, findings = _merge_texts(texts.texts, around.environment, spots)
    written, found = validate(Written, merged or {})
    findings += found
    clusters, found = _read_clusters(texts.clusters, around.formats, frozenset(texts.ours), spots)
    findings += found
    session, found = _read_session(texts.session, around.environment, spots)
    findings += found
    if merged is None or clusters is None or (texts.session and session is None):
        return None, findings
    named = (texts.session[0], session) if texts.session and session else None
    return Source(written, clusters, around, named, texts.lenient), findings


def spots_of(texts: Sequence[tuple[str, str]], environment: Mapping[str, str]) -> Spot:
    """The positions of everything in the configuration files, for findings that are made later."""
    spots = _Spots(texts)
    _merge_texts(texts, environment, spots)
    return spots.main


class _Spots:
    """The positions of everything in all files."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        self.main = Spot(texts[0][0] if len(texts) == 1 else "", 0)
        """Of openclaw.yml; of several files merged as their values are."""
        self.others: dict[str, Spot] = {}
        """Of the clusters file and of session.yml, by the name that paths into them begin with."""

    def sort(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings with their positions, each once, errors first."""
        placed = dict.fromkeys(self._with_position(finding) for finding in findings)
        return tuple(sorted(placed, key=lambda finding: finding.severity != "error"))

    def _with_position(self, finding: Finding) -> Finding:
        for name, root in self.others.items():
            if finding.path.startswith(f"{name}: "):
                inside = with_position(replace(finding, path=finding.path.removeprefix(f"{name}: ")), root)
                return replace(inside, path=finding.path)
        return with_position(finding, self.main)

    def without_followers(self, found: Iterable[Finding], before: Iterable[Finding]) -> list[Finding]:
        """The findings without those that only follow from a mistyped key: that another key of its section is
        missing."""
        sections = {one.path.rpartition(".")[0] for one in before if one.finding.startswith(UNKNOWN_KEY)}
        return [
            one
            for one in found
            if one.path.rpartition(".")[0] not in sections
            or (one.severity == "error" and one.about == "file")
            or is_written(one.path, self.main)
        ]


def _merge_texts(
    texts: Sequence[tuple[str, str]], environment: Mapping[str, str], spots: _Spots
) -> tuple[dict[str, Plain] | None, list[Finding]]:
    """No values if any text cannot be read."""
    findings: list[Finding] = []
    merged: dict[str, Plain] = {}
    unread = False
    for name, text in texts:
        spot = Spot(name, 0)
        file, found = read_yaml(name, text, environment, spot)
        findings += (
            with_position(one, spot) for one in found
        )  # in this file, whatever the others have at the same path
        unread = unread or file is None
        merged = merge(merged, file or {})
        spots.main = merge_spots(spots.main, replace(spot, file=spots.main.file))
    return None if unread else merged, findings


def _read_clusters(
    file: tuple[str, str] | None, formats: Mapping[str, BasePath], ours: Collection[str], spots: _Spots
) -> tuple[Clusters | None, list[Finding]]:
    """No clusters if their text cannot be read."""
    if file is None:
        return Clusters(), []
    name, text = file
    spots.others[name] = Spot(name, 0)
    values, findings = read_yaml(name, text, None, spots.others[name])
    findings = [_of_file(name, finding) for finding in findings]
    if values is None:
        return None, findings
    clusters, found = read_clusters(name, values, formats, ours)
    return clusters, [*findings, *found]


def _read_session(
    file: tuple[str, str] | None, environment: Mapping[str, str], spots: _Spots
) -> tuple[SessionFile | None, list[Finding]]:
    """Nothing if its text cannot be read. Its findings name the file."""
    if file is None:
        return None, []
    name, text = file
    spots.others[name] = Spot(name, 0)
    values, findings = read_yaml(name, text, environment, spots.others[name])
    levels, found = (None, list[Finding]()) if values is None else validate(SessionFile, values)
    return levels, [_of_file(name, finding) for finding in (*findings, *found)]


def _of_file(name: str, finding: Finding) -> Finding:
    return replace(finding, path=f"{name}: {finding.path}")


def merge(one: Mapping[str, Plain], other: Mapping[str, Plain]) -> dict[str, Plain]:
    """Both mappings in one; the other holds where they differ."""
    merged = dict(one)
    for key, value in other.items():
        before = merged.get(key)
        merged[key] = merge(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged
