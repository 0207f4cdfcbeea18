"""Promises about requests that are no model calls: they go to their own provider unread, with the right key."""

from dataclasses import replace

import pytest

from openclaw_extproc.callers import CallerRules, Client
from openclaw_extproc.faults import FaultKind
from openclaw_extproc.gateway import Auth, Gateway, Provider, Target
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.retries import MAX_ANSWER_BYTES
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry
from openclaw_extproc.stages.events import (
    Closed,
    Continue,
    HeaderCredential,
    Relay,
    Reply,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
    To,
)
from openclaw_extproc.stages.route.passthrough import MAX_RELAYED_BYTES
from openclaw_extproc.stages.route.request_checks import MAX_BODY_BYTES
from openclaw_extproc.stages.route.stage import RouteStage
from openclaw_extproc.strategy import Compliance, CostCentre, Mode, Optimization, Restriction, Strategy
from tests.samples import provider_side
from tests.stages.talking import BEGAN, Talk
from tests.wire.test_multipart import FILE, MODEL, TYPE, form

OPENAI = Provider("openai", "c-openai", "openai_chat", "/v1", "OPENAI_KEY", models=("a",), unread_cluster="u-a")
CLAUDE = Provider("claude", "c-claude", "anthropic_messages", "/v1", "CLAUDE_KEY", models=("b",), unread_cluster="u-b")
GOOGLE = Provider("google", "c-google", "gemini", "/v1beta", "GOOGLE_KEY", models=("c",), unread_cluster="u-c")
GROQ = Provider("groq", "c-groq", "openai_chat", "/openai/v1", "GROQ_KEY", models=("d",), unread_cluster="u-d")


def gateway(*providers: Provider) -> Gateway:
    chains = {model: (Target(one, model),) for one in providers for model in one.models}
    return Gateway(providers={provider.name: provider for provider in providers}, chains=chains)


NOW = RuntimeState()
PLAIN = {"accept-encoding": "identity"}
"""What our credential is looked for in."""
ALL = gateway(OPENAI, CLAUDE, GOOGLE, GROQ)


def head(path: str, method: str = "POST", **headers: str) -> RequestHead:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RequestHead({":method": method, ":path": path, "x-request-id": "r-1", **named}, BEGAN)


def routed(asked: RequestHead, of: Gateway = ALL, missing: frozenset[str] = frozenset()) -> Talk[RequestEntry]:
    return Talk[RequestEntry](RouteStage(of, RuntimeState(missing))).tell(asked)


def passed(
    asked: RequestHead, of: Gateway = ALL, missing: frozenset[str] = frozenset()
) -> tuple[Provider, Continue, Talk[AttemptEntry]]:
    """Where it goes, and what the attempt changes."""
    planned = routed(asked, of, missing).last
    assert isinstance(planned, Continue)
    assert planned.bypass
    ((target,),) = planned.groups
    assert target.provider.cluster == target.provider.unread_cluster
    first = replace(asked, cluster=target.provider.cluster, metadata=planned.metadata)
    talk = Talk[AttemptEntry](AttemptStage(Snapshots(of))).tell(first)
    assert isinstance(talk.last, Continue)
    return of.providers[target.provider.name], talk.last, talk


@pytest.mark.parametrize(
    ("path", "method", "headers", "name", "upstream"),
    [
        ("/openai/v1/files", "POST", {}, "openai", "/v1/files"),
        ("/v1/responses/resp_1", "GET", {}, "openai", "/v1/responses/resp_1"),
        ("/v1//batches/./b_1/", "GET", {}, "openai", "/v1/batches/b_1"),
        ("/v1/realtime?model=a", "GET", {"upgrade": "websocket"}, "openai", "/v1/realtime?model=a"),
        ("/anthropic/v1/files", "POST", {}, "claude", "/v1/files"),
        ("/v1/messages/batches", "POST", {}, "claude", "/v1/messages/batches"),
        ("/v1/files", "GET", {"anthropic_version": "2023-06-01"}, "claude", "/v1/files"),
        ("/gemini/v1beta/cachedContents", "GET", {}, "google", "/v1beta/cachedContents"),
        ("/upload/v1beta/files?key=theirs", "POST", {}, "google", "/upload/v1beta/files"),
        ("/v1beta/models/c:predict", "POST", {}, "google", "/v1beta/models/c:predict"),
    ],
)
def test_it_goes_to_the_provider_whose_path_it_is(
    path: str, method: str, headers: dict[str, str], name: str, upstream: str
) -> None:
    provider, answer, _ = passed(head(path, method, **headers))

    assert provider.name == name
    assert answer.set_headers == {":path": upstream, **PLAIN}


def test_the_base_path_of_the_provider_comes_before_the_version() -> None:
    provider, answer, _ = passed(head("/openai/v1/files"), gateway(GROQ))

    assert provider == GROQ
    assert answer.set_headers[":path"] == "/openai/v1/files"


def test_a_host_says_whose_path_it_is() -> None:
    assert passed(RequestHead({**head("/v1/files").headers, ":authority": "api.anthropic.com:443"}, BEGAN))[0] == CLAUDE


def test_it_carries_our_key_and_nothing_of_the_callers() -> None:
    asked = head(
        "/openai/v1/files", authorization="Bearer theirs", cookie="a=b", x_openclaw_user="ada", x_envoy_retry_on="5xx",
        content_type="multipart/form-data; boundary=x", accept_encoding="gzip",
    )  # fmt: skip

    _, answer, _ = passed(asked)

    assert isinstance(answer.credential, HeaderCredential)
    assert answer.credential.name == "OPENAI_KEY"
    assert answer.credential.header("s") == ("authorization", "Bearer s")
    assert set(answer.remove_headers) == {
        "authorization", "cookie", "x-openclaw-user", "x-envoy-retry-on", "x-request-id",
    }  # fmt: skip


def test_a_callers_own_key_goes_on_where_that_is_wanted() -> None:
    _, answer, _ = passed(head("/v1/files", authorization="Bearer theirs"), gateway(replace(OPENAI, auth="forward")))

    assert answer.credential is None
    assert "authorization" not in answer.remove_headers


def test_a_login_goes_on_whole_or_not_at_all() -> None:
    said = {"anthropic_beta": "files-api-2025-04-14,oauth-2025-04-20", "authorization": "Bearer sk-ant-oat01-theirs"}
    asked = head("/anthropic/v1/files", **said)

    _, ours, _ = passed(asked)
    _, theirs, _ = passed(asked, gateway(replace(CLAUDE, auth="forward")))
    _, alone, _ = passed(head("/anthropic/v1/files", anthropic_beta="oauth-2025-04-20"))

    assert ours.set_headers["anthropic-beta"] == "files-api-2025-04-14"
    assert "authorization" in ours.remove_headers
    assert not {"anthropic-beta", "authorization"} & {*theirs.remove_headers, *theirs.set_headers}
    assert "anthropic-beta" in alone.remove_headers


def test_one_attempt_is_all_there_is() -> None:
    planned = routed(head("/v1/files", x_envoy_max_retries="9", x_envoy_retry_on="5xx")).last

    assert isinstance(planned, Continue)
    assert planned.set_headers["x-envoy-max-retries"] == "0"
    assert planned.remove_headers == ("x-envoy-retry-on",)


@pytest.mark.parametrize(
    ("asked", "of"),
    [
        (head("/openai/v1/files"), gateway(CLAUDE)),
        (head("/openai/v1/files"), gateway(replace(OPENAI, unread_cluster=""))),
        (head("/openai/v1/files"), replace(ALL, passthrough=False)),
        (head("/favicon.ico", "GET"), ALL),
        (head("/openai/dashboard", "GET"), ALL),
        (head("/", "GET"), ALL),
    ],
)
def test_what_is_nobodys_path_is_not_found(asked: RequestHead, of: Gateway) -> None:
    reply = routed(asked, of).last

    assert isinstance(reply, Reply)
    assert reply.status == 404


def test_without_its_key_nothing_is_sent() -> None:
    no_keys = frozenset({"OPENAI_KEY", "GROQ_KEY"})

    assert passed(head("/v1/files"), missing=frozenset({"OPENAI_KEY"}))[0] == GROQ
    reply = routed(head("/v1/files"), missing=no_keys).last
    assert isinstance(reply, Reply)
    assert reply.status == 503


@pytest.mark.parametrize(
    ("status", "outcome", "kind"),
    [
        ("200", Outcome.OK, None),
        ("101", Outcome.OK, None),
        ("400", Outcome.OK, None),
        ("401", Outcome.FAILED, FaultKind.UNAUTHENTICATED),
        ("503", Outcome.FAILED, FaultKind.OVERLOADED),
    ],
)
def test_what_came_of_it_is_counted_once(status: str, outcome: Outcome, kind: FaultKind | None) -> None:
    talk = routed(head("/v1/files"))

    told = {":status": status, "x-openclaw-provider": "openai", "x-envoy-attempt-count": "1"}
    talk.tell(ResponseHead(told, BEGAN + 1))

    entry = talk.hang_up().entry
    assert entry.plan
    assert entry.plan.passes
    assert (entry.provider, entry.status) == ("openai", int(status))
    assert entry.passed
    assert entry.passed.passed
    assert entry.passed.target.provider.name == "openai"
    assert entry.passed.outcome is outcome
    assert (entry.passed.fault.kind if entry.passed.fault else None) is kind


def test_the_attempt_stage_wants_nothing_but_the_head_of_the_request() -> None:
    """What it held of the answer while the request is under way would end Envoy."""
    _, _, talk = passed(head("/v1/files"))

    assert talk.over
    assert talk.hang_up().entries == []


OF_OPENAI = {"x-openclaw-provider": "openai", "x-envoy-attempt-count": "1"}


def answered(talk: Talk[RequestEntry], status: str = "200", *, end: bool = False, **headers: str) -> Continue:
    said = {":status": status, **OF_OPENAI, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = talk.tell(ResponseHead(said, BEGAN + 1, end)).last
    assert isinstance(answer, Continue)
    assert answer.to is To.RESPONSE_HEAD
    return answer


def test_the_body_of_an_answer_to_our_key_is_seen_to_its_end() -> None:
    talk = routed(head("/v1/files"))
    pieces = [ResponseBody(b"a", False, BEGAN), ResponseBody(b"", False, BEGAN), ResponseBody(b"b", True, BEGAN)]

    assert answered(talk).relays
    assert (talk.over, len(talk.entries)) == (False, 1)
    talk.tell(*pieces)

    assert talk.answers[-3:] == [Relay(b"a"), Relay(b""), Relay(b"b")]
    assert talk.over
    assert len(talk.hang_up().entries) == 1


def test_of_a_long_answer_so_much_is_seen_as_no_buffer_of_envoys_is_too_small_for() -> None:
    assert MAX_RELAYED_BYTES == MAX_ANSWER_BYTES
    talk = routed(head("/v1/files/f/content", "GET"))
    answered(talk)

    talk.tell(ResponseBody(bytes(MAX_RELAYED_BYTES - 1), False, BEGAN))
    assert not talk.over
    assert talk.tell(ResponseBody(b"ab", False, BEGAN)).last == Relay(b"ab")
    assert talk.over


def test_what_says_that_it_is_longer_is_not_looked_at() -> None:
    for length, is_seen in ((MAX_RELAYED_BYTES, True), (MAX_RELAYED_BYTES + 1, False), (10**40, False)):
        talk = routed(head("/v1/files/f/content", "GET"))
        assert answered(talk, content_length=str(length)).relays == is_seen
        assert talk.over != is_seen


def test_a_head_without_a_body_is_all() -> None:
    talk = routed(head("/v1/files"))

    assert not answered(talk, "204", end=True).relays
    assert talk.over


@pytest.mark.parametrize(
    ("asked", "of"),
    [
        (head("/v1/files", authorization="Bearer theirs"), gateway(replace(OPENAI, auth="forward"))),
        (head("/v1/files"), gateway(replace(OPENAI, credential=""))),
    ],
)
def test_an_answer_in_which_our_key_cannot_be_passes_unseen(asked: RequestHead, of: Gateway) -> None:
    _, sent, _ = passed(asked, of)
    talk = routed(asked, of)

    assert "accept-encoding" not in sent.set_headers
    assert not answered(talk).relays
    assert talk.over


def test_a_websocket_is_looked_at_for_as_long_as_it_lasts() -> None:
    """And nothing in it is compressed: the client's offer stays here."""
    asked = head("/v1/realtime", "GET", upgrade="websocket", sec_websocket_extensions="permessage-deflate")
    _, sent, _ = passed(asked)
    talk = routed(asked)

    assert "sec-websocket-extensions" in sent.remove_headers
    assert answered(talk, "101", content_length="0").relays
    for _ in range(3):
        assert talk.tell(ResponseBody(bytes(MAX_RELAYED_BYTES), False, BEGAN)).last == Relay(bytes(MAX_RELAYED_BYTES))
    assert not talk.over


@pytest.mark.parametrize("of", [ALL, gateway(replace(OPENAI, credential=""))])
def test_who_names_a_model_is_there_until_it_is_over(of: Gateway) -> None:
    """The stage of the route is all that knows how long."""
    talk = routed(head("/v1/realtime?model=a", "GET", upgrade="websocket"), of)

    told = answered(talk, "101").set_headers

    assert (told["x-openclaw-provider"], told["x-openclaw-model"], told["x-openclaw-requested-model"]) == (
        "openai", "a", "a",
    )  # fmt: skip
    answer = talk.last
    assert isinstance(answer, Continue)
    assert (answer.relays, answer.stays) == ((True, False) if of is ALL else (False, True))
    assert not talk.over
    entry = talk.hang_up().entry
    assert (entry.provider, entry.model) == ("openai", "a")
    assert entry.passed
    assert entry.passed.target.name == "openai/a"


@pytest.mark.parametrize(
    ("method", "status", "location", "stays"),
    [
        ("GET", "302", "https://files.example/a?signed", True),
        ("GET", "302", "http://files.example/a", False),
        ("POST", "302", "https://files.example/a", False),
        ("GET", "200", "https://files.example/a", False),
    ],
)
def test_a_download_may_be_elsewhere_and_nobody_else_is_sent_away(
    method: str, status: str, location: str, *, stays: bool
) -> None:
    path = "/v1/files" if method == "POST" else "/v1/files/f/content"

    talk = routed(head(path, method))

    gone = answered(talk, status, location=location, set_cookie="a=b", x_request_id="r").remove_headers

    assert ("location" not in gone) == stays
    assert "set-cookie" in gone
    assert "x-request-id" not in gone


@pytest.mark.parametrize(("auth", "stays"), [("inject", False), ("forward", True)])
def test_a_challenge_is_about_our_key_or_about_theirs(auth: Auth, *, stays: bool) -> None:
    of = gateway(replace(OPENAI, auth=auth))

    gone = answered(routed(head("/v1/files"), of), "401", www_authenticate="Bearer").remove_headers

    assert ("www-authenticate" not in gone) == stays


def test_a_provider_names_nobody_but_itself() -> None:
    talk = routed(head("/v1/files"))

    told = {":status": "200", "x-openclaw-provider": "openai", "x-openclaw-tier": "1", "x-envoy-x": "1"}
    talk.tell(ResponseHead(told, BEGAN + 1))

    assert isinstance(talk.last, Continue)
    assert talk.last.to is To.RESPONSE_HEAD
    assert set(talk.last.remove_headers) == {"x-envoy-attempt-count", "x-openclaw-tier", "x-envoy-x"}


@pytest.mark.parametrize("event", [ResponseHead({":status": "503"}, BEGAN + 1), Closed(BEGAN + 1)])
def test_an_answer_of_envoys_and_none_at_all_are_no_answers_of_the_provider(event: ResponseHead | Closed) -> None:
    entry = routed(head("/v1/files")).tell(event).entry

    assert entry.passed
    assert entry.passed.outcome is Outcome.NO_ANSWER


# -- other protocols ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket", "tls/1.2, websocket", "x"])
@pytest.mark.parametrize(
    ("path", "format"),
    [
        ("/openai/v1/responses", "openai_responses"),
        ("/v1/chat/completions", "openai_chat"),
        ("/v1/models", "openai_chat"),
        ("/v1/files", "openai_chat"),
        ("/v1/realtimes", "openai_chat"),
        ("/favicon.ico", "openai_chat"),
        ("/anthropic/v1/messages", "anthropic_messages"),
        ("/v1/messages/batches", "anthropic_messages"),
        ("/gemini/v1beta/models/x:streamGenerateContent", "gemini"),
        ("/anthropic/v1/realtime", "anthropic_messages"),
    ],
)
def test_no_other_protocol_is_spoken_there(path: str, format: str, upgrade: str, method: str) -> None:
    reply = routed(head(path, method, upgrade=upgrade, connection="upgrade")).last

    assert isinstance(reply, Reply)
    assert reply.status == 426
    assert reply.headers["x-should-retry"] == "false"
    fault = provider_side(format).decode_error(426, reply.body)
    assert fault.public == "upgrade: not at this path; send the request without it"


@pytest.mark.parametrize("path", ["/v1/realtime", "/openai/v1/realtime?model=a", "/v1/realtime/calls/c-1"])
def test_a_websocket_goes_on_where_the_vendor_speaks_it(path: str) -> None:
    of = replace(ALL, opened=frozenset({"realtime_sessions"}))
    provider, answer, _ = passed(head(path, "GET", upgrade="websocket", connection="upgrade"), of)

    assert provider == OPENAI
    assert answer.set_headers == {":path": path.removeprefix("/openai"), **PLAIN}


def test_a_websocket_is_opened_by_a_get_alone() -> None:
    reply = routed(head("/v1/realtime", upgrade="websocket")).last

    assert isinstance(reply, Reply)
    assert reply.status == 426


# -- where it may go ----------------------------------------------------------------------


def _only(*names: str) -> Strategy:
    return Strategy(compliance=Compliance(always=(Restriction("all requests", providers=frozenset(names)),)))


def test_it_goes_to_the_first_provider_that_may_have_it() -> None:
    provider, _, _ = passed(head("/openai/v1/files"), replace(ALL, strategy=_only("groq", "claude")))

    assert provider == GROQ


def test_nobody_gets_what_nobody_may_have() -> None:
    talk = routed(head("/openai/v1/files"), replace(ALL, strategy=_only("claude")))

    assert isinstance(talk.last, Reply)
    assert talk.last.status == 403
    fault = talk.hang_up().entry.fault
    assert fault is not None
    assert (fault.kind, fault.public) == (
        FaultKind.FORBIDDEN, "all requests: requests that are forwarded unread are not allowed at openai",
    )  # fmt: skip


def test_a_client_narrows_where_its_files_go() -> None:
    classes = {"pii": Restriction("data class pii", providers=frozenset({"groq"}))}
    of = replace(ALL, strategy=Strategy(compliance=Compliance(classes=classes)))

    free, _, _ = passed(head("/openai/v1/files"), of)
    narrowed, _, _ = passed(head("/openai/v1/files", x_openclaw_data_class="pii"), of)

    assert (free, narrowed) == (OPENAI, GROQ)


def test_who_calls_is_known_of_a_file_too_and_its_key_stays_here() -> None:
    """Its cost centre narrows where the file goes; the header that claims another one lifts nothing."""
    centres = {"research": CostCentre(Restriction("cost centre research", providers=frozenset({"groq"})))}
    rules = CallerRules(clients={"ada": Client("ada", ("KEY",), cost_centre="research")})
    of = replace(ALL, strategy=Strategy(cost_centres=centres), callers=rules)
    stage = RouteStage(of, RuntimeState(), client_of=lambda key: {"key-of-ada": "ada"}.get(key, ""))
    talk = Talk[RequestEntry](stage).tell(
        head("/openai/v1/files?key=key-of-ada&a=b", authorization="Bearer key-of-ada")
    )

    planned = talk.last
    assert isinstance(planned, Continue)
    ((target,),) = planned.groups
    assert target.provider.name == "groq"
    assert planned.set_headers[":path"] == "/openai/v1/files?a=b"
    assert "authorization" in planned.remove_headers
    assert "key-of-ada" not in str(planned)
    entry = talk.hang_up().entry
    assert (entry.identity.client, entry.record.cost_centre if entry.record else "") == ("ada", "research")


@pytest.mark.parametrize("classes", [{}, {"pii": Restriction("data class pii", providers=frozenset({"groq"}))}])
@pytest.mark.parametrize("mode", ["observe", "shadow", "enforce"])
def test_a_data_class_that_nobody_keeps_is_refused_as_for_a_chat(mode: Mode, classes: dict[str, Restriction]) -> None:
    of = replace(ALL, strategy=Strategy(compliance=Compliance(classes=classes), mode=mode))

    reply = routed(head("/openai/v1/files", x_openclaw_data_class="ppi"), of).last

    assert isinstance(reply, Reply)
    assert reply.status == 400
    assert b"unknown data class" in reply.body


# -- a model in it ------------------------------------------------------------------------


def read(asked: RequestHead, body: bytes, of: Gateway = ALL, now: RuntimeState = NOW) -> Talk[RequestEntry]:
    talk = Talk[RequestEntry](RouteStage(of, now)).tell(asked)
    assert talk.last == Continue(To.REQUEST_HEAD, reads=True), "the body is waited for"
    return talk.tell(RequestBody(body, BEGAN + 1))


def pictures(model: str = "pic") -> tuple[RequestHead, bytes]:
    return head("/v1/images/generations", content_type="application/json"), f'{{"model": "{model}", "n":1}}'.encode()


NAMED = replace(ALL, chains={**ALL.chains, "pic": (Target(GROQ, "dall-e-3"), Target(OPENAI, "gpt-image-1"))})
"""An alias, whose first model is not at the first provider."""


def test_it_goes_to_who_has_its_model_and_calls_it_by_its_name_there() -> None:
    talk = read(*pictures(), NAMED)

    answer = talk.last
    assert isinstance(answer, Continue)
    assert answer.to is To.REQUEST_BODY
    assert answer.body == b'{"model": "dall-e-3", "n":1}'
    assert answer.set_headers["content-length"] == str(len(answer.body))
    assert answer.set_headers["x-envoy-max-retries"] == "0"
    ((target,),) = answer.groups
    assert (target.name, target.provider.cluster) == ("groq/dall-e-3", "u-d")
    talk.tell(
        ResponseHead({":status": "200", "x-openclaw-provider": "groq", "x-openclaw-model": "dall-e-3"}, BEGAN + 2)
    )
    entry = talk.hang_up().entry
    assert (entry.provider, entry.model, entry.plan.asked_model if entry.plan else "") == ("groq", "dall-e-3", "pic")


def test_who_is_forbidden_or_ill_is_passed_over_for_the_next_that_has_it() -> None:
    forbidden = replace(NAMED, strategy=_only("openai"))

    for of, now in ((forbidden, RuntimeState()), (NAMED, RuntimeState(unhealthy=frozenset({"groq"})))):
        answer = read(*pictures(), of, now).last
        assert isinstance(answer, Continue)
        assert answer.body == b'{"model": "gpt-image-1", "n":1}'
        assert answer.groups[0][0].name == "openai/gpt-image-1"


def test_an_upload_with_a_model_in_its_form_is_routed_too() -> None:
    asked = head("/v1/audio/transcriptions", content_type=TYPE)

    answer = read(asked, form(FILE, (MODEL[0], b"pic")), NAMED).last

    assert isinstance(answer, Continue)
    assert answer.body == form(FILE, (MODEL[0], b"dall-e-3"))


def test_a_path_and_a_query_that_name_a_model_are_written_anew() -> None:
    of = replace(ALL, chains={**ALL.chains, "veo": (Target(GOOGLE, "veo-3"),), "talk": (Target(OPENAI, "gpt-live"),)})

    _, video, _ = passed(head("/v1beta/models/veo:predictLongRunning?key=theirs"), of)
    _, live, _ = passed(head("/v1/realtime?model=talk", "GET", upgrade="websocket"), of)

    assert video.set_headers == {":path": "/v1beta/models/veo-3:predictLongRunning", **PLAIN}
    assert live.set_headers == {":path": "/v1/realtime?model=gpt-live", **PLAIN}


@pytest.mark.parametrize(
    ("asked", "body", "status"),
    [
        (*pictures("unheard"), 404),
        (*pictures("auto"), 404),
        (*pictures("b"), 400),
        (head("/v1/images/generations", content_type="application/json"), b"{", 400),
        (head("/v1/images/generations", content_type="text/plain"), b"{}", 400),
        (head("/v1/audio/transcriptions", content_type=TYPE), form(MODEL, MODEL), 400),
    ],
)
def test_what_cannot_be_routed_by_its_model_is_refused(asked: RequestHead, body: bytes, status: int) -> None:
    reply = read(asked, body).last

    assert isinstance(reply, Reply)
    assert reply.status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"content_length": str(MAX_BODY_BYTES + 1)}, 413), ({"content_encoding": "compress"}, 415)],
)
def test_a_body_with_a_model_in_it_that_cannot_be_read_is_refused_at_its_head(
    headers: dict[str, str], status: int
) -> None:
    reply = routed(head("/v1/audio/speech", content_type="application/json", **headers)).last

    assert isinstance(reply, Reply)
    assert reply.status == status


def test_a_body_that_is_not_read_may_be_of_any_size() -> None:
    _, _, talk = passed(head("/v1/files", content_length=str(10 * MAX_BODY_BYTES)))

    assert not talk.entries


@pytest.mark.parametrize("mode", ["observe", "shadow", "enforce"])
def test_a_spent_budget_holds_for_what_is_billed(mode: Mode) -> None:
    of = replace(NAMED, strategy=Strategy(optimization=Optimization(daily_budget=1.0), mode=mode))
    spent = RuntimeState(spent_today=1.0)

    def ask(asked: RequestHead) -> int:
        answer = Talk[RequestEntry](RouteStage(of, spent)).tell(asked).last
        return answer.status if isinstance(answer, Reply) else 200

    reply = read(*pictures(), of, spent).last
    assert isinstance(reply, Reply)
    assert (reply.status, b"insufficient_quota" in reply.body) == (429, True)
    assert ask(head("/v1/batches")) == 429
    assert ask(head("/v1beta/models/c:predict")) == 429
    assert ask(head("/v1/realtime?model=a", "GET")) == 429
    assert ask(head("/v1/files")) == ask(head("/v1/files", "GET")) == 200


def test_what_an_operator_opens_is_passed_on() -> None:
    asked = head("/v1/files/file-1", "DELETE")

    closed = routed(asked).last
    assert isinstance(closed, Reply)
    assert closed.status == 403
    assert passed(asked, replace(ALL, opened=frozenset({"delete"})))[0] == OPENAI
