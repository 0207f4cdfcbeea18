"""An answer has a size beyond which it ends: what its client does not read is Envoy's to keep."""

import pytest

from openclaw_extproc.render import ext_proc, stage_clusters
from openclaw_extproc.stages import attempt as stage
from openclaw_extproc.stages.entries import Outcome
from openclaw_extproc.stages.events import ResponseBody
from tests.stages.attempts import begin, every_way, good
from tests.stages.talking import BEGAN, answer_head, attempt, chunks, delivered

MOST = 60_000
SAYS = b"the answer is larger than"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "MAX_ANSWER_BYTES", MOST)


@every_way
def test_a_stream_that_is_too_large_ends_in_the_clients_error_event_and_a_break(client: str, provider: str) -> None:
    whole = good(provider, stream=True)
    begun = whole[: whole.rindex(b"\n\n", 0, len(whole) * 3 // 4) + 2]
    talk = attempt(*begin(client, provider, stream=True), answer_head(streamed=True), *chunks(begun, end=False))
    assert not talk.stage.broken
    before = delivered(talk)

    talk.tell(ResponseBody(b" " * MOST, False, BEGAN + 5))

    assert talk.stage.broken
    assert SAYS in delivered(talk)[len(before) :]
    assert len(delivered(talk)) < MOST + 1_000
    assert [(one.outcome, one.target.provider.format) for one in talk.entries] == [(Outcome.GONE, provider)]


def test_buffers_of_envoys_are_larger_than_an_answer() -> None:
    """Half of a stage's stream buffer is where Envoy begins to read again from a provider that may have gone."""
    most = ext_proc.MAX_ANSWER_BYTES

    assert most < ext_proc.STAGE_STREAM_BYTES // 2
    assert most < ext_proc.REQUEST_BUFFER_BYTES
    assert most < ext_proc.CLIENT_STREAM_BYTES
    assert 40 * most < ext_proc.CLIENT_CONNECTION_BYTES
    made = stage_clusters.stage_cluster("route", ["/route.sock"])
    assert made["per_connection_buffer_limit_bytes"] == ext_proc.STAGE_CONNECTION_BYTES
