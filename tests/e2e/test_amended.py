"""What is done to requests on their way, end to end: templates, long conversations, questions to other models."""

import json
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.e2e.harness import Providers, Sidecar, http, sidecar
from tests.edge.listener import Answer, Listener, Seen, listening

KEY = "${OPENAI_API_KEY}"
PREAMBLE, STYLE = "Speak as our company speaks.", "Answer in one sentence."
ROUNDS = 40


def entry(providers: Providers, name: str, simulator: str, model: str, window: int = 200_000, **more: str) -> str:
    format = {"ace": "openai_chat", "cat": "anthropic_messages", "bee": "openai_chat"}[simulator]
    said = "".join(f", {key}: {value}" for key, value in more.items())
    return (
        f"    - {{name: {name}, models: [{{name: {model}, context_window: {window}}}], format: {format}, "
        f'endpoint: "http://127.0.0.1:{providers[simulator].port}", api_key: "{KEY}"{said}}}\n'
    )


def asked(providers: Providers, simulator: str) -> list[dict[str, Any]]:
    """The bodies that reached a provider."""
    recorder = providers[simulator].recorder
    assert recorder is not None
    return [json.loads(record.body or "{}") for record in recorder]


def long_talk() -> list[dict[str, str]]:
    said: list[dict[str, str]] = [{"role": "system", "content": "Be kind."}]
    for n in range(ROUNDS):
        said += [
            {"role": "user", "content": f"question {n}: " + "why " * 100},
            {"role": "assistant", "content": f"answer {n}: " + "thus " * 100},
        ]
    return [*said, {"role": "user", "content": "and what now?"}]


def ask(up: Sidecar, model: str, messages: list[dict[str, str]] | None = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"model": model, "messages": messages or [{"role": "user", "content": "hello"}]}
    return http.post(f"{up.url}/v1/chat/completions", json=body, headers=named)


# -- templates ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def templated(providers: Providers) -> Generator[Sidecar]:
    template = f"{{preamble: {PREAMBLE!r}, style: {STYLE!r}}}"
    entries = (
        entry(providers, "first", "ace", "gpt-4o", template=template, fallback="second", fallback_model="claude-3-opus")
        + entry(providers, "second", "cat", "claude-3-opus", template=template)
    )  # fmt: skip
    with sidecar(f"model:\n  providers:\n{entries}") as up:
        yield up


def test_a_template_is_in_a_request_once_whoever_answers(providers: Providers, templated: Sidecar) -> None:
    providers["ace"].set_fault("503")

    answer = ask(templated, "gpt-4o", [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}])

    assert answer.headers["x-openclaw-provider"] == "second"
    (to_first,), (to_second,) = asked(providers, "ace"), asked(providers, "cat")
    assert to_first["messages"][0] == {"role": "system", "content": f"{PREAMBLE}\n\nBe kind.\n\n{STYLE}"}
    texts = to_second["system"]
    said = texts if isinstance(texts, str) else "\n\n".join(block["text"] for block in texts)
    assert said == f"{PREAMBLE}\n\nBe kind.\n\n{STYLE}"


# -- long conversations --------------------------------------------------------------------


def test_a_small_window_gets_a_short_conversation_and_a_large_one_all(providers: Providers) -> None:
    entries = (
        entry(providers, "small", "ace", "gpt-4o", 4_000, fallback="large", fallback_model="claude-3-opus")
        + entry(providers, "large", "cat", "claude-3-opus")
    )  # fmt: skip
    context = "router:\n  context_management: {compression_method: truncate}\n"
    with sidecar(f"model:\n  providers:\n{entries}{context}") as up:
        short = ask(up, "gpt-4o", long_talk())
        providers["ace"].set_fault("503")
        whole = ask(up, "gpt-4o", long_talk())

    sent = asked(providers, "ace")[0]["messages"]
    assert short.status_code == 200
    assert short.headers["x-openclaw-warnings"].startswith("context_truncated:")
    assert short.headers["x-openclaw-notice"].startswith("context_truncated:")
    assert sent[0] == {"role": "system", "content": "Be kind."}
    assert sent[1]["content"].startswith("question 0")
    assert "left out here" in sent[1]["content"]
    assert sent[-1]["content"].endswith("and what now?")
    assert len(sent) < ROUNDS
    assert whole.headers["x-openclaw-provider"] == "large"
    assert "x-openclaw-warnings" not in whole.headers
    assert len(asked(providers, "cat")[-1]["messages"]) == 2 * ROUNDS + 1


@contextmanager
def summarizing(providers: Providers, *, deadline_ms: int, more: str = "") -> Generator[Sidecar]:
    entries = entry(providers, "small", "ace", "gpt-4o", 4_000) + entry(providers, "cheap", "bee", "gpt-4o-mini")
    context = (
        "router:\n  context_management: "
        f"{{compression_method: summarize, summarizer: gpt-4o-mini, deadline_ms: {deadline_ms}}}\n{more}"
    )
    with sidecar(f"model:\n  providers:\n{entries}{context}") as up:
        yield up


def test_what_is_left_out_is_summarized_by_a_cheap_model_once(providers: Providers) -> None:
    with summarizing(providers, deadline_ms=10_000) as up:
        first = ask(up, "gpt-4o", long_talk())
        second = ask(up, "gpt-4o", long_talk())
        counted = up.metric("openclaw_auxiliary_model_calls_total", kind="summary", outcome="answered")
        known = up.metric("openclaw_auxiliary_model_calls_total", kind="summary", outcome="cached")

    (question,) = asked(providers, "bee")
    assert question["model"] == "gpt-4o-mini"
    assert "question 5" in question["messages"][-1]["content"]
    assert "and what now?" not in question["messages"][-1]["content"]
    for answer, sent in zip((first, second), asked(providers, "ace"), strict=True):
        assert answer.headers["x-openclaw-warnings"].startswith("context_summarized:")
        assert "A summary of what was said:\nSimulated answer" in sent["messages"][1]["content"]
    assert (counted, known) == (1.0, 1.0)


def test_a_summary_that_comes_too_late_is_done_without(providers: Providers) -> None:
    providers["bee"].set_fault("silent")
    with summarizing(providers, deadline_ms=300) as up:
        began = time.monotonic()
        answer = ask(up, "gpt-4o", long_talk())
        took = time.monotonic() - began

    assert answer.status_code == 200
    assert answer.headers["x-openclaw-warnings"].startswith("context_truncated:")
    assert took < 3


def test_envoy_waits_for_a_summary_longer_than_for_anything_else_of_ours(providers: Providers) -> None:
    """Its patience with the route stage is 5 s."""
    providers["bee"].set_fault("silent")
    with summarizing(providers, deadline_ms=6_500) as up:
        answer = ask(up, "gpt-4o", long_talk())

    assert answer.status_code == 200
    assert answer.headers["x-openclaw-warnings"].startswith("context_truncated:")


def test_a_client_that_leaves_while_a_summary_is_awaited_leaves_nothing_behind(providers: Providers) -> None:
    providers["bee"].set_fault("silent")
    with summarizing(providers, deadline_ms=30_000) as up:
        body = {"model": "gpt-4o", "messages": long_talk()}
        with pytest.raises(httpx.ReadTimeout):
            http.post(f"{up.url}/v1/chat/completions", json=body, timeout=1.0)
        (request,) = up.wait_for("request_refused")
        (question,) = up.wait_for("model_selection")

    assert request["data"]["fault"] == "abandoned"
    assert question["data"]["status"] is None, "nobody waits for it any more"
    assert asked(providers, "ace") == []


def test_a_summarizer_that_compliance_forbids_is_not_shown_the_text(providers: Providers) -> None:
    rules = "compliance: {data_classes: {pii: {providers: [small]}}}\n"
    with summarizing(providers, deadline_ms=10_000, more=rules) as up:
        answer = ask(up, "gpt-4o", long_talk(), x_openclaw_data_class="pii")

    assert answer.status_code == 200
    assert answer.headers["x-openclaw-warnings"].startswith("context_truncated:")
    assert asked(providers, "bee") == []


# -- a second opinion ------------------------------------------------------------------------

UNSURE = "Write me something about how a deployment of our service could be planned."


@contextmanager
def grading(providers: Providers, grader: Listener, *, timeout_ms: int, below: float) -> Generator[Sidecar]:
    entries = entry(providers, "little", "ace", "gpt-4o-mini") + entry(providers, "big", "cat", "claude-3-opus")
    strategy = (
        "routing_strategy: {tiers: {simple: [gpt-4o-mini], standard: [gpt-4o-mini], large: [claude-3-opus]}, "
        f'second_opinion: {{enabled: true, endpoint: "{grader.url}/v1", model: grader, '
        f"timeout_ms: {timeout_ms}, below: {below}}}}}"
    )
    with sidecar(f"model:\n  providers:\n{entries}", gateway=strategy) as up:
        yield up


def says(word: str, *, after: float = 0.0) -> Callable[[Seen], Answer]:
    def answer(_: Seen) -> Answer:
        time.sleep(after)
        return 200, {}, json.dumps({"choices": [{"message": {"content": word}}]}).encode()

    return answer


def tier_of(up: Sidecar, words: str) -> str:
    answer = ask(up, "auto", [{"role": "user", "content": words}])
    assert answer.status_code == 200
    return answer.headers["x-openclaw-tier"]


def test_a_second_opinion_is_asked_for_only_where_we_are_unsure(providers: Providers) -> None:
    with listening(says("large")) as grader:
        with grading(providers, grader, timeout_ms=2_000, below=0.0) as up:
            tier_of(up, UNSURE)
        assert grader.seen == []
        with grading(providers, grader, timeout_ms=2_000, below=1.0) as up:
            assert tier_of(up, UNSURE) == "large"

    (seen,) = grader.seen
    question = json.loads(seen.body)
    assert (seen.target, question["model"], question["temperature"]) == ("/v1/chat/completions", "grader", 0)
    assert "deployment" in question["messages"][-1]["content"]


def test_a_slow_second_opinion_delays_a_request_by_its_deadline_at_most(providers: Providers) -> None:
    with listening(says("large", after=1.5)) as grader, grading(providers, grader, timeout_ms=50, below=1.0) as up:
        tier_of(up, "warm up")
        began = time.monotonic()
        tier_of(up, UNSURE)
        took = time.monotonic() - began
        late = up.metric("openclaw_auxiliary_model_calls_total", kind="second_opinion", outcome="late")

    assert took < 1.2
    assert late >= 1
