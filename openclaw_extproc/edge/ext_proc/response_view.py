"""What a stage is shown of a provider's answer, plain and without our credential, and what Envoy is told for it."""

from collections.abc import Callable, Iterable, Mapping

from openclaw_extproc.edge.ext_proc.continue_messages import ApplyCredential
from openclaw_extproc.edge.ext_proc.decompression import DecompressedResponse
from openclaw_extproc.edge.ext_proc.masking import MaskedResponse, Masker, secrets_in
from openclaw_extproc.edge.ext_proc.websocket_masking import FramesMasker
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages.events import Answer, Credential, Event, ResponseHead
from openclaw_extproc.stages.route import passthrough
from openclaw_extproc.stages.route.passthrough import SWITCHING_PROTOCOLS


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
