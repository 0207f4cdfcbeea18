"""Envoy's guess is right: what it routes by itself goes where the route stage would have sent it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openclaw_extproc.callers import CallerRules, Client
from openclaw_extproc.faults import FaultError
from openclaw_extproc.features import Declarations
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.policy.decide import decide
from openclaw_extproc.policy.runtime_state import RuntimeState, SessionState
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.entries import AttemptEntry, Outcome
from openclaw_extproc.stages.events import (
    Closed,
    Continue,
    Event,
    Reply,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
    Step,
    To,
)
from openclaw_extproc.stages.fast_path.combined import ENTERED, MODEL, REQUEST, CombinedStage, unplanned
from openclaw_extproc.stages.fast_path.routes import (
    MAX_BODY_BYTES,
    MAX_OUTPUT_TOKENS,
    FastRoute,
    fast_path,
    formats,
    paths,
    route_or_why,
    why_no_fast_path,
    why_two_stages,
)
from openclaw_extproc.stages.pipeline import IncomingRequest
from openclaw_extproc.stages.route.stage import RouteStage
from openclaw_extproc.strategy import Affinity, CostCentre, Level, Levels, Strategy
from openclaw_extproc.wire import api_path_of
from tests.config.loading import settings as loaded
from tests.policy.random_cases import Case
from tests.policy.test_fixed_chain import DEPENDING, asking_again, moments, plain
from tests.stages.talking import BEGAN

PATH = "/v1/chat/completions"
PROVIDERS = """
model:
  providers:
    - {name: one, format: openai_chat, models: [alone, first], endpoint: 'http://127.0.0.1:1', api_key: '${KEY}'}
    - {name: two, format: openai_chat, models: [second], endpoint: 'http://127.0.0.1:2', api_key: '${KEY}'}
    - {name: far, format: anthropic_messages, models: [foreign], endpoint: 'http://127.0.0.1:3', api_key: '${KEY}'}
"""
CHAINS = "fallbacks: {first: [second]}"


def gateway(strategy: str = "", more: str = "") -> Gateway:
    routing = ", ".join(filter(None, (CHAINS, strategy)))
    return loaded(
        f"gateway: {{routing_strategy: {{{routing}}}, {more or 'fast_path: true'}}}\n"
        + PROVIDERS.replace("KEY", "OPENAI_API_KEY")
    ).gateway


def route(model: str, of: Gateway) -> FastRoute:
    found = route_or_why(model, "openai_chat", of)
    assert isinstance(found, FastRoute), found
    return found


# -- which models ------------------------------------------------------------------------


def test_a_plain_configuration_has_all_of_its_models_there() -> None:
    found = fast_path(gateway())

    assert {(one.model, one.clusters) for one in found.routes if one.client_format == "openai_chat"} == {
        ("alone", ("one",) * 3), ("first", ("one", "two")), ("second", ("two",) * 3), ("foreign", ("far",) * 3),
    }  # fmt: skip
    assert {one.client_format for one in found.routes} == set(formats())


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("fast_path: false", "gateway.fast_path is false, or gateway.on_sidecar_failure is set"),
        (
            "fast_path: true, on_sidecar_failure: passthrough",
            "gateway.fast_path is false, or gateway.on_sidecar_failure is set",
        ),
    ],
)
def test_what_concerns_all_calls_keeps_all_calls_from_it(more: str, why: str) -> None:
    of = gateway(more=more)

    assert why_no_fast_path(of) == why
    assert fast_path(of).routes == ()


def test_callers_that_are_identified_are_looked_at_by_the_route_stage() -> None:
    of = replace(gateway(), callers=CallerRules(clients={"a": Client("a", api_keys=("KEY",))}))

    assert fast_path(of).why_not == "callers are identified"


@pytest.mark.parametrize(
    ("strategy", "why"),
    [
        (Strategy(affinity=Affinity()), "sessions keep their target"),
        (Strategy(users={"ann": "second"}), "users have settings of their own"),
        (Strategy(levels=Levels(session=Level("session", "second"))), "sessions have settings of their own"),
        (Strategy(cost_centres={"lab": CostCentre(max_cost_usd=1.0)}), "cost centres"),
    ],
)
def test_what_follows_the_caller_keeps_all_calls_from_it(strategy: Strategy, why: str) -> None:
    of = replace(gateway(), strategy=strategy)

    assert why_no_fast_path(of) == why
    assert fast_path(of).routes == ()


@pytest.mark.parametrize("why", DEPENDING)
def test_what_a_decision_looks_at_keeps_a_model_from_it(why: str) -> None:
    """Rules, budgets, experiments, compliance and tiers, where they have a say in a model that was asked for."""
    of = replace(gateway(), strategy=DEPENDING[why])

    assert route_or_why("alone", "openai_chat", of) == why
    assert all(one.model != "alone" for one in fast_path(of).routes)


def test_a_model_left_to_the_gateway_is_not_there() -> None:
    assert route_or_why("auto", "openai_chat", gateway()) == "the model is left to the gateway"
    assert route_or_why("nobody's", "openai_chat", gateway()) == "the model is left to the gateway"


def test_a_first_target_that_can_less_than_another_is_not_asked_unseen() -> None:
    of = gateway()
    less = replace(of, catalog={"one/first": replace(of.facts(of.chains["first"][0]), lacks=frozenset({"vision"}))})
    small = replace(of, catalog={"one/first": replace(of.facts(of.chains["first"][0]), window=8_000)})

    assert "capabilities that one/first has not: vision" in str(route_or_why("first", "openai_chat", less))
    assert route_or_why("first", "openai_chat", small) == "the context window of one/first is small"


@settings(max_examples=max(300, settings().max_examples))
@given(st.integers(0, 2**64))
def test_the_first_target_is_the_one_that_would_be_decided(seed: int) -> None:
    """For every ordinary request, while the first target is well: whoever is behind it."""
    case = Case(seed)
    drawn = case.gateway()
    model = case.one(*drawn.chains)
    made = plain(case, drawn, model)
    found = route_or_why(model, "openai_chat", made)
    if why_no_fast_path(made) or isinstance(found, str):
        return
    well = {found.first.name, found.first.provider.name}

    for _, now in zip(range(12), moments(case), strict=False):
        drawn_request = asking_again(case, model)
        said = Declarations(drawn_request.declared.session if found.is_alone else "", drawn_request.declared.user)
        output = drawn_request.output_tokens if not found.needs_short_output else 50
        features = replace(
            drawn_request, model=model, client_format="openai_chat", operation="chat", declared=said,
            reasoning_effort="", output_tokens=output,
        )  # fmt: skip
        credential = found.first.provider.identity
        calm = replace(
            now,
            unhealthy=now.unhealthy - well,
            without_address=now.without_address - well,
            missing_credentials=now.missing_credentials - {credential},
            remembered=SessionState(),  # there is no session, or nobody else who could have answered it
        )
        try:
            decision = decide(features, calm, made)
        except FaultError:
            continue
        assert [target.name for target in decision.groups[0]] == [found.first.name], decision.record.because


# -- which requests ----------------------------------------------------------------------


def why(of: Gateway, model: str = "alone", headers: dict[str, str] | None = None, **body: Json) -> str:
    asked: dict[str, Json] = {"model": model, "messages": [{"role": "user", "content": "Hi."}], **body}
    head = {":method": "POST", ":path": PATH, "content-type": "application/json", **(headers or {})}
    return why_two_stages(IncomingRequest(head, api_path_of(head[":path"]), j.dump(asked), BEGAN), of)


def test_an_ordinary_request_takes_it() -> None:
    of = gateway()

    assert why(of) == why(of, "first") == why(of, stream=True) == why(of, temperature=0.5, max_tokens=100) == ""
    assert why(of, user="ada", stream=True, max_tokens=100_000) == "", "one target, and a stream"


@pytest.mark.parametrize(
    ("model", "headers", "body", "reason"),
    [
        ("alone", {"x-openclaw-user": "ada"}, {}, "the request has the header x-openclaw-user"),
        ("alone", {"content-type": "text/plain"}, {}, "the content-type is not application/json"),
        ("first", {"x-session-id": "s"}, {}, "the request has the header x-session-id"),
        ("first", {}, {"user": "ada"}, "the body has the field user"),
        ("first", {}, {"metadata": {"user_id": "ada"}}, "the body has the field metadata.user_id"),
        ("alone", {}, {"reasoning_effort": "high"}, "the body has the field reasoning_effort"),
        ("alone", {}, {"max_tokens": MAX_OUTPUT_TOKENS + 1}, f"max_tokens is more than {MAX_OUTPUT_TOKENS:,}"),
        ("alone", {}, {"stop": "x" * MAX_BODY_BYTES}, f"the body has more than {MAX_BODY_BYTES:,} bytes"),
        ("nobody's", {}, {}, "the model is left to the gateway"),
        ("auto", {}, {}, "the model is left to the gateway"),
    ],
)  # fmt: skip
def test_a_request_that_is_not_ordinary_says_why(
    model: str, headers: dict[str, str], body: dict[str, Json], reason: str
) -> None:
    assert why(gateway(), model, headers, **body) == reason


def test_its_paths_are_those_that_the_path_alone_tells() -> None:
    for client_format in formats():
        for path in paths(client_format):
            assert (api_path_of(path).format, api_path_of(path).served) == (client_format, True)


# -- what the stage does -----------------------------------------------------------------


class Talk:
    """The stage of one attempt, and what it said."""

    def __init__(self, of: Gateway, now: RuntimeState | None = None) -> None:
        self._stage = CombinedStage(
            Snapshots(of), lambda decoded: RouteStage(of, now or RuntimeState(), decoded=decoded)
        )
        self.steps: list[Step[AttemptEntry]] = []

    def tell(self, *events: Event) -> "Talk":
        self.steps += [self._stage.receive(event) for event in events]
        return self

    @property
    def last(self) -> Step[AttemptEntry]:
        return self.steps[-1]

    @property
    def request(self) -> Continue:
        (said,) = self.steps[1].answers
        assert isinstance(said, Continue)
        return said


def head(cluster: str = "one", model: str = "first", attempt: int = 1, **noted: str) -> RequestHead:
    headers = {
        ":method": "POST", ":path": PATH, ":authority": "api.anthropic.com", "content-type": "application/json",
        "x-request-id": "r-1", "authorization": "Bearer theirs", "x-envoy-attempt-count": str(attempt),
    }  # fmt: skip
    return RequestHead(headers, BEGAN, cluster=cluster, metadata={MODEL: model, **noted}, is_routed_by_envoy=True)


def body(model: str = "first") -> RequestBody:
    return RequestBody(j.dump({"model": model, "messages": [{"role": "user", "content": "Hi."}]}), BEGAN + 0.1)


def answered(model: str) -> list[Event]:
    message: dict[str, Json] = {"role": "assistant", "content": "Hello."}
    choice: dict[str, Json] = {"index": 0, "message": message, "finish_reason": "stop"}
    whole: dict[str, Json] = {"id": "a", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
    headers = {":status": "200", "content-type": "application/json"}
    return [ResponseHead(headers, BEGAN + 1), ResponseBody(j.dump(whole), True, BEGAN + 2)]


def failed(status: str = "503") -> list[Event]:
    return [ResponseHead({":status": status, "content-type": "application/json"}, BEGAN + 1, end=True)]


def test_one_stage_does_the_work_of_both() -> None:
    """It plans as for its cluster, notes the plan for later attempts, and writes both entries."""
    talk = Talk(gateway()).tell(head(), body())

    assert talk.request.to is To.REQUEST_BODY
    assert [group[0].provider.name for group in talk.request.groups] == ["one", "two"]
    assert "authorization" not in talk.request.remove_headers or talk.request.credential is not None
    assert {"plan", REQUEST, "request_id", "family"} <= talk.request.metadata.keys()

    talk.tell(*failed())
    assert talk.last.request is None, "there is another attempt"
    assert talk.last.entry is not None


def test_an_attempt_behind_the_first_has_the_last_word() -> None:
    first = Talk(gateway()).tell(head(), body())
    noted = dict(first.request.metadata)
    second = Talk(gateway()).tell(
        head("two", attempt=2, plan=noted["plan"], **{REQUEST: noted[REQUEST]}), body(), *answered("second")
    )

    entry = second.last.request
    assert entry is not None
    assert (entry.status, entry.attempts, entry.provider, entry.request_id) == (200, 2, "two", "r-1")
    assert entry.record is not None
    assert entry.record.because, "the whole record came along"
    answer = next(one for one in second.last.answers if isinstance(one, Continue))
    assert answer.set_headers["x-openclaw-attempts"] == "2"
    assert answer.metadata[ENTERED] == "1"


def test_what_is_refused_is_refused_here() -> None:
    talk = Talk(gateway()).tell(head(model="nobody's"), body("nobody's"))

    (answer,) = talk.last.answers
    assert isinstance(answer, Reply)
    assert answer.status == 404
    assert talk.last.request is not None
    assert talk.last.request.status == 404


def test_a_target_that_is_not_planned_gets_nothing() -> None:
    """Envoy read another model than the one in the body, as where a field is there twice."""
    talk = Talk(gateway()).tell(head("far", "foreign"), body("alone"))

    (answer,) = talk.last.answers
    assert isinstance(answer, Reply)
    assert (answer.status, answer.headers["x-should-retry"]) == (503, "true")


def test_while_envoy_has_not_heard_the_call_goes_where_it_was_sent() -> None:
    """The first target is failing, and the second one is planned behind it."""
    talk = Talk(gateway(), RuntimeState(unhealthy=frozenset({"one"}))).tell(head(), body())

    assert [group[0].provider.name for group in talk.request.groups] == ["one", "two"]
    noted = talk.request.metadata
    second = Talk(gateway()).tell(head("two", attempt=2, plan=noted["plan"]), body())
    assert isinstance(second.last.answers[0], Continue), "the plan that it reads is the one that is followed"


def test_an_attempt_whose_predecessor_never_connected_makes_the_plan() -> None:
    gone = Talk(gateway()).tell(head(), Closed(BEGAN + 0.01))
    second = Talk(gateway()).tell(head("two", attempt=2), body())

    assert gone.last.entry is not None
    assert (gone.last.entry.outcome, gone.last.entry.target.name) == (Outcome.NO_ANSWER, "one/first")
    assert gone.last.request is None
    assert isinstance(second.last.answers[0], Continue)
    second.tell(*failed("400"))
    assert second.last.request is not None
    assert second.last.request.reasons == ("one:connection",)


def test_a_call_that_nobody_saw_has_the_plan_of_its_model() -> None:
    found = unplanned({":path": f"{PATH}?a=b", "x-request-id": "r-9"}, "first", gateway())

    assert found is not None
    assert (found.request_id, found.asked_model, len(found.groups)) == ("r-9", "first", 2)
    assert unplanned({":path": "/v1/files"}, "first", gateway()) is None
    assert unplanned({":path": PATH}, "auto", gateway()) is None
