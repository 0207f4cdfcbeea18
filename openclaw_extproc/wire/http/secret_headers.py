"""Names of headers that carry secrets: of callers, and of those who ask on their behalf."""

from functools import lru_cache

CALLERS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key", "x-goog-user-project"})
"""What callers put their own keys in, and who pays for a call with a Google token."""

_OTHERS = frozenset({"cookie", "proxy-authorization", "x-envoy-original-path", "x-openclaw-key"})
"""`x-envoy-original-path` may have a key in its query."""
_WORDS = frozenset(
    {"authorization", "token", "secret", "password", "passwd", "credential", "credentials", "apikey", "cookie"}
    | {"signature", "jwt", "assertion"}
)


@lru_cache(maxsize=1_024)  # asked for every header of every request, and their names are the same ones each time
def may_be_secret(name: str) -> bool:
    """Whether a request header may hold a secret, by its lower-case name; `x-amz-security-token` may."""
    words = set(name.replace("_", "-").split("-"))
    return name in CALLERS or name in _OTHERS or not words.isdisjoint(_WORDS) or "api-key" in name
