"""What one worker puts on, others cut out of answers: they hear of it before, and it is bounded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from openclaw_extproc.edge.credentials.credentials import MAX_IDENTITIES, MAX_TOKENS, Credentials, KnownTokens
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.edge.workers.worker_ipc import Tokens as Announced
from openclaw_extproc.gateway import Provider
from openclaw_extproc.stages.events import AwsCredential, GoogleCredential, HeaderCredential
from tests.edge.google_keys import ServiceAccount, Tokens
from tests.edge.listener import listening


def test_a_token_is_new_once() -> None:
    known = KnownTokens()

    assert known.note("google:a", ("one", "two", "one")) == ("one", "two")
    assert known.note("google:a", ("two", "three")) == ("three",)
    assert known.of("google:a") == ("one", "two", "three")
    assert known.of("google:b") == ()


def test_tokens_and_identities_have_a_bound() -> None:
    known = KnownTokens()

    for identity in range(2 * MAX_IDENTITIES):
        known.note(f"google:{identity}", map(str, range(2 * MAX_TOKENS)))

    assert len(known.all()) == MAX_IDENTITIES
    assert {len(tokens) for _, tokens in known.all()} == {MAX_TOKENS}
    assert known.of(f"google:{2 * MAX_IDENTITIES - 1}")[-1] == str(2 * MAX_TOKENS - 1), "those that came last are kept"


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Provider]:
    with listening(Tokens()) as server:
        file = ServiceAccount().write(tmp_path / "key.json", f"{server.url}/token")
        yield Provider("g", "c", "f", credential=str(file), auth="google")


def test_what_two_workers_put_on_both_cut_out(google: Provider) -> None:
    one, other = (Credentials(Secrets({}), lambda _: None) for _ in range(2))
    asked = GoogleCredential(google.credential)
    for worker in (one, other):
        worker.update([google])
        worker.wait()

    one.announce(other.learn)
    other.announce(one.learn)
    told: list[str] = []
    one.announce(lambda identity, tokens: told.append(f"{identity} {tokens}"))

    assert not told, "it was told before"

    put_on = {worker.put_on(asked)["authorization"].removeprefix("Bearer ") for worker in (one, other)}
    assert len(put_on) == 2
    assert set(one.quotable(asked)) == set(other.quotable(asked)) == put_on
    for worker in (one, other):
        worker.close()


def test_of_a_key_only_its_value_can_be_quoted() -> None:
    credentials = Credentials(Secrets({"KEY": "sk-one"}), lambda _: None)

    assert credentials.quotable(HeaderCredential("KEY", lambda key: ("authorization", f"Bearer {key}"))) == ("sk-one",)
    assert credentials.quotable(AwsCredential("default", "r", "bedrock", "h", "/p", b"")) == ()


def test_a_message_that_carries_tokens_does_not_show_them() -> None:
    assert "ya29" not in repr(Announced("google:a", ("ya29.secret",)))
