"""What one call costs in Python: every message of Envoy's for both stages, from its bytes to the bytes of the answer.

Without Envoy, sockets and gRPC, so that a change of a few microseconds can be seen: the sessions of a real service are
given the messages of calls that were recorded at the start. `python -m bench.calls` prints the time of the processor
for each case, the median of many batches; to compare two versions of the code, run them by turns. Under
`valgrind --tool=callgrind` the instructions of two runs with different `--calls` differ by what the calls cost.
"""
# ruff: noqa: TID251  # a program of its own, not part of the core

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from types import MappingProxyType

from prometheus_client import CollectorRegistry

from bench import canned
from openclaw_extproc.config.settings import Overload
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.edge.ext_proc.protobuf import FILTER
from openclaw_extproc.edge.ext_proc.transport import Session
from openclaw_extproc.edge.reload.config_files import ConfigFiles
from openclaw_extproc.edge.runtime.overload import OverloadGate
from openclaw_extproc.edge.service import Service
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.render.ext_proc import CLUSTER, DETAILS, PLAN

CALLS, WARMING, RECORDED = 3_000, 300, 20
KEY = "BENCH_KEY"

_WHERE = f"endpoint: 'http://127.0.0.1:1', api_key: '${{{KEY}}}'"
_FIXED = f"""
gateway: {{port: 4000, admin_port: 4001}}
model:
  providers:
    - {{name: openai, primary: true, models: [{canned.OPENAI_MODEL}], {_WHERE}}}
    - {{name: anthropic, models: [{canned.ANTHROPIC_MODEL}], {_WHERE}}}
"""
_STRATEGY = "gateway: {{port: 4000, admin_port: 4001, routing_strategy: {{{}}}}}"


def _with(strategy: str) -> str:
    return _FIXED.replace("gateway: {port: 4000, admin_port: 4001}", _STRATEGY.format(strategy))


CASES: Mapping[str, str] = MappingProxyType(
    {
        "fixed chain": _FIXED,
        "rules without text": _with(f"rules: [{{if: 'user == \"nobody\"', model: {canned.ANTHROPIC_MODEL}}}]"),
        "tiers": _with(f"tiers: {{simple: {canned.OPENAI_MODEL}, standard: {canned.OPENAI_MODEL}}}"),
    }
)
"""Configurations, by what has a say in the decision."""

CLIENT = {
    ":method": "POST", ":scheme": "http", ":authority": "127.0.0.1:4000", ":path": canned.OPENAI_PATH,
    "accept": "application/json", "content-type": "application/json", "user-agent": "OpenAI/Python 2.8.1",
    "authorization": "Bearer unused", "x-stainless-lang": "python", "x-forwarded-proto": "http",
    "content-length": str(canned.REQUEST_BYTES),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """The messages of one call, as Envoy sends them."""

    asking: tuple[bytes, ...]
    """To the route stage."""
    attempt: Mapping[str, str]
    """The headers of the attempt's request; its plan is another one each time."""
    answer: tuple[bytes, ...]
    """Of the provider, to the attempt stage."""
    end: bytes
    """The head of the answer, to the route stage again."""


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    route_us: float
    attempt_us: float
    end_us: float

    @property
    def all_us(self) -> float:
        return self.route_us + self.attempt_us + self.end_us


class _Open(OverloadGate):
    """Refuses nothing: it would find an event loop that is never idle, as there is none."""

    def refusal(self, size: int, *, is_here: bool) -> str:  # noqa: ARG002  # as the one it stands for
        return ""


def service(text: str, folder: Path) -> Service:
    (folder / "openclaw.yml").write_text(text)
    environment = {KEY: "sk-ours"}
    read = ConfigFiles((folder / "openclaw.yml",), None, environment).read()
    assert read.settings is not None, read.findings
    made = Service(read.settings, Secrets(environment))
    made.gate = _Open(Overload, CollectorRegistry())
    asyncio.run(made.prepare(read.settings))
    return made


def record(serving: Service) -> tuple[Call, ...]:
    return tuple(_recorded(serving, number) for number in range(RECORDED))


def _recorded(serving: Service, number: int) -> Call:
    """One call that is answered, with what each stage says put into the messages behind it."""
    headers = {**CLIENT, "x-request-id": f"0b0d6c1e-5a3f-4c0e-9f55-{number:012d}"}
    body = canned.request(canned.OPENAI_MODEL, stream=False)
    asking = (head_message(headers), serialized(pb.ProcessingRequest(request_body=http_body(body))))
    route, attempt = serving.open_route(), serving.open_attempt()
    planned = _answers(route.receive(message) for message in asking)[-1]
    plan = plan_in(planned)
    attempts = {**headers, **headers_set(planned.request_body.response.header_mutation), "x-envoy-attempt-count": "1"}
    told = {":status": "200", "content-type": "application/json", "content-length": "900"}
    provided = (
        serialized(pb.ProcessingRequest(response_headers=header_map(told))),
        serialized(pb.ProcessingRequest(response_body=http_body(canned.whole(canned.OPENAI_PATH)))),
    )
    answered = _answers(attempt.receive(message) for message in (attempt_head(attempts, plan), *provided))
    for answer in answered:
        told |= headers_set(answer.response_headers.response.header_mutation)
    assert "x-openclaw-provider" in told, answered
    end = pb.ProcessingRequest(response_headers=header_map({**told, "x-envoy-attempt-count": "1"}))
    _add_attributes(end, {DETAILS: "via_upstream", CLUSTER: "openai"})
    last = serialized(end)
    route.receive(last)
    route.close(None)
    attempt.close(None)
    return Call(asking, attempts, provided, last)


def plan_in(planned: pb.ProcessingResponse) -> str:
    return planned.dynamic_metadata.fields["openclaw"].struct_value.fields["plan"].string_value


def attempt_head(headers: Mapping[str, str], plan: str) -> bytes:
    """The attempt has no other message before the answer: its request was decoded in this process."""
    return head_message(headers, {CLUSTER: "openai", PLAN: plan})


def head_message(headers: Mapping[str, str], attributes: Mapping[str, str] = MappingProxyType({})) -> bytes:
    message = pb.ProcessingRequest(request_headers=header_map(headers))
    _add_attributes(message, attributes)
    return serialized(message)


def _add_attributes(message: pb.ProcessingRequest, attributes: Mapping[str, str]) -> None:
    for name, value in attributes.items():
        message.attributes[FILTER].fields[name].string_value = value


def header_map(headers: Mapping[str, str]) -> pb.HttpHeaders:
    made = pb.HttpHeaders()
    for name, value in headers.items():
        made.headers.headers.add(key=name, raw_value=value.encode())
    return made


def http_body(body: bytes) -> pb.HttpBody:
    return pb.HttpBody(body=body, end_of_stream=True)


def serialized(message: pb.ProcessingRequest) -> bytes:
    return message.SerializeToString()


def _answers(steps: Iterable[list[bytes]]) -> list[pb.ProcessingResponse]:
    return [pb.ProcessingResponse.FromString(answer) for step in steps for answer in step]


def headers_set(mutation: pb.HeaderMutation) -> dict[str, str]:
    return {one.header.key: one.header.raw_value.decode() for one in mutation.set_headers}


def play(serving: Service, calls: Sequence[Call]) -> tuple[float, float, float]:
    """Seconds of the processor for calls that are under way together, each part of the way with all of them: the route
    stage, the attempt stage, and the route stage at the end. To ask for the time is a system call, which takes longer
    than many a part of a call.
    """
    began = time.thread_time()
    routes = [serving.open_route() for _ in calls]
    answers = [[route.receive(one) for one in call.asking] for route, call in zip(routes, calls, strict=True)]
    routed = time.thread_time() - began
    plans = [plan_in(_answers(steps)[-1]) for steps in answers]
    heads = [attempt_head(call.attempt, plan) for call, plan in zip(calls, plans, strict=True)]
    began = time.thread_time()
    for head, call in zip(heads, calls, strict=True):
        _asked(serving.open_attempt(), (head, *call.answer)).close(None)
    answered = time.thread_time()
    for route, call in zip(routes, calls, strict=True):
        _asked(route, (call.end,)).close(None)
    return routed, answered - began, time.thread_time() - answered


def _asked(session: Session, messages: Iterable[bytes]) -> Session:
    for message in messages:
        session.receive(message)
    return session


def measure(title: str, calls: int) -> Row:
    with TemporaryDirectory() as folder:
        serving = service(CASES[title], Path(folder))
    recorded = record(serving)
    times = [play(serving, recorded) for _ in range((WARMING + calls) // RECORDED)][WARMING // RECORDED :]
    route, attempt, end = (median(part) / RECORDED * 1e6 for part in zip(*times, strict=True))
    return Row(title, route, attempt, end)


def markdown(rows: Sequence[Row]) -> str:
    lines = ["| S1, us | route stage | attempt stage | answer's head | all |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {row.title} | {row.route_us:.0f} | {row.attempt_us:.0f} | {row.end_us:.0f} | {row.all_us:.0f} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser("bench.calls", description="What one call costs in Python.")
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--case", choices=[*CASES], action="append")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logs.configure("info", os.devnull)
    rows = [measure(title, options.calls) for title in options.case or CASES]
    sys.stdout.write((json.dumps({row.title: row.all_us for row in rows}) if options.json else markdown(rows)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
