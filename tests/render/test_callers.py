"""Promises about what Envoy is asked to verify of callers; it takes every combination of them."""

import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.envoy import check
from openclaw_extproc.edge.reload.config_files import ConfigFiles, ReadConfiguration
from openclaw_extproc.edge.workers.processes import find_envoy
from openclaw_extproc.render.bootstrap import Places, bootstrap
from tests.e2e.authority import Authority
from tests.tokens import Issuer

PLACES = Places(["127.0.0.1:3101"], ["127.0.0.1:3102"], "/etc/envoy/clusters.yaml", secrets_folder="/etc/envoy")
MODEL = "model: {primary: {provider: openai, model: gpt-4o}}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("callers")
    Authority(made).certificate("gateway", "DNS:localhost")
    (made / "jwks.json").write_text(Issuer().jwks())
    return made


def read(folder: Path, gateway: str) -> ReadConfiguration:
    file = folder / "openclaw.yml"
    file.write_text(f"{MODEL}gateway: {{{gateway.replace('HERE', str(folder))}}}\n")
    return ConfigFiles((file,), None, {"OPENAI_API_KEY": "x"}).read()


def settings(folder: Path, gateway: str) -> Settings:
    found = read(folder, gateway)
    assert found.settings is not None, found.findings
    return found.settings


def listener(folder: Path, gateway: str) -> dict[str, Any]:
    made = settings(folder, gateway)
    whole = cast("dict[str, Any]", bootstrap(made.gateway, made.listen, PLACES))
    found: dict[str, Any] = whole["static_resources"]["listeners"][0]
    return found


def manager(chain: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = chain["filters"][0]["typed_config"]
    return found


TLS = "tls: {cert_file: HERE/gateway.pem, key_file: HERE/gateway.key, client_ca_file: HERE/ca.pem}"
JWT = "jwt: {issuer: i, audiences: a, jwks_file: HERE/jwks.json}"
REMOTE = 'jwt: {issuer: i, audiences: a, jwks_uri: "https://idp.example.com/keys"}'
MESH = "forwarded_client_cert_from: [127.0.0.6, 10.0.0.0/8]"


@pytest.mark.parametrize("gateway", [TLS, JWT, REMOTE, MESH, f"{TLS}, {REMOTE}, {MESH}"])
def test_envoy_takes_it(folder: Path, gateway: str) -> None:
    assert check.findings(find_envoy(None), read(folder, gateway), {}) == []


def test_without_a_word_about_callers_nothing_of_them_is_asked(folder: Path) -> None:
    made = listener(folder, "")

    (chain,) = made["filter_chains"]
    route = manager(chain)["http_filters"][1]["typed_config"]
    assert "transport_socket" not in chain
    assert "forward_client_cert_details" not in manager(chain)  # Envoy then removes the header
    assert "request_attributes" not in route
    assert route["metadata_options"]["forwarding_namespaces"] == {"untyped": ["openclaw.attempts"]}


def test_the_meshs_word_is_believed_by_the_connections_address_alone(folder: Path) -> None:
    believing, others = listener(folder, MESH)["filter_chains"]

    ranges = believing["filter_chain_match"]["source_prefix_ranges"]
    assert [(one["address_prefix"], one["prefix_len"]) for one in ranges] == [("127.0.0.6", 32), ("10.0.0.0", 8)]
    assert manager(believing)["forward_client_cert_details"] == "ALWAYS_FORWARD_ONLY"
    assert "filter_chain_match" not in others
    assert "forward_client_cert_details" not in manager(others)
    del believing["filter_chain_match"], manager(believing)["forward_client_cert_details"]
    assert believing == others


def test_tokens_are_verified_before_the_route_stage_and_kept_from_providers(folder: Path) -> None:
    (chain,) = listener(folder, JWT)["filter_chains"]

    first, _, route, _ = manager(chain)["http_filters"]
    (provider,) = first["typed_config"]["providers"].values()
    assert first["name"] == "envoy.filters.http.jwt_authn"
    assert provider["forward"] is False
    assert provider["require_expiration"] is True
    assert route["typed_config"]["metadata_options"]["forwarding_namespaces"] == {
        "untyped": [first["name"], "openclaw.attempts"]
    }


def test_rendered_files_have_paths_and_no_secret(folder: Path, tmp_path: Path) -> None:
    file = folder / "openclaw.yml"
    file.write_text(f"{MODEL}gateway: {{{TLS.replace('HERE', str(folder))}}}\n")
    command = [sys.executable, "-m", "openclaw_extproc.edge.cli", "render", "-c", str(file), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, env={"OPENAI_API_KEY": "x"})

    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert set(written) == {"envoy.yaml", "clusters.yaml", "listener-certificate.yaml", "client-ca.yaml"}
    certificate = yaml.safe_load(written["listener-certificate.yaml"])["resources"][0]["tls_certificate"]
    assert certificate["private_key"] == {"filename": f"{folder}/gateway.key"}
    assert "PRIVATE KEY" not in "".join(written.values())
