"""The files under envoy/ are what we render, and Envoy takes them."""

import subprocess
from pathlib import Path

import yaml

from openclaw_extproc.config.settings import ATTEMPT_ADDRESS, ROUTE_ADDRESS, UNIX
from openclaw_extproc.edge.reload.config_files import ConfigFiles
from openclaw_extproc.edge.workers.processes import find_envoy
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.bootstrap import Places, bootstrap
from openclaw_extproc.render.clusters import discovery

KEYS = {"OPENAI_API_KEY": "x", "ANTHROPIC_API_KEY": "x", "GOOGLE_API_KEY": "x"}
PLACES = Places(
    [ROUTE_ADDRESS.removeprefix(UNIX)],
    [ATTEMPT_ADDRESS.removeprefix(UNIX)],
    "/etc/envoy/clusters.yaml",
    access_log="/dev/stdout",
)


def rendered() -> tuple[dict[str, Json], dict[str, Json]]:
    read = ConfigFiles((Path("openclaw.example.yml"),), None, KEYS).read()
    assert read.settings, read.findings
    settings = read.settings
    return bootstrap(settings.gateway, settings.listen, PLACES), discovery(
        settings.upstreams, settings.gateway.timeouts
    )


def test_the_example_has_nothing_to_complain_about() -> None:
    assert ConfigFiles((Path("openclaw.example.yml"),), None, KEYS).read().findings == ()


def test_the_checked_in_files_are_what_is_rendered() -> None:
    envoy, clusters = rendered()

    assert yaml.safe_load(Path("envoy/envoy.yaml").read_text()) == envoy
    assert yaml.safe_load(Path("envoy/clusters.yaml").read_text()) == clusters


def test_envoy_takes_the_checked_in_files(tmp_path: Path) -> None:
    whole = yaml.safe_load(Path("envoy/envoy.yaml").read_text())
    clusters = yaml.safe_load(Path("envoy/clusters.yaml").read_text())["resources"]
    for cluster in clusters:
        del cluster["@type"]
    whole["static_resources"]["clusters"] += clusters  # --mode validate does not read the discovery file
    (tmp_path / "clusters.yaml").write_text("resources: []\n")
    whole["dynamic_resources"]["cds_config"]["path_config_source"] = {"path": str(tmp_path / "clusters.yaml")}
    (tmp_path / "envoy.yaml").write_text(yaml.safe_dump(whole))

    command = [find_envoy(None), "--mode", "validate", "-c", str(tmp_path / "envoy.yaml"), "-l", "warning"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr.lower()


def test_compose_and_prometheus_use_what_is_there() -> None:
    compose = yaml.safe_load(Path("docker-compose.yml").read_text())
    mounts = [m.split(":")[0] for s in compose["services"].values() for m in s.get("volumes", [])]
    rules = yaml.safe_load(Path("deploy/alerts.yml").read_text())["groups"][0]["rules"]
    metrics = Path("openclaw_extproc/edge/telemetry/metrics.py").read_text()

    assert compose["services"]["envoy"]["image"] == "envoyproxy/envoy:v1.40.0"
    assert {service["restart"] for service in compose["services"].values()} == {"unless-stopped"}
    folders, volumes = [m for m in mounts if m.startswith(".")], {m for m in mounts if not m.startswith(".")}
    assert [folder for folder in folders if not Path(folder).exists()] == []
    assert volumes == set(compose["volumes"])
    assert all("sockets:/run/openclaw" in compose["services"][name]["volumes"] for name in ("openclaw", "envoy"))
    # The sockets are for their owner alone.
    assert f"--uid {compose['services']['envoy']['environment']['ENVOY_UID']}" in Path("Dockerfile").read_text()
    named = {word for rule in rules for word in rule["expr"].replace("(", " ").replace("[", " ").split() if "_" in word}
    assert {name.removesuffix("_total") for name in named} == {
        "openclaw_model_fallback",
        "openclaw_model_health_status",
    }
    assert [name for name in named if f'"{name.removesuffix("_total")}"' not in metrics] == []
