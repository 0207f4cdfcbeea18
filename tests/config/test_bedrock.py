"""Bedrock is known: a region is enough."""

import pytest

from openclaw_extproc.gateway import Provider
from tests.config.loading import complaints, loaded, settings

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def entry(more: str) -> str:
    return f"model: {{providers: [{{name: bedrock, models: ['{CLAUDE}']{more}}}]}}"


def provider(more: str) -> Provider:
    return settings(entry(more)).gateway.providers["bedrock"]


def test_a_region_is_an_address_and_requests_are_signed() -> None:
    made = settings(entry(", region: eu-west-1"))

    [upstream] = made.upstreams
    found = made.gateway.providers["bedrock"]
    assert (upstream.scheme, upstream.host, upstream.port) == ("https", "bedrock-runtime.eu-west-1.amazonaws.com", 443)
    assert (found.format, found.base_path, found.region) == ("bedrock_converse", "", "eu-west-1")
    assert (found.auth, found.credential) == ("aws", "default")


@pytest.mark.parametrize("key", ["api_key: '${OPENAI_API_KEY}'", "api_key_file: ./key"])
def test_a_key_is_sent_as_it_is(key: str) -> None:
    assert provider(f", region: eu-west-1, {key}").auth == "inject"


def test_an_endpoint_of_ones_own_needs_a_region_for_the_signature_only() -> None:
    more = ", endpoint: 'https://vpce-1.example.com'"

    assert provider(f"{more}, region: us-east-1").auth == "aws"
    assert provider(f"{more}, api_key: '${{OPENAI_API_KEY}}'").auth == "inject"
    assert "region: missing: signatures need a region" in complaints(entry(more))[0]


def test_another_format_is_not_signed_by_itself() -> None:
    assert provider(", region: us-east-1, format: openai_chat, endpoint: 'http://10.0.0.1'").auth == "inject"


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        ("", "missing: bedrock's address has it in it"),
        (", region: 'us-east-1.evil.example/'", "is no region"),
        (", region: US", "is no region"),
    ],
)
def test_a_region_that_is_none_is_an_error(more: str, finding: str) -> None:
    told = complaints(entry(more))[0]

    assert "model.providers[0].region" in told
    assert finding in told


def test_claude_alone_is_another_format_at_the_same_place() -> None:
    more = ", region: us-east-1, auth: aws, format: bedrock_anthropic"

    found = loaded(entry(more)).usable().gateway.providers["bedrock"]

    assert (found.format, found.auth, found.base_path) == ("bedrock_anthropic", "aws", "")
