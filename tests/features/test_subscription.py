"""Promises about logins of subscriptions: what is one, and what is left for those who do not get it."""

import pytest

from openclaw_extproc.features.identity import is_subscription, without_login


@pytest.mark.parametrize(
    ("headers", "is_one"),
    [
        ({"authorization": "Bearer sk-ant-oat01-abc"}, True),
        ({"authorization": "bearer  sk-ant-oat01-abc"}, True),
        ({"authorization": "Bearer eyJhbGciOi", "chatgpt-account-id": "a-1"}, True),
        ({"authorization": "Bearer eyJhbGciOi"}, False),
        ({"authorization": "Bearer sk-ant-api03-abc", "anthropic-beta": "oauth-2025-04-20"}, False),
        ({"authorization": "Bearer sk-abc", "chatgpt-account-id": "a-1"}, False),
        ({"authorization": "Basic sk-ant-oat01"}, False),
        ({"x-api-key": "sk-ant-oat01-abc"}, False),
        ({}, False),
    ],
)
def test_only_a_login_is_a_subscription(headers: dict[str, str], is_one: bool) -> None:
    assert is_subscription(headers) is is_one


def test_nothing_of_a_login_is_left() -> None:
    said = {
        "anthropic-beta": "claude-code-20250219, oauth-2025-04-20,fine-grained",
        "chatgpt-account-id": "a",
        "x": "1",
    }

    assert without_login(said) == {"anthropic-beta": "claude-code-20250219,fine-grained", "x": "1"}
    assert without_login({"anthropic-beta": "oauth-2025-04-20"}) == {}
    assert without_login({"anthropic-beta": "context-1m"}) == {"anthropic-beta": "context-1m"}
