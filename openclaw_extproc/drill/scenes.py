"""The faults that are played for a chain, and what came of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from openclaw_extproc.drill.chains import Chain

WELL = "no fault"
SINGLE: dict[str, str] = {
    "answers 503": "503",
    "answers 429": "429",
    "does not respond": "silent",
    "rejects the key": "401",
}
"""What goes wrong with one provider, in words, to the simulator's name for it."""
SINGLE_STREAMED: dict[str, str] = {
    **SINGLE,
    "stalls after the response headers": "late",
    "starts the stream with an error": "first-event-error",
}
"""Of streams. What fails after the first words is left out: they cannot be taken back, so nobody else answers."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One fault, with whom it happens to."""

    name: str
    broken: tuple[str, ...]
    """Names of the providers."""
    fault: str
    """The simulator's name for it."""
    single: bool = False
    """One provider alone: what every chain has to survive."""
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one request."""

    status: int
    """Of the answer; 0: there was none."""
    seconds: float
    """As measured, with the limits of a drill."""
    provider: str = ""
    """Who answered; empty: nobody, or the gateway itself."""
    model: str = ""
    attempts: int | None = None
    """`None`: nobody said."""
    failed: tuple[str, ...] = ()
    """`provider:reason` of the attempts before."""
    broken_off: bool = False
    """A stream that began well and has no proper end."""

    @property
    def has_answer(self) -> bool:
        return 200 <= self.status < 300 and not self.broken_off

    def met_fault(self, scene: Scene) -> bool:
        """Whether the fault had a chance: with weights, the first attempt may have gone elsewhere."""
        return (
            not scene.broken or not self.has_answer or any(one.partition(":")[0] in scene.broken for one in self.failed)
        )


def scenes(chain: Chain) -> Iterator[Scene]:
    """In the order of the report: whole answers, then streams."""
    yield from _scenes(chain, SINGLE)
    if chain.streamed is not None:
        streams = _scenes(chain.streamed, SINGLE_STREAMED)
        yield from (replace(scene, name=f"{scene.name}, streamed", streamed=True) for scene in streams)


def _scenes(chain: Chain, single: Mapping[str, str]) -> Iterator[Scene]:
    yield Scene(WELL, (), "ok")
    for provider in chain.first:
        yield from (Scene(f"{provider} {words}", (provider,), fault, single=True) for words, fault in single.items())
    providers = chain.providers
    if len(providers) > 2:
        two = providers[:2]
        yield Scene(f"{' and '.join(two)} down", two, "503")
    if len(providers) > 1:
        yield Scene("all down", providers, "503")
