"""Linking of `compliance` and `cost_centres`. It fails closed: an unknown name is an error and never means "anywhere".

What is skipped for want of an endpoint stays in the sets: there is no target of it, so it permits nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from openclaw_extproc.config.conditions import needs_more
from openclaw_extproc.config.findings import Finding, error, known_names, suggestion, warning
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.config.routing.rules import Linking
from openclaw_extproc.config.schema.routing import ComplianceSection, CostCentreSection, Permitted
from openclaw_extproc.gateway import Target
from openclaw_extproc.strategy import Compliance, Condition, CostCentre, Restriction


@dataclass(frozen=True, slots=True)
class Permitting:
    """The names that restrictions are linked with."""

    linking: Linking
    providers: Providers

    def restriction(self, name: str, written: Permitted, path: str) -> Restriction | None:
        """`None` when nothing is restricted."""
        if written.providers is None and written.regions is None and written.models is None:
            return None
        for key in ("providers", "regions", "models"):
            if getattr(written, key) == []:
                finding = "permits nothing: every request would be refused"
                self.linking.findings.append(error(f"{path}.{key}", finding, "name some, or remove the key"))
        return Restriction(
            name,
            self._providers(written.providers, f"{path}.providers"),
            self._regions(written.regions, f"{path}.regions"),
            self._models(written.models, f"{path}.models"),
        )

    def _providers(self, names: list[str] | None, path: str) -> frozenset[str] | None:
        for n, name in enumerate(names or ()):
            if name not in self.providers.names:
                remedy = suggestion(name, self.providers.names) or "write one of these"
                finding = f'no provider is named "{name}" {known_names(self.providers.names)}'
                self.linking.findings.append(error(f"{path}[{n}]", finding, remedy))
        return None if names is None else frozenset(names)

    def _regions(self, names: list[str] | None, path: str) -> frozenset[str] | None:
        there = {provider.region for provider in self.providers.by_name.values() if provider.region}
        for n, name in enumerate(names or ()):
            if name not in there:
                remedy = suggestion(name, there) or "write region: into the providers that are there"
                finding = f'no provider is in region "{name}" {known_names(there)}'
                self.linking.findings.append(warning(f"{path}[{n}]", finding, remedy))
        return None if names is None else frozenset(names)

    def _models(self, names: list[str] | None, path: str) -> frozenset[str] | None:
        """`Target.name`s: an alias and a pool mean what they stand for, a model's name all providers that have it."""
        if names is None:
            return None
        permitted: set[str] = set()
        for n, name in enumerate(names):
            place = f"{path}[{n}]"
            if self.linking.names.is_plain(name):
                permitted |= self._targets(name)
            elif self.linking.names.knows(name):
                finding = f'"{name}" is a wish, and could be any model'
                self.linking.findings.append(error(place, finding, "name a model, an alias or a pool"))
            else:
                self.linking.names.model(name, place)
        return frozenset(permitted)

    def _targets(self, name: str) -> set[str]:
        everywhere = {target.name for target in self.targets() if target.model == name}
        return everywhere | {target.name for target in self.linking.names.first(name)}

    def targets(self) -> Iterator[Target]:
        """Everywhere that a request can go: also by `provider/model`, where another provider has the model's name."""
        for chain in self.linking.names.gateway.chains.values():
            yield from chain
        for provider in self.providers.by_name.values():
            yield from (Target(provider, model) for model in provider.models)


def permits(restrictions: Iterable[Restriction], target: Target) -> bool:
    """Whether a request under all these restrictions may go there. What is not known of a target is not permitted."""
    return all(
        (one.providers is None or target.provider.name in one.providers)
        and (one.regions is None or target.provider.region in one.regions)
        and (one.models is None or target.name in one.models)
        for one in restrictions
    )


def link_compliance(written: ComplianceSection, permitting: Permitting) -> Compliance:
    """The linked section `compliance`."""
    always = permitting.restriction("compliance", written, "compliance")
    classes = {
        name: permitting.restriction(f"data class {name}", one, f"compliance.data_classes.{name}")
        or Restriction(f"data class {name}")
        for name, one in written.data_classes.items()
    }
    findings = permitting.linking.findings
    if written.data_class is not None:
        findings += no_such_class(written.data_class, "compliance.data_class", classes)
    compliance = Compliance(
        always=() if always is None else (always,),
        classes=classes,
        data_class=written.data_class or "",
        when=tuple(_when(written, classes, permitting.linking)),
        required=written.require_data_class,
    )
    if written.require_data_class and not classes:
        remedy = "name them under compliance.data_classes"
        findings.append(error("compliance.require_data_class", "there is no data class to have", remedy))
    findings += _unservable(compliance, tuple(permitting.targets()))
    return compliance


def _when(written: ComplianceSection, classes: Collection[str], linking: Linking) -> Iterator[tuple[Condition, str]]:
    for n, rule in enumerate(written.rules):
        path = f"compliance.rules[{n}]"
        condition = linking.condition(rule.condition, path)
        if rule.condition is None:
            finding, remedy = "missing", "write it, or compliance.data_class for all requests"
            linking.findings.append(error(f"{path}.if", finding, remedy))
        if rule.data_class is None:
            linking.findings.append(error(f"{path}.data_class", "missing", "name the class"))
        else:
            linking.findings.extend(no_such_class(rule.data_class, f"{path}.data_class", classes))
        if condition is not None and needs_more(condition):
            finding = "cannot be evaluated for a request without headers: such requests have the data class, too"
            linking.findings.append(warning(f"{path}.if", finding, 'ask first: "x-team" in headers && ...'))
        if condition is not None and rule.data_class is not None:
            yield condition, rule.data_class


def no_such_class(name: str, path: str, classes: Collection[str]) -> Iterator[Finding]:
    if name not in classes:
        remedy = suggestion(name, classes) or "add it under compliance.data_classes"
        yield error(path, f'no data class is named "{name}" {known_names(classes)}', remedy)


def _unservable(compliance: Compliance, targets: Collection[Target]) -> Iterator[Finding]:
    """What no model at all may serve: the operator hears it now, and callers would only hear "refused"."""
    if not targets:
        return
    own = compliance.classes.get(compliance.data_class)
    base = (*compliance.always, *(() if own is None else (own,)))
    if not any(permits(base, target) for target in targets):
        yield warning(
            "compliance", "no model may serve any request: all are refused", "permit a provider that is there"
        )
        return
    for name, one in compliance.classes.items():
        if not any(permits((*base, one), target) for target in targets):
            finding = "no model may serve it: such requests are refused"
            yield warning(f"compliance.data_classes.{name}", finding, "permit a provider that is there")


def link_cost_centres(written: Mapping[str, CostCentreSection], permitting: Permitting) -> dict[str, CostCentre]:
    """The linked section `cost_centres`."""
    centres: dict[str, CostCentre] = {}
    for name, one in written.items():
        path = f"cost_centres.{name}"
        centres[name] = CostCentre(permitting.restriction(f"cost centre {name}", one, path), one.max_cost_usd)
        restriction = centres[name].restriction
        targets = tuple(permitting.targets())
        if restriction and targets and not any(permits((restriction,), target) for target in targets):
            finding = "no model may serve it: its requests are refused"
            permitting.linking.findings.append(warning(path, finding, "permit a provider that is there"))
    return centres
