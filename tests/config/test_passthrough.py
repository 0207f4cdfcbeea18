"""`gateway.passthrough`: on, off, or on with more of the table opened."""

import pytest

from openclaw_extproc.gateway import Timeouts
from openclaw_extproc.render.clusters import discovery
from openclaw_extproc.wire.http.passthrough import NAMES
from tests.config.loading import complaints, settings, warnings

CONFIG = "model: {provider: openai, model: gpt-4o}"


@pytest.mark.parametrize(
    ("written", "on", "opened"),
    [
        ("", True, ""),
        ("gateway: {passthrough: true}", True, ""),
        ("gateway: {passthrough: false}", False, ""),
        ("gateway: {passthrough: []}", True, ""),
        ("gateway: {passthrough: [fine_tuning, delete]}", True, "delete fine_tuning"),
    ],
)
def test_it_is_on_or_off_or_opens_more(written: str, on: bool, opened: str) -> None:
    gateway = settings(f"{CONFIG}\n{written}").gateway

    assert (gateway.passthrough, " ".join(sorted(gateway.opened))) == (on, opened)


def test_a_name_of_nothing_is_told_with_the_nearest_one() -> None:
    (found,) = complaints(f"{CONFIG}\ngateway: {{passthrough: [fine_tunning, delete]}}")

    assert found.startswith("gateway.passthrough[0]: ")
    assert found.endswith("did you mean fine_tuning?")
    assert all(name in found for name in NAMES)


def test_what_is_open_anyway_is_a_warning() -> None:
    found = warnings(f"{CONFIG}\ngateway: {{passthrough: [files]}}")

    assert any(one.startswith("gateway.passthrough[0]: ") and "open anyway" in one for one in found)


@pytest.mark.parametrize(
    ("written", "clusters"),
    [
        (CONFIG, 2),
        (f"{CONFIG}\ngateway: {{passthrough: false}}", 1),
        ("model: {provider: bedrock, model: m, region: us-east-1}", 1),
    ],
)
def test_a_second_cluster_is_where_something_may_be_passed_on(written: str, clusters: int) -> None:
    (upstream,) = settings(written).upstreams

    assert len(upstream.clusters) == clusters
    made = discovery((upstream,), Timeouts())["resources"]
    assert isinstance(made, list)
    assert len(made) == clusters
