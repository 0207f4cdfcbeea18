"""Attempts for the tests of the ledger."""

from dataclasses import replace
from typing import Any

from openclaw_extproc.catalog import ModelFacts, Price
from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Emergency, Gateway, Provider, Target, Timeouts
from openclaw_extproc.ledger.entry import Baselines, LedgerEntry, entry_of
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.plan import Plan
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, Selection

AT = 1_754_006_400.0
"""The first second of an hour and of a day, UTC."""
MINI = Target(Provider("ace", "ace", "openai_chat", models=("mini", "free")), "mini")
LARGE = Target(Provider("bee", "bee", "anthropic_messages", models=("large",)), "large")
UNPRICED = Target(Provider("cat", "cat", "openai_chat", models=("own",)), "own")
GATEWAY = Gateway(
    providers={"ace": MINI.provider, "bee": LARGE.provider, "cat": UNPRICED.provider},
    chains={"auto": (LARGE, MINI), "mini": (MINI, LARGE), "large": (LARGE,), "own": (UNPRICED,)},
    catalog={
        "ace/mini": ModelFacts((Price(input=1.0, output=2.0, cache_read=0.5),)),
        "bee/large": ModelFacts((Price(input=10.0, output=20.0),)),
    },
)
USAGE = Usage(input_tokens=1_000, output_tokens=500)
SERVER_ERROR = Fault(FaultKind.UPSTREAM_ERROR, "", 500)
SILENT = Fault(FaultKind.UPSTREAM_SILENT, "")
GARBLED = Fault(FaultKind.UPSTREAM_GARBLED, "")


def plan(asked: str = "mini", client_format: str = "openai_chat", first: Target = MINI, **record: Any) -> Plan:
    return Plan(
        "r1",
        client_format,
        "/v1/chat/completions",
        "",
        asked,
        ((first,), (LARGE,)),
        AT - 1,
        60_000,
        Timeouts(),
        Emergency(),
        record=DecisionRecord(**record),
        estimated_tokens=800,
        user="ada",
    )


def attempt(outcome: Outcome = Outcome.OK, target: Target = MINI, **changes: Any) -> AttemptEntry:
    made = AttemptEntry(
        "r1", 1, target, Selection.PRIMARY, outcome, usage=USAGE, seconds=1.5, plan=plan(), responded=True
    )
    return replace(made, **changes)


def entered(outcome: Outcome = Outcome.OK, target: Target = MINI, at: float = AT, **changes: Any) -> LedgerEntry:
    made = entry_of(attempt(outcome, target, **changes), at, GATEWAY, Baselines.of(GATEWAY))
    assert made is not None
    return made
