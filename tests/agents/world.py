"""A gateway whose only model is served by a simulated provider of one format, and a second one to fall back to."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from openclaw_simulator.server import Simulator
from tests.e2e.harness import Providers, Sidecar, sidecar

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIDOFOURS",
    "AWS_SECRET_ACCESS_KEY": "aws-secret-of-ours",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
    "KEY_OF_OURS": "sk-ours",
}


@dataclass(frozen=True, slots=True)
class Upstream:
    """A provider of one format."""

    format: str
    shape: str
    model: str
    more: str = 'api_key: "${KEY_OF_OURS}"'


UPSTREAMS: Mapping[str, Upstream] = {
    one.format: one
    for one in (
        Upstream("openai_responses", "openai", "gpt-5.5"),
        Upstream("openai_chat", "openai", "gpt-5.5"),
        Upstream("anthropic_messages", "anthropic", "claude-sonnet-4-6"),
        Upstream("gemini", "gemini", "gemini-3-pro"),
        Upstream(
            "bedrock_converse",
            "bedrock",
            "anthropic.claude-sonnet-4-5-20250929-v1:0",
            "auth: aws, region: us-east-1",
        ),
        Upstream("cohere_chat", "cohere", "command-a-03-2025"),
    )
}
SECOND = Upstream("openai_chat", "openai", "gpt-4.1")
"""Where the first one fails; of Anthropic's where the first is this one."""
OTHER = Upstream("anthropic_messages", "anthropic", "claude-haiku-4-5")


@dataclass(frozen=True, slots=True)
class World:
    up: Sidecar
    first: Simulator
    second: Simulator


def _entry(name: str, upstream: Upstream, simulator: Simulator, more: str = "") -> str:
    at = f'endpoint: "http://127.0.0.1:{simulator.port}"'
    models = f'models: ["{upstream.model}"]'
    return f"    - {{name: {name}, format: {upstream.format}, {models}, {at}, {upstream.more}{more}}}"


@contextmanager
def world(format: str, names: tuple[str, ...]) -> Generator[World]:
    """`names`: what agents call the model."""
    first = UPSTREAMS[format]
    second = OTHER if first.format == SECOND.format else SECOND
    providers = Providers()
    try:
        one, two = providers.start("first", first.shape), providers.start("second", second.shape)
        after = f', fallback: second, fallback_model: "{second.model}"'
        entries = "\n".join((_entry("first", first, one, after), _entry("second", second, two)))
        aliases = ", ".join(
            f'"{name}": {{provider: first, model: "{first.model}"}}' for name in names if name != first.model
        )
        gateway = f"models: {{{aliases}}}" if aliases else ""
        with sidecar(f"model:\n  providers:\n{entries}\n", ENVIRONMENT, gateway=gateway) as up:
            yield World(up, one, two)
    finally:
        providers.close()
