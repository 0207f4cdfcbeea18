"""Linking of `gateway.passthrough`: the open rows of the passthrough table, and the providers that receive them."""

from collections.abc import Sequence
from dataclasses import replace

from openclaw_extproc.config.findings import Finding, error, suggestion, warning
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.gateway import Provider
from openclaw_extproc.wire import FAMILIES
from openclaw_extproc.wire.http.passthrough import NAMES, USUAL

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
