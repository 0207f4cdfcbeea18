"""AWS signatures and Google tokens through real Envoy: they hold for what arrives, and go to nobody else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from openclaw_extproc.edge.credentials.google import SCOPE
from tests.e2e import world
from tests.e2e.callers import CALLERS, body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.test_credentials import CREDENTIALS, THEIRS
from tests.edge.google_keys import ServiceAccount, Tokens
from tests.edge.listener import Answer, Listener, Seen, listening
from tests.edge.sigv4 import Signature, signature

KEY_ID, SECRET, SESSION = "AKIDOFOURS", "aws-secret-of-ours", "aws-session-of-ours"
TOKEN = "ya29.token-"
AWS = {
    "AWS_ACCESS_KEY_ID": KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_SESSION_TOKEN": SESSION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
}
STRANGE = {
    **CREDENTIALS,
    "x-amz-date": f"{THEIRS}-date",
    "x-amz-security-token": f"{THEIRS}-session",
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "x-amz-target": f"{THEIRS}-target",
    "x-goog-user-project": f"{THEIRS}-project",
}
"""What a caller may send to be taken for us."""


def completion(_: Seen) -> Answer:
    """As a provider of format openai_chat answers."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello."}}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    answer = {"id": "c-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return 200, {}, json.dumps(answer).encode()


def overloaded(_: Seen) -> Answer:
    return 503, {}, b'{"error": {"message": "busy"}}'


@pytest.fixture(scope="module")
def cloud() -> Iterator[Listener]:
    """Plays the provider behind AWS and the one behind Google: they differ in their paths."""
    with listening(completion) as up:
        yield up


@pytest.fixture(scope="module")
def tokens() -> Iterator[Listener]:
    with listening(Tokens()) as up:
        yield up


@pytest.fixture(autouse=True)
def _as_before(cloud: Listener) -> None:  # pyright: ignore[reportUnusedFunction]  # pytest calls it
    cloud.seen.clear()
    cloud.answer = completion


@pytest.fixture(scope="module")
def up(
    providers: Providers, cloud: Listener, tokens: Listener, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sidecar]:
    key = ServiceAccount().write(tmp_path_factory.mktemp("google") / "key.json", tokens.url)
    with sidecar(
        config(providers, cloud, f"credential: {key}"), {**world.KEYS, "KEY_ACE": "sk-ours-ace", **AWS}
    ) as started:
        yield started


def config(providers: Providers, cloud: Listener, google: str) -> str:
    def keyed(name: str, more: str = "") -> str:
        place = f'format: openai_chat, endpoint: "http://127.0.0.1:{providers[name].port}"'
        return f'{{name: {name}, models: [{name}-model], {place}, api_key: "${{KEY_{name.upper()}}}"{more}}}'

    def aws(name: str, more: str = "") -> str:
        place = f"format: openai_chat, endpoint: {cloud.url}/aws/v1%3A0"
        return f"{{name: {name}, models: [{name}-model], {place}, auth: aws, region: eu-west-1{more}}}"

    return f"""
logging: {{level: debug}}
model:
  router: {{retry_policy: {{max_retries: 0}}}}
  providers:
    - {aws("signed")}
    - {aws("signed-first", ", fallback: bee, fallback_model: bee-model")}
    - {aws("signed-then-token", ", fallback: token, fallback_model: token-model")}
    - {{name: token, models: [token-model], format: openai_chat, endpoint: {cloud.url}/google, auth: google, {google}}}
    - {{name: token-first, models: [token-first-model], format: openai_chat, endpoint: {cloud.url}/google, auth: google,
       {google}, fallback: bee, fallback_model: bee-model}}
    - {{name: token-then-signed, models: [token-then-signed-model], format: openai_chat, endpoint: {cloud.url}/google,
       auth: google, {google}, fallback: signed, fallback_model: signed-model}}
    - {keyed("ace", ", fallback: signed, fallback_model: signed-model")}
    - {keyed("bee")}
"""


def ask(up: Sidecar, shape: str, model: str, path: str = "") -> Any:
    headers = {"content-type": "application/json", **STRANGE}
    return http.post(up.url + (path or CALLERS[shape].path), content=body(shape, model), headers=headers)


def checked(seen: Seen) -> Signature:
    """The signature of what arrived, which holds, and nothing else that was made to look like one."""
    found = signature(seen.target, seen.headers, seen.body, SECRET)
    assert found.given == found.expected
    assert (found.key_id, found.scope.split("/")[1:]) == (KEY_ID, ["eu-west-1", "bedrock", "aws4_request"])
    own = {"x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}
    assert {name for name in seen.headers if name.startswith("x-amz-")} == own
    assert own < set(found.headers)
    assert seen.headers["x-amz-security-token"] == SESSION
    assert THEIRS not in str(seen)
    assert TOKEN not in str(seen)
    return found


def has_only_its_token(seen: Seen) -> None:
    assert seen.headers["authorization"] == f"Bearer {TOKEN}1"
    assert THEIRS not in str(seen)
    assert not [name for name in seen.headers if name.startswith(("x-amz-", "x-goog-"))]
    assert not [secret for secret in (KEY_ID, SECRET, SESSION) if secret in str(seen)]


@pytest.mark.parametrize("shape", CALLERS)
def test_a_signature_holds_for_what_arrives(up: Sidecar, cloud: Listener, shape: str) -> None:
    answer = ask(up, shape, "signed-model")

    assert answer.status_code == 200, answer.text
    [seen] = cloud.seen
    assert seen.target == "/aws/v1%3A0/chat/completions"
    assert seen.headers["host"] == cloud.url.removeprefix("http://")
    checked(seen)


def test_a_signature_holds_for_a_body_that_nobody_changed_and_for_a_query(up: Sidecar, cloud: Listener) -> None:
    answer = ask(up, "openai", "signed-model", f"{CALLERS['openai'].path}?b=2&beta&a=1")

    assert answer.status_code == 200
    [seen] = cloud.seen
    assert (seen.body, seen.target.partition("?")[2]) == (body("openai", "signed-model"), "b=2&beta&a=1")
    checked(seen)


@pytest.mark.parametrize("fault", ["503", "reset", "first-event-error"])
@pytest.mark.parametrize("shape", CALLERS)
def test_a_signature_holds_after_a_failover(
    up: Sidecar, providers: Providers, cloud: Listener, shape: str, fault: str
) -> None:
    providers["ace"].set_fault(fault)

    answer = ask(up, shape, "ace-model")

    assert answer.status_code == 200
    [first] = providers["ace"].requests
    assert not [secret for secret in (KEY_ID, SECRET, SESSION, TOKEN) if secret in str(first)]
    [seen] = cloud.seen
    checked(seen)
    assert "sk-ours" not in str(seen)


@pytest.mark.parametrize("model", ["signed-first-model", "token-first-model"])
@pytest.mark.parametrize("shape", CALLERS)
def test_nothing_of_it_goes_to_the_next_provider(
    up: Sidecar, providers: Providers, cloud: Listener, shape: str, model: str
) -> None:
    cloud.answer = overloaded

    answer = ask(up, shape, model)

    assert answer.status_code == 200
    assert len(cloud.seen) == 1
    [record] = providers["bee"].requests
    assert record.headers["authorization"] == "Bearer sk-ours-bee"
    assert not [name for name in record.headers if name.startswith(("x-amz-", "x-goog-"))]
    assert record.headers["host"] == f"127.0.0.1:{providers['bee'].port}"
    strangers = (KEY_ID, SECRET, SESSION, TOKEN, THEIRS)
    assert not [secret for secret in strangers if secret in str(record)]


@pytest.mark.parametrize("model", ["signed-then-token-model", "token-then-signed-model"])
def test_between_the_clouds_each_gets_its_own(up: Sidecar, cloud: Listener, model: str) -> None:
    cloud.answer = lambda seen: overloaded(seen) if len(cloud.seen) == 1 else completion(seen)

    answer = ask(up, "openai", model)

    assert answer.status_code == 200
    by_path = {seen.target.split("/")[1]: seen for seen in cloud.seen}
    assert len(cloud.seen) == len(by_path) == 2
    checked(by_path["aws"])
    has_only_its_token(by_path["google"])


@pytest.mark.parametrize("shape", CALLERS)
def test_a_token_arrives(up: Sidecar, cloud: Listener, tokens: Listener, shape: str) -> None:
    answer = ask(up, shape, "token-model")

    assert answer.status_code == 200
    [seen] = cloud.seen
    assert seen.target == "/google/chat/completions"
    has_only_its_token(seen)
    assert len(tokens.seen) == 1, "asked for once, for all providers and calls"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_signature_is_not_told_in_the_words_of_aws(up: Sidecar, cloud: Listener, status: int) -> None:
    """They quote what should have been signed, session token included."""
    quoted = json.dumps({"message": f"The Canonical String should have been x-amz-security-token:{SESSION}"})
    cloud.answer = lambda _: (status, {}, quoted.encode())

    answer = ask(up, "openai", "signed-model")

    assert answer.status_code == status
    assert SESSION not in answer.text
    assert "the provider refuses the gateway's credential" in answer.text


def test_no_key_and_no_token_is_in_any_log_or_metric(up: Sidecar, cloud: Listener) -> None:
    for model in ("signed-model", "token-model", "signed-first-model"):
        ask(up, "openai", model)
    cloud.answer = overloaded
    ask(up, "openai", "token-model")

    for text in (up.logged(), up.metrics()):
        assert not [secret for secret in (KEY_ID, SECRET, SESSION, TOKEN) if secret in text]


# --- where they come from ---


def metadata_server(seen: Seen) -> Answer:
    """Compute Engine's, as far as google-auth asks it."""
    if "/token" in seen.target:
        return Tokens()(seen)
    account = {"aliases": ["default"], "email": "vm@nobody.iam.gserviceaccount.com", "scopes": [SCOPE]}
    content = json.dumps(account).encode() if "recursive" in seen.target else b"nobody"
    return 200, {"metadata-flavor": "Google", "content-type": "application/json"}, content


def test_a_token_of_the_metadata_server_arrives(providers: Providers, cloud: Listener, tmp_path: Path) -> None:
    with listening(metadata_server) as metadata:
        host = metadata.url.removeprefix("http://")
        environment = {
            "GCE_METADATA_HOST": host,
            "GCE_METADATA_IP": host,
            "GOOGLE_APPLICATION_CREDENTIALS": "",
            "CLOUDSDK_CONFIG": str(tmp_path),
        }
        text = config(providers, cloud, "credential: default")
        with sidecar(text, {**world.KEYS, **AWS, **environment}) as up:
            answer = ask(up, "openai", "token-model")

    assert answer.status_code == 200, answer.text
    assert cloud.seen[-1].headers["authorization"].startswith(f"Bearer {TOKEN}")
    assert any(seen.target.partition("?")[0].endswith("/token") for seen in metadata.seen)


def test_without_a_valid_token_the_call_goes_to_the_fallback(
    providers: Providers, cloud: Listener, tmp_path: Path
) -> None:
    tokens = Tokens()
    tokens.status = 400
    with listening(tokens) as server:
        key = ServiceAccount().write(tmp_path / "key.json", server.url)
        nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}
        files = {"AWS_CONFIG_FILE": str(tmp_path / "a"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "b")}
        text = config(providers, cloud, f"credential: {key}")
        with sidecar(text, {**world.KEYS, **AWS, **nothing, **files}) as up:
            answers = [ask(up, "openai", f"{name}-first-model") for name in ("token", "signed")]
            told = up.wait_for("not_renewed", times=2)
            counted = [up.metric("openclaw_credential_failures_total", credential=f"google:{key}")]
            counted.append(up.metric("openclaw_credential_failures_total", credential="aws:default"))
            tokens.status = 200
            until(lambda: ask(up, "openai", "token-model").status_code == 200, 20)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.headers["x-openclaw-attempts"] for answer in answers] == ["1", "1"]
    assert "token-first skipped: its credential is not set" in answers[0].headers["x-openclaw-reason"]
    assert {line["data"]["credential"] for line in told} == {f"google:{key}", "aws:default"}
    assert all(line["data"]["remedy"] for line in told)
    assert min(counted) >= 1


def test_what_is_signed_is_the_host_also_where_the_cluster_does_not_name_it(
    up: Sidecar, cloud: Listener, tmp_path: Path
) -> None:
    """Envoy then keeps the host that the caller wrote, which is our own."""
    [path] = [line for line in up.logged().splitlines() if "Envoy clusters in " in line]
    written = yaml.safe_load(Path(path.partition(" in ")[2].partition("; ")[0]).read_text())
    [cluster] = [one for one in written["resources"] if one["name"] == "signed"]
    del cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["hostname"]
    (tmp_path / "clusters.yaml").write_text(yaml.safe_dump({"resources": [cluster]}))

    with sidecar("", AWS, "--clusters", str(tmp_path / "clusters.yaml")) as own:
        answer = ask(own, "openai", "signed-model")

    assert answer.status_code == 200, answer.text
    [seen] = cloud.seen
    checked(seen)
