"""Experiments and canaries: a share of the requests is sent to another model, selected by a hash without state.

Who cannot go to the arm (a restriction, a window, a missing credential) is in no arm at all, neither in the one nor in
the other, so that both are of the same kind of requests. Only the first arm that takes a request has it.
"""

from collections.abc import Callable
from dataclasses import replace

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.choose import ModelChoice
from openclaw_extproc.policy.select.sampling import key_of, share_of
from openclaw_extproc.strategy import Experiment


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
