"""The written form and the clusters file, linked: every name means something, or there is a finding about it."""

import ipaddress
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from openclaw_extproc.config.balance import limited, link_balance
from openclaw_extproc.config.chains import Chain, link_chains
from openclaw_extproc.config.choosing import link_choosing, switched_off
from openclaw_extproc.config.cloud import is_cloud, lacks
from openclaw_extproc.config.clusters import Clusters
from openclaw_extproc.config.context import cheapest_summarizer, link_context
from openclaw_extproc.config.drills import link_drills
from openclaw_extproc.config.findings import Finding, error, lacking, warning
from openclaw_extproc.config.fitness import capabilities, fitness
from openclaw_extproc.config.forms import Forms, read_forms
from openclaw_extproc.config.health import link_health
from openclaw_extproc.config.limits import degraded, link_emergency, link_limits, patient
from openclaw_extproc.config.models import link_models
from openclaw_extproc.config.notices import link_notices
from openclaw_extproc.config.prices import NEWEST
from openclaw_extproc.config.providers import Providers, link_providers
from openclaw_extproc.config.settings import Address, BasePath, Endpoint, Overload, Settings
from openclaw_extproc.config.sidecar import link_fail_open
from openclaw_extproc.config.unused import unused
from openclaw_extproc.config.written import GatewaySection, Written
from openclaw_extproc.config.written_levels import SessionFile
from openclaw_extproc.gateway import Gateway, Provider


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a configuration is checked against besides itself."""

    formats: Mapping[str, BasePath]
    variables: Collection[str]
    """Names of the environment variables that are set to something."""
    unreadable: Callable[[str], str]
    """Why a file cannot be read; empty: it can."""
    no_folder: Callable[[str], str]
    """Why no log file can be written at a path; empty: one can."""
    extras: Collection[str]
    """Which of our extras are installed."""
    today: date = NEWEST
    """For prices that changed or are going to."""


def link(
    written: Written,
    clusters: Clusters,
    around: Surroundings,
    *,
    session: tuple[str, SessionFile] | None = None,
    lenient: bool = False,
) -> tuple[Settings, list[Finding]]:
    """The settings, which are good only if no finding is an error. `session`: `session.yml` with its name."""
    session_name, session_file = session or ("", None)
    forms, findings = read_forms(written, session_file, session_name)
    providers, about_providers = link_providers(forms, clusters, around.formats)
    providers = patient(providers, written)
    chains, about_chains = link_chains(forms, providers, written.failover, written.router.secondary_fallback)
    models = link_models(written, forms, clusters, providers, chains, around.today)
    limits, about_limits = link_limits(written)
    summarizer = cheapest_summarizer(models.catalog, models.chatting, _with_credentials(providers, around))
    context, about_context = link_context(
        written.router.context_management, {*chains, *written.gateway.models}, summarizer
    )
    findings += [*about_providers, *about_chains, *models.findings, *about_limits, *about_context]
    findings += _credentials(providers, around)
    findings += fitness(providers)
    findings += capabilities(written.gateway.models, forms, providers)
    findings += _none_at_all(written, providers)
    findings += _listening(written.gateway)
    findings += unused(written)
    findings += _log_file(written, around)
    gateway = Gateway(
        providers=providers.by_name,
        chains=models.chains if _is_routing(written) else _first_targets(models.chains, forms),
        unknown_models=written.model.unknown_models,
        mixed_embeddings=written.model.embedding_fallbacks == "any_model",
        passthrough=written.gateway.passthrough,
        limits=limits,
        emergency=link_emergency(written.router.emergency),
        catalog=models.catalog,
        response_headers=written.gateway.response_headers,
    )
    whole = replace(gateway, chains=models.chains)
    findings += degraded(written.router.emergency, whole)
    balance, about_balance = link_balance(written.load_balancing, whole, lenient=lenient)
    findings += about_balance
    # Names mean what they mean also where only their first target is left.
    strategy, about_choosing = link_choosing(
        written, forms, providers, whole, pools=balance.pools, virtual=models.virtual
    )
    findings += about_choosing
    if not _is_routing(written):
        strategy, about_routing = switched_off(strategy)
        findings += about_routing
        balance = replace(balance, tiers={})
    health, about_health = link_health(written, whole)
    findings += about_health
    strategy = balance.added_to(models.into(replace(strategy, context=context)))
    gateway = replace(gateway, strategy=strategy, health=health)
    upstreams = limited(providers.upstreams, balance.pools, whole)
    fail_open, about_failure = link_fail_open(written.gateway, upstreams, gateway.strategy)
    findings += about_failure
    channels, about_channels = link_notices(written, around.variables)
    findings += about_channels
    overload = written.gateway.overload
    host, output = written.gateway.host, written.logging.output
    settings = Settings(
        gateway=gateway,
        listen=Address(host, written.gateway.port),
        admin=Address(written.gateway.admin_host, written.gateway.admin_port),
        upstreams=upstreams,
        endpoints=_endpoints(providers, clusters),
        log_level=written.logging.level,
        log_format=written.logging.format,
        log_output=None if output in ("-", "stdout") else output,
        workers=written.gateway.workers,
        drain_ms=written.gateway.drain_ms,
        fail_open=fail_open,
        overload=Overload(overload.max_requests, overload.max_body_mib * 1024 * 1024, overload.max_lag_ms / 1000),
        drills=link_drills(written.failover),
        channels=channels,
    )
    return settings, findings


def _endpoints(providers: Providers, clusters: Clusters) -> dict[str, Endpoint]:
    """Where each provider is, for those who ask it without Envoy."""
    in_file = {found.provider.name: found.endpoint for found in clusters.providers if found.endpoint}
    ours = {one.provider.name: Endpoint(one.scheme, one.host, one.port, one.authority) for one in providers.upstreams}
    return in_file | ours


def _is_routing(written: Written) -> bool:
    """A router that is switched off leaves each model its first target only."""
    return False not in (written.model.router.enabled, written.router.enabled, written.router.enable)


def _first_targets(chains: Mapping[str, Chain], forms: Forms) -> dict[str, Chain]:
    """A level may switch the router on for its own models."""
    on = {form.chain for form in forms.levels if True in (form.written.router.enable, form.written.router.enabled)}
    return {name: chain if name in on else chain[:1] for name, chain in chains.items()}


def _credentials(providers: Providers, around: Surroundings) -> Iterator[Finding]:
    """What is missing now: the provider cannot be used without it, and all others can."""
    for name, provider in providers.by_name.items():
        credential, path = provider.credential, providers.paths[name]
        yield from lacks(provider, path, around.extras)
        if "/" in credential:
            if why := around.unreadable(credential):
                # What does not begin as a path does may be the key itself, written in the wrong place.
                file = f"the key file {credential}" if re.match(r"~|\.{0,2}/", credential) else "the key file"
                remedy = "put the key there, readable for this user; it is read again at each call"
                yield lacking(path, f"{file} cannot be read ({why}), so {name} cannot be used", remedy)
        elif is_cloud(provider.auth):
            continue  # a profile may be anywhere: who asks for it says so
        elif credential and credential not in around.variables:
            finding = f"the variable {credential} is not set, so {name} cannot be used"
            yield lacking(path, finding, f"export {credential}=... before the start")


def _log_file(written: Written, around: Surroundings) -> Iterator[Finding]:
    output = written.logging.output
    if output not in (None, "-", "stdout") and (why := around.no_folder(output)):
        finding = f"no file can be written there ({why}), so the log goes to standard output"
        yield lacking("logging.output", finding, 'create the folder for this user, or write output: "-"', "machine")


def _with_credentials(providers: Providers, around: Surroundings) -> dict[str, Provider]:
    """The providers whose credential is there, as far as can be seen: an identity of a cloud is asked for later."""

    def there(provider: Provider) -> bool:
        name = provider.credential
        if is_cloud(provider.auth) or not name:
            return True
        return not around.unreadable(name) if "/" in name else name in around.variables

    return {name: provider for name, provider in providers.by_name.items() if there(provider)}


def _none_at_all(written: Written, providers: Providers) -> Iterator[Finding]:
    """A file of policy alone is no mistake by itself: its providers may be in the clusters file, added later."""
    if providers.by_name:
        return
    sections = written.model_fields_set
    is_policy_alone = bool(sections) and not sections & {"model", "gateway", "logging"}
    say = warning if is_policy_alone else error
    yield say("", "no provider", "name one under model.providers or in clusters.yaml")


def _listening(written: GatewaySection) -> Iterator[Finding]:
    if written.port == written.admin_port:
        yield error("gateway.admin_port", "is the port of the gateway itself", "write another one")
    for key, host in (("host", written.host), ("admin_host", written.admin_host)):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            remedy = "write 127.0.0.1 for this machine alone, or 0.0.0.0 for all that reach it"
            yield error(f"gateway.{key}", "is not an address, which a listener needs", remedy)
