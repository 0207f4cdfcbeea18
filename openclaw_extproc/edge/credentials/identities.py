"""AWS and Google identities: fetched and renewed in a thread each, so that a request only takes what is known.

What one of them is, `edge/credentials/aws.py` and `edge/credentials/google.py` say; each needs an extra, and is
imported when it is named.
"""

import importlib
import importlib.util
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, cast

from openclaw_extproc.config.findings import Finding, environment_error
from openclaw_extproc.config.providers.cloud_credentials import Cloud, is_cloud
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.gateway import Provider
from openclaw_extproc.stages.events import AwsCredential, GoogleCredential

RETRY_SECONDS = 15.0
"""The pause after a failed renewal. Each try may ask a server that is in trouble already."""

_NEEDS: Mapping[Cloud, tuple[str, ...]] = {"aws": ("botocore",), "google": ("google.auth", "requests")}


class NotRenewedError(Exception):
    """A credential could not be renewed. The message never contains the library's own words, which may quote a
    response."""

    def __init__(self, finding: str, remedy: str) -> None:
        super().__init__(f"{finding}: {remedy}")
        self.finding = finding
        self.remedy = remedy


class Source(Protocol):
    """The source of an identity's credentials."""

    def renew(self) -> float:
        """See to it that there are fresh ones; blocks. Returns after how many seconds to come back.

        Raises:
            NotRenewedError: those known before, if any, hold for as long as they are valid.
        """
        ...

    @property
    def there(self) -> bool:
        """Whether there is a valid credential now."""
        ...

    def headers(self, credential: AwsCredential | GoogleCredential) -> Mapping[str, str]:
        """The headers that carry the credential, without a call to anyone; none when it is missing."""
        ...

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens that requests carry now or soon. A response to another worker may quote them."""
        ...


def installed_extras() -> frozenset[Cloud]:
    """Names of the extras whose packages are installed."""
    return frozenset(extra for extra, names in _NEEDS.items() if all(map(_is_here, names)))


def _is_here(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # its parent
        return False


def _source(kind: Cloud, name: str) -> Source:
    """Raises `NotRenewedError`: the extra is not installed, or only half of it."""
    try:
        module = importlib.import_module(f"openclaw_extproc.edge.credentials.{kind}")
    except ImportError:
        raise NotRenewedError(f"auth: {kind} needs the extra", f"pip install 'openclaw-extproc[{kind}]'") from None
    return cast("Source", module.source(name))


class Identity:
    """A cloud identity whose credential is renewed in a thread until it is closed."""

    def __init__(self, kind: Cloud, name: str, failed: Callable[[str], None]) -> None:
        self.name = f"{kind}:{name}"
        self._key = (kind, name)
        self._failed = failed
        self._source: Source | None = None
        self._failing = False
        self._tried, self._over = threading.Event(), threading.Event()
        # A daemon: a call that hangs must not keep us from ending.
        threading.Thread(target=self._keep, name=self.name, daemon=True).start()

    @property
    def there(self) -> bool:
        return self._source is not None and self._source.there

    def headers(self, credential: AwsCredential | GoogleCredential) -> Mapping[str, str]:
        return {} if self._source is None else self._source.headers(credential)

    @property
    def tokens(self) -> tuple[str, ...]:
        return () if self._source is None else self._source.tokens

    def wait(self, seconds: float) -> None:
        """Waits until the credential was fetched once, with any result, or the seconds are over."""
        self._tried.wait(seconds)

    def close(self) -> None:
        self._over.set()

    def _keep(self) -> None:
        seconds = 0.0
        while not self._over.wait(seconds):
            seconds = self._renew()
            self._tried.set()

    def _renew(self) -> float:
        try:
            if self._source is None:
                self._source = _source(*self._key)
            seconds = self._source.renew()
        except NotRenewedError as problem:
            self._note(problem)
            return RETRY_SECONDS
        if self._failing:
            logs.event("credentials", "renewed", {"credential": self.name})
        self._failing = False
        return seconds

    def _note(self, problem: NotRenewedError) -> None:
        self._failed(self.name)
        if not self._failing:
            data = {"credential": self.name, "finding": problem.finding, "remedy": problem.remedy}
            logs.event("credentials", "not_renewed", {**data, "still_valid": self.there}, level=logging.ERROR)
        self._failing = True


def problems(providers: Iterable[Provider]) -> list[Finding]:
    """Findings of `validate`: fetches the credential of each identity once. Blocks."""
    found: list[Finding] = []
    for provider in providers:
        if is_cloud(provider.auth):
            try:
                _source(provider.auth, provider.credential).renew()
            except NotRenewedError as problem:
                found.append(environment_error(f"provider {provider.name}", problem.finding, problem.remedy))
    return found
