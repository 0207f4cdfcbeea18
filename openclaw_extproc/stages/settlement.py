"""What an attempt is charged: by the provider's count of tokens where there is one, else by an estimate, marked so.

A provider that answers with an error bills nothing. Of an attempt that broke off, or that nobody waited for, providers
bill what they had read and written until then, and say nothing of it: the prompt is estimated as it was for the plan,
and the answer by the bytes that came of it.
"""

from dataclasses import replace

from openclaw_extproc.catalog import MILLION, ModelFacts
from openclaw_extproc.faults import FaultKind
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.cost import bill
from openclaw_extproc.stages.entries import AttemptEntry, Charge, Outcome
from openclaw_extproc.wire import FORMATS

BYTES_PER_STREAMED_TOKEN = 64
"""Of a stream, frames included. Recorded streams have between 10 (Gemini) and 250 (a token for each event)."""
BYTES_PER_WHOLE_TOKEN = 4
"""Of an answer in one piece."""


def micro_usd(dollars: float | None) -> int | None:
    """The nearest number of millionths of a dollar."""
    return None if dollars is None else round(dollars * MILLION)


def settle(entry: AttemptEntry, facts: ModelFacts) -> Charge:
    """The charge for an attempt that has ended. `facts`: of its target."""
    plan = entry.plan
    if entry.passed or plan is None:
        return Charge(entry.usage, None, "not_read")
    if entry.subscription:
        return Charge(entry.usage, 0, "subscription")
    if is_free(plan) or not _is_billed(entry, plan):
        return Charge(entry.usage, 0, "not_billed")
    usage = entry.usage if _is_counted(entry, plan) else _estimated(entry, plan)
    cost = micro_usd(bill(facts, usage))
    if cost is None:
        return Charge(usage, None, "unknown_price")
    return Charge(usage, cost, "counted" if usage is entry.usage else "estimated")


def settled(entry: AttemptEntry, facts: ModelFacts) -> AttemptEntry:
    """The entry with its charge. `facts`: of its target."""
    return replace(entry, charge=settle(entry, facts))


def charge_of(entry: AttemptEntry, facts: ModelFacts) -> Charge:
    """The charge for an attempt: its own, or, of one that has none, by these facts of its target."""
    return entry.charge or settle(entry, facts)


def is_free(plan: Plan) -> bool:
    """Whether no vendor charges for the operation: the counting of tokens."""
    return FORMATS[plan.client_format].operation == "count_tokens"


def _is_counted(entry: AttemptEntry, plan: Plan) -> bool:
    """Whether the provider has counted all of it. Embeddings have no output."""
    if entry.outcome is not Outcome.OK:
        return False
    has_output = FORMATS[plan.client_format].operation != "embeddings"
    return entry.usage.input_tokens is not None and (entry.usage.output_tokens is not None or not has_output)


def _is_billed(entry: AttemptEntry, plan: Plan) -> bool:
    if entry.outcome is not Outcome.FAILED:
        return entry.outcome is not Outcome.NO_ANSWER or _was_sent(entry, plan)
    kind = None if entry.fault is None else entry.fault.kind
    if kind is FaultKind.UPSTREAM_GARBLED:
        return entry.responded
    is_refusal = entry.fault is not None and entry.fault.upstream_status is not None
    return kind is FaultKind.UPSTREAM_SILENT and not is_refusal and _was_sent(entry, plan)


def _was_sent(entry: AttemptEntry, plan: Plan) -> bool:
    """Whether the provider has got the request, as far as one can tell: Envoy gives a connection up sooner."""
    own = entry.target.provider.attempt_timeouts.connect_ms
    connect_ms = plan.timeouts.connect_ms if own is None else own
    return entry.responded or entry.seconds * 1000 > connect_ms


def _estimated(entry: AttemptEntry, plan: Plan) -> Usage:
    size = BYTES_PER_STREAMED_TOKEN if entry.streamed else BYTES_PER_WHOLE_TOKEN
    guess = Usage(
        input_tokens=plan.estimated_tokens if entry.usage.input_tokens is None else None,
        output_tokens=max(entry.usage.output_tokens or 0, entry.delivered_bytes // size),
    )
    return entry.usage.or_later(guess)
