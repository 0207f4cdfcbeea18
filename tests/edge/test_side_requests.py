"""Promises about the questions that are asked for the route stage: in time, or not at all."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from openclaw_extproc.config.settings import Address
from openclaw_extproc.edge.runtime import side_requests as module
from openclaw_extproc.edge.runtime.side_requests import (
    FAILURES_IN_A_ROW,
    MAX_SUMMARIES,
    Breaker,
    SideRequestClient,
    Summaries,
)
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.stages.route.side_requests import INSIDE, AskOpinion, AskSummary, Question
from openclaw_extproc.strategy import Context, SecondOpinion, Strategy
from tests.edge.listener import Answer, Listener, Seen, listening

ASKING = Gateway(strategy=Strategy(second_opinion=SecondOpinion("http://x", "m"), context=Context(summarizer="m")))
SUMMARY = AskSummary(b'{"model": "m"}', 2_000, (1, 2), {"x-openclaw-data-class": "pii"})


def says(text: object) -> Callable[[Seen], Answer]:
    def answer(_: Seen) -> Answer:
        return 200, {}, json.dumps({"choices": [{"message": {"content": text}}]}).encode()

    return answer


def gives(status: int, body: bytes) -> Callable[[Seen], Answer]:
    def answer(_: Seen) -> Answer:
        return status, {}, body

    return answer


def slowly(seen: Seen) -> Answer:
    time.sleep(1.5)
    return says("simple")(seen)


@dataclass(slots=True)
class Told:
    outcomes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def __call__(self, kind: str, outcome: str) -> None:
        self.outcomes.append((kind, outcome))


@asynccontextmanager
async def asking(listener: Listener, told: Told) -> AsyncGenerator[SideRequestClient]:
    made = SideRequestClient(lambda: Address("0.0.0.0", listener.server_port), told)  # noqa: S104  # as a gateway may listen
    made.update(ASKING)
    try:
        yield made
    finally:
        await made.close()


def answered(listener: Listener, *questions: Question, told: Told | None = None) -> list[str | None]:
    async def run() -> list[str | None]:
        async with asking(listener, told or Told()) as answers:
            return [await answers(question) for question in questions]

    return asyncio.run(run())


def opinion(listener: Listener, *, deadline_ms: int = 2_000) -> AskOpinion:
    return AskOpinion(f"{listener.url}/v1/chat/completions", b'{"model": "grader"}', deadline_ms)


def test_an_opinion_is_asked_for_where_the_operator_said() -> None:
    with listening(says("simple")) as listener:
        assert answered(listener, opinion(listener)) == ["simple"]

    (seen,) = listener.seen
    assert (seen.method, seen.target, seen.body) == ("POST", "/v1/chat/completions", b'{"model": "grader"}')
    assert INSIDE not in seen.headers


def test_nobody_is_waited_for_longer_than_the_deadline() -> None:
    told = Told()
    with listening(slowly) as listener:
        began = time.monotonic()
        assert answered(listener, opinion(listener, deadline_ms=50), told=told) == [None]
        assert time.monotonic() - began < 1.2

    assert told.outcomes == [("second_opinion", "late")]


@pytest.mark.parametrize(
    "answer",
    [
        gives(500, b"{}"),
        gives(200, b"<html>"),
        gives(200, b'{"choices": []}'),
        says(None),
        gives(200, b" " * (module.MAX_ANSWER_BYTES + 1)),
    ],
)
def test_what_is_no_answer_is_none(answer: Callable[[Seen], Answer]) -> None:
    told = Told()
    with listening(answer) as listener:
        assert answered(listener, opinion(listener), told=told) == [None]

    assert told.outcomes == [("second_opinion", "failed")]


def test_a_server_that_is_not_there_is_not_asked_for_ever() -> None:
    told = Told()
    with listening(says("simple")) as listener:
        dead = replace(opinion(listener), url="http://127.0.0.1:1/v1/chat/completions")
        found = answered(listener, *[dead] * (FAILURES_IN_A_ROW + 2), opinion(listener), told=told)

    assert found == [*[None] * (FAILURES_IN_A_ROW + 2), "simple"], "others are still asked"
    assert [outcome for _, outcome in told.outcomes] == [
        *["failed"] * FAILURES_IN_A_ROW, "paused", "paused", "answered"
    ]  # fmt: skip


def test_a_refusal_pauses_nobody() -> None:
    told = Told()
    with listening(gives(403, b"{}")) as listener:
        answered(listener, *[opinion(listener)] * (FAILURES_IN_A_ROW + 2), told=told)

    assert {outcome for _, outcome in told.outcomes} == {"refused"}


def test_a_pause_ends() -> None:
    breaker = Breaker()
    began = [breaker.note(100.0, ok=False) for _ in range(FAILURES_IN_A_ROW)]

    assert began == [*[False] * (FAILURES_IN_A_ROW - 1), True]
    assert breaker.is_paused(100.0 + module.PAUSE_SECONDS - 0.1)
    assert not breaker.is_paused(100.0 + module.PAUSE_SECONDS)


def test_only_failures_in_a_row_count() -> None:
    breaker = Breaker()
    for _ in range(3 * FAILURES_IN_A_ROW):
        assert not breaker.note(0.0, ok=False)
        assert not breaker.note(0.0, ok=True)


def test_a_summary_is_asked_for_at_our_own_listener_with_what_the_request_is_judged_by() -> None:
    with listening(says("Short.")) as listener:
        assert answered(listener, SUMMARY) == ["Short."]

    (seen,) = listener.seen
    assert seen.target == "/openai/v1/chat/completions"
    assert seen.headers["x-openclaw-data-class"] == "pii"
    assert len(seen.headers[INSIDE]) > 30


def test_every_process_has_a_secret_of_its_own() -> None:
    made = {SideRequestClient(lambda: Address("127.0.0.1", 1), Told()).secret for _ in range(3)}

    assert len(made) == 3


def test_the_same_summary_is_not_paid_for_twice() -> None:
    told = Told()
    with listening(says("Short.")) as listener:
        others = [replace(SUMMARY, body=b'{"model": "n"}'), replace(SUMMARY, headers={})]
        answered(listener, SUMMARY, SUMMARY, *others, SUMMARY, told=told)

    assert [outcome for _, outcome in told.outcomes] == ["answered", "cached", "answered", "answered", "cached"]


def test_a_blank_summary_is_asked_for_again() -> None:
    with listening(says("  ")) as listener:
        answered(listener, SUMMARY, SUMMARY)

    assert len(listener.seen) == 2


def test_summaries_do_not_pile_up() -> None:
    kept = Summaries()
    for n in range(MAX_SUMMARIES + 10):
        kept.store(str(n), "x")
        kept.find("0")

    assert len(kept.known) == MAX_SUMMARIES
    assert kept.find("0") == "x", "used all the time"
    assert kept.find("1") is None


def test_where_nothing_is_configured_no_client_is_made() -> None:
    made = SideRequestClient(lambda: Address("127.0.0.1", 1), Told())
    made.update(Gateway())

    assert asyncio.run(made(AskOpinion("http://127.0.0.1:1", b"", 50))) is None
