from openclaw_extproc.config.defaults import SIMULATOR_KEY, simulated_configuration
from openclaw_extproc.config.load import ConfigTexts, load
from openclaw_extproc.config.surroundings import Surroundings
from openclaw_extproc.gateway import AUTO
from tests.config.loading import FORMATS

PORTS = {"openai": 4001, "anthropic": 4002, "google": 4003}


def test_a_first_run_needs_no_file_and_no_key() -> None:
    text = simulated_configuration(PORTS)

    found = load(ConfigTexts((("embedded", text),)), Surroundings({SIMULATOR_KEY: "simulated"}, FORMATS))

    assert found.findings == ()
    settings = found.usable()
    assert [(one.provider.name, one.authority) for one in settings.upstreams] == [
        ("openai", "127.0.0.1:4001"),
        ("anthropic", "127.0.0.1:4002"),
        ("google", "127.0.0.1:4003"),
    ]
    assert {one.provider.credential for one in settings.upstreams} == {SIMULATOR_KEY}
    assert [target.model for target in settings.gateway.chains[AUTO]] == ["gpt-4o", "claude-sonnet-4"]
    assert [target.model for target in settings.gateway.chains["claude-sonnet-4"]] == ["claude-sonnet-4", "gpt-4o"]
