"""Random gateways, requests and moments for the properties of a decision: small, so that everything meets.

Made by `random.Random` from one seed and not by hypothesis draw by draw: a case has two hundred choices, and a hundred
times as many cases find more than a small one that is easy to read. What fails says its seed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar, cast

from openclaw_extproc.catalog import ModelFacts, Price
from openclaw_extproc.features import Declarations, Features
from openclaw_extproc.gateway import AUTO, Gateway, Provider, Target
from openclaw_extproc.model.requests import Chat, LinkedImage, Part, Text, ToolResult, ToolSpec, ToolUse, Turn
from openclaw_extproc.policy.runtime_state import RuntimeState, SessionState
from openclaw_extproc.strategy import (
    TIERS,
    Affinity,
    Compliance,
    Condition,
    Context,
    CostCentre,
    Experiment,
    Level,
    Levels,
    Optimization,
    Pool,
    Restriction,
    Rule,
    Strategy,
    Virtual,
)
from tests.policy.making import as_they_are

PROVIDERS, REGIONS, MODELS = "abcd", ("", "eu", "us"), ("m1", "m2", "m3", "m4", "m5")
CLASSES, CENTRES, SESSIONS, USERS = ("pii", "internal"), ("lab", "shop"), ("s1", "s2"), ("ann", "bob")
POOLS, VIRTUAL = ("pool", "spread"), ("fast", "cheap", "best", "mine")
NAMES = (*MODELS, *MODELS, *POOLS, *VIRTUAL, AUTO)
"""All that a configuration may name; some stand for nothing, as the gateway is drawn without them."""
ASKABLE = (*3 * MODELS, *4 * POOLS, *NAMES, *3 * (AUTO,), "a/m1", "b/m2", "unknown", "level:session")
TARGETS = tuple(f"{where}/{model}" for where in PROVIDERS for model in MODELS)
ABILITIES = ("vision", "tools", "json_schema")
PRICES = ((), (Price(0, 0),), (Price(1, 4),), (Price(10, 40),), (Price(1, 2), Price(20, 40, above=900)))

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Drawn:
    features: Features
    situation: RuntimeState
    gateway: Gateway


class Case:
    """One seed's worth of choices."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  # cases of a test, no secrets

    def drawn(self) -> Drawn:
        return Drawn(self.request(), self.situation(), self.gateway())

    def one(self, *options: T) -> T:
        return self._random.choice(options)

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def some(self, options: Sequence[T], *, least: int = 0, most: int = 3) -> list[T]:
        return self._random.sample(options, self._random.randint(least, min(most, len(options))))

    def maybe(self, share: float, make: Callable[[], T]) -> T | None:
        return make() if self.chance(share) else None

    def many(self, most: int, make: Callable[[], T]) -> tuple[T, ...]:
        return tuple(make() for _ in range(self._random.randint(0, most)))

    # -- the configuration ---------------------------------------------------------

    def gateway(self) -> Gateway:
        providers = {name: self.provider(name) for name in PROVIDERS}
        made = {name: Target(providers[name[0]], name[2:]) for name in TARGETS}
        listed = [*self.some(MODELS, least=2, most=5), AUTO, *self.some(["level:session"])]
        return Gateway(
            providers=providers,
            chains={model: tuple(made[name] for name in self._chain(model)) for model in listed},
            unknown_models=self.one("reject", "auto"),
            mixed_embeddings=self.chance(0.2),
            catalog={name: self.facts() for name in self.some(TARGETS, least=8, most=20)},
            strategy=self.strategy(),
        )

    def _chain(self, model: str) -> list[str]:
        own = [f"{where}/{model}" for where in PROVIDERS if model in MODELS]
        return list(dict.fromkeys([*self.some(own, most=2), *self.some(TARGETS, least=1)]))

    def provider(self, name: str) -> Provider:
        return Provider(
            name,
            f"c-{name}",
            self.one("openai_chat", "openai_chat", "gemini"),
            credential=f"KEY_{name}",
            auth=self.one("inject", "inject", "inject", "forward"),
            models=tuple(self.some(MODELS, most=2)),
            region=self.one(*REGIONS),
            also=self.one((), ("openai_embeddings",)),
        )

    def facts(self) -> ModelFacts:
        return ModelFacts(
            prices=self.one(*PRICES),
            window=self.one(None, None, 500, 2_000, 100_000),
            max_output=self.one(None, 100),
            capabilities=frozenset(self.some(ABILITIES)),
            lacks=frozenset(self.some(ABILITIES, most=1)),
            quality=self.one(None, 0.5, 0.9),
            family=self.one("", "x"),
            kind=self.one("", "local", "paid"),
        )

    def strategy(self) -> Strategy:
        return Strategy(
            applies_to=self.one("all", "all", "auto"),
            activate=as_they_are,
            rules=self.many(3, self.rule),
            default=self.one("", "", *NAMES),
            default_priority=self.one("", "cost", "quality"),
            tasks={task: self.one(*NAMES) for task in self.some(("conversation", "analysis"), most=1)},
            fallbacks={name: self.names() for name in self.some(NAMES)},
            tiers={tier: self.names() for tier in self.some((*TIERS, "coding"))},
            pools={name: self.pool() for name in self.some(POOLS)},
            virtual={
                name: Virtual(self.one("auto", "fast", "cheap", "best"), self.names()) for name in self.some(VIRTUAL)
            },
            experiments=self.many(2, self.experiment),
            compliance=self.maybe(0.4, self.compliance) or Compliance(),
            users={user: self.one(*NAMES) for user in self.some(USERS, most=1)},
            cost_centres={name: self.centre() for name in CENTRES} if self.chance(0.3) else {},
            optimization=self.maybe(0.5, self.optimization) or Optimization(),
            affinity=self.one(None, Affinity()),
            region=self.one(*REGIONS),
            levels=Levels(
                self.maybe(0.2, self.level),
                {name: self.level() for name in self.some(("s1", "s*", "*"), most=2)} if self.chance(0.3) else {},
                self.maybe(0.1, self.level),
            ),
            context=self.one(None, None, None, Context()),
        )

    def names(self) -> tuple[str, ...]:
        return self.many(3, lambda: self.one(*NAMES))

    def condition(self) -> Condition:
        name, wanted = self.one(
            ("task_complexity", "simple"), ("user", "ann"), ("has_code", True), ("operation", "embeddings")
        )
        unsure = self.chance(0.2)

        def holds(values: object) -> bool | None:
            assert isinstance(values, Mapping)
            known = cast("Mapping[str, object]", values)
            return None if unsure and known["stream"] else known[name] == wanted

        looks = frozenset({name, "stream"}) if name != "user" else None
        return Condition(f"{name} == {wanted!r}", holds, looks)

    def rule(self) -> Rule:
        model = self.one("", *NAMES)
        return Rule("r", self.maybe(0.7, self.condition), model, self.one("", "cost", "quality"), self.names())

    def pool(self) -> Pool:
        members = {name: self._random.randint(0, 5) for name in self.some(MODELS, least=1)}
        return Pool(members, self.one(None, 2))

    def experiment(self) -> Experiment:
        return Experiment(
            self.one("e1", "e2"),
            self.one(*NAMES),
            self.one(0.0, 0.5, 1.0),
            frozenset(self.some(MODELS, most=2)),
            self.maybe(0.3, self.condition),
            self.one("session", "user", "request"),
            self.chance(0.5),
        )

    def restriction(self) -> Restriction:
        return Restriction(
            "a restriction",
            self.maybe(0.4, lambda: frozenset(self.some(PROVIDERS, least=1))),
            self.maybe(0.2, lambda: frozenset(self.some(REGIONS, least=1))),
            self.maybe(0.2, lambda: frozenset(self.some((*MODELS, *TARGETS), least=3, most=9))),
        )

    def compliance(self) -> Compliance:
        return Compliance(
            always=self.many(1, self.restriction),
            classes={name: self.restriction() for name in self.some(CLASSES)},
            data_class=self.one("", "", *CLASSES),
            when=self.many(1, lambda: (self.condition(), self.one(*CLASSES))),
            required=self.chance(0.2),
        )

    def centre(self) -> CostCentre:
        return CostCentre(self.maybe(0.5, self.restriction), self.one(None, None, 0.001))

    def optimization(self) -> Optimization:
        return Optimization(
            minimize_cost=self.chance(0.5),
            quality_threshold=self.one(None, None, 0.85),
            kinds=self.one((), ("local", "paid")),
            max_cost_per_session=self.one(None, None, 0.01),
            hourly_budget=self.one(None, None, None, 0.01),
            daily_budget=self.one(None, None, None, 0.0),
            on_exceeded=self.one("downgrade", "downgrade", "reject"),
            max_cost_per_task=self.one(None, 0.005),
            latency=self.chance(0.3),
            unknown_price=self.one("allow", "deny"),
        )

    def level(self) -> Level:
        return Level(
            "a level",
            self.one("", "", *MODELS, "a/m1", "pool"),
            self.one(None, None, None, True, False),
            self.one(None, 1_000, 9_000),
            self.one("", "", "", *CLASSES),
            self.one(None, None, None, 0.000_1, 1.0),
        )

    # -- the request and the moment ------------------------------------------------

    def request(self) -> Features:
        embeds = self.chance(0.15)
        return Features(
            client_format="openai_embeddings" if embeds else "openai_chat",
            operation="embeddings" if embeds else self.one("chat", "chat", "chat", "count_tokens"),
            model=self.one(*ASKABLE),
            stream=self.chance(0.5),
            turns=1,
            tools=self.one(0, 0, 1),
            images=self.one(0, 1),
            tokens=self.one(0, 10, 1_000),
            query=self.one("", "why?"),
            query_tokens=self.one(5, 500),
            output_tokens=self.one(None, 50, 5_000),
            in_tool_loop=self.chance(0.3),
            has_code=self.chance(0.5),
            output_format=self.one("text", "json_schema"),
            declared=Declarations(
                session=self.one("", *SESSIONS),
                user=self.one("", *USERS),
                cost_centre=self.one("", "", *CENTRES),
                priority=self.one("high", "normal", "normal", "low"),
                data_class=self.one("", "", *CLASSES),
                level=self.maybe(0.2, self.level),
            ),
        )

    def ask(self) -> Chat:
        """A chat with something of all that features are made from."""
        texts = (
            "Hello.",
            "Why is that so?",
            "1. write\n2. test\n```py\ndef f(x):\n    return x\n```",
            "Übersetze das bitte.",
            "x" * 900,
        )
        turns = [Turn("user", (Text(self.one(*texts)), *self.many(1, lambda: LinkedImage("https://x/a.png"))))]
        for _ in range(self._random.randint(0, 3)):
            turns.append(Turn("assistant", (Text(self.one(*texts)), *self.many(1, lambda: ToolUse("c", "f", "{}")))))
            answer: Part = ToolResult("c", (Text(self.one(*texts)),)) if self.chance(0.3) else Text(self.one(*texts))
            turns.append(Turn("user", (answer,)))
        return Chat(
            self.one(*ASKABLE),
            tuple(turns),
            system=self.many(1, lambda: "Be brief."),
            tools=self.many(1, lambda: ToolSpec("f", "", {})),
            stream=self.chance(0.5),
            max_output_tokens=self.one(None, 50, 5_000),
        )

    def headers(self) -> dict[str, str]:
        return {
            name: self.one(*words)
            for name, words in (("x-openclaw-session", SESSIONS), ("x-openclaw-user", USERS), ("x-team", ("a", "b")))
            if self.chance(0.5)
        }

    def situation(self) -> RuntimeState:
        return RuntimeState(
            missing_credentials=frozenset(self.some([f"KEY_{name}" for name in PROVIDERS], most=1)),
            without_address=frozenset(self.some([*PROVIDERS], most=2)),
            unhealthy=frozenset(self.some([*PROVIDERS, "a/m1"], most=2)),
            latency={name: self.one(0.1, 0.5) for name in self.some(TARGETS, most=9)},
            inflight={name: self.one(1, 2, 3) for name in self.some(TARGETS, most=9)},
            token_ratio=self.one({}, {"x": 0.5}, {"x": 2.0}),
            spent_this_hour=self.one(0.0, 0.01),
            spent_today=self.one(0.0, 0.01),
            remembered=SessionState(
                self.one("", *TARGETS, "gone/x"), self.one("", "m1"), self.one(None, *TIERS), self.one(0.0, 0.01)
            ),
            draw=self.one(0.0, 0.03, 0.5, 0.99),
        )
