"""Where notices go, linked: all that is known of a channel but its secrets, which are names here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from openclaw_extproc.notices.kinds import NoticeKind

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
