"""The settings a drill is held with: the configured ones, with simulators in the place of all providers.

Kept: chains, rules, pools, compliance, limits in dollars, formats and quirks. Changed: addresses, credentials, and
limits of time, so that a drill takes seconds.
Left out: that a target has a patience of its own; a provider's TLS, names and certificates.

Whether a streamed answer is whole: read as its format wants it, with a finish and without a failure.
"""

from collections.abc import Mapping
from dataclasses import replace

from openclaw_extproc.callers import CallerRules
from openclaw_extproc.config.settings import Address, BasePath, Overload, Settings, Upstream
from openclaw_extproc.drill.chains import without_chance
from openclaw_extproc.gateway import Gateway, Provider, ProviderTimeouts, Timeouts
from openclaw_extproc.model.facts import Fact, Failed, Finished
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.wire import FORMATS

# -- staging ---------------------------------------------------------------------------


KEY_NAME = "OPENCLAW_DRILL_KEY"
"""The name of the only secret there is in a drill."""
PATIENCE_MS = 1_500
"""Of an attempt in a drill: long for a simulator on a busy machine, short for who waits for the report."""


def simulated_settings(
    settings: Settings, ports: Mapping[str, int], base_paths: Mapping[str, BasePath], listen: Address, admin: Address
) -> Settings:
    """`ports`: of the simulators on 127.0.0.1, by provider. `base_paths`: as `load` has them, by format."""
    gateway = settings.gateway
    providers = {
        name: _simulated_provider(p, ports[name], base_paths[p.format]) for name, p in gateway.providers.items()
    }
    chains = {
        name: tuple(replace(target, provider=providers[target.provider.name], timeout_ms=None) for target in chain)
        for name, chain in gateway.chains.items()
    }
    return replace(
        settings,
        gateway=replace(
            without_chance(gateway),
            providers=providers,
            chains=chains,
            timeouts=hasty(gateway.timeouts),
            retry_policy=replace(gateway.retry_policy, retry_delay_ms=0),
            health=replace(gateway.health, probes={}),
            response_headers="all",
            passthrough=False,
            # The drill has no key of a client, and its listener no TLS; what the default cost centre forbids stays.
            callers=CallerRules(default_cost_centre=gateway.callers.default_cost_centre),
        ),
        listen=listen,
        admin=admin,
        workers=1,
        fail_open={},
        endpoints={},
        overload=Overload(),
        drain_ms=0,
        upstreams=tuple(Upstream(p, "http", "127.0.0.1", ports[name]) for name, p in providers.items()),
    )


def hasty(timeouts: Timeouts) -> Timeouts:
    """Short timeouts, so that a drill takes seconds."""
    return replace(
        timeouts,
        first_token_ms=PATIENCE_MS,
        answer_ms=PATIENCE_MS,
        timeout_ms=PATIENCE_MS,
        total_ms=None,
    )


def without_providers(settings: Settings) -> Settings:
    """Taken for a moment, it makes a service forget what it learned of all providers."""
    return replace(settings, gateway=Gateway())


def _simulated_provider(provider: Provider, port: int, base_path: BasePath) -> Provider:
    """At its simulator: all of it as before, but where it is and what it is paid with."""
    forwards = provider.auth == "forward"
    return replace(
        provider,
        auth="forward" if forwards else "inject",
        credential="" if forwards else KEY_NAME,
        base_path=base_path(""),
        attempt_timeouts=ProviderTimeouts(),
        authority=f"127.0.0.1:{port}",
        unread_cluster=provider.unread_cluster or f"{provider.cluster}-unread",
    )


# -- streams ---------------------------------------------------------------------------


def has_ended(format: str, body: bytes) -> bool:
    """`body`: all bytes of a stream in a client's format, which is a provider's too."""
    side = FORMATS[format].provider
    assert side is not None, "drills ask in formats that we also read"
    decoder = side.decoder(True)  # a stream: the shape of all decoders
    facts: list[Fact] = []
    try:
        facts += decoder.feed(body)
        facts += decoder.end()
    except UnreadableError:
        return False
    return any(isinstance(fact, Finished) for fact in facts) and not any(isinstance(fact, Failed) for fact in facts)
