"""What a decision costs: features, judgement and choice of a model, for requests of three sizes, with many rules.

A gateway of 50 models at 10 providers and 100 rules in CEL, of which the last one holds, so that all are looked at;
tiers, a pool, an experiment, budgets and a restriction besides. Timed one by one, by the CPU's time: the machines are
shared, and what somebody else does in between is not ours. The wall's time is told beside it.
"""
# ruff: noqa: TID251  # a program of its own, not part of the core

import argparse
import json
import sys
import time
from dataclasses import dataclass

from openclaw_extproc import features
from openclaw_extproc.catalog import ModelFacts, Price
from openclaw_extproc.config.conditions import Compiler, activate, any_of
from openclaw_extproc.gateway import AUTO, Gateway, Provider, Target
from openclaw_extproc.model import json as j
from openclaw_extproc.model.requests import Ask
from openclaw_extproc.policy.decide import decide
from openclaw_extproc.policy.runtime_state import RuntimeState, SessionState
from openclaw_extproc.strategy import (
    Affinity,
    Compliance,
    Experiment,
    Optimization,
    Pool,
    Restriction,
    Rule,
    Strategy,
)
from openclaw_extproc.wire import client_side
from openclaw_extproc.wire.base import ClientRequest

RUNS, WARMING = 2_000, 100
SIZES = {2 * 1024: 1.0, 50 * 1024: 2.0, 400 * 1024: 6.0}
"""Bytes of a request, and the milliseconds that 99 of 100 decisions may take."""
PROVIDERS, MODELS, RULES = 10, 50, 100
FORMAT, PATH = "openai_chat", "/v1/chat/completions"
HEADERS = {"user-agent": "bench", "x-team": "search", "content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Row:
    size: int
    most_ms: float
    p50_ms: float
    p99_ms: float
    wall_p99_ms: float
    decide_p50_ms: float
    """Of it the choice, with the features that it asks for: `extract` itself leaves them open."""

    @property
    def met(self) -> bool:
        return self.p99_ms < self.most_ms


# -- a configuration -----------------------------------------------------------------


def gateway() -> Gateway:
    providers = {
        f"p{n}": Provider(f"p{n}", f"c{n}", FORMAT, credential=f"KEY_{n}", region=("eu", "us")[n % 2])
        for n in range(PROVIDERS)
    }
    models = [f"model-{n}" for n in range(MODELS)]
    targets = [Target(providers[f"p{n % PROVIDERS}"], model) for n, model in enumerate(models)]
    chains = {
        model: (targets[n], targets[(n + 1) % MODELS], targets[(n + 2) % MODELS]) for n, model in enumerate(models)
    }
    return Gateway(
        providers=providers,
        chains={**chains, AUTO: chains["model-0"]},
        catalog={target.name: _facts(n) for n, target in enumerate(targets)},
        strategy=_strategy(models),
    )


def _facts(n: int) -> ModelFacts:
    price = Price(0.1 + n / 5, 0.4 + n)
    return ModelFacts((price,), 1_000_000, 8_000, frozenset({"tools", "vision"}), quality=0.5 + n / 100, family="x")


def _strategy(models: list[str]) -> Strategy:
    compiler = Compiler()
    rules = [
        Rule(f"rule-{n}", compiler.condition(source, f"rules[{n}].if"), models[n % MODELS])
        for n, source in enumerate([*_sources(), "tokens > 0"])
    ]
    assert not compiler.findings, compiler.findings
    return Strategy(
        activate=activate,
        any_of=any_of,
        rules=tuple(rules),
        default="model-3",
        fallbacks={model: (models[(n + 7) % MODELS], models[(n + 9) % MODELS]) for n, model in enumerate(models)},
        tiers={"simple": ("model-1", "model-2"), "standard": ("pool",)},
        pools={"pool": Pool({"model-4": 60, "model-5": 40}, max_concurrent=10)},
        experiments=(Experiment("trial", "model-8", 0.05),),
        compliance=Compliance(always=(Restriction("regions", regions=frozenset({"eu", "us"})),)),
        optimization=Optimization(minimize_cost=True, quality_threshold=0.6, max_cost_per_session=5.0),
        affinity=Affinity(),
        region="eu",
    )


def _sources() -> list[str]:
    """99 that do not hold, of the kinds that people write."""
    shapes = (
        'task_complexity == "large" && tokens > {n}00000',
        'task_type == "translation" && language == "x{n}"',
        'user == "user-{n}" || session.startsWith("night-{n}-")',
        'has_code && tools > {n} && model.startsWith("none-{n}")',
        'cost_centre in ["a{n}", "b{n}", "c{n}"]',
        '"x-team" in headers && headers["x-team"] == "team-{n}"',
    )
    return [shapes[n % len(shapes)].replace("{n}", str(n + 10)) for n in range(RULES - 1)]


# -- requests ------------------------------------------------------------------------

_PROSE = (
    "Compare the two proposals, step by step, and say which one you would build first and why it is the better one. "
)
_CODE = "```python\ndef add(left: int, right: int) -> int:\n    return left + right\n```\n"
_TOOL: dict[str, object] = {
    "type": "function",
    "function": {"name": "search", "description": _PROSE, "parameters": {"type": "object", "properties": {}}},
}


def request(size: int) -> Ask:
    """A conversation of an agent, its last turn a fifth of it."""
    last = (_PROSE * (size // (5 * len(_PROSE)) + 1))[: size // 5] + _CODE
    turns = [{"role": "system", "content": _PROSE}]
    while sum(len(turn["content"]) for turn in turns) + len(last) < size - 1_000:
        turns += [{"role": "user", "content": _PROSE * 4}, {"role": "assistant", "content": _CODE * 4}]
    turns.append({"role": "user", "content": last})
    body: dict[str, object] = {"model": AUTO, "messages": turns, "tools": [_TOOL], "stream": True}
    raw = json.dumps(body).encode()
    return client_side(FORMAT).decode_request(ClientRequest(PATH, "", raw, j.parse(raw, where="request body")))


# -- measuring -----------------------------------------------------------------------


def measure(runs: int = RUNS) -> list[Row]:
    made = gateway()
    situation = RuntimeState(
        latency={target.name: 0.5 for target in made.chains["model-1"]}, remembered=SessionState(spent_usd=1)
    )
    return [_row(request(size), size, most, made, situation, runs) for size, most in SIZES.items()]


def _row(ask: Ask, size: int, most: float, made: Gateway, situation: RuntimeState, runs: int) -> Row:
    whole, wall, alone = list[float](), list[float](), list[float]()
    for n in range(WARMING + runs):
        at, began = time.perf_counter(), time.thread_time()
        seen = features.extract(ask, client_format=FORMAT, headers=HEADERS)
        between = time.thread_time()
        decision = decide(seen, situation, made)
        ended, over = time.thread_time(), time.perf_counter()
        assert decision.record.rule == f"rule-{RULES - 1}", decision.record
        if n >= WARMING:
            whole.append((ended - began) * 1_000)
            wall.append((over - at) * 1_000)
            alone.append((ended - between) * 1_000)
    return Row(size, most, _share(whole, 0.5), _share(whole, 0.99), _share(wall, 0.99), _share(alone, 0.5))


def _share(times: list[float], share: float) -> float:
    return sorted(times)[min(int(len(times) * share), len(times) - 1)]


def markdown(rows: list[Row]) -> str:
    lines = [
        "| Request | p50, ms | of it the choice | p99, ms | wanted | p99 by the wall |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        numbers = f"{row.p50_ms:.2f} | {row.decide_p50_ms:.2f} | {row.p99_ms:.2f}"
        judged = f"< {row.most_ms:g}: {'met' if row.met else 'missed'}"
        lines.append(f"| {row.size // 1024} KiB | {numbers} | {judged} | {row.wall_p99_ms:.2f} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        "bench.decision", description=f"A decision with {RULES} rules and {MODELS} models."
    )
    parser.add_argument("--runs", type=int, default=RUNS)
    rows = measure(parser.parse_args().runs)
    sys.stdout.write(markdown(rows) + "\n")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
