"""The figures of a report are those of the entries, whatever they are grouped by, and it only reads."""

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest

from openclaw_extproc.edge import cli
from openclaw_extproc.edge.ledger import queries
from openclaw_extproc.edge.ledger.file import LedgerFile, UnreadableFileError
from openclaw_extproc.edge.ledger.queries import reading
from openclaw_extproc.ledger.entry import LedgerEntry
from openclaw_extproc.ledger.report import DIMENSIONS, MIN_ATTEMPTS, Report, to_csv, to_json, to_text
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.stages.entries import Outcome, Selection
from tests.ledger.attempts import AT, GARBLED, LARGE, MINI, SERVER_ERROR, UNPRICED, entered, plan

HOUR = 3_600.0
MS = 1_000

ENTRIES = (
    entered(plan=plan(identity="billing", task="extraction"), usage=Usage(1_000, 400, None, 500)),
    entered(at=AT + HOUR, plan=plan(identity="billing", task="extraction")),
    entered(Outcome.FAILED, at=AT + HOUR, fault=SERVER_ERROR, plan=plan(identity="search")),
    entered(
        target=LARGE,
        at=AT + HOUR,
        attempt=2,
        selection=Selection.FALLBACK,
        previous_reason="server_error",
        plan=plan(identity="search"),
    ),
    entered(Outcome.FAILED, at=AT + 30 * HOUR, fault=GARBLED),
    entered(at=AT + 30 * HOUR, attempt=2, selection=Selection.RETRY),
    entered(target=UNPRICED, at=AT + 30 * HOUR, plan=plan("own")),
)


def ledger(folder: Path, *entries: LedgerEntry) -> str:
    path = str(folder / "ledger.db")
    made = LedgerFile(path)
    made.write(entries)
    made.close()
    return path


def report(folder: Path, *by: str, since: float = AT, until: float = AT + 100 * HOUR) -> Report:
    with reading(ledger(folder, *ENTRIES)) as database:
        return queries.report(database, round(since * MS), round(until * MS), by or DIMENSIONS)


def test_totals_are_those_of_all_entries(tmp_path: Path) -> None:
    totals = report(tmp_path).totals

    assert (totals.requests, totals.attempts, totals.answers) == (5, 7, 5)
    assert totals.cost_micro_usd == 1_800 + 2_000 + 0 + 20_000 + 2_000 + 2_000
    assert (totals.failed_micro_usd, totals.estimated_micro_usd, totals.without_price) == (2_000, 2_000, 1)
    assert (totals.saved_by_fallback, totals.saved_by_retry) == (1, 1)
    assert (totals.input_tokens, totals.cached_tokens, totals.output_tokens) == (7_000, 400, 3_500)


@pytest.mark.parametrize("by", DIMENSIONS)
def test_the_groups_of_each_dimension_add_up_to_the_totals(tmp_path: Path, by: str) -> None:
    made = report(tmp_path, by)

    for name in ("attempts", "cost_micro_usd", "input_tokens", "answers"):
        assert sum(getattr(group.sums, name) for group in made.by[by]) == getattr(made.totals, name)


def test_groups_are_what_they_are_called(tmp_path: Path) -> None:
    made = report(tmp_path)

    assert [(g.key, g.sums.attempts) for g in made.by["day"]] == [("2025-08-01", 4), ("2025-08-02", 3)]
    assert [g.key for g in made.by["hour"]] == ["2025-08-01T00:00Z", "2025-08-01T01:00Z", "2025-08-02T06:00Z"]
    assert [g.key for g in made.by["model"]] == ["bee/large", "ace/mini", "cat/own"]
    assert {g.key: g.sums.attempts for g in made.by["identity"]} == {"billing": 2, "search": 2, "": 3}


def test_only_what_ended_in_time_counts(tmp_path: Path) -> None:
    made = report(tmp_path, since=AT + HOUR, until=AT + 30 * HOUR)

    assert made.totals.attempts == 3
    assert (made.since, made.until) == ("2025-08-01T01:00:00Z", "2025-08-02T06:00:00Z")


def test_savings_compare_answers_with_what_they_would_have_cost(tmp_path: Path) -> None:
    found = {one.baseline: one for one in report(tmp_path).savings}

    first, asked = found["first"], found["asked"]
    assert (first.answers, first.spent_micro_usd) == (4, 1_800 + 2_000 + 20_000 + 2_000)
    assert first.baseline_micro_usd == 4 * 20_000
    assert first.saved_micro_usd == 54_200
    assert asked.baseline_micro_usd == 1_800 + 3 * 2_000
    assert asked.saved_micro_usd == -18_000


def test_the_best_model_of_a_task_has_enough_attempts(tmp_path: Path) -> None:
    def some(target: Any, count: int, task: str, outcome: Outcome = Outcome.OK) -> list[LedgerEntry]:
        fault = SERVER_ERROR if outcome is Outcome.FAILED else None
        return [entered(outcome, target, plan=plan(task=task), fault=fault)] * count

    path = ledger(
        tmp_path,
        *some(MINI, MIN_ATTEMPTS, "analysis"),
        *some(MINI, MIN_ATTEMPTS, "analysis", Outcome.FAILED),
        *some(LARGE, MIN_ATTEMPTS, "analysis"),
        *some(MINI, MIN_ATTEMPTS - 1, "extraction"),
    )
    with reading(path) as database:
        (best,) = queries.report(database, 0, round(AT * MS) + 1, ()).best

    assert (best.task, best.cheapest, best.most_reliable) == ("analysis", "ace/mini", "bee/large")
    assert (best.cheapest_usd_per_answer, best.success_rate) == (0.002, 1.0)


def test_an_empty_ledger_has_an_empty_report(tmp_path: Path) -> None:
    with reading(ledger(tmp_path)) as database:
        made = queries.report(database, 0, 1, DIMENSIONS)

    assert made.totals.attempts == 0
    assert "cost" in to_text(made)
    assert to_json(made)["savings"]


def test_the_same_figures_for_machines(tmp_path: Path) -> None:
    made = report(tmp_path, "model")

    (large, mini, own) = csv.DictReader(io.StringIO(to_csv(made)))
    told: Any = json.loads(json.dumps(to_json(made)))

    assert (large["by"], large["key"], large["cost_usd"]) == ("model", "bee/large", "0.02")
    assert mini["attempts"] == "5"
    assert own["without_price"] == "1"
    assert told["by"]["model"][0]["cost_usd"] == 0.02
    assert told["totals"]["cost_usd"] == 0.0278


@pytest.mark.parametrize("label", ["=cmd()", "+1", "@x", "-1"])
def test_no_label_is_a_formula(tmp_path: Path, label: str) -> None:
    with reading(ledger(tmp_path, entered(plan=plan(identity=label)))) as database:
        made = queries.report(database, 0, round(AT * MS) + 1, ("identity",))

    assert f"identity,'{label}," in to_csv(made)


def test_no_label_writes_to_the_terminal(tmp_path: Path) -> None:
    with reading(ledger(tmp_path, entered(plan=plan(identity="\x1b[2J")))) as database:
        made = queries.report(database, 0, round(AT * MS) + 1, ("identity",))

    assert "\x1b" not in to_text(made)


def test_reading_changes_nothing(tmp_path: Path) -> None:
    path = ledger(tmp_path, *ENTRIES)
    before = Path(path).read_bytes()

    with reading(path) as database:
        queries.report(database, 0, round(AT * MS), DIMENSIONS)

    assert Path(path).read_bytes() == before


def test_what_is_no_ledger_is_not_reported_on(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"nonsense " * 1_000)

    with pytest.raises(UnreadableFileError), reading(str(tmp_path / "x.db")):
        pass


# -- the command ---------------------------------------------------------------------------


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(["report", *words])
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


def test_the_command_reports_on_the_ledger_of_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ledger(tmp_path, entered(at=time.time() - 60), entered(at=time.time() - 8 * 86_400))
    config = tmp_path / "openclaw.yml"
    config.write_text(
        "model: {provider: openai, model: gpt-4o-mini, api_key: '${OPENAI_API_KEY}'}\n" + f"ledger: {{path: {path}}}\n"
    )

    code, out, _ = command(capsys, "-c", str(config), "--json")
    _, older, _ = command(capsys, "--ledger", path, "--since", "2w", "--by", "model")

    assert code == 0
    assert json.loads(out)["totals"]["attempts"] == 1
    assert "2 answers" in older
    assert "ace/mini" in older


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--by", "colour"), "--by colour: there are day"),
        (("--since", "soon"), "soon: write a duration"),
        (("--ledger", "/no/such.db"), "/no/such.db: no such ledger"),
    ],
)
def test_what_cannot_be_reported_is_told_in_a_line(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = command(capsys, *words)

    assert code in (1, 2)
    assert told in err
