"""Experiments and canaries: a share of the requests is sent to another model, selected by a hash without state.

Who cannot go to the arm (a restriction, a window, a missing credential) is in no arm at all, neither in the one nor in
the other, so that both are of the same kind of requests. Only the first arm that takes a request has it.

Reproducible random numbers from 0 up to 1: the same key always gets the same number, in every sidecar.
"""

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2s

from openclaw_extproc.features import Features
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.choose import ModelChoice
from openclaw_extproc.strategy import Experiment, Sticky

# -- sampling --------------------------------------------------------------------------


_BITS = 53
"""As many as a float holds: more would round the largest up to 1."""


def share_of(name: str, key: str) -> float:
    """Of this key under this name: another name gives another number, so two experiments do not share their arms."""
    digest = blake2s(f"{name}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - _BITS)) / float(2**_BITS)


def steady(features: Features) -> str:
    """What stays the same from the first request of a tool loop to its last: the session, or else the question that
    began it. Empty: nothing does, or no tools are offered and there will be no loop.
    """
    declared = features.declared
    if declared.session:
        return f"{declared.session}\0{features.query}"
    return features.query if features.tools or features.in_tool_loop else ""


def key_of(sticky: Sticky, features: Features) -> str | None:
    """What a share sticks to; `None`: to nothing, each request is drawn anew. Where the session or the user that it
    should stick to is not known, the next best is taken, so that no tool loop is torn apart.
    """
    declared = features.declared
    match sticky:
        case "session":
            return declared.session or declared.user or steady(features) or None
        case "user":
            return declared.user or declared.session or steady(features) or None
        case "request":
            return (steady(features) or None) if features.tools or features.in_tool_loop else None


# -- experiments -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arms:
    """The model choice after experiments, and the arm of each experiment."""

    choice: ModelChoice
    taken: tuple[tuple[Experiment, bool], ...] = ()
    """The experiments that this request is part of, and whether it is in the arm."""


def arms(choice: ModelChoice, case: RoutingContext, can: Callable[[Target], bool]) -> Arms:
    """`can`: whether a target has nothing against this request."""
    taken: list[tuple[Experiment, bool]] = []
    if choice.by == "request" or not choice.routing or not case.is_chat:
        return Arms(choice)
    for experiment in case.strategy.experiments:
        if not _concerns(experiment, choice, case, can):
            continue
        in_arm = _share(experiment, case) < experiment.share
        taken.append((experiment, in_arm))
        if in_arm:
            return Arms(_choice_of_arm(choice, experiment), tuple(taken))
    return Arms(choice, tuple(taken))


def _concerns(experiment: Experiment, choice: ModelChoice, case: RoutingContext, can: Callable[[Target], bool]) -> bool:
    chosen, arm = case.meaning(choice.names[0]), case.meaning(experiment.arm)
    if chosen is None or arm is None or choice.names[0] == experiment.arm:
        return False
    words = {choice.names[0], chosen.chain[0].model, chosen.chain[0].name}
    if experiment.of and words.isdisjoint(experiment.of):
        return False
    if experiment.canary and not case.is_healthy(arm.chain[0]):
        return False
    return case.holds(experiment.condition) is True and any(can(target) for target in arm.peers)


def _share(experiment: Experiment, case: RoutingContext) -> float:
    key = key_of(experiment.sticky, case.features)
    return case.situation.draw if key is None else share_of(experiment.name, key)


def _choice_of_arm(choice: ModelChoice, experiment: Experiment) -> ModelChoice:
    """What was chosen stands in for the arm."""
    what = "canary" if experiment.canary else "experiment"
    because = (*choice.because, f"{what} {experiment.name}: {experiment.arm}")
    stand_ins = (*choice.names, *choice.fallback)
    return replace(choice, names=(experiment.arm,), by="experiment", because=because, fallback=stand_ins)


def experiment_notes(
    taken: tuple[tuple[Experiment, bool], ...], first: tuple[Target, ...], case: RoutingContext
) -> str:
    """`name=arm` and `name=control`, for what the plan in the end does: a session that stays where it was, or an arm
    whose provider fails, is counted on neither side.
    """
    asked = {target.name for target in first}
    words: list[str] = []
    for experiment, in_arm in taken:
        arm = case.meaning(experiment.arm)
        goes_there = arm is not None and not asked.isdisjoint(target.name for target in arm.peers)
        if goes_there == in_arm:
            words.append(f"{experiment.name}={'arm' if in_arm else 'control'}")
    return ",".join(words)
