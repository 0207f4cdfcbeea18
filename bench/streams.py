"""What one event of a streamed answer costs in Python: the messages of its body to the attempt stage, as in `calls`.

`python -m bench.streams` prints microseconds of the processor for an event, the median of many streams; to compare two
versions of the code, run them by turns.
"""
# ruff: noqa: TID251  # a program of its own, not part of the core

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from types import MappingProxyType

from bench import calls, canned
from openclaw_extproc.edge.ext_proc.transport import Session
from openclaw_extproc.edge.service import Service
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.pb import ext_proc_pb2 as pb
from openclaw_extproc.render.ext_proc import CLUSTER, PLAN

ROUNDS, WARMING, SESSIONS = 60, 6, 10
TOGETHER = 10
"""Events in a message, where several come in one."""

_GEMINI_MODEL = "gemini-2.5-flash"
_WHERE = f"endpoint: 'http://127.0.0.1:1', api_key: '${{{calls.KEY}}}'"
_CONFIGURATION = f"""
gateway: {{port: 4000, admin_port: 4001}}
model:
  providers:
    - {{name: openai, primary: true, models: [{canned.OPENAI_MODEL}], {_WHERE}}}
    - {{name: anthropic, format: anthropic_messages, models: [{canned.ANTHROPIC_MODEL}], {_WHERE}}}
    - {{name: gemini, format: gemini, models: [{_GEMINI_MODEL}], {_WHERE}}}
"""
Json = dict[str, object]
_TURNS = [{"role": "user", "content": "Hi"}]


def _openai(model: str) -> Json:
    return {"model": model, "stream": True, "messages": _TURNS}


def _openai_with_usage(model: str) -> Json:
    return {**_openai(model), "stream_options": {"include_usage": True}}


def _anthropic(model: str) -> Json:
    return {**_openai(model), "max_tokens": 99}


def _gemini(_: str) -> Json:
    return {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


_CLIENTS: Mapping[str, tuple[str, Callable[[str], Json]]] = MappingProxyType(
    {
        "openai": (canned.OPENAI_PATH, _openai),
        "openai with usage": (canned.OPENAI_PATH, _openai_with_usage),
        "anthropic": (canned.ANTHROPIC_PATH, _anthropic),
        "gemini": ("/v1beta/models/{model}:streamGenerateContent?alt=sse", _gemini),
    }
)
_PROVIDERS: Mapping[str, tuple[str, tuple[bytes, ...]]] = MappingProxyType(
    {
        "openai": (canned.OPENAI_MODEL, canned.stream(canned.OPENAI_PATH)),
        "anthropic": (canned.ANTHROPIC_MODEL, canned.stream(canned.ANTHROPIC_PATH)),
        "gemini": (_GEMINI_MODEL, canned.gemini_stream()),
    }
)


@dataclass(frozen=True, slots=True)
class Case:
    client: str
    provider: str

    @property
    def title(self) -> str:
        return f"{self.client} <- {self.provider}"


CASES = (
    Case("openai", "openai"),
    Case("openai with usage", "openai"),
    Case("anthropic", "anthropic"),
    Case("gemini", "gemini"),
    Case("openai", "anthropic"),
    Case("openai", "gemini"),
    Case("anthropic", "openai"),
    Case("gemini", "openai"),
)


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    alone_us: float
    """Of an event that comes in a message of its own."""
    together_us: float
    """Of one that comes with nine others."""


def measure(serving: Service, case: Case, rounds: int) -> Row:
    model, events = _PROVIDERS[case.provider]
    begins = tuple(_begin(serving, case, model))
    per_event = [_spent(serving, begins, _messages(events, size), rounds) / len(events) for size in (1, TOGETHER)]
    return Row(case.title, *per_event)


def _begin(serving: Service, case: Case, model: str) -> Iterator[bytes]:
    """The messages of an attempt up to the head of the answer."""
    path, asked = _CLIENTS[case.client]
    body = json.dumps(asked(model)).encode()
    headers = {**calls.CLIENT, ":path": path.format(model=model), "content-length": str(len(body))}
    route = serving.open_route()
    route.receive(calls.head_message(headers))
    answers = route.receive(calls.serialized(pb.ProcessingRequest(request_body=calls.http_body(body))))
    planned = pb.ProcessingResponse.FromString(answers[-1])
    route.close(None)
    plan = planned.dynamic_metadata.fields["openclaw"].struct_value.fields["plan"].string_value
    attempts = {**headers, **calls.headers_set(planned.request_body.response.header_mutation)}
    told = {":status": "200", "content-type": "text/event-stream"}
    yield calls.head_message({**attempts, "x-envoy-attempt-count": "1"}, {CLUSTER: case.provider, PLAN: plan})
    yield calls.serialized(pb.ProcessingRequest(request_body=calls.http_body(body)))
    yield calls.serialized(pb.ProcessingRequest(response_headers=calls.header_map(told)))


def _messages(events: Sequence[bytes], size: int) -> tuple[bytes, ...]:
    chunks = [b"".join(events[at : at + size]) for at in range(0, len(events), size)]
    return tuple(
        calls.serialized(pb.ProcessingRequest(response_body=pb.HttpBody(body=chunk, end_of_stream=at == len(chunks))))
        for at, chunk in enumerate(chunks, 1)
    )


def _spent(serving: Service, begins: Sequence[bytes], messages: Sequence[bytes], rounds: int) -> float:
    """Microseconds for a stream."""
    times: list[float] = []
    for _ in range(WARMING + rounds):
        sessions = [_answered(serving, begins) for _ in range(SESSIONS)]
        began = time.thread_time()
        for session in sessions:
            for message in messages:
                session.receive(message)
        times.append(time.thread_time() - began)
        for session in sessions:
            assert session.closing is not None, "the stream has come to its end"
            session.close(None)
    return median(times[WARMING:]) / SESSIONS * 1e6


def _answered(serving: Service, begins: Sequence[bytes]) -> Session:
    session = serving.open_attempt()
    for message in begins:
        session.receive(message)
    return session


def markdown(rows: Sequence[Row]) -> str:
    lines = ["| client <- provider, us an event | each in a message | ten in a message |", "|---|---:|---:|"]
    lines += [f"| {row.title} | {row.alone_us:.1f} | {row.together_us:.1f} |" for row in rows]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser("bench.streams", description="What one event of a stream costs in Python.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logs.configure("info", os.devnull)
    with TemporaryDirectory() as folder:
        serving = calls.service(_CONFIGURATION, Path(folder))
    rows = [measure(serving, case, options.rounds) for case in CASES]
    told = json.dumps({row.title: (row.alone_us, row.together_us) for row in rows}) if options.json else markdown(rows)
    sys.stdout.write(told + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
