"""To whom a request is attributed: what was verified of its caller, then what it says of itself where that counts.

The order, for the user and for the cost centre apart: what the verified identity says; what the caller says, where the
configuration believes callers; the sidecar's own default. A caller fills what is left open, it never overrides.
"""

from dataclasses import replace

from openclaw_extproc.callers import CallerIdentity, CallerRules
from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.features.declared import Declared


def attributed(said: Declared, identity: CallerIdentity, rules: CallerRules) -> Declared:
    """`said` with the user and the cost centre that count; what was said and does not count is kept as a label.

    Raises:
        FaultError: a cost centre is required here, and nothing names one.
    """
    user = _user(said, identity, trusts=rules.trusts_labels)
    centre = identity.cost_centre or (said.cost_centre if rules.trusts_labels else "") or rules.default_cost_centre
    if not centre and rules.requires_cost_centre:
        hint = "send x-openclaw-cost-centre" if rules.trusts_labels else "the caller's identity names none"
        raise FaultError(FaultKind.FORBIDDEN, f"a request needs a cost centre here: {hint}")
    if (user, centre) == (said.user, said.cost_centre):
        return said
    return replace(
        said,
        user=user,
        cost_centre=centre,
        user_label="" if user == said.user else said.user,
        cost_centre_label="" if centre == said.cost_centre else said.cost_centre,
    )


def _user(said: Declared, identity: CallerIdentity, *, trusts: bool) -> str:
    """A token names a person; a key or a certificate names an application, which may speak for its users."""
    if identity.source == "jwt":
        return identity.name
    return (said.user if trusts else "") or identity.name
