"""Gemini CLI, at the Gemini API. The settings are those of `docs/agents.md`."""

import json
from collections.abc import Mapping, Sequence

from openclaw_extproc.model.json import Json
from tests.agents.agents import Agent, Start, directive, in_parts

WINDOW = 1_048_576
"""That Gemini CLI knows of every model."""


def _prepare(start: Start) -> None:
    folder = start.home / ".gemini"
    folder.mkdir()
    settings: dict[str, Json] = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False},
    }
    if start.compacts_at is not None:
        settings["model"] = {"compressionThreshold": start.compacts_at / WINDOW}
    (folder / "settings.json").write_text(json.dumps(settings))


def _command(start: Start) -> Sequence[str]:
    prompt = start.prompt if start.image is None else f"{start.prompt} @{start.image.name}"
    return (str(start.program), "-p", prompt, "--yolo", "--skip-trust", "-o", "json")


def _goes_on(start: Start) -> Sequence[str]:
    return (str(start.program), "-r", "latest", "-p", "Go on.", "--yolo", "--skip-trust", "-o", "json")


def _environment(start: Start) -> Mapping[str, str]:
    return {
        "GOOGLE_GEMINI_BASE_URL": f"{start.url}/gemini",
        "GEMINI_API_KEY": "anything",
        "GEMINI_CLI_NO_RELAUNCH": "true",
    }


def _runs(command: str) -> str:
    return directive("run_shell_command", command=command)


def _writes(name: str, text: str) -> str:
    return directive("write_file", file_path=name, content=text)


def _long_text(tokens: int) -> str:  # noqa: ARG001  # the shape of all
    return in_parts(_runs)


GEMINI_CLI = Agent(
    name="Gemini CLI",
    package="@google/gemini-cli",
    version="0.61.0",
    program="gemini",
    model="gemini-3.1-pro-preview",
    helpers=(
        *("gemini-3.1-pro-preview-customtools", "gemini-3-pro-preview", "gemini-3-flash-preview", "gemini-3.8-flash"),
        *("gemini-3.5-flash", "gemini-3.5-flash-lite", "gemini-3.1-flash-lite"),
        *("gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"),
    ),
    prepare=_prepare,
    command=_command,
    environment=_environment,
    runs=_runs,
    writes=_writes,
    long_text=_long_text,
    goes_on=_goes_on,
)
