"""Providers that need no endpoint: where they are, which format they speak, how their key is usually named.

Source: each provider's own pages on its OpenAI-compatible API, and the tables other gateways keep of them (looked up
in stored copies of those pages, 2026-11).
Left out: providers whose address depends on the account (Azure, Bedrock, Vertex).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from openclaw_extproc.wire.quirks import Quirk

_OPENAI = "openai_chat"


@dataclass(frozen=True, slots=True)
class KnownProvider:
    endpoint: str = ""
    """Empty: it runs wherever its user put it."""
    format: str = _OPENAI
    credential: str = ""
    """Usual name of the environment variable. Empty: none is needed."""
    also: tuple[str, ...] = ()
    quirks: tuple[Quirk, ...] = ()


KNOWN_PROVIDERS: Mapping[str, KnownProvider] = MappingProxyType(
    {
        "openai": KnownProvider("https://api.openai.com", credential="OPENAI_API_KEY"),
        "anthropic": KnownProvider("https://api.anthropic.com", "anthropic_messages", "ANTHROPIC_API_KEY"),
        "google": KnownProvider("https://generativelanguage.googleapis.com", "gemini", "GOOGLE_API_KEY"),
        "groq": KnownProvider("https://api.groq.com/openai/v1", credential="GROQ_API_KEY"),
        "mistral": KnownProvider("https://api.mistral.ai/v1", credential="MISTRAL_API_KEY"),
        "deepseek": KnownProvider("https://api.deepseek.com/v1", credential="DEEPSEEK_API_KEY"),
        "xai": KnownProvider("https://api.x.ai/v1", credential="XAI_API_KEY"),
        "together": KnownProvider("https://api.together.xyz/v1", credential="TOGETHER_API_KEY"),
        "openrouter": KnownProvider("https://openrouter.ai/api/v1", credential="OPENROUTER_API_KEY"),
        "ollama": KnownProvider("http://127.0.0.1:11434"),
        "vllm": KnownProvider(),
        "local": KnownProvider(),
        "openclaw": KnownProvider(),
    }
)
