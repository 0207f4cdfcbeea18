"""Whom Envoy cannot ask is known before calls are planned, and stays known while Envoy says nothing."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from openclaw_extproc.edge.envoy.admin import Clusters, EnvoyAdmin, Unusable
from openclaw_extproc.edge.envoy.watch import ClusterWatch
from openclaw_extproc.edge.reload.config_files import ReadConfiguration
from openclaw_extproc.edge.reload.reload import ReloadHooks, ReloadTarget
from openclaw_extproc.gateway import Gateway, Provider

PROVIDERS = {name: Provider(name, f"c-{name}", "openai_chat", models=("m",)) for name in ("ace", "bee", "new")}
KNOWN = frozenset({"c-ace", "c-bee", "c-new", "openclaw_nowhere"})


class Admin(EnvoyAdmin):
    """Says what it is told to; `None`: nothing."""

    def __init__(self) -> None:
        super().__init__("no.sock")
        self.page: Unusable | None = Unusable(known=KNOWN)
        self.warming = 0

    async def clusters(self) -> Clusters:
        return Clusters(taken=1, refused=0, warming=self.warming)

    async def unusable(self) -> Unusable:
        if self.page is None:
            raise httpx.ReadTimeout("silent")
        return self.page

    async def refusals(self) -> dict[str, int]:
        return {}


@dataclass
class Works:
    """Who works with a configuration, and what it was told in which order."""

    settings: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(gateway=Gateway(providers=PROVIDERS)))
    told: list[object] = field(default_factory=list[object])

    def apply_ejections(self, found: Unusable, seconds: float) -> None:
        assert seconds > 1, "longer than from one look to the next"
        self.told.append(found)


Check = Callable[[ClusterWatch, Admin, Works, ReloadTarget], Coroutine[None, None, None]]


def run(check: Check) -> None:
    async def whole() -> None:
        admin, works = Admin(), Works()
        await check(ClusterWatch(admin), admin, works, cast("ReloadTarget", works))
        await admin.close()

    asyncio.run(whole())


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (Unusable(known=KNOWN), []),
        (Unusable(), []),
        (Unusable(absent=frozenset({"openclaw_nowhere"}), known=KNOWN), []),
        (Unusable(absent=frozenset({"c-ace"}), known=KNOWN), [Unusable(absent=frozenset({"c-ace"}))]),
        (Unusable(known=KNOWN - {"c-new"}), [Unusable(absent=frozenset({"c-new"}))]),
        (Unusable(ejected=frozenset({"c-bee"}), known=KNOWN), [Unusable(ejected=frozenset({"c-bee"}))]),
    ],
    ids=["all well", "a page that says nothing", "none of ours", "no address", "not there yet", "ejected"],
)
def test_what_the_page_says_of_providers_is_told(page: Unusable, told: list[Unusable]) -> None:
    async def check(watch: ClusterWatch, admin: Admin, works: Works, target: ReloadTarget) -> None:
        admin.page = page
        await watch.update(target)

        assert works.told == told

    run(check)


def test_who_has_no_address_has_none_while_envoy_says_nothing() -> None:
    async def check(watch: ClusterWatch, admin: Admin, works: Works, target: ReloadTarget) -> None:
        admin.page = Unusable(ejected=frozenset({"c-bee"}), absent=frozenset({"c-ace"}), known=KNOWN)
        await watch.update(target)
        admin.page = None
        for _ in range(5):
            await watch.update(target)

        assert works.told[1:] == [Unusable(absent=frozenset({"c-ace"}))] * 5

    run(check)


def test_a_reload_looks_before_it_takes_and_tells_in_the_same_breath() -> None:
    async def check(watch: ClusterWatch, admin: Admin, works: Works, target: ReloadTarget) -> None:
        async def prepare(_: ReadConfiguration) -> str:
            admin.page = Unusable(absent=frozenset({"c-new"}), known=KNOWN)  # it has the new clusters from here on
            return "no more than a word"

        own = ReloadHooks(prepare=prepare, on_applied=lambda _: works.told.append("taken"))
        changed = watch.with_look(target, own)
        assert await changed.prepare(ReadConfiguration(None, ())) == "no more than a word"
        assert works.told == []
        changed.on_applied(ReadConfiguration(None, ()))

        assert works.told == [Unusable(absent=frozenset({"c-new"})), "taken"]

    run(check)


def test_while_envoy_looks_up_another_name_nobody_is_asked_there() -> None:
    async def check(watch: ClusterWatch, _: Admin, works: Works, target: ReloadTarget) -> None:
        during = list[object]()

        async def prepare(__: ReadConfiguration) -> str:
            during.extend(works.told)
            await watch.update(target)
            during.extend(works.told)
            return ""

        changed = watch.with_look(target, ReloadHooks(prepare=prepare), lambda _: frozenset({"c-ace"}))
        await changed.prepare(ReadConfiguration(None, ()))
        changed.on_applied(ReadConfiguration(None, ()))

        assert during == [Unusable(absent=frozenset({"c-ace"}))] * 3
        assert works.told[-1] == Unusable(), "it has an address, and all are told"

    run(check)


def test_while_envoy_may_take_a_refused_configuration_yet_nobody_is_asked_there() -> None:
    async def check(watch: ClusterWatch, admin: Admin, works: Works, target: ReloadTarget) -> None:
        async def prepare(_: ReadConfiguration) -> str:
            return "Envoy has not taken the clusters within 10 s"

        admin.warming = 1
        await watch.with_look(target, ReloadHooks(prepare=prepare), lambda _: frozenset({"c-ace"})).prepare(
            ReadConfiguration(None, ())
        )
        await watch.update(target)
        admin.warming = 0
        await watch.update(target)

        assert works.told == [*[Unusable(absent=frozenset({"c-ace"}))] * 2, Unusable()]

    run(check)
