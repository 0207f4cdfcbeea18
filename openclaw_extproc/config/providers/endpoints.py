"""Parsing of the `endpoint` of a provider, and the distance of an address: this machine, a private network, or neither.

A finding about an endpoint never contains the URL, which may hold a password.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from openclaw_extproc.config.findings import Finding, error
from openclaw_extproc.config.settings import BasePath

_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_EXAMPLE = "write one such as https://llm.example.com or http://10.0.0.5:8080/v1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A parsed endpoint URL."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str
    """Without a slash at the end: "" or "/v1"."""


def endpoint(url: str, path: str) -> Endpoint | Finding:
    """The URL's parts, or what is wrong with it; `path` is where in the configuration it stands."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return error(path, "is not a URL, or its port is none", _EXAMPLE)
    if parts.scheme not in ("http", "https"):
        return error(path, "does not begin with http:// or https://", _EXAMPLE)
    if problem := _problem(parts, port):
        return error(path, *problem)
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    return Endpoint(scheme, parts.hostname or "", port or {"http": 80, "https": 443}[scheme], parts.path.rstrip("/"))


def _problem(parts: SplitResult, port: int | None) -> tuple[str, str] | None:
    if "@" in parts.netloc:
        return "has a user name or a password in it", "remove it and write api_key: ${NAME}"
    if not _HOST.fullmatch(parts.hostname or ""):
        return "names no host", _EXAMPLE
    if port == 0:
        return "has port 0", _EXAMPLE
    if parts.query or parts.fragment:
        return "has a query or a fragment", "end it before the `?` or `#`"
    if not _PATH.fullmatch(parts.path):
        return "has a path that no URL can have", _EXAMPLE
    if parts.path.rstrip("/").endswith(("/chat/completions", "/messages")):
        return (
            "contains the path of the wire format",
            "end it before /chat/completions or /messages, which are appended",
        )
    return None


def below_the_same(one: BasePath, other: BasePath, base_path: str) -> bool:
    """Whether two formats can be spoken to one provider, whose base path this is.

    Theirs must be the same where the host alone is known, too: a path that is written fits any format.
    """
    return one("") == other("") and one(base_path) == other(base_path)


_LOCAL_SUFFIXES = (".local", ".internal", ".localhost", ".lan", ".svc", ".home.arpa", ".intranet", ".private", ".corp")
"""Ends of names that no public resolver knows (RFC 6761, 6762, 8375, ICANN's `.internal`), and what is usual in
clusters and companies."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_near(host: str) -> bool:
    """Whether an address is of this machine or of a private network. Of a name only its form is looked at: nobody is
    asked, so a name without a dot is near, and a name that could be anybody's is not."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.lower().rstrip(".")
        return "." not in name or name.endswith(_LOCAL_SUFFIXES)
    return not address.is_global
