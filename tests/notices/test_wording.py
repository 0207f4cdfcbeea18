"""What people read."""

import pytest

from openclaw_extproc.notices import channels, wording
from openclaw_extproc.notices.kinds import SEVERITIES, TYPES, Notice, NoticeKind

AT = 1_754_000_000.0
OUT = Notice(NoticeKind.PROVIDER_OUT, "ace/m", "ace/m is out (overloaded (529)): it goes behind all others", AT)


def test_every_kind_has_a_severity_and_a_type() -> None:
    assert set(SEVERITIES) == set(NoticeKind)
    assert {kind for kinds in TYPES.values() for kind in kinds} == set(NoticeKind)


def test_plain_words_say_all() -> None:
    assert wording.line(OUT, "plain", "here") == (
        "critical: ace/m is out (overloaded (529)): it goes behind all others"
    )


def test_a_post_for_everybody_has_no_inner_details() -> None:
    said = wording.line(OUT, "community_post", "here")

    assert said.startswith("ace/m does not answer reliably")
    assert "529" not in said


def test_a_text_of_one_s_own_is_filled_in_once() -> None:
    tricky = Notice(NoticeKind.PROVIDER_OUT, "{text}", "said", AT, times=3)

    said = wording.line(tricky, "{time}: {subject} {kind} {times} at {place} {0.__class__}", "host-1")

    assert said == "2025-07-31 22:13:20 UTC: {text} provider_out 3 at host-1 {0.__class__}"


def test_what_does_not_fit_is_counted() -> None:
    said = wording.message([f"line {n} " + "x" * 50 for n in range(100)], "host", 2_000, signed=True)

    assert len(said) <= 2_000
    assert said.endswith("more lines\n(openclaw-extproc at host)")


def test_a_single_long_line_is_cut() -> None:
    assert len(wording.message(["x" * 9_999], "host", 2_000, signed=True)) <= 2_000


@pytest.mark.parametrize("text", ["_" * 2_000, "a" * 1_990 + "____"])
def test_discord_s_limit_holds_after_escaping(text: str) -> None:
    content = channels.discord(text)["content"]

    assert isinstance(content, str)
    assert len(content) <= 2_000
    assert not content.endswith("\\…")


@pytest.mark.parametrize(
    ("header", "body", "seconds"),
    [
        ("3", None, 3.0),
        ("", {"ok": False, "parameters": {"retry_after": 7}}, 7.0),
        ("-5", None, 0.0),
        ("soon", {"parameters": None}, None),
        ("", [], None),
    ],
)
def test_a_wait_is_read_where_vendors_say_it(header: str, body: object, seconds: float | None) -> None:
    assert channels.retry_after(header, body) == seconds


def test_a_report_counts_what_is_new() -> None:
    def series(name: str, **labels: str) -> tuple[str, wording.Labels]:
        return name, tuple(sorted(labels.items()))

    ok = series("openclaw_requests_total", client_format="openai_chat", status="200")
    bad = series("openclaw_requests_total", client_format="openai_chat", status="503")
    tried = series("openclaw_attempts_total", provider="ace", outcome="ok")
    failed = series("openclaw_attempts_total", provider="ace", outcome="failed")
    used = series("openclaw_tokens_total", provider="ace", model="m", type="input")
    other = series("openclaw_model_fallback_total", from_provider="ace", to_provider="bee", reason="timeout")
    before = {ok: 1.0, tried: 1.0}
    now = {ok: 1_201.0, bad: 3.0, tried: 1_190.0, failed: 14.0, used: 5_000.0, other: 12.0}

    said = wording.report_text(now, before, AT, AT - 86_400)

    assert said.splitlines() == [
        "report of 2025-07-31 22:13 UTC, of the last 24.0 hours",
        "1,203 requests; not answered: 3 with 503",
        "ace: 1,203 attempts, 14 of them without a whole answer; 5,000 tokens in, 0 out",
        "answered by a fallback: ace to bee 12",
    ]
