"""What a start makes of a configuration that is right and a process that lacks something, and what a reload tells."""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import TypeVar

import pytest

from openclaw_extproc.callers import Client, JwksServer, JwtRules, ListenerTls
from openclaw_extproc.config.findings import ConfigError
from openclaw_extproc.config.settings import Address, Downstream, Settings, StageAddresses, StageTls, Upstream
from openclaw_extproc.edge.reload import restart_needed
from openclaw_extproc.edge.reload.config_files import ConfigFiles, require_startable
from openclaw_extproc.gateway import Emergency, Provider, Timeouts
from openclaw_extproc.render.bootstrap import Places, bootstrap

TWO = """
model:
  providers:
    - name: openai
      models: [gpt-4o]
      api_key: ${KEY_A}
    - name: anthropic
      models: [claude-sonnet-4]
      SECOND
"""


def sources(folder: Path, second: str, **environment: str) -> ConfigFiles:
    (folder / "openclaw.yml").write_text(TWO.replace("SECOND", second))
    return ConfigFiles((folder / "openclaw.yml",), None, environment)


def test_one_key_that_is_missing_puts_its_provider_aside_and_stops_nobody(tmp_path: Path) -> None:
    found = sources(tmp_path, "api_key: ${KEY_B}", KEY_A="a")

    read = require_startable(found.read(), found.environment)

    assert read.settings is not None
    assert [str(one).partition("openclaw.yml:")[2] for one in read.errors] == [
        (
            "9: model.providers[anthropic].api_key: the variable KEY_B is not set, so anthropic cannot be used: "
            "export KEY_B=... before the start"
        )
    ]


def test_without_any_key_nothing_is_started(tmp_path: Path) -> None:
    found = sources(tmp_path, "api_key: ${KEY_B}", KEY_A=" ")

    with pytest.raises(ConfigError, match="no provider is usable") as refused:
        require_startable(found.read(), found.environment)

    assert {"KEY_A", "KEY_B"} <= set(" ".join(map(str, refused.value.findings)).split())


@pytest.mark.parametrize("second", ["api_key_file: ./later", "auth: forward", "endpoint: 'http://10.0.0.1:80'"])
def test_a_key_that_may_come_later_or_is_not_needed_is_worth_a_start(tmp_path: Path, second: str) -> None:
    found = sources(tmp_path, second)

    assert require_startable(found.read(), found.environment).settings is not None


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ("missing", "cannot be read (No such file or directory)"),
        ("empty", "is empty"),
        ("folder", "it is a directory"),
        ("good", ""),
    ],
)
def test_a_key_file_is_looked_at(tmp_path: Path, made: str, why: str) -> None:
    file = tmp_path / "key"
    if made == "folder":
        file.mkdir()
    elif made != "missing":
        file.write_text("" if made == "empty" else "k")

    errors = sources(tmp_path, f"api_key_file: {file}", KEY_A="a").read().errors

    assert [why in one.finding for one in errors] == ([True] if why else [])


def test_a_clusters_file_that_somebody_named_has_to_be_there(tmp_path: Path) -> None:
    made = sources(tmp_path, "api_key: ${KEY_B}", KEY_A="a", KEY_B="b")
    named = replace(made, clusters=tmp_path / "gone.yaml", must_exist=True)
    later = replace(made, clusters=tmp_path / "gone.yaml")

    assert [str(one) for one in named.read().errors] == [
        f"{tmp_path / 'gone.yaml'}: the file cannot be read: No such file or directory: check the path"
    ]
    assert later.read().errors == ()


def test_a_finding_about_the_clusters_file_has_the_line_that_somebody_wrote(tmp_path: Path) -> None:
    """Also where clusters of ours stand in the same file, which are passed over."""
    made = replace(sources(tmp_path, "api_key: ${KEY_B}", KEY_A="a", KEY_B="b"), clusters=tmp_path / "clusters.yaml")
    made.publish("", ["openai"])
    (tmp_path / "clusters.yaml").write_text(
        "resources:\n- {name: openai}\n# of ours:\n- name: mistral\n  metadata:\n    filter_metadata:\n"
        "      openclaw: {provider: mistral, formt: x}\n"
    )

    errors = made.read().errors

    assert {one.line for one in errors} >= {7}
    assert any("resources[mistral]" in str(one) for one in errors)


def test_a_change_between_the_reading_and_the_watching_is_noticed(tmp_path: Path) -> None:
    made = sources(tmp_path, "api_key: ${KEY_B}", KEY_A="a", KEY_B="b")
    made.read()
    unchanged = made.signature_as_read() == made.signature()
    (tmp_path / "openclaw.yml").write_text("model: {}")

    assert unchanged
    assert made.signature_as_read() != made.signature()


def settings(folder: Path) -> Settings:
    read = sources(folder, "api_key: ${KEY_B}", KEY_A="a", KEY_B="b").read()
    assert read.settings is not None
    return read.settings


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"listen": Address("127.0.0.1", 4000)}, "gateway.port"),
        ({"listen": Address("0.0.0.0", 3000)}, "gateway.host"),  # noqa: S104  # compared, not bound
        ({"admin": Address("127.0.0.1", 4001)}, "gateway.admin_port"),
        ({"workers": 3}, "gateway.workers"),
        ({"envoy_concurrency": 3}, "gateway.envoy_concurrency"),
        ({"envoy_admin_port": 9901}, "gateway.envoy_admin_port"),
        ({"stages": StageAddresses("unix:/run/a.sock")}, "gateway.stages.route"),
        ({"stages": StageAddresses(attempt="unix:/run/a.sock")}, "gateway.stages.attempt"),
        ({"stages": StageAddresses(tls=StageTls("c", "k", "r", "c", "k", "r"))}, "gateway.stages.tls"),
        ({"downstream": Downstream(max_connections=5)}, "gateway.downstream"),
        ({"log_level": "debug"}, "logging.level"),
        ({"log_format": "text"}, "logging.format"),
        ({"log_output": "/tmp/x"}, "logging.output"),  # noqa: S108  # a path to be told
    ],
)
def test_what_only_a_start_reads_is_told_at_the_reload(tmp_path: Path, changed: dict[str, object], path: str) -> None:
    started = settings(tmp_path)
    now = replace(started, **changed)  # type: ignore[arg-type]  # fields by name

    assert path in [one.path for one in restart_needed.findings(started, now)]
    assert list(restart_needed.findings(started, started)) == []
    kept = restart_needed.FixedSettings.of(started).within(now)
    assert (kept.listen, kept.admin) == (started.listen, started.admin)


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"tls": ListenerTls("c.pem", "k.pem", "ca.pem")}, "gateway.tls"),
        ({"jwt": JwtRules("https://idp.example")}, "gateway.jwt"),
        ({"forwarded_from": ("10.0.0.0/8",)}, "gateway.forwarded_client_cert_from"),
    ],
)
def test_what_the_listener_verifies_is_believed_as_it_was_at_the_start(
    tmp_path: Path, changed: dict[str, object], path: str
) -> None:
    """The Envoy that runs strips nothing and verifies nothing that only a newer file tells it to."""
    started = settings(tmp_path)
    callers = replace(started.gateway.callers, **changed)  # type: ignore[arg-type]  # fields by name
    now = replace(started, gateway=replace(started.gateway, callers=callers, generation="new"))

    kept = restart_needed.FixedSettings.of(started).within(now)

    assert [one.path for one in restart_needed.findings(started, now)] == [path]
    assert kept.gateway.callers == started.gateway.callers
    assert kept.gateway.generation == "new"
    assert restart_needed.FixedSettings.of(now).within(now) is now


def test_labels_are_not_believed_more_widely_than_the_listener_is_open(tmp_path: Path) -> None:
    """A file that moves the listener to the loopback does not move it before the next start."""
    near = settings(tmp_path)
    callers = replace(near.gateway.callers, trusts_labels=False)
    open_to_all = replace(near, listen=Address("0.0.0.0", 3000), gateway=replace(near.gateway, callers=callers))  # noqa: S104  # compared, not bound
    same_place = replace(near, listen=open_to_all.listen)

    def trusts(now: Settings) -> bool:
        return restart_needed.FixedSettings.of(open_to_all).within(now).gateway.callers.trusts_labels

    assert near.gateway.callers.trusts_labels
    assert not trusts(near)
    assert trusts(same_place), "somebody wrote trust_caller_labels"


def test_what_stands_in_envoys_own_file_is_told_too(tmp_path: Path) -> None:
    started = settings(tmp_path)
    gateway = started.gateway
    longer = replace(gateway, timeouts=replace(gateway.timeouts, answer_ms=900_000))
    sorry = replace(gateway, emergency=replace(gateway.emergency, message="Sorry"))

    assert [one.path for one in restart_needed.findings(started, replace(started, gateway=longer))] == [
        "router.timeouts"
    ]
    assert [one.path for one in restart_needed.findings(started, replace(started, gateway=sorry))] == [
        "router.emergency"
    ]


PartT = TypeVar("PartT", Timeouts, Emergency, Downstream)


def changed(part: PartT) -> Iterator[PartT]:
    """With one field changed, each in turn."""
    for field in fields(part):
        before: object = getattr(part, field.name)
        after = (
            f"{before}!" if isinstance(before, str) else 900_000 + (before if isinstance(before, int | float) else 0)
        )
        yield replace(part, **{field.name: after})  # type: ignore[arg-type]  # fields by name


def variants(of: Settings) -> Iterator[Settings]:
    """Each with one thing changed that Envoy's own file may be made of."""
    gateway, callers = of.gateway, of.gateway.callers
    for limits in changed(Timeouts()):
        yield replace(of, gateway=replace(gateway, timeouts=limits))
    for emergency in changed(Emergency()):
        yield replace(of, gateway=replace(gateway, emergency=emergency))
    for downstream in changed(Downstream()):
        yield replace(of, downstream=downstream)
    client = Client("c", api_keys=("KEY",), certificates=("spiffe://a/*",), subjects=("s",))
    jwt = JwtRules("https://idp.example", jwks_server=JwksServer("https://idp.example/k", "https", "idp.example", 443))
    for more in (
        replace(callers, tls=ListenerTls("c.pem", "k.pem")),
        replace(callers, tls=ListenerTls("c.pem", "k.pem", "ca.pem")),
        replace(callers, tls=ListenerTls("c.pem", "k.pem", "ca.pem", require_client_cert=True)),
        replace(callers, jwt=JwtRules("https://idp.example", ("a",), "keys.json")),
        replace(callers, jwt=jwt),
        replace(callers, forwarded_from=("10.0.0.0/8",)),
        replace(callers, authentication="required", clients={"c": client}),
        replace(callers, default_cost_centre="x", requires_cost_centre=True),
    ):
        yield replace(of, gateway=replace(gateway, callers=more))
    upstream = Upstream(Provider("p", "p", "openai_chat"), "https", "api.example", 443)
    yield replace(of, fail_open={"openai": upstream})


def test_whatever_changes_envoys_own_file_is_told_at_the_reload(tmp_path: Path) -> None:
    """And what does not, as keys of clients, is in force at once and needs no word."""
    started = settings(tmp_path)
    places = Places(("/r.sock",), ("/a.sock",), "/c/clusters.yaml", secrets_folder="/s")

    def envoys(of: Settings) -> object:
        return bootstrap(of.gateway, of.listen, places, of.fail_open, of.downstream)

    found = [
        (envoys(now) != envoys(started), bool([*restart_needed.findings(started, now)])) for now in variants(started)
    ]

    assert [told for changes, told in found if changes] == [True] * sum(changes for changes, _ in found)
    assert sum(changes for changes, _ in found) > 8
    assert (False, False) in found


def test_a_folder_that_a_log_needs_is_looked_for(tmp_path: Path) -> None:
    made = sources(tmp_path, f"api_key: ${{KEY_B}}\nlogging: {{output: {tmp_path}/none/log}}", KEY_A="a", KEY_B="b")

    read = made.read()

    assert read.settings is not None
    (error,) = read.errors
    assert (error.path, error.about) == ("logging.output", "machine")
    assert f"there is no folder {tmp_path}/none" in error.finding
