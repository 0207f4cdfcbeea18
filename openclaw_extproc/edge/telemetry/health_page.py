"""`/health/targets`: the state of each provider and each of its models, for machines; and the same as text."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx

from openclaw_extproc.policy.health.provider_health import HealthView

PATH = "/health/targets"
TIMEOUT_SECONDS = 5.0


def page(views: Iterable[HealthView], at: float) -> bytes:
    """The page in JSON. `at`: seconds since the epoch."""
    return json.dumps({"at": round(at, 3), "targets": [_row(view, at) for view in views]}).encode()


def _row(view: HealthView, at: float) -> dict[str, Any]:
    again = view.tries_again_at
    forever = again is not None and again == float("inf")
    return {
        "name": view.name,
        "provider": view.provider,
        "model": view.model or None,
        "state": view.state.value,
        "failure_rate": None if view.failure_rate is None else round(view.failure_rate, 3),
        "samples": view.samples,
        "share": round(view.share, 3),
        "next_trial_seconds": None if again is None or forever else round(max(0.0, again - at), 1),
        "recovers_by_itself": not forever,
        "suspect": view.suspect,
        "slow": view.slow,
        "reason": view.why or None,
        "reason_seconds_ago": round(at - view.why_at, 1) if view.why_at else None,
    }


def ask(url: str) -> dict[str, Any]:
    """Fetches the page from a running service. Raises `httpx.HTTPError`, `ValueError`."""
    answer = httpx.get(f"{url}{PATH}", timeout=TIMEOUT_SECONDS, trust_env=False).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def is_well(found: Mapping[str, Any]) -> bool:
    """Whether no provider and no model is out or on trial."""
    return all(row["state"] not in ("open", "half_open") for row in found["targets"])


_HEAD = ("", "state", "failures", "calls", "share", "next trial", "reason")


def text(found: Mapping[str, Any]) -> str:
    """The page as a table for people: each provider with its models below it."""
    rows = [_HEAD, *(_cells(row) for row in found["targets"])]
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEAD) - 1)]
    return "".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
    return f"{'  '.join(padded)}  {row[-1]}".rstrip() + "\n"


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    doubts = [word for word in ("suspect", "slow") if row[word]]
    rate, wait, ago = row["failure_rate"], row["next_trial_seconds"], row["reason_seconds_ago"]
    trial = "" if wait is None else "now" if wait == 0 else f"in {wait:.0f} s"
    return (
        f"  {row['model']}" if row["model"] else row["provider"],
        " ".join([row["state"].replace("_", "-"), *doubts]),
        "" if rate is None else f"{rate:.0%}",
        str(row["samples"] or ""),
        f"{row['share']:.0%}",
        trial if row["recovers_by_itself"] else "on reload",
        "" if ago is None else f"{row['reason']}, {ago:.0f} s ago",
    )
