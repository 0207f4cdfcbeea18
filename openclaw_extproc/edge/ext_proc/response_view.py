"""What a stage is shown of a provider's answer, plain and without our credential, and what Envoy is told for it.

An answer that comes compressed although we ask for plain ones: the stage is shown it plain, and so is the client.

It stands in front of all that reads answers, so a key is cut out of compressed ones too, and every check is the same.
Encodings that nobody here knows are left as they are: the stage takes no such answer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from openclaw_extproc.edge.ext_proc.fast_protobuf import ApplyCredential
from openclaw_extproc.edge.ext_proc.masking import FramesMasker, MaskedResponse, Masker, secrets_in
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages.events import (
    Answer,
    Continue,
    Credential,
    Event,
    ResponseBody,
    ResponseHead,
    ResponseTrailers,
    To,
)
from openclaw_extproc.stages.route import passthrough
from openclaw_extproc.stages.route.passthrough import SWITCHING_PROTOCOLS
from openclaw_extproc.wire.streams import content_encoding

# -- decompression ---------------------------------------------------------------------


_OF_PACKED = ("content-encoding", "content-length")


class DecompressedResponse:
    """Decompresses one response."""

    def __init__(self) -> None:
        self._unpacker: content_encoding.Unpacker | None = None
        self._is_spoilt = False

    @property
    def is_packed(self) -> bool:
        return self._unpacker is not None

    def head(self, event: ResponseHead) -> ResponseHead:
        """The head as that of a response without compression."""
        self._unpacker = content_encoding.unpacker(content_encoding.encoding(event.headers))
        if self._unpacker is None:
            return event
        return replace(event, headers={name: one for name, one in event.headers.items() if name not in _OF_PACKED})

    def to_stage(self, event: Event) -> Iterator[Event]:
        """What the stage is shown in place of Envoy's message, behind the head."""
        if self._unpacker is None or not isinstance(event, ResponseBody | ResponseTrailers):
            yield event
            return
        if isinstance(event, ResponseBody):
            yield from self._plain(self._unpacker, event)
            return
        yield from self._end_of_body(self._unpacker, event.at, end=False)
        yield event

    def _plain(self, unpacker: content_encoding.Unpacker, event: ResponseBody) -> Iterator[Event]:
        try:
            for piece in () if self._is_spoilt else unpacker.feed(event.chunk):
                yield ResponseBody(piece, False, event.at)
        except UnreadableError as problem:
            yield self._spoilt(problem, event.at, end=event.end)
            return
        if event.end:
            yield from self._end_of_body(unpacker, event.at, end=True)

    def _end_of_body(self, unpacker: content_encoding.Unpacker, at: float, *, end: bool) -> Iterator[Event]:
        """The body's end."""
        try:
            if not self._is_spoilt:
                unpacker.end()
        except UnreadableError as problem:
            yield self._spoilt(problem, at, end=end)
            return
        if end:
            yield ResponseBody(b"", True, at)

    def _spoilt(self, problem: UnreadableError, at: float, *, end: bool) -> ResponseBody:
        self._is_spoilt = True
        return ResponseBody(b"", end, at, spoilt=str(problem))

    def to_envoy(self, answer: Answer) -> Answer:
        """What Envoy is told in place of the stage's answer."""
        match answer:
            case Continue(To.RESPONSE_HEAD) if self.is_packed:
                gone = tuple(name for name in _OF_PACKED if name not in answer.remove_headers)
                return replace(answer, remove_headers=(*answer.remove_headers, *gone))
            case _:
                return answer


# -- response view ---------------------------------------------------------------------


class AppliedSecrets:
    """What an attempt's answer may quote of the credential that the attempt has put on."""

    def __init__(self, apply: ApplyCredential) -> None:
        self._apply = apply
        self._secrets: tuple[str, ...] = ()

    def apply(self, credential: Credential) -> Mapping[str, str]:
        headers = self._apply(credential)
        self._secrets = secrets_in(headers)
        return headers

    def __call__(self) -> Iterable[str]:
        return self._secrets


class PassedSecrets:
    """What the answer to a request that is passed on may quote of the credential that an attempt puts on it."""

    def __init__(self, quotable: Callable[[Credential], Iterable[str]]) -> None:
        self._quotable = quotable
        self._credential: Credential | None = None
        self._quotable_then: tuple[str, ...] = ()
        """The secrets when the plan was made. A key that is renewed since may be quoted in the old form and in the
        new."""

    def take(self, plan: Plan) -> None:
        self._credential = passthrough.credential(plan.groups[0][0].provider)
        if self._credential is not None:
            self._quotable_then = tuple(self._quotable(self._credential))

    def __call__(self) -> Iterable[str]:
        return () if self._credential is None else (*self._quotable_then, *self._quotable(self._credential))


class ResponseView:
    """The view of one response that the attempt stage gets: decompressed, and free of our credentials."""

    def __init__(
        self,
        secrets: Callable[[], Iterable[str]],
        *,
        unpacks: bool = False,
        is_last: Callable[[Event], bool] = lambda _: False,
    ) -> None:
        """
        Args:
            secrets: What has to be cut out of the answer; asked for with its head.
            unpacks: Whether a compressed answer is shown, and passed on, unpacked.
            is_last: Whether nothing of the answer is looked at behind this piece.
        """
        self._secrets = secrets
        self._is_last = is_last
        self._unpacked = DecompressedResponse() if unpacks else None
        self._masked: MaskedResponse | None = None

    @property
    def is_packed(self) -> bool:
        """The answer is being unpacked: a short message may be a long one."""
        return self._unpacked is not None and self._unpacked.is_packed

    def to_stage(self, event: Event) -> Iterable[Event]:
        """What the stage is shown in place of Envoy's message."""
        if isinstance(event, ResponseHead):
            self._mask(event)
            return self._without_secrets(event if self._unpacked is None else self._unpacked.head(event))
        if self._unpacked is None or not self._unpacked.is_packed:
            return self._without_secrets(event)
        return (masked for plain in self._unpacked.to_stage(event) for masked in self._without_secrets(plain))

    def _mask(self, head: ResponseHead) -> None:
        if not (known := tuple(dict.fromkeys(self._secrets()))):
            return
        is_websocket = head.headers.get(":status") == SWITCHING_PROTOCOLS
        self._masked = MaskedResponse(FramesMasker(Masker(known), Masker(known)) if is_websocket else Masker(known))

    def _without_secrets(self, event: Event) -> Iterable[Event]:
        return (event,) if self._masked is None else self._masked.to_stage(event, last=self._is_last(event))

    def to_envoy(self, answer: Answer) -> Answer:
        """What Envoy is told in place of the stage's answer."""
        if self._masked is not None:
            answer = self._masked.to_envoy(answer)
        return answer if self._unpacked is None else self._unpacked.to_envoy(answer)
