"""The head of a request: the headers that go on to a provider, those that may hold secrets, and the canonical path.

Request headers that vendors' clients send on purpose, and that go on to a provider.

All others stay here: what a mesh, a tracer or a browser adds to a request is nobody's business outside. An operator
lets more pass with `forward_headers`.

Source: the official SDKs of OpenAI, Anthropic and Google for Python and JavaScript (those that the tests use), Codex,
Claude Code and Gemini CLI, and the API references where they name headers (OpenRouter's `HTTP-Referer` and `X-Title`,
xAI's `x-grok-conv-id`).

Names of headers that carry secrets: of callers, and of those who ask on their behalf.

The canonical spelling of request paths. A path is normalized before anything decides what it means.

Servers differ in what they take for the same path: `//`, `/./`, `%63` for `c`, a slash at the end. Envoy's listener
normalises too, and nothing here depends on that it did.
Source: RFC 3986, section 6.2.2 (percent-encoding, dot segments), and Envoy's `normalize_path` and `merge_slashes`.
Left out on purpose: `%2F`, `%5C`, `;x`, backslashes and upper case. Which server takes them for what is not known, and
a name of a model may have some of them in it. No fixed part of a known path has one, so such a path is unknown.
"""

import re
from functools import lru_cache

from openclaw_extproc.frozen import dataclass

# -- secret headers --------------------------------------------------------------------


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


# -- client headers --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeaderNames:
    """A set of header names, some by what they begin with. Secrets are in it only by their whole name."""

    names: frozenset[str]
    prefixes: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        return name in self.names or (name.startswith(self.prefixes) and not may_be_secret(name))

    def __or__(self, other: "HeaderNames") -> "HeaderNames":
        return HeaderNames(self.names | other.names, self.prefixes + other.prefixes)


def header_names(written: tuple[str, ...]) -> HeaderNames:
    """Returns the header names that configured patterns like `x-tenant` and `x-team-*` stand for."""
    whole = frozenset(name for name in written if not name.endswith("*"))
    return HeaderNames(whole, tuple(name[:-1] for name in written if name.endswith("*")))


ANY = HeaderNames(
    frozenset({"accept", "content-type", "content-length", "host", "transfer-encoding", "user-agent"})
    | {"traceparent", "tracestate"},
    (":",),
)
"""What a request of any format may carry to any provider. Of tracing only the standard's two headers, which say no more
than two numbers and what vendors of tracing add to them."""
UNREAD = HeaderNames(
    frozenset({"connection", "upgrade", "range", "expect", "accept-encoding"}),
    ("content-", "if-", "sec-websocket-"),
)
"""Besides, what a body or a connection needs that nobody here reads."""

_SDK = ("x-stainless-",)
OPENAI = HeaderNames(
    frozenset({"idempotency-key", "x-client-request-id", "originator", "version", "session_id", "session-id"})
    | {"conversation_id", "chatgpt-account-id", "http-referer", "x-title"},
    ("openai-", "x-openai-", "x-codex-", "x-openrouter-", "x-grok-", *_SDK),
)
ANTHROPIC = HeaderNames(
    frozenset({"idempotency-key", "x-client-request-id", "x-app"}), ("anthropic-", "x-claude-", *_SDK)
)
GEMINI = HeaderNames(frozenset({"x-server-timeout"}), ("x-goog-", "x-gemini-", "x-google-", "x-vertex-ai-"))

NEVER = CALLERS | {"cookie", "proxy-authorization", "content-length", "host", "connection", "transfer-encoding"}
"""What nobody can ask for: credentials have `auth: forward`, the others are made anew for each hop."""
NEVER_PREFIXES = (":", "x-openclaw-", "x-envoy-")


# -- request path ----------------------------------------------------------------------


_PERCENT_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def canonical(path: str) -> str:
    """The path with unreserved characters decoded, and without dot segments, empty segments and a final slash."""
    kept: list[str] = []
    for segment in _PERCENT_ENCODED.sub(_decode, path).split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept)


def _decode(found: re.Match[str]) -> str:
    letter = chr(int(found[1], 16))
    return letter if letter in _UNRESERVED else found[0].upper()
