"""Request headers that vendors' clients send on purpose, and that go on to a provider.

All others stay here: what a mesh, a tracer or a browser adds to a request is nobody's business outside. An operator
lets more pass with `forward_headers`.

Source: the official SDKs of OpenAI, Anthropic and Google for Python and JavaScript (those that the tests use), Codex,
Claude Code and Gemini CLI, and the API references where they name headers (OpenRouter's `HTTP-Referer` and `X-Title`,
xAI's `x-grok-conv-id`).
"""

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.wire.http.secret_headers import CALLERS, may_be_secret


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
