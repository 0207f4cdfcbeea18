"""Both stages in one, for calls that Envoy has routed by itself: what meets the call is its first attempt.

    RequestHead, RequestBody   the route stage reads, decides and plans, as ever; the attempt stage sends
    the answer                 the attempt stage reads it; where it goes to the client, the route stage has its say

Envoy has only guessed where the call goes first. The stage decides all of it, by its own configuration: a call that is
refused is refused here, and one whose plan does not have this target is told to come again. What Envoy guesses wrong
costs a call, and never a rule. Later attempts get the plan from the first one, as from a route stage.
"""

from collections.abc import Callable, Mapping

import msgspec

from openclaw_extproc import plan as plans
from openclaw_extproc.callers import ANONYMOUS, CallerIdentity
from openclaw_extproc.frozen import dataclass, replace
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.model.json import without_mark
from openclaw_extproc.plan import Plan
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.exchange import entry
from openclaw_extproc.stages.attempt.failure_response import reply
from openclaw_extproc.stages.attempt.history import history
from openclaw_extproc.stages.attempt.retries import RETRY
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.attempt.upstream_request import MOST_ATTEMPTS, NO_PLAN, UNCONFIRMED_PLAN, BoundAttempt
from openclaw_extproc.stages.decoded_requests import DecodedRequests
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry
from openclaw_extproc.stages.events import (
    Answer,
    Close,
    Closed,
    Continue,
    Event,
    QuestionAnswered,
    Reply,
    RequestBody,
    RequestHead,
    ResponseHead,
    Step,
    To,
)
from openclaw_extproc.stages.fast_path.routes import FastRoute, route_or_why
from openclaw_extproc.stages.headers import RETRY_SOON
from openclaw_extproc.stages.pipeline import MAX_NAME_CHARS
from openclaw_extproc.stages.route.stage import RouteStage
from openclaw_extproc.stages.route.states import PlannedRequest
from openclaw_extproc.wire import USUAL, api_path_of

ENTERED = "entered"
"""In Envoy's metadata of a call: a stage has written its entry."""
REQUEST = "request"
"""In Envoy's metadata of a call on the fast path: what a plan does not say and the last word about the call needs."""
MODEL = "model"
"""Among the notes on a call on the fast path: the model, as Envoy has read it."""
_ATTEMPTS = "x-envoy-attempt-count"
_OF_THE_ATTEMPT = frozenset({":authority", _ATTEMPTS})
"""Headers that Envoy has changed or added for the attempt."""


@dataclass(frozen=True, slots=True)
class _Noted:
    """The record of a decision and whose it is, as later attempts get them."""

    record: DecisionRecord
    user: str
    identity: CallerIdentity


class CombinedStage:
    """One attempt, and on the fast path the request as well."""

    def __init__(
        self,
        snapshots: Snapshots,
        make_route: Callable[[DecodedRequests], RouteStage],
        decoded: DecodedRequests | None = None,
    ) -> None:
        """
        Args:
            snapshots: Say what the providers are that a plan names.
            make_route: Makes the route stage of a request, with the configuration in force; it leaves there what it
                decodes.
            decoded: The requests that a route stage has decoded in this process.
        """
        self._attempt = AttemptStage(snapshots, decoded)
        self._own = DecodedRequests(takes_marks=True)
        """The request of a call on the fast path, between its two stages."""
        self._gateway: Callable[[], Gateway] = lambda: snapshots.current.gateway
        self._make_route = make_route
        self._route: RouteStage | None = None
        """Of a call on the fast path."""
        self._head: RequestHead | None = None
        """Of a request whose plan is still to be made."""
        self._number = 1
        self._answer: ResponseHead | None = None
        self._is_told = False

    def took(self, seconds: float) -> None:
        if self._route is not None:
            self._route.took(seconds)

    def receive(self, event: Event) -> Step[AttemptEntry]:
        """As the stages do."""
        if self._route is not None:
            return self._on_call(self._route, event)
        if isinstance(event, RequestHead) and event.is_routed_by_envoy:
            return self._begin(event)
        return self._attempt.receive(event)

    def _begin(self, head: RequestHead) -> Step[AttemptEntry]:
        route = self._route = self._make_route(self._own)
        count = head.headers.get(_ATTEMPTS, "1")
        self._number = int(count) if count.isdecimal() else 1
        if "plan" in head.metadata:
            return self._go_on(route, head)
        if self._number > MOST_ATTEMPTS:
            return _refused(reply(NO_PLAN, USUAL))
        own = {name: value for name, value in head.headers.items() if name not in _OF_THE_ATTEMPT}
        step = route.receive(replace(head, headers=own))
        if step.entry is not None:
            return _refused(*step.answers, left=step.entry)
        self._head = head
        return Step((Continue(To.REQUEST_HEAD),), awaited_bytes=step.awaited_bytes)

    def _go_on(self, route: RouteStage, head: RequestHead) -> Step[AttemptEntry]:
        """With an attempt behind the first one, which has made the plan."""
        step = self._attempt.receive(head)
        if step.placed is not None:
            route.resume(*planned(step.placed.plan, head.metadata.get(REQUEST, "")))
        return step

    def _on_call(self, route: RouteStage, event: Event) -> Step[AttemptEntry]:
        if self._head is not None and isinstance(event, RequestBody):
            head, self._head = self._head, None
            return self._send(route, head, event)
        if self._head is not None:
            return self._before_plan(self._head, event)
        if isinstance(event, ResponseHead):
            self._answer = event
        step = self._attempt.receive(event)
        return step if self._is_told or not step.answers else self._with_last_word(route, step, event)

    def _before_plan(self, head: RequestHead, event: Event) -> Step[AttemptEntry]:
        """Nobody is there at the other end, or the client has left: the call is not over by that, or Envoy tells."""
        match event:
            case Closed(at, fault):
                plan = unplanned(head.headers, head.metadata.get(MODEL, ""), self._gateway())
                target = None if plan is None else plan.target(self._number, head.cluster)
                if plan is None or target is None:
                    return Step()
                plan = replace(plan, began=head.at)
                before = history(plan, self._number, head.metadata, head.at)
                bound = BoundAttempt(plan, self._number, target, head.headers, before, head.at, head.is_reused)
                return Step(entry=entry(bound, at, Outcome.NO_ANSWER, fault))
            case _:
                return self._attempt.receive(event)

    def _send(self, route: RouteStage, head: RequestHead, body: RequestBody) -> Step[AttemptEntry]:
        step = route.receive(body)
        while step.ask is not None:  # nothing asks on the fast path: a configuration that does has just come
            step = route.receive(QuestionAnswered(None, body.at))
        directives = step.answers[-1]
        if step.entry is not None or step.placed is None or not isinstance(directives, Continue):
            return _refused(*step.answers, left=step.entry)
        known = self._own.take(directives.metadata["plan"])
        plan = _as_envoy_goes(step.placed.plan, self._number, head.cluster)
        if plan is None or known is None:
            fault = reply(UNCONFIRMED_PLAN, step.placed.plan.client_format, RETRY_SOON)
            return self._told(route, Step((fault,), close=Close.DONE), body.at)
        (target,), before = plan.group(self._number), history(plan, self._number, head.metadata, head.at)
        bound = BoundAttempt(plan, self._number, target, head.headers, before, head.at, head.is_reused)
        raw = without_mark(known.body.raw)
        asked = known.body if raw is known.body.raw else replace(known.body, raw=raw)
        sent = self._attempt.send(bound, body, asked, known.ask)
        if sent.entry is not None:  # the request cannot be written for this provider
            return self._told(route, sent, body.at)
        *_, request = sent.answers
        assert isinstance(request, Continue), "nothing else sends a request"
        if asked is not known.body and request.body is None:
            request = replace(request, body=raw)
        said = _encoder.encode(_Noted(plan.record, plan.user, route.identity)).decode()
        text = {} if plan is step.placed.plan else {"plan": plans.write(plan)}
        noted, groups = {**directives.metadata, **text, REQUEST: said}, plan.groups if len(plan.groups) > 1 else ()
        return replace(sent, answers=(replace(request, metadata=noted, groups=groups),))

    def _with_last_word(self, route: RouteStage, step: Step[AttemptEntry], event: Event) -> Step[AttemptEntry]:
        """The same, with what the route stage says of an answer that goes to the client."""
        is_last = any(_is_for_client(answer) for answer in step.answers)
        return self._told(route, step, event.at) if is_last else step

    def _told(self, route: RouteStage, step: Step[AttemptEntry], at: float) -> Step[AttemptEntry]:
        self._is_told = True
        answers: list[Answer] = []
        left: RequestEntry | None = None
        for answer in step.answers:
            if not _is_for_client(answer):
                answers.append(answer)
                continue
            seen = self._as_route_stage_sees(answer)
            said = route.receive(ResponseHead(seen, at))
            left = said.entry
            answers.append(_merged(answer, said.answers[0]))
        return replace(step, answers=tuple(answers), request=left)

    def _as_route_stage_sees(self, answer: Answer) -> dict[str, str]:
        """The head of an answer as it would reach the listener's filters."""
        count = {_ATTEMPTS: str(self._number)}
        match answer:
            case Reply(status, headers):
                return {":status": str(status), **headers, **count}
            case Continue(_, headers, gone) if self._answer is not None:
                kept = {name: value for name, value in self._answer.headers.items() if name not in gone}
                return {**kept, **headers, **count}
            case _:
                raise AssertionError("the head of an answer, or an answer of ours")


def _is_for_client(answer: Answer) -> bool:
    match answer:
        case Reply():
            return True
        case Continue(To.RESPONSE_HEAD, headers):
            return RETRY not in headers
        case _:
            return False


def _merged(answer: Answer, said: Answer) -> Answer:
    """What the attempt stage changes in the head of an answer, and behind it what the route stage does."""
    assert isinstance(said, Continue), "the route stage lets every head go on"
    match answer:
        case Reply(headers=headers):
            kept = {name: value for name, value in headers.items() if name not in said.remove_headers}
            return replace(answer, headers={**kept, **said.set_headers})
        case Continue(_, headers, gone):
            kept = {name: value for name, value in headers.items() if name not in said.remove_headers}
            changed = {**kept, **said.set_headers}
            removed = tuple(dict.fromkeys((*gone, *said.remove_headers)))
            noted = {**answer.metadata, ENTERED: "1"}
            return replace(answer, set_headers=changed, remove_headers=removed, metadata=noted)
        case _:
            raise AssertionError("the head of an answer, or an answer of ours")


def _as_envoy_goes(plan: Plan, attempt: int, cluster: str) -> Plan | None:
    """The plan with this cluster at this attempt, alone; `None`: it is not planned to go there at all.

    It is planned for another one only for as long as Envoy takes to hear that a provider fails.
    """
    if [target.provider.cluster for target in plan.group(attempt)] == [cluster]:
        return plan
    for group in plan.groups:
        if found := next((target for target in group if target.provider.cluster == cluster), None):
            others = tuple(one for one in plan.groups if one is not group)
            before = (*others, *((found,),) * attempt)[: attempt - 1]
            return replace(plan, groups=(*before, (found,), *others[attempt - 1 :]))
    return None


def unplanned(headers: Mapping[str, str], model: str, gateway: Gateway) -> Plan | None:
    """The plan that a call would have had whose body nobody has seen; `None`: it would have taken another way.

    `headers`: its path, its method and its id. `model`: as Envoy has read it.
    """
    spoken = api_path_of(headers.get(":path", ""))
    route = route_or_why(model, spoken.format, gateway) if spoken.served else ""
    if not isinstance(route, FastRoute):
        return None
    record = replace(route.plan.record, input_tokens=0, cost_usd=None)  # nobody has counted
    return replace(route.plan, request_id=headers.get("x-request-id", "")[:MAX_NAME_CHARS], record=record)


def _refused(*answers: Answer, left: RequestEntry | None = None) -> Step[AttemptEntry]:
    return Step(answers, close=Close.DONE, request=left)


def planned(plan: Plan, request: str) -> tuple[PlannedRequest, CallerIdentity]:
    """What the route stage knew when the plan was made, as far as that can be read.

    Args:
        plan: As it was read.
        request: What is noted under `REQUEST`.
    """
    try:
        noted = _decoder.decode(request)
    except msgspec.MsgspecError:
        return PlannedRequest(plan, "", 0.0), ANONYMOUS
    return PlannedRequest(replace(plan, record=noted.record), noted.user, 0.0), noted.identity


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Noted)
