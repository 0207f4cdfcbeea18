"""Notices reach real receivers, in each vendor's form, without secrets anywhere else and without anybody waiting."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import pytest
from prometheus_client import Metric

from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.edge.notify import notifier as module
from openclaw_extproc.edge.notify.notifier import MAX_WAITING, Notifier
from openclaw_extproc.notices.cron import Cron
from openclaw_extproc.notices.kinds import Notice, NoticeKind
from tests.config import loading
from tests.edge.listener import Answer, Listener, Seen, listening
from tests.edge.mail_server import mail_server

ACE = 'model: {providers: [{name: ace, models: [m], endpoint: "http://10.0.0.1"}]}'
OK: Answer = (200, {}, b"ok")
AT = 1_754_000_000.0
SECONDS = 8.0


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]  # pytest calls it
    monkeypatch.setattr(module, "GATHER_SECONDS", 0.05)
    monkeypatch.setattr(module, "WAITS", (0.05, 0.05))


def settings(channels: str, more: str = "") -> Settings:
    return loading.settings(ACE, f"channels: {channels}", more)


def out(name: str = "ace", at: float = AT) -> Notice:
    return Notice(NoticeKind.PROVIDER_OUT, name, f"{name} is out (upstream_error (503))", at)


def back(name: str = "ace", at: float = AT) -> Notice:
    return Notice(NoticeKind.PROVIDER_BACK, name, f"{name} answers again", at)


async def _no_metrics() -> tuple[Metric, ...]:
    return ()


def run(
    with_: Settings,
    environment: dict[str, str],
    do: Callable[[Notifier], Awaitable[None]],
    collected: module.CollectMetrics = _no_metrics,
) -> Notifier:
    async def whole() -> Notifier:
        made = Notifier(Secrets(environment))
        made.start(with_, collected)
        await do(made)
        await made.close()
        return made

    return asyncio.run(whole())


async def seen(server: Listener, count: int) -> list[Seen]:
    until = time.monotonic() + SECONDS
    while len(server.seen) < count:
        assert time.monotonic() < until, f"{len(server.seen)} of {count}"
        await asyncio.sleep(0.01)
    return server.seen


def counted(made: Notifier, channel: str, outcome: str) -> float:
    samples = (sample for metric in made.counter.collect() for sample in metric.samples)
    wanted = {"channel": channel, "outcome": outcome}
    return sum(one.value for one in samples if one.name == "openclaw_notices_total" and one.labels == wanted)


def test_each_vendor_gets_its_own_form() -> None:
    with ExitStack() as stack:
        servers = {name: stack.enter_context(listening(lambda _: OK)) for name in ("s", "d", "t", "w")}
        written = f"""
  slack: {{webhook_url: "${{S}}"}}
  discord: {{webhook_url: "${{D}}"}}
  telegram: {{bot_token: "${{T}}", chat_id: -100, endpoint: "{servers["t"].url}"}}
  webhook: {{webhook_url: "${{W}}", bearer_token: "${{B}}"}}
"""
        urls = {"S": f"{servers['s'].url}/services/T0/B0/x", "D": f"{servers['d'].url}/api/webhooks/1/x"}
        environment = {**urls, "T": "123:abc", "W": f"{servers['w'].url}/hook", "B": "bear"}

        async def do(made: Notifier) -> None:
            made.tell(Notice(NoticeKind.CREDENTIAL_REFUSED, "a_b", "a_b <@U1> & co rejects our credential", AT))
            for server in servers.values():
                await seen(server, 1)

        run(settings(written), environment, do)
    slack, discord, telegram, webhook = (servers[name].seen[0] for name in "sdtw")

    assert slack.target == "/services/T0/B0/x"
    assert json.loads(slack.body)["text"].startswith("critical: a_b &lt;@U1&gt; &amp; co rejects our credential\n")
    assert json.loads(discord.body)["content"].startswith(r"critical: a\_b <@U1\> & co rejects our credential")
    assert json.loads(discord.body)["allowed_mentions"] == {"parse": []}
    assert telegram.target == "/bot123:abc/sendMessage"
    assert json.loads(telegram.body)["chat_id"] == "-100"
    assert json.loads(telegram.body)["text"].startswith("critical: a_b <@U1> & co")
    assert webhook.headers["authorization"] == "Bearer bear"
    assert json.loads(webhook.body)["notices"] == [
        {
            "kind": "credential_refused",
            "severity": "critical",
            "subject": "a_b",
            "text": "a_b <@U1> & co rejects our credential",
            "at": AT,
            "times": 1,
        }
    ]
    assert all(one.headers["content-type"] == "application/json" for one in (slack, discord, telegram, webhook))


def test_what_happens_at_once_is_one_message() -> None:
    with listening(lambda _: OK) as server:

        async def do(made: Notifier) -> None:
            made.tell(out("ace/m"))
            made.tell(out("ace/n"))
            await seen(server, 1)
            await asyncio.sleep(0.3)

        made = run(settings('{slack: {webhook_url: "${S}"}}'), {"S": server.url}, do)

    assert len(server.seen) == 1
    assert counted(made, "slack", "sent") == 2


def test_several_workers_tell_of_one_outage_once_and_of_its_end_when_all_are_well() -> None:
    with listening(lambda _: OK) as server:

        async def do(made: Notifier) -> None:
            made.tell(out(), source=11)
            made.tell(out(), source=12)
            await seen(server, 1)
            made.tell(back(), source=12)
            await asyncio.sleep(0.2)
            assert len(server.seen) == 1, "one worker still has it out"
            made.tell(back(), source=11)
            await seen(server, 2)

        made = run(settings('{slack: {webhook_url: "${S}"}}'), {"S": server.url}, do)

    assert "ace is out" in server.seen[0].body.decode()
    assert "ace answers again" in server.seen[1].body.decode()
    assert counted(made, "", "joined") == 0


def test_the_end_of_the_worker_that_knew_is_the_end_of_the_outage() -> None:
    with listening(lambda _: OK) as server:

        async def do(made: Notifier) -> None:
            made.tell(out(), source=11)
            await seen(server, 1)
            made.forget_worker(11)
            await seen(server, 2)

        run(settings('{slack: {webhook_url: "${S}"}}'), {"S": server.url}, do)

    assert "ace is used again" in server.seen[1].body.decode()


def test_repetitions_are_joined_unless_each_is_wanted() -> None:
    rules = "routing_rules: [{type: quota_exhausted, channels: [webhook], dedup: false}]"
    notice = Notice(NoticeKind.QUOTA_EXHAUSTED, "ace", "our account at ace has nothing left", AT)
    with listening(lambda _: OK) as joined, listening(lambda _: OK) as each:
        written = '{slack: {webhook_url: "${S}"}, webhook: {webhook_url: "${W}"}}'

        async def do(made: Notifier) -> None:
            for n in range(3):
                made.tell(notice)
                await seen(each, n + 1)
            await seen(joined, 1)

        made = run(settings(written, rules), {"S": joined.url, "W": each.url}, do)

    assert (len(joined.seen), len(each.seen)) == (1, 3)
    assert counted(made, "", "joined") == 2


def test_an_overloaded_receiver_is_tried_again_after_its_wait() -> None:
    answers: list[Answer] = [(429, {"retry-after": "0"}, b""), (503, {}, b""), OK]
    with listening(lambda _: answers.pop(0)) as server:

        async def do(made: Notifier) -> None:
            made.tell(out())
            await seen(server, 3)

        made = run(settings('{slack: {webhook_url: "${S}"}}'), {"S": server.url}, do)

    assert counted(made, "slack", "sent") == 1


def test_a_dead_channel_is_logged_once_without_its_secret(caplog: pytest.LogCaptureFixture) -> None:
    gone: Answer = (404, {}, b"no_service")
    answers: list[Answer] = [gone, gone, OK]
    caplog.set_level(logging.DEBUG)
    with listening(lambda _: answers.pop(0)) as server:

        async def do(made: Notifier) -> None:
            for n in range(3):
                made.tell(out(f"ace/{n}"))
                await seen(server, n + 1)
                await asyncio.sleep(0.1)

        made = run(settings('{slack: {webhook_url: "${S}"}}'), {"S": f"{server.url}/secret-path"}, do)
    events = [record.getMessage() for record in caplog.records if record.name == "openclaw"]

    assert events == ["channel_failed", "channel_works_again"]
    assert (counted(made, "slack", "failed"), counted(made, "slack", "sent")) == (2, 1)
    assert "secret-path" not in "".join(f"{r.getMessage()} {getattr(r, 'data', '')}" for r in caplog.records
                                        if not r.name.startswith("httpx"))  # fmt: skip


@pytest.mark.parametrize(
    "url", ["", "not a url at sk-1", "ftp://sk-1.example", "http://[sk-1", "http://127.0.0.1:1/sk-1"]
)
def test_what_cannot_be_reached_is_told_without_the_url(url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def do(made: Notifier) -> None:
        made.tell(out())
        until = time.monotonic() + SECONDS
        while not counted(made, "slack", "failed"):
            assert time.monotonic() < until
            await asyncio.sleep(0.02)

    run(settings('{slack: {webhook_url: "${S}"}}'), {"S": url}, do)
    (failed,) = [record for record in caplog.records if record.getMessage() == "channel_failed"]

    assert getattr(failed, "data", {})["channel"] == "slack"
    assert "sk-1" not in str(getattr(failed, "data", {}))


def test_a_receiver_that_says_nothing_keeps_nobody_waiting_and_loses_the_oldest() -> None:
    def silent(_: Seen) -> Answer:
        time.sleep(1.0)
        return OK

    with listening(silent) as server:

        async def do(made: Notifier) -> None:
            made.tell(out())
            await seen(server, 1)
            began = time.monotonic()
            for n in range(3 * MAX_WAITING):
                made.tell(out(f"bee/{n}"))
            assert time.monotonic() - began < 0.9, "less than one answer of the receiver takes"

        made = run(settings('{slack: {webhook_url: "${S}"}}'), {"S": server.url}, do)

    assert counted(made, "slack", "dropped") == 2 * MAX_WAITING


def test_a_rate_limit_makes_one_message_of_what_waits() -> None:
    with listening(lambda _: OK) as server:

        async def do(made: Notifier) -> None:
            made.tell(out("ace/0"))
            await seen(server, 1)
            for n in range(1, 6):
                made.tell(out(f"ace/{n}"))
                await asyncio.sleep(0.06)
            assert len(server.seen) == 1
            await seen(server, 2)

        run(settings('{slack: {webhook_url: "${S}", rate_limit: 1/s}}'), {"S": server.url}, do)

    assert server.seen[1].body.decode().count("is out") == 5


def test_what_waits_when_the_process_ends_still_goes_out() -> None:
    with listening(lambda _: OK) as server:

        async def do(made: Notifier) -> None:
            made.tell(out())

        run(settings('{slack: {webhook_url: "${S}", rate_limit: 1/min}}'), {"S": server.url}, do)

    assert len(server.seen) == 1


def test_a_reload_takes_another_channel_and_loses_nothing() -> None:
    with listening(lambda _: OK) as old, listening(lambda _: OK) as new:
        environment = {"S": old.url, "N": new.url}

        async def do(made: Notifier) -> None:
            made.tell(out())
            made.update(settings('{slack: {webhook_url: "${N}"}}'))
            await seen(new, 1)
            made.update(settings("{}"))
            made.tell(back())

        run(settings('{slack: {webhook_url: "${S}"}}'), environment, do)

    assert (len(old.seen), len(new.seen)) == (0, 1)


def test_a_secret_that_changes_is_used_from_the_next_message_on() -> None:
    with listening(lambda _: OK) as old, listening(lambda _: OK) as new:
        environment = {"S": old.url}

        async def do(made: Notifier) -> None:
            made.tell(out())
            await seen(old, 1)
            environment["S"] = new.url
            made.tell(back())
            await seen(new, 1)

        run(settings('{slack: {webhook_url: "${S}"}}'), environment, do)


def test_without_a_channel_nothing_is_kept() -> None:
    async def do(made: Notifier) -> None:
        for n in range(1000):
            made.tell(out(f"ace/{n}"))

    made = run(loading.settings(ACE), {}, do)

    assert [sample for metric in made.counter.collect() for sample in metric.samples] == []


MAIL = (
    "{{email: {{provider: smtp, host: 127.0.0.1, port: {}, security: none, sender: a@b.example, to: [c@d.example]{}}}}}"
)


def test_a_mail_goes_to_a_mail_server() -> None:
    with mail_server() as server:

        async def do(made: Notifier) -> None:
            made.tell(out())

        made = run(settings(MAIL.format(server.port, ", user: me")), {"SMTP_PASSWORD": "hunter2"}, do)

    assert counted(made, "email", "sent") == 1
    assert "mail FROM:<a@b.example>" in " ".join(server.said)
    assert "rcpt TO:<c@d.example>" in " ".join(server.said)
    assert any(line.startswith("Subject: [openclaw] critical: ace is out") for line in server.said)
    assert any(line.startswith("AUTH PLAIN") for line in server.said)


@pytest.mark.parametrize(("refuse", "tries"), [(550, 1), (451, 3)])
def test_a_refused_mail_is_counted(refuse: int, tries: int) -> None:
    with mail_server(refuse) as server:

        async def do(made: Notifier) -> None:
            made.tell(out())

        made = run(settings(MAIL.format(server.port, "")), {}, do)

    assert counted(made, "email", "failed") == 1
    assert len([line for line in server.said if line.startswith("rcpt")]) == tries


@pytest.mark.parametrize("host", ["x" * 70 + ".example", "127.0.0.1"])
def test_an_address_that_is_none_ends_nothing(host: str, caplog: pytest.LogCaptureFixture) -> None:
    written = MAIL.format(1, "").replace("127.0.0.1", host).replace("a@b.example", '"a@b\\nBcc: x"')

    async def do(made: Notifier) -> None:
        for n in range(2):
            made.tell(out(f"ace/{n}"))
            await asyncio.sleep(0.3)

    made = run(settings(written), {}, do)

    assert counted(made, "email", "failed") == 2
    assert [r.getMessage() for r in caplog.records if r.name == "openclaw"] == ["channel_failed"]


def _soon(_: Cron, at: float) -> float:
    """Nobody waits for a minute."""
    return at + 0.3


def test_a_report_comes_when_its_schedule_says(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = "routing_rules: [{type: daily_report, channels: [slack], schedule: '* * * * *'}]"
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(Cron, "next_after", _soon)
    requests = Metric("openclaw_requests", "", "counter")
    requests.add_sample("openclaw_requests_total", {"client_format": "gemini", "status": "200"}, 3.0)

    async def collected() -> tuple[Metric, ...]:
        return (requests,)

    with listening(lambda _: OK) as server:

        async def do(_: Notifier) -> None:
            await seen(server, 2)

        run(settings('{slack: {webhook_url: "${S}"}}', rules), {"S": server.url}, do, collected)
    first, second = (json.loads(one.body)["text"] for one in server.seen[:2])

    assert "3 requests, all answered" in first
    assert "0 requests" in second
