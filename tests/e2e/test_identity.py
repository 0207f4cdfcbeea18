"""Who calls, with real Envoy and the official SDKs: keys of clients, tokens, certificates, and forgeries of them."""

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from google.genai import errors

from openclaw_simulator import Record
from tests.e2e.authority import Authority
from tests.e2e.callers import AnthropicCaller, GeminiCaller, OpenAICaller, body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.test_amended import entry, long_talk
from tests.edge.listener import listening
from tests.tokens import AUDIENCE, ISSUER, Issuer

SEARCH, OPS, THEIRS = "key-of-the-search-team", "key-of-the-operators", "sk-theirs-0123456789"
SPIFFE = "spiffe://cluster.local/ns/search/sa/api"


def config(providers: Providers) -> str:
    """`ace` and `cat` get our key, `sender` and `claude-sender` the caller's own."""

    def provider(name: str, model: str, format: str, simulator: str, *more: str) -> str:
        at = f"http://127.0.0.1:{providers[simulator].port}"
        return f'    - {{name: {name}, models: [{model}], format: {format}, endpoint: "{at}", {", ".join(more)}}}\n'

    return (
        "model:\n  providers:\n"
        + provider("ace", "ace-model", "openai_chat", "ace", 'api_key: "${OPENAI_API_KEY}"')
        + provider("bee", "bee-model", "openai_chat", "bee", 'api_key: "${OPENAI_API_KEY}"')
        + provider("cat", "cat-model", "anthropic_messages", "cat", 'api_key: "${ANTHROPIC_API_KEY}"')
        + provider("elk", "elk-model", "gemini", "elk", 'api_key: "${GOOGLE_API_KEY}"')
        + provider("sender", "sender-model", "openai_chat", "ace", "auth: forward")
        + provider("claude-sender", "claude-sender-model", "anthropic_messages", "cat", "auth: forward")
        + """
users: {boss: {preferred_model: bee-model}, ada: {preferred_model: bee-model}}
cost_centres: {research: {}, sales: {}, secret: {providers: [bee]}}
"""
    )


RULE = """routing_strategy: {rules: [{name: red team, if: 'team == "red" && "llm" in groups', model: bee-model}]}"""


def everything(record: Record) -> str:
    return f"{record.headers} {record.query} {record.path} {record.body}"


def ask(
    up: Sidecar, model: str = "ace-model", shape: str = "openai", query: str = "", **headers: str
) -> httpx.Response:
    path = OpenAICaller.path if shape == "openai" else AnthropicCaller.path
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = http.post(
        up.url + path + query, content=body(shape, model), headers={"content-type": "application/json", **named}
    )
    _ASKED[up.url] = answer.headers.get("x-openclaw-request-id", "")
    return answer


_ASKED: dict[str, str] = {}
"""The id of the last request of `ask`, by the sidecar's address."""


def last(up: Sidecar) -> dict[str, Any]:
    """What the log says of the last request of `ask`: the line is written once the answer is through."""

    def find() -> dict[str, Any] | None:
        routed = (line["data"] for line in up.lines() if line["component"] == "model_router")
        return next((data for data in routed if data["request_id"] == _ASKED[up.url]), None)

    return until(find, 10.0, up.logged)


def known_as(up: Sidecar, identity: str, source: str, count: int) -> None:
    """Wait until so many requests of this identity are in the log."""

    def are_there() -> bool:
        routed = [line["data"] for line in up.lines() if line["component"] == "model_router"]
        return sum((one["identity"], one["identity_source"]) == (identity, source) for one in routed) >= count

    until(are_there, 10.0, up.logged)


# --- keys ---


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    (folder / "search").write_text(f"{SEARCH}\n")
    return folder


@pytest.fixture(scope="module")
def guarded(providers: Providers, keys: Path) -> Iterator[Sidecar]:
    clients = f"""
clients:
  search:
    api_key_files: [{keys}/search, {keys}/search-next]
    team: red
    groups: [llm]
    tenant: acme
    cost_centre: research
  ops: {{api_keys: "${{OPS_KEY}}"}}
"""
    with sidecar(config(providers) + clients, {"OPS_KEY": OPS}, gateway=f"authentication: required, {RULE}") as up:
        yield up


def test_each_sdk_is_known_by_the_key_in_its_usual_place(guarded: Sidecar, providers: Providers) -> None:
    before = sum(line["data"].get("identity") == "ops" for line in guarded.lines("model_selection"))
    with OpenAICaller(guarded.url, key=OPS) as of_openai:
        assert of_openai.ask("ace-model").text
    known_as(guarded, "ops", "key", before + 1)
    with AnthropicCaller(guarded.url, key=OPS) as of_anthropic:
        assert of_anthropic.ask("cat-model", streamed=True).text
    known_as(guarded, "ops", "key", before + 2)
    with GeminiCaller(guarded.url, key=OPS) as of_google:
        assert of_google.ask("elk-model").text
    known_as(guarded, "ops", "key", before + 3)
    for simulator in providers.by_name.values():
        assert OPS not in "".join(map(everything, simulator.requests))


def test_each_sdk_is_refused_in_its_own_words(guarded: Sidecar, providers: Providers) -> None:
    with OpenAICaller(guarded.url, key=THEIRS) as of_openai, pytest.raises(openai.AuthenticationError) as refused:
        of_openai.ask("ace-model")
    assert refused.value.code == "invalid_api_key"
    assert refused.value.response.headers["www-authenticate"].startswith("Bearer")
    with AnthropicCaller(guarded.url, key=THEIRS) as of_anthropic, pytest.raises(anthropic.AuthenticationError) as no:
        of_anthropic.ask("cat-model", streamed=True)
    assert "authentication_error" in str(no.value.body)
    with GeminiCaller(guarded.url, key=THEIRS) as of_google, pytest.raises(errors.ClientError) as never:
        of_google.ask("elk-model")
    assert (never.value.code, never.value.status) == (401, "UNAUTHENTICATED")
    assert [simulator.requests for simulator in providers.by_name.values() if simulator.requests] == []
    assert THEIRS not in guarded.logged()


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": f"Bearer {OPS}"}, ""),
        ({"authorization": f"bearer  {OPS}"}, ""),
        ({"x_api_key": OPS}, ""),
        ({"api_key": OPS}, ""),
        ({"x_goog_api_key": OPS}, ""),
        ({"x_openclaw_key": OPS}, ""),
        ({}, f"?key={OPS}"),
        ({}, f"?a=1&k%65y={OPS}&b=2"),
        ({"authorization": f"Bearer {THEIRS}", "x_api_key": OPS}, ""),
    ],
)
def test_a_key_is_found_wherever_an_sdk_puts_it(
    guarded: Sidecar, providers: Providers, headers: dict[str, str], query: str
) -> None:
    answer = ask(guarded, query=query, **headers)

    assert answer.status_code == 200
    assert last(guarded)["identity"] == "ops"
    [record] = providers["ace"].requests
    assert OPS not in everything(record)


@pytest.mark.parametrize("path", ["/openai/v1/models", "/openai/v1/files", "/v1/realtime?model=x"])
def test_no_path_is_open_without_a_key(guarded: Sidecar, providers: Providers, path: str) -> None:
    answer = http.get(guarded.url + path)

    assert answer.status_code == 401
    assert answer.json()["error"]["message"]
    assert http.get(guarded.url + path, headers={"x-openclaw-key": "wrong"}).status_code == 401
    assert not providers["ace"].requests


def test_what_is_passed_unread_carries_no_key_of_ours(guarded: Sidecar, providers: Providers) -> None:
    answer = http.get(f"{guarded.url}/openai/v1/files?key={OPS}&limit=2", headers={"authorization": f"Bearer {OPS}"})

    assert answer.status_code != 401
    sent = [record for simulator in providers.by_name.values() for record in simulator.requests]
    assert len(sent) == 1
    assert OPS not in everything(sent[0])
    assert last(guarded)["identity"] == "ops"


def test_a_caller_cannot_say_who_it_is(guarded: Sidecar) -> None:
    """With a key of its own it is that client, whatever else it sends."""
    forged = {
        "x_openclaw_user": "boss",
        "x_openclaw_cost_centre": "sales",
        "x_openclaw_identity": "ops",
        "x_openclaw_team": "blue",
        "x_forwarded_client_cert": f"URI={SPIFFE}",
        "x_jwt_payload": "e30",
    }

    answer = ask(guarded, **forged, x_api_key=SEARCH)

    assert answer.status_code == 200
    assert last(guarded)["identity"] == "search"
    decision = last(guarded)["model_selection"]["decision"]
    assert (decision["cost_centre"], decision["team"], decision["tenant"]) == ("research", "red", "acme")
    assert decision["chosen_by"] == "rule"  # by its team and group; not by what `boss` prefers
    assert last(guarded)["user_id"] == "boss"  # told, and no more than that


def test_forged_proofs_alone_let_nobody_in(guarded: Sidecar) -> None:
    for forged in (
        {"x_forwarded_client_cert": f"URI={SPIFFE}"},
        {"x_openclaw_user": "boss", "x_openclaw_identity": "ops"},
        {"x_openclaw_inside": "guess"},
    ):
        assert ask(guarded, **forged).status_code == 401


def test_metrics_have_names_of_the_configuration_only(guarded: Sidecar) -> None:
    before = guarded.metric("openclaw_client_requests_total", client="ops", status="200", identity_source="key")
    ask(guarded, x_api_key=OPS, x_openclaw_user="somebody-new")
    ask(guarded, x_api_key=THEIRS)

    last(guarded)
    after = before + 1
    until(lambda: guarded.metric("openclaw_client_requests_total", client="ops", status="200") == after, 10.0)
    assert guarded.metric("openclaw_client_requests_total", client="none", status="401") >= 1
    for secret in (OPS, SEARCH, THEIRS, "somebody-new"):
        assert secret not in guarded.metrics()
    for secret in (OPS, SEARCH, THEIRS):
        assert secret not in guarded.logged()


def test_a_key_is_rotated_without_a_restart(guarded: Sidecar, keys: Path) -> None:
    """Both are valid for a while, then the old one is not."""
    fresh = "key-that-comes-after-it"
    assert ask(guarded, x_api_key=fresh).status_code == 401
    (keys / "search-next").write_text(fresh)
    until(lambda: ask(guarded, x_api_key=fresh).status_code == 200, 10)
    assert ask(guarded, x_api_key=SEARCH).status_code == 200

    (keys / "search").write_text("another-one-altogether")
    until(lambda: ask(guarded, x_api_key=SEARCH).status_code == 401, 10)
    assert ask(guarded, x_api_key=fresh).status_code == 200
    assert last(guarded)["identity"] == "search"
    (keys / "search").write_text(SEARCH)
    (keys / "search-next").unlink()
    until(lambda: ask(guarded, x_api_key=SEARCH).status_code == 200, 10)


# --- beside a credential of the caller's own ---


@pytest.mark.parametrize("shape", ["openai", "anthropic"])
def test_the_callers_own_credential_is_forwarded_and_our_key_is_not(
    guarded: Sidecar, providers: Providers, shape: str
) -> None:
    own = {"authorization": f"Bearer {THEIRS}"} if shape == "openai" else {"x_api_key": THEIRS}
    model, simulator = ("sender-model", "ace") if shape == "openai" else ("claude-sender-model", "cat")

    answer = ask(guarded, model, shape, x_openclaw_key=OPS, **own)

    assert answer.status_code == 200
    [record] = providers[simulator].requests
    assert THEIRS in str(record.headers)
    assert OPS not in everything(record)


@pytest.mark.parametrize("query", ["", f"?key={OPS}"])
def test_a_key_of_ours_is_never_forwarded(guarded: Sidecar, providers: Providers, query: str) -> None:
    ask(guarded, "sender-model", query=query, authorization=f"Bearer {OPS}", x_api_key=OPS)

    assert OPS not in "".join(map(everything, providers["ace"].requests))


def test_two_credentials_in_one_header_do_not_smuggle_a_key(guarded: Sidecar, providers: Providers) -> None:
    twice = [
        ("authorization", f"Bearer {THEIRS}"),
        ("authorization", f"Bearer {OPS}"),
        ("content-type", "application/json"),
    ]

    http.post(guarded.url + OpenAICaller.path, content=body("openai", "sender-model"), headers=twice)

    assert OPS not in "".join(map(everything, providers["ace"].requests))


# --- tokens ---


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def tokened(providers: Providers, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    file = tmp_path_factory.mktemp("jwks") / "jwks.json"
    file.write_text(issuer.jwks())
    claims = "{team: org.team, tenant: tid, cost_centre: cc, groups: groups}"
    jwt = f'jwt: {{issuer: "{ISSUER}", audiences: {AUDIENCE}, jwks_file: {file}, claims: {claims}}}'
    with sidecar(config(providers), gateway=f"authentication: required, {jwt}, {RULE}") as up:
        yield up


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_the_claims_of_a_token_are_the_identity(
    tokened: Sidecar, providers: Providers, issuer: Issuer, algorithm: Any
) -> None:
    claims = {"org": {"team": "red"}, "groups": ["llm", "x"], "cc": "sales", "tid": "acme"}
    token = issuer.token("grace", claims, algorithm=algorithm)

    with OpenAICaller(tokened.url, key=token) as caller:
        answer = caller.ask("ace-model")

    _ASKED[tokened.url] = answer.headers["x-openclaw-request-id"]
    assert answer.headers["x-openclaw-rule"] == "red team"
    data = last(tokened)
    assert (data["identity"], data["identity_source"], data["user_id"]) == ("grace", "jwt", "grace")
    decision = data["model_selection"]["decision"]
    assert (decision["team"], decision["tenant"], decision["cost_centre"]) == ("red", "acme", "sales")
    [record] = providers["bee"].requests
    assert token not in everything(record)
    assert token not in tokened.logged()


def test_the_user_of_a_token_has_their_preference_and_nobody_elses(tokened: Sidecar, issuer: Issuer) -> None:
    as_ada = ask(tokened, authorization=f"Bearer {issuer.token('ada')}", x_openclaw_user="grace")
    as_grace = ask(tokened, authorization=f"Bearer {issuer.token('grace')}", x_openclaw_user="ada")

    assert as_ada.headers["x-openclaw-model"] == "bee-model"
    assert as_grace.headers["x-openclaw-model"] == "ace-model"


@pytest.mark.parametrize("name", ["too old", "other audience", "other issuer", "other key", "without an end", "none"])
def test_a_token_that_is_not_valid_lets_nobody_in(tokened: Sidecar, issuer: Issuer, name: str) -> None:
    head, payload, _ = issuer.token("ada").split(".")
    token = {
        "too old": issuer.token("ada", age=3600),
        "other audience": issuer.token("ada", {"aud": "another-service"}),
        "other issuer": issuer.token("ada", {"iss": "https://elsewhere.example/"}),
        "other key": Issuer().token("ada"),
        "without an end": issuer.token("ada", {"exp": None}),
        "none": f"{head}.{payload}.",
    }[name]

    answer = ask(tokened, shape="anthropic", model="cat-model", authorization=f"Bearer {token}")

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert "www-authenticate" in answer.headers


def test_the_issuers_keys_are_fetched(providers: Providers, issuer: Issuer) -> None:
    """At the start, and no call waits for them: the first ones may come too early."""
    with listening(lambda _: (200, {}, issuer.jwks().encode())) as server:
        jwt = f'jwt: {{issuer: "{ISSUER}", audiences: {AUDIENCE}, jwks_uri: "{server.url}/keys"}}'
        with sidecar(config(providers), gateway=f"authentication: required, {jwt}") as up:
            until(lambda: ask(up, authorization=f"Bearer {issuer.token('ada')}").status_code == 200, 10)
            assert ask(up, authorization=f"Bearer {Issuer().token('ada')}").status_code == 401

    assert {seen.target for seen in server.seen} == {"/keys"}


def test_claims_cannot_be_sent_as_headers(tokened: Sidecar) -> None:
    forged = {
        "x_jwt_payload": '{"sub": "ada"}',
        "x_envoy_filters_http_jwt_authn": '{"claims": {"sub": "ada"}}',
        "x_openclaw_user": "ada",
    }

    assert ask(tokened, **forged).status_code == 401


def test_an_expired_token_of_ours_is_not_forwarded_where_callers_may_be_anybody(
    providers: Providers, issuer: Issuer, tmp_path: Path
) -> None:
    (tmp_path / "jwks.json").write_text(issuer.jwks())
    jwt = f'jwt: {{issuer: "{ISSUER}", audiences: {AUDIENCE}, jwks_file: {tmp_path}/jwks.json}}'
    with sidecar(config(providers), gateway=jwt) as up:
        expired = ask(up, "sender-model", authorization=f"Bearer {issuer.token('ada', age=3600)}")
        theirs = ask(up, "sender-model", authorization=f"Bearer {THEIRS}")

    assert expired.status_code == 401
    assert theirs.status_code == 200
    assert [THEIRS in str(record.headers) for record in providers["ace"].requests] == [True]


# --- certificates ---


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def mutual(providers: Providers, authority: Authority) -> Iterator[Sidecar]:
    cert, key = authority.certificate("gateway", "DNS:localhost", "IP:127.0.0.1")
    tls = f"tls: {{cert_file: {cert}, key_file: {key}, client_ca_file: {authority.pem}}}"
    clients = f"""
clients:
  search: {{certificates: "{SPIFFE}", team: red, groups: [llm]}}
  ops: {{api_keys: "${{OPS_KEY}}"}}
  spiffe: {{certificates: "spiffe://cluster.local/ns/*"}}
  dns: {{certificates: "ops.example.com"}}
"""
    with sidecar(
        config(providers) + clients, {"OPS_KEY": OPS}, gateway=f"authentication: required, {tls}, {RULE}"
    ) as up:
        yield up


def secure(up: Sidecar, authority: Authority, certificate: tuple[str, str] | None, **headers: str) -> httpx.Response:
    context = ssl.create_default_context(cafile=str(authority.pem))
    if certificate is not None:
        context.load_cert_chain(*certificate)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx.Client(verify=context, timeout=30) as client:
        answer = client.post(
            up.url.replace("http:", "https:") + OpenAICaller.path,
            content=body("openai", "ace-model"),
            headers={"content-type": "application/json", **named},
        )
    _ASKED[up.url] = answer.headers.get("x-openclaw-request-id", "")
    return answer


@pytest.mark.parametrize(
    ("names", "identity", "model"),
    [
        ((f"URI:{SPIFFE}",), "search", "bee-model"),
        (("URI:spiffe://cluster.local/ns/other/sa/x",), "spiffe", "ace-model"),
        (("DNS:ops.example.com",), "dns", "ace-model"),
        (("DNS:unlisted.example.com",), "unlisted.example.com", "ace-model"),
    ],
)
def test_the_name_in_a_certificate_is_the_identity(
    mutual: Sidecar, authority: Authority, names: tuple[str, ...], identity: str, model: str
) -> None:
    answer = secure(mutual, authority, authority.certificate(identity, *names), x_openclaw_user="boss")

    assert answer.status_code == 200
    assert answer.headers["x-openclaw-model"] == model
    assert (last(mutual)["identity"], last(mutual)["identity_source"]) == (identity, "certificate")
    counted = "other" if "." in identity else identity
    assert mutual.metric("openclaw_client_requests_total", client=counted, identity_source="certificate") >= 1


def test_without_a_certificate_it_is_401_in_the_callers_format(mutual: Sidecar, authority: Authority) -> None:
    answer = secure(mutual, authority, None, x_forwarded_client_cert=f"URI={SPIFFE}")

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


def test_a_certificate_of_another_authority_is_refused(mutual: Sidecar, authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger").certificate("search", f"URI:{SPIFFE}")

    with pytest.raises(httpx.TransportError):
        secure(mutual, authority, stranger)


def test_a_key_goes_before_the_certificate_of_the_connection(mutual: Sidecar, authority: Authority) -> None:
    shared = authority.certificate("proxy", f"URI:{SPIFFE}")

    assert secure(mutual, authority, shared, authorization=f"Bearer {OPS}").status_code == 200
    assert last(mutual)["identity"] == "ops"


def test_a_certificate_is_renewed_without_a_restart(mutual: Sidecar, authority: Authority) -> None:
    """As cert-manager and Kubernetes do it: new files take the places of the old ones."""
    before = shown(mutual, authority)
    fresh, key = authority.certificate("gateway-renewed", "DNS:localhost", "IP:127.0.0.1")
    Path(key).replace(authority.folder / "gateway.key")
    Path(fresh).replace(authority.folder / "gateway.pem")

    until(lambda: shown(mutual, authority) != before, 10)
    client = authority.certificate("after", f"URI:{SPIFFE}")
    assert secure(mutual, authority, client).status_code == 200


def shown(up: Sidecar, authority: Authority) -> bytes | None:
    """The certificate that the listener shows."""
    context = ssl.create_default_context(cafile=str(authority.pem))
    port = int(up.url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        return secured.getpeercert(binary_form=True)


def test_our_own_questions_come_through_our_own_listener(providers: Providers, authority: Authority) -> None:
    """Over TLS, and without a key: they have the secret of this process."""
    cert, key = authority.certificate("asking", "DNS:gateway.example.com")
    small = (
        "model:\n  providers:\n"
        + entry(providers, "small", "ace", "gpt-4o", 4_000)
        + entry(providers, "cheap", "bee", "gpt-4o-mini")
        + "router: {context_management: {compression_method: summarize, summarizer: gpt-4o-mini}}\n"
        + 'clients: {ops: {api_keys: "${OPS_KEY}"}}\n'
    )
    tls = f"authentication: required, tls: {{cert_file: {cert}, key_file: {key}}}"
    context = ssl.create_default_context(cafile=str(authority.pem))
    context.check_hostname = False
    with sidecar(small, {"OPS_KEY": OPS}, gateway=tls) as up, httpx.Client(verify=context, timeout=30) as client:
        url = up.url.replace("http:", "https:") + OpenAICaller.path
        whole = {"model": "gpt-4o", "messages": long_talk()}
        answer = client.post(url, json=whole, headers={"authorization": f"Bearer {OPS}"})

    assert answer.headers["x-openclaw-warnings"].startswith("context_summarized:")
    assert len(providers["bee"].requests) == 1


# --- a mesh ---


def xfcc(providers: Providers, trusted: str) -> Any:
    clients = f"""
clients:
  search: {{certificates: "{SPIFFE}"}}
"""
    gateway = f"authentication: listed, forwarded_client_cert_from: {trusted}"
    return sidecar(config(providers) + clients, gateway=gateway)


def test_the_meshs_word_counts_from_where_it_may_come(providers: Providers) -> None:
    with xfcc(providers, "127.0.0.1") as up:
        good = ask(up, x_forwarded_client_cert=f'By=spiffe://x;Hash=1;Subject="CN=\\"a,b\\"";URI={SPIFFE};DNS=y')
        nobody = ask(up)
        unlisted = ask(up, x_forwarded_client_cert="URI=spiffe://elsewhere")
        appended = ask(up, x_forwarded_client_cert=f"URI={SPIFFE},By=z;URI=spiffe://elsewhere")
        known = next(line["data"] for line in up.lines("model_selection"))

    assert (good.status_code, nobody.status_code, unlisted.status_code, appended.status_code) == (200, 401, 403, 403)
    assert (known["identity"], known["identity_source"]) == ("search", "xfcc")
    assert "forwarded" not in json.dumps(providers["ace"].requests[0].headers)


def test_from_anywhere_else_it_is_removed(providers: Providers) -> None:
    with xfcc(providers, "[10.0.0.0/8, 127.0.0.2]") as up:
        assert ask(up, x_forwarded_client_cert=f"URI={SPIFFE}", x_forwarded_for="10.0.0.1").status_code == 401
