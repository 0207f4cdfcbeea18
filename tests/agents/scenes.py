"""The tasks that every agent is given, and what has to come of them."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from openclaw_simulator.server import Simulator
from tests.agents.agents import Agent
from tests.agents.world import World

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LONG = 9_000
"""Tokens that are brought into a history that has to be compacted."""
COMPACTS_AT = 12_000


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    output: str
    folder: Path
    world: World


@dataclass(frozen=True, slots=True)
class Scene:
    name: str
    prompt: Callable[[Agent, World], str]
    problem: Callable[[Result], str]
    """What is wrong with a result; empty: nothing."""
    shows_image: bool = False
    compacts_at: int | None = None


def _says(words: str) -> Callable[[Result], str]:
    def problem(result: Result) -> str:
        return "" if words in result.output else f"it never said {words!r}"

    return problem


def _made(result: Result, name: str, text: str) -> str:
    file = result.folder / name
    if not file.exists():
        return f"there is no {name}"
    return "" if file.read_text().strip() == text else f"{name} has {file.read_text()[:80]!r}"


def _plain(agent: Agent, world: World) -> str:  # noqa: ARG001  # the shape of all
    return "Say hello."


def _file(agent: Agent, world: World) -> str:  # noqa: ARG001  # the shape of all
    return f"Make the file. {agent.writes('made.txt', 'by the agent')}"


def _steps(agent: Agent, also: str = "") -> str:
    """Two steps; what the first one writes names the second one, in letters that a shell and JSON leave alone."""
    second = base64.b64encode(agent.runs("echo two >> steps.txt && echo done").encode()).decode()
    first = agent.runs(f"echo one >> steps.txt {also} && echo {second} | base64 -d")
    return f"Do both steps. {first}"


def _loop(agent: Agent, world: World) -> str:  # noqa: ARG001  # the shape of all
    return _steps(agent)


def _compacted(agent: Agent, world: World) -> str:  # noqa: ARG001  # the shape of all
    return f"Read it all. {agent.long_text(LONG)}"


def _failover(agent: Agent, world: World) -> str:
    """The first step is what makes the first provider fail."""
    url = f"http://127.0.0.1:{world.first.port}/_simulator/fault"
    return _steps(agent, f'&& curl -s -X POST {url} -d \'{{"fault": "503"}}\'')


def _went_on(result: Result) -> str:
    """What was read is in the history, and then less of it."""
    bodies = [record.body or "" for record in result.world.first.requests if record.method == "POST"]
    words = [body.count("lorem") for body in bodies]
    if max(words) <= LONG // 2:
        return "the long text was never sent"
    return _says("Simulated answer from")(result) if words[-1] < max(words) else "the last request still has all of it"


def _both_steps(result: Result) -> str:
    return _made(result, "steps.txt", "one\ntwo")


def _moved(result: Result) -> str:
    return _both_steps(result) or ("" if _asked(result.world.second) else "nobody asked the second provider")


def _asked(simulator: Simulator) -> bool:
    return any(record.status == 200 and record.method == "POST" for record in simulator.requests)


SCENES = (
    Scene("plain", _plain, _says("Simulated answer from")),
    Scene("tools with files", _file, lambda result: _made(result, "made.txt", "by the agent")),
    Scene("two-turn tool loop", _loop, _both_steps),
    Scene("image", _plain, _says("I see 1 image"), shows_image=True),
    Scene("compaction", _compacted, _went_on, compacts_at=COMPACTS_AT),
    Scene("failover in mid-task", _failover, _moved),
)
