"""Promises about requests that are no model calls: they go to their own provider unread, with the right key."""

from dataclasses import replace

import pytest

from openclaw_extproc.faults import Kind
from openclaw_extproc.gateway import Gateway, Provider
from openclaw_extproc.policy.situation import Situation
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt import AttemptStage
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry
from openclaw_extproc.stages.events import (
    Closed,
    Continue,
    HeaderCredential,
    Reply,
    RequestHead,
    ResponseHead,
    To,
)
from openclaw_extproc.stages.route import RouteStage
from openclaw_extproc.strategy import Compliance, Restriction, Strategy
from tests.samples import provider_side
from tests.stages.talking import BEGAN, Talk

OPENAI = Provider("openai", "c-openai", "openai_chat", "/v1", "OPENAI_KEY", models=("a",), unread_cluster="u-a")
CLAUDE = Provider("claude", "c-claude", "anthropic_messages", "/v1", "CLAUDE_KEY", models=("b",), unread_cluster="u-b")
GOOGLE = Provider("google", "c-google", "gemini", "/v1beta", "GOOGLE_KEY", models=("c",), unread_cluster="u-c")
GROQ = Provider("groq", "c-groq", "openai_chat", "/openai/v1", "GROQ_KEY", models=("d",), unread_cluster="u-d")


def gateway(*providers: Provider) -> Gateway:
    return Gateway(providers={provider.name: provider for provider in providers})


ALL = gateway(OPENAI, CLAUDE, GOOGLE, GROQ)


def head(path: str, method: str = "POST", **headers: str) -> RequestHead:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RequestHead({":method": method, ":path": path, "x-request-id": "r-1", **named}, BEGAN)


def routed(asked: RequestHead, of: Gateway = ALL, missing: frozenset[str] = frozenset()) -> Talk[RequestEntry]:
    return Talk[RequestEntry](RouteStage(of, Situation(missing))).tell(asked)


def passed(asked: RequestHead, of: Gateway = ALL) -> tuple[Provider, Continue, Talk[AttemptEntry]]:
    """Where it goes, and what the attempt changes."""
    planned = routed(asked, of).last
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
        ("/v1/audio/speech", "POST", {}, "openai", "/v1/audio/speech"),
        ("/v1/chat/completions", "GET", {}, "openai", "/v1/chat/completions"),
        ("/v1/realtime?model=x", "GET", {"upgrade": "websocket"}, "openai", "/v1/realtime?model=x"),
        ("/anthropic/v1/files", "POST", {}, "claude", "/v1/files"),
        ("/v1/messages/batches", "POST", {}, "claude", "/v1/messages/batches"),
        ("/v1/files", "GET", {"anthropic_version": "2023-06-01"}, "claude", "/v1/files"),
        ("/gemini/v1beta/cachedContents", "POST", {}, "google", "/v1beta/cachedContents"),
        ("/upload/v1beta/files?key=theirs", "POST", {}, "google", "/upload/v1beta/files"),
        ("/v1beta/models/x:embedSomething", "POST", {}, "google", "/v1beta/models/x:embedSomething"),
    ],
)
def test_it_goes_to_the_provider_whose_path_it_is(
    path: str, method: str, headers: dict[str, str], name: str, upstream: str
) -> None:
    provider, answer, _ = passed(head(path, method, **headers))

    assert provider.name == name
    plain = {} if "upgrade" in headers else {"accept-encoding": "identity"}
    assert answer.set_headers == {":path": upstream, **plain}


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
    reply = routed(head("/v1/files"), missing=frozenset({"OPENAI_KEY"})).last

    assert isinstance(reply, Reply)
    assert reply.status == 503


@pytest.mark.parametrize(
    ("status", "outcome", "kind"),
    [
        ("200", Outcome.OK, None),
        ("101", Outcome.OK, None),
        ("400", Outcome.OK, None),
        ("401", Outcome.FAILED, Kind.UNAUTHENTICATED),
        ("503", Outcome.FAILED, Kind.OVERLOADED),
    ],
)
def test_what_came_of_it_is_counted_once(status: str, outcome: Outcome, kind: Kind | None) -> None:
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

    assert talk.stage.over
    assert talk.hang_up().entries == []


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


@pytest.mark.parametrize("path", ["/v1/realtime", "/openai/v1/realtime?model=x", "/v1/realtime/calls/c-1"])
def test_a_websocket_goes_on_where_the_vendor_speaks_it(path: str) -> None:
    provider, answer, _ = passed(head(path, "GET", upgrade="websocket", connection="upgrade"))

    assert provider == OPENAI
    assert answer.set_headers == {":path": path.removeprefix("/openai")}


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
        Kind.FORBIDDEN, "all requests: a request that is not read may not go to openai",
    )  # fmt: skip


def test_a_client_narrows_where_its_files_go() -> None:
    classes = {"pii": Restriction("data class pii", providers=frozenset({"groq"}))}
    of = replace(ALL, strategy=Strategy(compliance=Compliance(classes=classes)))

    free, _, _ = passed(head("/openai/v1/files"), of)
    narrowed, _, _ = passed(head("/openai/v1/files", x_openclaw_data_class="pii"), of)

    assert (free, narrowed) == (OPENAI, GROQ)
