"""Promises of the route stage, told as scripts."""

from dataclasses import replace

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.features.declared import TIER_WORDS
from openclaw_extproc.gateway import AUTO, Gateway
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages.entries import RequestEntry
from openclaw_extproc.stages.events import Closed, Continue, Event, Reply, RequestBody, RequestHead, ResponseHead, To
from openclaw_extproc.stages.pipeline import MAX_NAME_CHARS
from openclaw_extproc.stages.route import request_checks
from openclaw_extproc.stages.route.stage import RouteStage
from tests.samples import CLIENTS, REQUESTS
from tests.stages.talking import BEGAN, Received, Talk, asking, chain, gateway, head, is_error_of, plan_read, routed

every_client = pytest.mark.parametrize("client", CLIENTS)
EVERYBODY = chain(*CLIENTS)

ANSWERED = {
    ":status": "200",
    "x-envoy-attempt-count": "2",
    "x-openclaw-provider": EVERYBODY[1].provider.name,
    "x-openclaw-model": EVERYBODY[1].model,
    "x-openclaw-fallbacks": f"{EVERYBODY[0].provider.name}:rate_limited",
}


def route(*events: Event, of: Gateway | None = None, situation: RuntimeState | None = None) -> Talk[RequestEntry]:
    made = RouteStage(of or gateway(EVERYBODY), situation or RuntimeState())
    return Talk[RequestEntry](made).tell(*events)


def refused(talk: Talk[RequestEntry], client: str, kind: FaultKind) -> str:
    """The client reads why; the entry says the same."""
    reply = talk.last
    assert isinstance(reply, Reply)
    message = is_error_of(client, Received(reply.status, reply.headers, reply.body))
    assert reply.headers["x-should-retry"] == "false"
    # Envoy shows us our own reply on its way out.
    assert talk.stage.receive(ResponseHead({":status": str(reply.status)}, BEGAN + 1)).answers == (
        Continue(To.RESPONSE_HEAD),
    )
    entry = talk.hang_up().entry
    assert entry.fault
    assert entry.fault.kind is kind
    assert entry.status == reply.status == kind.status
    assert entry.plan is None
    return message


@every_client
@pytest.mark.parametrize("stream", [True, False])
def test_a_request_gets_a_plan(client: str, *, stream: bool) -> None:
    case = asking(client, stream=stream)

    talk = routed(case, gateway(EVERYBODY))

    sent = talk.last
    plan = plan_read(talk)
    assert isinstance(sent, Continue)
    assert sent.body is None
    assert sent.groups == plan.groups == tuple((target,) for target in EVERYBODY)
    assert sent.set_headers["x-envoy-max-retries"] == str(len(EVERYBODY) - 1)
    assert sent.metadata["client_format"] == plan.client_format == client
    assert (plan.request_id, plan.began, plan.asked_model) == ("r-1", BEGAN, case.chat().model)
    limits = plan.timeouts
    wanted = limits.first_token_ms if stream else limits.answer_ms
    assert sent.set_headers["x-envoy-upstream-rq-per-try-timeout-ms"] == str(wanted)


def test_a_whole_call_is_counted_from_its_first_byte() -> None:
    """The body came half a second after the head; 0 would be no limit to Envoy."""
    left = {
        total: routed(asking(CLIENTS[0], stream=True), gateway(EVERYBODY, total_ms=total)).last
        for total in (2_000, 100)
    }

    told = {total: sent.set_headers for total, sent in left.items() if isinstance(sent, Continue)}
    assert {total: headers["x-envoy-upstream-rq-timeout-ms"] for total, headers in told.items()} == {
        2_000: "1500",
        100: "1",
    }


def test_each_provider_has_its_share_of_the_whole_call() -> None:
    """Who stands in is left time; who is alone may take it all, however often it may be tried again."""
    sent = {
        len(targets): routed(asking(CLIENTS[0], stream=True), gateway(targets, total_ms=30_000)).last
        for targets in (EVERYBODY, EVERYBODY[:2], EVERYBODY[:1])
    }

    told = {
        n: one.set_headers["x-envoy-upstream-rq-per-try-timeout-ms"]
        for n, one in sent.items()
        if isinstance(one, Continue)
    }
    assert told == {len(EVERYBODY): str(30_000 // len(EVERYBODY)), 2: "15000", 1: "30000"}


@every_client
def test_the_answer_settles_the_request(client: str) -> None:
    talk = routed(asking(client, stream=True), gateway(EVERYBODY))

    talk.tell(ResponseHead(ANSWERED, BEGAN + 3.0))

    assert isinstance(talk.last, Continue)
    assert talk.last.set_headers["x-openclaw-attempts"] == "2"
    assert "x-envoy-attempt-count" in talk.last.remove_headers
    assert talk.last.body is None
    entry = talk.hang_up().entry
    assert (entry.status, entry.attempts, entry.client_format) == (200, 2, client)
    assert (entry.provider, entry.model) == (EVERYBODY[1].provider.name, EVERYBODY[1].model)
    assert entry.reasons == (f"{EVERYBODY[0].provider.name}:rate_limited",)
    assert entry.seconds == 3.0
    assert entry.plan
    read = plan_read(Talk(talk.stage, answers=talk.answers[:2]))
    assert replace(entry.plan, record=read.record) == read


@pytest.mark.parametrize(
    "headers",
    [
        {":status": "503"},
        {":status": "200", "x-openclaw-provider": "somebody-else", "x-openclaw-model": "x"},
        {":status": "200", "x-openclaw-provider": EVERYBODY[0].provider.name, "x-openclaw-model": "not-his"},
        {":status": "504", "x-envoy-attempt-count": "many"},
    ],
)
def test_only_a_target_of_the_plan_can_have_answered(headers: dict[str, str]) -> None:
    talk = routed(asking(CLIENTS[0], stream=True), gateway(EVERYBODY)).tell(ResponseHead(headers, BEGAN + 3.0))

    assert (talk.entry.provider, talk.entry.model) == ("", "")
    assert talk.entry.status == int(headers[":status"])


@every_client
def test_hanging_up_after_any_step_leaves_one_entry(client: str) -> None:
    case = asking(client, stream=True)
    script: list[Event] = [head(case), RequestBody(case.request, BEGAN + 1), ResponseHead(ANSWERED, BEGAN + 2)]

    for after in range(1, len(script) + 1):
        entry = route(*script[:after]).hang_up().entry

        assert entry.status == (200 if after == 3 else None)
        assert entry.request_id == "r-1"
        assert entry.client_format == client
        assert entry.fault is None


def test_hanging_up_before_anything_leaves_no_entry() -> None:
    assert route().hang_up().entries == []


def test_when_we_break_the_entry_says_so() -> None:
    bug = Fault(FaultKind.BUG, "we broke")
    case = asking(CLIENTS[0], stream=True)

    scripts: list[list[Event]] = [[head(case)], [head(case), RequestBody(case.request, BEGAN)]]
    for script in scripts:
        broken = RouteStage(gateway(EVERYBODY), RuntimeState())
        for event in script:
            broken.receive(event)

        entry = broken.receive(Closed(BEGAN + 1, bug)).entry

        assert entry
        assert entry.fault == bug


def test_a_message_out_of_turn_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="RequestBody while New"):
        RouteStage(gateway(EVERYBODY), RuntimeState()).receive(RequestBody(b"", BEGAN))


@pytest.mark.parametrize("heard", [0, 1], ids=["before-the-head", "before-the-body"])
def test_a_reply_of_envoys_own_before_the_body_is_there_settles(heard: int) -> None:
    """Its local replies come back as response headers: 413 when the body outgrows the buffer, 408 when it is slow."""
    script: list[Event] = [head(asking(CLIENTS[0], stream=True))]

    talk = route(*script[:heard])
    step = talk.stage.receive(ResponseHead({":status": "413"}, BEGAN + 1))

    (answer,) = step.answers
    assert isinstance(answer, Continue)
    assert answer.to is To.RESPONSE_HEAD
    entries = [*([step.entry] if step.entry else []), *talk.hang_up().entries]
    assert [entry.status for entry in entries] == [413] * heard


# -- refused before anything is sent ---------------------------------------------------


@every_client
@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({":method": "GET"}, FaultKind.METHOD_NOT_ALLOWED),
        ({":method": "TRACE"}, FaultKind.METHOD_NOT_ALLOWED),
        ({":path": "{}/nothing/here"}, FaultKind.NOT_FOUND),
        ({"content-length": str(request_checks.MAX_BODY_BYTES + 1)}, FaultKind.TOO_LARGE),
    ],
)
def test_a_head_that_promises_nothing_good_is_refused_at_once(
    client: str, changed: dict[str, str], kind: FaultKind
) -> None:
    case = asking(client, stream=True)
    changed = {name: value.format(case.target.partition("?")[0]) for name, value in changed.items()}

    talk = route(head(case, headers=changed), of=replace(gateway(EVERYBODY), passthrough=False))

    refused(talk, client, kind)


@every_client
def test_a_request_without_a_body_is_refused(client: str) -> None:
    talk = route(replace(head(asking(client, stream=True)), end=True))

    assert "missing" in refused(talk, client, FaultKind.MALFORMED)


@every_client
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"model": NaN}', b"\xff", b'{"model":"' + b"\\ud800" + b'"}']
)
def test_a_body_that_means_nothing_is_refused(client: str, body: bytes) -> None:
    talk = routed(asking(client, stream=True), gateway(EVERYBODY), body=body)

    refused(talk, client, FaultKind.MALFORMED)


@every_client
def test_a_model_that_nobody_has_is_refused(client: str) -> None:
    strict = replace(gateway(EVERYBODY), unknown_models="reject")

    message = refused(routed(asking(client, stream=True), strict), client, FaultKind.NOT_FOUND)

    assert AUTO in message


@every_client
def test_without_any_credential_nothing_is_sent(client: str) -> None:
    situation = RuntimeState(missing_credentials=frozenset({"KEY"}))

    talk = routed(asking(client, stream=True), gateway(EVERYBODY), situation=situation)

    assert "its credential is not set" in refused(talk, client, FaultKind.EXHAUSTED)


def test_a_path_of_nobody_gets_an_error_all_the_same() -> None:
    talk = route(RequestHead({":method": "GET", ":path": "/"}, BEGAN))

    assert isinstance(talk.last, Reply)
    assert talk.last.status == 404
    assert talk.hang_up().entry.status == 404


# -- what a stranger may not decide -------------------------------------------------------


def test_a_client_cannot_steer_envoy() -> None:
    steering = {
        "x-envoy-retry-on": "5xx",
        "x-envoy-max-retries": "99",
        "x-envoy-upstream-rq-per-try-timeout-ms": "1",
        "x-envoy-upstream-rq-timeout-ms": "1",
        "x-envoy-hedge-on-per-try-timeout": "true",
    }

    sent = routed(asking(CLIENTS[0], stream=True), gateway(EVERYBODY), headers=steering).last

    assert isinstance(sent, Continue)
    assert set(sent.remove_headers) | sent.set_headers.keys() >= steering.keys()
    assert all(sent.set_headers.get(name) != value for name, value in steering.items())


def test_names_from_a_stranger_are_cut() -> None:
    headers = {"x-request-id": "r" * 1_000, "x-openclaw-user": "u" * 1_000}
    talk = routed(asking(CLIENTS[0], stream=True), gateway(EVERYBODY), headers=headers)

    entry = talk.tell(ResponseHead(ANSWERED, BEGAN + 1)).entry

    assert (len(entry.request_id), len(entry.user)) == (MAX_NAME_CHARS, MAX_NAME_CHARS)


def test_the_user_is_the_header_or_else_the_body() -> None:
    case = next(case for case in REQUESTS if case.chat().user)

    for headers, user in (({}, case.chat().user), ({"x-openclaw-user": "ada"}, "ada")):
        talk = routed(case, gateway(EVERYBODY), headers=headers).tell(ResponseHead(ANSWERED, BEGAN + 1))
        assert talk.entry.user == user


@pytest.mark.parametrize("client", CLIENTS)
def test_a_header_of_ours_that_means_nothing_is_refused_in_the_clients_format(client: str) -> None:
    case = asking(client, stream=True)

    refused = routed(case, gateway(EVERYBODY), headers={"x-openclaw-tier": "huge"}).last

    assert isinstance(refused, Reply)
    assert refused.status == 400
    assert refused.body == case.client.encode_error(
        Fault(FaultKind.MALFORMED, "x-openclaw-tier: unknown word (known: " + ", ".join(TIER_WORDS) + ")")
    )
