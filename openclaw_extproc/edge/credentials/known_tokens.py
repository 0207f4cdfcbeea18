"""Access tokens that workers of this gateway put on requests: what one puts on, another one cuts out of the answer.

Each worker fetches its own. Of a request that is passed on one worker may see the request and another one the answer,
so all of them know all tokens, those that were in use a while ago too. A token is announced before it is put on.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TypeAlias

MAX_IDENTITIES = 64
MAX_TOKENS = 64
"""The number of tokens that are remembered for an identity. A worker has two in an hour, and a token is looked for
while the response to its request comes."""


Announce: TypeAlias = Callable[[str, tuple[str, ...]], None]
"""A function that tells other workers an identity's name, and the tokens that go on requests from now on."""


def no_other_worker(identity: str, tokens: tuple[str, ...]) -> None:  # as `Announce` has it
    """An `Announce` that does nothing, for a service of one process."""


class KnownTokens:
    """The last access tokens of each identity, a few at most."""

    def __init__(self) -> None:
        self._by_identity: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()

    def note(self, identity: str, tokens: Iterable[str]) -> tuple[str, ...]:
        """Remembers tokens; returns those that are new. `identity` is an `Identity.name`."""
        known = self._by_identity.setdefault(identity, OrderedDict())
        self._by_identity.move_to_end(identity)
        new = tuple(token for token in dict.fromkeys(tokens) if token not in known)
        known.update(dict.fromkeys(new))
        while len(known) > MAX_TOKENS:
            known.popitem(last=False)
        while len(self._by_identity) > MAX_IDENTITIES:
            self._by_identity.popitem(last=False)
        return new

    def of(self, identity: str) -> tuple[str, ...]:
        return tuple(self._by_identity.get(identity, ()))

    def all(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Returns all remembered tokens, with the name of their identity."""
        return tuple((identity, tuple(known)) for identity, known in self._by_identity.items())
