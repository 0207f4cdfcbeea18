"""The body of a successful response: facts for the gateway, and the bytes that the client gets for each chunk.

A `ResponseReader` decodes and translates. This says which one it takes for this response, what the client gets where
nothing is translated, and when the response last said something.
"""

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model.facts import Fact, Usage, UsageReported
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.stages.attempt.exchange import Observation, UpstreamResponse
from openclaw_extproc.stages.attempt.response_reader import Identified, NamedBack, ResponseReader, WithoutState
from openclaw_extproc.stages.events import ResponseBody
from openclaw_extproc.wire.base import ByteTransform, Decoder, Encoder
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.sse import Heartbeats
from openclaw_extproc.wire.translation.losses import MUST_CARRY
from openclaw_extproc.wire.translation.tools import changed_names


class AnswerReader:
    """Reads the body of one successful response, which may come a byte at a time."""

    __slots__ = ("_heartbeats", "_is_told_broken", "_pieces", "_reader", "_response", "_unknown",
                 "last_at", "losses", "streamed")  # fmt: skip

    def __init__(
        self, response: UpstreamResponse, reader: ResponseReader, losses: tuple[str, ...], *, streamed: bool,
        is_unknown: bool,
    ) -> None:  # fmt: skip
        """`is_unknown`: its first bytes have to tell whether it is what was asked for."""
        self._response = response
        self._reader = reader
        self._pieces = response.request.bound.client.pieces_for(response.request.ask)
        self._heartbeats = Heartbeats()
        self._unknown = b"" if is_unknown else None
        """The first bytes, while they do not tell; `None`: it is known."""
        self._is_told_broken = False
        """The client has the word that its stream broke off: nothing comes after it."""
        self.losses = losses
        """What a translation had to leave out: of the request, and then of this response."""
        self.streamed = streamed
        """The provider answers piece by piece: with events, or with the array that this client wants."""
        self.last_at = 0.0
        """The time when the last chunk came that was more than a sign of life, in seconds since the epoch."""

    @property
    def fault(self) -> Fault | None:
        return self._reader.fault

    @property
    def rewrites(self) -> bool:
        """Returns whether the body that the client gets is written anew; see `ResponseReader.rewrites`."""
        return self._reader.rewrites

    @property
    def reshapes(self) -> bool:
        """Returns whether the body that the client gets is in another format; see `ResponseReader.reshapes`."""
        return self._reader.reshapes

    @property
    def usage(self) -> Usage:
        return self._reader.usage

    def observation(self, first_content_seconds: float | None = None, delivered_bytes: int = 0) -> Observation:
        return Observation(
            self._response.headers,
            self.losses,
            self.streamed,
            self._reader.usage,
            first_content_seconds,
            delivered_bytes=delivered_bytes,
        )

    def feed(self, event: ResponseBody, chunk: bytes) -> tuple[list[Fact], bytes]:
        """The facts of a chunk, and the translation where there is one. Only what says something counts against
        silence, not each byte.

        `chunk`: of the event, without a byte order mark.
        """
        if event.spoilt:
            return self._reader.spoil(event.spoilt)
        heard = chunk
        if self._unknown is not None:
            heard = self._unknown = self._unknown + chunk
            kind = self._response.request.bound.client.unlike(self._response.request.ask, heard)
            if kind is None and not event.end:
                return [], b""
            self._unknown = None
            if kind and (why := self._expect_other_kind(kind, event.at)):
                return self._reader.spoil(why)
        facts, written = self._reader.feed(heard, end=event.end)
        if _says_something(facts) or self._heartbeats.says(chunk):
            self.last_at = event.at
        return facts, written

    def _expect_other_kind(self, kind: str, at: float) -> str:
        """An answer of the right media type that is something else. Returns why that cannot be done; "": it can."""
        request = self._response.request
        if any(loss.startswith(MUST_CARRY) for loss in request.ask.losses):
            return f"it came as {kind}, which was not asked for"
        self.losses = (*self.losses, f"answer: came as {kind}")
        self.streamed = not request.ask.stream
        self._reader = _rewriting(self._response, request.bound.provider.decoder(False), None, at)
        return ""

    def for_client(self, chunk: bytes, *, end: bool) -> bytes:
        """What the client gets for a chunk: of its own format, after a stream that broke off, the word that it did.

        What cannot be read is not passed on: an SDK would stumble over it with an error that is not its own. (A
        translation says by itself that it broke off.)

        Args:
            chunk: As it came, or its translation.
            end: Nothing follows.
        """
        reader = self._reader
        fault = reader.fault
        if fault is None or reader.rewrites or not self.streamed or fault.kind is not FaultKind.UPSTREAM_GARBLED:
            return self.whole_events(chunk, end=end)  # or the provider said itself that it failed
        if self._is_told_broken:
            return b""
        self._is_told_broken = True
        return (self.whole_events(chunk, end=False) if reader.at_end else b"") + self._pieces.break_off(fault)

    def whole_events(self, chunk: bytes, *, end: bool) -> bytes:
        """A chunk of the client's own format up to its last whole event, after what waited for it."""
        if not self.streamed or self._reader.rewrites:
            return chunk
        return self._pieces.feed(chunk, end=end)

    def keepalive(self) -> bytes:
        """The client format's sign of life; empty where it is no stream, or not yet known what it is."""
        request = self._response.request
        if not self.streamed or self._unknown is not None:
            return b""
        return request.bound.client.keepalive(request.ask)

    def lighten(self) -> None:
        """The client has the first content: where nothing is translated, no more of it need be read."""
        if not self._reader.rewrites:
            self._reader.lighten()

    def break_off(self, fault: Fault) -> bytes:
        """The client's error event for a stream of which nothing more will come; empty where it has had its last."""
        reader = self._reader
        if reader.fault is not None or reader.complete or not self.streamed:
            return b""
        return reader.break_off(fault) if reader.rewrites else self._pieces.break_off(fault)

    def body_headers(self, length: str) -> dict[str, str]:
        """Headers that describe a body of our making; `length` is "" while it is not known."""
        if not self._reader.reshapes:
            return {}
        request = self._response.request
        kind = {"content-type": request.bound.client.content_type(request.ask)}
        if request.ask.stream:
            kind["cache-control"] = "no-cache"
        return kind | ({"content-length": length} if length else {})


def _says_something(facts: list[Fact]) -> bool:
    for fact in facts:  # noqa: SIM110  # `any` would make a generator for each chunk
        if not isinstance(fact, UsageReported):
            return True
    return False


def answer_reader(response: UpstreamResponse, at: float) -> AnswerReader | Fault:
    """The reader of a response whose head is here, or why it cannot be read. `at`: seconds since the epoch."""
    if response.is_packed:
        return _garbled_fault("the provider's answer is compressed in a way that is not known here")
    bound, ask, losses = response.request.bound, response.request.ask, response.request.losses
    client, provider = bound.client, bound.provider
    kind = sse.media_type(response.headers.get("content-type", ""))
    own_frames = kind == provider.stream_type
    events, wanted = own_frames or sse.is_stream(kind), sse.is_stream(client.content_type(ask))
    other_kind = not bound.translates and events != wanted
    if other_kind and any(loss.startswith(MUST_CARRY) for loss in ask.losses):
        return _garbled_fault(f"the provider answered {kind or 'with no type'}, which was not asked for")
    if other_kind:
        losses = (*losses, f"answer: came as {kind}")
    streamed = events or (ask.stream and not wanted and not bound.translates)
    unframing = provider.unframe() if own_frames and provider.unframe is not None else None
    decoder = provider.decoder(events)
    if bound.translates or other_kind:
        reader = _rewriting(response, decoder, unframing, at)
    else:
        trimming = client.trim(ask) if streamed else client.repack(ask)
        # What is held back for a while may still fail over, so until then every event is looked at.
        lightens = response.request.timeouts.hold_back_ms == 0
        reader = ResponseReader(decoder, None, unframing, trimming, lightens=lightens)
    is_unknown = not (bound.translates or events or other_kind)
    return AnswerReader(response, reader, losses, streamed=streamed, is_unknown=is_unknown)


def _garbled_fault(why: str) -> Fault:
    return Fault(FaultKind.UPSTREAM_GARBLED, why)


def _rewriting(
    response: UpstreamResponse, decoder: Decoder, unframing: ByteTransform | None, at: float
) -> ResponseReader:
    """A reader that writes the client's own words."""
    bound = response.request.bound
    ask = response.request.ask
    encoder: Encoder = Identified(bound.client.encoder(ask, int(at)), at)
    if bound.translates and isinstance(ask, Chat) and (names := changed_names(ask, bound.provider.tool_names)):
        encoder = NamedBack(encoder, names)
    secret = bound.fallback and bound.provider.seals_for_account
    return ResponseReader(decoder, WithoutState(encoder) if secret else encoder, unframing)
