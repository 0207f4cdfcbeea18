"""The forms in which `openclaw.yml` names providers and models, normalized into one.

Four forms, which may stand side by side: a list (`model.providers`), roles (`model.primary`, `fallback`, `secondary`,
or the same under `router:`), a single model (`model.provider` with `model.model`), and aliases (`gateway.models`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from openclaw_extproc.config.findings import Finding, error, warning
from openclaw_extproc.config.schema.base import Access, Choice
from openclaw_extproc.config.schema.config_file import GatewayModel, ProviderEntry, Written
from openclaw_extproc.config.schema.models import Facts, ListedModel, Template, names
from openclaw_extproc.config.schema.routing import Level, SessionFile
from openclaw_extproc.gateway import LEVEL, Changes


@dataclass(frozen=True, slots=True)
class Entry:
    """One provider of the list form."""

    name: str
    path: str
    access: Access
    models: tuple[str, ...]
    primary: bool = False
    fallback: str | None = None
    fallback_model: str | None = None
    listed: tuple[ListedModel, ...] = ()
    """Its models with what is known of them, in the order of `models:`."""
    template: Template | None = None


@dataclass(frozen=True, slots=True)
class ModelReference:
    """One model of one provider, by name."""

    provider: str
    model: str
    path: str
    access: Access
    facts: Facts = field(default_factory=Facts)
    changes: Changes = field(default_factory=Changes)
    """What `fallback_params` asks for."""


@dataclass(frozen=True, slots=True)
class LevelForm:
    """The models of an override of a session or request, and where they are written."""

    label: str
    """As a reason tells it: `session.yml: night-*`."""
    path: str
    written: Level
    wanted: tuple[ModelReference, ...] = ()
    """In the order of trying."""

    @property
    def chain(self) -> str:
        """The name of its chain."""
        return f"{LEVEL}{self.label}"


@dataclass(frozen=True, slots=True)
class Forms:
    """All providers, models and overrides of a configuration, normalized."""

    entries: Mapping[str, Entry]
    """By name, in the order of the list."""
    roles: tuple[ModelReference, ...]
    """In the order of trying."""
    single: ModelReference | None
    aliases: Mapping[str, ModelReference]
    last_resort: ModelReference | None
    """`retry_policy.fallback_params`: for what has no fallback of its own."""
    levels: tuple[LevelForm, ...] = ()
    """What they name need not be named anywhere else, and no client can ask for it by that."""

    def wanted_models(self) -> Iterator[ModelReference]:
        """What names a single model, in the order in which the default is looked for."""
        yield from self.roles
        yield from (self.single,) if self.single else ()
        yield from self.aliases.values()
        yield from (self.last_resort,) if self.last_resort else ()


def read_forms(
    written: Written, file: SessionFile | None = None, file_name: str = "session.yml"
) -> tuple[Forms, list[Finding]]:
    """`file`: what `session.yml` says, which is called `file_name`."""
    findings: list[Finding] = []
    return (
        Forms(
            entries=_entries(written, findings),
            roles=_roles(written, findings),
            single=_single(written, findings),
            aliases=_aliases(written, findings),
            last_resort=_last_resort(written, findings),
            levels=tuple(_levels(written, file or SessionFile(), file_name, findings)),
        ),
        findings,
    )


def _entries(written: Written, findings: list[Finding]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for n, provider in enumerate(written.model.providers):
        path = f"model.providers[{n}]"
        name = provider.name or provider.provider
        if name is None:
            findings.append(error(f"{path}.name", "missing", "name the provider"))
        elif name in entries:
            remedy = "make one entry of the two, or give one another name"
            findings.append(error(f"{path}.name", f"a second provider named {name}", remedy))
        else:
            entries[name] = _entry(name, path, provider)
        if provider.name and provider.provider and provider.name != provider.provider:
            findings.append(error(f"{path}.provider", "differs from `name`", "write one of the two"))
    return entries


def _entry(name: str, path: str, provider: ProviderEntry) -> Entry:
    models = tuple(dict.fromkeys((*((provider.model,) if provider.model else ()), *names(provider.models))))
    return Entry(
        name,
        path,
        provider,
        models,
        provider.primary,
        provider.fallback,
        provider.fallback_model,
        tuple(provider.models),
        provider.template,
    )


def _roles(written: Written, findings: list[Finding]) -> tuple[ModelReference, ...]:
    model, router = written.model, written.router
    ours = {"primary": model.primary, "fallback": model.fallback, "secondary": model.secondary}
    theirs = {"primary": router.primary, "fallback": router.fallback, "secondary": router.secondary}
    where = "model" if any(ours.values()) else "router"
    if where == "model" and any(theirs.values()):
        findings.append(warning("router.primary", "not used, because model.primary is set", "remove one of the two"))
    roles = ours if where == "model" else theirs
    found = (_wanted_model(choice, f"{where}.{role}", findings) for role, choice in roles.items() if choice)
    return tuple(wanted for wanted in found if wanted)


def _single(written: Written, findings: list[Finding]) -> ModelReference | None:
    model = written.model
    if model.provider is None and model.model is None:
        findings += [
            error(f"model.{key}", "belongs to a provider, and none is named beside it", "write model.provider")
            for key in (*Access.model_fields, *Facts.model_fields)
            if key in model.model_fields_set
        ]
        return None
    return _wanted_model(model, "model", findings)


def _aliases(written: Written, findings: list[Finding]) -> dict[str, ModelReference]:
    found = {
        alias: _wanted_model(entry, f"gateway.models.{alias}", findings)
        for alias, entry in written.gateway.models.items()
        if _is_active(alias, entry, findings)
    }
    return {alias: wanted for alias, wanted in found.items() if wanted}


def _is_active(alias: str, entry: GatewayModel, findings: list[Finding]) -> bool:
    if entry.status in (None, "active"):
        return True
    findings.append(warning(f"gateway.models.{alias}.status", "not active: skipped", "write active to use it"))
    return False


def _last_resort(written: Written, findings: list[Finding]) -> ModelReference | None:
    for where, policy in (
        ("model.router", written.model.router.retry_policy),
        ("router", written.router.retry_policy),
    ):
        params = policy.fallback_params
        if params and policy.on_failure != "error":
            path = f"{where}.retry_policy.fallback_params"
            wanted = _wanted_model(Choice(provider=params.provider, model=params.model), path, findings)
            changes = Changes(temperature=params.temperature, max_output_tokens=params.max_tokens)
            return replace(wanted, changes=changes) if wanted else None
    return None


def _wanted_model(choice: Choice, path: str, findings: list[Finding]) -> ModelReference | None:
    if choice.provider is None:
        findings.append(error(f"{path}.provider", "missing", "name the provider"))
    if choice.model is None:
        findings.append(error(f"{path}.model", "missing", "name the model"))
    if choice.provider is None or choice.model is None:
        return None
    return ModelReference(choice.provider, choice.model, path, choice, choice if isinstance(choice, Facts) else Facts())


PROMPT, SESSION, SESSION_FILE = "prompt", "session", "session.yml"
"""Labels of the levels that are there once."""


def _levels(written: Written, file: SessionFile, file_name: str, findings: list[Finding]) -> Iterator[LevelForm]:
    levels = [
        (PROMPT, "prompt", written.prompt),
        (SESSION, "session", written.session),
        (SESSION_FILE, f"{file_name}: session", file.session),
        *((f"{SESSION_FILE}: {name}", f"{file_name}: sessions.{name}", one) for name, one in file.sessions.items()),
    ]
    for label, path, level in levels:
        if level is not None:
            yield LevelForm(label, path, level, tuple(_of_level(level, path, findings)))


def _of_level(level: Level, path: str, findings: list[Finding]) -> Iterator[ModelReference]:
    router = level.router
    roles = {"model": level.model, "router.primary": router.primary, "router.fallback": router.fallback}
    roles["router.secondary"] = router.secondary
    for key, choice in roles.items():
        if choice is not None and (wanted := _wanted_model(choice, f"{path}.{key}", findings)):
            yield wanted
