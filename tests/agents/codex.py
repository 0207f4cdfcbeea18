"""Codex, at the Responses API. The settings are those of `docs/agents.md`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tests.agents.agents import Agent, Start, directive

SETTINGS = """
model = "{model}"
{provider}
approval_policy = "never"
sandbox_mode = "danger-full-access"
{more}
{rest}
"""
BUILT_IN = ('openai_base_url = "{url}/openai/v1"', "")
OWN = (
    'model_provider = "openclaw"',
    """
[model_providers.openclaw]
name = "openclaw"
base_url = "{url}/openai/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
""",
)


def _prepare(words: tuple[str, str]) -> Callable[[Start], None]:
    def prepare(start: Start) -> None:
        provider, rest = (text.format(url=start.url) for text in words)
        more = "" if start.compacts_at is None else f"model_auto_compact_token_limit = {start.compacts_at}"
        settings = SETTINGS.format(model=start.model, provider=provider, more=more, rest=rest)
        (start.home / "config.toml").write_text(settings)

    return prepare


def _command(start: Start) -> Sequence[str]:
    image = () if start.image is None else ("--image", str(start.image))
    return (str(start.program), "exec", "--skip-git-repo-check", start.prompt, *image)


def _environment(start: Start) -> Mapping[str, str]:
    return {"CODEX_HOME": str(start.home), "OPENAI_API_KEY": "sk-anything", "CODEX_API_KEY": "sk-anything"}


def _runs(command: str) -> str:
    return directive("exec_command", cmd=command)


def _writes(name: str, text: str) -> str:
    return directive("apply_patch", input=f"*** Begin Patch\n*** Add File: {name}\n+{text}\n*** End Patch\n")


def _long_text(tokens: int) -> str:
    once = f"test -e read || yes lorem | head -{tokens}; touch read"
    return directive("exec_command", cmd=once, max_output_tokens=tokens)


CODEX = Agent(
    name="Codex",
    package="@openai/codex",
    version="0.171.0",
    program="codex",
    model="gpt-5.5",
    prepare=_prepare(BUILT_IN),
    command=_command,
    environment=_environment,
    runs=_runs,
    writes=_writes,
    long_text=_long_text,
)
OWN_PROVIDER = replace(CODEX, name="Codex with a provider of its own", prepare=_prepare(OWN))
"""Its compactions and its first connection differ: no websocket is tried, and it summarizes by itself."""
