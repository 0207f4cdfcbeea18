"""Promises about credentials that are more than a header: what a signature covers, and what is taken off before."""

from dataclasses import replace

import pytest

from openclaw_extproc.gateway import Provider, Target
from openclaw_extproc.stages.events import AwsCredential, Continue, GoogleCredential
from tests.samples import CLIENTS, PROVIDERS
from tests.stages.talking import asking, attempt, gateway, opening, provider

SIGNED = {
    "x-amz-date": "20260101T000000Z",
    "x-amz-security-token": "theirs",
    "x-amz-content-sha256": "0",
    "x-amz-target": "theirs",
    "x-goog-user-project": "theirs",
}

every_way = pytest.mark.parametrize(("client", "to"), [(c, p) for c in CLIENTS for p in PROVIDERS])


def aws(to: str) -> Provider:
    return replace(provider(to, auth="aws", credential="work", region="eu-west-1"), authority="h.example:8443")


def sent(client: str, to: Provider, model: str = "m0", headers: dict[str, str] | None = None) -> Continue:
    case = asking(client, stream=True)
    answer = attempt(*opening(case, gateway([Target(to, model)]), headers=headers or {})).last
    assert isinstance(answer, Continue)
    return answer


@every_way
def test_a_signature_covers_the_path_the_host_and_the_body_that_go_out(client: str, to: str) -> None:
    answer = sent(client, aws(to))

    signed = answer.credential
    assert isinstance(signed, AwsCredential)
    assert (signed.name, signed.region, signed.service) == ("work", "eu-west-1", "bedrock")
    assert signed.path == answer.set_headers[":path"]
    assert signed.authority == answer.set_headers[":authority"] == "h.example:8443"
    assert signed.body == (asking(client, stream=True).request if answer.body is None else answer.body)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_body_that_nobody_changes_is_signed_all_the_same(client: str) -> None:
    case = asking(client, stream=True)

    answer = sent(client, aws(client), case.chat().model)

    assert answer.body is None
    assert isinstance(answer.credential, AwsCredential)
    assert answer.credential.body == case.request


@pytest.mark.parametrize(
    ("client", "to", "auth"),
    [
        *((c, p, auth) for c in CLIENTS for p in PROVIDERS for auth in ("inject", "aws", "google")),
        *((c, c, "forward") for c in CLIENTS if c in PROVIDERS),
    ],
)
def test_no_part_of_another_signature_goes_on(client: str, to: str, auth: str) -> None:
    answer = sent(client, provider(to, auth=auth), headers=SIGNED)

    kept = SIGNED.keys() - set(answer.remove_headers)
    assert kept == ({"x-goog-user-project"} if auth == "forward" else set())
    assert not [name for name in answer.set_headers if name in SIGNED]


@every_way
def test_of_a_google_identity_only_the_name_is_known(client: str, to: str) -> None:
    answer = sent(client, provider(to, auth="google", credential="default"))

    assert answer.credential == GoogleCredential("default")
    assert ":authority" not in answer.set_headers


def test_a_prompt_is_not_in_what_may_be_logged_of_a_signature() -> None:
    answer = sent("openai_chat", aws("openai_chat"))

    assert "messages" not in repr(answer.credential)
