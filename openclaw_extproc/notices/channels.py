"""Where notices go, linked: all that is known of a channel but its secrets, which are names here.

A message in the form each vendor takes it, and what their answers say.

Sources (read 2026-11-21):
- Slack: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and .../formatting-message-text:
  `{"text"}` to the webhook's URL; `&`, `<` and `>` are escaped, so nobody can be mentioned; about a message a second;
  200 `ok`; 429 with `Retry-After` in seconds.
- Discord: https://docs.discord.com/developers/resources/webhook: `{"content"}` of at most 2,000 characters; with
  `allowed_mentions: {"parse": []}` nobody is mentioned; 204; 429 with `Retry-After` in seconds.
- Telegram: https://core.telegram.org/bots/api#sendmessage: `{"chat_id", "text"}` of at most 4,096 characters; without
  `parse_mode` the text is taken as it is; 429 with `parameters.retry_after` in seconds in the body.
Left out: Slack's blocks, Discord's embeds, Telegram's threads.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from openclaw_extproc.notices.kinds import Notice, NoticeKind

# -- channels --------------------------------------------------------------------------


Vendor: TypeAlias = Literal["slack_webhook", "discord_webhook", "telegram_bot", "webhook", "smtp"]
Security: TypeAlias = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Route:
    """How one kind is told through one channel."""

    dedup: bool = True
    """Whether repetitions are joined."""
    template: str = "plain"
    """A name of `wording`, or a text with `{words}`."""
    schedule: str = ""
    """Of the daily report, as cron writes it, in UTC."""


@dataclass(frozen=True, slots=True)
class Rate:
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Mail:
    host: str
    port: int
    security: Security
    user: str
    sender: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    vendor: Vendor
    secret: str
    """Name of what the vendor asks for: a webhook's URL, a bot's token, a password. Empty: nothing is asked for."""
    bearer: str = ""
    """Name of the token that a `webhook` gets as well."""
    endpoint: str = ""
    """Of the Telegram Bot API."""
    chat: str = ""
    chat_name: str = ""
    """Name of a variable with the chat, where `chat` is empty."""
    mail: Mail | None = None
    rate: Rate | None = None
    routes: Mapping[NoticeKind, Route] = field(default_factory=dict[NoticeKind, Route])


# -- payloads --------------------------------------------------------------------------


LIMITS: Mapping[Vendor, int] = {
    "slack_webhook": 4_000,
    "discord_webhook": 2_000,
    "telegram_bot": 4_096,
    "webhook": 16_000,
    "smtp": 100_000,
}
"""Characters of a message. Slack takes 40,000, and hides what is beyond some thousands."""
VERSION = 1
_MARKDOWN = re.compile(r"([\\*_~`|>#\[\]()-])")

Payload = dict[str, object]


def slack(text: str) -> Payload:
    return {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}


def discord(text: str) -> Payload:
    """Every sign that means something to Discord is told as itself; `model_name_` is no italics."""
    content = _MARKDOWN.sub(r"\\\1", text)
    limit = LIMITS["discord_webhook"]
    content = content if len(content) <= limit else content[: limit - 1].rstrip("\\") + "…"
    return {"content": content, "allowed_mentions": {"parse": []}}


def telegram(text: str, chat: str) -> Payload:
    return {"chat_id": chat, "text": text, "link_preview_options": {"is_disabled": True}}


def generic(text: str, notices: Sequence[Notice], place: str) -> Payload:
    """New fields may come; a change of what is there raises `version`."""
    return {
        "version": VERSION,
        "source": "openclaw-extproc",
        "place": place,
        "text": text,
        "notices": [
            {
                "kind": one.kind.value,
                "severity": one.severity,
                "subject": one.subject,
                "text": one.text,
                "at": one.at,
                "times": one.times,
            }
            for one in notices
        ],
    }


def retry_after(header: str, body: object) -> float | None:
    """Seconds, where a vendor names some, in its header or (Telegram) in its body."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    match body:
        case {"parameters": {"retry_after": int() | float() as seconds}}:
            return max(0.0, float(seconds))
        case _:
            return None
