"""The configuration of a first run, without any file or key: simulated providers on this machine."""

from collections.abc import Collection, Mapping

SIMULATOR_KEY = "OPENCLAW_SIMULATOR_KEY"
"""The variable that `up` sets to some text: the simulators want a credential, as the providers do whom they play."""

_PROVIDERS = {
    "openai": """
    - name: openai
      primary: true
      models: [gpt-4o, gpt-4o-mini]
      fallback: anthropic
      fallback_model: claude-sonnet-4
""",
    "anthropic": """
    - name: anthropic
      models: [claude-sonnet-4, claude-3-opus-20240229]
      fallback: openai
""",
    "google": """
    - name: google
      format: gemini
      models: [gemini-2.5-pro, gemini-2.5-flash]
      fallback: openai
""",
}


def embedded(ports: Mapping[str, int], formats: Collection[str]) -> str:
    """The YAML text.

    Args:
        ports: Of the simulators on 127.0.0.1, by provider: `openai`, `anthropic`, `google`.
        formats: The known formats; Google is simulated only where `gemini` is one of them.
    """
    names = ["openai", "anthropic", *(["google"] if "gemini" in formats else [])]
    entries = (
        f"{_PROVIDERS[name]}      endpoint: http://127.0.0.1:{ports[name]}\n      api_key: ${{{SIMULATOR_KEY}}}\n"
        for name in names
    )
    return "# The embedded default: simulated providers, no keys.\nmodel:\n  providers:" + "".join(entries)
