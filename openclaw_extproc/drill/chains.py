"""What there is to drill: who is asked in which order, for every name that a client may ask for.

A request is planned for each name by the code that plans all requests, so rules, compliance and pools have their say;
and the same request as one for a stream, which may have another plan and other limits of time.
Left out: chains that only a session's level names, which no client can ask for.

The faults that are played for a chain, and what came of each.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from openclaw_extproc.gateway import Gateway, RetryPolicy, Target
from openclaw_extproc.model import json as j
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages import pipeline
from openclaw_extproc.stages.attempt.retries import MAX_WAIT_SECONDS
from openclaw_extproc.wire import CLIENTS, FORMATS, api_path_of, example_target

# -- chains ----------------------------------------------------------------------------


HEADERS: Mapping[str, str] = {
    "content-type": "application/json",
    "anthropic-version": "2023-06-01",
    # Made up, for providers that get the caller's own.
    "authorization": "Bearer drill",
    "x-api-key": "drill",
    "x-goog-api-key": "drill",
}
_OPERATIONS = ("chat", "embeddings")
_FORMATS = tuple(
    name for one in _OPERATIONS for name in CLIENTS if FORMATS[name].operation == one and FORMATS[name].translated
)
"""Client formats in the order of trying: the first that has a plan is the one that the chain is drilled with."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One request of a drill."""

    path: str
    body: bytes
    format: str
    """In which it is asked and answered."""
    model: str
    """The name that is asked for."""


@dataclass(frozen=True, slots=True)
class Chain:
    names: tuple[str, ...]
    """All that mean it, sorted."""
    asking: Asking
    groups: tuple[tuple[Target, ...], ...]
    """As in a plan: attempt n goes to one of group n."""
    attempt_timeout_ms: int
    """How long each attempt may be silent, as configured."""
    streamed: "Chain | None" = None
    """The same asked for as a stream; `None`: it cannot be, or is refused."""

    def of(self, *, streamed: bool) -> "Chain":
        """How it is for streams, or for answers in one piece."""
        return self.streamed if streamed and self.streamed is not None else self

    @property
    def title(self) -> str:
        """The name of the model that it begins with, where that is one of them."""
        model = self.groups[0][0].model
        return model if model in self.names else self.names[0]

    @property
    def targets(self) -> tuple[Target, ...]:
        """Each once, in the order of trying."""
        found: dict[str, Target] = {}
        for target in (one for group in self.groups for one in group):
            found.setdefault(target.name, target)
        return tuple(found.values())

    @property
    def providers(self) -> tuple[str, ...]:
        """Names, each once, in the order of trying."""
        return tuple(dict.fromkeys(target.provider.name for target in self.targets))

    @property
    def first(self) -> tuple[str, ...]:
        """Providers of whom any may get the first attempt."""
        return tuple(dict.fromkeys(target.provider.name for target in self.groups[0]))

    def waits_seconds(self, gateway: Gateway, attempts: int | None = None) -> float:
        """The longest that so many attempts may take, all of them if `None`: each silent to the end, and the waits
        before the same provider is tried again."""
        count = len(self.groups) if attempts is None else attempts
        stays = (n for n in range(1, count) if self._group(n) == self._group(n + 1))
        waits = count * self.attempt_timeout_ms / 1000 + sum(_delay_seconds(gateway.retry_policy, n) for n in stays)
        total_ms = gateway.timeouts.total_ms
        return waits if total_ms is None else min(waits, total_ms / 1000)

    def _group(self, attempt: int) -> tuple[Target, ...]:
        return self.groups[(attempt - 1) % len(self.groups)]


@dataclass(frozen=True, slots=True)
class UnroutableName:
    """A name that a plain request for it gets no plan for."""

    name: str
    why: str


def chains(gateway: Gateway, at: float) -> tuple[tuple[Chain, ...], tuple[UnroutableName, ...]]:
    """Every chain once, whatever it is called. `at`: now, seconds since the epoch."""
    plain = without_chance(gateway)
    found: dict[object, Chain] = {}
    refused: list[UnroutableName] = []
    for name in names(gateway):
        chain = _plan_chain(name, plain, at)
        if isinstance(chain, UnroutableName):
            refused.append(chain)
            continue
        streamed = _plan_stream(chain, plain, at)
        if isinstance(streamed, UnroutableName):
            refused.append(streamed)
        else:
            chain = replace(chain, streamed=streamed)
        key = (_key(chain), None if chain.streamed is None else _key(chain.streamed))
        before = found.get(key)
        found[key] = chain if before is None else replace(before, names=(*before.names, name))
    return tuple(found.values()), tuple(refused)


def names(gateway: Gateway) -> tuple[str, ...]:
    """All that clients may ask for: models, aliases, pools, virtual models."""
    strategy = gateway.strategy
    return tuple(sorted({*gateway.listed, *strategy.pools, *strategy.virtual}))


def without_chance(gateway: Gateway) -> Gateway:
    """Without what makes two plans for the same request differ."""
    return replace(gateway, strategy=replace(gateway.strategy, experiments=(), second_opinion=None, affinity=None))


def _plan_chain(name: str, gateway: Gateway, at: float) -> Chain | UnroutableName:
    whys: list[str] = []
    for asking in (_example_request(name, format) for format in _FORMATS):
        gone = _route(asking, gateway, at)
        if isinstance(gone, pipeline.RoutedRequest):
            return Chain((name,), asking, gone.plan.groups, gone.plan.attempt_timeout_ms)
        if isinstance(gone, pipeline.RejectedRequest):
            whys.append(gone.fault.public)
    return UnroutableName(name, whys[0] if whys else "no provider can answer it")


def _plan_stream(chain: Chain, gateway: Gateway, at: float) -> Chain | UnroutableName | None:
    asking = _as_stream(chain.asking)
    if asking is None:
        return None
    gone = _route(asking, gateway, at)
    if isinstance(gone, pipeline.RoutedRequest):
        return Chain(chain.names, asking, gone.plan.groups, gone.plan.attempt_timeout_ms)
    return UnroutableName(
        f"{chain.title}, streamed", gone.fault.public if isinstance(gone, pipeline.RejectedRequest) else "no plan"
    )


def _route(asking: Asking, gateway: Gateway, at: float) -> pipeline.Way:
    headers = {":method": "POST", ":path": asking.path, **HEADERS}
    arrived = pipeline.IncomingRequest(headers, api_path_of(asking.path, headers), asking.body, at)
    return pipeline.route(arrived, lambda _: RuntimeState(), gateway)


def _as_stream(asking: Asking) -> Asking | None:
    """The same request for a streamed answer; `None`: its format has none."""
    streams = CLIENTS[asking.format].example.streams
    return _example_request(asking.model, asking.format, stream=True) if streams else None


def _example_request(model: str, format: str, *, stream: bool = False) -> Asking:
    body = CLIENTS[format].example.body_for(model, stream=stream)
    return Asking(example_target(format, model, stream=stream), j.dump(body), format, model)


def _key(chain: Chain) -> object:
    """The same for chains that behave alike."""
    return chain.asking.path.split("/models/")[0], chain.attempt_timeout_ms, _call_order(chain)


def _call_order(chain: Chain) -> tuple[tuple[tuple[str, int], ...], ...]:
    return tuple(tuple((target.name, target.weight) for target in group) for group in chain.groups)


def _delay_seconds(policy: RetryPolicy, attempt: int) -> float:
    """Before the next one, at the same provider: Envoy waits for whole seconds, one at least."""
    wait = policy.retry_delay_ms / 1000 * policy.backoff_multiplier ** (attempt - 1)
    return max(1, math.ceil(min(wait, MAX_WAIT_SECONDS)))


# -- scenes ----------------------------------------------------------------------------


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
