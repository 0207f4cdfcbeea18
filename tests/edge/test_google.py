"""Google tokens: asked for with the account's own signature, renewed in time, gone when they are over."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from openclaw_extproc.edge.credentials.google import SCOPE, GoogleSource, source
from openclaw_extproc.edge.credentials.identities import NotRenewedError
from openclaw_extproc.stages.events import GoogleCredential
from tests.edge.google_keys import EMAIL, ServiceAccount, Tokens
from tests.edge.listener import Listener, listening

ASKED = GoogleCredential("any")


@pytest.fixture(scope="module")
def account() -> ServiceAccount:
    return ServiceAccount()


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def server(tokens: Tokens) -> Iterator[Listener]:
    with listening(tokens) as up:
        yield up


@pytest.fixture
def found(account: ServiceAccount, server: Listener, tmp_path: Path) -> GoogleSource:
    return source(str(account.write(tmp_path / "key.json", f"{server.url}/token")))


def test_a_token_is_asked_for_with_the_accounts_signature(
    found: GoogleSource, account: ServiceAccount, server: Listener
) -> None:
    before = (found.there, found.headers(ASKED))
    found.renew()

    assert before == (False, {})
    assert (found.there, found.headers(ASKED)) == (True, {"authorization": "Bearer ya29.token-1"})
    [asked] = server.seen
    claims = account.claims(parse_qs(asked.body.decode())["assertion"][0])
    assert (asked.target, claims["iss"], claims["scope"]) == ("/token", EMAIL, SCOPE)


def test_a_fresh_token_is_not_asked_for_again(found: GoogleSource, server: Listener) -> None:
    found.renew()
    found.renew()

    assert len(server.seen) == 1


def test_a_token_is_renewed_before_it_is_over(found: GoogleSource, tokens: Tokens) -> None:
    tokens.seconds = 120
    found.renew()
    tokens.seconds = 3600

    found.renew()
    announced, put_on = found.tokens, found.headers(ASKED)
    found.renew()

    assert announced == ("ya29.token-1", "ya29.token-2")
    assert put_on == {"authorization": "Bearer ya29.token-1"}, "other workers hear of a token before it is put on"
    assert found.headers(ASKED) == {"authorization": "Bearer ya29.token-2"}
    assert found.tokens == ("ya29.token-2",)


def test_a_token_that_is_over_makes_room_at_once(found: GoogleSource, tokens: Tokens) -> None:
    tokens.seconds = 1
    found.renew()
    tokens.seconds = 3600
    found.renew()
    time.sleep(1.1)

    assert found.headers(ASKED) == {"authorization": "Bearer ya29.token-2"}


def test_a_token_that_could_not_be_renewed_holds_until_it_is_over(found: GoogleSource, tokens: Tokens) -> None:
    tokens.seconds = 2
    found.renew()
    tokens.status = 400

    with pytest.raises(NotRenewedError, match="RefreshError"):
        found.renew()
    while_valid = found.there
    time.sleep(2.1)

    assert while_valid
    assert (found.there, found.headers(ASKED)) == (False, {})
    tokens.status = 200
    found.renew()
    assert found.there


def test_what_a_token_server_says_is_not_told(found: GoogleSource, tokens: Tokens) -> None:
    tokens.status = 400

    with pytest.raises(NotRenewedError) as raised:
        found.renew()

    assert "quoted-by-the-server" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_a_rotated_key_file_is_read_when_the_old_key_is_refused(
    found: GoogleSource, tokens: Tokens, server: Listener, tmp_path: Path
) -> None:
    tokens.status = 400
    with pytest.raises(NotRenewedError):
        found.renew()
    fresh = ServiceAccount()
    fresh.write(tmp_path / "key.json", f"{server.url}/token")
    tokens.status = 200

    found.renew()

    assert fresh.claims(parse_qs(server.seen[-1].body.decode())["assertion"][0])


@pytest.mark.parametrize("text", [None, "", "{}", '{"type": "authorized_user"}', "no json"])
def test_a_file_that_is_no_key_is_a_finding_with_a_remedy(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "key.json"
    if text is not None:
        file.write_text(text)

    with pytest.raises(NotRenewedError, match="key file of an enabled service account"):
        source(str(file)).renew()


def test_no_token_is_in_what_a_person_may_see(found: GoogleSource) -> None:
    found.renew()

    assert "ya29" not in f"{found!r} {vars(found)!r}"
