"""Promises about who a caller is taken for: what is verified counts, in one order, and nothing that can be forged."""

from dataclasses import replace
from itertools import product

import pytest

from openclaw_extproc.callers import ANONYMOUS, Authentication, CallerRules, ClaimNames, Client, JwtRules, ListenerTls
from openclaw_extproc.faults import FaultKind
from openclaw_extproc.model.json import Json
from openclaw_extproc.stages.events import RequestHead
from openclaw_extproc.stages.route.identification import (
    MAX_GROUPS,
    MAX_KEYS,
    MAX_NAME_CHARS,
    Identification,
    certificate_names,
    identify,
)
from tests.stages.talking import BEGAN

KEYS = {"key-of-search": "search", "key-of-ops": "ops"}
SPIFFE = "spiffe://cluster.local/ns/search/sa/api"
SEARCH = Client(
    "search", ("A",), (SPIFFE,), ("svc-search",), tenant="acme", team="red", cost_centre="research", groups=("llm",)
)
OPS = Client("ops", ("B",), ("spiffe://cluster.local/ns/*", "ops.example.com"))
JWT = JwtRules("https://idp/", claims=ClaimNames("sub", "tid", "org.team", "https://x.example/cc", "groups"))
RULES = CallerRules(clients={"search": SEARCH, "ops": OPS}, trusts_labels=False)
ALL = replace(RULES, jwt=JWT, tls=ListenerTls("c", "k", "ca"), forwarded_from=("127.0.0.1/32",))
ALONE = ("key-of-ops", "Bearer key-of-ops")
CLAIMS: dict[str, Json] = {"iss": "https://idp/", "sub": "ada"}


def head(path: str = "/v1/chat/completions", **headers: str) -> RequestHead:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RequestHead({":method": "POST", ":path": path, **named}, BEGAN)


def known(asked: RequestHead, rules: CallerRules = RULES) -> Identification:
    return identify(asked, rules, lambda key: KEYS.get(key, ""))


def test_where_nobody_can_be_known_nothing_is_looked_at() -> None:
    asked = head(authorization="Bearer key-of-ops", x_openclaw_key="x")

    assert known(asked, CallerRules()) == Identification(asked)


def test_a_client_is_what_is_written_of_it() -> None:
    identity = known(head(authorization="Bearer key-of-search")).identity

    assert (identity.name, identity.client, identity.source) == ("search", "search", "key")
    assert (identity.tenant, identity.team, identity.cost_centre) == ("acme", "red", "research")
    assert identity.groups == ("llm",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *product(("authorization", "x_api_key", "api_key", "x_goog_api_key"), (*ALONE, "sk-other, Bearer key-of-ops")),
        *product(("x_openclaw_key",), ALONE),
    ],
)
def test_our_key_is_taken_out_of_each_header(name: str, value: str) -> None:
    found = known(head(**{name: value}, x_other="stays"))

    assert found.identity.name == "ops"
    assert found.remove_headers == (name.replace("_", "-"),)
    assert "key-of-ops" not in str(found.head)
    assert found.head.headers["x-other"] == "stays"


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("key=key-of-ops", ""),
        ("a=1&key=key-of-ops&b=2", "a=1&b=2"),
        ("k%65y=key%2Dof%2Dops&alt=sse", "alt=sse"),
        ("key=theirs&api_key=key-of-ops", "key=theirs"),
        ("key=key-of-ops&key=key-of-ops", ""),
    ],
)
def test_our_key_is_taken_out_of_the_query(query: str, left: str) -> None:
    path = "/v1beta/models/m:generateContent"

    found = known(head(f"{path}?{query}"))

    assert found.identity.name == "ops"
    clean = f"{path}?{left}" if left else path
    assert found.set_headers == {":path": clean}
    assert found.head.headers[":path"] == clean


def test_what_is_not_ours_stays_for_the_provider_it_is_for() -> None:
    asked = head("/v1/x?key=theirs", authorization="Bearer theirs", x_api_key="key-of-ops")

    found = known(asked)

    assert found.head.headers["authorization"] == "Bearer theirs"
    assert found.head.headers[":path"] == "/v1/x?key=theirs"
    assert found.remove_headers == ("x-api-key",)


@pytest.mark.parametrize("rules", [RULES, replace(RULES, authentication="required")])
def test_a_wrong_key_in_our_own_header_is_refused_whoever_may_call(rules: CallerRules) -> None:
    for headers in ({"x_openclaw_key": "guess"}, {"x_openclaw_key": "guess", "authorization": "Bearer key-of-ops"}):
        fault = known(head(**headers), rules).fault
        assert fault is not None
        assert fault.kind is FaultKind.UNAUTHENTICATED


def test_as_many_keys_as_a_stranger_likes_are_not_compared() -> None:
    compared: list[str] = []

    def client_of(key: str) -> str:
        compared.append(key)
        return ""

    many = "&".join(f"key={n}" for n in range(10_000))
    found = identify(head(f"/v1/x?{many}"), RULES, client_of)

    assert len(compared) <= MAX_KEYS
    assert found.fault is not None
    assert found.fault.kind is FaultKind.MALFORMED


def test_the_nearest_to_the_caller_goes_first() -> None:
    certificate = replace(head(), certificate_names=(SPIFFE,))
    with_mesh = replace(certificate, headers={**certificate.headers, "x-forwarded-client-cert": "URI=spiffe://mesh/a"})
    with_token = replace(with_mesh, claims=CLAIMS)
    with_key = replace(with_token, headers={**with_token.headers, "x-api-key": "key-of-ops"})

    found = [known(one, ALL).identity for one in (certificate, with_mesh, with_token, with_key)]

    assert [(one.source, one.name) for one in found] == [
        ("certificate", "search"),
        ("xfcc", "spiffe://mesh/a"),
        ("jwt", "ada"),
        ("key", "ops"),
    ]


@pytest.mark.parametrize(
    "forged",
    [
        {"x_forwarded_client_cert": f"URI={SPIFFE}"},
        {"x_jwt_payload": '{"sub":"ada"}', "x_openclaw_identity": "ops", "x_openclaw_user": "ops"},
        {"x_openclaw_team": "red", "x_openclaw_cost_centre": "research"},
    ],
)
def test_headers_prove_nothing(forged: dict[str, str]) -> None:
    rules = replace(RULES, authentication="required", jwt=JWT, tls=ListenerTls("c", "k", "ca"))

    found = known(head(**forged), rules)

    assert found.identity == ANONYMOUS
    assert found.fault is not None
    assert found.fault.kind is FaultKind.UNAUTHENTICATED


def test_only_what_the_configuration_asks_for_is_believed() -> None:
    """Another filter may have noted claims or certificates; without a word of ours they are nobody's."""
    full = replace(
        head(x_forwarded_client_cert=f"URI={SPIFFE}"), certificate_names=(SPIFFE,), claims=CLAIMS, has_bad_token=True
    )

    assert known(full, RULES) == Identification(full)
    assert known(full, replace(RULES, tls=ListenerTls("c", "k"))).identity == ANONYMOUS


# -- tokens ------------------------------------------------------------------------------


def claims(**more: Json) -> RequestHead:
    return replace(head(), claims={**CLAIMS, **more})


def test_claims_are_read_by_the_names_that_are_configured() -> None:
    asked = replace(
        head(),
        claims={
            **CLAIMS,
            "tid": "acme",
            "org": {"team": "blue"},
            "https://x.example/cc": "sales",
            "groups": ["a", "b", 3, "a"],
        },
    )

    identity = known(asked, ALL).identity

    assert (identity.tenant, identity.team, identity.cost_centre) == ("acme", "blue", "sales")
    assert identity.groups == ("a", "b")
    assert (identity.name, identity.client) == ("ada", "")


def test_a_token_is_a_client_only_by_its_subjects() -> None:
    """A person may be able to choose a name: one that is a client's by chance must not get what the client has."""
    by_chance = known(claims(sub="search"), ALL).identity
    listed = known(claims(sub="svc-search", org={"team": "blue"}), ALL).identity

    assert (by_chance.client, by_chance.team) == ("", "")
    assert (listed.client, listed.team, listed.cost_centre) == ("search", "blue", "research")


@pytest.mark.parametrize("wrong", [{"iss": "https://other/"}, {"iss": None}, {"sub": None}, {"sub": 7}, {"sub": ""}])
def test_claims_of_another_issuer_or_of_nobody_are_not_believed(wrong: dict[str, Json]) -> None:
    assert known(claims(**wrong), ALL).identity == ANONYMOUS


def test_claims_are_bounded() -> None:
    identity = known(claims(sub="x" * 100_000, groups=list[Json](["y" * 1_000] * 1_000)), ALL).identity
    many = known(claims(groups=list[Json](map(str, range(1_000)))), ALL).identity

    assert len(identity.name) == MAX_NAME_CHARS
    assert [len(one) for one in identity.groups] == [MAX_NAME_CHARS]
    assert len(many.groups) == MAX_GROUPS


@pytest.mark.parametrize("shape", [{"org": "red"}, {"org": {"team": ["red"]}}, {"org": None}, {"groups": {"a": 1}}])
def test_claims_of_any_shape_end_nothing(shape: dict[str, Json]) -> None:
    identity = known(claims(**shape), ALL).identity

    assert (identity.name, identity.team, identity.groups) == ("ada", "", ())


def test_scopes_are_groups_too() -> None:
    assert known(claims(groups="read write"), ALL).identity.groups == ("read", "write")


def test_a_token_of_ours_that_is_not_valid_is_refused_whoever_may_call() -> None:
    bad = replace(head(), has_bad_token=True)

    fault = known(bad, ALL).fault

    assert fault is not None
    assert fault.kind is FaultKind.UNAUTHENTICATED
    assert known(replace(bad, claims=CLAIMS), ALL).fault is None  # another one of them is


# -- certificates ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("", ()),
        ("Hash=1;Subject=CN", ()),
        (f"By=a;Hash=b;URI={SPIFFE}", (SPIFFE,)),
        ("DNS=a.example;DNS=b.example;URI=spiffe://x", ("spiffe://x", "a.example", "b.example")),
        ('Subject="CN=a,O=\\"b;URI=evil\\"";URI=spiffe://x', ("spiffe://x",)),
        ("URI=spiffe://client-sent,URI=spiffe://seen-by-the-proxy", ("spiffe://seen-by-the-proxy",)),
        ('Subject="unclosed, URI=spiffe://x', ()),
        ('URI="spiffe://quoted"', ("spiffe://quoted",)),
        (",,;;==", ()),
        ("URI=", ()),
    ],
)
def test_what_the_nearest_proxy_saw_is_read(header: str, names: tuple[str, ...]) -> None:
    assert certificate_names(header) == names


@pytest.mark.parametrize(
    ("names", "client"),
    [
        ((SPIFFE,), "search"),
        (("spiffe://cluster.local/ns/other",), "ops"),
        (("spiffe://cluster.local.evil/ns/x",), ""),
        (("x.example", "ops.example.com"), "ops"),
        (("OPS.example.com.evil",), ""),
    ],
)
def test_an_exact_name_goes_before_a_pattern(names: tuple[str, ...], client: str) -> None:
    identity = known(replace(head(), certificate_names=names), ALL).identity

    assert identity.client == client
    assert identity.name == (client or names[0])


# -- who may call ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authentication", "asked", "kind"),
    [
        ("optional", head(), None),
        ("required", head(), FaultKind.UNAUTHENTICATED),
        ("required", head(authorization="Bearer theirs"), FaultKind.UNAUTHENTICATED),
        ("required", head(x_api_key="key-of-ops"), None),
        ("required", replace(head(), certificate_names=("unlisted",)), None),
        ("listed", head(), FaultKind.UNAUTHENTICATED),
        ("listed", replace(head(), certificate_names=("unlisted",)), FaultKind.FORBIDDEN),
        ("listed", replace(head(), claims=CLAIMS), FaultKind.FORBIDDEN),
        ("listed", replace(head(), certificate_names=(SPIFFE,)), None),
    ],
)
def test_who_may_call(authentication: Authentication, asked: RequestHead, kind: FaultKind | None) -> None:
    rules = replace(ALL, authentication=authentication)

    fault = known(asked, rules).fault

    assert (fault.kind if fault else None) is kind
    assert "key-of" not in str(fault)
