"""Whose request it is, by its body.

Source: `metadata.user_id` of Claude Code, which packs device, account and session into one name: up to 2.1.77 as
`user_<hash>_account_<uuid or nothing>_session_<uuid>`, since then as JSON with `device_id`, `account_uuid` and
`session_id` (https://github.com/ding113/claude-code-hub/pull/939). OpenAI's `prompt_cache_key` is what requests with a
common beginning have in common; Codex puts its conversation's id there.
Left out: `conversation` and `previous_response_id` of Responses, which name a state at OpenAI and not a caller.

Whether a request carries the login of a subscription, in place of an API key.

Source: what Claude Code 2 and Codex send after a login (2026-11): an OAuth token of Anthropic's begins with
`sk-ant-oat` and comes with `anthropic-beta: oauth-…`; a token of ChatGPT's is a JWT and comes with
`chatgpt-account-id`. A vendor accepts each from its own clients at its own address, and bills the subscription.
"""

from collections.abc import Mapping

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.model.requests import Ask, Chat

# -- identity --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identity:
    session: str = ""
    user: str = ""


def identity(ask: Ask) -> Identity:
    packed = _unpack(ask.user or "")
    key = ask.prompt_cache_key if isinstance(ask, Chat) else None
    return Identity(packed.session or key or "", packed.user)


_LONGEST = 1_024
"""Characters of a name that are looked at."""


def _unpack(name: str) -> Identity:
    if name.startswith("{") and len(name) <= _LONGEST:
        return _from_json(name) or Identity(user=name)
    head, mark, session = name[:_LONGEST].rpartition("_session_")
    if not mark or not head.startswith("user_") or "_account_" not in head:
        return Identity(user=name)
    user, _, account = head.rpartition("_account_")
    return Identity(session, account or user)


def _from_json(name: str) -> Identity | None:
    try:
        body = j.parse(name, where="metadata.user_id")
    except UnreadableError:
        return None
    texts = {key: value for key, value in body.items() if isinstance(value, str)}
    if "session_id" not in texts:
        return None
    return Identity(texts["session_id"], texts.get("account_uuid") or texts.get("device_id") or "")


# -- subscription ----------------------------------------------------------------------


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
