"""The configuration of a first run, without any file or key: simulated providers on this machine."""

from collections.abc import Mapping

SIMULATOR_KEY = "OPENCLAW_SIMULATOR_KEY"
"""The variable that `up` sets to some text: the simulators want a credential, as the providers do whom they play."""

_PROVIDERS = {
    "openai": """
    - name: openai
      primary: true
      models: [gpt-4o, gpt-4o-mini, fault-503]
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


def simulated_configuration(ports: Mapping[str, int]) -> str:
    """The YAML text. `ports`: of the simulators on 127.0.0.1, by provider: `openai`, `anthropic`, `google`."""
    entries = (
        f"{entry}      endpoint: http://127.0.0.1:{ports[name]}\n      api_key: ${{{SIMULATOR_KEY}}}\n"
        for name, entry in _PROVIDERS.items()
    )
    return "# The embedded default: simulated providers, no keys.\nmodel:\n  providers:" + "".join(entries)
