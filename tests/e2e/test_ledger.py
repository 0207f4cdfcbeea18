"""Every attempt is in the ledger, whichever worker had it and however it ended."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.e2e.callers import CALLERS, body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.test_workers import kill, workers

WORKERS = 2


def config(providers: Providers, path: Path) -> str:
    price = "input_cost_per_million: 1000, output_cost_per_million: 2000"
    spoken = 'format: openai_chat, api_key: "${OPENAI_API_KEY}"'
    return f"""
model:
  providers:
    - {{name: bee, {spoken}, endpoint: "http://127.0.0.1:{providers["bee"].port}",
        models: [{{name: bee-model, {price}}}]}}
    - {{name: dead, {spoken}, endpoint: "http://127.0.0.1:1", fallback: bee, fallback_model: bee-model,
        models: [{{name: dead-model, {price}}}]}}
ledger: {{path: {path}}}
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ledger") / "ledger.db"


@pytest.fixture(scope="module")
def up(providers: Providers, path: Path) -> Iterator[Sidecar]:
    """With two workers, whose entries the supervisor writes."""
    with sidecar(config(providers, path), gateway=f"workers: {WORKERS}") as started:
        yield started


def rows(path: Path, what: str, where: str = "1") -> list[tuple[object, ...]]:
    if not path.exists():
        return []
    database = sqlite3.connect(path)
    try:
        return database.execute(f"SELECT {what} FROM calls WHERE {where} ORDER BY attempt, at").fetchall()  # noqa: S608  # our words
    finally:
        database.close()


def ask(up: Sidecar, model: str, user: str, *, sdk: str = "openai", streamed: bool = False) -> int:
    headers = {"x-openclaw-user": user}
    return http.post(
        up.url + CALLERS[sdk].path, content=body(sdk, model, streamed=streamed), headers=headers
    ).status_code


def entries(path: Path, user: str, count: int, what: str = "outcome, basis") -> list[tuple[object, ...]]:
    """Once there are so many of this user's."""
    return until(
        lambda: found if len(found := rows(path, what, f"user = '{user}'")) >= count else None,
        10,
        lambda: str(rows(path, "user, " + what)),
    )


@pytest.mark.parametrize("sdk", CALLERS)
def test_an_answer_is_entered_with_its_tokens_and_its_cost(up: Sidecar, path: Path, sdk: str, streamed: bool) -> None:
    user = f"{sdk}-{streamed}"
    assert ask(up, "bee-model", user, sdk=sdk, streamed=streamed) == 200

    (made,) = entries(path, user, 1, "provider, model, outcome, basis, output_tokens, cost_micro_usd, input_tokens")

    assert made[:5] == ("bee", "bee-model", "ok", "counted", 9)
    assert made[5] == 1_000 * int(str(made[6])) + 2_000 * 9


def test_a_whole_answer_says_what_it_cost_and_so_do_log_metrics_and_admin_page(up: Sidecar, path: Path) -> None:
    content = body("openai", "dead-model", streamed=False)
    answer = http.post(f"{up.url}/v1/chat/completions", content=content, headers={"x-openclaw-user": "told"})
    (micro,) = until(lambda: rows(path, "cost_micro_usd", "user = 'told' AND provider = 'bee'"), 10)[0]
    request_id = answer.headers["x-openclaw-request-id"]
    page = http.get(f"{up.admin_url}/requests/{request_id}").json()
    (line,) = [one for one in up.lines("model_selection") if one["data"]["request_id"] == request_id]

    assert isinstance(micro, int)
    assert answer.headers["x-openclaw-cost-usd"] == f"{micro / 1e6:g};final"
    assert line["data"]["model_selection"]["cost_usd"] == micro / 1e6
    assert (page["cost_usd"], page["is_final"]) == (micro / 1e6, True)
    assert (page["attempts"][-1]["provider"], page["attempts"][-1]["cost_micro_usd"]) == ("bee", micro)
    until(lambda: _counted_metric(up) == _counted_entries(path), 10, up.metrics)
    assert http.get(f"{up.admin_url}/requests/none").status_code == 404


def _counted_metric(up: Sidecar) -> int:
    return round(up.metric("openclaw_cost_usd_total", provider="bee", basis="counted") * 1e6)


def _counted_entries(path: Path) -> int:
    found = rows(path, "cost_micro_usd", "provider = 'bee' AND basis = 'counted'")
    return sum(int(str(micro)) for (micro,) in found)


def test_the_headers_of_a_stream_have_the_estimate(up: Sidecar) -> None:
    content = body("openai", "bee-model", streamed=True)
    answer = http.post(f"{up.url}/v1/chat/completions", content=content)

    assert answer.headers["x-openclaw-cost-usd"].endswith(";estimated")


def test_a_call_that_envoy_routes_by_itself_is_entered_and_told_too(up: Sidecar, path: Path) -> None:
    """It has no header that a decision looks at."""
    content = body("openai", "bee-model", streamed=False)
    answer = http.post(f"{up.url}/v1/chat/completions", content=content)
    request_id = answer.headers["x-openclaw-request-id"]

    found = until(lambda: rows(path, "basis, cost_micro_usd", f"request_id = '{request_id}'"), 10)

    ((basis, micro),) = found
    assert basis == "counted"
    assert answer.headers["x-openclaw-cost-usd"] == f"{int(str(micro)) / 1e6:g};final"


def test_a_failover_leaves_two_entries_of_one_request(up: Sidecar, path: Path) -> None:
    """While Envoy still connects to a worker, a refused attempt is over before the worker has heard of it."""
    numbers = count()

    def both() -> list[tuple[object, ...]]:
        user = f"failover-{next(numbers)}"
        assert ask(up, "dead-model", user) == 200
        entries(path, user, 1)
        what = "request_id, provider, outcome, basis, cost_micro_usd, previous"
        found = rows(path, what, f"user = '{user}'")
        return found if len(found) == 2 else []

    first, second = until(both, 30)

    assert first[0] == second[0]
    assert first[1:] == ("dead", "no_answer", "not_billed", 0, "")
    assert second[1:4] == ("bee", "ok", "counted")
    assert second[5] == "connection"


def test_a_caller_that_hangs_up_pays_what_it_got(providers: Providers, up: Sidecar, path: Path) -> None:
    providers["bee"].set_fault("slow")
    content = body("openai", "bee-model", streamed=True)
    with (
        httpx.Client(timeout=30) as client,
        client.stream(
            "POST", f"{up.url}/v1/chat/completions", content=content, headers={"x-openclaw-user": "gone"}
        ) as answer,
    ):
        next(answer.iter_raw())

    (made,) = entries(path, "gone", 1, "outcome, basis, cost_micro_usd > 0")

    assert made == ("gone", "estimated", 1)


def test_entries_of_all_workers_are_written_once(up: Sidecar, path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        users = (f"load-{n % 4}" for n in range(200))
        codes = Counter(pool.map(partial(ask, up, "bee-model"), users))

    assert codes == {200: 200}
    until(lambda: len(rows(path, "request_id", "user LIKE 'load-%'")) >= 200, 10)
    ids = [row[0] for row in rows(path, "request_id", "user LIKE 'load-%'")]
    assert len(ids) == len(set(ids)) == 200
    assert up.metric("openclaw_ledger_dropped_total") == 0


def test_what_a_worker_had_sent_outlives_it(up: Sidecar, path: Path) -> None:
    assert ask(up, "bee-model", "before") == 200
    entries(path, "before", 1)

    for pid in workers(up):
        kill(pid)
    until(lambda: len(workers(up)) == WORKERS, 30)
    until(lambda: ask(up, "bee-model", "after") == 200, 30)

    assert entries(path, "after", 1)
    assert len(rows(path, "request_id", "user = 'before'")) == 1
