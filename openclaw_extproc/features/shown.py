"""The headers of a request that conditions may look at."""

from collections.abc import Mapping

from openclaw_extproc.wire.http.secret_headers import may_be_secret

MAX_HEADERS = 100
"""As many as Envoy lets pass by default: a client must not push a header out of sight by sending others."""
MAX_VALUE_BYTES = 256


def shown(headers: Mapping[str, str]) -> dict[str, str]:
    """By their names in lower case, without pseudo headers, secrets, and what is longer than its limit."""
    names = (name for name in headers if not name.startswith(":") and not may_be_secret(name.lower()))
    return {name.lower(): _short(headers[name]) for name, _ in zip(names, range(MAX_HEADERS), strict=False)}


def _short(value: str) -> str:
    if len(value) <= MAX_VALUE_BYTES // 4:
        return value
    return value.encode(errors="replace")[:MAX_VALUE_BYTES].decode(errors="ignore")
