"""Whatever comes as a plan: no secret is read that the configuration does not name for the provider that gets it.

Who reaches the stages' addresses can send any bytes to both, and read what is answered.
"""

import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

import pytest
from google.protobuf.message import DecodeError
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from openclaw_extproc.config.settings import Overload
from openclaw_extproc.edge.credentials.credentials import Credentials
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.edge.ext_proc.sessions import attempt_session
from openclaw_extproc.edge.ext_proc.transport import Session
from openclaw_extproc.edge.runtime.in_flight import InFlight
from openclaw_extproc.edge.runtime.overload import OverloadGate
from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.events import Continue, RequestBody, RequestHead
from openclaw_extproc.stages.route.stage import RouteStage
from tests.edge.test_sessions import BODY, HEAD, asking

FILE = "/run/secrets/claude"
OPENAI = Provider("openai", "c-openai", "openai_chat", "/v1", "OPENAI_KEY", models=("m",), unread_cluster="u-openai")
CLAUDE = Provider("claude", "c-claude", "anthropic_messages", "/claude/v1", FILE, models=("m",), unread_cluster="u-c")
OPEN = Provider("open", "c-open", "openai_chat", "/open/v1", models=("m",), unread_cluster="u-open")
THEIRS = Provider("theirs", "c-theirs", "openai_chat", "/their/v1", auth="forward", models=("m",), unread_cluster="u-t")
CHAIN = tuple(Target(one, "m") for one in (OPENAI, CLAUDE, OPEN, THEIRS))
GATEWAY = Gateway({t.provider.name: t.provider for t in CHAIN}, {"m": CHAIN}, generation="now")
BY_CREDENTIAL = {"OPENAI_KEY": OPENAI, FILE: CLAUDE}
ELSEWHERE = ("PATH", "AWS_SECRET_ACCESS_KEY", "ANTHROPIC_API_KEY", "/etc/shadow", "../../etc/passwd", "default")
CLUSTERS = [cluster for one in GATEWAY.providers.values() for cluster in (one.cluster, one.unread_cluster)]


class Recording(Secrets):
    """Has a secret of any name, and remembers who asked for which."""

    def __init__(self) -> None:
        super().__init__({})
        self.asked: list[str] = []

    def get(self, name: str) -> str | None:
        self.asked.append(name)
        return f"secret of {name}"


def real_plans() -> list[str]:
    """Of a call, and of a request that goes on unread."""
    made: list[str] = []
    for path, method in (("/v1/chat/completions", "POST"), ("/v1/files", "GET")):
        route = RouteStage(GATEWAY, RuntimeState())
        answers = route.receive(RequestHead(HEAD | {":path": path, ":method": method}, 0.0)).answers
        if path.endswith("completions"):
            answers = route.receive(RequestBody(BODY, 0.0)).answers
        assert isinstance(answers[-1], Continue)
        made.append(answers[-1].metadata["plan"])
    return made


REAL = real_plans()
words = st.sampled_from([*ELSEWHERE, *BY_CREDENTIAL, *GATEWAY.providers, *CLUSTERS, "m", "now", ""]) | st.text(
    max_size=8
)
keys = st.sampled_from(
    ["credential", "auth", "provider", "model", "cluster", "base_path", "region", "authority", "name", "format"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys | words, inner, max_size=5),
    max_leaves=12,
)


def spots(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all values in a value."""
    yield way
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value).items()
    elif isinstance(value, list):
        inner = enumerate(cast("Sequence[Any]", value))
    for key, one in inner:
        yield from spots(one, (*way, key))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A real plan with a few values replaced, added or taken away."""
    plan: Any = json.loads(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(1, 4))):
        way = draw(st.sampled_from([one for one in spots(plan) if one]))
        at = plan
        for step in way[:-1]:
            at = at[step]
        match draw(st.integers(0, 3)), at:
            case 0, dict():
                at[draw(keys | words)] = draw(words | values)
            case 1, _:
                del at[way[-1]]
                if not plan:
                    break
            case _:
                at[way[-1]] = draw(words | values)
    return json.dumps(plan)


@st.composite
def spliced(draw: st.DrawFn) -> str:
    """A real plan with bytes of something else in it."""
    real = draw(st.sampled_from(REAL))
    begin = draw(st.integers(0, len(real)))
    return real[:begin] + draw(words) + real[draw(st.integers(begin, len(real))) :]


@contextmanager
def attempting() -> Generator[tuple[Session, Recording]]:
    secrets = Recording()
    put_on = Credentials(secrets, lambda _: None).put_on
    gate = OverloadGate(Overload, CollectorRegistry())
    session = attempt_session(AttemptStage(Snapshots(GATEWAY)), lambda _: None, put_on, InFlight(), gate)
    yield session, secrets
    session.close(None)


def answered(session: Session, plan: str, cluster: str, attempt: str) -> list[pb.ProcessingResponse]:
    first = pb.ProcessingRequest.FromString(asking({"plan": plan}, cluster)[0])
    for header in first.request_headers.headers.headers:
        if header.key == "x-envoy-attempt-count":
            header.raw_value = attempt.encode()
    said = session.receive(first.SerializeToString())
    if session.closing is None and session.wake_at is None:
        with suppress(AssertionError):  # it did not ask for a body
            said += session.receive(asking()[1])
    return [pb.ProcessingResponse.FromString(one) for one in said]


def changed(answer: pb.ProcessingResponse) -> dict[str, str]:
    """The headers that go on with the request."""
    kind = answer.WhichOneof("response")
    if kind not in ("request_headers", "request_body"):
        return {}
    common = (answer.request_headers if kind == "request_headers" else answer.request_body).response
    return {one.header.key: one.header.raw_value.decode() for one in common.header_mutation.set_headers}


@given(
    mutated() | spliced() | st.text(max_size=60) | values.map(lambda one: json.dumps(one)),
    st.sampled_from([*CLUSTERS, ""]),
    st.sampled_from(["1", "2", "3", "-1", "0", "99999999999"]),
)
@example(REAL[0].replace('"provider":"openai"', '"credential":"/etc/shadow","provider":"openai"'), "c-openai", "1")
@example(REAL[0].replace('"provider":"claude"', '"provider":"openai"'), "c-claude", "2")
@example(REAL[0].replace('"provider":"open"', '"provider":"openai"'), "c-open", "3")
def test_no_plan_has_a_secret_read_that_is_not_the_providers_own(plan: str, cluster: str, attempt: str) -> None:
    with attempting() as (session, secrets):
        answers = answered(session, plan, cluster, attempt)

    assert set(secrets.asked) <= BY_CREDENTIAL.keys()
    sent = [headers for answer in answers if (headers := changed(answer))]
    for name in secrets.asked:
        provider = BY_CREDENTIAL[name]
        assert cluster in (provider.cluster, provider.unread_cluster), "the key of one went to the cluster of another"
        [carrying] = [headers for headers in sent if f"secret of {name}" in str(headers)]
        assert carrying[":path"].startswith((provider.base_path, provider.base_path.removesuffix("/v1")))


@pytest.mark.parametrize(("plan", "cluster"), [(REAL[0], "c-openai"), (REAL[1], "u-openai")])
def test_a_plan_of_ours_has_the_providers_own_secret_read(plan: str, cluster: str) -> None:
    with attempting() as (session, secrets):
        [*_, last] = answered(session, plan, cluster, "1")

    assert secrets.asked == ["OPENAI_KEY"]
    assert changed(last)["authorization"] == "Bearer secret of OPENAI_KEY"


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_name_of_another_secret_is_no_use_anywhere_in_a_plan(name: str) -> None:
    plan = json.loads(REAL[0])
    tried = 0
    for way in [one for one in spots(plan) if one]:
        spoilt = json.loads(REAL[0])
        at = spoilt
        for step in way[:-1]:
            at = at[step]
        at[way[-1]] = name
        with attempting() as (session, secrets):
            answered(session, json.dumps(spoilt), "c-openai", "1")
        assert name not in secrets.asked
        tried += 1

    assert tried > 10


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_read_nothing(message: bytes) -> None:
    with attempting() as (session, secrets), suppress(DecodeError, ValueError, AssertionError):
        session.receive(message)

    assert secrets.asked == []


def test_a_written_plan_has_no_credentials_name() -> None:
    assert not [name for name in BY_CREDENTIAL for plan in REAL if name in plan]
