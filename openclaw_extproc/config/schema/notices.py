"""The written sections about telling people: channels, and what goes where."""

from typing import Literal

from pydantic import Field

from openclaw_extproc.config.schema.base import Name, Rate, Section
from openclaw_extproc.notices.channels import Security, Vendor

_PATTERN = r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"


class Channel(Section):
    """Where operators are told things. What it gets: what its `priority` says and what `routing_rules` send it; where
    neither says anything, all that `general_notifications` are."""

    provider: Vendor | None = None
    """What kind of channel: `slack_webhook`, `discord_webhook`, `telegram_bot`, `smtp`, or `webhook`, which gets JSON
    of ours (docs/operating.md). Nothing: the one that its name begins with."""
    priority: Literal["critical_notifications", "general_notifications", "daily_digest", "community_posts"] | None = (
        None
    )
    """What it is for. `critical_notifications`: what somebody has to mend; `general_notifications`: all but reports;
    `daily_digest`: the daily report; `community_posts`: providers that are out, in words for everybody."""
    rate_limit: Rate | None = None
    """At most so many messages: `10/min`. What is too much waits, and goes as one message."""
    webhook_url: Name | None = Field(
        default=None,
        description="`${NAME}`: the name of an environment variable with the webhook's URL. Of `slack_webhook` "
        "`SLACK_WEBHOOK_URL`, of `discord_webhook` `DISCORD_WEBHOOK_URL` by default",
        json_schema_extra={"pattern": _PATTERN},
    )
    bearer_token: Name | None = Field(
        default=None,
        description="`${NAME}`: of `webhook`, a variable with what goes into its `authorization`",
        json_schema_extra={"pattern": _PATTERN},
    )
    bot_token: Name | None = Field(
        default=None,
        description="`${NAME}`: of `telegram_bot`, a variable with the bot's token. `TELEGRAM_BOT_TOKEN` where nothing "
        "is written",
        json_schema_extra={"pattern": _PATTERN},
    )
    chat_id: Name | int | None = None
    """Of `telegram_bot`: a chat's number, or `@name` of a channel. The variable `TELEGRAM_CHAT_ID` where nothing is
    written."""
    endpoint: Name | None = None
    """Of `telegram_bot`: a Bot API server of your own."""
    host: Name | None = None
    """Of `smtp`: the mail server."""
    port: int | None = Field(default=None, ge=1, le=65_535)
    """Of `smtp`. Default: 587, with `tls` 465, with `none` 25."""
    security: Security = "starttls"
    """Of `smtp`: `starttls`, `tls` from the first byte, or `none`, for a server on this machine."""
    user: Name | None = None
    """Of `smtp`: who logs in; nothing: nobody does."""
    password: Name | None = Field(
        default=None,
        description="`${NAME}`: of `smtp`, a variable with the password. `SMTP_PASSWORD` where a `user` is written "
        "and this is not",
        json_schema_extra={"pattern": _PATTERN},
    )
    sender: Name | None = None
    """Of `smtp`: the address that mails come from."""
    to: list[Name] = Field(default_factory=list[Name])
    """Of `smtp`: the addresses that they go to."""


class RoutingRule(Section):
    """Which notices go to which channels."""

    type: Name | None = None
    """`critical_alert`: what somebody has to mend, and the end of outages; `daily_report`; `community_update`: outages;
    `general_notification`: all but reports; or a single kind of docs/operating.md."""
    channels: list[Name] = Field(default_factory=list[Name])
    """Names of `channels`."""
    dedup: bool | None = None
    """Whether the same is told once only, and then with the number of its repetitions after 5 minutes, 10, 20 and so
    on. `false`: each time. Default: `true`."""
    schedule: Name | None = None
    """When the daily report comes, as cron writes it, in UTC: `0 8 * * *`, which holds where nothing is written."""
    content_template: Name | None = None
    """How it is worded: `plain`; `community_post`, without inner details; or a text with `{severity}`, `{kind}`,
    `{subject}`, `{text}`, `{time}`, `{times}` and `{place}` in it."""
