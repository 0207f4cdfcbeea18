"""Linking of `gateway.passthrough`: the open rows of the passthrough table, and the providers that receive them.

Linking of `gateway.on_sidecar_failure`: the API families whose calls are sent to their vendor if no worker
responds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from openclaw_extproc.config.findings import Finding, error, suggestion, warning
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.config.schema.workers import Processes
from openclaw_extproc.config.settings import Upstream
from openclaw_extproc.gateway import Gateway, Provider
from openclaw_extproc.strategy import Compliance
from openclaw_extproc.wire import FAMILIES
from openclaw_extproc.wire.families import Family
from openclaw_extproc.wire.http.passthrough import NAMES, USUAL

# -- passthrough -----------------------------------------------------------------------


_PASSABLE = frozenset(format for family in FAMILIES if family.passthrough for format in family.formats)


def link_passthrough(written: bool | Sequence[str]) -> tuple[frozenset[str], list[Finding]]:
    """The rows of the passthrough table that the configuration opens, besides those that are always open."""
    if isinstance(written, bool):
        return frozenset(), []
    known = frozenset(NAMES)
    findings = [_about(name, f"gateway.passthrough[{n}]") for n, name in enumerate(written) if name not in known]
    return known & frozenset(written), findings


def _about(name: str, path: str) -> Finding:
    if name in USUAL:
        return warning(path, f'"{name}" is open anyway', "leave it out")
    remedy = suggestion(name, NAMES) or "docs/wire-formats.md has the table"
    return error(path, f'nothing of that name can be opened: "{name}" (known: {", ".join(NAMES)})', remedy)


def with_passthrough_clusters(providers: Providers, written: bool | Sequence[str]) -> Providers:
    """The providers. Only those that may receive passthrough requests keep their second cluster, which costs Envoy as
    much memory as the first.
    """
    by_name = {name: _with_what_it_needs(one, written) for name, one in providers.by_name.items()}
    upstreams = tuple(replace(one, provider=by_name[one.provider.name]) for one in providers.upstreams)
    return replace(providers, by_name=by_name, upstreams=upstreams)


def _with_what_it_needs(provider: Provider, written: bool | Sequence[str]) -> Provider:
    # A signature of AWS covers the body, which is not read.
    is_passed_on = written is not False and provider.auth != "aws" and {provider.format, *provider.also} & _PASSABLE
    return provider if is_passed_on else replace(provider, unread_cluster="")


# -- on sidecar failure ----------------------------------------------------------------


_PATH = "gateway.on_sidecar_failure"


def link_fail_open(
    written: Processes, upstreams: tuple[Upstream, ...], gateway: Gateway
) -> tuple[dict[str, Upstream], list[Finding]]:
    """The upstream that gets the calls of a vendor's API when no worker responds, by the name of the API's family."""
    wanted = [family for family in FAMILIES if _is_wanted(written, family)]
    if not wanted:
        return {}, []
    if limits := list(_limits(gateway)):
        finding = f"is not applied, because of {', '.join(limits)}: requests without these checks must not pass"
        return {}, [warning(_PATH, finding, "write reject")]
    found = {_name(family): _target(family, upstreams) for family in wanted}
    missing = [
        warning(
            _where(written, name),
            f"no provider for {name} calls: they are rejected",
            "name the vendor itself under model.providers, or one with auth: forward",
        )
        for name, target in found.items()
        # Who wants it for all vendors wants it for those there are.
        if target is None and (isinstance(written.on_sidecar_failure, Mapping) or not any(found.values()))
    ]
    return {name: target for name, target in found.items() if target is not None}, missing


def _is_wanted(written: Processes, family: Family) -> bool:
    said = written.on_sidecar_failure
    return (said if isinstance(said, str) else {str(k): v for k, v in said.items()}.get(_name(family))) == "passthrough"


def _where(written: Processes, name: str) -> str:
    return f"{_PATH}.{name}" if isinstance(written.on_sidecar_failure, Mapping) else _PATH


def _target(family: Family, upstreams: tuple[Upstream, ...]) -> Upstream | None:
    """Who is meant to have the caller's own credential: by word of the operator, or as the vendor itself."""
    speakers = [one for one in upstreams if {one.provider.format, *one.provider.also} & set(family.formats)]
    told = (one for one in speakers if one.provider.auth == "forward")
    at_home = (one for one in speakers if one.host in family.hosts)
    return next(told, None) or next(at_home, None)


def _limits(gateway: Gateway) -> Iterator[str]:
    """What holds for requests that only we can hold them to."""
    strategy = gateway.strategy
    optimization = strategy.optimization
    if gateway.callers.identifies:
        yield "clients"  # whose keys are not for vendors, and nobody would take them out
    if strategy.compliance != Compliance():
        yield "compliance"
    amounts = (optimization.hourly_budget, optimization.daily_budget, optimization.max_cost_per_session)
    if any(amount is not None for amount in amounts):
        yield "a budget"
    levels = [strategy.levels.session, strategy.levels.prompt, *strategy.levels.sessions.values()]
    if any(level.data_class or level.max_cost_usd is not None for level in levels if level is not None):
        yield "levels with a data class or a limit"
    if strategy.cost_centres:
        yield "cost centres"


def _name(family: Family) -> str:
    return family.prefix.removeprefix("/")
