"""The input of a decision: one request with the configuration and the runtime state."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import AUTO, LEVEL, Gateway, Target
from openclaw_extproc.policy import cost, snapshot
from openclaw_extproc.policy.complexity import Classification, classify_request, with_session_tier
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.policy.select.names import Meaning
from openclaw_extproc.policy.select.variables import CLASSIFIED_VARIABLES, values
from openclaw_extproc.policy.snapshot import Snapshot
from openclaw_extproc.strategy import Condition, Strategy

AskedKind: TypeAlias = Literal["model", "pool", "virtual", "auto", "unknown"]
"""What the client's model name is. `auto` also for a name that nobody lists, where that goes to the default chain."""


@dataclass(slots=True)
class RoutingContext:
    """One request as the policy sees it. What takes time is found when something first asks for it, and kept."""

    features: Features
    situation: RuntimeState
    gateway: Gateway
    snapshot: Snapshot
    asked: AskedKind
    given: Classification | None = None
    """Somebody else's classification; `None`: our own scorer is asked when something needs one."""
    costs: dict[str, float | None] = field(default_factory=dict[str, float | None])
    """Worked out so far, by target."""
    counted: dict[str, int] = field(default_factory=dict[str, int])
    """Tokens of the prompt, by `ModelFacts.family`."""
    _judgement: Classification | None = None
    _abilities: frozenset[str] | None = None
    _activation: object = None
    _is_activated: bool = False

    @property
    def judgement(self) -> Classification:
        """The classification of the request, in the light of its session's last one."""
        if self._judgement is None:
            features, remembered = self.features, self.situation.remembered
            found = self.given or classify_request(features)
            if remembered.tier is not None and remembered.is_about(features.model):
                found = with_session_tier(found, remembered.tier, features.in_tool_loop)
            self._judgement = found
        return self._judgement

    @property
    def is_classified(self) -> bool:
        """Whether the decision may depend on the classification, which is told then."""
        if not self.is_chat:
            return False
        if self.given is not None or self.snapshot.classifies:
            return True
        return self.may_be_chosen and self.snapshot.classifies_where_chosen

    @property
    def may_be_chosen(self) -> bool:
        """Whether rules, tasks and tiers have a say in the model of this request."""
        return self.leaves_choice or self.strategy.applies_to == "all"

    @property
    def abilities(self) -> frozenset[str]:
        """What the model has to be able to, in words of `catalog.POSSIBLE`."""
        if self._abilities is None:
            self._abilities = _abilities(self.features)
        return self._abilities

    @property
    def activation(self) -> object:
        """The variables, ready for all conditions."""
        if not self._is_activated:
            names = self.snapshot.variables
            judgement = None if CLASSIFIED_VARIABLES.isdisjoint(names) else self.judgement
            self._activation = self.strategy.activate(values(self.features, judgement, names))
            self._is_activated = True
        return self._activation

    @property
    def strategy(self) -> Strategy:
        return self.gateway.strategy

    @property
    def leaves_choice(self) -> bool:
        """The client named no model, so any will do that suits."""
        return self.asked in ("auto", "virtual")

    @property
    def is_chat(self) -> bool:
        """Whether another model can answer as well. Vectors belong to their model; see decision record 9."""
        return self.features.operation not in ("embeddings", "passthrough")

    @property
    def asked_name(self) -> str:
        """What the client's model name stands for: itself, or the default chain."""
        return AUTO if self.asked == "auto" else self.features.model

    def meaning(self, name: str) -> Meaning | None:
        """What a word stands for; `None`: nothing is called so."""
        return self.snapshot.meanings.get(name)

    def is_healthy(self, target: Target) -> bool:
        unhealthy = self.situation.unhealthy
        return not unhealthy or (target.provider.name not in unhealthy and target.name not in unhealthy)

    def cost(self, target: Target) -> float | None:
        name = target.name
        return self.costs[name] if name in self.costs else self.cost_of(name, self.gateway.facts(target))

    def cost_of(self, name: str, facts: ModelFacts) -> float | None:
        """`name`: of the target, where it is known already."""
        if name not in self.costs and self.pays_itself(name):
            self.costs[name] = 0.0
        if name not in self.costs:
            self.costs[name] = cost.estimate(self.features, facts, self.tokens(facts))
        return self.costs[name]

    def pays_itself(self, name: str) -> bool:
        """Whether the caller's subscription pays for this target, which gets the caller's own login."""
        if not self.features.subscription:
            return False
        provider = self.gateway.providers.get(name.partition("/")[0])
        return provider is not None and provider.auth == "forward"

    def tokens(self, facts: ModelFacts) -> int:
        """Of the prompt, as models of this family count them."""
        if facts.family not in self.counted:
            self.counted[facts.family] = cost.input_tokens(self.features, facts, self.situation)
        return self.counted[facts.family]

    def holds(self, condition: Condition | None) -> bool | None:
        """`None`: it could not be evaluated, as nothing can that is asked of a body which is not read."""
        if condition is not None and self.features.operation == "passthrough":
            return None
        return True if condition is None else condition.test(self.activation)


def routing_context_of(
    features: Features, situation: RuntimeState, gateway: Gateway, judgement: Classification | None = None
) -> RoutingContext:
    """`judgement`: somebody else's."""
    made = snapshot.snapshot(gateway)
    return RoutingContext(features, situation, gateway, made, _asked_kind(features.model, gateway, made), judgement)


def _asked_kind(name: str, gateway: Gateway, made: Snapshot) -> AskedKind:
    if name == AUTO:
        return "auto"
    if name.startswith(LEVEL):
        return "auto" if gateway.unknown_models == AUTO else "unknown"
    if name in gateway.chains:
        return "model"
    if name in gateway.strategy.pools:
        return "pool"
    if virtual := gateway.strategy.virtual.get(name):
        return "auto" if virtual.wish == "auto" and not virtual.among else "virtual"
    if name in made.meanings:
        return "model"
    return "auto" if gateway.unknown_models == AUTO else "unknown"


def _abilities(features: Features) -> frozenset[str]:
    asked = {need.removesuffix("_link") for need in features.needs}
    needed = {_ABILITIES[need] for need in asked if need in _ABILITIES}
    if features.images:
        needed.add("vision")
    if features.tools:
        needed.add("tools")
    if features.output_format == "json_schema":
        needed.add("json_schema")
    if features.reasoning_effort not in ("", "none", "off", "disabled"):
        needed.add("reasoning")
    return frozenset(needed)


_ABILITIES = {"image": "vision", "pdf": "pdf", "audio": "audio", "video": "video"}
"""From `wire.needs.Need`."""
