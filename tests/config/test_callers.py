"""Promises about `clients` and about the doors that a configuration leaves open."""

import pytest

from openclaw_extproc.config.providers.endpoints import is_near
from tests.config.loading import complaints, loaded, seed, settings, warnings

PLAIN = "model: {primary: {provider: openai, model: gpt-4o}}\n"
CLIENT = 'clients: {search: {api_keys: "${OPENAI_API_KEY}"}}\n'
PEOPLE = "users: {ada: {preferred_model: gpt-4o}}\ncost_centres: {research: {}}\n"


def at(text: str, *more: str) -> list[str]:
    """What is said of these places."""
    found = loaded(PLAIN + text, *more).findings
    return [f"{finding.severity} {finding.path}" for finding in found]


def gateway(keys: str) -> str:
    return f"gateway: {{{keys}}}\n"


# -- who is believed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "trusts"),
    [
        ("", True),
        (gateway('host: "::1"'), True),
        (gateway("host: 0.0.0.0"), False),
        (gateway("host: 10.1.2.3"), False),
        (CLIENT, False),
        (gateway("jwt: {issuer: a, audiences: b, jwks_file: /x}"), False),
        (gateway("tls: {cert_file: /x, key_file: /x, client_ca_file: /x}"), False),
        (gateway("tls: {cert_file: /x, key_file: /x}"), True),
        (gateway("forwarded_client_cert_from: 10.0.0.0/8"), False),
        (gateway("trust_caller_labels: false"), False),
        (gateway("host: 0.0.0.0, trust_caller_labels: true") + CLIENT, True),
    ],
)
def test_callers_are_believed_only_next_door_or_by_word(text: str, trusts: bool) -> None:
    assert settings(PLAIN + text).gateway.callers.trusts_labels is trusts


def test_what_hangs_on_callers_that_are_not_believed_is_told() -> None:
    assert at(gateway("host: 0.0.0.0, authentication: optional") + PEOPLE) == ["warning users", "warning cost_centres"]
    assert at(gateway("host: 0.0.0.0, authentication: optional, trust_caller_labels: true") + PEOPLE) == []
    assert at(PEOPLE) == []
    assert at(PEOPLE + CLIENT) == []


# -- clients -----------------------------------------------------------------------------


def test_a_client_is_linked() -> None:
    text = """
clients:
  search:
    api_keys: ["${NOW}", "${NEXT}"]
    api_key_files: /keys/search
    certificates: spiffe://a/*
    subjects: [svc-search]
    tenant: acme
    team: red
    cost_centre: research
    groups: [llm]
gateway:
  authentication: listed
  cost_centre: {default: research, required: true}
  forwarded_client_cert_from: [127.0.0.6, "fd00::/8"]
  jwt: {issuer: i, audiences: [a, b], jwks_uri: "https://idp.example.com:8443/keys", claims: {groups: roles}}
  tls: {cert_file: /c, key_file: /k, client_ca_file: /ca, require_client_cert: true}
"""
    made = settings(PLAIN + text + PEOPLE).gateway.callers
    client = made.clients["search"]

    assert (client.api_keys, client.certificates) == (("NOW", "NEXT", "/keys/search"), ("spiffe://a/*",))
    assert (client.tenant, client.team, client.cost_centre, client.groups) == ("acme", "red", "research", ("llm",))
    assert (made.authentication, made.default_cost_centre, made.requires_cost_centre) == ("listed", "research", True)
    assert made.forwarded_from == ("127.0.0.6/32", "fd00::/8")
    assert made.jwt is not None
    assert made.jwt.jwks_server is not None
    assert (made.jwt.jwks_server.host, made.jwt.jwks_server.port) == ("idp.example.com", 8443)
    assert (made.jwt.audiences, made.jwt.claims.groups) == (("a", "b"), "roles")
    assert made.tls is not None
    assert made.tls.require_client_cert


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (gateway("authentication: required"), "gateway.authentication"),
        ("clients: {a: {}}", "clients.a"),
        ('clients: {other: {api_keys: "${OPENAI_API_KEY}"}}', "clients.other"),
        ('clients: {a: {certificates: "spiffe://*/x"}}', "clients.a.certificates[0]"),
        ("clients: {a: {api_key_files: sk-literal-key}}", "clients.a.api_key_files[0]"),
        ("clients: {a: {api_keys: sk-literal-key}}", "clients.a.api_keys"),
        ("clients: {a: {api_keys: [sk-literal-key]}}", "clients.a.api_keys[0]"),
        ('clients: {a: {api_keys: ["${A:-sk-literal-key}"]}}', "clients.a.api_keys[0]"),
        (PEOPLE + 'clients: {a: {api_keys: "${A}", cost_centre: sales}}', "clients.a.cost_centre"),
        (PEOPLE + gateway("cost_centre: {default: sales}"), "gateway.cost_centre.default"),
        (gateway("tls: {cert_file: /c}"), "gateway.tls.key_file"),
        (gateway("tls: {cert_file: /c, key_file: /k, require_client_cert: true}"), "gateway.tls.require_client_cert"),
        (gateway("jwt: {audiences: a, jwks_file: /x}"), "gateway.jwt.issuer"),
        (gateway("jwt: {audiences: a, issuer: i}"), "gateway.jwt.jwks_file"),
        (gateway('jwt: {audiences: a, issuer: i, jwks_file: /x, jwks_uri: "https://a"}'), "gateway.jwt.jwks_file"),
        (gateway('jwt: {audiences: a, issuer: i, jwks_uri: "http://idp.example.com"}'), "gateway.jwt.jwks_uri"),
        (gateway("forwarded_client_cert_from: 10.0.0.1/8"), "gateway.forwarded_client_cert_from[0]"),
        (gateway("forwarded_client_cert_from: everybody"), "gateway.forwarded_client_cert_from[0]"),
    ],
)
def test_what_would_let_in_the_wrong_ones_or_nobody_is_an_error(text: str, place: str) -> None:
    found = complaints(PLAIN + text)

    assert found[0].split(": ")[0] == place
    assert "sk-literal-key" not in str(found)


def test_keys_that_are_not_there_are_told_where_none_is() -> None:
    one_of_two = 'clients: {a: {api_keys: ["${OPENAI_API_KEY}", "${NEXT}"]}}'

    assert at('clients: {a: {api_keys: ["${NEXT}"]}}') == ["error clients.a"]
    assert at(one_of_two) == []


def test_what_nobody_verifies_is_told() -> None:
    text = 'clients: {a: {api_keys: "${OPENAI_API_KEY}", certificates: x, subjects: y}}'

    assert at(text) == ["warning clients.a.certificates", "warning clients.a.subjects"]
    assert at(gateway("jwt: {issuer: i, jwks_file: /x}")) == ["warning gateway.jwt.audiences"]


# -- open doors --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("", []),
        (gateway("host: 127.0.0.2"), []),
        (gateway("host: 0.0.0.0"), ["warning gateway.host"]),
        (gateway('host: "::"'), ["warning gateway.host"]),
        (gateway("host: 192.168.1.5"), ["warning gateway.host"]),
        (gateway("host: 0.0.0.0") + CLIENT, ["warning gateway.host", "warning gateway.tls"]),
        (gateway("host: 0.0.0.0, authentication: optional"), []),
        (gateway("host: 0.0.0.0, authentication: required") + CLIENT, ["warning gateway.tls"]),
        (gateway("host: 0.0.0.0, authentication: required, tls: {cert_file: /c, key_file: /k}") + CLIENT, []),
        (gateway("admin_host: 0.0.0.0"), ["warning gateway.admin_host"]),
        (gateway("admin_host: 0.0.0.0, expose_admin: true"), []),
    ],
)
def test_a_door_that_stands_open_is_told(text: str, findings: list[str]) -> None:
    assert at(text) == findings


@pytest.mark.parametrize(
    ("endpoint", "more", "findings"),
    [
        ("https://llm.example.com", "", []),
        ("http://127.0.0.1:8080", "", []),
        ("http://172.16.16.39:8080", "", []),
        ("http://[fd00::1]:8080", "", []),
        ("http://vllm:8000", "", []),
        ("http://vllm.models.svc.cluster.local:8000", "", []),
        ("http://llm.example.com", "", ["error model.providers[0].api_key"]),
        ("http://8.8.8.8", "", ["error model.providers[0].api_key"]),
        ("http://llm.example.com", ", allow_http: true", []),
    ],
)
def test_a_key_does_not_go_out_in_the_clear_by_mistake(endpoint: str, more: str, findings: list[str]) -> None:
    entry = f'{{name: x, models: [m], endpoint: "{endpoint}", api_key: "${{OPENAI_API_KEY}}"{more}}}'
    found = loaded(f"model: {{providers: [{entry}]}}").findings

    assert [f"{finding.severity} {finding.path}" for finding in found] == findings


@pytest.mark.parametrize(("auth", "count"), [("auth: forward", 1), ("region: here", 0)])
def test_the_callers_own_key_counts_as_well_and_without_a_key_there_is_nothing_to_read(auth: str, count: int) -> None:
    entry = f'{{name: x, models: [m], endpoint: "http://llm.example.com", {auth}}}'

    assert len(complaints(f"model: {{providers: [{entry}]}}")) == count


def test_a_cluster_written_by_hand_is_looked_at_as_well() -> None:
    def cluster(more: str) -> str:
        return f"""
resources:
- name: x
  metadata: {{filter_metadata: {{openclaw:
    {{provider: x, format: openai_chat, credential: OPENAI_API_KEY, models: [m]{more}}}}}}}
  load_assignment: {{endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address:
    {{address: llm.example.com, port_value: 80}}}}}}}}]}}]}}
  typed_extension_protocol_options:
    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
      http_filters:
      - {{typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor}}}}
"""

    assert len(complaints("logging: {}", clusters=cluster(""))) == 1
    assert complaints("logging: {}", clusters=cluster(", allow_http: true")) == []


@pytest.mark.parametrize(
    ("channel", "place"),
    [
        ('{provider: telegram_bot, endpoint: "http://bots.example.com"}', "channels.x.endpoint"),
        (
            "{provider: smtp, security: none, user: u, host: mail.example.com, sender: a, to: [b]}",
            "channels.x.security",
        ),
    ],
)
def test_secrets_of_channels_do_not_go_out_in_the_clear_either(channel: str, place: str) -> None:
    assert [one.split(": ")[0] for one in complaints(f"{PLAIN}channels: {{x: {channel}}}")] == [place]


@pytest.mark.parametrize("host", ["localhost", "::1", "10.0.0.1", "fe80::1", "192.168.0.1", "a.internal", "b.svc", "c"])
def test_near(host: str) -> None:
    assert is_near(host)


@pytest.mark.parametrize("host", ["example.com", "1.1.1.1", "2606:4700::1111", "svc.example.com", "internal.com"])
def test_far(host: str) -> None:
    assert not is_near(host)


@pytest.mark.parametrize("number", range(15))
def test_published_examples_have_no_error_by_this(number: int) -> None:
    """One of them listens to everybody: it loads, and is told so."""
    found = loaded(seed(number)).findings

    assert [one for one in found if one.severity == "error" and one.path.startswith(("gateway", "clients"))] == []
    assert ["gateway.host" in str(found)] == [number == 3]


def test_passthrough_on_failure_would_hand_keys_of_clients_to_vendors() -> None:
    text = gateway("on_sidecar_failure: passthrough") + CLIENT

    assert settings(PLAIN + text).fail_open == {}
    assert ["because of clients" in one for one in warnings(PLAIN + text)] == [True]
