"""What an answer of each target of a chain would cost, for comparing them: an estimate by the catalogue's prices."""

from dataclasses import dataclass

from openclaw_extproc.drill.chains import Chain
from openclaw_extproc.gateway import Gateway

SAMPLE = (1_000, 500)
"""Tokens of the prompt and of the answer that costs are estimated for."""


@dataclass(frozen=True, slots=True)
class Prices:
    gateway: Gateway
    chain: Chain

    def cost(self, name: str) -> float | None:
        """US dollars for `SAMPLE`, of a `Target.name`; `None`: nobody knows."""
        target = next((one for one in self.chain.targets if one.name == name), None)
        price = None if target is None else self.gateway.facts(target).price(SAMPLE[0])
        return None if price is None else price.of(*SAMPLE)

    def times(self, name: str) -> float | None:
        """How many times what the first choice costs; `None` where either is not known, or the first is free."""
        cost, first = self.cost(name), self.cost(self.chain.targets[0].name)
        return None if cost is None or not first else round(cost / first, 2)
