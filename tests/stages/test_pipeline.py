"""What is known on the way of a request, however far it comes."""

from dataclasses import replace

from openclaw_extproc.callers import CallerRules
from openclaw_extproc.faults import FaultKind
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages import pipeline
from openclaw_extproc.wire import api_path_of
from tests.samples import CLIENTS
from tests.stages.talking import BEGAN, asking, chain, gateway

CASE = asking(CLIENTS[0], stream=True)
HEADERS = {
    ":path": f"{CASE.target}?key=sk-the-callers",
    "authorization": "Bearer sk-the-callers",
    "x-api-key": "sk-the-callers",
    "cookie": "sk-the-callers",
    "user-agent": "sdk/1",
}
ARRIVED = pipeline.IncomingRequest(HEADERS, api_path_of(HEADERS[":path"], HEADERS), CASE.request, BEGAN)


def test_policy_sees_headers_and_no_secret_in_them() -> None:
    known = pipeline.parse(ARRIVED, CallerRules())

    assert isinstance(known, pipeline.ParsedRequest)
    assert known.features.headers["user-agent"] == "sdk/1"
    assert "sk-the-callers" not in str(known.features)


def test_a_refusal_still_knows_what_was_asked() -> None:
    strict = replace(gateway(chain("openai_chat")), chains={})

    refused = pipeline.route(ARRIVED, lambda _: RuntimeState(), strict)

    assert isinstance(refused, pipeline.RejectedRequest)
    assert refused.fault.kind is FaultKind.NOT_FOUND
    assert refused.known is not None
    assert refused.known.ask.stream


def test_what_cannot_be_read_is_refused_without_features() -> None:
    refused = pipeline.route(replace(ARRIVED, body=b"{"), lambda _: RuntimeState(), gateway(chain("openai_chat")))

    assert isinstance(refused, pipeline.RejectedRequest)
    assert (refused.fault.kind, refused.known) == (FaultKind.MALFORMED, None)
