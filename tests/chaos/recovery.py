"""How long it takes: from the first failure until traffic has left a provider, from its recovery until it is back."""

import time
from dataclasses import dataclass

import httpx

from tests.chaos.world import Place
from tests.e2e.callers import body

RATE = 10.0
IN_A_ROW = 5
"""So many answers one after the other make a change: a trial now and then does not."""


@dataclass(frozen=True, slots=True)
class Recovery:
    away_seconds: float | None
    """`None`: not within the time allowed."""
    back_seconds: float | None


def measured(url: str, first: Place, most: float) -> Recovery:
    """A steady 503 of `first`, at ten requests a second. `most`: seconds that each of the two may take."""
    with httpx.Client(timeout=30) as client:
        _until(client, url, 3, most, first, by_first=True)
        first.set_fault("503")
        away = _until(client, url, IN_A_ROW, most, first, by_first=False)
        first.set_fault("ok")
        back = None if away is None else _until(client, url, IN_A_ROW, most, first, by_first=True)
    return Recovery(away, back)


def _until(client: httpx.Client, url: str, in_a_row: int, most: float, first: Place, *, by_first: bool) -> float | None:
    """Seconds until the first of so many answers in a row that came at once from whom they should."""
    began, since, count = time.monotonic(), 0.0, 0
    while time.monotonic() - began < most:
        sent = time.monotonic()
        answer = client.post(f"{url}/openai/v1/chat/completions", content=body("openai", f"{first.name}-model"))
        told = answer.headers
        theirs = (told.get("x-openclaw-provider") == first.name) is by_first
        if theirs and told.get("x-openclaw-attempts") == "1":
            since, count = (since if count else sent), count + 1
        else:
            count = 0
        if count >= in_a_row:
            return since - began
        time.sleep(max(0.0, sent + 1 / RATE - time.monotonic()))
    return None
