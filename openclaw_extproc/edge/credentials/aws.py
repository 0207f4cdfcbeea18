"""AWS: Signature Version 4 with the keys that the AWS SDK would find.

Source: botocore, which finds the keys (environment, profiles, web identity, container and instance roles) and signs;
and what users of other signers met: the path is signed as it goes out, encoded once more ("%3A" counts as "%253A").
Left out: Bedrock's API keys, which are plain bearer tokens; pre-signed URLs; Signature Version 4A.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol, cast

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ProfileNotFound
from botocore.session import Session

from openclaw_extproc.config.providers.cloud_credentials import DEFAULT
from openclaw_extproc.edge.credentials.identities import NotRenewedError
from openclaw_extproc.stages.events import AwsCredential, GoogleCredential

AGAIN_SECONDS = 60.0
"""Keys that do not expire are looked up anew as often: they may have been rotated. Those that do are renewed by
botocore from 15 minutes before, and no more often than this: a role's session may not be longer than that."""

_HEADERS = ("authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256")


class Keys(Protocol):
    """AWS keys at one moment: the frozen credentials of botocore."""

    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def token(self) -> str | None: ...


class _BotocoreCredentials(Protocol):
    """Credentials as botocore returns them."""

    def get_frozen_credentials(self) -> Keys: ...


class _Expiring(_BotocoreCredentials, Protocol):
    """Credentials that expire: `RefreshableCredentials` of botocore."""

    def refresh_needed(self, seconds: int, /) -> bool:
        """Whether they expire within so many seconds."""
        ...


class _Signer(Protocol):
    def add_auth(self, request: AWSRequest, /) -> None: ...


@dataclass(frozen=True, slots=True, repr=False)
class _HeldCredentials:
    keys: Keys
    found: _BotocoreCredentials

    @property
    def is_expired(self) -> bool:
        return isinstance(self.found, RefreshableCredentials) and cast("_Expiring", self.found).refresh_needed(0)


class AwsSource:
    """A source of AWS keys: one profile, or the default chain of the SDK."""

    def __init__(self, profile: str | None) -> None:
        self._profile = profile
        self._held: _HeldCredentials | None = None
        self._found: _BotocoreCredentials | None = None

    def renew(self) -> float:
        try:
            if not isinstance(self._found, RefreshableCredentials):
                self._found = _looked_up(self._profile)
            if self._found is not None:
                self._held = _HeldCredentials(self._found.get_frozen_credentials(), self._found)
                return AGAIN_SECONDS
        except ProfileNotFound as problem:
            raise NotRenewedError(
                f"no AWS profile is named {self._profile}", "write one of ~/.aws/config, or `default`"
            ) from problem
        except Exception as problem:  # noqa: BLE001  # a source of the chain may raise anything: it runs processes, asks servers
            self._found = None  # look for it anew: where the keys come from may have changed
            kind = type(problem).__name__
            raise NotRenewedError(f"the AWS keys were not renewed ({kind})", "see that their source answers") from None
        self._held = None
        remedy = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, write a profile, or give this machine a role"
        raise NotRenewedError("no AWS keys were found", remedy)

    @property
    def there(self) -> bool:
        held = self._held
        return held is not None and not held.is_expired

    @property
    def tokens(self) -> tuple[str, ...]:
        return ()  # nothing is passed on unread to AWS, and each request has its own signature

    def headers(self, credential: AwsCredential | GoogleCredential) -> dict[str, str]:
        held = self._held
        if held is None or held.is_expired:
            return {}
        assert isinstance(credential, AwsCredential), "a provider of another kind"
        return signature_headers(held.keys, credential)


def _looked_up(profile: str | None) -> _BotocoreCredentials | None:
    """A session of its own, as a session remembers what it found."""
    return cast("_BotocoreCredentials | None", Session(profile=profile).get_credentials())


def signature_headers(keys: Keys, what: AwsCredential) -> dict[str, str]:
    """The headers of a signature that is made now. Envoy sends the others as it likes: they are not signed.

    Takes 70 microseconds for a small body, and half a millisecond for each megabyte (measured 2026-11).
    """
    given = {"host": what.authority, "x-amz-content-sha256": hashlib.sha256(what.body).hexdigest()}
    request = AWSRequest("POST", f"https://{what.authority}{what.path}", headers=given)
    cast("_Signer", SigV4Auth(keys, what.service, what.region)).add_auth(request)
    return {name: str(request.headers[name]) for name in _HEADERS if name in request.headers}


def source(name: str) -> AwsSource:
    return AwsSource(None if name == DEFAULT else name)
