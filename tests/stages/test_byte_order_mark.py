"""Promises about a byte order mark before a body: nobody behind us has to know one."""

import json

import pytest

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Finished
from openclaw_extproc.stages.entries import Outcome
from openclaw_extproc.stages.events import Continue, To
from tests.samples import gist
from tests.stages.attempts import (
    begin,
    both_kinds,
    checked,
    error_head,
    every_same,
    every_translation,
    every_way,
    good,
    last_or_not,
)
from tests.stages.talking import (
    answer_head,
    answering,
    asking,
    attempt,
    chain,
    chunks,
    gateway,
    is_error_of,
    opening,
    plan_read,
    received,
    routed,
    understood,
)

MARK = b"\xef\xbb\xbf"
CUTS = [(), (1,), (2, 3), (3,), (1, 2, 3, 4, 90)]


@every_way
@both_kinds
@pytest.mark.parametrize("cuts", CUTS, ids=str)
def test_an_answer_is_read_and_told_without_it(
    client: str, provider: str, cuts: tuple[int, ...], *, stream: bool
) -> None:
    body = MARK + good(provider, stream=stream)
    head = answer_head(streamed=stream, content_length=str(len(body)))

    talk = checked(attempt(*begin(client, provider, stream=stream), head, *chunks(body, cuts)))

    got = received(talk)
    facts = understood(client, got, stream=stream)
    assert isinstance(facts[-1], Finished)
    assert gist(facts).text == gist(answering(provider).facts(streamed=stream)).text
    assert not got.body.startswith(MARK)
    assert got.headers.get("content-length", str(len(got.body))) == str(len(got.body))
    assert talk.entry.outcome is Outcome.OK


@every_same
@both_kinds
def test_what_begins_like_one_and_is_none_stays(client: str, provider: str, *, stream: bool) -> None:
    """No byte is lost, also of what cannot be read."""
    opened = begin(client, provider, stream=stream, last=False)

    talk = checked(attempt(*opened, answer_head(streamed=stream), *chunks(b"\xef\xbb", (1,))))

    assert received(talk).retries


@every_translation
@last_or_not
def test_an_error_is_understood_behind_it(client: str, provider: str, *, last: bool) -> None:
    opened = begin(client, provider, stream=False, last=last)
    body = (
        MARK
        + b'{"error": {"message": "no such field: x", "status": "INVALID_ARGUMENT"}, "message": "no such field: x"}'
    )

    talk = checked(attempt(*opened, error_head(400), *chunks(body)))

    assert "no such field" in is_error_of(client, received(talk))
    assert talk.entry.fault
    assert "no such field" in talk.entry.fault.public


@every_way
def test_a_request_is_read_and_sent_without_it(client: str, provider: str) -> None:
    case = asking(client, stream=False)
    marked = MARK + case.request

    planned = routed(case, gateway(chain(provider)), body=marked)
    talk = attempt(*opening(case, gateway(chain(provider)), body=marked, planned=planned))

    assert plan_read(planned).asked_model == plan_read(routed(case, gateway(chain(provider)))).asked_model
    sent = talk.last
    assert isinstance(sent, Continue)
    assert sent.to is To.REQUEST_BODY
    assert sent.body is not None, "the one that Envoy has begins with the mark"
    assert json.loads(sent.body.decode())
    assert sent.set_headers["content-length"] == str(len(sent.body))


def test_it_is_no_part_of_a_json_text() -> None:
    assert j.parse(MARK + b'{"a": 1}', where="x") == j.parse('\ufeff{"a": 1}', where="x") == {"a": 1}
    assert j.patch(MARK + b'{"a": 1}', {"a": 2}) == b'{"a": 2}'
    assert j.without_mark(b"{}") == b"{}"
