"""The stages' clusters speak TLS to the stages on TCP, with a client certificate, and believe one service."""

from typing import Any, cast

import pytest

from openclaw_extproc.config.settings import StageTls
from openclaw_extproc.render.stage_clusters import stage_cluster

TLS = StageTls("/tls.crt", "/tls.key", "/ca.crt", "/envoy/tls.crt", "/envoy/tls.key", "/envoy/ca.crt")


def context(tls: StageTls, place: str) -> dict[str, Any]:
    socket = cast("dict[str, Any]", stage_cluster("stage", [place], tls)["transport_socket"])
    assert socket["name"] == "envoy.transport_sockets.tls"
    return cast("dict[str, Any]", socket["typed_config"])


def test_a_unix_socket_needs_none() -> None:
    assert "transport_socket" not in stage_cluster("stage", ["/run/openclaw/route.sock"], TLS)


def test_envoy_shows_its_own_files_and_nothing_of_the_service() -> None:
    made = context(TLS, "stages.internal:3101")["common_tls_context"]

    assert made["tls_certificates"] == [
        {"certificate_chain": {"filename": "/envoy/tls.crt"}, "private_key": {"filename": "/envoy/tls.key"}}
    ]
    assert made["validation_context"]["trusted_ca"] == {"filename": "/envoy/ca.crt"}
    assert made["alpn_protocols"] == ["h2"]


@pytest.mark.parametrize(
    ("place", "server_name", "kind", "name"),
    [
        ("stages.internal:3101", "", "DNS", "stages.internal"),
        ("10.1.2.3:3101", "", "IP_ADDRESS", "10.1.2.3"),
        ("[fd00::1]:3101", "", "IP_ADDRESS", "fd00::1"),
        ("10.1.2.3:3101", "openclaw.internal", "DNS", "openclaw.internal"),
    ],
)
def test_the_service_is_known_by_its_name(place: str, server_name: str, kind: str, name: str) -> None:
    tls = StageTls("-", "-", "-", "-", "-", "-", server_name=server_name)

    made = context(tls, place)

    assert made["common_tls_context"]["validation_context"]["match_typed_subject_alt_names"] == [
        {"san_type": kind, "matcher": {"exact": name}}
    ]
    assert made.get("sni") == (name if kind == "DNS" else None)
