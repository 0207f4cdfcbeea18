"""The entry of the ledger for one attempt: who asked, who answered, what was used, what it cost. Never a prompt."""

from functools import lru_cache
from typing import NamedTuple, TypeAlias

from openclaw_extproc.catalog import ModelFacts, Price
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import AUTO, Gateway, Target
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.cost import bill
from openclaw_extproc.stages.entries import AttemptEntry, Charge, Outcome
from openclaw_extproc.stages.settlement import charge_of, is_free, micro_usd
from openclaw_extproc.wire import FORMATS

_USUAL_MIX = (3.0, 1.0)
"""Tokens of input for one of output: by this mix the dearest model is found."""


class Labels(NamedTuple):
    """What entries are grouped by. Many entries have the same labels, so a ledger keeps each set of them once."""

    identity: str
    """Of the verified caller; empty: nobody verified who calls."""
    user: str
    """As the caller says."""
    cost_centre: str
    tenant: str
    team: str
    task: str
    tier: str
    provider: str
    model: str
    asked_model: str
    client_format: str
    price: str
    """US dollars per million tokens that were charged, as `input/output`; empty: not known."""


class LedgerEntry(NamedTuple):
    """One attempt that has ended."""

    at_ms: int
    """When it ended: milliseconds since the epoch."""
    request_id: str
    attempt: int
    owner: str
    """`CallerIdentity.owner` of the session's caller."""
    session: str
    labels: Labels
    selection: str
    """A word of `Selection`."""
    outcome: str
    """A word of `Outcome`."""
    reason: str
    """The kind of fault; empty: there was none."""
    previous: str
    """Why the attempt before it failed; empty: it is the first."""
    streamed: int
    service_tier: str
    """`Usage.tier`; empty: as usual."""
    basis: str
    """A word of `entries.Basis`."""
    cost_micro_usd: int | None
    """Millionths of a US dollar; `None`: nobody knows, which is not zero."""
    input_tokens: int | None
    cached_tokens: int | None
    cache_written_tokens: int | None
    cache_written_1h_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    input_audio_tokens: int | None
    input_image_tokens: int | None
    output_audio_tokens: int | None
    output_image_tokens: int | None
    searches: int | None
    milliseconds: int
    first_content_ms: int | None
    first_micro_usd: int | None
    """What the same tokens would have cost at the configuration's first model; `None`: not known, or no answer."""
    dearest_micro_usd: int | None
    """The same at the dearest model of the configuration."""
    asked_micro_usd: int | None
    """The same at the model that the client named, which is the first model where it named none."""

    @property
    def output_tokens_per_second(self) -> float | None:
        """The rate from the first content to the end; `None`: not known."""
        if self.output_tokens is None or self.first_content_ms is None or self.milliseconds <= self.first_content_ms:
            return None
        return self.output_tokens / (self.milliseconds - self.first_content_ms) * 1000


@dataclass(frozen=True, slots=True)
class Baselines:
    """The models of one configuration that costs are compared with."""

    first: Target | None
    """The first target of the default chain; `None`: there is no such chain."""
    dearest: Target | None
    """`None`: no price is known."""

    @classmethod
    def of(cls, gateway: Gateway) -> "Baselines":
        targets = {target.name: target for name in gateway.listed for target in gateway.chains[name]}
        priced = {
            name: price.of(*_USUAL_MIX)
            for name, target in targets.items()
            if (price := gateway.facts(target).price(0)) is not None
        }
        chain = gateway.chains.get(AUTO, ())
        dearest = max(priced, key=lambda name: priced[name], default=None)
        return cls(chain[0] if chain else None, None if dearest is None else targets[dearest])


def entry_of(entry: AttemptEntry, at: float, gateway: Gateway, baselines: Baselines) -> LedgerEntry | None:
    """The ledger's entry of an attempt. `None`: nobody knows whose it is.

    Args:
        entry: The attempt.
        at: When it ended, in seconds since the epoch.
        gateway: Whose prices hold.
        baselines: Of the same gateway.
    """
    plan = entry.plan
    if plan is None:
        return None
    facts = gateway.facts(entry.target)
    settled = charge_of(entry, facts)
    return LedgerEntry(
        round(at * 1000),
        plan.request_id,
        entry.attempt,
        plan.record.owner,
        plan.record.session,
        _labels(entry, plan, facts, settled),
        entry.selection.value,
        entry.outcome.value,
        "" if entry.fault is None else entry.fault.kind.value,
        entry.previous_reason,
        int(entry.streamed),
        settled.usage.tier or "",
        settled.basis,
        settled.micro_usd,
        *_counts(settled.usage),
        round(entry.seconds * 1000),
        None if entry.first_content_seconds is None else round(entry.first_content_seconds * 1000),
        *_compared(entry, plan, settled, gateway, baselines),
    )


_N: TypeAlias = int | None


def _counts(used: Usage) -> tuple[_N, _N, _N, _N, _N, _N, _N, _N, _N, _N, _N]:
    """In the order of `LedgerEntry`."""
    return (
        used.input_tokens,
        used.cached_tokens,
        used.cache_written_tokens,
        used.cache_written_1h_tokens,
        used.output_tokens,
        used.reasoning_tokens,
        used.input_audio_tokens,
        used.input_image_tokens,
        used.output_audio_tokens,
        used.output_image_tokens,
        used.searches,
    )


def _labels(entry: AttemptEntry, plan: Plan, facts: ModelFacts, settled: Charge) -> Labels:
    record, price = plan.record, facts.price(settled.usage.input_tokens or 0)
    return Labels(
        record.identity,
        plan.user,
        record.cost_centre,
        record.tenant,
        record.team,
        record.task,
        record.tier,
        entry.target.provider.name,
        entry.target.model,
        plan.asked_model,
        plan.client_format,
        "" if price is None else _price_text(price),
    )


@lru_cache(maxsize=1_024)
def _price_text(price: Price) -> str:
    return f"{price.input:g}/{price.output:g}"


def _compared(
    entry: AttemptEntry, plan: Plan, settled: Charge, gateway: Gateway, baselines: Baselines
) -> tuple[int | None, int | None, int | None]:
    """What the same tokens cost at the first, the dearest and the asked model. Only an answer can be compared."""
    if entry.outcome is not Outcome.OK or entry.passed or entry.subscription or is_free(plan):
        return None, None, None
    asked = _asked(plan, gateway, baselines)
    # Vectors belong to their model.
    compared = (asked, asked, asked) if _is_vectors(plan) else (baselines.first, baselines.dearest, asked)
    known = {entry.target.name: settled.micro_usd}
    for target in compared:
        if target is not None and target.name not in known:
            known[target.name] = micro_usd(bill(gateway.facts(target), settled.usage))
    first, dearest, named = (None if target is None else known[target.name] for target in compared)
    return first, dearest, named


def _asked(plan: Plan, gateway: Gateway, baselines: Baselines) -> Target | None:
    chain = gateway.chain_asked(plan.asked_model) if plan.asked_model else None
    if chain:
        return chain[0]
    return plan.groups[0][0] if _is_vectors(plan) else baselines.first


def _is_vectors(plan: Plan) -> bool:
    return FORMATS[plan.client_format].operation == "embeddings"
