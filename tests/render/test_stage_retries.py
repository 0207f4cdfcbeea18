"""Promises of calls of a stage that got no answer: they are made again where there may be another worker."""

from functools import partial

import pytest

from openclaw_extproc.callers import CallerRules
from openclaw_extproc.config.settings import Settings
from openclaw_extproc.gateway import Timeouts
from openclaw_extproc.model import json as j
from openclaw_extproc.render.ext_proc import attempt_stage, route_stage, unread_stage
from openclaw_extproc.render.stage_clusters import FAILED_CHECKS, FAILED_CHECKS_OF_ONE, stage_cluster
from tests.config.loading import seed, settings


def ours(gateway: str) -> Settings:
    return settings(seed(0), f"gateway: {{{gateway}}}")


@pytest.mark.parametrize(
    ("gateway", "is_one"),
    [
        ("workers: 1", True),
        ("workers: 2", False),
        ("on_sidecar_failure: passthrough", False),
        ("stages: {route: 'unix:/run/r.sock', attempt: 'unix:/run/a.sock'}", True),
        ("stages: {route: '127.0.0.1:9001', attempt: '127.0.0.1:9002'}", False),
    ],
    ids=["one", "two", "one-that-is-replaced", "sockets", "tcp"],
)
def test_one_process_on_this_machine_has_nobody_to_take_its_place(gateway: str, is_one: bool) -> None:
    assert ours(gateway).has_one_worker is is_one


def test_a_policy_for_retries_is_rendered_where_they_can_help() -> None:
    made = [
        [
            make(retries=retries)
            for make in (partial(route_stage, CallerRules()), partial(attempt_stage, Timeouts()), unread_stage)
        ]
        for retries in (True, False)
    ]

    with_retries, without = ([j.text(stage) for stage in stages] for stages in made)
    assert all("previous_hosts" in one for one in with_retries)
    assert not any("retry" in one for one in without)


def test_who_is_alone_is_given_longer_before_its_connections_are_closed() -> None:
    many, alone = (j.text(stage_cluster("s", ["/s.sock"], retries=retries)) for retries in (True, False))

    assert f'"unhealthy_threshold":{FAILED_CHECKS}' in many
    assert f'"unhealthy_threshold":{FAILED_CHECKS_OF_ONE}' in alone
