"""Linking of `channels`, `routing_rules` and `alert_channel`."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

from openclaw_extproc.config.findings import Finding, error, known_names, suggestion, warning
from openclaw_extproc.config.schema.config_file import Written
from openclaw_extproc.config.schema.notices import Channel as WrittenChannel
from openclaw_extproc.config.schema.notices import RoutingRule
from openclaw_extproc.notices import cron, wording
from openclaw_extproc.notices.channels import Channel, Mail, Rate, Route, Security, Vendor
from openclaw_extproc.notices.kinds import GENERAL, PRIORITIES, TYPES, NoticeKind

USUAL_SCHEDULE = "0 8 * * *"
TELEGRAM = "https://api.telegram.org"
USUAL_CHAT = "TELEGRAM_CHAT_ID"
SECRETS: Mapping[Vendor, str] = {
    "slack_webhook": "SLACK_WEBHOOK_URL",
    "discord_webhook": "DISCORD_WEBHOOK_URL",
    "telegram_bot": "TELEGRAM_BOT_TOKEN",
}
"""Names of variables where nothing is written."""
WITHOUT_SECTION: tuple[str, ...] = ("discord", "slack", "telegram")
"""Names that `alert_channel` may have without a description."""
_PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
_OWN_KEYS: Mapping[str, str] = {
    "webhook_url": "slack_webhook discord_webhook webhook",
    "bearer_token": "webhook",
    "bot_token": "telegram_bot",
    "chat_id": "telegram_bot",
    "endpoint": "telegram_bot",
    **dict.fromkeys(("host", "port", "security", "user", "password", "sender", "to"), "smtp"),
}
"""Keys that mean something to some channels only."""


@dataclass(slots=True)
class _Linking:
    findings: list[Finding] = field(default_factory=list[Finding])
    routes: dict[str, dict[NoticeKind, Route]] = field(default_factory=dict[str, dict[NoticeKind, Route]])
    """By the name of the channel."""


def link_notices(written: Written, variables: Collection[str]) -> tuple[tuple[Channel, ...], list[Finding]]:
    """`variables`: names of those that are set."""
    linking = _Linking()
    described = {**written.channels, **_bare_channels(written)}
    channels = [_channel(name, one, linking) for name, one in described.items()]
    for n, rule in enumerate(written.routing_rules):
        _rule(rule, f"routing_rules[{n}]", written.channels, linking)
    for name, one in written.channels.items():
        _by_priority(name, one, linking)
    _of_health(written, linking)
    _of_drills(written, channels, linking)
    made = [replace(one, routes=linking.routes.get(one.name, {})) for one in channels if one is not None]
    linking.findings += (finding for one in made for finding in _missing_secrets(one, variables))
    return tuple(made), linking.findings


def _bare_channels(written: Written) -> dict[str, WrittenChannel]:
    check = written.router.health_check
    name = check.alert_channel if check else None
    bare = name is not None and name in WITHOUT_SECTION and name not in written.channels
    return {name: WrittenChannel()} if bare and name is not None else {}


# -- channels ----------------------------------------------------------------------------


def _channel(name: str, one: WrittenChannel, linking: _Linking) -> Channel | None:
    path = f"channels.{name}"
    vendor = one.provider or _vendor(name)
    if vendor is None:
        linking.findings.append(error(f"{path}.provider", "missing", f"write one of {', '.join(get_args(Vendor))}"))
        return None
    for key, vendors in _OWN_KEYS.items():
        if key in one.model_fields_set and vendor not in vendors.split():
            linking.findings.append(error(f"{path}.{key}", f"is not supported by a {vendor}", "remove it"))
    mail = _mail(one, path, linking) if vendor == "smtp" else None
    if vendor == "smtp" and mail is None:
        return None
    if vendor == "webhook" and one.webhook_url is None:
        linking.findings.append(error(f"{path}.webhook_url", "missing", "name the variable that has it"))
        return None
    return Channel(
        name,
        vendor,
        _secret(one, vendor),
        bearer=one.bearer_token or "",
        endpoint=(one.endpoint or TELEGRAM).rstrip("/") if vendor == "telegram_bot" else "",
        chat="" if one.chat_id is None else str(one.chat_id),
        chat_name=USUAL_CHAT if vendor == "telegram_bot" and one.chat_id is None else "",
        mail=mail,
        rate=None if one.rate_limit is None else _rate(one.rate_limit),
    )


def _vendor(name: str) -> Vendor | None:
    vendors: tuple[Vendor, ...] = get_args(Vendor)
    return next((vendor for vendor in vendors if name.startswith(vendor.partition("_")[0])), None)


def _secret(one: WrittenChannel, vendor: Vendor) -> str:
    if vendor == "smtp":
        return one.password or ("SMTP_PASSWORD" if one.user else "")
    return one.webhook_url or one.bot_token or SECRETS.get(vendor, "")


def _mail(one: WrittenChannel, path: str, linking: _Linking) -> Mail | None:
    """The published example names no server: it is no error, and it says so."""
    lacking = [key for key, said in (("host", one.host), ("sender", one.sender), ("to", one.to)) if not said]
    if one.host is None or one.sender is None or lacking:
        linking.findings.append(warning(path, f"no {', no '.join(lacking)}: no mail can be sent", "write them"))
        return None
    port = one.port or _PORTS[one.security]
    return Mail(one.host, port, one.security, one.user or "", one.sender, tuple(one.to))


def _rate(text: str) -> Rate:
    """Of a `Rate`, which has been checked."""
    count, _, unit = text.partition("/")
    return Rate(int(count), {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}[unit[0]])


def _missing_secrets(one: Channel, variables: Collection[str]) -> Iterator[Finding]:
    """May be set by the time it is needed, as each is looked up anew: a warning."""
    for name in (one.secret, one.bearer, one.chat_name):
        if name and name not in variables:
            told = f"the variable {name} is not set: the channel sends nothing"
            yield warning(f"channels.{one.name}", told, f"export {name}=...")


# -- what goes where ------------------------------------------------------------------------


def _rule(rule: RoutingRule, path: str, channels: Mapping[str, WrittenChannel], linking: _Linking) -> None:
    kinds = TYPES.get(rule.type or "", frozenset())
    if not kinds:
        remedy = suggestion(rule.type or "", TYPES) or "write one of these"
        finding = "missing" if rule.type is None else f'nothing is of type "{rule.type}"'
        linking.findings.append(error(f"{path}.type", f"{finding} {known_names(TYPES)}", remedy))
    linking.findings += _about(rule, path, kinds)
    route = Route(rule.dedup is not False, rule.content_template or wording.PLAIN)
    for m, name in enumerate(rule.channels):
        if name not in channels:
            finding = f'no channel is named "{name}" {known_names(channels)}'
            remedy = suggestion(name, channels) or "write one of these"
            linking.findings.append(error(f"{path}.channels[{m}]", finding, remedy))
        for kind in kinds:
            schedule = (rule.schedule or USUAL_SCHEDULE) if kind is NoticeKind.DAILY_REPORT else ""
            linking.routes.setdefault(name, {}).setdefault(kind, replace(route, schedule=schedule))


def _about(rule: RoutingRule, path: str, kinds: frozenset[NoticeKind]) -> Iterator[Finding]:
    if rule.schedule is not None:
        yield from _about_schedule(rule.schedule, path, kinds)
    template = rule.content_template
    if template is not None and not wording.is_template(template):
        remedy = "write a text with {text} in it, or one of these"
        yield error(f"{path}.content_template", f"unknown {known_names(wording.TEMPLATE_NAMES)}", remedy)
    for word in wording.unknown_words(template or ""):
        yield error(f"{path}.content_template", f"no word is named {{{word}}} {known_names(wording.WORDS)}")


def _about_schedule(schedule: str, path: str, kinds: frozenset[NoticeKind]) -> Iterator[Finding]:
    try:
        if cron.parse_cron(schedule).next_after(0.0) is None:
            yield error(f"{path}.schedule", "no date matches")
    except cron.CronError as problem:
        yield error(f"{path}.schedule", str(problem))
    if kinds and NoticeKind.DAILY_REPORT not in kinds:
        yield warning(f"{path}.schedule", "not used: only reports have a schedule", "remove it")


def _by_priority(name: str, one: WrittenChannel, linking: _Linking) -> None:
    """Besides what rules send it: these go before."""
    routes = linking.routes.setdefault(name, {})
    kinds = PRIORITIES[one.priority] if one.priority else frozenset[NoticeKind]() if routes else GENERAL
    template = wording.COMMUNITY_POST if one.priority == "community_posts" else wording.PLAIN
    for kind in kinds:
        schedule = USUAL_SCHEDULE if kind is NoticeKind.DAILY_REPORT else ""
        routes.setdefault(kind, Route(template=template, schedule=schedule))


def _of_health(written: Written, linking: _Linking) -> None:
    check = written.router.health_check
    name = check.alert_channel if check else None
    if check is None or name is None:
        return
    path = "router.health_check.alert_channel"
    if name not in written.channels and name not in WITHOUT_SECTION:
        finding = f'no channel is named "{name}" {known_names(written.channels)}'
        linking.findings.append(
            error(path, finding, suggestion(name, written.channels) or "describe it under channels")
        )
    if check.critical_threshold is None or not check.enabled:
        linking.findings.append(
            warning(path, "not used, because no critical_threshold is set", "set critical_threshold")
        )
    linking.routes.setdefault(name, {}).setdefault(NoticeKind.FAILURE_RATE, Route())


def _of_drills(written: Written, channels: Collection[Channel | None], linking: _Linking) -> None:
    schedule = written.failover.scheduled_failover if written.failover else None
    if schedule is not None and schedule.notify and not any(channels):
        finding = "there are no channels: only the log tells what drills find"
        linking.findings.append(warning("failover.scheduled_failover.notify", finding, "describe one under channels"))
