"""The faults, what has to come of each, and why where that is less than a right answer.

Sixteen of them are the scenarios of github.com/failoverbench/failoverbench. **pass**: the right and whole answer, in
bounded time, with headers that say who gave it. **safe**: an error of the kind that the client's SDK documents, in
bounded time. Anything else is **fail**: half an answer taken for a whole one, a hang, another kind of error, wrong
usage. An expectation of *safe* has its reason beside it; a run that finds less than expected has failed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["pass", "safe", "fail"]
RANKS: Mapping[Verdict, int] = {"pass": 2, "safe": 1, "fail": 0}

Chain: TypeAlias = Literal["same", "other", "translated", "alone"]
"""Who is asked first and who stands in. `same`: both speak the client's format. `other`: the first does, the stand-in
does not. `translated`: the first does not, the stand-in does. `alone`: nobody stands in."""

PATIENCE_SECONDS = 1.5
"""How long an attempt may be silent in these runs."""
CONNECT_SECONDS = 1.0
"""How long a connection may take."""
QUICK_SECONDS = 3.0
"""For what needs no waiting. An answer takes milliseconds; the rest is room for a machine with other work."""


@dataclass(frozen=True, slots=True)
class Expected:
    verdict: Verdict
    why: str = ""
    """Of a `safe`: why nothing better is possible, or wanted."""
    statuses: frozenset[int] = frozenset()
    """Of a `safe` before the first content: what the error's status may be."""
    says: str = ""
    """Of a `safe` before it: what stands in the error's message."""
    breaks: bool = False
    """Of a `safe` after it: the broken connection may be all that tells the client."""
    asks_again: bool = False
    """Of a `safe` before it: the SDK is told to call once more, because that call finds another provider."""


PASS = Expected("pass")


def safe(why: str, *statuses: int, breaks: bool = False, says: str = "", asks_again: bool = False) -> Expected:
    return Expected("safe", why, frozenset(statuses), says, breaks, asks_again)


def own(status: int, says: str) -> Expected:
    """What is told of who is alone."""
    return safe("nobody stands in: the provider's own status and words", status, says=says)


_BUFFER = ", on_midstream_fault: buffer"
_BEGUN = "the client has the first words already"
_SAID = safe(f"{_BEGUN}: the format's error event ends the stream")
_BREAKS = safe(f"{_BEGUN}, and Envoy ends both connections at once: never a clean end", breaks=True)
_SILENT = safe(f"{_BEGUN}: the format's error event, and then the connection breaks")
_UNENDED = safe("nothing says that this was all: the format's error event ends the stream")
_NOBODY = safe("nobody is left who could answer: the emergency message, with `retry-after`", 503)
_INTERIM = safe(
    "Envoy 1.40 asks nobody else once an interim answer has come: the emergency message in time, and the SDK's retry "
    "finds the next provider",
    503,
    asks_again=True,
)
_PAUSE = safe("the only provider wants a pause: the caller is told how long", 429)
_REQUEST = safe("the request is to blame: another provider would say the same", 400)


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    about: str
    """What the provider does."""
    fault: str
    """Of the one who is asked first, as the simulator calls it; empty: nobody is at its address."""
    whole: Expected = PASS
    """Of an answer in one piece."""
    streamed: Expected = PASS
    alone: Expected | None = None
    """Where it is worth asking what comes of it with nobody standing in."""
    at: str = ""
    """The address of who is asked first, where it is none of a simulator; `fault` is empty then."""
    then: str = "ok"
    """The fault of the stand-in."""
    chains: tuple[Chain, ...] = ("same", "other", "translated")
    clients: tuple[str, ...] = ("openai", "anthropic", "gemini")
    waits: float = 0.0
    """Seconds it may take beyond `QUICK_SECONDS`."""
    times: int = 1
    """Requests, one after the other, each of which has to end as expected."""
    stop: str = "end"
    """How the right answer ends."""
    leaves: bool = False
    """The client goes away before the answer is over."""
    windows: tuple[int, int] | None = None
    """Tokens that fit into the models of the first one and of the stand-in."""
    more: str = ""
    """Of the entry of who is asked first in the configuration."""
    unbilled: bool = False
    """Tokens of the first one are counted nowhere."""

    streamed_by: Mapping[str, Expected] = field(default_factory=dict[str, Expected])
    """Of a stream of a provider of this shape, where it is another than `streamed`."""

    def expected(self, chain: Chain, first: str, *, streamed: bool) -> Expected:
        """`first`: the shape of who is asked first."""
        if chain == "alone":
            assert self.alone is not None
            return self.alone
        return self.streamed_by.get(first, self.streamed) if streamed else self.whole


ROWS: tuple[Row, ...] = (
    Row("ok", "nothing: the control", "ok"),
    Row("429, Retry-After 2", "rate limit, `retry-after: 2`", "429-retry-after-2", alone=_PAUSE, waits=7),
    Row("429 without", "rate limit, without a word on when to come back", "429", alone=_PAUSE, waits=4),
    Row("one 500", "an internal error, once", "500-once", alone=PASS, waits=2),
    Row("steady 503", "unavailable, for six requests", "503", times=6),
    Row("flapping", "503 for every second one of eight requests", "flap", times=8),
    Row("529", "overloaded", "529"),
    Row("nobody there", "connection refused", ""),
    Row("no such name", "its name does not resolve", "", at="https://nowhere.invalid", alone=_NOBODY, waits=2),
    Row("reset", "TCP reset before any header", "reset"),
    Row("stale connection", "closes a kept connection under the second of three requests", "stale", alone=PASS, times=3,
        waits=1, chains=("same", "other")),
    Row("silence", "takes the request and says nothing", "silent-15", waits=PATIENCE_SECONDS),
    Row("interim answers", "100, 102, 103 every 0.5 s, and no answer", "interim-20", whole=_INTERIM,
        streamed=_INTERIM, waits=PATIENCE_SECONDS + CONNECT_SECONDS + 1, chains=("same",)),
    Row("late first token", "headers at once, then nothing", "late-15", waits=PATIENCE_SECONDS),
    Row("slow", "60 ms before each token: no fault", "slow-60", waits=1),
    Row("first-event error", "200, and the first event is an error", "first-event-error"),
    Row("error 200", "200 and an error object", "error-200"),
    Row("HTML 200", "200 and a web page", "html-200"),
    Row("HTML 502", "502 and a web page", "html-502"),
    Row("empty 200", "200 and no body", "empty-200"),
    Row("gzip", "a compressed answer, not asked for", "gzip"),
    Row("gzip of nothing", "an empty answer, compressed", "gzip-empty"),
    Row("gzip of HTML", "a web page, compressed", "gzip-html"),
    Row("gzip of an error", "200 and an error object, compressed", "gzip-error"),
    Row("gzip that lies", "a plain answer, called gzip", "gzip-lies"),
    Row("gzip bomb", "64 MiB of zeros in a few bytes", "gzip-bomb"),
    Row("gzip, cut", "compressed, with a clean end after half of it", "gzip-cut", streamed=_SAID),
    Row("other kind", "one answer where a stream was asked for, a stream where one answer was", "wrong-kind"),
    Row("array", "one JSON array, as Gemini streams to who does not ask for events", "array", chains=("same", "other"),
        clients=("gemini",)),
    Row("byte order mark", "a byte order mark before the answer: no fault", "byte-mark"),
    *(Row(f"{status}", f"{status}: another provider may well serve it", f"{status}", alone=own(status, "Simulated: "))
      for status in (405, 406, 409, 410, 413, 415, 421, 423, 425, 451)),
    Row("no credit", "the account is empty, in the vendor's own status and words", "no-credit"),
    Row("steady 500", "an internal error, each time", "500", alone=own(500, "rror"), waits=4),
    Row("bad key", "401: our key is not accepted", "401"),
    Row("cut stream", "a clean end after half of the tokens", "cut", streamed=_SAID),
    Row("reset in mid-stream", "TCP reset after half of the tokens", "reset-mid", streamed=_BREAKS),
    Row("error in mid-stream", "an error event after half of the tokens", "mid-error", streamed=_SAID),
    Row("stall in mid-stream", "silent after half of the tokens", "stall-15", streamed=_SILENT, waits=4),
    Row("stuck, but alive", "only comments, every 250 ms, after half of the tokens", "alive-15", streamed=_SILENT,
        waits=4),
    Row("malformed chunk", "cut-off JSON in the middle", "garbage", streamed=_SAID),
    Row("no terminator", "all tokens, then no word that this was the end", "no-done", streamed=_UNENDED,
        streamed_by={"openai": PASS, "anthropic": PASS}),
    Row("cut stream, buffered", "as above, with `on_midstream_fault: buffer`", "cut", more=_BUFFER),
    Row("stall, buffered", "as above, with `on_midstream_fault: buffer`", "stall-15", waits=4, more=_BUFFER),
    Row("reset, held", "TCP reset in mid-stream, with `on_midstream_fault: {hold_ms: 1000}`", "reset-mid", waits=1,
        more=", on_midstream_fault: {hold_ms: 1000}"),
    Row("prefill refused", "breaks off; the stand-in takes no half answer to go on from", "cut", then="no-prefill",
        streamed=_SAID),
    Row("context too long", "400: the prompt does not fit; the stand-in has a larger window", "context-length",
        windows=(8_000, 1_000_000)),
    Row("no larger window", "400: the prompt does not fit; nor would it elsewhere", "context-length",
        then="context-length", windows=(8_000, 8_000), whole=_REQUEST, streamed=_REQUEST),
    Row("bad request", "400: the request is wrong", "400", whole=_REQUEST, streamed=_REQUEST),
    Row("content filter", "200, and nothing but a refusal: an answer, and nobody else is asked", "content-filter",
        stop="filtered"),
    Row("usage", "counts tokens, then fails: only who answered is billed", "lifecycle-then-error", unbilled=True),
    Row("client gone", "answers slowly; the client leaves: the call is ended within a second", "slow-400",
        leaves=True),
    Row("all down", "503 everywhere", "503", then="503", whole=_NOBODY, streamed=_NOBODY, alone=_NOBODY, waits=4),
    Row("all silent", "nobody says anything", "silent-15", then="silent-15", whole=_NOBODY, streamed=_NOBODY,
        waits=2 * PATIENCE_SECONDS),
)  # fmt: skip
