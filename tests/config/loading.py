"""Short ways to load a configuration and to look at what came out."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from openclaw_extproc import wire
from openclaw_extproc.config.findings import Finding, file_errors
from openclaw_extproc.config.load import ConfigTexts, LoadResult, load
from openclaw_extproc.config.settings import BasePath, Settings
from openclaw_extproc.config.surroundings import Surroundings
from openclaw_extproc.gateway import LEVEL

SEEDS = Path(__file__).parents[1] / "fixtures" / "seed_config"

KEYS = {"ANTHROPIC_API_KEY": "sk-test-a", "GOOGLE_API_KEY": "sk-test-g", "OPENAI_API_KEY": "sk-test-o"}


FORMATS: Mapping[str, BasePath] = {name: fmt.provider.base_path for name, fmt in wire.FORMATS.items() if fmt.provider}


def loaded(
    *texts: str,
    clusters: str | None = None,
    session: str | None = None,
    environment: Mapping[str, str] = KEYS,
    lenient: bool = False,
) -> LoadResult:
    named = tuple((f"file{n}.yml", text) for n, text in enumerate(texts))
    file = None if clusters is None else ("clusters.yaml", clusters)
    levels = None if session is None else ("session.yml", session)
    return load(ConfigTexts(named, file, levels, lenient), Surroundings(environment, FORMATS))


def settings(*texts: str, clusters: str | None = None, session: str | None = None, lenient: bool = False) -> Settings:
    return loaded(*texts, clusters=clusters, session=session, lenient=lenient).usable()


def complaints(
    *texts: str,
    clusters: str | None = None,
    session: str | None = None,
    environment: Mapping[str, str] = KEYS,
    lenient: bool = False,
) -> list[str]:
    """The errors about the files, in an operator's words."""
    found = loaded(*texts, clusters=clusters, session=session, environment=environment, lenient=lenient).findings
    return written(file_errors(found))


def warnings(
    *texts: str,
    clusters: str | None = None,
    session: str | None = None,
    environment: Mapping[str, str] = KEYS,
    lenient: bool = False,
) -> list[str]:
    """What leaves a configuration usable: the warnings, and what only this process lacks."""
    found = loaded(*texts, clusters=clusters, session=session, environment=environment, lenient=lenient).findings
    return written(finding for finding in found if finding.severity == "warning" or finding.about != "file")


def chains(*texts: str, clusters: str | None = None) -> dict[str, list[str]]:
    """What clients can ask for, in short: `{"gpt-4o": ["openai/gpt-4o", "anthropic/claude-sonnet-4"]}`."""
    gateway = settings(*texts, clusters=clusters).gateway
    return {name: [target.name for target in gateway.chains[name]] for name in gateway.listed}


def level_chains(*texts: str, session: str | None = None) -> dict[str, list[str]]:
    """The chains of levels, by the label of the level."""
    found = settings(*texts, session=session).gateway.chains
    return {
        name.removeprefix(LEVEL): [target.name for target in chain]
        for name, chain in found.items()
        if name.startswith(LEVEL)
    }


def seed(number: int) -> str:
    (path,) = SEEDS.glob(f"{number:02}-*.yml")
    return path.read_text()


def written(findings: Iterable[Finding]) -> list[str]:
    """Without the place in the text and the names of entries, which have tests of their own."""
    return [
        ": ".join(part for part in (one.path.removesuffix(": "), one.finding, one.remedy) if part) for one in findings
    ]


def cluster(name: str, metadata: str, more: str = "") -> str:
    """One entry of `resources`, with the attempt stage in it; `metadata` is in flow style."""
    return f"""
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: {name}
  metadata: {{filter_metadata: {{openclaw: {metadata}}}}}
  typed_extension_protocol_options:
    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
      http_filters:
      - name: openclaw.attempt
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor
      - name: envoy.filters.http.upstream_codec
{more}"""
