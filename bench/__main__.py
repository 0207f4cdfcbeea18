"""The command. Exit codes: 0 measured, 1 something answered wrongly or did not start, 2 there is no wrk."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from bench import decision, proc, report, rounds, setup, translation, wrk
from openclaw_extproc.edge.workers.processes import StartError

MEASURED, FAILED, WRONG = 0, 1, 2


def main() -> int:
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, _stop)
    try:
        wrk.must_be_there()
    except wrk.LoadError as problem:
        sys.stderr.write(f"bench: {problem}\n")
        return WRONG
    try:
        made = _measured(rounds.QUICK if options.quick else rounds.FULL)
    except (wrk.LoadError, StartError) as problem:
        sys.stderr.write(f"bench: {problem}\n")
        return FAILED
    sys.stdout.write((report.as_json(made) if options.json else report.markdown(made)) + "\n")
    if not options.json:
        sys.stdout.write(f"\nPython alone, without Envoy:\n\n{translation.markdown(translation.measure())}\n")
        title = f"A decision, with {decision.RULES} rules and {decision.MODELS} models:"
        sys.stdout.write(f"\n{title}\n\n{decision.markdown(decision.measure())}\n")
    return MEASURED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("bench", description="What the sidecar costs, against Envoy alone.")
    parser.add_argument("--quick", action="store_true", help="under a minute instead of more than three; noisier")
    parser.add_argument("--json", action="store_true", help="every round, as JSON")
    return parser


def _measured(length: rounds.Length) -> report.Report:
    machine = report.machine()
    with tempfile.TemporaryDirectory(prefix="openclaw-bench-") as name:
        folder = Path(name)
        with setup.running(folder) as sides:
            results: list[rounds.Result] = []
            for result in rounds.measure(sides, length, folder):
                sys.stderr.write(f"bench: {result.case.title}: measured\n")
                results.append(result)
            assert sides.ours.service is not None
            peak = proc.peak_mebibytes(sides.ours.service)
    return report.Report(machine, length, tuple(results), peak)


def _stop(number: int, _: FrameType | None) -> None:
    """So that everything we started is ended on the way out."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
