"""Providers that embed, or take legacy completions, besides the ones that only chat."""

from tests.e2e.harness import Providers

SAME, OTHER, LONELY = "text-embedding-3-small", "text-embedding-3-large", "gemini-embedding-001"
"""Models: of two providers; of one, whose fallback has another; of Gemini."""
CHAT = "claude-sonnet-4"
PLAIN, NATIVE, TO_GEMINI = "gpt-plain", "gpt-native", "gemini-2.5-flash"
"""Models for completions: at OpenAI by a chat, at OpenAI as they are, at Gemini by a chat."""
KEYS = {"KEY_OPENAI": "sk-ours-openai", "KEY_ANTHROPIC": "sk-ours-anthropic", "KEY_GEMINI": "ours-gemini"}


def config(providers: Providers) -> str:
    entries = [
        _entry(providers, "first", "ace", "openai", [SAME, OTHER], "also: [openai_embeddings], fallback: second"),
        _entry(providers, "second", "bee", "openai", [SAME], "also: [openai_embeddings]"),
        _entry(providers, "google", "elk", "gemini", [LONELY, TO_GEMINI], "also: [gemini_embeddings]"),
        _entry(providers, "anthropic", "cat", "anthropic", [CHAT], "fallback: plain"),
        _entry(providers, "plain", "bee", "openai", [PLAIN], "primary: false"),
        _entry(providers, "native", "ace", "openai", [NATIVE], "also: [openai_completions], fallback: anthropic"),
    ]
    return "model:\n  providers:\n" + "".join(entries) + "router: {timeouts: {first_token_ms: 5000, answer_ms: 5000}}\n"


def _entry(providers: Providers, name: str, simulator: str, vendor: str, models: list[str], more: str) -> str:
    format_name = {"openai": "openai_chat", "anthropic": "anthropic_messages", "gemini": "gemini"}[vendor]
    place = f'endpoint: "http://127.0.0.1:{providers[simulator].port}", api_key: "${{KEY_{vendor.upper()}}}"'
    return f"    - {{name: {name}, models: [{', '.join(models)}], format: {format_name}, {place}, {more}}}\n"
