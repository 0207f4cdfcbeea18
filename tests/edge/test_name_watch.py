"""A provider whose name does not exist is known before calls are planned, and nobody else is taken for one."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import cast

import pytest

from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.envoy import name_watch as module
from openclaw_extproc.edge.envoy.admin import Unusable
from openclaw_extproc.edge.envoy.name_watch import NameWatch, exists
from openclaw_extproc.edge.reload.config_files import ReadConfiguration
from openclaw_extproc.edge.reload.reload import ReloadHooks, ReloadTarget
from tests.config import loading

CONFIG = """
model:
  providers:
    - {name: ace, models: [m], endpoint: "http://ace.example"}
    - {name: bee, models: [n], endpoint: "http://10.0.0.1"}
"""
GONE = Unusable(absent=frozenset({"ace"}))


@dataclass
class Works:
    """Who works with a configuration, and what it was told in which order."""

    settings: Settings = field(default_factory=lambda: loading.settings(CONFIG))
    told: list[object] = field(default_factory=list[object])

    def apply_ejections(self, found: Unusable, seconds: float) -> None:
        assert seconds > module.USUAL_PAUSE_SECONDS, "longer than from one round to the next"
        self.told.append(found)


def target_of(works: Works) -> ReloadTarget:
    return cast("ReloadTarget", works)


@pytest.mark.parametrize(
    ("number", "is_there"),
    [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True), (socket.EAI_FAIL, True), (None, True)],
    ids=["no such name", "nobody answers", "the server fails", "an address"],
)
def test_only_a_definite_no_is_believed(monkeypatch: pytest.MonkeyPatch, number: int | None, *, is_there: bool) -> None:
    def answer(*_: object, **__: object) -> list[object]:
        if number is not None:
            raise socket.gaierror(number, "as the resolver says")
        return []

    monkeypatch.setattr(socket, "getaddrinfo", answer)

    assert exists("ace.example") is is_there


def test_a_name_that_is_too_long_for_any_server_does_not_exist() -> None:
    assert not exists("a" * 64 + ".example")


def test_missing_names_are_told_until_they_exist() -> None:
    works, answers, asked = Works(), iter((False, False, True)), list[str]()

    def ask(host: str) -> bool:
        asked.append(host)
        return next(answers)

    async def check() -> None:
        watch = NameWatch(ask)
        for _ in range(5):
            await watch.update(target_of(works))

    asyncio.run(check())

    assert works.told == [GONE, GONE, Unusable()]
    assert asked == ["ace.example"] * 3, "addresses are not asked for, nor a name that existed once"


def test_a_changed_configuration_waits_for_its_names() -> None:
    works = Works(loading.settings(CONFIG.replace("ace.example", "10.0.0.2")))

    async def check() -> None:
        watch = NameWatch(lambda _: False)
        hooks = watch.with_look(target_of(works), ReloadHooks(on_applied=lambda _: works.told.append("applied")))
        coming = loading.settings(CONFIG)
        await hooks.prepare(ReadConfiguration(coming, ()))
        assert works.told == []
        works.settings = coming
        hooks.on_applied(ReadConfiguration(coming, ()))

    asyncio.run(check())

    assert works.told == [GONE, "applied"]


def test_nobody_waits_long_for_a_resolver_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.01)
    works, answer, asked = Works(), Event(), list[str]()

    def ask(host: str) -> bool:
        asked.append(host)
        return not answer.wait(10)

    async def check(rounds: int, done: Callable[[], None]) -> None:
        watch = NameWatch(ask)
        for _ in range(rounds):
            await watch.update(target_of(works))
        assert works.told == []
        done()
        while not works.told:
            await watch.update(target_of(works))

    asyncio.run(check(3, answer.set))

    assert works.told == [GONE]
    assert asked == ["ace.example"], "one question for a name at a time"
