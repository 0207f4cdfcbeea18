"""What is put on, what is missing, and who is told when a credential cannot be renewed."""

import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openclaw_extproc.edge.credentials import identities
from openclaw_extproc.edge.credentials.credentials import Credentials
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.gateway import Provider
from openclaw_extproc.stages.events import AwsCredential, GoogleCredential, HeaderCredential
from tests.edge.google_keys import ServiceAccount, Tokens
from tests.edge.listener import Answer, Listener, Seen, listening


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def server(tokens: Tokens) -> Iterator[Listener]:
    with listening(tokens) as up:
        yield up


@pytest.fixture
def google(server: Listener, tmp_path: Path) -> Provider:
    file = ServiceAccount().write(tmp_path / "key.json", f"{server.url}/token")
    return Provider("g", "c", "f", credential=str(file), auth="google")


@pytest.fixture
def failures() -> list[str]:
    return []


@pytest.fixture
def credentials(failures: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Credentials]:
    monkeypatch.setattr(identities, "RETRY_SECONDS", 0.05)
    made = Credentials(Secrets({"KEY": "sk-1"}), failures.append)
    yield made
    made.close()


def until(true: Any) -> None:
    over = time.monotonic() + 5
    while not true():
        assert time.monotonic() < over
        time.sleep(0.01)


def test_each_kind_is_put_on_in_its_own_way(
    credentials: Credentials, google: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDONE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    aws = Provider("a", "c", "f", credential="default", auth="aws")

    credentials.update([google, aws])
    credentials.wait()

    assert credentials.put_on(HeaderCredential("KEY", lambda key: ("x-key", key))) == {"x-key": "sk-1"}
    assert credentials.put_on(GoogleCredential(google.credential)) == {"authorization": "Bearer ya29.token-1"}
    signed = credentials.put_on(AwsCredential("default", "r", "bedrock", "h", "/p", b""))
    assert signed.keys() == {"authorization", "x-amz-date", "x-amz-content-sha256"}
    assert credentials.missing([google, aws]) == frozenset()


def test_what_nobody_keeps_is_missing_and_puts_nothing_on(credentials: Credentials, google: Provider) -> None:
    secret = Provider("s", "c", "f", credential="NONE")

    assert credentials.missing([google, secret, Provider("n", "c", "f")]) == {f"google:{google.credential}", "NONE"}
    assert credentials.put_on(GoogleCredential(google.credential)) == {}
    assert credentials.put_on(HeaderCredential("NONE", lambda key: ("x-key", key))) == {}


def test_an_identity_of_two_providers_is_asked_for_once(
    credentials: Credentials, google: Provider, server: Listener
) -> None:
    credentials.update([google, google])
    credentials.update([google])
    credentials.wait()

    assert len(server.seen) == 1


def test_an_identity_that_is_no_longer_named_is_let_go(credentials: Credentials, google: Provider) -> None:
    credentials.update([google])
    credentials.wait()
    credentials.update([])

    assert credentials.missing([google])


def test_a_failure_is_told_once_and_counted_each_time_until_it_is_over(
    credentials: Credentials,
    google: Provider,
    tokens: Tokens,
    failures: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    tokens.status = 400
    caplog.set_level(logging.INFO, logger="openclaw")

    credentials.update([google])
    until(lambda: len(failures) >= 3)
    while_failing = credentials.missing([google])
    tokens.status = 200
    until(lambda: not credentials.missing([google]))
    until(lambda: any(record.getMessage() == "renewed" for record in caplog.records))

    assert while_failing == {f"google:{google.credential}"}
    assert set(failures) == {google.identity}
    told: list[Any] = [record for record in caplog.records if record.name == "openclaw"]
    assert [record.getMessage() for record in told] == ["not_renewed", "renewed"]
    assert told[0].data["remedy"]
    assert told[0].data["still_valid"] is False


def test_a_server_that_hangs_holds_nobody_up(credentials: Credentials, google: Provider, server: Listener) -> None:
    answer = server.answer

    def slowly(seen: Seen) -> Answer:
        time.sleep(1.0)
        return answer(seen)

    server.answer = slowly

    began = time.monotonic()
    credentials.update([google])
    put_on = credentials.put_on(GoogleCredential(google.credential))

    assert put_on == {}
    assert time.monotonic() - began < 0.9, "less than the server takes"


def test_validate_tells_what_is_missing_as_an_error_of_this_machine(google: Provider, tokens: Tokens) -> None:
    none = identities.problems([google])
    tokens.status = 400
    [finding] = identities.problems([google, Provider("s", "c", "f", credential="NONE")])

    assert none == []
    assert (finding.severity, finding.about) == ("error", "credential")
    assert str(finding).startswith("provider g: the Google token was not renewed (RefreshError): see that ")


def test_an_extra_that_breaks_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openclaw_extproc.edge.credentials.aws", None)

    [finding] = identities.problems([Provider("a", "c", "f", credential="default", auth="aws")])

    assert str(finding) == "provider a: auth: aws needs the extra: pip install 'openclaw-extproc[aws]'"


def test_an_extra_is_installed_when_all_it_needs_is(monkeypatch: pytest.MonkeyPatch) -> None:
    here = identities.installed_extras()
    monkeypatch.setattr(identities, "_NEEDS", {"aws": ("no_such_package.inside",), "google": ("google.auth", "none")})

    assert here == {"aws", "google"}
    assert identities.installed_extras() == frozenset()
