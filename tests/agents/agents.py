"""What a coding agent is to the harness: how it is installed, set up, started, and told what to do.

An agent is a row of `AGENTS` (`__main__`), in a module of its own. The simulated model does what a prompt says: a
directive `[[call NAME {…}]]` is the call that it makes next, so each agent says how its own tools are called.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Start:
    """One run of an agent, without a terminal and without anybody to ask."""

    program: Path
    home: Path
    """Its settings; nothing of it is shared with the person who runs this."""
    url: str
    """Of the gateway."""
    model: str
    prompt: str
    image: Path | None = None
    compacts_at: int | None = None
    """Tokens of a history at which it has to make a shorter one."""


@dataclass(frozen=True, slots=True)
class Agent:
    name: str
    package: str
    version: str
    """The one that the table was made with."""
    program: str
    """In `node_modules/.bin`."""
    model: str
    """That it asks for by default, or that it knows best."""
    prepare: Callable[[Start], None]
    """Writes its settings."""
    command: Callable[[Start], Sequence[str]]
    environment: Callable[[Start], Mapping[str, str]]
    runs: Callable[[str], str]
    """The directive for a command of the shell."""
    writes: Callable[[str, str], str]
    """The directive that makes a file (its name, one line of text) by the agent's own tool for that."""
    long_text: Callable[[int], str]
    """A directive that brings so many tokens into the history, once: who asks again gets nothing. (A model that is told
    the prompt again, behind a compaction, begins again.)"""
    helpers: tuple[str, ...] = ()
    """Models that it asks besides, for small things: it has to find them too."""
    goes_on: Callable[[Start], Sequence[str]] | None = None
    """The command for one more wish in the same conversation, where a history is made shorter only between wishes."""
    packages: tuple[str, ...] = ()
    """More that it needs."""


def directive(tool: str, **arguments: object) -> str:
    return f"[[call {tool} {json.dumps(arguments)}]]"


PARTS = 12
"""Agents make shorter only what lies behind an answer and before the last ones, so a long text comes in parts."""
WORDS = 1_500
"""Of a part."""


def in_parts(runs: Callable[[str], str]) -> str:
    """The directive for steps that bring so many words, once each: each names the next."""
    next_step = runs("bash step.sh %s")
    script = (
        "n=$(($(cat n 2> /dev/null) + 1)); echo $n > n\n"
        f"if [ $n -gt {PARTS} ]; then echo done; exit; fi\n"
        f"yes lorem | head -{WORDS}; printf '{next_step}' $n\n"
    )
    return runs(f"echo {base64.b64encode(script.encode()).decode()} | base64 -d > step.sh; bash step.sh")
