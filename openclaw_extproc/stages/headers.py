"""Which headers go to a provider and which come back: nobody's secret, nothing of ours."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote_plus

from openclaw_extproc.gateway import Target
from openclaw_extproc.model.ask import Ask
from openclaw_extproc.plan import Plan
from openclaw_extproc.wire import FORMATS, credentials
from openclaw_extproc.wire.base import ProviderSide

CREDENTIALS = credentials.CALLERS
"""Removed for everyone but the provider they were sent for."""

SECRET_PARAMETERS = frozenset({"key", "api_key", "api-key", "apikey", "access_token"})
"""Google takes `key` and `access_token`; the others are what people write by mistake."""

_NEVER = frozenset(
    {"cookie", "proxy-authorization", "x-request-id", "forwarded", "via", "accept-encoding", "expect", "te"}
)
"""Credentials of other kinds, names of hops, and encodings we would have to undo."""
_OURS = ("x-openclaw-", "x-envoy-", "x-forwarded-")
OURS_ON_ANSWERS = ("x-openclaw-", "x-envoy-")
_SIGNED = ("x-amz-",)
"""Parts of an AWS signature: of an attempt before, or of a caller, whose signature does not hold for our request."""
_ABOUT_ONE_SDK = ("x-stainless-",)

MAX_HEADER_BYTES = 256
"""Ours are for people and dashboards. A longer value is cut."""


_OF_FORMATS = {
    name: frozenset(fmt.provider.client_headers | fmt.provider.headers.keys())
    for name, fmt in FORMATS.items()
    if fmt.provider is not None
}
_OF_ANY_FORMAT = frozenset[str]().union(*_OF_FORMATS.values())


def of_format(headers: Mapping[str, str], name: str) -> dict[str, str]:
    """What a client said in the headers of its own format. None of them is a secret."""
    return {key: headers[key] for key in sorted(_OF_FORMATS[name] - {"content-type"}) if key in headers}


def unwanted(headers: Mapping[str, str], *, keep_credentials: bool, translates: bool) -> set[str]:
    """Names of the request headers that must not go upstream.

    All headers of all formats are among them, those of this attempt's format too: an attempt before may have left
    them behind. What this attempt wants is set anew.
    """
    never = _NEVER | _OF_ANY_FORMAT if keep_credentials else _NEVER | _OF_ANY_FORMAT | CREDENTIALS
    prefixes = (*_OURS, *_SIGNED, *(_ABOUT_ONE_SDK if translates else ()))
    return {name for name in headers if name in never or name.startswith(prefixes)}


def unwanted_in_passing(headers: Mapping[str, str], *, keep_credentials: bool) -> set[str]:
    """As `unwanted`, of a request that is not read: what the bodies and the vendor's format need stays."""
    never = _NEVER - {"accept-encoding", "expect", "te"}
    if not keep_credentials:
        never |= CREDENTIALS
    return {name for name in headers if name in never or name.startswith(_OURS)}


def upstream(side: ProviderSide[Ask], said: Mapping[str, str], length: int) -> dict[str, str]:
    """What every attempt sets: what the format demands unless the client said it, and what the body needs."""
    return {
        **side.headers,
        **said,
        "accept-encoding": "identity",  # a compressed stream could not be read as it comes
        "content-length": str(length),  # the attempt before left its own
    }


def upstream_query(query: str, *, keep_credentials: bool) -> str:
    """The client's query, without a key that is not for this provider."""
    if keep_credentials or not query:
        return query
    return "&".join(pair for pair in query.split("&") if _name(pair) not in SECRET_PARAMETERS)


def _name(pair: str) -> str:
    """Of a query parameter; `k%65y` is `key` to whoever reads it."""
    return unquote_plus(pair.partition("=")[0]).lower()


def answered(plan: Plan, target: Target, failed: Iterable[str], losses: Iterable[str]) -> dict[str, str]:
    """What the client learns about who answered."""
    told = {
        "x-openclaw-provider": target.provider.name,
        "x-openclaw-model": target.model,
        "x-openclaw-requested-model": plan.asked_model,
        "x-openclaw-fallbacks": ",".join(failed),
        "x-openclaw-warnings": ",".join(losses),
    }
    return {name: safe(value) for name, value in told.items() if value}


def not_theirs(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Response headers that only we may set: a provider's own would steer Envoy, or be taken for our word."""
    return tuple(sorted(name for name in headers if name.startswith(OURS_ON_ANSWERS)))


def safe(value: str) -> str:
    """Percent-encoded where a header could not carry it, and capped: parts of it may come from a stranger."""
    encoded = quote(value, safe=" !#$&'()*+,/:;=?@[]-._~|{}")
    if len(encoded) <= MAX_HEADER_BYTES:
        return encoded
    cut = encoded[: MAX_HEADER_BYTES - 3]
    return cut[: cut.rfind("%")] + "..." if "%" in cut[-2:] else cut + "..."
