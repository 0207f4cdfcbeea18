"""Thoughts and their seals as Converse has them.

Source: botocore 1.44, `ReasoningContentBlock` (read 2026-11-21). Only Claude seals its thoughts. A redacted thought's
seal has the mark that Anthropic's own format puts before it; whether the same text means the same to Anthropic itself
is not known.
"""

import base64
import binascii

from openclaw_extproc.model.chat import Thinking
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire import claude

BY = claude.VENDOR
REDACTED_PREFIX = "redacted_thinking:"
"""Goes before what a redacted thought hides. Signatures are base64: none can begin so."""


def readable(thought: Thinking) -> bool:
    """Whether Converse can carry it: what a redacted thought hides is base64 here, whoever wrote it down before."""
    seal = thought.sealed.text if thought.sealed else ""
    if not seal.startswith(REDACTED_PREFIX):
        return bool(seal)
    try:
        return bool(base64.b64decode(seal.removeprefix(REDACTED_PREFIX), validate=True))
    except (binascii.Error, ValueError):
        return False


def block(thought: Thinking) -> dict[str, Json]:
    """Writes a thought with Claude's signature as a block."""
    seal = thought.sealed.text if thought.sealed else ""
    if seal.startswith(REDACTED_PREFIX):
        return {"reasoningContent": {"redactedContent": seal.removeprefix(REDACTED_PREFIX)}}
    said: dict[str, Json] = {"text": thought.text, "signature": seal}
    return {"reasoningContent": {"reasoningText": said}}
