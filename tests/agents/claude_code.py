"""Claude Code, at the Messages API. The settings are those of `docs/agents.md`."""

import json
from collections.abc import Mapping, Sequence

from tests.agents.agents import Agent, Start, directive, in_parts

SETTINGS = {"autoUpdates": False, "includeCoAuthoredBy": False}
TOOLS = "Bash,Write,Read,Edit"
COMPACTS_AT_PERCENT = "8"
"""Of the window: some 14,400 tokens, of which its prompt and its tools have 12,000."""


def _prepare(start: Start) -> None:
    folder = start.home / ".claude"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps(SETTINGS))


def _command(start: Start) -> Sequence[str]:
    prompt = start.prompt if start.image is None else f"{start.prompt} @{start.image.name}"
    return (
        *(str(start.program), "-p", prompt, "--model", start.model, "--output-format", "json"),
        *("--allowedTools", TOOLS),
    )


def _environment(start: Start) -> Mapping[str, str]:
    compacts = {} if start.compacts_at is None else {"CLAUDE_AUTOCOMPACT_PCT_OVERRIDE": COMPACTS_AT_PERCENT}
    return {
        "ANTHROPIC_BASE_URL": f"{start.url}/anthropic",
        "ANTHROPIC_API_KEY": "sk-anything",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        **compacts,
    }


def _runs(command: str) -> str:
    return directive("Bash", command=command)


def _writes(name: str, text: str) -> str:
    return directive("Write", file_path=name, content=text)


def _long_text(tokens: int) -> str:  # noqa: ARG001  # the shape of all
    return in_parts(_runs)


CLAUDE_CODE = Agent(
    name="Claude Code",
    package="@anthropic-ai/claude-code",
    version="2.1.332",
    program="claude",
    model="claude-sonnet-4-6",
    prepare=_prepare,
    command=_command,
    environment=_environment,
    runs=_runs,
    writes=_writes,
    long_text=_long_text,
)
