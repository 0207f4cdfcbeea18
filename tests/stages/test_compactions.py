"""Promises about compactions in chains of several vendors, through both stages."""

import json

import pytest

from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import Continue, Reply, RequestBody, RequestHead, ResponseBody, ResponseHead
from openclaw_extproc.stages.route.stage import RouteStage
from tests.stages.talking import BEGAN, Talk, delivered

ALSO = ("openai_responses", "openai_compactions")
OPENAI = Target(Provider("openai", "o", "openai_chat", "/v1", models=("m",), also=ALSO), "m")
CLAUDE = Target(Provider("claude", "c", "anthropic_messages", "/v1", models=("m",)), "m")
ASKED = {"model": "m", "input": [{"role": "user", "content": "Build it."}]}
OPENAIS = {"type": "compaction", "encrypted_content": "gAAAAopaque"}


def planned(path: str, body: object, *chain: Target) -> tuple[RequestHead, RequestBody, Continue | Reply]:
    gateway = Gateway(providers={target.provider.name: target.provider for target in chain}, chains={"m": chain})
    head = RequestHead({":method": "POST", ":path": path}, BEGAN)
    raw = RequestBody(json.dumps(body).encode(), BEGAN)
    last = Talk[RequestEntry](RouteStage(gateway, RuntimeState())).tell(head, raw).last
    assert isinstance(last, Continue | Reply)
    return head, raw, last


def sent(path: str, body: object, *chain: Target) -> tuple[Talk[AttemptEntry], Continue]:
    gateway = Gateway(providers={target.provider.name: target.provider for target in chain}, chains={"m": chain})
    head, raw, plan = planned(path, body, *chain)
    assert isinstance(plan, Continue), plan
    first = RequestHead(head.headers, BEGAN, cluster="o", metadata=plan.metadata)
    talk = Talk[AttemptEntry](AttemptStage(Snapshots(gateway))).tell(first, raw)
    assert isinstance(talk.last, Continue), talk.last
    return talk, talk.last


def test_alone_the_vendor_makes_its_own() -> None:
    _, step = sent("/v1/responses/compact", ASKED, OPENAI)

    assert step.set_headers[":path"] == "/v1/responses/compact"


def test_beside_another_vendor_it_is_a_summary_that_both_can_read() -> None:
    talk, step = sent("/v1/responses/compact", ASKED, OPENAI, CLAUDE)

    assert step.set_headers[":path"] == "/v1/chat/completions"
    said = {
        "id": "c",
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "It was built."}, "finish_reason": "stop"}
        ],
    }
    talk.tell(ResponseHead({":status": "200", "content-type": "application/json"}, BEGAN))
    talk.tell(ResponseBody(json.dumps(said).encode(), True, BEGAN))
    output = json.loads(delivered(talk))["output"]
    assert [item["type"] for item in output] == ["message", "compaction"]
    later = {"model": "m", "input": [*output, {"role": "user", "content": "Go on."}]}
    _, step = sent("/v1/responses", later, OPENAI, CLAUDE)
    assert b"It was built." in (step.body or b"")


def test_a_conversation_that_openai_compacted_stays_with_openai() -> None:
    """Also where another vendor comes first."""
    body = {"model": "m", "input": [OPENAIS, {"role": "user", "content": "Go on."}]}

    _, step = sent("/v1/responses", body, CLAUDE, OPENAI)

    assert json.loads(step.body or b"{}").get("input", body["input"]) == body["input"]
    assert step.set_headers[":path"] == "/v1/responses"


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/responses/compact"])
def test_where_nobody_can_open_it_the_error_says_what_it_is(path: str) -> None:
    _, _, refused = planned(path, {"model": "m", "input": [OPENAIS]}, CLAUDE)

    assert isinstance(refused, Reply)
    assert refused.status == 400
    assert b"compaction, which only the provider that made it can open" in refused.body
