"""An answer has a size beyond which it ends: what its client does not read is Envoy's to keep."""

import pytest

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.render import ext_proc, stage_clusters
from openclaw_extproc.stages.attempt import stage, successful_response
from openclaw_extproc.stages.attempt.retries import MAX_ANSWER_BYTES
from openclaw_extproc.stages.entries import Outcome
from openclaw_extproc.stages.events import Overrun, ResponseBody
from tests.stages.attempts import begin, error_body, error_head, every_way, good
from tests.stages.talking import BEGAN, answer_head, attempt, chunks, delivered

MOST = 60_000
SAYS = b"the answer is larger than"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (stage, successful_response):
        monkeypatch.setattr(module, "MAX_ANSWER_BYTES", MOST)


@every_way
def test_a_stream_that_is_too_large_ends_in_the_clients_error_event_and_a_break(client: str, provider: str) -> None:
    whole = good(provider, stream=True)
    begun = whole[: whole.rindex(b"\n\n", 0, len(whole) * 3 // 4) + 2]
    talk = attempt(*begin(client, provider, stream=True), answer_head(streamed=True), *chunks(begun, end=False))
    assert not talk.broken
    before = delivered(talk)

    talk.tell(ResponseBody(b" " * MOST, False, BEGAN + 5))

    assert talk.broken
    assert SAYS in delivered(talk)[len(before) :]
    assert len(delivered(talk)) < MOST + 1_000
    assert [(one.outcome, one.target.provider.format) for one in talk.entries] == [(Outcome.GONE, provider)]


@every_way
def test_a_stream_that_comes_too_fast_ends_in_the_clients_error_event_and_a_break(client: str, provider: str) -> None:
    whole = good(provider, stream=True)
    begun = whole[: whole.rindex(b"\n\n", 0, len(whole) * 3 // 4) + 2]
    talk = attempt(*begin(client, provider, stream=True), answer_head(streamed=True), *chunks(begun, end=False))
    before = delivered(talk)

    talk.tell(Overrun(BEGAN + 5))

    assert talk.broken
    assert SAYS in delivered(talk)[len(before) :]
    assert [one.outcome for one in talk.entries] == [Outcome.GONE], "which is not held against its provider"


def test_before_its_first_content_it_is_a_failure_that_others_may_help() -> None:
    talk = attempt(*begin("openai_chat", "openai_chat", stream=True), answer_head(streamed=True))

    talk.tell(Overrun(BEGAN + 5))

    assert not talk.broken
    assert [one.outcome for one in talk.entries] == [Outcome.FAILED]


@pytest.mark.parametrize("last", [ResponseBody(b" " * MOST, False, BEGAN + 5), Overrun(BEGAN + 5)])
def test_an_error_in_the_providers_own_words_breaks_off_too(last: ResponseBody | Overrun) -> None:
    opened = begin("openai_chat", "openai_chat", stream=True)
    talk = attempt(*opened, error_head(400), *chunks(error_body("openai_chat", FaultKind.MALFORMED), end=False))
    before = delivered(talk)

    talk.tell(last)

    assert talk.broken
    assert delivered(talk) == before, "there is no word for it: the error itself was the last one"
    assert [one.outcome for one in talk.entries] == [Outcome.FAILED]


def test_a_request_that_comes_fast_is_none_of_it() -> None:
    talk = attempt(*begin("openai_chat", "openai_chat", stream=True))

    talk.tell(Overrun(BEGAN + 5))

    assert not talk.over
    assert not talk.entries


def test_buffers_of_envoys_are_larger_than_an_answer() -> None:
    most = MAX_ANSWER_BYTES

    assert ext_proc.STAGE_STREAM_BYTES == 2**31 - 1, "the largest window there is: what comes is bounded by us alone"
    assert most < ext_proc.REQUEST_BUFFER_BYTES
    assert most < ext_proc.CLIENT_STREAM_BYTES
    assert 40 * most < ext_proc.CLIENT_CONNECTION_BYTES
    made = stage_clusters.stage_cluster("route", ["/route.sock"])
    assert made["per_connection_buffer_limit_bytes"] == ext_proc.STAGE_CONNECTION_BYTES
