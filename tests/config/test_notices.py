"""What is written about channels and rules, and who is told what because of it."""

import pytest

from openclaw_extproc.config.gateway.notices import USUAL_SCHEDULE
from openclaw_extproc.notices.channels import Channel, Mail, Rate, Route
from openclaw_extproc.notices.kinds import ALERTS, COMMUNITY, GENERAL, NoticeKind
from tests.config.loading import complaints, loaded, seed, settings, warnings

ACE = 'model: {providers: [{name: ace, models: [m], endpoint: "http://10.0.0.1"}]}'
MAIL = "{email: {provider: smtp, host: mail.example, sender: a@b.example, to: [c@d.example]}}"


def channels(*texts: str) -> dict[str, Channel]:
    return {channel.name: channel for channel in settings(ACE, *texts).channels}


def test_without_channels_there_are_none() -> None:
    assert channels() == {}


def test_the_published_channels_get_what_their_words_say() -> None:
    found = channels(seed(14), f"channels: {MAIL}")

    assert found["slack"].routes.keys() == ALERTS
    assert found["telegram"].routes.keys() == GENERAL
    assert found["discord"].routes.keys() == COMMUNITY
    assert found["discord"].routes[NoticeKind.PROVIDER_OUT].template == "community_post"
    assert found["email"].routes == {NoticeKind.DAILY_REPORT: Route(schedule="0 8 * * *")}
    assert found["slack"].rate == Rate(10, 60.0)
    assert found["email"].rate == Rate(100, 3_600.0)


def test_the_published_channels_name_the_variables_they_need() -> None:
    told = [line for line in warnings(ACE, seed(14)) if line.startswith("channels.")]

    assert sorted(line.partition(":")[0] for line in told) == sorted(
        ["channels.discord", "channels.email", "channels.slack", "channels.telegram", "channels.telegram"]
    )
    assert any("SLACK_WEBHOOK_URL is not set" in line for line in told)
    assert any("no host, no sender, no to" in line for line in told)


def test_the_published_alert_channel_needs_no_description() -> None:
    found = channels(seed(4))

    assert found["slack"].secret == "SLACK_WEBHOOK_URL"
    assert found["slack"].routes.keys() == {NoticeKind.FAILURE_RATE}


def test_an_alert_channel_gets_its_alert_besides_what_it_gets_anyway() -> None:
    found = channels(seed(4), "channels: {slack: {priority: daily_digest}}")

    assert found["slack"].routes.keys() == {NoticeKind.FAILURE_RATE, NoticeKind.DAILY_REPORT}


def test_a_channel_of_which_nothing_else_is_said_gets_all_but_reports() -> None:
    assert channels("channels: {slack: {}}")["slack"].routes.keys() == GENERAL


def test_a_rule_may_name_a_single_kind() -> None:
    rule = 'routing_rules: [{type: drill_failed, channels: [slack], dedup: false, content_template: "{text}!"}]'

    assert channels("channels: {slack: {}}", rule)["slack"].routes == {
        NoticeKind.DRILL_FAILED: Route(dedup=False, template="{text}!")
    }


def test_what_a_rule_says_goes_before_the_priority() -> None:
    rule = "routing_rules: [{type: provider_out, channels: [slack], dedup: false}]"

    routes = channels("channels: {slack: {priority: critical_notifications}}", rule)["slack"].routes

    assert routes.keys() == ALERTS
    assert [kind for kind, route in routes.items() if not route.dedup] == [NoticeKind.PROVIDER_OUT]


def test_mail_has_the_usual_port_of_its_security() -> None:
    found = channels(f"channels: {MAIL}")["email"]
    tls = channels("channels: {smtp: {host: h, sender: a@b, to: [c@d], security: tls, user: u}}")["smtp"]

    assert found.mail == Mail("mail.example", 587, "starttls", "", "a@b.example", ("c@d.example",))
    assert found.secret == ""
    assert tls.mail is not None
    assert (tls.mail.port, tls.secret) == (465, "SMTP_PASSWORD")


def test_a_report_without_a_schedule_comes_at_eight() -> None:
    routes = channels("channels: {slack: {priority: daily_digest}}")["slack"].routes

    assert routes[NoticeKind.DAILY_REPORT].schedule == USUAL_SCHEDULE


@pytest.mark.parametrize(
    ("written", "beginning"),
    [
        ("channels: {pager: {}}", "channels.pager.provider: missing"),
        ("channels: {slack: {priority: loud}}", "channels.slack.priority: expected"),
        ("channels: {slack: {bot_token: '${T}'}}", "channels.slack.bot_token: is not supported by a slack_webhook"),
        ("channels: {webhook: {}}", "channels.webhook.webhook_url: missing"),
        ("routing_rules: [{channels: []}]", "routing_rules[0].type: missing"),
        ("routing_rules: [{type: critical_alrt}]", 'routing_rules[0].type: nothing is of type "critical_alrt"'),
        ("routing_rules: [{type: daily_report, schedule: daily}]", "routing_rules[0].schedule: write five fields"),
        ("routing_rules: [{type: daily_report, schedule: 0 0 31 2 *}]", "routing_rules[0].schedule: no date"),
        ("routing_rules: [{type: daily_report, content_template: x}]", "routing_rules[0].content_template: unknown"),
        (
            'routing_rules: [{type: daily_report, content_template: "{who}"}]',
            "routing_rules[0].content_template: no word is named {who}",
        ),
        (
            "channels: {slack: {}}\nrouter: {health_check: {critical_threshold: 0.3, alert_channel: slak}}",
            'router.health_check.alert_channel: no channel is named "slak" (known: slack): did you mean slack?',
        ),
    ],
)
def test_mistakes_are_told_with_their_place(written: str, beginning: str) -> None:
    found = complaints(ACE, written)

    assert [line for line in found if line.startswith(beginning)], found


def test_a_secret_in_the_file_is_refused_and_not_repeated() -> None:
    url = "https://hooks.slack.com/services/T0/B0/hunter2"

    (found,) = complaints(ACE, f"channels: {{slack: {{webhook_url: '{url}'}}}}")

    assert found == (
        "channels.slack.webhook_url: must not hold the secret itself: write the name of an environment variable: "
        "webhook_url: ${SLACK_WEBHOOK_URL}"
    )


def test_a_schedule_of_what_is_no_report_is_not_used() -> None:
    rule = "routing_rules: [{type: critical_alert, channels: [slack], schedule: 0 8 * * *}]"

    assert any("routing_rules[0].schedule: not used" in one for one in warnings(ACE, "channels: {slack: {}}", rule))


def test_drills_that_nobody_is_told_of_are_worth_a_word() -> None:
    assert any(
        one.startswith("failover.scheduled_failover.notify: there are no channels") for one in warnings(seed(13))
    )
    assert not any("scheduled_failover" in one for one in warnings(ACE, seed(13), "channels: {slack: {}}"))


def test_a_variable_that_is_set_is_no_finding() -> None:
    found = loaded(ACE, "channels: {slack: {}}", environment={"SLACK_WEBHOOK_URL": "x"}).findings

    assert [str(one) for one in found if "slack" in str(one)] == []
