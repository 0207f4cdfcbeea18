"""Envoy is asked about each kind of cluster once, and of what is wrong nothing is left out."""

import json
from pathlib import Path

import pytest

from openclaw_extproc.config.findings import Finding
from openclaw_extproc.edge.envoy import check
from openclaw_extproc.edge.reload.config_files import ConfigFiles, ReadConfiguration
from openclaw_extproc.edge.workers.processes import find_envoy
from openclaw_extproc.model.json import Json

HAND = """
resources:
- name: {name}
  type: STATIC
  connect_timeout: {timeout}
  load_assignment:
    cluster_name: {name}
    endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: {at}, port_value: 9}}}}}}}}]}}]
"""


def read(folder: Path, by_hand: str = "", count: int = 40) -> ReadConfiguration:
    each = (f"{{name: p{n}, models: [m{n}], endpoint: 'https://h{n}.example.com:{443 + n}'}}" for n in range(count))
    (folder / "openclaw.yml").write_text(f"model: {{providers: [{', '.join(each)}]}}\n")
    (folder / "clusters.yaml").write_text(by_hand or "resources: []\n")
    return ConfigFiles((folder / "openclaw.yml",), folder / "clusters.yaml", {}).read()


def test_of_a_kind_one_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes Envoy three milliseconds; a thousand providers have two thousand."""
    asked = list[list[Json]]()

    def noted(_binary: str, file: Path) -> list[Finding]:
        asked.append(json.loads(file.read_text())["static_resources"]["clusters"])
        return []

    monkeypatch.setattr(check, "of_file", noted)

    for count in (1, 40):
        check.findings("", read(tmp_path, count=count), {})

    assert len(asked[1]) == len(asked[0])


@pytest.mark.parametrize(
    ("by_hand", "said"),
    [
        (HAND.format(name="mine", timeout="1s", at="127.0.0.1"), ""),
        (HAND.format(name="mine", timeout="soon", at="127.0.0.1"), "connect_timeout"),
        (HAND.format(name="mine", timeout="1s", at="no.address.example"), "no.address.example"),
        (
            HAND.format(name="mine", timeout="1s", at="127.0.0.1").replace("port_value: 9", "port_value: 99999"),
            "Envoy rejects it",
        ),
        (HAND.format(name="mine", timeout="1s", at="127.0.0.1") + "  openclaw: {}\n", "openclaw"),
    ],
)
def test_what_envoy_would_refuse_is_found_among_many(tmp_path: Path, by_hand: str, said: str) -> None:
    good = HAND.format(name="a", timeout="1s", at="127.0.0.1").replace("resources:\n", "")

    found = check.findings(find_envoy(None), read(tmp_path, by_hand + good.lstrip("\n")), {})

    assert [said in one.finding for one in found] == ([True] if said else [])
