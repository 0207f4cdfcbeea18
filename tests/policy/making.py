"""Gateways for tests of the policy, said in a few words."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import cast

from openclaw_extproc.catalog import ModelFacts, Price
from openclaw_extproc.faults import Fault, FaultError
from openclaw_extproc.features import Declarations, Features
from openclaw_extproc.gateway import AUTO, Gateway, Provider, Target
from openclaw_extproc.policy.complexity import Classification
from openclaw_extproc.policy.decide import Decision, decide
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.strategy import Condition, Strategy, Values

NOW = RuntimeState()
SIMPLE = Classification("simple", "simple_qa", 0.1, 0.9)
STANDARD = Classification("standard", "analysis", 0.5, 0.9)
ASKED = Features(client_format="openai_chat", model="large", stream=True, turns=1, tools=0, images=0, tokens=1_000)
"""For the dearest model of `gateway`."""


def provider(name: str, *, region: str = "", format: str = "openai_chat") -> Provider:  # the field's name
    return Provider(name, f"c-{name}", format, credential=f"KEY_{name}", region=region)


def facts(price: float | None = None, **more: object) -> ModelFacts:
    """`price`: dollars for a million tokens of input; four times as much for output."""
    prices = () if price is None else (Price(price, 4 * price),)
    return replace(ModelFacts(prices=prices), **more)  # type: ignore[arg-type]  # fields of `ModelFacts` by name


def gateway(
    strategy: Strategy | None = None,
    *,
    catalog: Mapping[str, ModelFacts] | None = None,
    chains: Mapping[str, Iterable[str]] | None = None,
    providers: Iterable[Provider] = (),
    auto: str = "large",
) -> Gateway:
    """Three models at three providers, each cheaper than the one before it, and each a chain of its own."""
    wanted = dict(chains or {"large": ["a/large"], "medium": ["b/medium"], "small": ["c/small"]})
    known = {one.name: one for one in (provider("a"), provider("b"), provider("c"), *providers)}
    made = {name: tuple(target(word, known) for word in words) for name, words in wanted.items()}
    usual = {"a/large": facts(10.0), "b/medium": facts(2.0), "c/small": facts(0.1)}
    return Gateway(
        providers=known,
        chains={**made, AUTO: made[auto]} if auto in made else made,
        catalog={**usual, **(catalog or {})},
        strategy=strategy or Strategy(),
    )


def target(name: str, known: Mapping[str, Provider]) -> Target:
    where, _, model = name.partition("/")
    return Target(known[where], model)


def when(source: str, test: Callable[[Mapping[str, object]], bool | None]) -> Condition:
    """A condition without CEL: the variables come as they are."""

    def holds(values: object) -> bool | None:
        assert isinstance(values, dict)
        return test(cast("dict[str, object]", values))

    return Condition(source, holds)


def as_they_are(values: Values) -> object:
    """For `Strategy.activate`."""
    return values


def declaring(features: Features = ASKED, **fields: object) -> Features:
    return replace(features, declared=replace(features.declared, **fields))  # type: ignore[arg-type]  # by name


def asking(model: str, **fields: object) -> Features:
    return replace(ASKED, model=model, **fields)  # type: ignore[arg-type]  # fields of `Features` by name


def names(decision: Decision) -> list[str]:
    """Who is asked, in order."""
    return [one.name for one in decision.chain]


def asked_first(
    strategy: Strategy, features: Features = ASKED, situation: RuntimeState = NOW, judgement: Classification = SIMPLE
) -> str:
    return names(decide(features, situation, gateway(strategy), judgement=judgement))[0]


def refusal(features: Features, situation: RuntimeState, made: Gateway, judgement: Classification = SIMPLE) -> Fault:
    try:
        decision = decide(features, situation, made, judgement=judgement)
    except FaultError as error:
        return error.fault
    raise AssertionError(f"not refused: {names(decision)}")


__all__ = [
    "ASKED",
    "NOW",
    "SIMPLE",
    "STANDARD",
    "Declarations",
    "as_they_are",
    "asked_first",
    "asking",
    "declaring",
    "facts",
    "gateway",
    "names",
    "provider",
    "refusal",
    "target",
    "when",
]
