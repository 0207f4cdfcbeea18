"""Files that change while calls go on: what is good takes effect within seconds, what is bad changes nothing."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.e2e import world
from tests.e2e.callers import CALLERS, body, said
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until

SOON = 6.0
"""Seconds: our own watch looks each second, Envoy's at once."""


def ask(up: Sidecar, model: str) -> httpx.Response:
    return http.post(up.url + "/v1/chat/completions", content=body("openai", model))


def text_of(answer: httpx.Response) -> str:
    return str(answer.json()["choices"][0]["message"]["content"]) if answer.status_code == 200 else ""


def one(providers: Providers, name: str, *, more: str = "") -> str:
    place = world.PLACES[name]
    return (
        f"    - {{name: {name}, models: [{place.model}], format: {world.FORMATS[place.shape]}, "
        f'endpoint: "http://127.0.0.1:{providers[place.simulator].port}", api_key: "${{{place.key_name}}}"{more}}}\n'
    )


def config(*entries: str) -> str:
    return "model:\n  providers:\n" + "".join(entries)


@pytest.fixture
def up(providers: Providers) -> Iterator[Sidecar]:
    with sidecar(config(one(providers, "bee")), world.KEYS) as started:
        yield started


def clusters_file(up: Sidecar) -> Path:
    """As printed."""
    found = re.search(r"Envoy clusters in (\S+); ", up.logged())
    assert found
    return Path(found[1])


def with_another(file: Path, providers: Providers, name: str) -> str:
    """The text of the file with one more cluster, made of the first one as a person would."""
    text = file.read_text()
    whole: dict[str, Any] = yaml.safe_load(text)
    cluster: dict[str, Any] = yaml.safe_load(yaml.dump(whole["resources"][0]))
    place = world.PLACES[name]
    cluster["name"] = cluster["load_assignment"]["cluster_name"] = name
    cluster["metadata"]["filter_metadata"]["openclaw"] = {
        "provider": name,
        "format": world.FORMATS[place.shape],
        "credential": place.key_name,
        "models": [place.model],
    }
    endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    endpoint["hostname"] = f"127.0.0.1:{providers[place.simulator].port}"
    endpoint["address"]["socket_address"]["port_value"] = providers[place.simulator].port
    return text + yaml.dump([cluster], sort_keys=False, width=120)


def in_place(file: Path, text: str) -> None:
    with file.open("w") as opened:
        opened.write(text)


def by_rename(file: Path, text: str) -> None:
    fresh = file.with_name("fresh")
    fresh.write_text(text)
    fresh.replace(file)


WAYS = {"in place": in_place, "by rename": by_rename}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["ace-then-bee", "dog"])
def test_a_cluster_that_is_added_becomes_callable(up: Sidecar, providers: Providers, way: str, name: str) -> None:
    edit: Callable[[Path, str], None] = WAYS[way]
    place = world.PLACES[name]
    assert ask(up, place.model).status_code == 404
    file = clusters_file(up)

    edit(file, with_another(file, providers, name))

    until(lambda: text_of(ask(up, place.model)) == said(place.simulator, place.model), SOON, up.logged)
    for _ in range(10):
        assert ask(up, place.model).status_code == 200
        assert ask(up, "bee-model").status_code == 200
    record = providers[place.simulator].requests[-1]
    assert place.key in str(record.headers)
    assert up.wait_for("reloaded")
    assert up.metric("openclaw_model_health_status", provider=name) == 1


def test_a_cluster_that_is_added_twice_over_stays(up: Sidecar, providers: Providers) -> None:
    """Our own writing of the file must not lose what a person wrote into it."""
    file = clusters_file(up)
    by_rename(file, with_another(file, providers, "dog"))
    until(lambda: ask(up, "dog-model").status_code == 200, SOON, up.logged)

    in_place(file, with_another(file, providers, "ace-then-bee"))

    until(lambda: ask(up, "ace-then-bee-model").status_code == 200, SOON, up.logged)
    assert ask(up, "dog-model").status_code == 200
    assert ask(up, "bee-model").status_code == 200


BROKEN = {
    "not YAML": "resources: [\n",
    "no list": "resources: 12\n",
    "no such format": None,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_edit_of_the_clusters_changes_nothing(up: Sidecar, providers: Providers, kind: str) -> None:
    file = clusters_file(up)
    more = with_another(file, providers, "dog")
    text = BROKEN[kind] or {
        "no such format": more.replace("format: anthropic_messages", "format: nobody"),
    }.get(kind)
    assert text

    in_place(file, text)

    assert up.wait_for("reload_rejected", seconds=SOON)
    findings = [line["data"]["finding"] for line in up.lines("finding") if line["level"] == "error"]
    assert any("clusters.yaml" in finding for finding in findings)
    for _ in range(10):
        assert ask(up, "bee-model").status_code == 200
    assert ask(up, "dog-model").status_code == 404
    assert up.metric("openclaw_config_reloads_total", result="rejected") == 1

    in_place(file, more)

    until(lambda: ask(up, "dog-model").status_code == 200, SOON, up.logged)


def test_a_cluster_that_envoy_refuses_changes_nothing(up: Sidecar, providers: Providers) -> None:
    """We can read it, Envoy cannot: calls must not be planned for a cluster that is not there."""
    file = clusters_file(up)
    good = with_another(file, providers, "dog")
    before, _, after = good.rpartition("connect_timeout: 5s")

    in_place(file, f"{before}connect_timeout: soon{after}")

    until(lambda: any("soon" in str(line) or "connect_timeout" in str(line) for line in up.lines()), SOON, up.logged)
    assert up.wait_for("reload_rejected", seconds=SOON)
    assert ask(up, "bee-model").status_code == 200
    assert ask(up, "dog-model").status_code == 404

    in_place(file, good)

    until(lambda: ask(up, "dog-model").status_code == 200, SOON, up.logged)


def test_half_a_cluster_changes_nothing(up: Sidecar, providers: Providers) -> None:
    """What an editor that saves slowly leaves for a moment."""
    file = clusters_file(up)
    size, whole = len(file.read_text()), with_another(file, providers, "dog")

    for cut in (10, 60, 200, 600, 1200):
        in_place(file, whole[: size + cut])
        until(lambda: ask(up, "bee-model").status_code == 200, 0)
    in_place(file, whole)

    until(lambda: ask(up, "dog-model").status_code == 200, SOON, up.logged)
    assert ask(up, "bee-model").status_code == 200


def test_calls_go_on_while_the_clusters_change(up: Sidecar, providers: Providers) -> None:
    file = clusters_file(up)
    in_place(file, with_another(file, providers, "dog"))

    def both() -> bool:
        assert ask(up, "bee-model").status_code == 200
        return ask(up, "dog-model").status_code == 200

    until(both, SOON, up.logged)


# --- openclaw.yml ---


@pytest.mark.parametrize("way", WAYS)
def test_a_new_fallback_takes_effect(up: Sidecar, providers: Providers, way: str) -> None:
    providers["bee"].set_fault("400")
    assert ask(up, "bee-model").headers["x-openclaw-attempts"] == "1"
    head = up.config.read_text().partition("\n")[0]
    fallback = ", fallback: dog, fallback_model: dog-model"

    WAYS[way](up.config, f"{head}\n{config(one(providers, 'bee', more=fallback), one(providers, 'dog'))}")

    until(lambda: ask(up, "dog-model").status_code == 200, SOON, up.logged)
    providers["bee"].set_fault("503")
    with CALLERS["openai"](up.url) as caller:
        answer = caller.ask("bee-model")
    assert answer.text == said("dog", "dog-model")
    assert answer.headers["x-openclaw-fallbacks"] == "bee:overloaded"


def test_a_provider_that_is_removed_is_no_longer_served(providers: Providers) -> None:
    with sidecar(config(one(providers, "bee"), one(providers, "dog")), world.KEYS) as up:
        assert ask(up, "dog-model").status_code == 200

        up.rewrite(config(one(providers, "bee")))

        until(lambda: ask(up, "dog-model").status_code == 404, SOON, up.logged)
        assert ask(up, "bee-model").status_code == 200
        assert "name: dog" in clusters_file(up).read_text(), "for calls that are under way"


def test_a_call_under_way_still_falls_back_to_who_was_removed_meanwhile(providers: Providers) -> None:
    """It keeps the plan it began with, and Envoy the clusters in it."""
    fallback = ", fallback: dog, fallback_model: dog-model"
    limits = "router:\n  timeouts: {first_token_ms: 4000, answer_ms: 4000}\n"
    with (
        sidecar(config(one(providers, "bee", more=fallback), one(providers, "dog")) + limits, world.KEYS) as up,
        ThreadPoolExecutor(1) as threads,
    ):
        providers["bee"].set_fault("silent")
        call = threads.submit(ask, up, "bee-model")
        until(lambda: providers["bee"].requests, SOON, up.logged)

        up.rewrite(config(one(providers, "bee")))

        assert up.wait_for("reloaded")
        assert not call.done(), "it still waits for the first one"
        answer = call.result(timeout=20)
        assert answer.status_code == 200
        assert text_of(answer) == said("dog", "dog-model")


INVALID = {
    "an unknown key": ("model:\n  providrs: []\n", "model.providrs"),
    "not YAML": ("model: [\n", "openclaw.yml:"),
    "a dangling name": ("", "model.providers[bee].fallback"),
}


@pytest.mark.parametrize("kind", INVALID)
def test_an_invalid_configuration_is_rejected_and_the_old_one_stays(
    up: Sidecar, providers: Providers, kind: str
) -> None:
    text, path = INVALID[kind]

    up.rewrite(text or config(one(providers, "bee", more=", fallback: bea, fallback_model: m")))

    assert up.wait_for("reload_rejected", seconds=SOON)
    findings = [line["data"]["finding"] for line in up.lines("finding") if line["level"] == "error"]
    assert path in findings[0], "and nothing that follows from it before it"
    assert len(findings[0].split(": ")) >= 2, "the place, the finding, the remedy"
    assert not any("clusters file" in finding for finding in findings), "nobody has edited that one"
    for _ in range(5):
        assert ask(up, "bee-model").status_code == 200
    assert http.get(f"{up.admin_url}/readyz").status_code == 200

    up.rewrite(config(one(providers, "bee"), one(providers, "dog")))

    until(lambda: ask(up, "dog-model").status_code == 200, SOON, up.logged)


def test_a_new_limit_takes_effect(up: Sidecar, providers: Providers) -> None:
    """One that stands in the route stage's plan, and not in what Envoy read when it started."""
    up.rewrite(
        config(one(providers, "bee", more=", fallback: dog, fallback_model: dog-model"), one(providers, "dog"))
        + "router:\n  timeouts: {first_token_ms: 300, answer_ms: 300}\n  emergency: {message: A new word.}\n"
    )
    until(lambda: ask(up, "dog-model").status_code == 200, SOON, up.logged)
    providers["bee"].set_fault("silent")
    providers["dog"].set_fault("503")

    answer = ask(up, "bee-model")

    assert answer.status_code == 503
    assert "A new word." in answer.text
