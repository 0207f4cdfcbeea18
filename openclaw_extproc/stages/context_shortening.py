"""Context shortening, whole: a long conversation is measured before the decision (`measure`), what each target does not
get is planned behind it (`shortened_plan`, `summarized_plan`), and each attempt leaves that out (`apply_shortening`).

Which turns go is decided in `policy.context`; how they are left out of a client's JSON is in `wire.shortening`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from openclaw_extproc.features import Features
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.plan import Plan, Shortening
from openclaw_extproc.policy import context as contexts
from openclaw_extproc.policy.context import MeasuredContext
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.strategy import Context
from openclaw_extproc.wire.base import ClientRequest
from openclaw_extproc.wire.conversation import Conversation
from openclaw_extproc.wire.edits import shorten, with_fields

NOTE_TOKENS = 40
NEAR = 0.5
"""The fraction of the smallest permitted window below which a conversation is not looked at. Our estimate may be
low."""


def measure(
    conversation: Conversation | None, body: Mapping[str, Json], features: Features, gateway: Gateway
) -> MeasuredContext | None:
    """The turns of a conversation with their sizes; `None`: nothing can be left out, or there is no reason to."""
    context = gateway.strategy.context
    if context is None or conversation is None or not _is_near(features, context, gateway):
        return None
    pieces = conversation.pieces(body)
    rest = sum(len(j.dump(value)) for key, value in body.items() if key != conversation.key)
    return contexts.measure_context(pieces, rest) if pieces else None


def _is_near(features: Features, context: Context, gateway: Gateway) -> bool:
    windows = [facts.window for facts in gateway.catalog.values() if facts.window]
    return bool(windows) and features.tokens > min(windows) * context.threshold * NEAR


def with_least_tokens(features: Features, measured: MeasuredContext | None, gateway: Gateway) -> Features:
    """The features with what is left when all goes that may: the policy then need not pass over a small window."""
    context = gateway.strategy.context
    if measured is None or context is None:
        return features
    return replace(features, least_tokens=contexts.least(measured, features.tokens, context))


def shortened_plan(
    plan: Plan, measured: MeasuredContext | None, features: Features, gateway: Gateway, situation: RuntimeState
) -> Plan:
    """The plan with what each of its targets does not get."""
    context = gateway.strategy.context
    if measured is None or context is None:
        return plan
    targets = dict.fromkeys(target for group in plan.groups for target in group)
    cuts = {
        target.name: Shortening(cut.left_out, cut.turns)
        for target in targets
        if (cut := _cut(target, measured, features, gateway, situation, context)) is not None
    }
    return _with_notice(plan, cuts, plan.record) if cuts else plan


def _cut(
    target: Target,
    measured: MeasuredContext,
    features: Features,
    gateway: Gateway,
    situation: RuntimeState,
    context: Context,
) -> contexts.ContextCut | None:
    facts = gateway.facts(target)
    most = contexts.allowed_tokens(features, facts, context)
    if most is None or facts.window is None:
        return None
    tokens = contexts.tokens_of(features, facts, situation.token_ratio.get(facts.family, 1.0))
    if tokens <= most:
        return None
    note = contexts.SUMMARY_TOKENS if context.method == "summarize" else NOTE_TOKENS
    return contexts.cut_context(measured, tokens, most - min(note, most // 4), facts.window, context)


def _with_notice(plan: Plan, cuts: Mapping[str, Shortening], record: DecisionRecord) -> Plan:
    """The record says it of the targets that are asked first."""
    told = [f"{shortening_name(cuts[t.name])} for {t.name}" for t in plan.groups[0] if t.name in cuts]
    notice = "; ".join([*filter(None, [record.notice]), *told])
    return replace(plan, shortened=dict(cuts), record=replace(record, notice=notice))


def summarized_plan(plan: Plan, of: Iterable[int], summary: str, record: DecisionRecord) -> Plan:
    """The plan with a summary for all targets that do not get these entries; who gets even less is told as much.

    `record`: as it was before the conversation was shortened.
    """
    entries = frozenset(of)
    cuts = {
        name: replace(cut, summary=summary) if entries.issubset(cut.left_out) else cut
        for name, cut in plan.shortened.items()
    }
    return _with_notice(plan, cuts, record)


# -- what an attempt does -------------------------------------------------------------------


def apply_shortening(asked: ClientRequest, conversation: Conversation | None, cut: Shortening | None) -> ClientRequest:
    """The request that this target gets."""
    if conversation is None or cut is None:
        return asked
    return with_fields(asked, shorten(conversation, asked.body, frozenset(cut.left_out), note(cut)))


def note(cut: Shortening) -> str:
    """What the model reads in the place of what it does not get."""
    said = f"{_turns(cut)} of this conversation {'is' if cut.turns == 1 else 'are'} left out here, to fit the context"
    return f"[{said} window. A summary of what was said:\n{cut.summary}\n]" if cut.summary else f"[{said} window.]"


def _turns(cut: Shortening) -> str:
    return "1 earlier turn" if cut.turns == 1 else f"{cut.turns} earlier turns"


def shortening_name(cut: Shortening) -> str:
    """Returns the shortening in the words of warnings and of the decision record."""
    return f"{'context_summarized' if cut.summary else 'context_truncated'}:{cut.turns} turns"
