"""Promises about requests that are decoded once: an attempt in the same process sends what it would have sent with the
body, and one that does not find its request asks for the body."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

import pytest

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.model.json import BYTE_ORDER_MARK
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.decoded_requests import MAX_BODY_BYTES, MAX_BYTES, DecodedRequest, DecodedRequests
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import Continue, RequestBody, RequestHead, To
from openclaw_extproc.stages.route.stage import RouteStage
from openclaw_extproc.wire.base import ClientRequest
from tests.samples import CASES, Case, asker
from tests.stages.attempts import both_kinds, error_body, error_head, every_way, good
from tests.stages.talking import (
    BEGAN,
    Talk,
    answer_head,
    asking,
    chain,
    chunks,
    gateway,
    head,
    received,
)

REQUESTS = [case for case in CASES if (case.folder / "request.json").exists()]


def numbers() -> Iterator[str]:
    return (f"id-{number}" for number in count())


@dataclass
class Process:
    """Both stages with one table of requests between them."""

    gateway: Gateway
    decoded: DecodedRequests = field(init=False)

    def __post_init__(self) -> None:
        ids = numbers()
        self.decoded = DecodedRequests(lambda: next(ids))

    def route(self, case: Case, body: bytes | None = None) -> Talk[RequestEntry]:
        talk = Talk[RequestEntry](RouteStage(self.gateway, RuntimeState(), decoded=self.decoded))
        return talk.tell(head(case), RequestBody(case.request if body is None else body, BEGAN + 0.5))

    def attempt(self, planned: Talk[RequestEntry], case: Case, number: int = 1) -> Talk[AttemptEntry]:
        stage = AttemptStage(Snapshots(self.gateway), self.decoded)
        return Talk[AttemptEntry](stage).tell(attempt_head(planned, case, number))


def attempt_head(planned: Talk[RequestEntry], case: Case, number: int = 1) -> RequestHead:
    assert isinstance(planned.last, Continue), planned.last
    cluster = planned.last.groups[number - 1][0].provider.cluster
    headers = {**head(case).headers, "x-envoy-attempt-count": str(number)}
    metadata = planned.last.metadata
    return RequestHead(headers, BEGAN + number, cluster=cluster, metadata=metadata, takes_whole=True)


def asks_for_body(talk: Talk[AttemptEntry]) -> bool:
    return talk.last == Continue(To.REQUEST_HEAD)


@every_way
@both_kinds
def test_an_attempt_of_the_same_process_sends_the_same_without_the_body(
    client: str, provider: str, *, stream: bool
) -> None:
    case = asking(client, stream=stream)
    here = Process(gateway(chain(provider)))
    planned = here.route(case)

    known = here.attempt(planned, case).last
    elsewhere = Talk[AttemptEntry](AttemptStage(Snapshots(here.gateway)))
    elsewhere.tell(attempt_head(planned, case), RequestBody(case.request, BEGAN + 1))

    assert isinstance(known, Continue)
    assert known.is_whole
    assert replace(known, to=To.REQUEST_BODY, is_whole=False) == elsewhere.last


@pytest.mark.parametrize("case", REQUESTS, ids=str)
@pytest.mark.parametrize("provider", ["openai_chat", "anthropic_messages", "gemini"])
def test_every_request_is_sent_or_refused_alike(case: Case, provider: str) -> None:
    here = Process(gateway(chain(provider)))
    planned = here.route(case)
    if not isinstance(planned.last, Continue):
        return

    known = here.attempt(planned, case)
    elsewhere = Talk[AttemptEntry](AttemptStage(Snapshots(here.gateway)))
    elsewhere.tell(attempt_head(planned, case), RequestBody(case.request, BEGAN + 1))

    said = known.last
    alike = replace(said, to=To.REQUEST_BODY, is_whole=False) if isinstance(said, Continue) else said
    assert alike == elsewhere.last
    assert known.entries == elsewhere.entries


def test_the_answer_goes_the_same_way() -> None:
    case = asking("openai_chat", stream=False)
    here = Process(gateway(chain("anthropic_messages")))

    talk = here.attempt(here.route(case), case)
    talk.tell(answer_head(streamed=False), *chunks(good("anthropic_messages", stream=False)))

    assert received(talk).status == 200
    assert talk.entry.target.provider.format == "anthropic_messages"


def test_the_call_counts_at_its_target_from_its_head_on() -> None:
    case = asking("openai_chat", stream=False)
    here = Process(gateway(chain("openai_chat")))

    step = here.attempt(here.route(case), case).step

    assert step.placed is not None
    assert [target.provider.format for target in step.placed.targets] == ["openai_chat"]


def test_a_fallback_needs_no_body_either() -> None:
    case = asking("openai_chat", stream=False)
    here = Process(gateway(chain("openai_chat", "anthropic_messages")))
    planned = here.route(case)
    here.attempt(planned, case).tell(error_head(503), *chunks(error_body("openai_chat", FaultKind.OVERLOADED)))

    second = here.attempt(planned, case, 2)

    assert isinstance(second.last, Continue)
    assert second.last.is_whole
    assert second.last.body is not None


# -- who does not find it ----------------------------------------------------------------------


def test_a_plan_that_an_attempt_has_changed_is_read_as_it_is() -> None:
    """Who must not be asked is not in it any more, but it is in the plan that is kept."""
    case = asking("openai_chat", stream=False)
    targets = chain("openai_chat", "openai_chat", "anthropic_messages")
    same = replace(targets[1], provider=targets[0].provider)
    here = Process(gateway((targets[0], same, targets[2])))
    planned = here.route(case)
    first = here.attempt(planned, case).tell(error_head(401), *chunks(b"{}"))
    changed = first.last_head
    assert "plan" in changed.metadata

    last = planned.last
    assert isinstance(last, Continue)
    metadata = {**last.metadata, **changed.metadata}
    cluster = targets[2].provider.cluster
    headers = {**head(case).headers, "x-envoy-attempt-count": "2"}
    second = Talk[AttemptEntry](AttemptStage(Snapshots(here.gateway), here.decoded))
    second.tell(RequestHead(headers, BEGAN + 2, cluster=cluster, metadata=metadata, takes_whole=True))

    assert asks_for_body(second)


def test_nobody_else_finds_it() -> None:
    """Whoever sends a plan of another process, or makes one up, gets what its text says and nothing that is here."""
    case = asking("openai_chat", stream=False)
    here, elsewhere = (Process(gateway(chain("openai_chat"))) for _ in range(2))
    here.decoded.new_id = lambda: "another"

    assert asks_for_body(here.attempt(elsewhere.route(case), case))


def test_a_request_of_an_earlier_configuration_is_read_by_its_text() -> None:
    case = asking("openai_chat", stream=False)
    here = Process(replace(gateway(chain("openai_chat")), generation="before"))
    planned = here.route(case)
    here.gateway = replace(here.gateway, generation="now")

    assert asks_for_body(here.attempt(planned, case))


def test_it_is_forgotten_when_the_answer_begins_and_when_the_client_leaves() -> None:
    case = asking("openai_chat", stream=False)
    here = Process(gateway(chain("openai_chat")))
    answered, left = here.route(case), here.route(case)
    assert len(here.decoded) == 2

    answered.tell(answer_head(streamed=False))
    left.hang_up()

    assert len(here.decoded) == 0
    assert asks_for_body(here.attempt(left, case))


def test_an_envoy_that_would_send_it_in_chunks_is_asked_for_the_body() -> None:
    """One with a clusters file of an earlier version."""
    case = asking("openai_chat", stream=False)
    here = Process(gateway(chain("openai_chat")))
    first = replace(attempt_head(here.route(case), case), takes_whole=False)

    assert asks_for_body(Talk[AttemptEntry](AttemptStage(Snapshots(here.gateway), here.decoded)).tell(first))


def test_a_body_with_a_byte_order_mark_is_asked_for() -> None:
    """No provider has to know the mark, so another body goes out than came in."""
    case = asking("openai_chat", stream=False)
    here = Process(gateway(chain("openai_chat")))

    assert asks_for_body(here.attempt(here.route(case, BYTE_ORDER_MARK + case.request), case))


def request(size: int) -> DecodedRequest:
    plan = Plan(
        "r", "openai_chat", "/v1/chat/completions", "", "m", (), 0.0, 1, gateway(()).timeouts, Gateway().emergency
    )
    return DecodedRequest(plan, ClientRequest("/", "", b" " * size, {}), asker(stream=False))


def test_long_bodies_are_not_kept_and_all_together_are_bounded() -> None:
    table = DecodedRequests()

    table.put("long", request(MAX_BODY_BYTES + 1))
    assert len(table) == 0

    most = MAX_BYTES // MAX_BODY_BYTES
    for number in range(most + 3):
        table.put(f"{number}", request(MAX_BODY_BYTES))
    assert len(table) == most
    assert table.find("2", "") is None
    assert table.find("3", "") is not None

    for number in range(most + 3):
        table.forget(f"{number}")
    table.put("again", request(MAX_BODY_BYTES))
    assert len(table) == 1
