"""The restrictions of the cost centre of a request.

The one that counts restricts it. One that the caller only claims restricts it besides, because that can only narrow:
a caller that keeps its data from somebody by naming its cost centre must not lose that by not being believed. A claim
lifts nothing, and nothing is spent or counted by it.
"""

from openclaw_extproc.features import Declarations
from openclaw_extproc.strategy import Restriction, Strategy


def restrictions_of(declared: Declarations, strategy: Strategy) -> tuple[Restriction, ...]:
    names = dict.fromkeys((declared.cost_centre, declared.cost_centre_label))
    centres = (strategy.cost_centres[name] for name in names if name in strategy.cost_centres)
    return tuple(centre.restriction for centre in centres if centre.restriction is not None)
