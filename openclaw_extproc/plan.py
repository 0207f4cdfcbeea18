"""The plan of a request: its targets in order. It is all that travels from the route stage to the attempt stage.

It goes as text through Envoy's dynamic metadata. It names providers and models, and the snapshot it was made with; what
a provider is, and all limits, an attempt takes from its own snapshot, and refuses what that does not confirm. So the
stages may run in different workers, and whoever sends a plan of their own gets nothing by it that is not configured.
"""

from collections.abc import Sequence
from dataclasses import field
from typing import Annotated

import msgspec

from openclaw_extproc.catalog import UNKNOWN, ModelFacts
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Changes, Emergency, Gateway, Provider, RetryPolicy, Target, Timeouts
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.wire import FORMATS, upstream_format

MAX_ATTEMPTS = 8
"""A chain longer than this makes callers wait for nothing; Envoy's header for it takes small numbers only."""


@dataclass(frozen=True, slots=True)
class Shortening:
    """The part of a conversation that one target does not receive."""

    left_out: tuple[int, ...]
    """Indexes of the entries of the client's own list."""
    turns: int
    """How many of them are words of the user or an answer of the model."""
    summary: str = ""
    """Of what is left out; empty: there is none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one request."""

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
    attempt_timeout_ms: int
    """How long each attempt may be silent."""
    timeouts: Timeouts
    emergency: Emergency
    record: DecisionRecord = field(default_factory=DecisionRecord)
    estimated_tokens: int = 0
    """Of the prompt, for the first target, without what was learned of such estimates: that is learned from it."""
    passes: bool = False
    """No model call: it goes to its provider unread."""
    degraded: str = ""
    """Name of the last target, where it is asked only because all others failed."""
    windows: dict[str, int] = field(default_factory=dict[str, int])
    """How many tokens fit into each target, by its name; who is not in it has a window that nobody knows."""
    facts: dict[str, ModelFacts] = field(default_factory=dict[str, ModelFacts], compare=False)
    """Of each target, by its name."""
    client_headers: dict[str, str] = field(default_factory=dict[str, str])
    """What the client said in headers of its own format (`anthropic-beta`): an attempt at another format removes them,
    and Envoy keeps what an attempt did to the headers, for the attempts after it."""
    shortened: dict[str, Shortening] = field(default_factory=dict[str, Shortening])
    """By `Target.name`; of who is not in it, all of the conversation goes."""
    generation: str = ""
    """Of the snapshot that it was made with."""
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    user: str = ""
    """The label of the user, as the log has it."""

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

    def facts_of(self, target: Target) -> ModelFacts:
        return self.facts.get(target.name, UNKNOWN)

    def is_last(self, attempt: int) -> bool:
        return attempt >= len(self.groups)

    def stays(self, attempt: int) -> bool:
        """Whether the attempt after this one goes to the same group."""
        return not self.is_last(attempt) and self.group(attempt) == self.group(attempt + 1)


def groups(
    wanted: Sequence[tuple[Target, ...]], retries: RetryPolicy, last: tuple[Target, ...] = ()
) -> tuple[tuple[Target, ...], ...]:
    """Each group once; a single one is tried again as often as the policy says. `last`: a group that is always left."""
    repeated = list(wanted) * (1 + retries.max_retries) if len(wanted) == 1 else list(wanted)
    return (*repeated[: MAX_ATTEMPTS - bool(last)], *((last,) if last else ()))


def attempt_timeout_ms(groups: Sequence[tuple[Target, ...]], usual: int, longest: int) -> int:
    """How long each attempt may be silent, where some targets have a limit of their own.

    Envoy 1.40 has one limit for all attempts of a request, read from its headers before the first. A limit per cluster
    (`max_stream_duration`) would also cut a stream that is well under way. So the longest of all holds.
    """
    own = [usual if target.timeout_ms is None else target.timeout_ms for group in groups for target in group]
    return min(max(own, default=usual), longest)


def windows(groups: Sequence[tuple[Target, ...]], gateway: Gateway) -> dict[str, int]:
    """`Plan.windows`: only where somebody else could have more room."""
    known = {target.name: gateway.facts(target).window for group in groups for target in group}
    return {name: window for name, window in known.items() if window is not None} if len(known) > 1 else {}


class UnconfirmedError(Exception):
    """A plan that names something that no snapshot confirms: it is forged, or its configuration no longer exists."""


_Positive = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Dollars = Annotated[float, msgspec.Meta(ge=0)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=2**53)]


class _WireTarget(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A target as it travels. What it has besides its names changes the request of whoever sends it, and no other."""

    provider: str
    model: str
    weight: _Count = 1
    timeout_ms: _Positive | None = None
    changes: Changes | None = None


class _WirePlan(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A plan as it travels, which costs Envoy and us by its length: a target once, however often it is planned."""

    generation: str
    request_id: str
    client_format: str
    path: str
    query: str
    asked_model: str
    targets: tuple[_WireTarget, ...]
    groups: tuple[tuple[int, ...], ...]
    """Places in `targets`."""
    began: _Seconds
    attempt_timeout_ms: _Count
    estimated_tokens: _Count = 0
    passes: bool = False
    degraded: str = ""
    session: str = ""
    """This and the next eight: all of the record that attempts have a use for."""
    owner: str = ""
    tier: str = ""
    cost_usd: _Dollars | None = None
    task: str = ""
    identity: str = ""
    tenant: str = ""
    team: str = ""
    cost_centre: str = ""
    user: str = ""
    client_headers: dict[str, str] = {}
    shortened: dict[str, Shortening] = {}
    plan_id: str = ""
    """Makes the text one of a kind; a plan that was read has no use for it."""


def write(plan: Plan, plan_id: str = "") -> str:
    """The plan as text. `plan_id`: makes it another text than that of any other plan."""
    places = {id(target): target for group in plan.groups for target in group}
    place = {one: number for number, one in enumerate(places)}
    written = _WirePlan(
        generation=plan.generation,
        request_id=plan.request_id,
        client_format=plan.client_format,
        path=plan.path,
        query=plan.query,
        asked_model=plan.asked_model,
        targets=tuple(map(_wire_target, places.values())),
        groups=tuple(tuple(place[id(target)] for target in group) for group in plan.groups),
        began=plan.began,
        attempt_timeout_ms=plan.attempt_timeout_ms,
        estimated_tokens=plan.estimated_tokens,
        passes=plan.passes,
        degraded=plan.degraded,
        session=plan.record.session,
        owner=plan.record.owner,
        tier=plan.record.tier,
        cost_usd=plan.record.cost_usd,
        task=plan.record.task,
        identity=plan.record.identity,
        tenant=plan.record.tenant,
        team=plan.record.team,
        cost_centre=plan.record.cost_centre,
        user=plan.user,
        client_headers=plan.client_headers,
        shortened=plan.shortened,
        plan_id=plan_id,
    )
    return _encoder.encode(written).decode()


_NO_CHANGES = Changes()


def _wire_target(target: Target) -> _WireTarget:
    changes = None if target.changes == _NO_CHANGES else target.changes
    return _WireTarget(target.provider.name, target.model, target.weight, target.timeout_ms, changes)


def read(text: str, snapshots: Snapshots) -> Plan:
    """The plan, its providers and limits as the snapshots have them.

    Raises:
        msgspec.MsgspecError: it is none (a bug of ours, or somebody else's metadata under our name).
        UnconfirmedError: it names a provider, a model or a format that is not configured.
    """
    written = _decoder.decode(text)
    _check(written)
    gateway = snapshots.of(written.generation).gateway
    targets = [_target(one, written, snapshots) for one in written.targets]
    groups = tuple(tuple(targets[place] for place in group) for group in written.groups)
    return Plan(
        request_id=written.request_id,
        client_format=written.client_format,
        path=written.path,
        query=written.query,
        asked_model=written.asked_model,
        groups=groups,
        began=written.began,
        attempt_timeout_ms=written.attempt_timeout_ms,
        timeouts=gateway.timeouts,
        retry_policy=gateway.retry_policy,
        emergency=gateway.emergency,
        record=_record(written),
        estimated_tokens=written.estimated_tokens,
        passes=written.passes,
        degraded=written.degraded,
        windows=windows(groups, gateway),
        facts={target.name: gateway.facts(target) for target in targets},
        client_headers=written.client_headers,
        shortened=written.shortened,
        generation=written.generation,
        user=written.user,
    )


def _record(written: _WirePlan) -> DecisionRecord:
    return DecisionRecord(
        session=written.session,
        owner=written.owner,
        tier=written.tier,
        cost_usd=written.cost_usd,
        task=written.task,
        identity=written.identity,
        tenant=written.tenant,
        team=written.team,
        cost_centre=written.cost_centre,
    )


def _check(written: _WirePlan) -> None:
    places = [place for group in written.groups for place in group]
    if not written.groups or not all(written.groups) or not all(0 <= one < len(written.targets) for one in places):
        raise msgspec.ValidationError("a group without a target, or with one that is not there")
    asked = FORMATS.get(written.client_format)
    if asked is None or asked.client is None:
        raise UnconfirmedError("no client speaks such a format")


def _target(named: _WireTarget, plan: _WirePlan, snapshots: Snapshots) -> Target:
    found = _provider(named, plan, snapshots)
    if found is None:
        raise UnconfirmedError("it names a provider or a model that is not configured")
    return Target(found, named.model, named.weight, named.changes or _NO_CHANGES, named.timeout_ms)


def _provider(named: _WireTarget, plan: _WirePlan, snapshots: Snapshots) -> Provider | None:
    if plan.passes:
        return snapshots.unread(plan.generation, named.provider, named.model)
    found = snapshots.provider(plan.generation, named.provider, named.model)
    return None if found is None or upstream_format(found, plan.client_format) is None else found


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_WirePlan)
