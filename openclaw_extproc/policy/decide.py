"""From features to a chain of targets, or to a fault that says why there is none."""

from dataclasses import dataclass, field

from openclaw_extproc.faults import Fault, FaultError, Kind
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import AUTO, Gateway, Target
from openclaw_extproc.policy.situation import Situation
from openclaw_extproc.policy.trace import Trace
from openclaw_extproc.record import Record
from openclaw_extproc.wire import spoken_to
from openclaw_extproc.wire.base import Operation

MAX_NAMES_TOLD = 20
"""An error message is read by a person."""


@dataclass(frozen=True, slots=True)
class Decision:
    groups: tuple[tuple[Target, ...], ...]
    """Attempt n goes to one of group n."""
    record: Record = field(default_factory=Record)
    trace: Trace = field(default_factory=Trace)

    @property
    def chain(self) -> tuple[Target, ...]:
        """All targets in the order in which they may be reached."""
        return tuple(dict.fromkeys(target for group in self.groups for target in group))

    @property
    def because(self) -> tuple[str, ...]:
        return self.record.because


def decide(features: Features, situation: Situation, gateway: Gateway) -> Decision:
    """Raises `FaultError`: an unknown model is the client's fault, a chain without a single credential is ours."""
    chain, why = _chain(features.model, gateway)
    mixed = gateway.mixed_embeddings
    objections = [_objection(target, chain[0], features, situation, mixed=mixed) for target in chain]
    usable = tuple(t for t, objection in zip(chain, objections, strict=True) if objection is None)
    skipped = tuple(
        f"{t.provider.name} skipped: {o.public}" for t, o in zip(chain, objections, strict=True) if o is not None
    )
    if not usable:
        worst = next((o for o in objections if o is not None and o.kind is Kind.UNSUPPORTED), objections[0])
        assert worst is not None
        public = "; ".join(skipped) if worst.kind is Kind.EXHAUSTED else worst.public
        raise FaultError(worst.kind, public, about=worst.about)
    return Decision(tuple((target,) for target in usable), Record(because=(why, *skipped)))


def _objection(target: Target, first: Target, features: Features, situation: Situation, *, mixed: bool) -> Fault | None:
    """Why this target of the chain cannot serve this request."""
    provider = target.provider
    spoken = spoken_to(provider, features.client_format)
    if spoken is None or spoken.provider is None:
        return Fault(
            Kind.UNSUPPORTED, f"model: {provider.name}, which has it, cannot be asked for {_ASKED[features.operation]}"
        )
    if features.operation == "embeddings" and target.model != first.model and not mixed:
        return Fault(Kind.EXHAUSTED, f"vectors of {target.model} cannot be compared with those of {first.model}")
    foreign = spoken.words != features.client_format
    if provider.auth == "forward" and (foreign or provider != first.provider):
        # A caller's key goes to the provider it was sent for and to nobody else.
        return Fault(Kind.EXHAUSTED, "the caller's credential was not meant for it")
    if provider.auth != "forward" and provider.identity in situation.missing_credentials:
        return Fault(Kind.EXHAUSTED, "its credential is not set")
    if foreign and features.bound_to_format:
        bound = features.bound_to_format[0]
        return Fault(Kind.UNSUPPORTED, f"{bound} cannot be carried to {provider.name}", about=bound)
    if foreign and (missing := sorted(features.needs - spoken.provider.carries)):
        return Fault(Kind.UNSUPPORTED, f"{', '.join(missing)} cannot be carried to {provider.name}")
    return None


_ASKED: dict[Operation, str] = {
    "chat": "chats",
    "completions": "completions",
    "embeddings": "embeddings",
    "count_tokens": "a count of tokens",
}


def _chain(model: str, gateway: Gateway) -> tuple[tuple[Target, ...], str]:
    if chain := gateway.chain_asked(model):
        provider = chain[0].provider.name
        return chain, "the default chain was asked for" if model == AUTO else f"{provider} lists the model asked for"
    if gateway.unknown_models == AUTO and (chain := gateway.chains.get(AUTO)):
        return chain, "no provider lists the model asked for: the default chain"
    known = gateway.listed
    told = ", ".join(known[:MAX_NAMES_TOLD]) + (", …" if len(known) > MAX_NAMES_TOLD else "")
    raise FaultError(Kind.NOT_FOUND, f"model: no provider is configured for the model asked for (known: {told})")
