"""`drill` as a person, a pipeline and `up` run it: simulators in the place of all providers."""

import json
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from openclaw_extproc.drill.report import Report, Row
from openclaw_extproc.edge.workers.processes import free_port
from tests.e2e.commands import COMMAND, run, started
from tests.e2e.harness import http, until

# Nobody is at these addresses: an attempt that went to one of them would fail.
THREE = """
model:
  providers:
    - name: openai
      format: openai_chat
      endpoint: "https://one.invalid/v1"
      models: [{name: gpt-4o, input_cost_per_million: 1, output_cost_per_million: 2}]
      api_key: "${KEY_BEE}"
      fallback: anthropic
      fallback_model: claude-sonnet-4
    - name: anthropic
      format: anthropic_messages
      endpoint: "https://two.invalid"
      models: [{name: claude-sonnet-4, input_cost_per_million: 2, output_cost_per_million: 4}]
      api_key: "${KEY_DOG}"
      fallback: google
      fallback_model: gemini-2.5-pro
    - {name: google, format: gemini, endpoint: "https://three.invalid", models: [gemini-2.5-pro], api_key: "${KEY_BEE}"}
"""


@dataclass(frozen=True, slots=True)
class Held:
    report: Report
    code: int
    errors: str

    def rows(self, name: str) -> dict[str, Row]:
        chain = next(chain for chain in self.report.chains if name in chain.names)
        return {row.fault: row for row in chain.rows}


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Held:
    """What the command says as JSON, of chains of three, two and one."""
    folder = tmp_path_factory.mktemp("drill")
    (folder / "openclaw.yml").write_text(THREE)
    done = run("drill", "--json", cwd=folder)
    assert done.stdout, done.stderr
    return Held(msgspec.json.decode(done.stdout, type=Report), done.returncode, done.stderr)


STREAMED = [
    "openai answers 503, streamed",
    "openai answers 429, streamed",
    "openai does not respond, streamed",
    "openai rejects the key, streamed",
    "openai stalls after the response headers, streamed",
    "openai starts the stream with an error, streamed",
]


@pytest.mark.parametrize("fault", STREAMED)
def test_another_format_streams_for_who_is_down(drilled: Held, fault: str) -> None:
    row = drilled.rows("gpt-4o")[fault]

    assert (row.provider, row.model, row.attempts) == ("anthropic", "claude-sonnet-4", 2)
    assert (row.streamed, row.answered) == (True, True)


def test_every_fault_of_every_chain_is_also_met_by_a_stream(drilled: Held) -> None:
    for chain in drilled.report.chains:
        whole = {row.fault for row in chain.rows if not row.streamed}
        assert whole <= {row.fault.removesuffix(", streamed") for row in chain.rows if row.streamed}, chain.names


@pytest.mark.parametrize(
    "fault", ["openai answers 503", "openai answers 429", "openai does not respond", "openai rejects the key"]
)
def test_another_format_answers_for_who_is_down(drilled: Held, fault: str) -> None:
    row = drilled.rows("gpt-4o")[fault]

    assert (row.provider, row.model, row.attempts) == ("anthropic", "claude-sonnet-4", 2)
    assert (row.worst_seconds, row.cost_usd, row.times_first) == (240.0, 0.004, 2.0)


def test_the_first_answers_when_all_is_well_and_nobody_when_all_are_down(drilled: Held) -> None:
    played = drilled.rows("gpt-4o")

    assert (played["no fault"].provider, played["no fault"].attempts) == ("openai", 1)
    assert played["openai and anthropic down"].provider == "google"
    assert (played["all down"].provider, played["all down"].status) == (None, 503)
    assert (played["no fault, streamed"].provider, played["no fault, streamed"].attempts) == ("openai", 1)
    assert played["all down, streamed"].status == 503


def test_a_chain_without_a_fallback_is_an_error(drilled: Held) -> None:
    errors = [(one.place, one.finding) for one in drilled.report.findings if one.severity == "error"]

    assert (
        "chain gemini-2.5-pro",
        "google is its only provider: it has no fallback when this provider fails",
    ) in errors
    assert (drilled.code, drilled.report.ok, drilled.errors) == (1, False, "")


def test_a_bad_configuration_and_a_missing_envoy_are_told_apart_from_findings(tmp_path: Path) -> None:
    (tmp_path / "openclaw.yml").write_text(THREE)
    (tmp_path / "bad.yml").write_text("modle: {}")

    bad = run("drill", "-c", "bad.yml", cwd=tmp_path)
    none = run("drill", "--envoy", "/nowhere/envoy", cwd=tmp_path)

    assert (bad.returncode, none.returncode) == (2, 2)
    assert "modle" in bad.stderr
    assert "Envoy not found" in none.stderr


def test_up_holds_drills_by_itself(tmp_path: Path) -> None:
    port, admin_port = free_port(), free_port()
    schedule = '{test_interval: "every 2s", mode: dry_run, notify: true}'
    (tmp_path / "openclaw.yml").write_text(
        f"gateway: {{port: {port}, admin_port: {admin_port}}}\n{THREE}failover: {{scheduled_failover: {schedule}}}\n"
    )

    output = tmp_path / "output"

    with started([*COMMAND, "up"], tmp_path):
        until(lambda: "drill_done" in output.read_text(), 180, output.read_text)
        metrics = http.get(f"http://127.0.0.1:{admin_port}/metrics").text
        lines = [json.loads(line) for line in output.read_text().splitlines() if line.startswith("{")]

    told = [(line["level"], line["event"]) for line in lines if line["component"] == "drill"]
    assert ("warning", "finding") in told
    assert ("warning", "drill_done") in told
    assert "openclaw_drill_failures_total 1.0" in metrics
    assert "openclaw_drill_last_success_timestamp_seconds 0.0" in metrics
