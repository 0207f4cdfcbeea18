"""The headers that go to a provider and those that come back: no secret of anybody else's, and none of our own
headers."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote_plus

from openclaw_extproc.features.identity import ACCOUNT
from openclaw_extproc.gateway import Provider, Target
from openclaw_extproc.model.requests import Ask
from openclaw_extproc.plan import Plan
from openclaw_extproc.wire import FORMATS, headers_of, upstream_format
from openclaw_extproc.wire.base import ProviderSide
from openclaw_extproc.wire.http import headers as secret_headers
from openclaw_extproc.wire.http.headers import ANY, UNREAD, HeaderNames, header_names

CREDENTIALS = secret_headers.CALLERS
"""Removed for everyone but the provider they were sent for."""

SECRET_PARAMETERS = frozenset(
    {"key", "api_key", "api-key", "apikey", "access_token", "access-token", "token", "auth", "auth_token", "api_token"}
    | {"oauth_token", "authorization", "bearer", "client_secret", "secret", "password", "subscription-key"}
    | {"x-api-key", "x-goog-api-key", "x-amz-security-token", "x-amz-credential", "x-amz-signature"}
)
"""Google takes `key`, `access_token` and `oauth_token`; the others are what people write by mistake."""
_KEY_IN_PROTOCOL = "openai-insecure-api-key."
"""What browsers put before their key, as a name of a subprotocol: they cannot set other headers of a WebSocket."""

_REDIRECTING = frozenset({"location", "content-location", "refresh", "link", "alt-svc", "alt-used"})
_TRACKING = frozenset(
    {"set-cookie", "set-cookie2", "set-login", "clear-site-data", "accept-ch", "critical-ch", "server-timing"}
    | {"nel", "report-to", "reporting-endpoints", "expect-ct", "strict-transport-security", "public-key-pins"}
    | {"public-key-pins-report-only", "content-security-policy", "content-security-policy-report-only"}
    | {"service-worker-allowed", "speculation-rules", "origin-trial", "observe-browsing-topics"}
)
_ASKING = frozenset({"www-authenticate", "proxy-authenticate", "authentication-info", "proxy-authentication-info"})
"""About the credential, which is ours."""
KEPT_FROM_CALLERS = _REDIRECTING | _TRACKING
PROVIDER = "x-openclaw-provider"
"""The response header with the name of the provider that responded."""
ATTEMPTS, REQUEST_ID = "x-openclaw-attempts", "x-openclaw-request-id"
"""The response headers with the number of attempts, and with what a caller quotes who asks about a call."""
RETRY_SOON = {"retry-after": "1", "x-should-retry": "true"}
"""The headers of a response of the gateway's own before anything was tried: a retry by the client is right."""
NO_RETRY = {"x-should-retry": "false"}
"""The headers of a response that would be the same after a retry."""
OURS_ON_ANSWERS = ("x-openclaw-", "x-envoy-")
_KEPT_PREFIXES = (*OURS_ON_ANSWERS, "x-accel-", "x-sendfile", "attribution-reporting-")
"""The first two are ours to say; the others have a server between us and the caller send files of its own."""
_REDIRECTS = frozenset({"301", "302", "303", "307", "308"})

MAX_HEADER_BYTES = 256
"""The length to which our response headers are cut; they are for people and dashboards."""


_OF_FORMATS = {
    name: frozenset((*fmt.provider.client_headers, *fmt.provider.headers))
    for name, fmt in FORMATS.items()
    if fmt.provider is not None
}
_OF_ANY_FORMAT = frozenset[str]().union(*_OF_FORMATS.values())


def of_format(headers: Mapping[str, str], name: str) -> dict[str, str]:
    """What a client said in the headers of its own format. None of them is a secret."""
    return {key: headers[key] for key in sorted(_OF_FORMATS[name] - {"content-type"}) if key in headers}


@lru_cache(maxsize=1_024)  # asked for each attempt; a configuration has a few of these
def _allowed_headers(vendor: str, forwarded: tuple[str, ...], *, unread: bool) -> HeaderNames:
    """`vendor`: the client's format, where the provider is asked in the words of the same vendor; else empty."""
    found = ANY | header_names(forwarded)
    if vendor:
        found |= headers_of(vendor)
    return found | UNREAD if unread else found


def plan_headers(headers: Mapping[str, str], client_format: str, targets: Iterable[Target]) -> dict[str, str]:
    """What a plan has to say of the client's headers. An attempt takes away what its provider may not have, and Envoy
    keeps what an attempt did to the headers for the attempts after it."""
    allowed = {_allowed_to(target.provider, client_format) for target in targets}
    found = of_format(headers, client_format)
    if len(allowed) > 1:
        wanted = {name for name in headers if name not in ANY and any(name in one for one in allowed)}
        found |= {name: headers[name] for name in sorted(wanted - CREDENTIALS)}
    return found


def _allowed_to(provider: Provider, client_format: str) -> HeaderNames:
    spoken = upstream_format(provider, client_format)
    same = spoken is not None and spoken.words == client_format
    return _allowed_headers(client_format if same else "", provider.forward_headers, unread=False)


def of_plan(said: Mapping[str, str], provider: Provider, client_format: str) -> dict[str, str]:
    """Returns the headers in a plan that this provider may have."""
    allowed = _allowed_to(provider, client_format)
    return {name: said[name] for name in said if name in allowed and name not in CREDENTIALS}


def unwanted_headers(
    headers: Mapping[str, str], provider: Provider, client_format: str, *, keep_credentials: bool
) -> set[str]:
    """Names of the request headers that must not go upstream: all that nobody allowed.

    All headers of all formats are among them, those of this attempt's format too: an attempt before may have left
    them behind. What this attempt wants is set anew.
    """
    allowed = _allowed_to(provider, client_format)
    wanted = {name for name in headers if name in allowed and name not in CREDENTIALS} - _OF_ANY_FORMAT
    return headers.keys() - (wanted | CREDENTIALS if keep_credentials else wanted - {ACCOUNT})


def unwanted_in_passing(
    headers: Mapping[str, str], provider: Provider, client_format: str, *, keep_credentials: bool
) -> set[str]:
    """Returns the headers that are removed from a request that is not read. What its body and its vendor's format need
    stays."""
    allowed = _allowed_headers(client_format, provider.forward_headers, unread=True)
    wanted = {name for name in headers if name in allowed and name not in CREDENTIALS}
    return headers.keys() - (wanted | CREDENTIALS if keep_credentials else wanted - {ACCOUNT})


def subprotocols(headers: Mapping[str, str]) -> dict[str, str]:
    """A WebSocket's, without a caller's key."""
    said = headers.get("sec-websocket-protocol", "")
    if _KEY_IN_PROTOCOL not in said:
        return {}
    kept = [one.strip() for one in said.split(",") if not one.strip().startswith(_KEY_IN_PROTOCOL)]
    return {"sec-websocket-protocol": ", ".join(kept)}


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
    """Returns the decoded name of a query parameter: `k%65y` is `key`."""
    return unquote_plus(pair.partition("=")[0]).lower()


def response_headers(plan: Plan, target: Target, failed: Iterable[str], losses: Iterable[str]) -> dict[str, str]:
    """What the client learns about who answered."""
    told = {
        PROVIDER: target.provider.name,
        "x-openclaw-model": target.model,
        "x-openclaw-requested-model": plan.asked_model,
        "x-openclaw-fallbacks": ",".join(failed),
        "x-openclaw-warnings": ",".join(losses),
    }
    return {name: safe(value) for name, value in told.items() if value}


def not_theirs(headers: Mapping[str, str], *, keep_credentials: bool = False) -> tuple[str, ...]:
    """Names of the response headers that do not go to callers.

    Those that only we may set, as a provider's own would steer Envoy or be taken for our word; those that send a
    caller, a browser or a server between us elsewhere, or have it keep or report something; and those that ask for
    another credential, unless it was the caller's. What is left are rate limits, ids, `retry-after` and the like.
    """
    gone = KEPT_FROM_CALLERS if keep_credentials else KEPT_FROM_CALLERS | _ASKING
    return tuple(sorted(name for name in headers if name in gone or name.startswith(_KEPT_PREFIXES)))


def not_theirs_in_passing(headers: Mapping[str, str], method: str, *, keep_credentials: bool) -> tuple[str, ...]:
    """Returns the response headers that are removed where the body is not read, as `not_theirs`. A download may be
    elsewhere: the redirect of a GET to an `https` address goes on."""
    gone = not_theirs(headers, keep_credentials=keep_credentials)
    redirects = headers.get(":status") in _REDIRECTS and method in ("GET", "HEAD")
    if redirects and headers.get("location", "").startswith("https://"):
        return tuple(name for name in gone if name != "location")
    return gone


def safe(value: str) -> str:
    """Percent-encoded where a header could not carry it, and capped: parts of it may come from a stranger."""
    encoded = quote(value, safe=" !#$&'()*+,/:;=?@[]-._~|{}")
    if len(encoded) <= MAX_HEADER_BYTES:
        return encoded
    cut = encoded[: MAX_HEADER_BYTES - 3]
    return cut[: cut.rfind("%")] + "..." if "%" in cut[-2:] else cut + "..."
