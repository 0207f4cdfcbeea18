"""Whose request it is, by its body.

Source: `metadata.user_id` of Claude Code, which packs device, account and session into one name: up to 2.1.77 as
`user_<hash>_account_<uuid or nothing>_session_<uuid>`, since then as JSON with `device_id`, `account_uuid` and
`session_id` (https://github.com/ding113/claude-code-hub/pull/939). OpenAI's `prompt_cache_key` is what requests with a
common beginning have in common; Codex puts its conversation's id there.
Left out: `conversation` and `previous_response_id` of Responses, which name a state at OpenAI and not a caller.
"""

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.ask import Ask
from openclaw_extproc.model.chat import Chat
from openclaw_extproc.model.json import UnreadableError


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
