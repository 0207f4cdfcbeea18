"""The health of providers merged from several worker processes, each of which has its own circuits."""

from collections.abc import Iterable
from dataclasses import replace

from openclaw_extproc.policy.health.circuit import State
from openclaw_extproc.policy.health.provider_health import HealthView

_WORST = (State.OPEN, State.HALF_OPEN, State.DEGRADED, State.HEALTHY)


def merge_health_views(tables: Iterable[Iterable[HealthView]]) -> tuple[HealthView, ...]:
    """In the order of the first table. A provider is as bad as whoever thinks worst of it; counts are added up."""
    found: dict[str, list[HealthView]] = {}
    for table in tables:
        for view in table:
            found.setdefault(view.name, []).append(view)
    return tuple(map(_together, found.values()))


def _together(views: list[HealthView]) -> HealthView:
    worst = min(views, key=lambda view: _WORST.index(view.state))
    last = max(views, key=lambda view: view.why_at)
    samples = sum(view.samples for view in views)
    return replace(
        worst,
        failure_rate=_rate(views),
        samples=samples,
        share=sum(view.share for view in views) / len(views),
        tries_again_at=min((v.tries_again_at for v in views if v.tries_again_at is not None), default=None),
        suspect=any(view.suspect for view in views),
        slow=any(view.slow for view in views),
        why=last.why,
        why_at=last.why_at,
    )


def _rate(views: list[HealthView]) -> float | None:
    known = [view for view in views if view.failure_rate is not None and view.samples]
    samples = sum(view.samples for view in known)
    return sum((view.failure_rate or 0.0) * view.samples for view in known) / samples if samples else None
