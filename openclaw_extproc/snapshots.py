"""The configurations that an attempt may use: the current one, the next one, and those of running requests.

A plan comes to the attempt stage as text that anybody who reaches the stage could have written. It says which provider
and which model it means, and which snapshot it was made with; what the provider is (its credential, address, path,
format) is looked up here, and what no snapshot confirms is refused.
"""

from dataclasses import dataclass

from openclaw_extproc.gateway import Gateway, Provider

MAX_KEPT = 4
"""Snapshots before the one in force. Who reloads more often within `KEPT_SECONDS` gets the present one used earlier."""
KEPT_SECONDS = 1_200.0
"""Two attempts of the longest usual duration (`gateway.LONGEST_MS`): a plan made before that has hardly any left."""


class Snapshot:
    """One configuration, with the providers and models that a plan may name."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._models = frozenset(
            [(name, model) for name, provider in gateway.providers.items() for model in provider.models]
            + [(target.provider.name, target.model) for chain in gateway.chains.values() for target in chain]
        )

    @property
    def generation(self) -> str:
        return self.gateway.generation

    def provider(self, name: str, model: str) -> Provider | None:
        """The provider of that name; `None` where it is not configured, or not for that model."""
        return self.gateway.providers.get(name) if (name, model) in self._models else None

    def unread(self, name: str, model: str) -> Provider | None:
        """The provider of that name at its cluster for requests that are not read; `None` where it has none.

        `model`: empty where the request names none, or one that nobody lists.
        """
        provider = self.provider(name, model) if model else self.gateway.providers.get(name)
        if provider is None or not (self.gateway.passthrough and provider.unread_cluster):
            return None
        return provider.at_unread_cluster


@dataclass(frozen=True, slots=True)
class _Earlier:
    snapshot: Snapshot
    until: float
    """Seconds since the epoch."""


class Snapshots:
    """The current snapshot, the next one and those of running requests."""

    def __init__(self, gateway: Gateway) -> None:
        self.current = Snapshot(gateway)
        self._expected: Snapshot | None = None
        self._earlier: tuple[_Earlier, ...] = ()

    @property
    def gateways(self) -> tuple[Gateway, ...]:
        """Of all that attempts may rely on."""
        expected = () if self._expected is None else (self._expected,)
        found = (self.current, *expected, *(one.snapshot for one in self._earlier))
        return tuple(one.gateway for one in found)

    def prepare(self, gateway: Gateway) -> None:
        """Confirm this one too: other workers may plan with it a moment before we take it."""
        self._expected = Snapshot(gateway)

    def apply(self, gateway: Gateway, at: float) -> None:
        """Have this one in force. The one before is kept for requests that were planned with it."""
        before, expected = self.current, self._expected
        taken = expected if expected is not None and expected.gateway is gateway else Snapshot(gateway)
        self.current, self._expected = taken, None
        self._earlier = (_Earlier(before, at + KEPT_SECONDS), *self._earlier)[:MAX_KEPT]
        self.forget(at)

    def forget(self, at: float) -> None:
        """Drop those that no request can still need."""
        if self._earlier:
            self._earlier = tuple(one for one in self._earlier if 0 <= one.until - at <= KEPT_SECONDS)

    def of(self, generation: str) -> Snapshot:
        """The snapshot of that generation; the one in force where it is not known (any more)."""
        others = () if self._expected is None else (self._expected,)
        known = (self.current, *others, *(one.snapshot for one in self._earlier))
        return next((one for one in known if one.generation == generation), self.current)

    def provider(self, generation: str, name: str, model: str) -> Provider | None:
        """The provider that a plan of that generation means; `None`: nothing confirms it."""
        return self._confirm(self.of(generation).provider(name, model)) or self.current.provider(name, model)

    def unread(self, generation: str, name: str, model: str) -> Provider | None:
        """As `provider`, for requests that are not read."""
        found = self._confirm(self.of(generation).unread(name, model))
        return found or self.current.unread(name, model)

    def _confirm(self, provider: Provider | None) -> Provider | None:
        """Envoy has one cluster of a name. One that has moved is the present snapshot's: no key goes to an address
        that it was not written for."""
        if provider is None:
            return None
        now = self.current.gateway.providers.get(provider.name)
        return provider if now is None or now.authority == provider.authority else None
