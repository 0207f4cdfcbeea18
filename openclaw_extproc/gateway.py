"""The running configuration as values: one immutable snapshot, taken when a request begins.

`config/` makes it from the files; the stages and the policy only read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

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
class Provider:
    """One Envoy cluster, and how to speak to what is behind it."""

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
    """Where it differs from the format's own vendor; see `wire/quirks.py`."""
    api_version: str = ""
    """Azure's `api-version`."""
    project: str = ""
    """Google Cloud's."""
    unread_cluster: str = ""
    """The Envoy cluster for requests that are no model calls; empty: such requests are not passed on."""
    authority: str = ""
    """Its `host[:port]`, as requests to it say: an AWS signature covers it."""

    @property
    def identity(self) -> str:
        """What its credential is called among the credentials of all kinds: `OPENAI_API_KEY`, `aws:default`."""
        return f"{self.auth}:{self.credential}" if self.auth in ("aws", "google") else self.credential


@dataclass(frozen=True, slots=True)
class Changes:
    """What a request gets on its way to this target, whatever the client said. Nothing: not a byte is changed."""

    preamble: str = ""
    """Goes before the system text."""
    style: str = ""
    """Goes behind it."""
    temperature: float | None = None
    max_output_tokens: int | None = None
    """A smaller limit of the client's stays."""


@dataclass(frozen=True, slots=True)
class Target:
    """One model at one provider: where an attempt can go."""

    provider: Provider
    model: str
    weight: int = 1
    """Among the targets of one group."""
    changes: Changes = Changes()
    timeout_ms: int | None = None
    """How long an attempt here may be silent; `None`: as `Limits` say."""

    @property
    def name(self) -> str:
        """`provider/model`, as the catalogue and all counters call it."""
        return f"{self.provider.name}/{self.model}"


ResponseHeaders: TypeAlias = Literal["all", "minimal", "off"]
"""What callers are told in `x-openclaw-*`: all, only who answered and what changed in the answer, or nothing."""

USUAL_TOKENS = 4_096
"""At 40 tokens a second, which is slow today, an answer of that length takes 100 seconds."""
REASONING_PATIENCE = 3
LONGEST_MS = 600_000


@dataclass(frozen=True, slots=True)
class Limits:
    first_token_ms: int = 60_000
    """Silence of a streamed attempt before its first content."""
    answer_ms: int = 120_000
    """Silence of an attempt whose answer of up to `USUAL_TOKENS` comes in one piece."""
    max_retries: int = 2
    """How often a chain of a single target is tried again. The official SDKs retry as often."""
    retry_delay_ms: int = 1_000
    """Wait before the same provider is tried again, where it named none itself. Going elsewhere does not wait."""
    backoff_multiplier: float = 2.0
    wait_at_most_ms: int = 10_000
    """A provider that asks for a longer pause (`retry-after`) than this is not waited for: the caller is told."""
    timeout_ms: int | None = None
    """No attempt is waited for longer, whatever the request asks for; `None`: `longest_ms` is the only end."""

    def patience_ms(self, *, stream: bool, reasons: bool, output_tokens: int | None) -> int:
        """How long an attempt may be silent. Longer for who asked for a long answer or for long thought: a provider
        that is at work must not be taken for one that hangs. `output_tokens`: the most the client wants, if it said.
        """
        usual = float(self.first_token_ms if stream else self.answer_ms)
        if not stream and output_tokens is not None:
            usual *= max(1.0, output_tokens / USUAL_TOKENS)
        if reasons:
            usual *= REASONING_PATIENCE
        return int(min(usual, self.longest_ms))

    @property
    def longest_ms(self) -> int:
        """No attempt is waited for longer. The official SDKs wait as long."""
        longest = max(LONGEST_MS, self.first_token_ms, self.answer_ms)
        return longest if self.timeout_ms is None else min(longest, self.timeout_ms)


@dataclass(frozen=True, slots=True)
class Emergency:
    """What a caller is told when every attempt failed."""

    message: str = "All models unavailable. Please try again later."
    retry_after_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class Gateway:
    providers: Mapping[str, Provider] = field(default_factory=dict[str, Provider])
    """By name."""
    chains: Mapping[str, tuple[Target, ...]] = field(default_factory=dict[str, tuple[Target, ...]])
    """From the model a client asks for to the targets in the order of trying. `AUTO` is one of the names."""
    passthrough: bool = True
    """Whether requests that are no model calls go on to their own provider."""
    unknown_models: Literal["reject", "auto"] = "reject"
    """What happens to a model that nobody lists."""
    mixed_embeddings: bool = False
    """Whether a request for embeddings may go to another model than the chain's first: its vectors are of another
    space, and cannot be compared with those of the first."""
    limits: Limits = field(default_factory=Limits)
    health: HealthRules = field(default_factory=HealthRules)
    emergency: Emergency = field(default_factory=Emergency)
    catalog: Mapping[str, ModelFacts] = field(default_factory=dict[str, ModelFacts])
    """By `Target.name`."""
    strategy: Strategy = field(default_factory=Strategy)
    response_headers: ResponseHeaders = "all"

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
