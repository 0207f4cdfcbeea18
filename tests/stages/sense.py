"""What has to hold whatever a client or a provider says: an answer for each message, one entry, words of the format."""

import json
from collections.abc import Mapping

import pytest

from openclaw_extproc.gateway import Gateway
from openclaw_extproc.model.facts import Failed, Finished
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry
from openclaw_extproc.stages.events import Continue, Reply
from tests.samples import Case
from tests.stages.talking import Received, Talk, attempt, chain, gateway, is_error_of, opening, routed, understood


def makes_sense(client: str, got: Received, entry: AttemptEntry, *, stream: bool, translated: bool) -> None:
    """What the client got, as its SDK would read it."""
    if got.status >= 400:
        assert entry.outcome is Outcome.FAILED
        assert entry.fault is not None
        if translated:
            is_error_of(client, got)
        return
    assert entry.outcome in {Outcome.OK, Outcome.BROKEN}
    assert (entry.outcome is Outcome.OK) is (entry.fault is None)
    if not translated:
        return  # the provider's own bytes
    if stream:
        assert got.body.endswith(b"\n\n")
    facts = understood(client, got, stream=stream)
    assert isinstance(facts[-1], Finished if entry.outcome is Outcome.OK else Failed)


def both_stages(case: Case, body: bytes, provider: str, headers: Mapping[str, str] | None = None) -> None:
    """Either the provider gets JSON, or the client an error it understands; each stage settles once."""
    if sent := goes_out(case, body, gateway(chain(provider)), headers):
        assert sent.hang_up().entry.outcome is Outcome.NO_ANSWER


def goes_out(
    case: Case, body: bytes, world: Gateway, headers: Mapping[str, str] | None = None
) -> Talk[AttemptEntry] | None:
    """The attempt whose request the provider gets; `None`: the client was told, in its words, why there is none."""
    planned: Talk[RequestEntry] = routed(case, world, body=body, headers=headers)
    assert planned.all_answered()
    if isinstance(planned.last, Reply):
        _is_a_complaint(case.format if headers is None else None, planned.last)
        assert planned.hang_up().entry.fault
        return None
    assert planned.hang_up().entry.fault is None
    sent = attempt(*opening(case, world, body=body, headers=headers, planned=planned))
    assert sent.all_answered()
    if isinstance(sent.last, Reply):
        _is_a_complaint(case.format if headers is None else None, sent.last)
        assert sent.hang_up().entry.outcome is Outcome.FAILED
        return None
    assert isinstance(sent.last, Continue)
    goes = body if sent.last.body is None else sent.last.body
    json.loads(goes, parse_constant=pytest.fail)
    assert sent.last.set_headers[":path"].startswith("/")
    assert "\n" not in sent.last.set_headers[":path"]
    return sent


def _is_a_complaint(format: str | None, reply: Reply) -> None:
    assert 400 <= reply.status < 500
    if format is not None:
        is_error_of(format, Received(reply.status, reply.headers, reply.body))
    json.loads(reply.body)
