"""What a drill found, as values: the text and the JSON are made from it.

The JSON has these fields under these names, in this order. What is not known is `null`. New fields may come; a change
of what is there raises `VERSION`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openclaw_extproc.config.findings import Finding
from openclaw_extproc.drill.chains import Chain, UnroutableName
from openclaw_extproc.drill.findings import chain_findings
from openclaw_extproc.drill.prices import Prices
from openclaw_extproc.drill.scenes import Outcome, Scene
from openclaw_extproc.gateway import Gateway

VERSION = 1

PlayedScenes = Sequence[tuple[Scene, Outcome]]


@dataclass(frozen=True, slots=True)
class Row:
    """One fault."""

    fault: str
    broken: tuple[str, ...]
    answered: bool
    status: int
    """0: there was no answer."""
    provider: str | None
    """Who answered; `null`: nobody."""
    model: str | None
    attempts: int | None
    seconds: float
    """Measured, with the shortened limits of a drill."""
    worst_seconds: float | None
    """What so many attempts may take with the limits as configured, each silent to the end."""
    cost_usd: float | None
    """Estimated, of `prices.SAMPLE`."""
    times_first: float | None
    """That cost, for each dollar that the first choice costs."""
    failed: tuple[str, ...]
    """`provider:reason` of the attempts before."""
    streamed: bool = False
    """Whether it was asked for as a stream."""
    broken_off: bool = False
    """A stream that began well and had no proper end."""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """One chain."""

    names: tuple[str, ...]
    targets: tuple[str, ...]
    """`provider/model`, in the order of trying."""
    worst_seconds: float
    """When every attempt is silent to the end, with the limits as configured."""
    rows: tuple[Row, ...]
    streamed_targets: tuple[str, ...] = ()
    """As `targets`, of requests for streams; empty: they are not drilled."""


@dataclass(frozen=True, slots=True)
class Problem:
    severity: str
    place: str
    finding: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Report:
    version: int
    mode: str
    ok: bool
    """Whether there is no finding of severity `error`."""
    seconds: float
    chains: tuple[ChainReport, ...]
    findings: tuple[Problem, ...]
    """Errors first."""
    notes: tuple[str, ...]


def report(
    gateway: Gateway,
    played: Sequence[tuple[Chain, PlayedScenes]],
    refused: Sequence[UnroutableName],
    *,
    hosts: Mapping[str, str],
    missing: frozenset[str],
    seconds: float,
    notes: tuple[str, ...] = (),
) -> Report:
    """All that can be said of a drill.

    Args:
        gateway: As configured, not as staged.
        played: Each chain with what was played for it.
        refused: Names that got no plan.
        hosts: Of providers, by name, where known.
        missing: `Provider.identity` of credentials that are not there.
        seconds: What the drill took.
        notes: What it left out of account.
    """
    findings = sorted(
        chain_findings(gateway, played, refused, hosts=hosts, missing=missing), key=lambda one: one.severity != "error"
    )
    return Report(
        VERSION,
        "dry_run",
        all(one.severity != "error" for one in findings),
        round(seconds, 1),
        tuple(_chain_report(gateway, chain, rows) for chain, rows in played),
        tuple(_problem(one) for one in findings),
        notes,
    )


def _chain_report(gateway: Gateway, chain: Chain, played: PlayedScenes) -> ChainReport:
    rows = tuple(_row(gateway, chain.of(streamed=scene.streamed), scene, outcome) for scene, outcome in played)
    streamed = () if chain.streamed is None else _names(chain.streamed)
    return ChainReport(chain.names, _names(chain), round(chain.waits_seconds(gateway), 1), rows, streamed)


def _names(chain: Chain) -> tuple[str, ...]:
    return tuple(target.name for target in chain.targets)


def _row(gateway: Gateway, chain: Chain, scene: Scene, outcome: Outcome) -> Row:
    prices = Prices(gateway, chain)
    name = f"{outcome.provider}/{outcome.model}" if outcome.has_answer else ""
    attempts = outcome.attempts
    worst = None if attempts is None else round(chain.waits_seconds(gateway, attempts), 1)
    return Row(
        scene.name,
        scene.broken,
        outcome.has_answer,
        outcome.status,
        outcome.provider if outcome.has_answer else None,
        outcome.model if outcome.has_answer else None,
        attempts,
        round(outcome.seconds, 3),
        worst,
        prices.cost(name),
        prices.times(name),
        outcome.failed,
        scene.streamed,
        outcome.broken_off,
    )


def _problem(one: Finding) -> Problem:
    return Problem(one.severity, one.path, one.finding, one.remedy)
