"""When the route stage says that Envoy has nothing more to ask. (`attempts.checked` says it of the attempt stage.)"""

from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages.events import Close, RequestBody, RequestHead, ResponseHead
from openclaw_extproc.stages.route.stage import RouteStage
from tests.samples import CLIENTS, PROVIDERS
from tests.stages.talking import BEGAN, asking, chain, gateway

GATEWAY = gateway(chain(PROVIDERS[0]))


def test_a_reply_ends_it() -> None:
    stage = RouteStage(GATEWAY, RuntimeState())

    waiting = stage.receive(RequestHead({":path": "/openai/v1/chat/completions", ":method": "POST"}, BEGAN))
    replied = stage.receive(RequestBody(b"{", BEGAN))

    assert (waiting.close, replied.close) == (None, Close.DONE)


def test_the_answers_head_ends_it() -> None:
    case = asking(CLIENTS[0], stream=True)
    stage = RouteStage(GATEWAY, RuntimeState())

    stage.receive(RequestHead({":path": case.target, ":method": "POST"}, BEGAN))
    waiting = stage.receive(RequestBody(case.request, BEGAN))
    answered = stage.receive(ResponseHead({":status": "200"}, BEGAN + 1))

    assert (waiting.close, answered.close) == (None, Close.DONE)
