"""Memory over many calls: `python -m bench.memory` prints what the service and its Envoy have resident while they
answer 200,000 calls, and by how much that grows.

The slope is that of a line through the second half of the samples: what is filled once and then kept, caches and the
pools of allocators, is full by then.
"""
# ruff: noqa: TID251  # a program of its own, not part of the core

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression

from bench import canned, proc, setup, wrk

CALLS = 200_000
SECONDS = 10
"""Between two samples."""
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Sample:
    calls: int
    service_mib: float
    envoy_mib: float


def measure(ours: setup.Ours, calls: int, body: Path) -> list[Sample]:
    """Calls by turns: JSON, a translation and a stream. Raises `LoadError`."""
    assert ours.side.service is not None
    url, answered = f"http://127.0.0.1:{ours.port}{canned.OPENAI_PATH}", 0
    kinds = [(canned.OPENAI_MODEL, False), (canned.ANTHROPIC_MODEL, False), (canned.OPENAI_MODEL, True)]
    samples: list[Sample] = []
    while answered < calls:
        model, stream = kinds[len(samples) % len(kinds)]
        body.write_bytes(canned.request(model, stream=stream))
        answered += wrk.run(url, body, connections=CONNECTIONS, seconds=SECONDS).requests
        resident = proc.resident_mebibytes(ours.side.service), proc.resident_mebibytes(ours.side.envoy)
        samples.append(Sample(answered, *resident))
        sys.stderr.write(f"bench: {answered:,} calls: service {resident[0]:.1f} MiB, Envoy {resident[1]:.1f} MiB\n")
    return samples


def slope(calls: Sequence[int], mebibytes: Sequence[float]) -> float:
    """KiB for 1,000 calls."""
    return linear_regression(calls, mebibytes).slope * 1024 * 1000 if len(calls) > 1 else 0.0


def markdown(samples: Sequence[Sample]) -> str:
    half, last = samples[len(samples) // 2 :], samples[-1]
    calls = [one.calls for one in half]
    service = slope(calls, [one.service_mib for one in half])
    envoy = slope(calls, [one.envoy_mib for one in half])
    return "\n".join(
        [
            f"| after {last.calls:,} calls | MiB | growth in the second half, KiB for 1,000 calls |",
            "|---|---:|---:|",
            f"| service | {last.service_mib:.0f} | {service:+.2f} |",
            f"| Envoy | {last.envoy_mib:.0f} | {envoy:+.2f} |",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser("bench.memory", description="Memory over many calls.")
    parser.add_argument("--calls", type=int, default=CALLS)
    options = parser.parse_args()
    os.environ.setdefault("BENCH_KEY", "sk-ours")
    with tempfile.TemporaryDirectory(prefix="openclaw-bench-") as name:
        folder = Path(name)
        with setup.only_ours(folder) as ours:
            samples = measure(ours, options.calls, folder / "request.json")
    sys.stdout.write(markdown(samples) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
