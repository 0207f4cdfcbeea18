"""What Envoy's own pages say."""

import json
from typing import Any

import pytest

from openclaw_extproc.edge.envoy_admin import ejected


def page(**clusters: list[dict[str, Any]]) -> bytes:
    """As Envoy 1.40 writes it, by name of the cluster and health of each host."""
    statuses = [
        {"name": name, "added_via_api": True, "host_statuses": [{"address": {}, "health_status": one} for one in hosts]}
        for name, hosts in clusters.items()
    ]
    return json.dumps({"cluster_statuses": statuses}).encode()


GONE, WELL = {"failed_outlier_check": True, "eds_health_status": "HEALTHY"}, {"eds_health_status": "HEALTHY"}


def test_a_cluster_is_ejected_when_all_its_hosts_are() -> None:
    found = ejected(page(ace=[GONE], bee=[WELL], cat=[GONE, WELL], dog=[GONE, GONE], nobody=[]))

    assert found == {"ace", "dog"}


@pytest.mark.parametrize("text", [b"", b"no JSON", b"[]", b'{"cluster_statuses": 5}', b"{}"])
def test_a_page_that_cannot_be_read_says_nothing(text: bytes) -> None:
    assert ejected(text) == frozenset()
