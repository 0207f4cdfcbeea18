"""What `up` tells the person at the terminal: where it listens, what to set, a line to try."""

from openclaw_extproc.callers import CallerRules
from openclaw_extproc.config.settings import Address, Settings
from openclaw_extproc.gateway import AUTO


def banner(settings: Settings, clusters_file: str, *, simulated: bool) -> str:
    callers = settings.gateway.callers
    at = _reachable(settings.listen, "http" if callers.tls is None else "https")
    admin = _reachable(settings.admin)
    model = _a_model(settings, "openai")
    claude = _a_model(settings, "anthropic")
    lines = [
        f"openclaw-extproc is up: calls on {at}, metrics and health on {admin}",
        "",
        *_providers(settings, simulated=simulated),
        "",
        "Point an SDK at it:",
        f"  export OPENAI_BASE_URL={at}/openai/v1",
        f"  export ANTHROPIC_BASE_URL={at}/anthropic",
        f"  export GOOGLE_GEMINI_BASE_URL={at}/gemini",
        f"  ({_about_keys(callers)})",
        "",
        "Or try it:",
        f"  curl {at}/openai/v1/chat/completions -H 'content-type: application/json' \\",
        f'    -d \'{{"model": "{model}", {_HELLO}}}\'',
        f"  curl -N {at}/anthropic/v1/messages -H 'content-type: application/json' \\",
        "    -H 'anthropic-version: 2023-06-01' \\",
        f'    -d \'{{"model": "{claude}", "max_tokens": 100, "stream": true, {_HELLO}}}\'',
        f"  curl {admin}/metrics",
        "",
        f"Providers are Envoy clusters, in {clusters_file}: one added there is taken in at once.",
        "Ctrl-C ends everything.",
        "",
    ]
    return "\n".join(lines)


_HELLO = '"messages": [{"role": "user", "content": "Hello"}]'


def _providers(settings: Settings, *, simulated: bool) -> list[str]:
    head = (
        "Simulated providers (no keys needed; their answers say that they are simulated):"
        if simulated
        else "Providers:"
    )
    rows = [
        f"  {p.name:<12}{', '.join(p.models) or '(any model asked for by name)'}"
        for p in settings.gateway.providers.values()
    ]
    return [head, *rows]


def _a_model(settings: Settings, name: str) -> str:
    provider = settings.gateway.providers.get(name)
    return provider.models[0] if provider is not None and provider.models else AUTO


def _about_keys(callers: CallerRules) -> str:
    if callers.authentication == "optional":
        return "the SDKs want some API key set; it does not leave this machine unless a provider has `auth: forward`"
    return "who calls has to be known here: see docs/identity.md for what goes where the SDKs have their API key"


def _reachable(address: Address, scheme: str = "http") -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(address.host, address.host)  # noqa: S104  # compared, not bound
    return f"{scheme}://{host}:{address.port}"
