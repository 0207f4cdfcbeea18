"""What was decided about one request, and why: the same record goes to headers, log, metrics and Envoy's metadata."""

from typing import Literal, TypeAlias

from openclaw_extproc.frozen import dataclass

Chooser: TypeAlias = Literal[
    "", "request", "session", "prompt", "user", "rule", "task", "tier", "asked", "virtual", "default", "experiment"
]
"""Who named the model that is asked first. `asked`: the client did, or left it to the default chain."""

Downgrade: TypeAlias = Literal["", "session", "request", "task", "cost_centre", "hourly_budget", "daily_budget"]
"""Which limit in dollars made a cheaper model be asked."""


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """The decision on one request and its reasons."""

    mode: str = "enforce"
    tier: str = ""
    """Empty: nobody asked."""
    score: float = 0.0
    confidence: float = 0.0
    task: str = ""
    because: tuple[str, ...] = ()
    """What an operator reads at 3 a.m., in the order in which it was decided."""
    rule: str = ""
    """Name of the rule that chose the model; empty: none did."""
    level: str = ""
    """Name of the level that overrode the model."""
    experiment: str = ""
    """`name=arm` or `name=control`, comma between several."""
    input_tokens: int = 0
    """As estimated, for the first target."""
    cost_usd: float | None = None
    """As estimated, for the first target; `None` when its price is not known."""
    data_classes: tuple[str, ...] = ()
    notice: str = ""
    """What the caller should know: a downgrade, a shortened conversation."""
    would: str = ""
    """Mode `shadow`: `provider/model` that would have been asked."""
    session: str = ""
    owner: str = ""
    """`CallerIdentity.owner` of the caller whose session it is: callers may use the same names."""
    cost_centre: str = ""
    """The one that counts: verified, or said by a caller that is believed, or the default."""
    identity: str = ""
    """Name of the verified caller; empty: nobody verified who calls."""
    tenant: str = ""
    team: str = ""
    chosen_by: Chooser = ""
    billing: Literal["", "subscription"] = ""
    """Who pays at the first target, where it is not the gateway's account: then `cost_usd` is 0."""
    downgrade: Downgrade = ""
    """The limit in dollars for which a cheaper model was asked, or nobody."""
