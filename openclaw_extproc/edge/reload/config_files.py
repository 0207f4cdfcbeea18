"""The files a configuration comes from: reading, checking, noticing changes, publishing what Envoy watches."""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import msgspec

from openclaw_extproc.config.findings import ConfigError, Finding, errors
from openclaw_extproc.config.load import ConfigTexts, LoadResult, load, spots_of
from openclaw_extproc.config.providers.cloud_credentials import unsendable_part
from openclaw_extproc.config.read.positions import with_position
from openclaw_extproc.config.settings import Settings
from openclaw_extproc.config.surroundings import Surroundings
from openclaw_extproc.edge.credentials.identities import installed_extras
from openclaw_extproc.edge.reload.files import (
    MAX_CONFIG_BYTES,
    FileRefusedError,
    key_file_objection,
    of_clusters,
    read_text,
    resources,
    text_of,
    without,
)
from openclaw_extproc.gateway import Gateway, Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.render import callers as render_callers
from openclaw_extproc.render import clusters as render_clusters
from openclaw_extproc.wire import FORMATS

Signature: TypeAlias = tuple[int, int, int]
"""Inode, time of change, size."""


@dataclass(frozen=True, slots=True)
class Origin(ConfigTexts):
    """All texts from which settings were made. Every process that has them makes the same settings, also after the
    files have changed."""

    @property
    def generation(self) -> str:
        """An identifier that is the same wherever the same texts are read: it says which snapshot made a plan."""
        whole = msgspec.json.encode((self.texts, self.clusters, self.session, self.lenient, self.ours))
        return hashlib.sha256(whole).hexdigest()[:16]

    def load(self, environment: Mapping[str, str]) -> LoadResult:
        """The settings, or all findings; what they need of this machine is looked at now."""
        around = Surroundings(
            environment,
            {name: fmt.provider.base_path for name, fmt in FORMATS.items() if fmt.provider},
            key_file=key_file_objection,
            readable=_is_readable,
            no_folder=_no_folder,
            extras=installed_extras(),
            today=datetime.now(UTC).date(),
        )
        loaded = load(self, around)
        if (settings := loaded.settings) is None:
            return loaded
        gateway = replace(settings.gateway, generation=self.generation)
        return replace(loaded, settings=replace(settings, gateway=gateway))


@dataclass(frozen=True, slots=True)
class ReadConfiguration:
    """The result of reading the files at one moment."""

    settings: Settings | None
    """`None` when there is an error among the findings."""
    findings: tuple[Finding, ...]
    additions: tuple[Json, ...] = ()
    """Clusters of the clusters file that do not come from `openclaw.yml`."""
    clusters_signature: "Signature | None" = None
    """The signature of the clusters file, just before it was read."""
    origin: Origin | None = None
    """The texts from which the settings were made."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        return errors(self.findings)


@dataclass(frozen=True, slots=True)
class ConfigFiles:
    """The files of a configuration, and what was read from them and written to them last."""

    configs: tuple[Path, ...]
    clusters: Path | None
    environment: Mapping[str, str]
    embedded: str = ""
    """Configuration text used when there is no file."""
    session: Path | None = None
    """`session.yml`; `None`: the one beside the first configuration file, if it is there."""
    must_exist: bool = False
    """Whether a clusters file that is not there is an error: somebody named it. Else it may come later."""
    must_have_clusters: bool = False
    """Somebody else's Envoy: every provider's cluster has to be in the clusters file, we write none."""
    lenient: bool = False
    """Whether unknown names are warnings; see `load`."""
    published: set[str] = field(default_factory=set[str])
    """Names of clusters that we wrote into the clusters file ourselves: what is left of them there is no addition."""
    _own: list[Signature] = field(default_factory=list["Signature"])
    """The signature of the clusters file as we wrote it last; empty when we have not."""
    _texts_read: list[Signature | None] = field(default_factory=list["Signature | None"])
    """The signatures of openclaw.yml and session.yml, just before they were read last."""
    _written: list[tuple[str, tuple[Json, ...]]] = field(default_factory=list[tuple[str, tuple[Json, ...]]])
    """The text of the clusters file and the additions in it, because a thousand providers take seconds to read
    again."""

    def read(self) -> ReadConfiguration:
        """Reads all files. Problems are findings of the result."""
        signature = None if self.clusters is None else _signature(self.clusters)
        self._texts_read[:] = self._texts_signature()
        return replace(self._read(), clusters_signature=signature)

    def _read(self) -> ReadConfiguration:
        texts, complaints = self._texts()
        session, problem = _text_of(self.session_file, must_exist=self.session is not None)
        if complaints or problem:
            return ReadConfiguration(None, (*complaints, *([problem] if problem else [])))
        levels = (str(self.session_file), session) if self.session_file and session else None
        origin = Origin(tuple(texts), None, levels, self.lenient)
        alone = origin.load(self.environment)
        clusters, problem = _text_of(self.clusters, must_exist=self.must_exist)
        if problem is not None:
            return ReadConfiguration(None, (problem,))
        rendered = {name for u in alone.settings.upstreams for name in u.clusters} if alone.settings else set[str]()
        theirs = self._theirs(clusters)
        ours = rendered | self.published
        additions = None if theirs is None else tuple(r for r in theirs if _name(r) not in ours)
        if additions == ():
            without_additions = ReadConfiguration(alone.settings, alone.findings, origin=origin)
            return self._require_clusters(without_additions, theirs or ())
        # The file goes to the loader as it is, so that a finding has the line that somebody wrote; what we wrote there
        # ourselves is passed over, and is seconds of work where it is a thousand clusters.
        origin = replace(origin, clusters=(str(self.clusters), without(clusters, ours)), ours=tuple(sorted(ours)))
        both = origin.load(self.environment)
        return self._require_clusters(
            ReadConfiguration(both.settings, both.findings, additions or (), origin=origin), theirs or ()
        )

    def with_positions(self, read: ReadConfiguration, findings: Iterable[Finding]) -> list[Finding]:
        """Adds file and line to findings that were made after the files were read."""
        root = spots_of(read.origin.texts if read.origin else (), self.environment)
        return [with_position(finding, root) for finding in findings]

    def signature(self) -> tuple[Signature | None, ...]:
        """A value that changes when a file does, also when it is replaced. A file that was written here does not
        count."""
        clusters = () if self.clusters is None or self.is_ours() else (_signature(self.clusters),)
        return self._texts_signature() + clusters

    def signature_as_read(self) -> tuple[Signature | None, ...]:
        """The signature of the texts just before they were read last, which a start may be long after."""
        now = self.signature()
        return (*self._texts_read, *now[len(self._texts_read) :])

    def _texts_signature(self) -> tuple[Signature | None, ...]:
        return tuple(_signature(path) for path in (*self.configs, *([self.session_file] if self.session_file else [])))

    def publish(self, text: str, names: Iterable[str], additions: Sequence[Json] = ()) -> None:
        """Write the clusters file; `names`: of the clusters in it that come from `openclaw.yml`."""
        assert self.clusters is not None, "there is no other file we write and read"
        self.published.update(names)
        self._own[:] = [publish(self.clusters, text)]
        self._written[:] = [(text, tuple(additions))]

    def _theirs(self, text: str) -> tuple[Json, ...] | None:
        """The clusters of the file; as long as it is as we wrote it, those that we did not make."""
        known = next((additions for written, additions in self._written if written == text), None)
        return resources(str(self.clusters), text) if known is None else known

    def is_ours(self) -> bool:
        """Whether the clusters file is as it was written here last."""
        return self.clusters is not None and _signature(self.clusters) in self._own

    def is_as_read(self, read: ReadConfiguration) -> bool:
        """Whether the clusters file is still the one that was read."""
        return self.clusters is not None and _signature(self.clusters) == read.clusters_signature

    @property
    def session_file(self) -> Path | None:
        """The path of `session.yml`, also while there is no such file: it may appear later."""
        if self.session is not None or not self.configs:
            return self.session
        return self.configs[0].with_name("session.yml")

    def _texts(self) -> tuple[Sequence[tuple[str, str]], tuple[Finding, ...]]:
        if not self.configs:
            return [("built-in default", self.embedded)] if self.embedded else [], ()
        read = [(path, *_text_of(path, must_exist=True)) for path in self.configs]
        complaints = tuple(problem for _, _, problem in read if problem is not None)
        return [(str(path), text) for path, text, _ in read], complaints

    def _require_clusters(self, read: ReadConfiguration, theirs: Sequence[Json]) -> ReadConfiguration:
        """Somebody else's Envoy has only the clusters of the file."""
        if read.settings is None or not self.must_have_clusters:
            return read
        names = {_name(r) for r in theirs}
        lacking = tuple(
            Finding(
                "",
                f"has no cluster {u.provider.cluster} for provider {u.provider.name}",
                "write the file with `openclaw-extproc render`",
                file=str(self.clusters or "clusters.yaml"),
            )
            for u in read.settings.upstreams
            if u.provider.cluster not in names
        )
        return ReadConfiguration(None, (*read.findings, *lacking), read.additions) if lacking else read


def require_startable(read: ReadConfiguration, environment: Mapping[str, str]) -> ReadConfiguration:
    """Returns what was read, if a service can start with it.

    A key that is missing puts its provider aside and no other. Where it is so of all of them, and none can come while
    the process runs, as a file can and a variable cannot, each call would be refused: then it is better not to start,
    which whoever starts it sees at once.

    Raises:
        ConfigError: there are no settings, or not one provider that can be asked.
    """
    if read.settings is None:
        raise ConfigError(read.findings)
    providers = read.settings.gateway.providers.values()
    if providers and all(_has_no_key(one, environment) for one in providers):
        finding = "no provider is usable: the variable of every provider's key is not set"
        remedy = "set one of the variables named here, or write api_key_file"
        raise ConfigError([*read.findings, Finding("", finding, remedy)])
    return read


def _has_no_key(provider: Provider, environment: Mapping[str, str]) -> bool:
    name = provider.credential
    return provider.auth == "inject" and bool(name) and "/" not in name and _is_lacking(environment.get(name, ""))


def _is_lacking(value: str) -> bool:
    return not value.strip() or bool(unsendable_part(value.strip()))


def rendered_clusters(
    read: ReadConfiguration, environment: Mapping[str, str], *, retries: bool = True
) -> dict[str, bytes]:
    """The clusters that `openclaw.yml` names: JSON by name. With a thousand providers they are 300,000 objects.

    `retries`: a stage's call that got no answer is made again, which takes more than one worker.
    """
    assert read.settings is not None, "there is nothing to write when the files are wrong"
    settings = read.settings
    whole = render_clusters.discovery(
        settings.upstreams, settings.gateway.timeouts, roots=root_certificates(environment), retries=retries
    )
    made = whole["resources"]
    assert isinstance(made, list)
    return {_name(one): j.dump(one) for one in made}


def clusters_text(read: ReadConfiguration, environment: Mapping[str, str], leaving: Sequence[bytes] = ()) -> str:
    """The clusters file: what `openclaw.yml` names, what it named until now, then what was added by hand."""
    return text_with(rendered_clusters(read, environment).values(), leaving, read)


def text_with(named: Iterable[bytes], leaving: Iterable[bytes], read: ReadConfiguration) -> str:
    """The clusters file with these clusters, each in JSON, and those of `read` that were added by hand."""
    return _HEADER + of_clusters((*named, *leaving, *map(j.dump, read.additions)))


_HEADER = """\
# The providers, one Envoy cluster each. A change of this file is taken in at once.
# Clusters that openclaw.yml names are written anew whenever it changes; add others below them.
"""


def publish(path: Path, text: str | bytes) -> Signature:
    """Replace the file at once: Envoy notices a rename, and nobody ever reads half a file.

    Raises:
        OSError: it cannot be written, and is as it was. It names the file.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(text.encode() if isinstance(text, str) else text)
        fresh.chmod(0o600)
        signature = _signature(fresh)  # it stays the same when the file gets its name
        assert signature is not None, "just written"
        fresh.replace(path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise OSError(problem.errno, problem.strerror, str(path)) from problem
    return signature


def write_secrets(gateway: Gateway, folder: Path) -> None:
    """Writes the files for the TLS of Envoy's listener into this folder; none where there is no TLS."""
    if gateway.callers.tls is not None:
        for name, whole in render_callers.secrets(gateway.callers.tls).items():
            publish(folder / name, text_of(whole))


ROOTS = (
    render_clusters.SYSTEM_ROOTS,
    "/etc/pki/tls/certs/ca-bundle.crt",  # Red Hat
    "/etc/ssl/cert.pem",  # Alpine, macOS
)


def root_certificates(environment: Mapping[str, str]) -> str:
    """The certificates of the authorities that providers are checked against.

    `SSL_CERT_FILE` where it is set, as for OpenSSL; else the first usual file of this machine; else the most usual one,
    for a configuration that is read elsewhere.
    """
    given = environment.get("SSL_CERT_FILE")
    return given or next((path for path in ROOTS if Path(path).exists()), ROOTS[0])


def _no_folder(path: str) -> str:
    """Returns why no log file can be written at this path; empty: one can. Nothing is created."""
    file = Path(path).absolute()
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    if file.is_dir():
        return "it is a folder"
    there = file if file.exists() else file.parent
    return "" if os.access(there, os.W_OK) else f"this user may not write to {there}"


def _text_of(path: Path | None, *, must_exist: bool = False) -> tuple[str, Finding | None]:
    if path is None or not (must_exist or path.exists()):
        return "", None
    try:
        return read_text(path, MAX_CONFIG_BYTES)[0], None
    except FileRefusedError as problem:
        return "", Finding("", f"the file cannot be read: {problem}", problem.remedy, file=str(path))


def _name(resource: Json) -> str:
    return str(resource.get("name", "")) if isinstance(resource, dict) else ""


def _signature(path: Path) -> Signature | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _is_readable(path: str) -> bool:
    return os.access(path, os.R_OK)
