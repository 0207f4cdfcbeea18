"""What will be tried, in which order: the one thing that travels from the route stage to the attempt stage.

It goes as text through Envoy's dynamic metadata and says all that an attempt needs, so an attempt reads no
configuration and the stages may run in different workers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import msgspec

from openclaw_extproc.gateway import Emergency, Limits, Target
from openclaw_extproc.record import Record

MAX_ATTEMPTS = 8
"""A chain longer than this makes callers wait for nothing; Envoy's header for it takes small numbers only."""


@dataclass(frozen=True, slots=True)
class Shortened:
    """What of the conversation a target does not get."""

    left_out: tuple[int, ...]
    """Indexes of the entries of the client's own list."""
    turns: int
    """How many of them are words of the user or an answer of the model."""
    summary: str = ""
    """Of what is left out; empty: there is none."""


@dataclass(frozen=True, slots=True)
class Plan:
    request_id: str
    client_format: str
    path: str
    """As the client asked, without our prefix and without the query."""
    query: str
    asked_model: str
    groups: tuple[tuple[Target, ...], ...]
    """Attempt n goes to one target of group n, chosen by Envoy by weight."""
    began: float
    """Seconds since the epoch."""
    patience_ms: int
    """How long each attempt may be silent."""
    limits: Limits
    emergency: Emergency
    record: Record = field(default_factory=Record)
    estimated_tokens: int = 0
    """Of the prompt, for the first target, without what was learned of such estimates: that is learned from it."""
    passes: bool = False
    """No model call: it goes to its provider unread."""
    degraded: str = ""
    """Name of the last target, where it is asked only because all others failed."""
    windows: dict[str, int] = field(default_factory=dict[str, int])
    """How many tokens fit into each target, by its name; who is not in it has a window that nobody knows."""
    client_headers: dict[str, str] = field(default_factory=dict[str, str])
    """What the client said in headers of its own format (`anthropic-beta`): an attempt at another format removes them,
    and Envoy keeps what an attempt did to the headers, for the attempts after it."""
    shortened: dict[str, Shortened] = field(default_factory=dict[str, Shortened])
    """By `Target.name`; of who is not in it, all of the conversation goes."""

    @property
    def names_model(self) -> bool:
        """Whether it is known which model answers: of what is passed on unread, it often is not."""
        return bool(self.groups[0][0].model)

    def group(self, attempt: int) -> tuple[Target, ...]:
        """The group of attempt 1, 2, …; past the end Envoy starts again, and so do we."""
        return self.groups[(attempt - 1) % len(self.groups)]

    def target(self, attempt: int, cluster: str) -> Target | None:
        """Where attempt n is, told by the cluster Envoy chose for it; `None` when the plan never named that cluster."""
        return next((t for t in self.group(attempt) if t.provider.cluster == cluster), None)

    def is_last(self, attempt: int) -> bool:
        return attempt >= len(self.groups)

    def stays(self, attempt: int) -> bool:
        """Whether the attempt after this one goes to the same group."""
        return not self.is_last(attempt) and self.group(attempt) == self.group(attempt + 1)


def groups(
    wanted: Sequence[tuple[Target, ...]], limits: Limits, last: tuple[Target, ...] = ()
) -> tuple[tuple[Target, ...], ...]:
    """Each group once; a single one is tried again as often as the limits say. `last`: a group that is always left."""
    repeated = list(wanted) * (1 + limits.max_retries) if len(wanted) == 1 else list(wanted)
    return (*repeated[: MAX_ATTEMPTS - bool(last)], *((last,) if last else ()))


def patience_ms(groups: Sequence[tuple[Target, ...]], usual: int, longest: int) -> int:
    """How long each attempt may be silent, where some targets have a limit of their own.

    Envoy 1.40 has one limit for all attempts of a request, read from its headers before the first. A limit per cluster
    (`max_stream_duration`) would also cut a stream that is well under way. So the longest of all holds.
    """
    own = [usual if target.timeout_ms is None else target.timeout_ms for group in groups for target in group]
    return min(max(own, default=usual), longest)


@dataclass(frozen=True, slots=True)
class _Written:
    """As a plan travels, which costs Envoy and us by its length: a target once, however often it is planned."""

    targets: tuple[Target, ...]
    groups: tuple[tuple[int, ...], ...]
    """Places in `targets`."""
    plan: Plan
    """Without its groups."""


def write(plan: Plan) -> str:
    """What a provider lists is left out: no attempt asks for it, and it may be hundreds of names."""
    places = {id(target): target for group in plan.groups for target in group}
    place = {one: number for number, one in enumerate(places)}
    groups = tuple(tuple(place[id(target)] for target in group) for group in plan.groups)
    written = _Written(tuple(map(_alone, places.values())), groups, replace(plan, groups=()))
    return _encoder.encode(written).decode()


@lru_cache(maxsize=1024)
def _alone(target: Target) -> Target:
    return replace(target, provider=replace(target.provider, models=()))


def read(text: str) -> Plan:
    """Raises `msgspec.MsgspecError` (a bug of ours, or somebody else's metadata under our name)."""
    written = _decoder.decode(text)
    try:
        groups = tuple(tuple(written.targets[place] for place in group) for group in written.groups)
    except IndexError as error:
        raise msgspec.ValidationError("a group names a target that is not there") from error
    return replace(written.plan, groups=groups)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Written)
