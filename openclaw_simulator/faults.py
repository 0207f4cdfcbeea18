"""The faults on demand: what each is called, what it does, and how it is played. All of it pure.

A fault is a record of functions over the pieces of a good answer; the result is a list of steps that `play` does on
the socket. Sixteen of them are the scenarios of github.com/failoverbench/failoverbench.

Left out: faults of the network below TCP, and of TLS.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import cycle

from openclaw_simulator import breaks
from openclaw_simulator.reading import RefusedError
from openclaw_simulator.script import Answer, Ask, Stop, answer, refusal
from openclaw_simulator.shape import Call, Shape, Stamp, Stream
from openclaw_simulator.steps import Head, Interim, Reset, Send, Step, Steps, Wait, page


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault may look at."""

    simulator: str
    shape: Shape
    call: Call
    model: str
    stamp: Stamp
    number: float
    """The fault's parameter."""
    before: int
    """How often this fault already met this model."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the table. A field that is `None` leaves that part as it is."""

    about: str
    default: float | None = None
    """The parameter when the name has no number; `None` means the fault takes none."""
    early: Callable[[Scene], Steps | None] | None = None
    """Answers before the request is checked; its `None` means: not this time."""
    says: Callable[[Scene, Ask], Answer] | None = None
    """Another answer than the usual one. May raise `RefusedError`."""
    stream: Callable[[Stream, float], Iterable[Step]] | None = None
    """The steps after the head of a stream."""
    whole: Callable[[bytes, float], Steps] | None = None
    """All steps of a whole answer."""
    head: Callable[[Steps], Steps] | None = None
    """A last change to all steps."""
    counted: bool = True
    """Whether the answer has usage."""
    other_kind: bool = False
    """A stream where one answer was asked for, and one answer where a stream was."""
    array: bool = False
    """The stream that Gemini gives without `alt=sse`, one JSON array, whatever was asked for."""
    fails_whole: bool = False
    """A whole answer has no events to break: it fails with the provider's status for overloaded."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A fault with its parameter."""

    name: str
    fault: Fault
    number: float


class UnknownFaultError(ValueError):
    """No such fault. The message says which there are."""


def choose(name: str) -> Chosen:
    """`503`, `late-2.5`: find the fault.

    Raises:
        UnknownFaultError: there is none of this name.
    """
    if fault := FAULTS.get(name):
        return Chosen(name, fault, fault.default or 0.0)
    found = re.fullmatch(r"(.+)-(\d+(?:\.\d+)?)", name)
    fault = FAULTS.get(found[1]) if found else None
    if found is None or fault is None or fault.default is None:
        raise UnknownFaultError(f"unknown fault {name!r} (known: {', '.join(known())})")
    return Chosen(name, fault, float(found[2]))


def known() -> list[str]:
    """All names, `-N` where a number may stand."""
    return [name if fault.default is None else f"{name}[-N]" for name, fault in FAULTS.items()]


def named_in(model: str) -> str | None:
    """The fault that a model name asks for: `gpt-4o@fault-503`. Not so `default-5`."""
    found = re.search(r"(?:^|[^a-z0-9])fault-(.+)$", model, re.IGNORECASE)
    return found[1] if found else None


# --- the answer, with the fault in it ---


def steps(scene: Scene, chosen: Chosen) -> Steps:
    """All that happens on the wire for one chat request."""
    fault = chosen.fault
    if fault.early and (early := fault.early(scene)) is not None:
        return early
    try:
        ask = scene.shape.read(scene.call)
        said = fault.says(scene, ask) if fault.says else answer(ask, scene.simulator)
    except RefusedError as problem:
        return error(scene, problem)
    if fault.other_kind:
        scene = replace(scene, call=replace(scene.call, query={**scene.call.query, "alt": "sse"}))
        ask = replace(ask, stream=not ask.stream, counts=True)  # who streams unasked says usage unasked
    if fault.array:
        query = {name: one for name, one in scene.call.query.items() if name != "alt"}
        scene, ask = replace(scene, call=replace(scene.call, query=query)), replace(ask, stream=True)
    played = _streamed(scene, chosen, ask, said) if ask.stream else _whole(scene, chosen, ask, said)
    return fault.head(played) if fault.head else played


def error(scene: Scene, problem: RefusedError, *headers: tuple[str, str]) -> Steps:
    """The provider's own error answer."""
    body = scene.shape.frame_error(scene.shape.error_body(problem, scene.stamp), scene.call)
    return page(problem.status, "application/json", body, *headers)


def _streamed(scene: Scene, chosen: Chosen, ask: Ask, said: Answer) -> Steps:
    stream = scene.shape.stream(ask, said, scene.stamp, chosen.fault.counted, scene.call)
    play = chosen.fault.stream or breaks.unbroken
    return (
        Head(200, (("content-type", stream.content_type), ("cache-control", "no-cache"))),
        *play(stream, scene.number),
    )


def _whole(scene: Scene, chosen: Chosen, ask: Ask, said: Answer) -> Steps:
    if chosen.fault.fails_whole:
        return error(scene, scene.shape.failure(scene.shape.overloaded, scene.model))
    body = scene.shape.whole(ask, said, scene.stamp, chosen.fault.counted)
    if chosen.fault.whole:
        return chosen.fault.whole(body, scene.number)
    return page(200, "application/json", body)


# --- before the request is looked at ---


def _refuse(status: int) -> Callable[[Scene], Steps]:
    return lambda scene: error(scene, scene.shape.failure(status, scene.model))


def _not_here(status: int, about: str) -> Callable[[Scene], Steps]:
    return lambda scene: error(scene, RefusedError(status, f"Simulated: {about}."))


def _retry_after(scene: Scene) -> Steps:
    problem = scene.shape.failure(429, scene.model)
    return error(scene, problem, ("retry-after", f"{scene.number:g}"))


def _too_long(scene: Scene) -> Steps:
    return error(scene, scene.shape.too_long())


def _no_credit(scene: Scene) -> Steps:
    return error(scene, _NO_CREDIT.get(scene.shape.name.partition("-")[0], _NO_CREDIT["openai"]))


_NO_CREDIT = {
    "openai": RefusedError(429, "You exceeded your current quota, check your plan.", code="insufficient_quota"),
    "anthropic": RefusedError(400, "Your credit balance is too low to access the Anthropic API."),
    "gemini": RefusedError(403, "This API method requires billing to be enabled."),
    "bedrock": RefusedError(400, "Your account has no credits."),
    "cohere": RefusedError(402, "Please add or update your payment method at https://dashboard.cohere.com to continue"),
}


def _packed(body: bytes, kind: str = "application/json") -> Steps:
    return page(200, kind, zlib.compress(body, wbits=31), ("content-encoding", "gzip"))


def _packed_error(scene: Scene) -> Steps:
    problem = scene.shape.failure(scene.shape.overloaded, scene.model)
    return _packed(scene.shape.error_body(problem, scene.stamp))


@lru_cache(maxsize=4)
def _bomb_of(mebibytes: float) -> Steps:
    """Not compressed as a whole: that takes a second or more, in which no simulator of this process would answer."""
    count, part = max(1, int(mebibytes)), bytes(2**20)
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    block = packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)  # behind which the same may come again
    checksum = 0
    for _ in range(count):
        checksum = zlib.crc32(part, checksum)
    tail = zlib.compressobj(wbits=-zlib.MAX_WBITS).flush() + struct.pack("<II", checksum, count * len(part))
    body = b"\x1f\x8b\x08" + bytes(7) + block * count + tail  # RFC 1952
    return page(200, "application/json", body, ("content-encoding", "gzip"))


def _bomb(scene: Scene) -> Steps:
    return _bomb_of(scene.number)


def _first_time(scene: Scene) -> Steps | None:
    return _refuse(500)(scene) if scene.before == 0 else None


def _second_time(scene: Scene) -> Steps | None:
    return (Reset(),) if scene.before == 1 else None


def _every_second(scene: Scene) -> Steps | None:
    return _refuse(503)(scene) if scene.before % 2 == 0 else None


def _interim(scene: Scene) -> Steps:
    """Each of those that a proxy may pass on, every half second."""
    said = (Interim(status) for status in cycle((100, 102, 103)))
    return (*(step for _ in range(int(scene.number * 2)) for step in (next(said), Wait(0.5))), Reset())


def _error_in_200(scene: Scene) -> Steps:
    problem = scene.shape.failure(scene.shape.overloaded, scene.model)
    return page(200, "application/json", scene.shape.error_body(problem, scene.stamp))


def _html(status: int) -> Callable[[Scene], Steps]:
    text = b"<html><head><title>Simulated gateway page</title></head><body><h1>Bad Gateway</h1></body></html>\n"
    return lambda scene: page(status, "text/html; charset=utf-8", text)  # noqa: ARG005  # each such function gets the scene


def _rendered(scene: Scene, at_once: bool) -> Steps:
    """An answer of N words, rendered once; the request is not parsed."""
    streams = scene.shape.streams(scene.call)
    key = (scene.simulator, scene.shape.name, streams, scene.call.query.get("alt"), scene.number, at_once)
    if key not in _RENDERED:
        if len(_RENDERED) >= MAX_RENDERED:
            _RENDERED.clear()
        head, *sends = _render(scene, streams)
        _RENDERED[key] = (head, _joined(sends)) if at_once else (head, *sends)
    return _RENDERED[key]


_RENDERED: dict[tuple[str | float | None, ...], Steps] = {}
MAX_RENDERED = 64
"""One for each fault and number in use; a bench uses few."""


def _render(scene: Scene, streams: bool) -> Steps:
    ask = Ask(model="simulated", texts=("hello",), stream=streams)
    said = Answer(Stop.END, tuple(f" word{at}" for at in range(int(scene.number))), input_tokens=1)
    if not streams:
        return page(200, "application/json", scene.shape.whole(ask, said, scene.stamp, True))
    stream = scene.shape.stream(ask, said, scene.stamp, True, scene.call)
    return (Head(200, (("content-type", stream.content_type),)), *breaks.unbroken(stream, 0))


def _joined(sends: Iterable[Step]) -> Send:
    return Send(b"".join(step.body for step in sends if isinstance(step, Send)))


def _each(scene: Scene) -> Steps:
    return _rendered(scene, at_once=False)


def _at_once(scene: Scene) -> Steps:
    return _rendered(scene, at_once=True)


# --- what the model says ---


def _filtered(scene: Scene, ask: Ask) -> Answer:  # noqa: ARG001  # each such function gets the scene
    return refusal(ask)


def _big(scene: Scene, ask: Ask) -> Answer:
    """N KB of text: words of eight bytes."""
    return replace(
        answer(ask, scene.simulator), stop=Stop.END, calls=(), words=(" simula",) * int(scene.number * 1024 / 7)
    )


def _no_prefill(scene: Scene, ask: Ask) -> Answer:
    if ask.prefilled:
        said = "This model does not support assistant message prefill. The conversation must end with a user message."
        raise RefusedError(400, said)
    return answer(ask, scene.simulator)


# --- the table ---

_OF_THIS_PROVIDER = {
    405: "this method is not allowed here",
    406: "nothing here that is acceptable",
    409: "a conflict",
    410: "gone for good",
    413: "the request is too large",
    415: "not this media type",
    421: "misdirected: not this host",
    423: "locked",
    425: "too early",
    451: "not for reasons of law",
}
"""What another provider may well serve."""

FAULTS: dict[str, Fault] = {
    "ok": Fault("no fault: a way to say so in a header"),
    "429": Fault("rate limit, without a word on when to come back", early=_refuse(429)),
    "429-retry-after": Fault("rate limit, `retry-after: N` (2)", 2, early=_retry_after),
    "500": Fault("internal error", early=_refuse(500)),
    "500-once": Fault("internal error for the first request of a model, then fine", early=_first_time),
    "503": Fault("unavailable", early=_refuse(503)),
    "529": Fault("overloaded", early=_refuse(529)),
    "flap": Fault("503 for each second request of a model, the first included", early=_every_second),
    "400": Fault("bad request", early=_refuse(400)),
    "401": Fault("bad key", early=_refuse(401)),
    "403": Fault("not allowed", early=_refuse(403)),
    "404": Fault("no such model", early=_refuse(404)),
    "context-length": Fault("400: the prompt is too long", early=_too_long),
    "no-credit": Fault("the account is empty, in the vendor's own status and words", early=_no_credit),
    **{str(status): Fault(about, early=_not_here(status, about)) for status, about in _OF_THIS_PROVIDER.items()},
    "content-filter": Fault("200 and nothing said: refused by a filter", says=_filtered),
    "no-prefill": Fault("400 when the last message is the assistant's, else fine", says=_no_prefill),
    "reset": Fault("TCP reset before any header", early=lambda _: (Reset(),)),
    "stale": Fault(
        "TCP reset before any header for the second request of a model, as of a stale connection", early=_second_time
    ),
    "reset-mid": Fault("TCP reset after half of the tokens", stream=breaks.reset_mid, whole=breaks.whole_reset),
    "silent": Fault(
        "no answer for N seconds (120), then a reset", 120, early=lambda scene: (Wait(scene.number), Reset())
    ),
    "interim": Fault("interim answers (100, 102, 103) for N seconds (20), then a reset", 20, early=_interim),
    "late": Fault("headers at once, the rest after N seconds (20)", 20, stream=breaks.late, whole=breaks.whole_late),
    "headers-then-silent": Fault("the same as `late`", 20, stream=breaks.late, whole=breaks.whole_late),
    "opened": Fault(
        "headers and the opening at once, the rest after N seconds (20)",
        20,
        stream=breaks.opened,
        whole=breaks.whole_late,
    ),
    "slow": Fault("N milliseconds before each token (100)", 100, stream=breaks.slow, whole=breaks.whole_slow),
    "alive": Fault(
        "silent for N seconds (30) in the middle, but for a comment every 250 ms",
        30,
        stream=breaks.alive,
        whole=breaks.whole_stall,
    ),
    "stall": Fault("N seconds of nothing in the middle (30)", 30, stream=breaks.stall, whole=breaks.whole_stall),
    "cut": Fault("ends cleanly after half of the tokens", stream=breaks.cut, whole=breaks.whole_half),
    "no-done": Fault("all tokens, then no word that this was the end", stream=breaks.no_done),
    "garbage": Fault(
        "an event of cut-off JSON in the middle; whole: cut-off JSON", stream=breaks.garbage, whole=breaks.whole_half
    ),
    "first-event-error": Fault(
        "200, and the first event is the error", stream=breaks.first_event_error, fails_whole=True
    ),
    "lifecycle-then-error": Fault(
        "an opening without content, then the error", stream=breaks.lifecycle_then_error, fails_whole=True
    ),
    "mid-error": Fault("the error after half of the tokens", stream=breaks.mid_error, fails_whole=True),
    "empty-200": Fault("200 without a body", early=lambda _: page(200, "application/json", b"")),
    "html-200": Fault("200 and a web page", early=_html(200)),
    "html-502": Fault("502 and a web page", early=_html(502)),
    "error-200": Fault("200 and a whole error object, also when a stream was asked for", early=_error_in_200),
    "gzip": Fault("compressed, asked for or not", head=breaks.gzip),
    "gzip-cut": Fault(
        "compressed, and ends cleanly in the middle", stream=breaks.cut, whole=breaks.whole_half, head=breaks.gzip_open
    ),
    "gzip-empty": Fault("200, and nothing in its gzip", early=lambda _: _packed(b"")),
    "gzip-html": Fault(
        "200 and a web page, compressed", early=lambda _: _packed(b"<html>Bad Gateway</html>", "text/html")
    ),
    "gzip-error": Fault("200 and a whole error object, compressed", early=_packed_error),
    "gzip-lies": Fault("a head that says gzip, and a plain answer", head=breaks.called_gzip),
    "gzip-bomb": Fault("200 and N MiB of zeros in a few bytes (64)", 64, early=_bomb),
    "wrong-kind": Fault("one answer where a stream was asked for, a stream where one answer was", other_kind=True),
    "array": Fault("one JSON array, as Gemini streams without `alt=sse`, whatever was asked for", array=True),
    "byte-mark": Fault("a byte order mark before the body", head=breaks.marked),
    "usage-missing": Fault("no usage", counted=False),
    "big": Fault("N KB of text (64)", 64, says=_big),
    "many": Fault("N words (100), rendered once and sent in one piece: for benchmarks", 100, early=_at_once),
    "each": Fault("N words (100), rendered once, each event a write of its own: for benchmarks", 100, early=_each),
    "fast": Fault("16 words, rendered once, the request is not parsed: for benchmarks", 16, early=_at_once),
}
