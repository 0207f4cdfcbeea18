"""Promises about what an operator adds to requests, as an attempt sends them."""

from dataclasses import replace

import pytest

from openclaw_extproc.gateway import Changes
from openclaw_extproc.stages.events import Continue
from openclaw_extproc.wire import FORMATS
from openclaw_extproc.wire.base import UpstreamEdit, no_injection
from tests.samples import PROVIDERS, REQUESTS, Case
from tests.stages.attempts import every_way
from tests.stages.talking import asking, attempt, chain, gateway, opening

BEFORE, AFTER = "Speak as our company speaks.", "Be brief."
LIMIT = 64
CHANGES = Changes(BEFORE, AFTER, max_output_tokens=LIMIT)


def sent(case: Case, *providers: str, changes: Changes, number: int = 1) -> bytes:
    targets = tuple(replace(target, changes=changes) for target in chain(*providers))
    talk = attempt(*opening(case, gateway(targets, max_retries=0), attempt=number))
    assert isinstance(talk.last, Continue)
    return case.request if talk.last.body is None else talk.last.body


@every_way
def test_an_attempt_sends_the_template_once(client: str, provider: str) -> None:
    body = sent(asking(client, stream=False), provider, changes=CHANGES)

    assert body.count(BEFORE.encode()) == body.count(AFTER.encode()) == 1


@every_way
def test_the_attempt_after_it_too(client: str, provider: str) -> None:
    first = "openai_chat" if provider != "openai_chat" else "anthropic_messages"

    body = sent(asking(client, stream=False), first, provider, changes=CHANGES, number=2)

    assert body.count(BEFORE.encode()) == body.count(AFTER.encode()) == 1


@every_way
def test_the_limit_of_the_answer_is_the_smaller_one(client: str, provider: str) -> None:
    case = asking(client, stream=False)
    asked = case.chat().max_output_tokens or LIMIT

    body = sent(case, provider, changes=CHANGES)

    assert f":{min(asked, LIMIT)}".encode() in body.replace(b": ", b":")


@pytest.mark.parametrize("case", REQUESTS, ids=str)
def test_without_changes_not_a_byte_differs(case: Case) -> None:
    if case.format not in PROVIDERS:
        pytest.skip("no provider of this format")
    edited = case.client.edit(case.asked(), UpstreamEdit("m0"))

    assert sent(case, case.format, changes=Changes()) == edited.body


def test_every_format_of_a_chat_can_be_amended() -> None:
    side = {name: made.client for name, made in FORMATS.items() if made.client is not None}
    plain = {name for name, client in side.items() if client.amend is no_injection}

    assert plain == {name for name in side if FORMATS[name].operation == "embeddings"}
