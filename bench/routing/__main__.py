"""`make eval-routing`: what the judge of complexity gets right, on the prompts it was tuned on and on the others."""

import argparse
import sys
from collections.abc import Iterator, Sequence

from bench.routing.measure import Judged, Score, confusion, judged, score
from bench.routing.prompts import Half, prompts
from openclaw_extproc.strategy import TIERS

TITLES: dict[Half, str] = {"tuned": "Tuned on", "held_out": "Held out", "reported": "Reported"}


def main() -> int:
    parser = argparse.ArgumentParser("bench.routing", description=__doc__)
    parser.add_argument("--half", choices=tuple(TITLES), help="only this one")
    parser.add_argument(
        "--misses", action="store_true", help="every prompt of `tuned` and `reported` whose tier was judged otherwise"
    )
    options = parser.parse_args()
    for half in (options.half,) if options.half else tuple(TITLES):
        results = judged(prompts(half))
        sys.stdout.write("\n".join(_report(TITLES[half], results)) + "\n\n")
        if options.misses and half != "held_out":  # who looks at the others has nothing left to measure with
            sys.stdout.write("\n".join(map(_miss, _missed(results))) + "\n\n")
    return 0


def _report(title: str, results: Sequence[Judged]) -> Iterator[str]:
    whole = score(results)
    yield f"## {title}: {whole.count} prompts, topics {', '.join(sorted({r.prompt.topic for r in results}))}"
    yield ""
    yield from _summary(whole)
    yield ""
    yield "| label \\ judged | " + " | ".join(TIERS) + " |"
    yield "|---|" + "---:|" * len(TIERS)
    yield from (f"| {tier} | " + " | ".join(map(str, row.values())) + " |" for tier, row in confusion(results).items())
    yield ""
    yield from _groups("language", results, [r.prompt.lang for r in results])
    yield ""
    yield from _groups("topic", results, [r.prompt.topic for r in results])


def _summary(whole: Score) -> Iterator[str]:
    yield "| | ours | chance, same mix |"
    yield "|---|---:|---:|"
    yield f"| tier right | {whole.tier:.1%} | {whole.by_chance:.1%} |"
    yield f"| judged too low | {whole.under:.1%} | {whole.under_by_chance:.1%} |"
    yield f"| judged too high | {whole.over:.1%} | {whole.over_by_chance:.1%} |"
    served = f"hard prompts served, {whole.strong:.1%} strong calls"
    yield f"| {served} | {whole.hard_served:.1%} | {whole.chance_served:.1%} |"
    yield f"| prompts with enough of a model | {whole.sound:.1%} | {whole.sound_by_chance:.1%} |"
    yield f"| task right | {whole.task:.1%} | |"


def _groups(name: str, results: Sequence[Judged], keys: Sequence[str]) -> Iterator[str]:
    yield f"| {name} | prompts | tier right | too low | too high | task right |"
    yield "|---|---:|---:|---:|---:|---:|"
    for key in sorted(set(keys)):
        part = score([r for r, k in zip(results, keys, strict=True) if k == key])
        yield f"| {key} | {part.count} | {part.tier:.0%} | {part.under:.0%} | {part.over:.0%} | {part.task:.0%} |"


def _missed(results: Sequence[Judged]) -> list[Judged]:
    return sorted((r for r in results if r.off_by), key=lambda r: r.off_by)


def _miss(result: Judged) -> str:
    prompt, said = result.prompt, result.judgement
    told = f"{prompt.tier} -> {said.tier} ({said.score:.2f}, {said.task} for {prompt.task})"
    return f"{result.off_by:+d} {told} {prompt.topic}/{prompt.lang}: {prompt.say[:110]!r} {list(said.reasons)}"


if __name__ == "__main__":
    sys.exit(main())
