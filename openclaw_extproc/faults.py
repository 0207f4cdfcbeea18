"""All kinds of failure, each named once, with their HTTP status.

A fault says who has to act and what the caller may be told. How it looks on the wire belongs to the client's format;
which HTTP status it gets is decided here and nowhere else.
"""

from enum import Enum

from openclaw_extproc.frozen import dataclass


class FaultKind(Enum):
    """The kind of a fault. The values appear in logs and metrics."""

    MALFORMED = "malformed"
    """The request does not mean anything: broken JSON, wrong types, or the provider called it invalid."""
    UNSUPPORTED = "unsupported"
    """A valid request that the chosen provider's format cannot carry."""
    TOO_LARGE = "too_large"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    """The path is known, and not with this method."""
    REFUSED = "refused"
    """The provider does not serve this request for a reason of its own: the method, the address, the law."""
    RATE_LIMITED = "rate_limited"
    OVER_BUDGET = "over_budget"
    """A limit in dollars of ours is reached, and nothing that it still allows can answer."""
    OVERLOADED = "overloaded"
    UPSTREAM_ERROR = "upstream_error"
    UPSTREAM_GARBLED = "upstream_garbled"
    """The provider's bytes make no answer: unreadable, out of order, or cut short."""
    UPSTREAM_SILENT = "upstream_silent"
    """No answer: connection failed, reset, or nothing came within the limit."""
    EXHAUSTED = "exhausted"
    """Every attempt of the plan failed."""
    ABANDONED = "abandoned"
    BUG = "bug"

    @property
    def status(self) -> int:
        """The HTTP status a fault gets when the upstream gave none."""
        return _STATUS[self]


_STATUS = {
    FaultKind.MALFORMED: 400,
    FaultKind.UNSUPPORTED: 400,
    FaultKind.UNAUTHENTICATED: 401,
    FaultKind.FORBIDDEN: 403,
    FaultKind.NOT_FOUND: 404,
    FaultKind.METHOD_NOT_ALLOWED: 405,
    FaultKind.TOO_LARGE: 413,
    FaultKind.RATE_LIMITED: 429,
    FaultKind.OVER_BUDGET: 429,
    FaultKind.ABANDONED: 499,
    FaultKind.BUG: 500,
    FaultKind.UPSTREAM_ERROR: 502,
    FaultKind.REFUSED: 502,
    FaultKind.UPSTREAM_GARBLED: 502,
    FaultKind.EXHAUSTED: 503,
    FaultKind.UPSTREAM_SILENT: 504,
    FaultKind.OVERLOADED: 529,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, for the response and for the log."""

    kind: FaultKind
    public: str
    """Safe to show to the caller: no secret, no host, no path of ours. A provider's own message may stand here."""
    upstream_status: int | None = None
    """The status the provider answered with, where it did."""
    code: str = ""
    """The provider's own word for it (`context_length_exceeded`), empty when it gave none."""
    about: str = ""
    """The part of the request that only the client's own format can carry, as that format names it."""

    @property
    def status(self) -> int:
        """The HTTP status the caller sees: the provider's error status where there is one."""
        given = self.upstream_status
        return self.kind.status if given is None or given < 400 else given


def kind_of_status(status: int) -> FaultKind:
    """What an upstream's error status means.

    Source: the error pages of OpenAI (400, 401, 403, 404, 422, 429, 500, 503), Anthropic (413, 529) and Google, and
    Bedrock's service model: 408 is a model that took too long, 424 one that failed. 402 is what OpenRouter and DeepSeek
    say to who has not paid, and Anthropic's `billing_error`.

    Only 400 and 422 say that the request itself is wrong. Every other 4xx is about this provider's address, its
    methods, its law or a conflict of its own, and says nothing of what another one would do.
    """
    named = {
        401: FaultKind.UNAUTHENTICATED,
        402: FaultKind.FORBIDDEN,
        403: FaultKind.FORBIDDEN,
        404: FaultKind.NOT_FOUND,
        400: FaultKind.MALFORMED,
        408: FaultKind.UPSTREAM_SILENT,
        413: FaultKind.TOO_LARGE,
        422: FaultKind.MALFORMED,
        424: FaultKind.UPSTREAM_ERROR,
        429: FaultKind.RATE_LIMITED,
        503: FaultKind.OVERLOADED,
        504: FaultKind.UPSTREAM_SILENT,
        529: FaultKind.OVERLOADED,
    }
    return named.get(status, FaultKind.UPSTREAM_ERROR if status >= 500 else FaultKind.REFUSED)


class FaultError(Exception):
    """The exception that carries a fault to the stage, which is the only place that catches it."""

    def __init__(self, kind: FaultKind, public: str, *, about: str = "") -> None:
        super().__init__(f"{kind.value}: {public}")
        self.fault = Fault(kind, public, about=about)
