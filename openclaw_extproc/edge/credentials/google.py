"""Google: access tokens of a service account's key file, or of what Google's SDK finds (application default).

Source: google-auth, which knows the flows and their servers. It calls a token stale from 3 minutes 45 seconds before
its end: the metadata server hands out the same token until about then.
Left out: key files of other kinds (external accounts may name programs to run): `GOOGLE_APPLICATION_CREDENTIALS` with
`default` reads them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, cast

import google.auth
import google.auth.transport.requests
from google.auth.credentials import TokenState
from google.auth.exceptions import DefaultCredentialsError
from google.oauth2 import service_account

from openclaw_extproc.config.providers.cloud_credentials import DEFAULT
from openclaw_extproc.edge.credentials.identities import NotRenewedError
from openclaw_extproc.edge.ext_proc.masking import secrets_in
from openclaw_extproc.stages.events import AwsCredential, GoogleCredential

AGAIN_SECONDS = 5.0
"""The interval at which a token's age is looked at, and the delay until a fresh token is used: other workers learn of
it before."""
TIMEOUT_SECONDS = 10
"""The timeout of a call to a token server. google-auth's own is 120."""
SCOPE = "https://www.googleapis.com/auth/cloud-platform"

_HEADERS = ("authorization", "x-goog-user-project")
"""What google-auth sets and a provider needs; the second one says who pays, where that is another project."""


class _GoogleAuthCredentials(Protocol):
    """Credentials as google-auth returns them."""

    @property
    def token_state(self) -> TokenState: ...
    @property
    def expiry(self) -> datetime | None: ...
    def refresh(self, request: object) -> None: ...
    def apply(self, headers: dict[str, str]) -> None: ...


class _FromFile(Protocol):
    def from_service_account_file(self, file: str, /, *, scopes: list[str]) -> _GoogleAuthCredentials: ...


@dataclass(frozen=True, slots=True, repr=False)
class _HeldToken:
    headers: dict[str, str]
    expiry: datetime | None
    """UTC, without saying so, as google-auth has it."""

    @property
    def is_expired(self) -> bool:
        return self.expiry is not None and datetime.now(UTC).replace(tzinfo=None) >= self.expiry


class GoogleSource:
    """A source of access tokens: one key file, or the application default."""

    def __init__(self, file: str | None) -> None:
        self._file = file
        self._found: _GoogleAuthCredentials | None = None
        self._held: _HeldToken | None = None
        self._next: _HeldToken | None = None
        """Fetched while the other one is still valid."""

    def renew(self) -> float:
        if self._next is not None:
            self._held, self._next = self._next, None
        try:
            if self._found is None:
                self._found = _looked_up(self._file)
            if self._found.token_state is not TokenState.FRESH:
                # The application default may ask other servers in turn: the limit is for each of them.
                self._found.refresh(partial(google.auth.transport.requests.Request(), timeout=TIMEOUT_SECONDS))
                fresh = _to_held(self._found)
                if self.there:
                    self._next = fresh
                else:
                    self._held = fresh
        except Exception as problem:  # noqa: BLE001  # whatever a file or a token server may bring about
            self._found = None  # read the file anew: it may have been rotated
            raise self._as_not_renewed(problem) from None
        return AGAIN_SECONDS

    def _as_not_renewed(self, problem: Exception) -> NotRenewedError:
        if self._file is not None:
            remedy = f"see that {self._file} is the key file of an enabled service account, and its token_uri answers"
        elif isinstance(problem, DefaultCredentialsError):
            remedy = "set GOOGLE_APPLICATION_CREDENTIALS, or give this machine a service account"
            return NotRenewedError("no Google credentials were found", remedy)
        else:
            remedy = "see that the token server answers, and that the identity is enabled"
        return NotRenewedError(f"the Google token was not renewed ({type(problem).__name__})", remedy)

    @property
    def there(self) -> bool:
        return bool(self._headers())

    def headers(self, credential: AwsCredential | GoogleCredential) -> dict[str, str]:  # noqa: ARG002  # the same for all
        return self._headers()

    def _headers(self) -> dict[str, str]:
        valid = (held.headers for held in (self._held, self._next) if held is not None and not held.is_expired)
        return next(valid, dict[str, str]())

    @property
    def tokens(self) -> tuple[str, ...]:
        held = [one.headers for one in (self._held, self._next) if one is not None]
        return tuple(secret for headers in held for secret in secrets_in(headers))


def _looked_up(file: str | None) -> _GoogleAuthCredentials:
    if file is None:
        return cast("_GoogleAuthCredentials", google.auth.default(scopes=[SCOPE])[0])  # pyright: ignore[reportUnknownMemberType]  # half typed
    kind = cast("_FromFile", service_account.Credentials)
    return kind.from_service_account_file(file, scopes=[SCOPE])


def _to_held(found: _GoogleAuthCredentials) -> _HeldToken:
    applied: dict[str, str] = {}
    found.apply(applied)
    headers = {name.lower(): value for name, value in applied.items()}
    return _HeldToken({name: headers[name] for name in _HEADERS if name in headers}, found.expiry)


def source(name: str) -> GoogleSource:
    return GoogleSource(None if name == DEFAULT else name)
