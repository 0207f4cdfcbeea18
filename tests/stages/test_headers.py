"""Promises about headers: nobody's secret goes to somebody else, nothing of ours goes to a provider."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc import plan as plans
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages import headers as h
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.entries import AttemptEntry
from openclaw_extproc.stages.events import Continue, HeaderCredential, RequestHead
from openclaw_extproc.wire import headers_of
from tests.samples import CLIENTS, UPSTREAMS, Case, provider_side
from tests.stages.talking import Talk, asking, attempt, chain, gateway, opening, provider

SECRETS = {
    "authorization": "Bearer sk-the-callers",
    "x-api-key": "sk-the-callers",
    "api-key": "sk-the-callers",
    "x-goog-api-key": "sk-the-callers",
}
COOKIES = {"cookie": "session=1", "proxy-authorization": "Basic x"}
OURS = {
    "x-openclaw-user": "ada",
    "x-openclaw-anything": "1",
    "x-envoy-attempt-count": "1",
    "x-envoy-expected-rq-timeout-ms": "1",
    "x-forwarded-for": "10.0.0.1",
    "x-forwarded-proto": "http",
    "x-request-id": "r-1",
    "forwarded": "for=10.0.0.1",
    "via": "1.1 proxy",
    "accept-encoding": "gzip, br",
    "expect": "100-continue",
}
PLAIN = {"accept": "*/*", "user-agent": "sdk/1", "x-stainless-lang": "python"}

WAYS = [(client, to) for client in CLIENTS for to in UPSTREAMS]
every_way = pytest.mark.parametrize(("client", "to"), WAYS)
every_translation = pytest.mark.parametrize(("client", "to"), [(c, p) for c, p in WAYS if c != p])
every_same = pytest.mark.parametrize(("client", "to"), [(c, p) for c, p in WAYS if c == p])


def sent(case: Case, of: Gateway, headers: Mapping[str, str], *, number: int = 1) -> tuple[dict[str, str], Continue]:
    """The headers that go upstream, and the answer that made them so. Envoy removes first and sets then."""
    events = opening(case, of, headers=headers, attempt=number)
    first = events[0]
    assert isinstance(first, RequestHead)
    answer = attempt(*events).last
    assert isinstance(answer, Continue), answer
    kept = {name: value for name, value in first.headers.items() if name not in answer.remove_headers}
    return kept | dict(answer.set_headers), answer


@every_way
def test_no_secret_of_the_caller_goes_to_a_provider_that_has_its_own(client: str, to: str) -> None:
    case = asking(client, stream=True)
    path = case.target + ("&" if "?" in case.target else "?") + "key=sk-the-callers&x=1"

    goes, answer = sent(case, gateway(chain(to)), {**SECRETS, **COOKIES, ":path": path})

    assert "sk-the-callers" not in str(goes)
    assert not goes.keys() & COOKIES.keys()
    assert isinstance(answer.credential, HeaderCredential)


@pytest.mark.parametrize(
    ("client", "to", "auth"),
    [*((c, to, "inject") for c, to in WAYS), *((c, c, "forward") for c in CLIENTS)],
)
def test_nothing_of_ours_goes_upstream(client: str, to: str, auth: str) -> None:
    only = Target(provider(to, auth=auth), "m0")

    goes, _ = sent(asking(client, stream=True), gateway([only]), OURS)

    assert goes.pop("accept-encoding") == "identity"
    assert not goes.keys() & OURS.keys()


@every_same
def test_a_forwarded_key_goes_to_the_first_provider_as_it_is(client: str, to: str) -> None:
    case = asking(client, stream=True)
    first = Target(provider(to, auth="forward", credential=""), "m0")
    path = case.target + ("&" if "?" in case.target else "?") + "key=sk-the-callers"

    goes, answer = sent(case, gateway([first]), {**SECRETS, **COOKIES, ":path": path})

    assert {name: goes[name] for name in SECRETS} == SECRETS
    assert goes[":path"].endswith("key=sk-the-callers")
    assert answer.credential is None
    assert not goes.keys() & COOKIES.keys()


@every_same
def test_a_forwarded_key_wins_over_one_of_ours(client: str, to: str) -> None:
    first = Target(provider(to, auth="forward", credential="KEY"), "m0")

    _, answer = sent(asking(client, stream=True), gateway([first]), SECRETS)

    assert answer.credential is None


@every_way
def test_the_key_for_the_first_provider_never_goes_to_the_second(client: str, to: str) -> None:
    mine = Target(provider(client, name="mine", auth="forward", credential=""), "m0")
    other = Target(provider(to, name="other"), "m1")
    case = asking(client, stream=True)
    path = case.target + ("&" if "?" in case.target else "?") + "key=sk-the-callers"

    goes, answer = sent(case, gateway([mine, other]), {**SECRETS, ":path": path}, number=2)

    assert "sk-the-callers" not in str(goes)
    assert answer.credential is not None
    assert answer.credential.name == "KEY"


@every_same
def test_no_plan_whatever_carries_a_key_to_the_second_provider(client: str, to: str) -> None:
    """Policy makes no such plan; the attempt stage does not rely on it."""
    mine = Target(provider(client, name="mine"), "m0")
    other = Target(provider(to, name="other", auth="forward", credential=""), "m1")
    first, body = opening(asking(client, stream=True), gateway([mine, mine]), headers=SECRETS)
    assert isinstance(first, RequestHead)
    both = gateway([mine, other])
    plan = replace(plans.read(first.metadata["plan"], Snapshots(both)), groups=((mine,), (other,)))
    second = {**first.headers, "x-envoy-attempt-count": "2"}

    talk = Talk[AttemptEntry](AttemptStage(Snapshots(both)))
    head = RequestHead(second, first.at, False, other.provider.cluster, {"plan": plans.write(plan)})
    answer = talk.tell(head, body).last

    assert isinstance(answer, Continue)
    assert set(answer.remove_headers) >= SECRETS.keys()
    assert answer.credential is None


@every_way
def test_a_provider_without_a_key_gets_none(client: str, to: str) -> None:
    open_to_all = Target(provider(to, credential=""), "m0")

    goes, answer = sent(asking(client, stream=True), gateway([open_to_all]), SECRETS)

    assert answer.credential is None
    assert not goes.keys() & SECRETS.keys()


@every_translation
def test_headers_about_another_format_stay_behind(client: str, to: str) -> None:
    own = dict.fromkeys(provider_side(client).client_headers, "1")

    goes, _ = sent(asking(client, stream=True), gateway(chain(to)), own | PLAIN)

    theirs = provider_side(to).headers
    assert all(goes.get(name) == theirs.get(name) for name in own)
    assert ("x-stainless-lang" in goes) is (not own)
    assert goes["user-agent"] == "sdk/1"


@every_same
def test_headers_of_the_same_format_stay(client: str, to: str) -> None:
    own = dict.fromkeys(provider_side(client).client_headers, "the-clients-own")

    goes, _ = sent(asking(client, stream=True), gateway(chain(to)), own | PLAIN)

    assert {name: goes[name] for name in own} == own
    assert ("x-stainless-lang" in goes) is ("x-stainless-lang" in headers_of(client)), "Google's SDKs send none"


@every_way
def test_what_a_format_demands_is_there(client: str, to: str) -> None:
    goes, _ = sent(asking(client, stream=True), gateway(chain(to)), {})

    assert goes["content-type"] == "application/json"
    assert all(goes[name] == value for name, value in provider_side(to).headers.items())


@every_same
def test_a_body_we_read_as_json_is_called_json(client: str, to: str) -> None:
    """`curl -d` calls it a form; providers refuse that."""
    goes, _ = sent(
        asking(client, stream=True), gateway(chain(to)), {"content-type": "application/x-www-form-urlencoded"}
    )

    assert goes["content-type"] == "application/json"


@every_same
def test_the_query_of_the_client_goes_with_the_same_format(client: str, to: str) -> None:
    case = asking(client, stream=True)
    mark = "&" if "?" in case.target else "?"

    goes, _ = sent(case, gateway(chain(to)), {":path": f"{case.target}{mark}beta=true&KEY=sk&monkey=2"})

    assert "beta=true&monkey=2" in goes[":path"]
    assert "sk" not in goes[":path"].partition("?")[2]


@every_translation
def test_the_query_of_the_client_does_not_go_to_another_format(client: str, to: str) -> None:
    case = asking(client, stream=True)
    mark = "&" if "?" in case.target else "?"

    goes, _ = sent(case, gateway(chain(to)), {":path": f"{case.target}{mark}flag=true"})

    assert "flag" not in goes[":path"]


@every_way
def test_the_base_path_of_the_provider_comes_first(client: str, to: str) -> None:
    moved = replace(provider(to), base_path="/some/where")

    goes, _ = sent(asking(client, stream=True), gateway([Target(moved, "m0")]), {})

    assert goes[":path"].startswith("/some/where/")


@given(st.text(max_size=600))
def test_any_value_becomes_one_a_header_can_carry(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        return  # no JSON and no header of ours has half a character

    carried = h.safe(value)

    assert len(carried) <= h.MAX_HEADER_BYTES
    assert all(" " <= char <= "~" for char in carried)
    assert '"' not in carried
    if "..." not in carried and "%" not in value:
        assert unquote(carried) == value


@given(st.integers(200, 300))
def test_a_cut_never_splits_an_escape(length: int) -> None:
    carried = h.safe("a" * length + "ü" * 100)

    assert carried.endswith("...")
    assert all(len(piece) >= 2 for piece in carried.removesuffix("...").split("%")[1:])


@every_way
def test_the_length_is_that_of_the_body_that_goes(client: str, to: str) -> None:
    """Whatever an attempt before left behind: Envoy keeps its headers, and a provider would wait for the rest."""
    case = asking(client, stream=True)

    goes, answer = sent(case, gateway(chain(to)), {"content-length": "999999"})

    assert goes["content-length"] == str(len(case.request if answer.body is None else answer.body))


LOGINS = {
    "anthropic_messages": {
        "authorization": "Bearer sk-ant-oat01-theirs",
        "anthropic-beta": "claude-code-20250219,oauth-2025-04-20",
    },
    "openai_responses": {"authorization": "Bearer eyJ.theirs", "chatgpt-account-id": "a-theirs"},
}


@pytest.mark.parametrize("client", LOGINS)
def test_a_login_goes_whole_or_not_at_all(client: str) -> None:
    login, case = LOGINS[client], asking(client, stream=True)
    (target,) = chain(client)
    forwarding = replace(target, provider=replace(target.provider, auth="forward", credential=""))

    whole, _ = sent(case, gateway((forwarding,)), login)
    none, _ = sent(case, gateway((target,)), login)

    assert {name: whole[name] for name in login} == login
    assert "theirs" not in str(none)
    assert none.get("anthropic-beta", "") == ("claude-code-20250219" if client == "anthropic_messages" else "")


@pytest.mark.parametrize("client", LOGINS)
def test_only_a_login_that_was_forwarded_pays(client: str) -> None:
    case = asking(client, stream=True)
    (target,) = chain(client)
    forwarding = replace(target, provider=replace(target.provider, auth="forward", credential=""))

    paid = [
        attempt(*opening(case, gateway((one,)), headers=LOGINS[client])).hang_up().entry.subscription
        for one in (forwarding, target)
    ]

    assert paid == [True, False]
