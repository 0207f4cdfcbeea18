"""The combined overrides of the request, its session and `prompt:`.

For each field the first level that says something has it: the request, `prompt:`, the session's entry in
`session.yml`, `session:`. Two things only ever get narrower: every data class that any level names holds, and so does
the smallest cost limit. A request can shorten its time limit and never lengthen the operator's.
"""

from collections.abc import Iterator

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import LEVEL
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.record import Chooser
from openclaw_extproc.strategy import Level


@dataclass(frozen=True, slots=True)
class Overrides:
    """The overrides that apply to one request."""

    model: str = ""
    level: str = ""
    """Name of the level that chose the model."""
    fallback: tuple[str, ...] = ()
    """What stands in for its model; where no level names a model, for whatever is chosen."""
    by: Chooser = ""
    routing: bool = True
    timeout_ms: int | None = None
    data_classes: tuple[str, ...] = ()
    max_cost_usd: float | None = None


def merge_overrides(case: RoutingContext) -> Overrides:
    levels = list(_levels(case))
    if not levels:
        return Overrides()
    own = tuple(level for by, level in levels if by == "request")
    others = tuple(level for by, level in levels if by != "request")
    named: list[tuple[Chooser, Level]]
    named = [entry for entry in levels if entry[1].model and (case.is_chat or entry[0] == "request")]
    by, chosen = next(iter(named), _NOBODY)
    standing_in = chosen.fallback if named else next((one.fallback for _, one in levels if one.fallback), ())
    times = [next((one.timeout_ms for one in part if one.timeout_ms is not None), None) for part in (own, others)]
    costs = [level.max_cost_usd for _, level in levels if level.max_cost_usd is not None]
    return Overrides(
        model=chosen.model,
        level=chosen.name,
        fallback=tuple(name for name in standing_in if not name.startswith(LEVEL)),
        by=by,
        routing=next((level.routing for _, level in levels if level.routing is not None), True),
        timeout_ms=min((ms for ms in times if ms is not None), default=None),
        data_classes=tuple(level.data_class for _, level in levels if level.data_class),
        max_cost_usd=min(costs, default=None),
    )


_NOBODY: tuple[Chooser, Level] = "", Level()


def _levels(case: RoutingContext) -> Iterator[tuple[Chooser, Level]]:
    """In the order of precedence."""
    declared, levels = case.features.declared, case.strategy.levels
    if declared.level:
        yield "request", declared.level
    if levels.prompt:
        yield "prompt", levels.prompt
    if not declared.session:
        return
    if entry := case.snapshot.session(declared.session):
        yield "session", entry
    if levels.session:
        yield "session", levels.session
