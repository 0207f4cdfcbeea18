"""`gateway.stages`: where the stages may be served, and what is said of an address where they may not."""

import pytest

from openclaw_extproc.config.gateway.stages import is_loopback
from openclaw_extproc.config.settings import StageTls
from tests.config.loading import complaints, settings, warnings

OPENAI = "model: {providers: [{name: openai, models: [gpt-4o], api_key: '${OPENAI_API_KEY}'}]}\n"
CLIENT = "client: {certificate_chain: /envoy/tls.crt, private_key: /envoy/tls.key}"
TLS = f"tls: {{certificate_chain: /tls.crt, private_key: /tls.key, trusted_ca: /ca.crt, {CLIENT}}}"
UNPROTECTED = "is reachable from the network without TLS: any peer can read and control all calls"


def config(stages: str, more: str = "") -> str:
    return f"gateway: {{stages: {{{stages}}}, {more}}}\n{OPENAI}"


def pair(route: str, attempt: str, more: str = "") -> str:
    return config(f"route: '{route}', attempt: '{attempt}', {more}")


def test_nobody_has_to_say_anything() -> None:
    found = settings(OPENAI).stages

    assert (found.route, found.attempt, found.tls) == ("", "", None)


@pytest.mark.parametrize(
    "stages",
    [
        pair("unix:/run/a/route.sock", "unix:/run/a/attempt.sock"),
        pair("127.0.0.1:3101", "127.0.0.1:3102"),
        pair("localhost:3101", "[::1]:3102"),
        pair("0.0.0.0:3101", "[::]:3102", TLS),
        pair("stages.internal:3101", "stages.internal:3102", TLS),
    ],
)
def test_what_nobody_else_reaches_and_what_is_encrypted_is_fine(stages: str) -> None:
    assert complaints(stages) == []
    assert warnings(stages) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "10.1.2.3", "stages.internal"])  # noqa: S104  # it is refused
def test_a_network_without_tls_is_refused_unless_it_is_asked_for(host: str) -> None:
    refused = complaints(pair(f"{host}:3101", f"{host}:3102"))
    asked_for = pair(f"{host}:3101", f"{host}:3102", "allow_plaintext: true")

    assert [f"gateway.stages.{name}: {host}:{port} {UNPROTECTED}" in line for (name, port), line in zip(
        (("route", 3101), ("attempt", 3102)), refused, strict=True
    )] == [True, True]  # fmt: skip
    assert all(
        "set gateway.stages.tls, use unix sockets, or set gateway.stages.allow_plaintext" in one for one in refused
    )
    assert complaints(asked_for) == []
    assert [UNPROTECTED in line for line in warnings(asked_for)] == [True, True]


@pytest.mark.parametrize(
    ("address", "finding"),
    [
        ("unix:run/route.sock", "the path of a socket has to begin with /"),
        ("3101", "is not an address"),
        ("127.0.0.1", "is not an address"),
        ("127.0.0.1:", "is not an address"),
        (":3101", "is not an address"),
        ("127.0.0.1:0", "is not an address"),
        ("127.0.0.1:99999", "is not an address"),
        ("127.0.0.1:three", "is not an address"),
        ("::1:3101", "is not an address"),
    ],
)
def test_what_is_no_address_is_told_with_those_that_are(address: str, finding: str) -> None:
    (told,) = complaints(pair(address, "unix:/run/a/attempt.sock"))

    assert told.startswith(f"gateway.stages.route: {address}")
    assert finding in told


def test_two_stages_on_one_address_are_an_error() -> None:
    (told,) = complaints(pair("127.0.0.1:3101", "127.0.0.1:3101"))

    assert told.startswith("gateway.stages.attempt: is the address of the route stage too")


def test_the_ports_of_all_workers_have_to_be_there_and_apart() -> None:
    both = "route: '127.0.0.1:65533', attempt: '127.0.0.1:65534'"
    apart = "route: '127.0.0.1:3101', attempt: '127.0.0.1:3105'"

    assert [line.partition(": ")[0] for line in complaints(config(both, "workers: 3"))] == [
        "gateway.stages.route",
        "gateway.stages.attempt",
    ]
    assert complaints(config(apart, "workers: 2")) == []
    (told,) = complaints(config(apart, "workers: 3"))
    assert told.startswith("gateway.stages.attempt: worker 0 would need the port 3105 of the route stage of worker 2")


def test_tls_on_unix_sockets_is_told_to_do_nothing() -> None:
    (told,) = warnings(config(TLS))

    assert told.startswith("gateway.stages.tls: is not used: both stages are on unix sockets")


def test_every_file_that_tls_needs_is_asked_for_at_once() -> None:
    told = complaints(
        config("route: '0.0.0.0:3101', tls: {trusted_ca: /ca.crt, client: {private_key: /envoy/tls.key}}")
    )

    assert told == [
        f"gateway.stages.tls.{key}: is missing: name a PEM file"
        for key in ("certificate_chain", "private_key", "client.certificate_chain")
    ]


def test_envoy_believes_the_same_authority_unless_another_is_named() -> None:
    tls = settings(pair("127.0.0.1:3101", "127.0.0.1:3102", TLS)).stages.tls

    assert tls == StageTls("/tls.crt", "/tls.key", "/ca.crt", "/envoy/tls.crt", "/envoy/tls.key", "/ca.crt")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("[::1]", True), ("localhost", True), ("localhost.example", False),
     ("0.0.0.0", False), ("[::]", False), ("127.0.0.1.example", False)],  # noqa: S104  # compared
)  # fmt: skip
def test_loopback_is_what_no_network_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
