"""What a translation leaves behind: named when it may be dropped, refused when dropping it would change the meaning."""

from collections.abc import Iterable

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model.ask import Ask
from openclaw_extproc.wire.translation.needs import EVERYTHING, Need, needs

MUST_CARRY = "!"
"""Goes before a loss that only the client's own format can carry: `!messages[0].content[1]: audio`."""

MAX_TOLD = 8
"""The number of refused parts that an error names: a client may send 20,000 that no format can carry."""

_HANDLED_EXTRAS = frozenset({"stream_options", "alt", "compaction"})
"""Extras that the client's own encoder honours, whoever answers."""


def translation_losses(ask: Ask, also: Iterable[str] = (), *, carries: frozenset[Need] = EVERYTHING) -> tuple[str, ...]:
    """Returns all losses on the way to another format, `also` being those that its encoder found itself.

    `carries`: what it can carry.

    Raises:
        FaultError: something would be lost that must not be dropped silently.
    """
    refused = [loss.removeprefix(MUST_CARRY) for loss in ask.losses if loss.startswith(MUST_CARRY)]
    if refused:
        told = "; ".join(refused[:MAX_TOLD])
        more = f" and {len(refused) - MAX_TOLD} more" if len(refused) > MAX_TOLD else ""
        raise FaultError(FaultKind.UNSUPPORTED, f"the provider's format cannot carry this: {told}{more}")
    if missing := sorted(needs(ask) - carries):
        raise FaultError(FaultKind.UNSUPPORTED, f"the provider's format cannot carry this: {', '.join(missing)}")
    extras = (key for key in ask.extras if key not in _HANDLED_EXTRAS)
    return (*ask.losses, *extras, *also)
