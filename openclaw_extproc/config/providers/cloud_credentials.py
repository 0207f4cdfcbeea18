"""Linking of cloud credentials (AWS keys and Google identities, by name), and what makes a key or its file unusable.

A key is a secret from `MIN_SECRET_BYTES` bytes on: a shorter one stands in every other sentence, so it is not cut out
of what providers answer. Words that stand where an SDK or a server insists on some key (`PLACEHOLDERS`) are none.

Left out: keys in the configuration itself, and identities described in a file of another kind than a service
account's: the usual chain of each SDK reads those, under the name `default`.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeGuard

from openclaw_extproc.config.findings import Finding, error
from openclaw_extproc.gateway import Auth, Provider

Cloud: TypeAlias = Literal["aws", "google"]

DEFAULT = "default"
"""Whatever the provider's own SDK would find."""

_PROFILE = re.compile(r"(?!(?:AKIA|ASIA)[A-Z0-9]{16})[A-Za-z0-9_.-]{1,39}")
"""A profile's usual name. A key written by mistake must not pass: ids begin so, and secret keys have 40 characters."""
_REMEDIES = {
    "aws": "write the name of a profile, or `default` for what the AWS SDK finds",
    "google": "write the path of a service account's key file, or `default` for what Google's SDK finds",
}


def is_cloud(auth: Auth) -> TypeGuard[Cloud]:
    """Whether a kind of authentication uses an identity of a cloud."""
    return auth in ("aws", "google")


def cloud_credential(auth: Cloud, written: str, path: str) -> str | Finding:
    """The name, or what is wrong with it. The finding does not repeat it: it may be a key."""
    if not written:
        return DEFAULT
    is_path = "/" in written and not re.search(r"\s", written)
    good = written == DEFAULT or (is_path if auth == "google" else _PROFILE.fullmatch(written) is not None)
    return written if good else error(path, f"is not a credential for auth: {auth}", _REMEDIES[auth])


def cloud_findings(provider: Provider, path: str, extras: Collection[str]) -> Iterator[Finding]:
    """What stands in the way of its credential. `path`: where that is written, or should be."""
    if not is_cloud(provider.auth):
        return
    section = path.rpartition(".")[0]
    if provider.auth not in extras:
        remedy = f"pip install 'openclaw-extproc[{provider.auth}]'"
        yield error(f"{section}.auth", f"auth: {provider.auth} needs the extra", remedy)
    if provider.auth == "aws" and not provider.region:
        yield error(f"{section}.region", "missing: signatures need a region", "write one such as us-east-1")
    if provider.auth == "aws" and not provider.authority:
        yield error(section, "its cluster names no host: a signature is for one host", "write endpoint.hostname")


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def unsendable_part(key: str) -> str:
    """What no header can carry of a key, in words; empty when there is none. Space around a key is cut off before."""
    if "\n" in key or "\r" in key:
        return "a line break"
    return "a control character" if _CONTROL.search(key) else ""


MIN_SECRET_BYTES = 8
"""Of a key that is cut out of responses."""
PLACEHOLDERS = frozenset({
    "changeme", "dummy", "dummy-key", "empty", "fake", "lm-studio", "local", "localhost", "no-key", "no-key-required",
    "no-key-needed", "none", "not-needed", "not-required", "not-used", "null", "ollama", "placeholder", "simulated",
    "sk-no-key-required", "unused", "vllm", "x",
})  # fmt: skip
"""What documentation of local servers and of SDKs has in place of a key, in small letters."""


def is_secret(key: str) -> bool:
    """Whether a key is cut out of responses."""
    return len(key.encode()) >= MIN_SECRET_BYTES and not is_placeholder(key)


def is_placeholder(key: str) -> bool:
    return key.lower() in PLACEHOLDERS


TOO_SHORT = f"has fewer than {MIN_SECRET_BYTES} bytes, so it is not cut out of responses that quote it"
TOO_SHORT_REMEDY = "use a longer key; for a server that needs none, leave api_key out"


def is_too_short(key: str) -> bool:
    """Whether a key is one, and too short to be cut out of responses."""
    return bool(key) and not is_secret(key) and not is_placeholder(key)


@dataclass(frozen=True, slots=True)
class Objection:
    """The reason why the file of a key cannot be used as it is."""

    why: str
    """In words that go behind "the key file"."""
    is_usable: bool = False
    """Whether a provider can be asked with it all the same."""
    remedy: str = "let this user alone read it"
    """For one that is usable."""
