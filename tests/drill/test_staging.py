"""A drill meets the configured gateway, and no provider."""

from openclaw_extproc.config.settings import Address
from openclaw_extproc.drill.staging import KEY_NAME, simulated_settings
from tests.config.loading import FORMATS, settings
from tests.drill import worlds

HERE = Address("127.0.0.1", 1)
CLOUDS = """
model:
  providers:
    - {name: bedrock, models: [anthropic.claude-3], region: us-east-1, fallback: own, fallback_model: gpt-4o}
    - {name: own, format: openai_chat, endpoint: "https://api.openai.com/v1", auth: forward, models: [gpt-4o]}
"""


def test_every_provider_is_at_a_simulator_and_has_a_made_up_key() -> None:
    before = settings(worlds.THREE, CLOUDS.replace("model:", "model:", 1))
    ports = {name: 20_000 + n for n, name in enumerate(before.gateway.providers)}

    after = simulated_settings(before, ports, FORMATS, HERE, HERE)

    used = [target.provider for chain in after.gateway.chains.values() for target in chain]
    assert {(u.scheme, u.host, u.port) for u in after.upstreams} == {("http", "127.0.0.1", p) for p in ports.values()}
    assert {(p.auth, p.credential) for p in used} <= {("inject", KEY_NAME), ("forward", "")}
    assert all(p == after.gateway.providers[p.name] for p in used)


def test_who_follows_on_whom_stays() -> None:
    before = settings(worlds.THREE)
    ports = dict.fromkeys(before.gateway.providers, 20_000)

    after = simulated_settings(before, ports, FORMATS, HERE, HERE).gateway

    names = {name: [target.name for target in chain] for name, chain in before.gateway.chains.items()}
    assert {name: [target.name for target in chain] for name, chain in after.chains.items()} == names
    assert after.retry_policy.max_retries == before.gateway.retry_policy.max_retries
    assert after.strategy.compliance == before.gateway.strategy.compliance
