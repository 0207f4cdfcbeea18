"""Real coding agents, without a terminal, through the gateway at simulated providers of each format: a table.

`make agents` runs it. The agents are npm packages that are installed into an ignored folder, in the versions that the
rows name, outside the lock: they are some hundreds of megabytes and no part of the tests.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.agents.agents import Agent, Start
from tests.agents.claude_code import CLAUDE_CODE
from tests.agents.codex import CODEX, OWN_PROVIDER
from tests.agents.gemini_cli import GEMINI_CLI
from tests.agents.scenes import PNG, SCENES, Result, Scene
from tests.agents.world import UPSTREAMS, World, world

AGENTS = (CODEX, OWN_PROVIDER, CLAUDE_CODE, GEMINI_CLI)
FOLDER = Path(__file__).parent / ".installed"
SECONDS = 120
"""For one task."""
SHOWN = 2_000
"""Characters of an agent's output, from its end, where a task fails."""


def main() -> int:
    options = _options()
    agents = [agent for agent in AGENTS if options.agent in ("", agent.name)]
    formats = [name for name in UPSTREAMS if options.format in ("", name)]
    scenes = [scene for scene in SCENES if options.scene in ("", scene.name)]
    for agent in agents:
        _install(agent)
    found: dict[tuple[str, str, str], str] = {}
    for name in formats:
        names = {name for agent in agents for name in (agent.model, *agent.helpers)}
        with world(name, tuple(sorted(names))) as made:
            for agent in agents:
                for scene in scenes:
                    problem = found[agent.name, scene.name, name] = _tried(agent, scene, made)
                    print(f"{agent.name} / {name} / {scene.name}: {problem or 'works'}", flush=True)
    print()
    print(table(agents, formats, scenes, found))
    return 1 if any(found.values()) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.agents", description=__doc__)
    parser.add_argument("--agent", default="", choices=[agent.name for agent in AGENTS])
    parser.add_argument("--format", default="", choices=list(UPSTREAMS))
    parser.add_argument("--scene", default="", choices=[scene.name for scene in SCENES])
    return parser.parse_args()


def _install(agent: Agent) -> None:
    folder = FOLDER / agent.program
    mark = folder / f".{agent.version}"
    if mark.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}')
    wanted = [f"{agent.package}@{agent.version}", *agent.packages]
    words = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error", *wanted]
    subprocess.run(words, cwd=folder, check=True)  # names from our own table
    mark.touch()


def _tried(agent: Agent, scene: Scene, made: World) -> str:
    for simulator in (made.first, made.second):
        simulator.set_fault("ok")
        assert simulator.recorder is not None
        simulator.recorder.clear()
    with tempfile.TemporaryDirectory(prefix="agents-") as name:
        folder, home = Path(name) / "work", Path(name) / "home"
        folder.mkdir()
        home.mkdir()
        image = folder / "dot.png" if scene.shows_image else None
        if image is not None:
            image.write_bytes(PNG)
        program = FOLDER / agent.program / "node_modules" / ".bin" / agent.program
        start = Start(program, home, made.up.url, agent.model, scene.prompt(agent, made), image, scene.compacts_at)
        agent.prepare(start)
        result = _run(agent, start, agent.command(start), folder, made)
        if scene.compacts_at is not None and agent.goes_on is not None and result.code == 0:
            result = _run(agent, start, agent.goes_on(start), folder, made)
        return _judged(scene, result)


def _run(agent: Agent, start: Start, command: Sequence[str], folder: Path, made: World) -> Result:
    environment = {"PATH": os.environ["PATH"], "HOME": str(start.home), **agent.environment(start)}
    try:
        done = subprocess.run(  # the agent's own program
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return Result(-1, (late.stdout or b"").decode(errors="replace"), folder, made)
    return Result(done.returncode, done.stdout.decode(errors="replace"), folder, made)


def _judged(scene: Scene, result: Result) -> str:
    problem = f"it ended with {result.code}" if result.code else _refused(result) or scene.problem(result)
    if problem:
        print(result.output[-SHOWN:], file=sys.stderr)
    return problem


def _refused(result: Result) -> str:
    """An agent may go on without what a provider refused: it has its own ways for that, and does worse with them."""
    records = [record for one in (result.world.first, result.world.second) for record in one.requests]
    refused = [record for record in records if record.method == "POST" and 400 <= (record.status or 0) < 500]
    return f"{refused[0].path} was refused with {refused[0].status}" if refused else ""


def table(
    agents: Sequence[Agent], formats: Sequence[str], scenes: Sequence[Scene], found: dict[tuple[str, str, str], str]
) -> str:
    """As `docs/agents.md` has it."""
    lines: list[str] = []
    for agent in agents:
        lines += [f"| {agent.name} {agent.version} | {' | '.join(f'`{name}`' for name in formats)} |"]
        lines += [f"|---|{'---|' * len(formats)}"]
        for scene in scenes:
            cells = ["no" if found[agent.name, scene.name, name] else "yes" for name in formats]
            lines += [f"| {scene.name} | {' | '.join(cells)} |"]
        lines += [""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
