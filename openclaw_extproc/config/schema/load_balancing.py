"""The written sections about spreading requests and about who stands in: `load_balancing` and `failover`."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from openclaw_extproc.config.schema.base import Duration, Milliseconds, Name, Section
from openclaw_extproc.config.schema.health import PoolHealthCheck, Recovery
from openclaw_extproc.config.schema.routing import Names

Weight: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000)]
Positive: TypeAlias = Annotated[int, Field(ge=1)]


class Pool(Section):
    """Models among which requests are spread. Its name can be asked for, and written wherever a model's name can."""

    models: list[Name] = Field(
        default_factory=list[Name], description="its members: aliases of gateway.models, or models a provider lists"
    )
    weight: list[Weight] = Field(
        default_factory=list[Weight],
        description="one for each model, in their order; none at all: all are equal; 0: the model gets nothing",
    )
    max_concurrent: Positive | None = Field(
        default=None,
        description="the most calls at a time for each of its models: a model that has them goes behind all others. "
        "Where every model of a provider has such a limit, their sum is also the limit of its Envoy cluster, above "
        "which Envoy answers 503",
    )
    health_check: PoolHealthCheck | None = None
    tier: Names = Field(
        default_factory=list[Name],
        description="one or several of simple, standard, large, coding: requests of these go to this pool, unless "
        "gateway.routing_strategy.tiers says something else of them",
    )


class SessionAffinity(Section):
    """A session stays with the model that answered it."""

    enabled: bool = Field(default=True, description="false: as if the section were not there")
    ttl: Duration | None = Field(
        default=None, description="how long after its last good answer a session stays with who gave it: 15m (usual)"
    )


class LoadBalancing(Section):
    """How requests are spread over models that are as good as each other."""

    strategy: Literal["weighted_round_robin", "least_latency", "round_robin"] | None = Field(
        default=None,
        description="weighted_round_robin (usual): by weight; round_robin: all weights are equal; least_latency: who "
        "lately was the first to say something goes first, by weight while that is not known",
    )
    pools: dict[str, Pool] = Field(default_factory=dict[str, Pool], description="by name")
    session_affinity: SessionAffinity | None = None


class FailoverTarget(Section):
    """One of those that stand in."""

    provider: Name | None = Field(default=None, description="its name")
    weight: Weight | None = Field(
        default=None,
        description="its share of what the primary leaves: 80, 20 and 10 are 73, 18 and 9 percent. "
        "Those without a weight are asked behind those with one, as written",
    )
    timeout_ms: Annotated[int, Field(ge=1, le=600_000)] | None = Field(
        default=None,
        description="how long an attempt there may be silent, instead of router.timeouts. Envoy has one such limit for "
        "all attempts of a request: the longest of all that a request may go to holds for each of them",
    )


class ScheduledFailover(Section):
    """Drills that are held by themselves: `openclaw-extproc drill`, in a process of its own, with low priority. The
    first one a minute after the start."""

    test_interval: Duration | None = Field(
        default=None, description="time between two drills, a second at least: every 6h; nothing: every 24h"
    )
    mode: Literal["dry_run"] = Field(
        default="dry_run", description="dry_run: simulators play all providers, nothing is sent that costs money"
    )
    notify: bool = Field(
        default=False,
        description="whether findings of a drill are warnings in the log, else they are lines of level info; and "
        "whether `channels` are told what came of each drill",
    )


class Failover(Section):
    """Who stands in for one provider."""

    primary: Name | None = Field(default=None, description="the provider that others stand in for")
    fallbacks: list[FailoverTarget] = Field(
        default_factory=list[FailoverTarget],
        description="for the models of the primary that have no fallback of their own",
    )
    scheduled_failover: ScheduledFailover | None = None
    recovery: Recovery | None = None


def milliseconds(duration: str) -> Milliseconds:
    """Of a `Duration`, which has been checked: `every 6h` is 21,600,000."""
    number = duration.removeprefix("every ")
    unit = number.lstrip("0123456789")
    return int(number.removesuffix(unit)) * _MILLISECONDS[unit]


_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
