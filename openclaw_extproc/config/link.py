"""Links the configuration and the clusters file: every name is resolved, or there is a finding about it."""

import ipaddress
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from openclaw_extproc.callers import CallerRules
from openclaw_extproc.config.findings import Finding, error, lacking, warning
from openclaw_extproc.config.gateway.callers import link_callers
from openclaw_extproc.config.gateway.downstream import link_downstream
from openclaw_extproc.config.gateway.drills import link_drills
from openclaw_extproc.config.gateway.exposure import open_doors
from openclaw_extproc.config.gateway.health import link_health
from openclaw_extproc.config.gateway.limits import degraded, link_emergency, link_limits, patient
from openclaw_extproc.config.gateway.notices import link_notices
from openclaw_extproc.config.gateway.on_sidecar_failure import link_fail_open
from openclaw_extproc.config.gateway.passthrough import link_passthrough, passed_on
from openclaw_extproc.config.gateway.stages import link_stages
from openclaw_extproc.config.known.prices import NEWEST
from openclaw_extproc.config.models.chains import Chain, link_chains
from openclaw_extproc.config.models.link import link_models
from openclaw_extproc.config.providers.capabilities import capabilities, fitness
from openclaw_extproc.config.providers.cloud_credentials import is_cloud, lacks
from openclaw_extproc.config.providers.key_text import Objection
from openclaw_extproc.config.providers.link import Providers, link_providers, with_headers
from openclaw_extproc.config.read.clusters import Clusters
from openclaw_extproc.config.read.forms import Forms, read_forms
from openclaw_extproc.config.routing.context import cheapest_summarizer, link_context
from openclaw_extproc.config.routing.load_balancing import limited, link_balance
from openclaw_extproc.config.routing.strategy import link_choosing, switched_off
from openclaw_extproc.config.schema.config_file import GatewaySection, Written
from openclaw_extproc.config.schema.overrides import SessionFile
from openclaw_extproc.config.settings import Address, BasePath, Endpoint, Overload, Settings
from openclaw_extproc.config.unused import unused
from openclaw_extproc.gateway import Gateway, Provider
from openclaw_extproc.strategy import Context


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment that a configuration is checked against: credentials, files and the clusters file."""

    formats: Mapping[str, BasePath]
    variables: Collection[str]
    """Names of the environment variables that are set to something."""
    key_file: Callable[[str, bool], Objection | None]
    """What is wrong with the file of a credential. `True`: it goes into a header as it is."""
    no_folder: Callable[[str], str]
    """Why no log file can be written at a path; empty: one can."""
    extras: Collection[str]
    """Which of our extras are installed."""
    today: date = NEWEST
    """For prices that changed or are going to."""
    unusable: Collection[str] = ()
    """Names of variables whose values no header can carry."""
    readable: Callable[[str], bool] = lambda _: True
    """Whether a file that holds no credential of ours can be read."""


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
    providers = with_headers(patient(providers, written), written.gateway.forward_headers)
    providers = passed_on(providers, written.gateway.passthrough)
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
    opened, about_opened = link_passthrough(written.gateway.passthrough)
    findings += about_opened
    callers, about_callers = link_callers(written, around.variables, around.readable)
    findings += about_callers
    findings += _unaskable(callers, context)
    findings += unused(written)
    findings += _log_file(written, around)
    gateway = Gateway(
        providers=providers.by_name,
        chains=models.chains if _is_routing(written) else _first_targets(models.chains, forms),
        unknown_models=written.model.unknown_models,
        mixed_embeddings=written.model.embedding_fallbacks == "any_model",
        passthrough=written.gateway.passthrough is not False,
        opened=opened,
        limits=limits,
        emergency=link_emergency(written.router.emergency),
        catalog=models.catalog,
        response_headers=written.gateway.response_headers,
        classification=written.gateway.classification,
        callers=callers,
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
    fail_open, about_failure = link_fail_open(written.gateway, upstreams, gateway)
    findings += about_failure
    channels, about_channels = link_notices(written, around.variables)
    findings += about_channels
    endpoints = _endpoints(providers, clusters)
    findings += open_doors(
        written, callers, providers.by_name, endpoints, providers.paths, _in_the_clear(providers, clusters)
    )
    stages, about_stages = link_stages(written.gateway.stages, written.gateway.workers)
    findings += about_stages
    downstream, about_downstream = link_downstream(written.gateway.downstream, upstreams)
    findings += about_downstream
    overload = written.gateway.overload
    host, output = written.gateway.host, written.logging.output
    settings = Settings(
        gateway=gateway,
        listen=Address(host, written.gateway.port),
        admin=Address(written.gateway.admin_host, written.gateway.admin_port),
        upstreams=upstreams,
        endpoints=endpoints,
        log_level=written.logging.level,
        log_format=written.logging.format,
        log_output=None if output in ("-", "stdout") else output,
        workers=written.gateway.workers,
        stages=stages,
        drain_ms=written.gateway.drain_ms,
        envoy_admin_port=written.gateway.envoy_admin_port,
        fail_open=fail_open,
        overload=Overload(overload.max_requests, overload.max_body_mib * 1024 * 1024, overload.max_lag_ms / 1000),
        downstream=downstream,
        drills=link_drills(written.failover),
        channels=channels,
    )
    return settings, findings


def _unaskable(callers: CallerRules, context: Context | None) -> Iterator[Finding]:
    """Our own questions come through the listener like any call, and have no certificate to show."""
    if callers.tls is not None and callers.tls.require_client_cert and context is not None and context.summarizer:
        finding = "the gateway's own requests are rejected in the TLS handshake: no summary can be made"
        remedy = "write false, and gateway.authentication: required"
        yield warning("gateway.tls.require_client_cert", finding, remedy)


def _in_the_clear(providers: Providers, clusters: Clusters) -> frozenset[str]:
    """Whose key may go over http://, as the operator says."""
    return providers.in_the_clear | {found.provider.name for found in clusters.providers if found.allow_http}


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
            yield from _key_file(provider, path, around)
        elif is_cloud(provider.auth):
            continue  # a profile may be anywhere: who asks for it says so
        elif credential and credential not in around.variables:
            finding = f"the variable {credential} is not set, so {name} cannot be used"
            yield lacking(path, finding, f"export {credential}=... before the start")
        elif credential in around.unusable:
            holds = f"the variable {credential} contains a line break or another control character within the key"
            yield lacking(path, f"{holds}, which is not sent, so {name} cannot be used", "set it to the key alone")


def _key_file(provider: Provider, path: str, around: Surroundings) -> Iterator[Finding]:
    name, credential = provider.name, provider.credential
    if (objection := around.key_file(credential, not is_cloud(provider.auth))) is None:
        return
    # What does not begin as a path does may be the key itself, written in the wrong place.
    file = f"the key file {credential}" if re.match(r"~|\.{0,2}/", credential) else "the key file"
    if objection.is_usable:
        yield warning(path, f"{file} {objection.why}", "let this user alone read it")
    else:
        remedy = "put the key there, alone and readable for this user; it is read again at each call"
        yield lacking(path, f"{file} {objection.why}, so {name} cannot be used", remedy)


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
        if "/" in name:
            return (objection := around.key_file(name, True)) is None or objection.is_usable
        return name in around.variables and name not in around.unusable

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
    if written.envoy_admin_port in (written.port, written.admin_port):
        yield error("gateway.envoy_admin_port", "is used by another port setting of the gateway", "write another one")
    for key, host in (("host", written.host), ("admin_host", written.admin_host)):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            remedy = "write 127.0.0.1 for this machine alone, or 0.0.0.0 for all that reach it"
            yield error(f"gateway.{key}", "is not an address, which a listener needs", remedy)
