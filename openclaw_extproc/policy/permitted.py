"""Where a request may go that is not read: a file, a batch, a recording. Fails closed.

Of its body nobody knows anything, so what depends on it counts against the request: a data class given by a condition
holds, and a restriction to certain models is met by nobody.
"""

from openclaw_extproc.faults import Fault, Kind
from openclaw_extproc.features import Declared
from openclaw_extproc.gateway import Provider
from openclaw_extproc.policy.cost_centres import restrictions_of
from openclaw_extproc.strategy import Restriction, Strategy


def forbidden(provider: Provider, declared: Declared, strategy: Strategy) -> Fault | None:
    """Why an unread request must not go to this provider. Modes that only look on forbid nothing."""
    if strategy.mode != "enforce":
        return None
    compliance = strategy.compliance
    classes = _classes(declared, strategy)
    if compliance.required and not classes:
        return Fault(Kind.FORBIDDEN, "a request needs a data class here: send x-openclaw-data-class")
    if unknown := next((name for name in classes if not _is_known(name, strategy)), ""):
        return Fault(Kind.FORBIDDEN, f"{unknown}: a data class that the configuration does not know")
    if declared.cost_centre and strategy.cost_centres and declared.cost_centre not in strategy.cost_centres:
        return Fault(Kind.FORBIDDEN, "a cost centre that the configuration does not know")
    if unmet := next((one for one in _restrictions(classes, declared, strategy) if not _allows(one, provider)), None):
        return Fault(Kind.FORBIDDEN, f"{unmet.name}: a request that is not read may not go to {provider.name}")
    return None


def _classes(declared: Declared, strategy: Strategy) -> tuple[str, ...]:
    compliance = strategy.compliance
    named = (compliance.data_class, declared.data_class, *(name for _, name in compliance.when))
    return tuple(dict.fromkeys(name for name in named if name))


def _is_known(name: str, strategy: Strategy) -> bool:
    """Where no class is configured there is nothing to break, and any word will do."""
    compliance = strategy.compliance
    known = {*compliance.classes, compliance.data_class, *(one for _, one in compliance.when)} - {""}
    return not known or name in known


def _restrictions(classes: tuple[str, ...], declared: Declared, strategy: Strategy) -> tuple[Restriction, ...]:
    compliance = strategy.compliance
    of_classes = (compliance.classes[name] for name in classes if name in compliance.classes)
    return (*compliance.always, *of_classes, *restrictions_of(declared, strategy))


def _allows(restriction: Restriction, provider: Provider) -> bool:
    return (
        (restriction.providers is None or provider.name in restriction.providers)
        and (restriction.regions is None or provider.region in restriction.regions)
        and restriction.models is None
    )
