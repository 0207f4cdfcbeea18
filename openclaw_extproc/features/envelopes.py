"""What gateways of messengers put around the words of a user turn: headers, metadata, context, message ids.

Source: OpenClaw's public code and recorded sessions, before and after its change of 2026.8 (in `src/`:
`auto-reply/envelope.ts`, `auto-reply/reply/inbound-meta.ts` and `strip-inbound-meta.ts`,
`gateway/server-methods/agent-timestamp.ts`), and gateways that do likewise. They are told by their shape, since labels
change: a bracket with a date and a time, a line that calls what follows untrusted, with a fenced block below it.
Nothing depends on a forged one but how difficult its own turn looks. Left out: names of senders in groups other than
directly behind a header.
"""

import re

MARK = "⟦openclaw:ctx⟧"
"""Ends the line above each block of context, in newer versions."""

_HEAD = 300
"""Characters of the line above a block."""
_TAIL = 16 * 1024
"""Characters at the end of a text in which trailing context is looked for."""

_CHANNELS = "WhatsApp|WebChat|Telegram|Discord|iMessage|BlueBubbles|Slack|Zalo|Google Chat|Feishu|Mattermost"
_BRACKET = re.compile(
    r"\[(?:"
    r"[^\]\n]{0,300}?\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d[^\]\n]{0,60}"  # a date and a time
    rf"|(?:{_CHANNELS})(?: [^\]\n]{{1,300}})?"
    r"|[A-Z][\w ]{1,20} [^\]\n]{0,200}\bid:[^\]\n]{1,100}"  # a channel and whose message it is
    r"|cron:[^\]\n]{1,200}|media attached[^\]\n]{0,400}|Audio|Current message - respond to this"
    r")\]"
)
_GROUP = re.compile(r"@g\.us|\bid:-\d|#\w|\bGroup\b|\bchannel\b")
_SENDER = re.compile(r" ?[^\W\d][^:\n\[\]]{0,40}(?: \([^()\n]{1,60}\))?: (?=\S)")
_NAME_WORDS = 4
_HISTORY = re.compile(r"\[(?:Chat messages since your last reply|Thread starter)[^\]\n]{0,60}\]")
_CURRENT = "[Current message - respond to this]"
_SYSTEM_LINE = re.compile(r"System(?: \(untrusted\))?: (?:\[|[A-Z])")
_LABEL = re.compile(rf"[^\n]{{1,200}}?(?:\((?:untrusted|metadata)\b[^()\n]{{0,80}}\):|{MARK})")
_RUNTIME = re.compile(r"\[Runtime Context\b[^\]\n]{0,80}\]")
_LINES = ("System", "To send an image back")
_HINT = "To send an image back, prefer the message tool"

_ID_LINE = re.compile(r"\[(?:message_id|id|from|slack message id|discord message id):[^\]\n]{1,200}\]")
_LONGEST_LINE, _LONGEST_QUOTE = 300, 4_000
_MOST_LINES = 8
_PLAIN_ENDS = (".", "?", "!")
"""Most people's last character, and nothing's that stands here."""
_TRAILING_BLOCKS = ("\nUntrusted context (metadata", f"\nContext: {MARK}")


def behind_head(text: str, at: int) -> int | None:
    """Where a text goes on behind the header or block of a gateway that begins at `at`; `None`: none does."""
    if text.startswith("[", at):
        return _behind_bracket(text, at)
    if text.startswith(_LINES, at) and (text.startswith(_HINT, at) or _SYSTEM_LINE.match(text, at)):
        return _line_end(text, at)
    until = at + _HEAD
    if (
        text.find("(untrusted", at, until) < 0
        and text.find("(metadata", at, until) < 0
        and text.find(MARK, at, until) < 0
    ):
        return None  # asked for every turn of a conversation, so the fast question comes first
    label = _LABEL.match(text, at)
    return None if label is None else _behind_block(text, label.end())


def without_tail(text: str, began: int) -> int:
    """Where a text ends, without the ids and the context that a gateway puts behind it."""
    end = len(text)
    from_here = max(began, end - _TAIL)
    for block in _TRAILING_BLOCKS:
        found = text.find(block, from_here, end)
        end = found if found >= 0 else end
    if text.endswith(_PLAIN_ENDS, began, end):
        return end
    for _ in range(_MOST_LINES):
        line = text[max(began, end - _LONGEST_LINE) : end]
        stop = end - len(line) + len(line.rstrip())
        start = _trailing(text, began, stop)
        if start is None:
            return end
        end = start
    return end


def _trailing(text: str, began: int, end: int) -> int | None:
    """Where the line or quotation of a gateway begins that ends at `end`; `None`: none does."""
    if text.endswith("[/Replying]", began, end):
        quote = text.rfind("[Replying to ", max(began, end - _LONGEST_QUOTE), end)
        return quote if quote >= 0 else None
    start = text.rfind("\n", max(began, end - _LONGEST_LINE), end) + 1
    if start <= began:
        return None
    is_id = text.endswith("]", start, end) and _ID_LINE.fullmatch(text, start, end)
    return start if is_id or text.startswith("Current time: ", start, end) else None


def _behind_bracket(text: str, at: int) -> int | None:
    if _HISTORY.match(text, at):
        current = text.find(_CURRENT, at)
        return current + len(_CURRENT) if current >= 0 else _paragraph_end(text, at)
    if _RUNTIME.match(text, at):
        return _paragraph_end(text, at)
    header = _BRACKET.match(text, at)
    if header is None:
        return None
    if _GROUP.search(header[0]) and (sender := _SENDER.match(text, header.end())):
        return sender.end() if len(sender[0].split()) <= _NAME_WORDS else header.end()
    return header.end()


def _behind_block(text: str, at: int) -> int:
    """Behind what stands below a label: a fenced block, JSON, or lines up to an empty one."""
    start = at
    while start < len(text) and text[start].isspace():
        start += 1
    if text.startswith("```", start):
        end = text.find("\n```", start + 3)
        return len(text) if end < 0 else end + 4
    if text.startswith("{", start):
        line = _line_end(text, start)
        closing = text.rfind("}", start, line)
        if closing > start:
            return closing + 1
        end = text.find("\n}", start)
        return len(text) if end < 0 else end + 2
    return _paragraph_end(text, at)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _paragraph_end(text: str, at: int) -> int:
    end = text.find("\n\n", at)
    return len(text) if end < 0 else end
