"""Which headers go to a provider and which come back: nobody's secret, nothing of ours."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from openclaw_extproc.gateway import Target
from openclaw_extproc.plan import Plan
from openclaw_extproc.wire.base import ProviderSide

CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})
"""What callers put their own keys in. Removed for everyone but the provider they were sent for."""

_NEVER = frozenset({"cookie", "proxy-authorization", "x-request-id", "forwarded", "via", "accept-encoding", "expect"})
"""Credentials of other kinds, names of hops, and encodings we would have to undo."""
_OURS = ("x-openclaw-", "x-envoy-", "x-forwarded-")
_ABOUT_ONE_SDK = ("x-stainless-",)

MAX_HEADER_BYTES = 256
"""Ours are for people and dashboards. A longer value is cut."""


def unwanted(headers: Mapping[str, str], *, keep_credentials: bool, foreign: Iterable[str]) -> set[str]:
    """Names of the request headers that must not go upstream. `foreign`: those of another format's clients."""
    never = _NEVER if keep_credentials else _NEVER | CREDENTIALS
    foreign = frozenset(foreign)
    prefixes = (*_OURS, *_ABOUT_ONE_SDK) if foreign else _OURS
    return {name for name in headers if name in never or name in foreign or name.startswith(prefixes)}


def upstream(headers: Mapping[str, str], side: ProviderSide) -> dict[str, str]:
    """What a provider's format demands, unless the client said it itself."""
    wanted = {name: value for name, value in side.headers.items() if name == "content-type" or name not in headers}
    return {**wanted, "accept-encoding": "identity"}  # a compressed stream could not be read as it comes


def upstream_query(query: str, *, keep_credentials: bool) -> str:
    """The client's query, without a `key=` that is not for this provider."""
    if keep_credentials or not query:
        return query
    return "&".join(pair for pair in query.split("&") if pair.partition("=")[0].lower() != "key")


def answered(plan: Plan, target: Target, failed: Iterable[str], losses: Iterable[str]) -> dict[str, str]:
    """What the client learns about who answered."""
    told = {
        "x-openclaw-provider": target.provider.name,
        "x-openclaw-model": target.model,
        "x-openclaw-requested-model": plan.asked_model,
        "x-openclaw-reason": "; ".join(plan.because),
        "x-openclaw-fallbacks": ",".join(failed),
        "x-openclaw-warnings": ",".join(losses),
    }
    return {name: safe(value) for name, value in told.items() if value}


def not_theirs(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Response headers that only we may set: a provider's own would steer Envoy, or be taken for our word."""
    return tuple(sorted(name for name in headers if name.startswith(("x-openclaw-", "x-envoy-"))))


def safe(value: str) -> str:
    """Percent-encoded where a header could not carry it, and capped: parts of it may come from a stranger."""
    encoded = quote(value, safe=" !#$&'()*+,/:;=?@[]-._~|{}")
    if len(encoded) <= MAX_HEADER_BYTES:
        return encoded
    cut = encoded[: MAX_HEADER_BYTES - 3]
    return cut[: cut.rfind("%")] + "..." if "%" in cut[-2:] else cut + "..."
