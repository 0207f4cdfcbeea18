"""What Envoy's own pages say."""

import asyncio
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from openclaw_extproc.edge.envoy import admin
from openclaw_extproc.edge.envoy.admin import EnvoyAdmin, Unusable, unusable
from openclaw_extproc.edge.envoy.watch import pause


def page(**clusters: list[dict[str, Any]]) -> bytes:
    """As Envoy 1.40 writes it, by name of the cluster and health of each host."""
    statuses = [
        {"name": name, "added_via_api": True, "host_statuses": [{"address": {}, "health_status": one} for one in hosts]}
        for name, hosts in clusters.items()
    ]
    return json.dumps({"cluster_statuses": statuses}).encode()


GONE, WELL = {"failed_outlier_check": True, "eds_health_status": "HEALTHY"}, {"eds_health_status": "HEALTHY"}


def test_a_cluster_is_unusable_without_a_host_and_when_all_are_ejected() -> None:
    found = unusable(page(ace=[GONE], bee=[WELL], cat=[GONE, WELL], dog=[GONE, GONE], nobody=[]))

    known = frozenset({"ace", "bee", "cat", "dog", "nobody"})
    assert found == Unusable(ejected=frozenset({"ace", "dog"}), absent=frozenset({"nobody"}), known=known)


@pytest.mark.parametrize("text", [b"", b"no JSON", b"[]", b'{"cluster_statuses": 5}', b"{}"])
def test_a_page_that_cannot_be_read_says_nothing(text: bytes) -> None:
    assert unusable(text) == Unusable()


def test_questions_leave_envoy_time_for_its_clusters(tmp_path: Path) -> None:
    """With 2,000 clusters a question takes 0.2 s of the thread that has to take them."""
    asked = list[float]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.05)
        text = b"cluster_manager.cds.update_success: %d\n" % (len(asked) == 4)
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(text), text))
        writer.close()

    async def check() -> str:
        async with await asyncio.start_unix_server(answer, tmp_path / "admin.sock"):
            admin = EnvoyAdmin(str(tmp_path / "admin.sock"))
            try:
                return await admin.publish(lambda: None, 30.0)
            finally:
                await admin.close()

    assert asyncio.run(check()) == ""
    assert all(later - sooner > 0.45 for sooner, later in pairwise(asked[1:]))


@pytest.mark.parametrize(("clusters", "wait"), [(0, 1.0), (6, 1.0), (2_000, 6.0), (100_000, 10.0)])
def test_looks_at_many_clusters_are_fewer(clusters: int, wait: float) -> None:
    """Each keeps Envoy's main thread for 0.3 s where there are 2,000."""
    assert pause(clusters) == pytest.approx(wait)


def test_an_envoy_that_is_busy_with_its_clusters_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It took 2 s and more for hundreds of them, and the reload was given up."""
    monkeypatch.setattr(admin, "ANSWER_SECONDS", 0.1)
    written, asked = list[bool](), list[bytes]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        if written and len(asked) < 4:
            await asyncio.sleep(0.3)
        text = b"cluster_manager.cds.update_success: %d\n" % len(written)
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(text), text))
        writer.close()

    async def check() -> str:
        async with await asyncio.start_unix_server(answer, tmp_path / "admin.sock"):
            admin = EnvoyAdmin(str(tmp_path / "admin.sock"))
            try:
                return await admin.publish(lambda: written.append(True), 30.0)
            finally:
                await admin.close()
                await asyncio.sleep(0.5)  # until the last answer that nobody waits for is said

    assert asyncio.run(check()) == ""
    assert len(asked) == 4
