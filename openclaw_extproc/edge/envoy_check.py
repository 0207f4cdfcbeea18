"""What `envoy --mode validate` says of the files we would give it."""

import subprocess
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from openclaw_extproc.config.findings import Finding
from openclaw_extproc.edge.sources import Read, publish, rendered, write_secrets
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.bootstrap import Places, bootstrap

MAX_SECONDS = 60


def findings(binary: str, read: Read, environment: Mapping[str, str], known: Collection[bytes] = ()) -> list[Finding]:
    """Nothing when Envoy takes it. `binary`: its path. `read` must have settings. `known`: clusters that it has."""
    assert read.settings is not None
    with tempfile.TemporaryDirectory(prefix="openclaw-") as folder:
        places = Places(
            [f"{folder}/route.sock"],
            [f"{folder}/attempt.sock"],
            f"{folder}/clusters.yaml",
            secrets_folder=folder,
        )
        write_secrets(read.settings.gateway, Path(folder))
        publish(Path(places.clusters_file), "resources: []\n")  # Envoy asks for the file to exist
        settings = read.settings
        whole = bootstrap(settings.gateway, settings.listen, places, settings.fail_open, settings.downstream)
        # It does not read the discovery file, so the clusters are checked as static ones.
        clusters = {*rendered(read, environment).values(), *map(j.dump, read.additions)} - {*known}
        static = whole["static_resources"]
        assert isinstance(static, dict)
        assert isinstance(static["clusters"], list)
        static["clusters"] += [_static(j.parse(one, where="cluster")) for one in sorted(clusters)]
        file = Path(folder) / "envoy.json"  # which Envoy reads as it reads YAML
        publish(file, j.text(whole))
        return [replace(finding, path="envoy") for finding in of_file(binary, file)]


def _static(cluster: dict[str, Json]) -> Json:
    return {key: value for key, value in cluster.items() if key != "@type"}


def of_file(binary: str, file: Path) -> list[Finding]:
    """What Envoy has against a configuration file."""
    command = [binary, "--mode", "validate", "-c", str(file), "-l", "error", "--log-format", "%v"]
    done = subprocess.run(  # noqa: S603  # our own words
        command, capture_output=True, text=True, timeout=MAX_SECONDS, check=False
    )
    if done.returncode == 0:
        return []
    said = " ".join((done.stderr or done.stdout).replace(str(file), file.name).split())
    return [Finding(str(file), f"Envoy rejects it: {said[:500]}", "", "error")]
