"""What `envoy --mode validate` says of the files we would give it."""

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from openclaw_extproc.config.findings import Finding
from openclaw_extproc.edge.sources import PlainDumper, Read, clusters_text, publish
from openclaw_extproc.render.bootstrap import Places, bootstrap

MAX_SECONDS = 60


def findings(binary: str, read: Read, environment: Mapping[str, str]) -> list[Finding]:
    """Nothing when Envoy takes it. `binary`: its path. `read` must have settings."""
    assert read.settings is not None
    with tempfile.TemporaryDirectory(prefix="openclaw-") as folder:
        places = Places([f"{folder}/route.sock"], [f"{folder}/attempt.sock"], f"{folder}/clusters.yaml")
        publish(Path(places.clusters_file), "resources: []\n")  # Envoy asks for the file to exist
        settings = read.settings
        whole = bootstrap(settings.gateway, settings.listen, places, settings.fail_open, settings.downstream)
        # It does not read the discovery file, so the clusters are checked as static ones.
        clusters = yaml.safe_load(clusters_text(read, environment))["resources"]
        for cluster in clusters:
            cluster.pop("@type", None)
        static = whole["static_resources"]
        assert isinstance(static, dict)
        assert isinstance(static["clusters"], list)
        static["clusters"] += clusters
        publish(Path(folder) / "envoy.yaml", yaml.dump(whole, Dumper=PlainDumper, sort_keys=False))
        return [replace(finding, path="envoy") for finding in of_file(binary, Path(folder) / "envoy.yaml")]


def of_file(binary: str, file: Path) -> list[Finding]:
    """What Envoy has against a configuration file."""
    command = [binary, "--mode", "validate", "-c", str(file), "-l", "error", "--log-format", "%v"]
    done = subprocess.run(  # noqa: S603  # our own words
        command, capture_output=True, text=True, timeout=MAX_SECONDS, check=False
    )
    if done.returncode == 0:
        return []
    said = " ".join((done.stderr or done.stdout).replace(str(file), file.name).split())
    return [Finding(str(file), f"Envoy refuses it: {said[:500]}", "", "error")]
