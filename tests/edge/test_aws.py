"""Signatures that AWS would accept, and keys that are there in time."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.credentials import ContainerMetadataFetcher, ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.edge.credentials.aws import AwsSource, Keys, signature_headers, source
from openclaw_extproc.edge.credentials.identities import NotRenewedError
from openclaw_extproc.stages.events import AwsCredential
from tests.edge.listener import Answer, Seen, listening
from tests.edge.sigv4 import signature

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
STS_TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7"
    "mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d"
    "+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
FORM = {
    "content-type": "application/x-www-form-urlencoded",
    "content-length": "13",
    "x-amz-content-sha256": "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
}

PUBLISHED: dict[str, tuple[dict[str, str], bytes, str]] = {
    "post-vanilla": ({}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    "post-x-www-form-urlencoded": (
        FORM,
        b"Param1=value1",
        "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
    ),
    "post-sts-header-before": (
        {"x-amz-security-token": STS_TOKEN},
        b"",
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    ),
}
"""Of the test suite that AWS publishes with its own libraries."""


def keys(token: str | None = None) -> Keys:
    made: Keys = ReadOnlyCredentials("AKIDEXAMPLE", SECRET, token)
    return made


def asked(path: str = "/model/a%3A0/invoke", body: bytes = b"{}", authority: str = "bedrock.example") -> AwsCredential:
    return AwsCredential("default", "eu-west-1", "bedrock", authority, path, body)


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_checks_signatures_here_agrees_with_the_signatures_that_aws_published(name: str) -> None:
    more, body, expected = PUBLISHED[name]
    headers = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z", **more}
    scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
    names = ";".join(sorted(headers))
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={expected}"

    found = signature("/", headers, body, SECRET)

    assert found.expected == expected


segments = st.text(
    st.characters(codec="ascii", categories=["L", "N"], include_characters="-_.~:@$!*'(),+=&"), min_size=1
)
paths = st.lists(segments.filter(lambda s: s.strip(".") != ""), min_size=1).map(lambda parts: "/" + "/".join(parts))


@given(
    paths, st.binary(), st.sampled_from([None, STS_TOKEN]), st.sampled_from(["h.example", "127.0.0.1:8080", "[::1]:9"])
)
def test_a_signature_holds_for_the_path_the_host_and_the_body(
    path: str, body: bytes, token: str | None, authority: str
) -> None:
    put_on = signature_headers(keys(token), asked(path, body, authority))

    found = signature(path, {"host": authority, **put_on}, body, SECRET)

    assert found.given == found.expected
    assert (found.key_id, found.scope.split("/")[1:]) == ("AKIDEXAMPLE", ["eu-west-1", "bedrock", "aws4_request"])
    assert {"host", "x-amz-date", "x-amz-content-sha256"} <= set(found.headers)
    assert ("x-amz-security-token" in found.headers) == (token is not None)


def test_an_encoded_path_is_encoded_once_more_and_a_query_is_signed() -> None:
    target = "/model/us.anthropic.claude-v1%3A0/invoke?b=2&a=1%2F2&beta"

    put_on = signature_headers(keys(), asked(target))

    found = signature(target, {"host": "bedrock.example", **put_on}, b"{}", SECRET)
    assert found.given == found.expected


@pytest.mark.parametrize(
    "other", [asked(path="/model/b/invoke"), asked(body=b"{} "), asked(authority="elsewhere.example")]
)
def test_a_signature_does_not_hold_for_anything_else(other: AwsCredential) -> None:
    put_on = signature_headers(keys(), asked())

    found = signature(other.path, {"host": other.authority, **put_on}, other.body, SECRET)

    assert found.given != found.expected


# --- keys ---


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No keys of whoever runs the tests."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
    return tmp_path


def key_id(of: AwsSource) -> str:
    put_on = of.headers(asked())
    return put_on["authorization"].partition("Credential=")[2].partition("/")[0] if put_on else ""


def test_keys_of_the_environment_are_found_and_looked_up_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDONE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    found = source("default")

    assert (found.there, key_id(found)) == (False, "")
    found.renew()
    assert (found.there, key_id(found)) == (True, "AKIDONE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTWO")
    found.renew()
    assert key_id(found) == "AKIDTWO"


def test_a_profile_is_taken_before_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    (tmp_path / "credentials").write_text(f"[work]\naws_access_key_id=AKIDWORK\naws_secret_access_key={SECRET}\n")
    found = source("work")

    found.renew()

    assert key_id(found) == "AKIDWORK"


@pytest.mark.parametrize(("name", "says"), [("default", "no AWS keys were found: set "), ("none", "no AWS profile is")])
def test_keys_that_are_nowhere_are_a_finding_with_a_remedy(name: str, says: str) -> None:
    found = source(name)

    with pytest.raises(NotRenewedError, match=says):
        found.renew()
    assert not found.there


def test_keys_that_are_taken_away_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDONE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    found = source("default")
    found.renew()

    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    with pytest.raises(NotRenewedError):
        found.renew()
    assert (found.there, found.headers(asked())) == (False, {})


def iso(at: float) -> str:
    """A time as AWS writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def container(seconds: float, status: list[int]) -> Callable[[Seen], Answer]:
    """A container's credential server, whose keys hold so long; it answers the statuses in turn, then 200."""
    count = 0

    def answer(_: Seen) -> Answer:
        nonlocal count
        code = status.pop(0) if status else 200
        count += code == 200
        fields = {
            "AccessKeyId": f"AKID{count}",
            "SecretAccessKey": SECRET,
            "Token": "t-1",
            "Expiration": iso(time.time() + seconds),
        }
        return code, {}, json.dumps(fields).encode()

    return answer


def test_keys_that_expire_are_renewed_before_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(container(300, [])) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/keys")
        found = source("default")

        found.renew()
        before = key_id(found)
        found.renew()

        assert (before, key_id(found)) != (before, before)
        assert found.headers(asked())["x-amz-security-token"] == "t-1"


def test_keys_that_could_not_be_renewed_hold_until_they_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses: list[int] = []
    with listening(container(2.5, statuses)) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/keys")
        found = source("default")
        found.renew()
        statuses.extend([500] * 20)

        with pytest.raises(NotRenewedError, match="were not renewed"):
            found.renew()
        while_valid = found.there
        time.sleep(2.6)

        assert while_valid
        assert (found.there, found.headers(asked())) == (False, {})
        statuses.clear()
        found.renew()
        assert found.there


def test_no_key_is_in_what_a_person_may_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDONE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    found = source("default")
    found.renew()

    assert SECRET not in f"{found!r} {vars(found)!r} {asked(body=SECRET.encode())!r}"
