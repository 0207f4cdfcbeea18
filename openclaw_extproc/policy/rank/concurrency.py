"""The concurrency limits of targets, and the targets that have reached theirs.

Envoy refuses what is above the limit of a cluster and does not try the next group then (seen in 1.40, whatever
`retry_on` says), so a plan must not begin with who is full while there is anybody else.
"""

from collections.abc import Mapping

from openclaw_extproc.gateway import Gateway
from openclaw_extproc.strategy import Pool


def limits(pools: Mapping[str, Pool], gateway: Gateway) -> dict[str, int]:
    """By `Target.name`. A pool's limit is each member's own; of a model in several pools the largest holds."""
    found: dict[str, int] = {}
    for pool in pools.values():
        if (limit := pool.max_concurrent) is None:
            continue
        for member in pool.members:
            for target in (gateway.chain_asked(member) or ())[:1]:
                found[target.name] = max(found.get(target.name, 0), limit)
    return found


def is_full(name: str, limits: Mapping[str, int], inflight: Mapping[str, int]) -> bool:
    return name in limits and inflight.get(name, 0) >= limits[name]
