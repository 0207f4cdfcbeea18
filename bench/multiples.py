"""What a call costs as a multiple of Envoy alone: processor time of Envoy and the service together, by kind of call.

`python -m bench.multiples` starts Envoy alone and `up` beside each other, both with one Envoy thread and one process,
puts load on them by turns, and prints the median of the ratios within each round. Absolute times depend on the machine
and its neighbours; within a round they disturb both sides.
"""
# a program of its own, not part of the core

import argparse
import json
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import canned, proc, setup, wrk
from bench.setup import Side
from openclaw_extproc.edge.workers.processes import find_envoy, free_port

ROUNDS, SECONDS, ALONE_SECONDS = 5, 2, 1
"""Envoy alone answers thirty times as many requests in a second."""
BURST, DOWN = "/burst", "/down"
"""Bases of providers: one writes ten events at a time, one answers 503."""
_DOWN_MODEL = "gpt-down"
_FIXED, _RULES, _TIERS = "fixed chain", "rules", "tiers"
_STRATEGIES = {
    _FIXED: "",
    _RULES: f"rules: [{{if: 'user == \"nobody\"', model: {canned.ANTHROPIC_MODEL}}}]",
    _TIERS: f"tiers: {{simple: {canned.OPENAI_MODEL}, standard: {canned.OPENAI_MODEL}}}",
}


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    title: str
    model: str
    alone: str
    """The path asked of Envoy alone, which goes to the provider as it is."""
    streamed: bool = False
    wants_usage: bool = True
    strategy: str = _FIXED
    connections: int = 16
    has_latency: bool = False
    """Whether its latency is measured too, with one connection."""

    @property
    def request(self) -> bytes:
        body = canned.request(self.model, stream=self.streamed)
        return body if self.wants_usage else body.replace(b',"stream_options":{"include_usage":true}', b"")


_CHAT, _MESSAGES = canned.OPENAI_PATH, canned.ANTHROPIC_PATH
CASES = (
    Case("S1", "JSON, own format, fixed chain", canned.OPENAI_MODEL, _CHAT, has_latency=True),
    Case("S1", "the same, with rules", canned.OPENAI_MODEL, _CHAT, strategy=_RULES),
    Case("S1", "the same, with tiers", canned.OPENAI_MODEL, _CHAT, strategy=_TIERS),
    Case("S2", "JSON, translated", canned.ANTHROPIC_MODEL, _MESSAGES, has_latency=True),
    Case("S3", "stream, ten events a write", "burst-openai", BURST + _CHAT, streamed=True),
    Case("S3", "the same, usage not asked for", "burst-openai", BURST + _CHAT, streamed=True, wants_usage=False),
    Case("S3P", "stream, an event a write", canned.OPENAI_MODEL, _CHAT, streamed=True, connections=32),
    Case("S4", "stream, translated, ten a write", "burst-anthropic", BURST + _MESSAGES, streamed=True),
    Case("S5", "first provider 503, second answers", _DOWN_MODEL, DOWN + _CHAT),
)


@dataclass(frozen=True, slots=True)
class Row:
    case: Case
    alone_cpu: float
    """Seconds for 1,000 requests."""
    ratios: tuple[float, ...]
    service_share: float
    """Of our processor time, what the service takes."""
    p50_ratio: float | None
    """Latency with one connection, against Envoy alone; `None`: it was not measured."""

    @property
    def multiple(self) -> float:
        return median(self.ratios)


@contextmanager
def running(folder: Path, strategy: str, *, fast_path: bool = False) -> Generator[tuple[Side, Side]]:
    """Envoy alone, and ours. Raises `LoadError`, `StartError`."""
    provider, port, alone_port, admin_port = (free_port() for _ in range(4))
    with ExitStack() as stack:
        responder = [sys.executable, "-m", "bench.responder", str(provider)]
        stack.enter_context(setup.process(responder, folder / "responder"))
        (folder / "alone.yaml").write_text(json.dumps(setup.envoy_alone(alone_port, provider, retried=DOWN)))
        envoy = [find_envoy(None), "-c", str(folder / "alone.yaml"), "--disable-hot-restart", "-l", "warning"]
        alone = stack.enter_context(setup.process([*envoy, "--concurrency", "1"], folder / "alone"))
        (folder / "openclaw.yml").write_text(_configuration(port, admin_port, provider, strategy, fast_path=fast_path))
        command = [sys.executable, "-m", "openclaw_extproc.edge.cli", "up", "-c", str(folder / "openclaw.yml")]
        ours = stack.enter_context(setup.process(command, folder / "ours", BENCH_KEY="sk-ours"))
        for url in (f"http://127.0.0.1:{alone_port}", f"http://127.0.0.1:{port}"):
            setup.wait_for(url + _CHAT, canned.request(canned.OPENAI_MODEL, stream=False))
        yield (
            Side(f"http://127.0.0.1:{alone_port}", alone, None),
            Side(f"http://127.0.0.1:{port}", proc.child_named(ours, "envoy"), ours),
        )


def _configuration(port: int, admin_port: int, provider: int, strategy: str, *, fast_path: bool = False) -> str:
    chains = f"fallbacks: {{{_DOWN_MODEL}: [{canned.OPENAI_MODEL}]}}"
    routing = f"{{{', '.join(filter(None, (chains, _STRATEGIES[strategy])))}}}"

    way = f"fast_path: {str(fast_path).lower()}"

    def entry(name: str, format: str, model: str, base: str = "") -> str:
        at = f"endpoint: 'http://127.0.0.1:{provider}{base}', api_key: '${{BENCH_KEY}}'"
        return f"    - {{name: {name}, format: {format}, models: [{model}], {at}}}"

    return f"""
gateway: {{port: {port}, admin_port: {admin_port}, envoy_concurrency: 1, {way}, routing_strategy: {routing}}}
model:
  router: {{failure_threshold: 1, retry_policy: {{max_retries: 0}}}}
  providers:
{entry("openai", "openai_chat", canned.OPENAI_MODEL)}
{entry("anthropic", "anthropic_messages", canned.ANTHROPIC_MODEL)}
{entry("burst", "openai_chat", "burst-openai", f"{BURST}/v1")}
{entry("messages", "anthropic_messages", "burst-anthropic", BURST)}
{entry("down", "openai_chat", _DOWN_MODEL, f"{DOWN}/v1")}
"""


def measure(
    rounds: int, seconds: int, names: Sequence[str], *, fast_path: bool = False
) -> tuple[list[Row], float, float]:
    """The rows, and the most memory that the service and its Envoy had, in MiB."""
    rows: list[Row] = []
    service, envoy = 0.0, 0.0
    for strategy in _STRATEGIES:
        cases = [case for case in CASES if case.strategy == strategy and (not names or case.name in names)]
        with tempfile.TemporaryDirectory(prefix="openclaw-bench-") as name, ExitStack() as stack:
            if not cases:
                continue
            alone, ours = stack.enter_context(running(Path(name), strategy, fast_path=fast_path))
            for case in cases:
                rows.append(_row(alone, ours, case, Path(name), rounds, seconds))
                sys.stderr.write(f"bench: {case.title}: {rows[-1].multiple:.1f}\n")
            assert ours.service is not None
            service = max(service, proc.peak_mebibytes(ours.service))
            envoy = max(envoy, proc.peak_mebibytes(ours.envoy))
    return sorted(rows, key=lambda row: CASES.index(row.case)), service, envoy


def _row(alone: Side, ours: Side, case: Case, folder: Path, rounds: int, seconds: int) -> Row:
    body = folder / "request.json"
    body.write_bytes(case.request)
    urls = {alone.url: alone.url + case.alone, ours.url: ours.url + _CHAT}
    for side in (alone, ours):  # to warm up
        wrk.run(urls[side.url], body, connections=case.connections, seconds=1)
    costs = [
        (_cost(alone, urls[alone.url], body, case, ALONE_SECONDS), _cost(ours, urls[ours.url], body, case, seconds))
        for _ in range(rounds)
    ]
    few = [
        [wrk.run(urls[side.url], body, connections=1, seconds=1).p50_ms for side in (alone, ours)]
        for _ in range(3 if case.has_latency else 0)
    ]
    return Row(
        case,
        median(sum(without) for without, _ in costs),
        tuple(sum(with_us) / sum(without) for without, with_us in costs),
        median(with_us[1] / sum(with_us) for _, with_us in costs),
        median(with_us / without for without, with_us in few) if few else None,
    )


def _cost(side: Side, url: str, body: Path, case: Case, seconds: int) -> tuple[float, float]:
    """Processor time of Envoy and of the service for 1,000 requests."""
    envoy, service = side.cpu_seconds()
    load = wrk.run(url, body, connections=case.connections, seconds=seconds)
    envoy_after, service_after = side.cpu_seconds()
    return (envoy_after - envoy) * 1000 / load.requests, (service_after - service) * 1000 / load.requests


def markdown(rows: Sequence[Row], service: float, envoy: float) -> str:
    lines = [
        "| | | Envoy alone, CPU s for 1,000 | with us, times that | service, of ours | p50, times Envoy's |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        latency = "" if row.p50_ratio is None else f"{row.p50_ratio:.1f}"
        numbers = f"{row.alone_cpu:.3f} | {row.multiple:.1f} | {row.service_share:.0%}"
        lines.append(f"| {row.case.name} | {row.case.title} | {numbers} | {latency} |")
    lines += ["", f"Peak memory: service {service:.0f} MiB, its Envoy {envoy:.0f} MiB."]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser("bench.multiples", description="What a call costs, against Envoy alone.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--case", action="append", default=[], choices=sorted({case.name for case in CASES}))
    parser.add_argument("--fast-path", action="store_true", help="calls take the fast path")
    options = parser.parse_args()
    found = measure(options.rounds, options.seconds, options.case, fast_path=options.fast_path)
    sys.stdout.write(markdown(*found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
