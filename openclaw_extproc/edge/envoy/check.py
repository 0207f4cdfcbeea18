"""What `envoy --mode validate` says of the files we would give it.

Of clusters that say the same of different providers it gets one: Envoy reads 140 authorities for each cluster with TLS,
which is seconds of work for a thousand of them, and needs a processor that calls would have.
"""

import re
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from openclaw_extproc.config.findings import Finding
from openclaw_extproc.edge.reload.config_files import ReadConfiguration, publish, rendered_clusters, write_secrets
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.bootstrap import Places, bootstrap
from openclaw_extproc.render.clusters import is_address
from openclaw_extproc.render.ext_proc import NAMESPACE

MAX_SECONDS = 60


def findings(
    binary: str, read: ReadConfiguration, environment: Mapping[str, str], known: Collection[bytes] = ()
) -> list[Finding]:
    """Returns nothing when Envoy accepts the configuration. `binary`: its path. `read` must have settings. `known`:
    clusters that Envoy has."""
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
        named = rendered_clusters(read, environment, retries=not settings.has_one_worker)  # as `up` has them in `known`
        clusters = {*named.values(), *map(j.dump, read.additions)} - {*known}
        static = whole["static_resources"]
        assert isinstance(static, dict)
        assert isinstance(static["clusters"], list)
        static["clusters"] += _unlike(_static(j.parse(one, where="cluster")) for one in sorted(clusters))
        file = Path(folder) / "envoy.json"  # which Envoy reads as it reads YAML
        publish(file, j.text(whole))
        return [replace(finding, path="envoy") for finding in of_file(binary, file)]


def _static(cluster: dict[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in cluster.items() if key != "@type"}


_FREE = frozenset({"name", "cluster_name", "hostname", "address", "sni", "value"})
"""Keys that have a provider's own words, any of which Envoy takes."""
_PLAIN = re.compile(r"[\w.:/@-]{1,200}", re.ASCII)
"""Words of which Envoy takes any where it takes one."""


def _unlike(clusters: Iterable[dict[str, Json]]) -> list[Json]:
    """Returns one cluster of each kind: the first of those that differ only in a provider's own words and in what we
    note for ourselves.

    What is not one of our clusters' usual words is left as it is, and so is a kind of its own.
    """
    return list[Json]({j.dump(_kind(one)): one for one in reversed(list(clusters))}.values())


def _kind(value: Json, key: str = "") -> Json:
    match value:
        case dict():
            return {name: _kind(one, name) for name, one in value.items() if not _is_noted(key, name, one)}
        case list():
            return [_kind(one, key) for one in value]
        case str() if key == "address" and is_address(value):
            return "an address"
        case str() if key in _FREE and _PLAIN.fullmatch(value):
            return "a word"
        case int() if key == "port_value" and 0 < value < 65_536:
            return 1
        case _:
            return value


def _is_noted(outer: str, name: str, value: Json) -> bool:
    """What we note of a provider, and Envoy does not look at."""
    return outer == "filter_metadata" and name == NAMESPACE and isinstance(value, dict)


def of_file(binary: str, file: Path) -> list[Finding]:
    """Envoy's findings about a configuration file."""
    command = [binary, "--mode", "validate", "-c", str(file), "-l", "error", "--log-format", "%v"]
    done = subprocess.run(  # noqa: S603  # our own words
        command, capture_output=True, text=True, timeout=MAX_SECONDS, check=False
    )
    if done.returncode == 0:
        return []
    said = " ".join((done.stderr or done.stdout).replace(str(file), file.name).split())
    return [Finding(str(file), f"Envoy rejects it: {said[:500]}", "", "error")]
