"""The schema of notifications: `channels` and `routing_rules`."""

from typing import Literal

from pydantic import Field

from openclaw_extproc.config.schema.base import Name, Rate, Section
from openclaw_extproc.notices.channels import Security, Vendor

_PATTERN = r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"


class Channel(Section):
    """Configures notification channels, by name. A channel receives what its `priority` selects and what
    `routing_rules` send to it; if neither selects anything, it receives what `general_notifications` selects."""

    provider: Vendor | None = None
    """Selects the kind of channel: `slack_webhook`, `discord_webhook`, `telegram_bot`, `smtp`, or `webhook`, which
    receives the JSON described in docs/operating.md. Default: the kind that the channel's name begins with."""
    priority: Literal["critical_notifications", "general_notifications", "daily_digest", "community_posts"] | None = (
        None
    )
    """Selects what the channel receives. `critical_notifications`: problems that need an operator.
    `general_notifications`: everything except reports. `daily_digest`: the daily report. `community_posts`: provider
    outages, worded for the public."""
    rate_limit: Rate | None = None
    """Limits the rate of messages, for example `10/min`. Excess notifications wait and are sent as one message.
    Default: no limit."""
    webhook_url: Name | None = Field(default=None, json_schema_extra={"pattern": _PATTERN})
    """Names the environment variable, as `${NAME}`, that holds the webhook's URL. Default: `${SLACK_WEBHOOK_URL}` for
    `slack_webhook`, `${DISCORD_WEBHOOK_URL}` for `discord_webhook`."""
    bearer_token: Name | None = Field(default=None, json_schema_extra={"pattern": _PATTERN})
    """Names the environment variable, as `${NAME}`, that holds the bearer token for the `authorization` header of a
    `webhook`."""
    bot_token: Name | None = Field(default=None, json_schema_extra={"pattern": _PATTERN})
    """Names the environment variable, as `${NAME}`, that holds the token of a `telegram_bot`. Default:
    `${TELEGRAM_BOT_TOKEN}`."""
    chat_id: Name | int | None = None
    """Sets the chat of a `telegram_bot`: its number, or `@name` of a Telegram channel. Default: the value of the
    environment variable `TELEGRAM_CHAT_ID`."""
    endpoint: Name | None = None
    """Sets the URL of a self-hosted Bot API server for a `telegram_bot`."""
    host: Name | None = None
    """Names the mail server of an `smtp` channel."""
    port: int | None = Field(default=None, ge=1, le=65_535)
    """Sets the port of the mail server of an `smtp` channel. Default: 587 with `starttls`, 465 with `tls`, 25 with
    `none`."""
    security: Security = "starttls"
    """Selects the encryption of an `smtp` channel: `starttls`, `tls` from the first byte, or `none`, for a server on
    the same machine."""
    user: Name | None = None
    """Sets the user name for the mail server of an `smtp` channel. Default: no authentication."""
    password: Name | None = Field(default=None, json_schema_extra={"pattern": _PATTERN})
    """Names the environment variable, as `${NAME}`, that holds the mail server's password for an `smtp` channel.
    Default: `${SMTP_PASSWORD}` if `user` is set."""
    sender: Name | None = None
    """Sets the sender address of an `smtp` channel."""
    to: list[Name] = Field(default_factory=list[Name])
    """Lists the recipient addresses of an `smtp` channel."""


class RoutingRule(Section):
    """Lists which notifications go to which channels."""

    type: Name | None = None
    """Selects the notifications. `critical_alert`: problems that need an operator, and the end of outages.
    `daily_report`: the daily report. `community_update`: provider outages. `general_notification`: everything except
    reports. Any single kind listed in docs/operating.md is accepted too."""
    channels: list[Name] = Field(default_factory=list[Name])
    """Lists the names of the channels, from `channels`."""
    dedup: bool | None = None
    """Suppresses repetitions: a notification is sent once, and its repetitions are reported as a count after 5 minutes,
    10, 20 and so on. With `false`, each one is sent. Default: `true`."""
    schedule: Name | None = None
    """Sets the time of the daily report as a cron expression in UTC. Default: `0 8 * * *`."""
    content_template: Name | None = None
    """Sets the wording: `plain`; `community_post`, which has no internal details; or a text with the placeholders
    `{severity}`, `{kind}`, `{subject}`, `{text}`, `{time}`, `{times}` and `{place}`. Default: `plain`."""
