"""Delivery of one message to one channel, once: over HTTP, or as a mail. A failure is returned in words without
secrets.

Straight to the channel, past Envoy and past any proxy. No error's own text is passed on: it may have the URL in it, and
with Slack, Discord and Telegram the URL is the secret.
"""

import asyncio
import json
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage

import httpx

from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.notices import channels
from openclaw_extproc.notices.channels import Channel, Mail
from openclaw_extproc.notices.kinds import Notice

TRY_SECONDS = 10.0
MAIL_SECONDS = 5.0
"""The timeout of each step of the dialogue with a mail server."""
MAX_ANSWER = 4_096
"""Bytes of an answer that are looked at."""
_TOO_MANY, _SERVER_ERROR = 429, 500


@dataclass(frozen=True, slots=True)
class Message:
    """A message as one channel sends it."""

    text: str
    notices: Sequence[Notice]
    place: str


@dataclass(frozen=True, slots=True)
class PostResult:
    """The result of an attempt to send a message."""

    why: str = ""
    """The reason why the message did not arrive; empty: it did."""
    again: bool = False
    """Whether it may arrive if it is tried again."""
    wait: float | None = None
    """Seconds that the channel wants to be left alone for."""


@dataclass(frozen=True, slots=True)
class _Request:
    url: str
    payload: channels.Payload
    headers: Mapping[str, str]


async def post(channel: Channel, message: Message, secrets: Secrets, client: httpx.AsyncClient) -> PostResult:
    """Sends a message through a channel once."""
    try:
        async with asyncio.timeout(TRY_SECONDS):
            if channel.mail is not None:
                return await asyncio.to_thread(_mail, channel, channel.mail, message, secrets)
            request = _request(channel, message, secrets)
            return request if isinstance(request, PostResult) else await _http(request, client)
    except TimeoutError:
        return PostResult(f"no answer within {TRY_SECONDS:g} s", again=True)


def _request(channel: Channel, message: Message, secrets: Secrets) -> _Request | PostResult:
    secret = secrets.get(channel.secret)
    if secret is None:
        return PostResult(f"the variable {channel.secret} is not set")
    match channel.vendor:
        case "telegram_bot":
            chat = channel.chat or secrets.get(channel.chat_name)
            if chat is None:
                return PostResult(f"the variable {channel.chat_name} is not set")
            return _Request(f"{channel.endpoint}/bot{secret}/sendMessage", channels.telegram(message.text, chat), {})
        case "slack_webhook":
            return _Request(secret, channels.slack(message.text), {})
        case "discord_webhook":
            return _Request(secret, channels.discord(message.text), {})
        case "webhook" | "smtp":
            bearer = secrets.get(channel.bearer) if channel.bearer else None
            payload = channels.generic(message.text, message.notices, message.place)
            return _Request(secret, payload, {"authorization": f"Bearer {bearer}"} if bearer else {})


async def _http(request: _Request, client: httpx.AsyncClient) -> PostResult:
    headers = {"content-type": "application/json", "user-agent": "openclaw-extproc", **request.headers}
    try:
        content = json.dumps(request.payload).encode()
        async with client.stream("POST", request.url, content=content, headers=headers) as answer:
            return _result_of(answer, await _head_of_body(answer))
    except httpx.TransportError as problem:
        return PostResult(type(problem).__name__, again=not isinstance(problem, httpx.UnsupportedProtocol))
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as problem:
        return PostResult(f"{type(problem).__name__}: look at its URL and its tokens")


async def _head_of_body(answer: httpx.Response) -> bytes:
    read = b""
    async for chunk in answer.aiter_raw():
        read += chunk
        if len(read) > MAX_ANSWER:
            break
    return read


def _result_of(answer: httpx.Response, body: bytes) -> PostResult:
    if answer.is_success:
        return PostResult()
    status = answer.status_code
    if status != _TOO_MANY and status < _SERVER_ERROR:
        return PostResult(f"it answers {status}")
    wait = channels.retry_after(answer.headers.get("retry-after", ""), _json(body))
    return PostResult(f"it answers {status}", again=True, wait=wait)


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _mail(channel: Channel, mail: Mail, message: Message, secrets: Secrets) -> PostResult:
    """Blocks."""
    password = secrets.get(channel.secret) if channel.secret else None
    if mail.user and password is None:
        return PostResult(f"the variable {channel.secret} is not set")
    try:
        _send(mail, _mail_message(mail, message), password or "", message.place)
    except smtplib.SMTPResponseException as problem:
        return PostResult(f"it answers {problem.smtp_code}", again=400 <= problem.smtp_code < _SERVER_ERROR)
    except smtplib.SMTPRecipientsRefused as problem:
        later = any(400 <= code < _SERVER_ERROR for code, _ in problem.recipients.values())  # greylisting is one
        return PostResult("it takes no mail for these addresses", again=later)
    except OSError as problem:
        return PostResult(type(problem).__name__, again=True)
    except ValueError as problem:
        return PostResult(f"{type(problem).__name__}: look at its host and its addresses")
    return PostResult()


def _send(mail: Mail, written: EmailMessage, password: str, place: str) -> None:
    """Raises `OSError`, of which smtplib's own errors are some."""
    tls = ssl.create_default_context()
    host, port = mail.host, mail.port
    opened = (
        smtplib.SMTP_SSL(host, port, local_hostname=place, timeout=MAIL_SECONDS, context=tls)
        if mail.security == "tls"
        else smtplib.SMTP(host, port, local_hostname=place, timeout=MAIL_SECONDS)
    )
    with opened as server:
        if mail.security == "starttls":
            server.starttls(context=tls)
        if mail.user:
            server.login(mail.user, password)
        server.send_message(written)


def _mail_message(mail: Mail, message: Message) -> EmailMessage:
    written = EmailMessage()
    first = message.text.splitlines()[0] if message.text else ""
    written["Subject"] = f"[openclaw] {first[:150]}"
    written["From"] = mail.sender
    written["To"] = ", ".join(mail.to)
    written.set_content(message.text)
    return written
