"""The ways through the attempt stage, and scripts of it."""

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.stages.entries import AttemptEntry
from openclaw_extproc.stages.events import Event, ResponseHead
from openclaw_extproc.wire import client_side
from openclaw_extproc.wire.streams import sse
from tests.samples import CLIENTS, PROVIDERS
from tests.stages.talking import BEGAN, Talk, answering, asking, chain, gateway, opening

WAYS = [(client, provider) for client in CLIENTS for provider in PROVIDERS]
TRANSLATED = [(client, provider) for client, provider in WAYS if client != provider]
SAME = [(client, provider) for client, provider in WAYS if client == provider]

every_way = pytest.mark.parametrize(("client", "provider"), WAYS)
every_translation = pytest.mark.parametrize(("client", "provider"), TRANSLATED)
every_same = pytest.mark.parametrize(("client", "provider"), SAME)
both_kinds = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
last_or_not = pytest.mark.parametrize("last", [True, False], ids=["last", "not-last"])


def begin(client: str, provider: str, *, stream: bool, last: bool = True) -> list[Event]:
    """Up to the sent request; `last`: nobody else is left to be asked."""
    targets = chain(provider) if last else chain(provider, provider)
    return opening(asking(client, stream=stream), gateway(targets, max_retries=0))


def good(provider: str, *, stream: bool) -> bytes:
    return answering(provider).answer(streamed=stream).replace(b"\r\n", b"\n")


def checked(talk: Talk[AttemptEntry]) -> Talk[AttemptEntry]:
    """What has to be true at the end of every script."""
    talk.check()
    assert talk.all_answered(), f"{len(talk.asked)} messages, {len(talk.answers)} answers"
    assert talk.over
    talk.hang_up()
    assert len(talk.entries) == 1
    return talk


def error_body(provider: str, kind: FaultKind) -> bytes:
    return client_side(provider).encode_error(Fault(kind, "words of the provider"))


def error_head(status: int, *, end: bool = False, **headers: str) -> ResponseHead:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ResponseHead({":status": str(status), "content-type": "application/json", **named}, BEGAN + 2.0, end)


def last_words(client: str) -> int:
    """How many events tell a client of this format that its stream broke off."""
    return len(sse.Reader().feed(client_side(client).encode_stream_error(Fault(FaultKind.BUG, "any"))))
