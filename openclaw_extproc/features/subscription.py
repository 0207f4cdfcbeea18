"""Whether a request carries the login of a subscription, in place of an API key.

Source: what Claude Code 2 and Codex send after a login (2026-11): an OAuth token of Anthropic's begins with
`sk-ant-oat` and comes with `anthropic-beta: oauth-…`; a token of ChatGPT's is a JWT and comes with
`chatgpt-account-id`. A vendor accepts each from its own clients at its own address, and bills the subscription.
"""

from collections.abc import Mapping

_SCHEME = "bearer "
_ANTHROPIC = "sk-ant-oat"
_JWT = "eyJ"
ACCOUNT = "chatgpt-account-id"
"""Whose subscription it is: for nobody but the vendor."""
BETA = "anthropic-beta"
OAUTH_BETA = "oauth-"
"""The feature by which Anthropic takes a token for a key; with a key it is an error."""


def is_subscription(headers: Mapping[str, str]) -> bool:
    """Whether these request headers, with names in lower case, carry such a login."""
    said = headers.get("authorization", "")
    if said[: len(_SCHEME)].lower() != _SCHEME:
        return False
    token = said[len(_SCHEME) :].lstrip()
    return token.startswith(_ANTHROPIC) or (token.startswith(_JWT) and ACCOUNT in headers)


def without_login(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers for who does not get the login: without the account, and the feature that only goes with it."""
    kept = {name: value for name, value in headers.items() if name != ACCOUNT}
    if OAUTH_BETA in kept.get(BETA, ""):
        features = [one.strip() for one in kept[BETA].split(",")]
        left = ",".join(one for one in features if one and not one.startswith(OAUTH_BETA))
        kept = {**kept, BETA: left} if left else {name: kept[name] for name in kept if name != BETA}
    return kept
