"""Promises about compressed requests: read as if they were plain, sent on plain, and bounded by what comes out."""

import gzip
import sys
import zlib
from collections.abc import Callable

import pytest

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages.entries import RequestEntry
from openclaw_extproc.stages.events import Continue, Reply, RequestBody, RequestHead
from openclaw_extproc.stages.route import request_checks
from openclaw_extproc.stages.route.stage import RouteStage
from openclaw_extproc.wire.streams.content_encoding import KNOWN_CODINGS, brotli
from tests.samples import CLIENTS
from tests.stages.talking import BEGAN, Received, Talk, asking, chain, gateway, head, is_error_of, plan_read, routed
from tests.stages.test_shortened import SECRET, summarizing, turns
from tests.wire.test_shortening import PATHS, body_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
every_client = pytest.mark.parametrize("client", CLIENTS)
every_packing = pytest.mark.parametrize("name", PACKERS)


EVERYBODY = chain("openai_chat", "anthropic_messages", "gemini")


def sent(client: str, body: bytes, encoding: str) -> Talk[RequestEntry]:
    case = asking(client, stream=False)
    headers = {"content-encoding": encoding}
    return routed(case, gateway(EVERYBODY), body=body, headers=headers)


def cut(packed: bytes) -> bytes:
    return packed[: len(packed) // 2]


def mislead(packed: bytes) -> bytes:
    return b"garbage" + packed


def swap(_: bytes) -> bytes:
    return b"{}"


def refusal(client: str, talk: Talk[RequestEntry]) -> Reply:
    reply = talk.last
    assert isinstance(reply, Reply)
    assert is_error_of(client, Received(reply.status, reply.headers, reply.body))
    return reply


@every_client
@every_packing
def test_it_is_planned_as_if_it_were_plain_and_goes_on_plain(client: str, name: str) -> None:
    plain = asking(client, stream=False).request

    talk = sent(client, PACKERS[name](plain), name)

    answer = talk.last
    assert isinstance(answer, Continue)
    assert answer.body == plain
    assert answer.set_headers["content-length"] == str(len(plain))
    assert "content-encoding" in answer.remove_headers
    same = routed(asking(client, stream=False), gateway(EVERYBODY))
    assert plan_read(talk).groups == plan_read(same).groups


def test_a_plain_body_is_left_to_envoy() -> None:
    answer = sent("openai_chat", asking("openai_chat", stream=False).request, "identity").last

    assert isinstance(answer, Continue)
    assert answer.body is None


@every_client
@every_packing
def test_a_bomb_is_too_large(client: str, name: str) -> None:
    bomb = PACKERS[name](bytes(request_checks.MAX_BODY_BYTES + 1))
    assert len(bomb) < request_checks.MAX_BODY_BYTES // 100

    assert refusal(client, sent(client, bomb, name)).status == FaultKind.TOO_LARGE.status


@every_client
@every_packing
@pytest.mark.parametrize("spoil", [cut, mislead, swap])
def test_what_is_not_what_its_head_says_is_refused(client: str, name: str, spoil: Callable[[bytes], bytes]) -> None:
    packed = PACKERS[name](asking(client, stream=False).request)

    assert refusal(client, sent(client, spoil(packed), name)).status == FaultKind.MALFORMED.status


@every_client
@pytest.mark.parametrize("encoding", ["compress", "gzip, br", "snappy"])
def test_an_unknown_encoding_is_refused_at_the_head_with_those_that_are_known(client: str, encoding: str) -> None:
    case = asking(client, stream=False)

    talk = Talk[RequestEntry](RouteStage(gateway(chain("openai_chat")), RuntimeState()))
    reply = refusal(client, talk.tell(head(case, headers={"content-encoding": encoding})))

    assert (reply.status, reply.headers["accept-encoding"]) == (415, ", ".join(KNOWN_CODINGS))


def test_what_was_unpacked_counts_while_a_question_is_asked() -> None:
    """A few KiB would otherwise keep 32 MiB each for as long as a summary takes."""
    stage = RouteStage(summarizing(), RuntimeState(), secret=SECRET)
    plain = j.dump(body_of("openai_chat", *turns(30)))
    headers = {":method": "POST", ":path": PATHS["openai_chat"], "content-type": "application/json"}
    request = RequestHead({**headers, "content-encoding": "gzip"}, BEGAN)

    talk = Talk[RequestEntry](stage).tell(request, RequestBody(gzip.compress(plain), BEGAN))

    assert talk.step.ask is not None
    assert talk.step.kept_bytes == 2 * len(plain), "the body, and what was read of it"
