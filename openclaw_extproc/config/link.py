"""Links the configuration and the clusters file: every name is resolved, or there is a finding about it.

`link` runs the passes in the order of their needs, and each pass takes the results that it needs as arguments:

1. `link_targets`: providers, chains and the catalogue of models, from the texts alone.
2. `link_gateway`: the gateway without its strategy, from the targets; and all checks that need no strategy.
3. `link_routing`: pools and the strategy, from the gateway with the complete chains.
4. `link_health`: the rules of health, from the gateway with the complete chains.
5. `link_process`: listeners, stages, clusters and notifications, from the finished gateway.

Findings come in the order of the passes, which is the order of the report.

Findings about the file as a whole, which need nothing but what is written there and what was linked from it.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from openclaw_extproc.callers import CallerRules
from openclaw_extproc.config.findings import Finding, error, warning
from openclaw_extproc.config.gateway.callers import exposure_findings, link_callers
from openclaw_extproc.config.gateway.health import link_drills, link_health
from openclaw_extproc.config.gateway.limits import (
    emergency_findings,
    link_downstream,
    link_emergency,
    link_timeouts,
    with_provider_timeouts,
)
from openclaw_extproc.config.gateway.notices import link_notices
from openclaw_extproc.config.gateway.passthrough import link_fail_open, link_passthrough, with_passthrough_clusters
from openclaw_extproc.config.gateway.stages import link_stages
from openclaw_extproc.config.models.chains import Chain, link_chains
from openclaw_extproc.config.models.link import LinkedModels, link_models
from openclaw_extproc.config.providers.capabilities import capability_findings, format_findings
from openclaw_extproc.config.providers.link import Providers, link_providers, with_headers
from openclaw_extproc.config.read.clusters import Clusters
from openclaw_extproc.config.read.forms import Forms, read_forms
from openclaw_extproc.config.routing.load_balancing import link_balance, with_request_limits
from openclaw_extproc.config.routing.strategy import cheapest_summarizer, link_context, link_strategy, without_choice
from openclaw_extproc.config.schema.config_file import GatewaySection, LedgerSection, Written
from openclaw_extproc.config.schema.routing import SessionFile
from openclaw_extproc.config.settings import Address, LedgerSettings, Overload, ProviderAddress, Settings, Upstream
from openclaw_extproc.config.surroundings import Surroundings, credential_findings, log_findings, with_credentials
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.strategy import Context, Strategy

# -- checks ----------------------------------------------------------------------------


_NOT_YET = "read, not acted on yet by this version"


def no_provider(written: Written, providers: Providers) -> Iterator[Finding]:
    """A finding when no provider is left: an error, or a warning for a file of policy alone, whose providers may be in
    a clusters file that is added later."""
    if providers.by_name:
        return
    sections = written.model_fields_set
    is_policy_alone = bool(sections) and not sections & {"model", "gateway", "logging"}
    say = warning if is_policy_alone else error
    yield say("", "no provider", "name one under model.providers or in clusters.yaml")


def listener_findings(written: GatewaySection) -> Iterator[Finding]:
    """Findings about ports that are used twice, and about hosts that are no addresses."""
    if written.port == written.admin_port:
        yield error("gateway.admin_port", "is the port of the gateway itself", "write another one")
    if written.envoy_admin_port in (written.port, written.admin_port):
        yield error("gateway.envoy_admin_port", "is used by another port setting of the gateway", "write another one")
    for key, host in (("host", written.host), ("admin_host", written.admin_host)):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            remedy = "write 127.0.0.1 for this machine alone, or 0.0.0.0 for all that reach it"
            yield error(f"gateway.{key}", "is not an address, which a listener needs", remedy)


def unaskable_summarizer(callers: CallerRules, context: Context | None) -> Iterator[Finding]:
    """A finding when summaries cannot be made, because our own requests have no client certificate for the listener."""
    if callers.tls is not None and callers.tls.require_client_cert and context is not None and context.summarizer:
        finding = "the gateway's own requests are rejected in the TLS handshake: no summary can be made"
        remedy = "write false, and gateway.authentication: required"
        yield warning("gateway.tls.require_client_cert", finding, remedy)


def unused_keys(written: Written) -> Iterator[Finding]:
    """A warning for each key that is written and has no effect in this version, so that no one relies on it."""
    yield from (warning(path, _NOT_YET) for path, is_written in keys_without_effect(written).items() if is_written)


def keys_without_effect(written: Written) -> dict[str, bool]:
    """The keys that this version accepts without effect, by path: whether each is written."""
    return {"memory": written.memory is not None}


# -- link ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that a configuration is linked from."""

    written: Written
    clusters: Clusters
    around: Surroundings
    session: tuple[str, SessionFile] | None = None
    """The content of `session.yml` with its name; `None`: there is none."""
    lenient: bool = False
    """Whether surplus weights are left out with a warning, instead of being an error."""


def link(source: Source) -> tuple[Settings, list[Finding]]:
    """The settings and all findings. The settings are usable only if no finding is an error about the file."""
    targets, about_targets = link_targets(source)
    gateway, context, about_gateway = link_gateway(source, targets)
    # Names mean what they mean also where the router is off and only their first target is left.
    complete = replace(gateway, chains=targets.models.chains)
    routing, about_routing = link_routing(source, targets, complete, context)
    health, about_health = link_health(source.written, complete)
    gateway = replace(gateway, strategy=routing.strategy, health=health)
    settings, about_process = link_process(source, targets, gateway, routing.upstreams)
    return settings, [*about_targets, *about_gateway, *about_routing, *about_health, *about_process]


# -- 1. what a request can be sent to ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Targets:
    """The linked providers, chains and models of a configuration."""

    forms: Forms
    providers: Providers
    chains: Mapping[str, Chain]
    """By the name that a client asks for, without the changes of requests that `models.chains` have."""
    models: LinkedModels


def link_targets(source: Source) -> tuple[Targets, list[Finding]]:
    """Links providers first, then the chains that name them, then the models in the chains."""
    written = source.written
    session_name, session_file = source.session or ("", None)
    forms, findings = read_forms(written, session_file, session_name)
    providers, about_providers = link_providers(forms, source.clusters, source.around.formats)
    providers = with_headers(with_provider_timeouts(providers, written), written.gateway.forward_headers)
    providers = with_passthrough_clusters(providers, written.gateway.passthrough)
    chains, about_chains = link_chains(forms, providers, written.failover, written.router.secondary_fallback)
    models = link_models(written, forms, source.clusters, providers, chains, source.around.today)
    return Targets(forms, providers, chains, models), [*findings, *about_providers, *about_chains, *models.findings]


# -- 2. the gateway without its strategy ---------------------------------------------


def link_gateway(source: Source, targets: Targets) -> tuple[Gateway, Context | None, list[Finding]]:
    """The gateway without strategy and health, and the rules for shortening conversations (`None`: there are none)."""
    written, providers, models = source.written, targets.providers, targets.models
    timeouts, retry_policy, about_timeouts = link_timeouts(written)
    context, about_context = _link_context(source, targets)
    opened, about_opened = link_passthrough(written.gateway.passthrough)
    callers, about_callers = link_callers(written, source.around.variables, source.around.readable)
    gateway = Gateway(
        providers=providers.by_name,
        chains=models.chains if _is_routing(written) else _first_targets(models.chains, targets.forms),
        unknown_models=written.model.unknown_models,
        mixed_embeddings=written.model.embedding_fallbacks == "any_model",
        passthrough=written.gateway.passthrough is not False,
        opened=opened,
        timeouts=timeouts,
        retry_policy=retry_policy,
        emergency=link_emergency(written.router.emergency),
        catalog=models.catalog,
        response_headers=written.gateway.response_headers,
        classification=written.gateway.classification,
        # Calls have to be able to go on where no worker answers, which on the fast path they cannot.
        fast_path=written.gateway.fast_path and written.gateway.on_sidecar_failure == "reject",
        callers=callers,
    )
    findings = [*about_timeouts, *about_context, *_check_targets(source, targets), *about_opened, *about_callers]
    findings += unaskable_summarizer(callers, context)
    findings += unused_keys(written)
    findings += log_findings(written, source.around)
    return gateway, context, findings


def _link_context(source: Source, targets: Targets) -> tuple[Context | None, list[Finding]]:
    models = targets.models
    usable = with_credentials(targets.providers, source.around)
    summarizer = cheapest_summarizer(models.catalog, models.chatting, usable)
    names = {*targets.chains, *source.written.gateway.models}
    return link_context(source.written.router.context_management, names, summarizer)


def _check_targets(source: Source, targets: Targets) -> list[Finding]:
    """Findings about providers and listeners that change no setting."""
    written, providers = source.written, targets.providers
    return [
        *credential_findings(providers, source.around),
        *format_findings(providers),
        *capability_findings(written.gateway.models, targets.forms, providers),
        *no_provider(written, providers),
        *listener_findings(written.gateway),
    ]


def _is_routing(written: Written) -> bool:
    """A router that is switched off leaves each model its first target only."""
    return False not in (written.model.router.enabled, written.router.enabled, written.router.enable)


def _first_targets(chains: Mapping[str, Chain], forms: Forms) -> dict[str, Chain]:
    """A level may switch the router on for its own models."""
    on = {form.chain for form in forms.levels if True in (form.written.router.enable, form.written.router.enabled)}
    return {name: chain if name in on else chain[:1] for name, chain in chains.items()}


# -- 3. which of them a request is sent to -------------------------------------------


@dataclass(frozen=True, slots=True)
class Routing:
    """The linked strategy, and the upstreams with the limits that pools set for them."""

    strategy: Strategy
    upstreams: tuple[Upstream, ...]


def link_routing(
    source: Source, targets: Targets, gateway: Gateway, context: Context | None
) -> tuple[Routing, list[Finding]]:
    """Links pools first, because rules name them. `gateway` has the complete chains."""
    written, models = source.written, targets.models
    balance, about_balance = link_balance(written.load_balancing, gateway, lenient=source.lenient)
    strategy, about_strategy = link_strategy(
        written, targets.forms, targets.providers, gateway, balance.pools, models.virtual
    )
    findings = [*emergency_findings(written.router.emergency, gateway), *about_balance, *about_strategy]
    if not _is_routing(written):
        strategy, about_router = without_choice(strategy)
        findings += about_router
        balance = replace(balance, tiers={})
    strategy = balance.added_to(models.into(replace(strategy, context=context)))
    return Routing(strategy, with_request_limits(targets.providers.upstreams, balance.pools, gateway)), findings


# -- 5. the process and its Envoy ----------------------------------------------------


def link_process(
    source: Source, targets: Targets, gateway: Gateway, upstreams: tuple[Upstream, ...]
) -> tuple[Settings, list[Finding]]:
    """The settings of a process around the finished gateway."""
    written = source.written
    section = written.gateway
    endpoints = _endpoints(targets.providers, source.clusters)
    fail_open, about_failure = link_fail_open(section, upstreams, gateway)
    channels, about_channels = link_notices(written, source.around.variables)
    stages, about_stages = link_stages(section.stages, section.workers)
    downstream, about_downstream = link_downstream(section.downstream, upstreams)
    settings = Settings(
        gateway=gateway,
        listen=Address(section.host, section.port),
        admin=Address(section.admin_host, section.admin_port),
        upstreams=upstreams,
        endpoints=endpoints,
        log_level=written.logging.level,
        log_format=written.logging.format,
        log_output=None if written.logging.output in ("-", "stdout") else written.logging.output,
        workers=section.workers,
        envoy_concurrency=section.envoy_concurrency,
        stages=stages,
        drain_ms=section.drain_ms,
        envoy_admin_port=section.envoy_admin_port,
        fail_open=fail_open,
        overload=_overload(section),
        downstream=downstream,
        drills=link_drills(written.failover),
        channels=channels,
        ledger=_ledger(written.ledger),
    )
    exposure = _exposure(source, targets, gateway, endpoints)
    return settings, [*about_failure, *about_channels, *exposure, *about_stages, *about_downstream]


def _overload(section: GatewaySection) -> Overload:
    written = section.overload
    return Overload(written.max_requests, written.max_body_mib * 1024 * 1024, written.max_lag_ms / 1000)


def _ledger(section: LedgerSection) -> LedgerSettings:
    return LedgerSettings(section.enabled, section.path, section.retention_days, section.max_entries)


def _exposure(
    source: Source, targets: Targets, gateway: Gateway, endpoints: Mapping[str, ProviderAddress]
) -> Iterator[Finding]:
    providers = targets.providers
    meant = _in_the_clear(providers, source.clusters)
    return exposure_findings(source.written, gateway.callers, providers.by_name, endpoints, providers.paths, meant)


def _in_the_clear(providers: Providers, clusters: Clusters) -> frozenset[str]:
    """Names of the providers whose key may go over `http://`, as the operator says."""
    return providers.in_the_clear | {found.provider.name for found in clusters.providers if found.allow_http}


def _endpoints(providers: Providers, clusters: Clusters) -> dict[str, ProviderAddress]:
    """The address of each provider by its name, for requests that do not go through Envoy."""
    in_file = {found.provider.name: found.endpoint for found in clusters.providers if found.endpoint}
    ours = {
        one.provider.name: ProviderAddress(one.scheme, one.host, one.port, one.authority) for one in providers.upstreams
    }
    return in_file | ours
