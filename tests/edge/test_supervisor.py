"""Promises of the parent of the workers that no end-to-end test can time."""

import asyncio
from types import SimpleNamespace

import pytest

from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.edge.envoy.admin import Unusable
from openclaw_extproc.edge.ext_proc.stage_servers import ListenAddresses
from openclaw_extproc.edge.notify.notifier import Notifier
from openclaw_extproc.edge.reload.config_files import Origin
from openclaw_extproc.edge.workers.supervisor import Supervisor
from openclaw_extproc.edge.workers.worker_handle import WorkerHandle
from openclaw_extproc.edge.workers.worker_ipc import EjectedClusters
from tests.config import loading

ACE = 'model: {providers: [{name: ace, models: [m], endpoint: "http://10.0.0.1"}]}'


class NeverReady:
    """A worker's handle; it is told things while its process loads."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.was_told = asyncio.Event()
        self.ready = asyncio.Event()
        self.child = SimpleNamespace(process=SimpleNamespace(wait=asyncio.Event().wait))

    def tell(self, message: object) -> None:
        self.told.append(message)
        self.was_told.set()

    def kill(self) -> None:
        self.ready.clear()


def test_a_worker_that_is_starting_learns_which_providers_have_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was started with is older than its first call."""

    async def run() -> list[object]:
        spawning, spawned, worker = asyncio.Event(), asyncio.Event(), NeverReady()

        async def start(*_: object) -> NeverReady:
            spawning.set()
            await spawned.wait()
            return worker

        monkeypatch.setattr(WorkerHandle, "start", start)
        origin = Origin((("openclaw.yml", ACE),), None, None, lenient=False)
        place = ListenAddresses("unix:/run/route.sock", "unix:/run/attempt.sock")
        supervisor = Supervisor([place], loading.settings(ACE), origin, {}, Notifier(Secrets({})))
        starting = asyncio.create_task(supervisor.start())
        await spawning.wait()
        supervisor.apply_ejections(Unusable(absent=frozenset({"ace"})), 3.0)
        spawned.set()
        await worker.was_told.wait()
        supervisor.apply_ejections(Unusable(absent=frozenset({"bee"})), 3.0)
        starting.cancel()
        return worker.told

    told = asyncio.run(asyncio.wait_for(run(), 10))

    assert told == [EjectedClusters(Unusable(absent=frozenset({name})), 3.0) for name in ("ace", "bee")]
