"""Gateways to drill, and outcomes of drills that were not held."""

from openclaw_extproc.config.settings import Settings
from openclaw_extproc.drill.chains import Chain, Outcome, Scene, chains, scenes
from openclaw_extproc.drill.report import Report, report
from tests.config.loading import settings

AT = 1_700_000_000.0

THREE = """
model:
  providers:
    - {name: openai, primary: true, models: [gpt-4o], fallback: anthropic, fallback_model: claude-sonnet-4}
    - {name: anthropic, models: [claude-sonnet-4], fallback: google, fallback_model: gemini-2.5-pro}
    - {name: google, models: [gemini-2.5-pro]}
"""
"""`gpt-4o` has two fallbacks, `claude-sonnet-4` one, `gemini-2.5-pro` none."""


def chain(name: str, *texts: str) -> Chain:
    """The chain that a name means."""
    found, _ = chains(settings(*(texts or (THREE,))).gateway, AT)
    return next(one for one in found if name in one.names)


def survived(chain: Chain, scene: Scene) -> Outcome:
    """What comes of a scene where all goes as it should: the first that is not broken answers, each tried once."""
    targets = chain.targets
    sound = next((n for n, target in enumerate(targets) if target.provider.name not in scene.broken), None)
    failed = tuple(f"{target.provider.name}:overloaded" for target in targets[:sound])
    if sound is None:
        return Outcome(503, 0.1, attempts=len(targets), failed=failed)
    target = targets[sound]
    return Outcome(200, 0.1, target.provider.name, target.model, sound + 1, failed)


LOST = Outcome(401, 0.1, attempts=1)


def reported(
    loaded: Settings,
    *,
    missing: frozenset[str] = frozenset(),
    lost: str = "",
    outcome: Outcome = LOST,
    name: str = "",
) -> Report:
    """Of a drill in which all goes as it should, but for the scene `lost`. `name`: of this chain alone."""
    found, refused = chains(loaded.gateway, AT)
    played = [
        (chain, [(s, outcome if s.name == lost else survived(chain, s)) for s in scenes(chain)])
        for chain in found
        if not name or name in chain.names
    ]
    hosts = {upstream.provider.name: upstream.host for upstream in loaded.upstreams}
    return report(loaded.gateway, played, refused, hosts=hosts, missing=missing, seconds=1.0)


def said(made: Report, severity: str) -> list[str]:
    """Findings of that severity, as a line each."""
    return [f"{one.place}: {one.finding}" for one in made.findings if one.severity == severity]
