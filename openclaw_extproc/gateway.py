"""The linked configuration: one immutable snapshot, which a request keeps from its start to its end.

`config/` makes it from the files; the stages and the policy only read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from openclaw_extproc.callers import CallerRules
from openclaw_extproc.catalog import UNKNOWN, ModelFacts
from openclaw_extproc.health_rules import HealthRules
from openclaw_extproc.strategy import Strategy

LEVEL = "level:"
"""What the names of chains begin with that belong to a level (`level:session`), and that no client can ask for."""
AUTO = "auto"
"""The model name that leaves the choice to us: the default chain."""


Auth: TypeAlias = Literal["inject", "forward", "aws", "google"]
"""Our secret, the caller's own, a signature with our AWS keys, a token of our Google identity."""


@dataclass(frozen=True, slots=True)
class ProviderTimeouts:
    """The timeouts of one provider that differ from `Timeouts`. `None` means the value in `Timeouts`."""

    connect_ms: int | None = None
    first_token_ms: int | None = None
    answer_ms: int | None = None
    idle_ms: int | None = None
    hold_back_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider: its Envoy cluster, wire format and credential."""

    name: str
    cluster: str
    """Name of the Envoy cluster."""
    format: str
    """Name of a wire format."""
    base_path: str = ""
    """Goes before the format's own path: `/v1`. No slash at the end."""
    credential: str = ""
    """Name of the secret: an environment variable, or a file when it has a slash in it. Empty: none is sent.
    Of `aws` and `google` the name of an identity: a profile or a key file, or `default`."""
    auth: Auth = "inject"
    """Whose credential an attempt carries, and of what kind."""
    models: tuple[str, ...] = ()
    region: str = ""
    also: tuple[str, ...] = ()
    """Formats it speaks besides `format`: a client of one of them is not translated."""
    quirks: frozenset[str] = frozenset()
    """Where it differs from the format's own vendor; see `wire/translation/quirks.py`."""
    api_version: str = ""
    """Azure's `api-version`."""
    project: str = ""
    """Google Cloud's."""
    unread_cluster: str = ""
    """The Envoy cluster for requests that are no model calls; empty: such requests are not passed on."""
    authority: str = ""
    """Its `host[:port]`, as requests to it say: an AWS signature covers it."""

    attempt_timeouts: ProviderTimeouts = ProviderTimeouts()
    forward_headers: tuple[str, ...] = ()
    """Request headers of callers that go to it besides those of the vendor's own clients: `x-tenant`, `x-team-*`."""

    @property
    def identity(self) -> str:
        """What its credential is called among the credentials of all kinds: `OPENAI_API_KEY`, `aws:default`."""
        return f"{self.auth}:{self.credential}" if self.auth in ("aws", "google") else self.credential

    @property
    def at_unread_cluster(self) -> "Provider":
        """The same provider at its cluster for requests that are no model calls."""
        return replace(self, cluster=self.unread_cluster)


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes to every request to a target, whatever the client sent. Without any, not a byte is changed."""

    preamble: str = ""
    """Goes before the system text."""
    style: str = ""
    """Goes behind it."""
    temperature: float | None = None
    max_output_tokens: int | None = None
    """A smaller limit of the client's stays."""


@dataclass(frozen=True, slots=True)
class Target:
    """One model at one provider, the destination of an attempt."""

    provider: Provider
    model: str
    weight: int = 1
    """Among the targets of one group."""
    changes: Changes = Changes()
    timeout_ms: int | None = None
    """How long an attempt here may be silent; `None`: as `Timeouts` say."""
    share: int = 0
    """As a stand-in in a chain: the weight among the stand-ins beside it that have one. 0: it is asked in its turn."""

    @property
    def name(self) -> str:
        """`provider/model`, as the catalogue and all counters call it."""
        return f"{self.provider.name}/{self.model}"


ResponseHeaders: TypeAlias = Literal["all", "minimal", "off"]
"""What callers are told in `x-openclaw-*`: all, only who answered and what changed in the answer, or nothing."""

ClassificationMode: TypeAlias = Literal["when_used", "always"]
"""Which requests are classified by tier and task: those whose decision can depend on it, or all."""

USUAL_TOKENS = 4_096
"""At 40 tokens a second, which is slow today, an answer of that length takes 100 seconds."""
REASONING_PATIENCE = 3
LONGEST_MS = 600_000


HOLD_ALL = 86_400_000
"""A day: longer than any answer."""

_NO_OWN = ProviderTimeouts()


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When the same provider is tried again, and how long after."""

    max_retries: int = 2
    """How often a chain of a single target is tried again. The official SDKs retry as often."""
    retry_delay_ms: int = 1_000
    """The wait before the same provider is tried again, if it named none itself. Another one is tried at once."""
    backoff_multiplier: float = 2.0
    """The factor by which the wait grows with each attempt."""
    max_retry_after_ms: int = 10_000
    """The longest pause (`retry-after`) of a provider that is waited for; a longer one is passed on to the caller."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The timeouts of attempts and of whole calls, in milliseconds."""

    first_token_ms: int = 60_000
    """The longest silence of a streamed attempt before its first content."""
    answer_ms: int = 120_000
    """The longest silence of an attempt whose answer of up to `USUAL_TOKENS` comes in one piece."""
    connect_ms: int = 5_000
    """Until the provider takes the connection, TLS included."""
    idle_ms: int = 60_000
    """Silence of a stream behind its first content; longer, as below, for who asked for thought."""
    total_ms: int | None = None
    """Of a whole call, all attempts and the answer's last byte included; `None`: no end but those of its parts."""
    hold_back_ms: int = 0
    """How long content is kept back, so that a fault in this time still becomes an attempt elsewhere. `HOLD_ALL`: to
    the answer's end."""
    keepalive_ms: int | None = None
    """Silence before a stream's first content after which the client gets its head, and a sign of life as often; from
    then on nobody else can answer. `None`: it waits."""
    timeout_ms: int | None = None
    """No attempt is waited for longer, whatever the request asks for; `None`: `longest_ms` is the only end."""

    def of(self, provider: Provider) -> "Timeouts":
        """As they are for one provider. Envoy's own limits, those of connecting and of the whole, are elsewhere."""
        own = provider.attempt_timeouts
        if own == _NO_OWN:
            return self
        return replace(
            self,
            first_token_ms=self.first_token_ms if own.first_token_ms is None else own.first_token_ms,
            answer_ms=self.answer_ms if own.answer_ms is None else own.answer_ms,
            idle_ms=self.idle_ms if own.idle_ms is None else own.idle_ms,
            hold_back_ms=self.hold_back_ms if own.hold_back_ms is None else own.hold_back_ms,
        )

    def idle_seconds(self, *, reasons: bool) -> float:
        return self.idle_ms * (REASONING_PATIENCE if reasons else 1) / 1000

    def attempt_timeout_ms(self, *, stream: bool, reasons: bool, output_tokens: int | None) -> int:
        """How long an attempt may be silent. Longer for who asked for a long answer or for long thought: a provider
        that is at work must not be taken for one that hangs. `output_tokens`: the most the client wants, if it said.
        """
        whole = not stream or self.hold_back_ms == HOLD_ALL
        usual = float(self.answer_ms if whole else self.first_token_ms)
        if whole and output_tokens is not None:
            usual *= max(1.0, output_tokens / USUAL_TOKENS)
        if reasons:
            usual *= REASONING_PATIENCE
        if not whole:
            usual += self.hold_back_ms  # to Envoy an answer that we keep back is silence
        return int(min(usual, self.max_attempt_timeout_ms))

    @property
    def max_attempt_timeout_ms(self) -> int:
        """No attempt is waited for longer. The official SDKs wait as long."""
        longest = max(LONGEST_MS, self.first_token_ms, self.answer_ms)
        return longest if self.timeout_ms is None else min(longest, self.timeout_ms)


@dataclass(frozen=True, slots=True)
class Emergency:
    """The response to a request whose attempts have all failed."""

    message: str = "All models unavailable. Please try again later."
    retry_after_ms: int = 60_000
    model: str = ""
    """Who answers instead, at the very end of every plan; empty: nobody, the message is all."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """The linked configuration of one gateway."""

    providers: Mapping[str, Provider] = field(default_factory=dict[str, Provider])
    """By name."""
    chains: Mapping[str, tuple[Target, ...]] = field(default_factory=dict[str, tuple[Target, ...]])
    """From the model a client asks for to the targets in the order of trying. `AUTO` is one of the names."""
    passthrough: bool = True
    """Whether requests that are no model calls go on to their own provider."""
    opened: frozenset[str] = frozenset()
    """Names of `wire.passthrough` that the operator has opened, besides those that are open anyway."""
    unknown_models: Literal["reject", "auto"] = "reject"
    """What happens to a model that nobody lists."""
    mixed_embeddings: bool = False
    """Whether a request for embeddings may go to another model than the chain's first: its vectors are of another
    space, and cannot be compared with those of the first."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    health: HealthRules = field(default_factory=HealthRules)
    emergency: Emergency = field(default_factory=Emergency)
    catalog: Mapping[str, ModelFacts] = field(default_factory=dict[str, ModelFacts])
    """By `Target.name`."""
    strategy: Strategy = field(default_factory=Strategy)
    response_headers: ResponseHeaders = "all"
    classification: ClassificationMode = "when_used"
    fast_path: bool = False
    """Whether Envoy may route calls by itself whose first target is always the same."""
    callers: CallerRules = field(default_factory=CallerRules)
    """Who may call, and how it is known who does."""
    generation: str = ""
    """Says of two snapshots, also of two processes, whether they were made from the same texts. Plans name it."""

    def facts(self, target: Target) -> ModelFacts:
        return self.catalog.get(target.name, UNKNOWN)

    @property
    def listed(self) -> tuple[str, ...]:
        """The names that clients may ask for, sorted: without the chains of levels, which are for us alone."""
        return tuple(sorted(name for name in self.chains if not name.startswith(LEVEL)))

    def chain_asked(self, name: str) -> tuple[Target, ...] | None:
        """What a client means by a name: one of `listed`, or `provider/model`. `None`: nothing."""
        return None if name.startswith(LEVEL) else self.chain_of(name)

    def chain_of(self, name: str) -> tuple[Target, ...] | None:
        """What a name of the configuration means: a model, an alias, a level's chain, or `provider/model`.

        The last needs a provider of that name that lists the model, or has it in a chain; it gets the fallbacks of the
        model's own chain. `None`: nothing.
        """
        if chain := self.chains.get(name):
            return chain
        provider_name, _, model = name.partition("/")
        provider = self.providers.get(provider_name)
        if provider is None or not model:
            return None
        own = self.chains.get(model, ())
        if own and own[0].provider == provider:
            return own
        listed = (t for key, chain in self.chains.items() if not key.startswith(LEVEL) for t in chain)
        first = next((t for t in listed if t.name == name), None)
        if first is None and model in provider.models:
            first = Target(provider, model)
        return None if first is None else (first, *(t for t in own if t.name != name))
