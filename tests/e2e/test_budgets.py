"""A budget holds for all workers together, whatever comes at once, and a restart forgets nothing of it."""

import math
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until

CALLS, FITTING = 100, 10


def config(providers: Providers, path: Path, threshold: str) -> str:
    """A call is estimated at one dollar, for its limit of 100 tokens. It costs 0.09: the answer has nine."""
    return f"""
model:
  providers:
    - {{name: bee, format: openai_chat, api_key: "${{OPENAI_API_KEY}}", endpoint: "http://127.0.0.1:{providers["bee"].port}",
        models: [{{name: bee-model, input_cost_per_million: 0, output_cost_per_million: 10000}}]}}
router: {{cost_optimization: {{enabled: true, cost_threshold: {{{threshold}}}}}}}
cost_aware: {{enabled: true, on_exceeded: reject}}
ledger: {{path: {path}}}
"""  # a line of YAML


def ask(up: Sidecar, name: str = "x") -> tuple[int, str]:
    answer = http.post(
        f"{up.url}/v1/chat/completions",
        content=body("openai", "bee-model", streamed=False),
        headers={"x-openclaw-user": name},
    )
    return answer.status_code, answer.headers.get("retry-after", "")


def test_a_budget_for_ten_lets_ten_of_a_hundred_through_and_outlives_a_restart(
    providers: Providers, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.db"
    with sidecar(config(providers, path, f"daily_budget: {FITTING}.5"), gateway="workers: 2") as up:
        providers["bee"].set_fault("slow-600")  # all are asked before the first has its nine tokens
        with ThreadPoolExecutor(CALLS) as pool:
            codes = list(pool.map(partial(ask, up), (f"u{n}" for n in range(CALLS))))
        until(lambda: up.metric("openclaw_ledger_entries_total") == FITTING, 10, up.logged)
        providers["bee"].set_fault("ok")
        assert ask(up)[0] == 200, "their costs stand where their reservations were"
        until(lambda: up.metric("openclaw_ledger_entries_total") == FITTING + 1, 10, up.logged)

    assert Counter(code for code, _ in codes) == {200: FITTING, 429: CALLS - FITTING}
    today = math.floor(time.time()) % 86_400
    waits = [int(wait) for code, wait in codes if code == 429]
    assert all(abs(wait - (86_400 - today)) < 120 for wait in waits)

    with sidecar(config(providers, path, "daily_budget: 1.1")) as up:
        assert ask(up)[0] == 429, "0.9 of it was spent before the restart"
