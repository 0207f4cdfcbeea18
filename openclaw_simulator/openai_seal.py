"""Reasoning that only its author can read: `encrypted_content` of the Responses API.

Here it is not encrypted but signed, so that a sealed thought is known again without keeping it. The key is made of the
account, as the real one is: another account's thoughts cannot be opened.

Source: https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items; the refusal from openai/codex#8145.
"""

import base64
import binascii
import hashlib
import hmac

_MARK = "gAAAAA"
"""What the real ones begin with."""


def seal(thought: str, account: str) -> str:
    text = thought.encode()
    return _MARK + base64.urlsafe_b64encode(_proof(text, account) + text).decode()


def is_ours(sealed: str, account: str) -> bool:
    try:
        raw = base64.b64decode(sealed.removeprefix(_MARK), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        return False
    return sealed.startswith(_MARK) and hmac.compare_digest(raw[:32], _proof(raw[32:], account))


def _proof(text: bytes, account: str) -> bytes:
    return hmac.new(b"simulated" + account.encode(), text, hashlib.sha256).digest()
