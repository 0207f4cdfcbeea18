"""`explain` never lies: what it tells is what both stages do with the same request."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from openclaw_extproc.explain.explanation import Explanation, ask, explain
from openclaw_extproc.gateway import Gateway, ResponseHeaders
from openclaw_extproc.model import json as j
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages.events import Continue, Reply, ResponseHead
from tests.samples import CLIENTS, PROVIDERS, REQUESTS, Case
from tests.stages.talking import BEGAN, asking, attempt, chain, gateway, opening, plan_read, routed

HEADERS = {"x-openclaw-user": "ada", "authorization": "Bearer sk-the-callers"}
NOTHING = frozenset({"KEY"})


def explained(case: Case, of: Gateway, situation: RuntimeState | None = None) -> Explanation:
    asked = ask(case.request, HEADERS, path=case.target, at=BEGAN)
    return explain(asked, situation or RuntimeState(), of)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_plan_and_the_first_request_are_those_that_go_out(client: str, provider: str) -> None:
    case, of = asking(client, stream=True), gateway(chain(provider, "openai_chat"))

    made = explained(case, of)
    planned = routed(case, of, headers=HEADERS)
    plan = plan_read(planned)
    sent = attempt(*opening(case, of, headers=HEADERS)).last

    assert made.plan is not None
    assert made.sending is not None
    shown = [[(s.provider, s.model, s.weight) for s in group] for group in made.plan.attempts]
    assert shown == [[(t.provider.name, t.model, t.weight) for t in group] for group in plan.groups]
    assert made.plan.attempt_timeout_ms == plan.attempt_timeout_ms
    assert isinstance(sent, Continue)
    assert sent.set_headers[":path"].partition("?")[0] == (made.sending.path or "").partition("?")[0]
    assert made.sending.bytes == len(case.request if sent.body is None else sent.body)
    assert made.sending.translated is (client != provider)


@pytest.mark.parametrize("case", REQUESTS, ids=str)
def test_a_refusal_is_the_one_the_client_gets(case: Case) -> None:
    of, situation = gateway(chain("openai_chat")), RuntimeState(missing_credentials=NOTHING)

    made = explained(case, of, situation)
    reply = routed(case, of, headers=HEADERS, situation=situation).last

    assert made.outcome == "refused"
    assert made.refusal is not None
    assert isinstance(reply, Reply)
    assert (made.refusal.status, made.refusal.body) == (reply.status, j.parse(reply.body, where="reply"))


@pytest.mark.parametrize("how", ["all", "minimal", "off"])
def test_the_headers_are_those_of_the_answer(how: ResponseHeaders) -> None:
    case, of = asking(CLIENTS[0], stream=True), replace(gateway(chain("openai_chat")), response_headers=how)

    made = explained(case, of)
    last = routed(case, of, headers=HEADERS).tell(_answered(of)).last

    assert isinstance(last, Continue)
    not_of_the_decision = {"x-openclaw-attempts", "x-openclaw-request-id"}
    assert made.headers == {k: v for k, v in last.set_headers.items() if k not in not_of_the_decision}


def _answered(of: Gateway) -> ResponseHead:
    first = next(iter(of.chains.values()))[0]
    said: Mapping[str, str] = {"x-openclaw-provider": first.provider.name, "x-openclaw-model": first.model}
    return ResponseHead({":status": "200", **said}, BEGAN + 1)


def test_no_credential_is_told() -> None:
    made = explained(asking(CLIENTS[0], stream=True), gateway(chain("openai_chat")))

    assert "sk-the-callers" not in str(made)
