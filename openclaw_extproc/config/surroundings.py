"""What this machine has for a configuration: credentials, key files, a place for the log. Findings say what it lacks.

The core reads no environment and no disk: the edge passes in what it sees there.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from openclaw_extproc.config.findings import Finding, environment_error, warning
from openclaw_extproc.config.known.prices import NEWEST
from openclaw_extproc.config.providers.cloud_credentials import (
    TOO_SHORT,
    TOO_SHORT_REMEDY,
    Objection,
    cloud_findings,
    is_cloud,
    is_too_short,
    unsendable_part,
)
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.config.schema.config_file import Written
from openclaw_extproc.config.settings import BasePath
from openclaw_extproc.gateway import Provider


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment that a configuration is checked against: credentials, files and the clusters file."""

    environment: Mapping[str, str]
    """The environment variables. Of a credential's variable only whether it has a usable value is looked at."""
    formats: Mapping[str, BasePath]
    """The base path function of each known provider format, by the format's name."""
    key_file: Callable[[str, bool], Objection | None] = lambda _path, _is_header: None
    """Returns what is wrong with a key file, by its path; `None`: nothing. The second argument says whether its content
    goes into a header as it is."""
    readable: Callable[[str], bool] = lambda _: True
    """Returns whether a file that holds no credential of ours (a certificate, a key set) can be read."""
    no_folder: Callable[[str], str] = lambda _: ""
    """Returns why no log file can be written at a path; empty: one can."""
    extras: Collection[str] = ("aws", "google")
    """Names of the installed extras of this distribution."""
    today: date = NEWEST
    """The day whose list prices hold."""

    @property
    def variables(self) -> frozenset[str]:
        """Names of the environment variables that are set and not empty."""
        return frozenset(name for name, value in self.environment.items() if value.strip())

    def has_usable(self, variable: str) -> bool:
        """Whether an environment variable has a value that a header can carry."""
        value = self.environment.get(variable, "").strip()
        return bool(value) and not unsendable_part(value)


def credential_findings(providers: Providers, around: Surroundings) -> Iterator[Finding]:
    """Findings about credentials that are missing now: their providers cannot be used, and all others can."""
    for name, provider in providers.by_name.items():
        credential, path = provider.credential, providers.paths[name]
        yield from cloud_findings(provider, path, around.extras)
        if "/" in credential:
            yield from _key_file(provider, path, around)
        elif is_cloud(provider.auth):
            continue  # a profile may be anywhere: who asks for it says so
        elif credential and not around.environment.get(credential, "").strip():
            finding = f"the variable {credential} is not set, so {name} cannot be used"
            yield environment_error(path, finding, f"export {credential}=... before the start")
        elif credential and not around.has_usable(credential):
            holds = f"the variable {credential} contains a line break or another control character within the key"
            yield environment_error(
                path, f"{holds}, which is not sent, so {name} cannot be used", "set it to the key alone"
            )
        elif is_too_short(around.environment.get(credential, "").strip()):
            yield warning(path, f"the key in the variable {credential} {TOO_SHORT}", TOO_SHORT_REMEDY)


def _key_file(provider: Provider, path: str, around: Surroundings) -> Iterator[Finding]:
    name, credential = provider.name, provider.credential
    if (objection := around.key_file(credential, not is_cloud(provider.auth))) is None:
        return
    # What does not begin as a path does may be the key itself, written in the wrong place.
    file = f"the key file {credential}" if re.match(r"~|\.{0,2}/", credential) else "the key file"
    if objection.is_usable:
        yield warning(path, f"{file} {objection.why}", objection.remedy)
    else:
        remedy = "put the key there, alone and readable for this user; it is read again at each call"
        yield environment_error(path, f"{file} {objection.why}, so {name} cannot be used", remedy)


def with_credentials(providers: Providers, around: Surroundings) -> dict[str, Provider]:
    """The providers by name whose credential is there. A cloud's identity counts as there: it is asked for later."""

    def there(provider: Provider) -> bool:
        name = provider.credential
        if is_cloud(provider.auth) or not name:
            return True
        if "/" in name:
            return (objection := around.key_file(name, True)) is None or objection.is_usable
        return around.has_usable(name)

    return {name: provider for name, provider in providers.by_name.items() if there(provider)}


def log_findings(written: Written, around: Surroundings) -> Iterator[Finding]:
    """A finding when no log file can be written at `logging.output`."""
    output = written.logging.output
    if output not in (None, "-", "stdout") and (why := around.no_folder(output)):
        finding = f"no file can be written there ({why}), so the log goes to standard output"
        yield environment_error(
            "logging.output", finding, 'create the folder for this user, or write output: "-"', "machine"
        )
