"""The labelled prompts, made into features the way a request is: a chat, and `extract`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from openclaw_extproc.features import Features, extract
from openclaw_extproc.model.requests import Chat, InlineFile, Part, Text, ToolResult, ToolSpec, ToolUse, Turn
from openclaw_extproc.strategy import Task, Tier

Half: TypeAlias = Literal["tuned", "held_out", "reported"]
HERE = Path(__file__).parent
FORMAT = "openai_chat"


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is asked, and what it should be judged to be."""

    topic: str
    lang: str
    tier: Tier
    task: Task
    say: str
    """The last user turn."""
    paste: str = ""
    """A file of `pasted/`, which stands behind what is said."""
    chars: int = 0
    """Of the paste, repeated until it is that long."""
    documents: int = 0
    """Attached as files."""
    before: tuple[tuple[str, str], ...] = ()
    """Turns of the user and the answers to them, before the last turn."""
    rounds: int = 1
    """User turns, the last one included."""
    tools: int = 0
    """Offered."""
    calls: int = 0
    """Made in the turns before."""
    loop: bool = False
    """A tool has answered since."""

    @property
    def features(self) -> Features:
        return extract(_chat(self), client_format=FORMAT)


def prompts(half: Half) -> list[Labelled]:
    return [prompt for path in sorted((HERE / "prompts" / half).glob("*.jsonl")) for prompt in _of(path)]


def _of(path: Path) -> Iterator[Labelled]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield Labelled(topic=path.stem, **json.loads(line))


def _chat(prompt: Labelled) -> Chat:
    tools = tuple(ToolSpec(f"tool_{n}", "Does one thing.", {"type": "object"}) for n in range(prompt.tools))
    return Chat("auto", (*_earlier(prompt), _last(prompt), *_loop(prompt)), tools=tools)


def _earlier(prompt: Labelled) -> Iterator[Turn]:
    for said, answered in prompt.before:
        yield Turn("user", (Text(said),))
        yield Turn("assistant", (Text(answered),))
    for n in range(prompt.rounds - 1):
        yield Turn("user", (Text(f"Here is point {n + 1} of what I have in mind."),))
        yield Turn("assistant", (Text("Understood."),))
    for n in range(prompt.calls):
        yield from _call(f"earlier_{n}")
    if prompt.calls:
        yield Turn("assistant", (Text("That is what I found. Shall I go on?"),))


def _last(prompt: Labelled) -> Turn:
    said = prompt.say + ("\n\n" + _pasted(prompt.paste, prompt.chars) if prompt.paste else "")
    files: list[Part] = [InlineFile("application/pdf", "JVBERi0=", f"{n}.pdf") for n in range(prompt.documents)]
    return Turn("user", (*files, Text(said)))


def _loop(prompt: Labelled) -> Iterator[Turn]:
    if prompt.loop:
        yield from _call("now")


def _call(name: str) -> Iterator[Turn]:
    yield Turn("assistant", (ToolUse(name, "tool_0", "{}"),))
    yield Turn("user", (ToolResult(name, (Text("Done."),)),))


def _pasted(name: str, chars: int) -> str:
    text = (HERE / "pasted" / f"{name}.txt").read_text(encoding="utf-8")
    return (text * (chars // len(text) + 1))[:chars]
