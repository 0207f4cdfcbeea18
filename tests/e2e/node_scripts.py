"""The SDKs for JavaScript behind one face: scripts in `node/`, each a process that does one task after the other."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.harness import MAX_SHOWN

FOLDER = Path(__file__).parent / "node"

_OPENAIS = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    429: "RateLimitError",
    503: "InternalServerError",
}
"""What OpenAI's SDK calls them."""
_ANTHROPICS = {**_OPENAIS, 503: "ServiceUnavailableError"}
_GOOGLES = dict.fromkeys(_OPENAIS, "ApiError")
_VERCELS = dict.fromkeys(_OPENAIS, "APICallError")


@dataclass(frozen=True, slots=True)
class Client:
    """An SDK, or Vercel's with one of its providers."""

    arguments: tuple[str, ...]
    """The script, and what follows the URL."""
    shape: str
    """Of the providers whose format it speaks."""
    end: str
    """What it calls the end of an answer that is complete."""
    errors: Mapping[int, str]
    """Its classes by status."""


RESPONSES = {
    "openai-responses": Client(("openai-responses.mjs",), "openai", "completed", _OPENAIS),
    "ai-responses": Client(("ai.mjs", "openai-responses"), "openai", "stop", _VERCELS),
}
CLIENTS = {
    "openai": Client(("openai.mjs",), "openai", "stop", _OPENAIS),
    "anthropic": Client(("anthropic.mjs",), "anthropic", "end_turn", _ANTHROPICS),
    "google": Client(("google.mjs",), "gemini", "STOP", _GOOGLES),
    "ai-openai": Client(("ai.mjs", "openai"), "openai", "stop", _VERCELS),
    "ai-anthropic": Client(("ai.mjs", "anthropic"), "anthropic", "stop", _VERCELS),
    "ai-google": Client(("ai.mjs", "google"), "gemini", "stop", _VERCELS),
    **RESPONSES,
}


@dataclass(frozen=True, slots=True)
class Saw:
    """What an SDK made of an answer. `None`: it does not say, or the scenario does not ask."""

    text: str | None = None
    thought: str | None = None
    stop: str | None = None
    model: str | None = None
    input: int | None = None
    """Tokens, as is `output`."""
    output: int | None = None
    provider: str | None = None
    """From the header `x-openclaw-provider`."""
    pieces: int | None = None
    """Of a stream, with something in them."""
    asked: list[str] | None = None
    """What the tool was called with."""
    steps: int | None = None
    """Answers in a tool loop."""
    parsed: object = None
    names: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Raised:
    name: str
    """Of the class."""
    message: str
    status: int | None = None


class Script:
    """One client at one sidecar. It starts with its first task: Node takes half a second."""

    def __init__(self, client: Client, url: str, stack: ExitStack) -> None:
        self.client = client
        self._url = url
        self._stack = stack
        self._process: subprocess.Popen[str] | None = None
        self._errors = stack.enter_context(tempfile.TemporaryFile("w+"))  # noqa: SIM115  # the stack closes it

    def ask(self, scenario: str, model: str) -> Saw:
        outcome = self._outcome(scenario, model)
        assert "saw" in outcome, outcome
        return Saw(**outcome["saw"])

    def fail(self, scenario: str, model: str) -> Raised:
        """The same when nothing but an error will do."""
        outcome = self._outcome(scenario, model)
        assert "raised" in outcome, outcome
        return Raised(**outcome["raised"])

    def _outcome(self, scenario: str, model: str) -> dict[str, dict[str, Any]]:
        process = self._process = self._process or self._started()
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps({"scenario": scenario, "model": model}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, self._said()
        outcome: dict[str, dict[str, Any]] = json.loads(line)
        return outcome

    def _started(self) -> "subprocess.Popen[str]":
        assert (FOLDER / "node_modules").is_dir(), (
            "the SDKs are not installed: make test, or npm ci --prefix tests/e2e/node"
        )
        script, *more = self.client.arguments
        process = subprocess.Popen(
            ["node", script, self._url, *more], cwd=FOLDER, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
            env={"PATH": os.environ["PATH"]},  # no key or address of somebody's own
        )  # fmt: skip
        return self._stack.enter_context(process)

    def _said(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-MAX_SHOWN:]


class Scripts:
    """A script for each client that is asked for, at one sidecar."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stack = ExitStack()
        self._scripts: dict[tuple[str, ...], Script] = {}

    def __getitem__(self, client: Client) -> Script:
        if client.arguments not in self._scripts:
            self._scripts[client.arguments] = Script(client, self._url, self._stack)
        return self._scripts[client.arguments]

    def close(self) -> None:
        self._stack.close()
