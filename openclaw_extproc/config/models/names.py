"""Resolution of model names wherever the configuration uses one, with findings about unknown names.

A name that stands for something that was skipped (its provider has no endpoint, its alias is not active) is no mistake
of its own: it is left out with a warning, so that an example loads before everything in it is there.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from openclaw_extproc.config.findings import Finding, error, known_names, suggestion, warning
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.config.read.forms import Forms
from openclaw_extproc.gateway import AUTO, Gateway, Target
from openclaw_extproc.strategy import Pool, Virtual

MAX_TOLD = 20
"""Of the known names, in a message that a person reads."""
VIRTUAL = (AUTO, "fast", "cheap", "best")
"""Those that are there by themselves."""


@dataclass(frozen=True, slots=True)
class Names:
    """The known model names of one configuration."""

    gateway: Gateway
    """With providers and chains: all that is looked at here."""
    pools: Mapping[str, Pool]
    virtual: Mapping[str, Virtual]
    skipped: frozenset[str]
    findings: list[Finding] = field(default_factory=list[Finding], compare=False)

    def model(self, name: str, path: str, *, says: str = "not used") -> str:
        """The name if it means something, else nothing, and a finding. `says`: what becomes of what names it."""
        if self.knows(name):
            return name
        if name in self.skipped:
            self.findings.append(warning(path, f'"{name}" was skipped, as is told where it stands: {says}'))
            return ""
        near = suggestion(name, self.all()) or "write a model, an alias or a pool that is listed"
        self.findings.append(error(path, f'no model is named "{name}" {known_models(self.all())}', near))
        return ""

    def models(self, names: Iterable[str], path: str) -> tuple[str, ...]:
        """The names that mean something, each once; findings about the others."""
        found = (self.model(name, f"{path}[{n}]") for n, name in enumerate(names))
        return tuple(dict.fromkeys(name for name in found if name))

    def knows(self, name: str) -> bool:
        """Whether a name means something."""
        return self.is_plain(name) or name in self.virtual or name in VIRTUAL

    def is_plain(self, name: str) -> bool:
        """Whether a name always means the same models, unlike a virtual one."""
        return name != AUTO and (name in self.pools or self.gateway.chain_asked(name) is not None)

    def all(self) -> Collection[str]:
        """All names that mean something."""
        return {*self.gateway.listed, *self.pools, *self.virtual, *VIRTUAL}

    def first(self, name: str) -> tuple[Target, ...]:
        """What a name means before its fallbacks: one target, or those of a pool; nothing of a wish."""
        members = self.pools[name].members if name in self.pools else (name,)
        chains = (self.gateway.chain_asked(member) for member in members if member != AUTO)
        return tuple(chain[0] for chain in chains if chain)


def known_models(names: Collection[str]) -> str:
    """`(known: ...)`, cut where there are too many for a person."""
    if len(names) <= MAX_TOLD:
        return known_names(names)
    return f"(known: {', '.join(sorted(names)[:MAX_TOLD])}, …)"


def skipped_names(forms: Forms, providers: Providers, written: Collection[str]) -> frozenset[str]:
    """Names of models whose provider is not there, and of what else was written and left out (`written`)."""
    models = {
        model for entry in forms.entries.values() if entry.name not in providers.by_name for model in entry.models
    }
    wanted = {one.model for one in forms.wanted_models() if one.provider not in providers.by_name}
    return frozenset({*models, *wanted, *written})
