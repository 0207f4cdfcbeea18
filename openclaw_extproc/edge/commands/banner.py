"""The banner of `up`: the addresses, the SDK settings and example requests."""

from openclaw_extproc.callers import CallerRules
from openclaw_extproc.config.settings import Address, Settings
from openclaw_extproc.gateway import AUTO


def banner(settings: Settings, clusters_file: str, *, simulated: bool) -> str:
    """The text that `up` prints when it is running."""
    callers = settings.gateway.callers
    at = _reachable(settings.listen, "http" if callers.tls is None else "https")
    admin = _reachable(settings.admin)
    model = _a_model(settings, "openai")
    claude = _a_model(settings, "anthropic")
    lines = [
        f"openclaw-extproc is running: API at {at}, metrics and health at {admin}",
        "",
        *_providers(settings, simulated=simulated),
        "",
        "To use it with an SDK:",
        f"  export OPENAI_BASE_URL={at}/openai/v1",
        f"  export ANTHROPIC_BASE_URL={at}/anthropic",
        f"  export GOOGLE_GEMINI_BASE_URL={at}/gemini",
        f"  ({_about_keys(callers)})",
        "",
        "To send a request:",
        f"  curl {at}/openai/v1/chat/completions -H 'content-type: application/json' \\",
        f'    -d \'{{"model": "{model}", {_HELLO}}}\'',
        f"  curl -N {at}/anthropic/v1/messages -H 'content-type: application/json' \\",
        "    -H 'anthropic-version: 2023-06-01' \\",
        f'    -d \'{{"model": "{claude}", "max_tokens": 100, "stream": true, {_HELLO}}}\'',
        f"  curl {admin}/metrics",
        "",
        f"Providers are Envoy clusters in {clusters_file}; changes to this file take effect immediately.",
        "Press Ctrl-C to stop.",
        "",
    ]
    return "\n".join(lines)


_HELLO = '"messages": [{"role": "user", "content": "Hello"}]'


def _providers(settings: Settings, *, simulated: bool) -> list[str]:
    head = (
        "Simulated providers (no API keys needed; responses say that they are simulated):"
        if simulated
        else "Providers:"
    )
    providers = settings.gateway.providers.values()
    width = max((len(p.name) for p in providers), default=0) + 2
    return [head, *(f"  {p.name:<{width}}{', '.join(p.models) or '(any model name)'}" for p in providers)]


def _a_model(settings: Settings, name: str) -> str:
    provider = settings.gateway.providers.get(name)
    return provider.models[0] if provider is not None and provider.models else AUTO


def _about_keys(callers: CallerRules) -> str:
    if callers.authentication == "optional":
        return (
            "the SDKs require an API key; any value works, and it is forwarded only to a provider with `auth: forward`"
        )
    return "callers must be identified: see docs/identity.md for the value of the API key"


def _reachable(address: Address, scheme: str = "http") -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(address.host, address.host)  # noqa: S104  # compared, not bound
    return f"{scheme}://{host}:{address.port}"
