"""Findings about settings of a provider that its wire format does not support.

The facts are the formats' own (`WireFormat`, `ProviderSide`). An error is what can never work: every request would go
to a wrong address. A warning is what works for some clients only, or has no effect.
Left out: what single models cannot do; a chain whose targets speak different formats, which is what translation is for.
"""

from collections.abc import Iterator, Mapping

from openclaw_extproc.config.findings import Finding, error, warning
from openclaw_extproc.config.providers.endpoints import below_the_same
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.config.read.forms import Forms
from openclaw_extproc.config.schema.config_file import GatewayModel
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model.requests import Ask
from openclaw_extproc.wire import FORMATS
from openclaw_extproc.wire.base import Place, ProviderSide, WireFormat
from openclaw_extproc.wire.translation.losses import Need

_CAPABILITIES: Mapping[str, Need] = {
    "vision": "image",
    "images": "image",
    "documents": "pdf",
    "pdf": "pdf",
    "audio": "audio",
    "video": "video",
}
"""Words of `gateway.models` for what a format may be unable to carry; all others are about the model."""

_REMEDIES: Mapping[Place, str] = {
    "project": "write project: YOUR-PROJECT, or a path with /projects/ into the endpoint",
    "region": "write region: such as us-east5",
    "api_version": "write api_version: such as 2024-10-21",
}


def format_findings(providers: Providers) -> Iterator[Finding]:
    """Findings about formats and quirks of providers that do not fit each other."""
    for name, provider in providers.by_name.items():
        main = FORMATS.get(provider.format)
        if main and main.provider:
            section = providers.paths[name].rpartition(".")[0]
            yield from _wrong(provider, main, main.provider, section)
            yield from _idle(provider, main.provider, section)


def _wrong(provider: Provider, main: WireFormat[Ask], side: ProviderSide[Ask], section: str) -> Iterator[Finding]:
    if not main.translated:
        chat = main.same_vendor or "the format of its chats"
        finding = f"{main.name} serves clients of the same format only, and stands beside another format"
        yield error(f"{section}.format", finding, f"write format: {chat}, and also: [{main.name}]")
    for key in side.lacks(provider):
        yield error(f"{section}.{key}", f"missing: it stands in the path of every {main.name} request", _REMEDIES[key])
    for name, other in _also(provider).items():
        if not below_the_same(side.base_path, other.base_path, provider.base_path):
            finding = f"{name} has another path than {main.name}"
            yield error(f"{section}.also", finding, "describe it as a provider of its own, with an endpoint")


def _idle(provider: Provider, side: ProviderSide[Ask], section: str) -> Iterator[Finding]:
    sides = (side, *_also(provider).values())
    known = {quirk for one in sides for quirk in one.quirks}
    for quirk in sorted(provider.quirks - known):
        yield warning(f"{section}.quirks", f"{quirk} makes no difference in {provider.format}", "remove it")
    written: dict[Place, str] = {"api_version": provider.api_version, "project": provider.project}
    for key, value in written.items():
        if value and not any(key in one.reads for one in sides):
            yield warning(f"{section}.{key}", f"not used: {provider.format} has no place for it", "remove it")
    if provider.auth == "aws" and not _at_bedrock(provider):
        finding = f"a signature for Bedrock, and neither {provider.format} nor the host is Bedrock's"
        yield warning(f"{section}.auth", finding, "write api_key, if it is no proxy of Bedrock's")


def _also(provider: Provider) -> dict[str, ProviderSide[Ask]]:
    found = {name: FORMATS[name].provider for name in provider.also if name in FORMATS}
    return {name: side for name, side in found.items() if side}


def _at_bedrock(provider: Provider) -> bool:
    host = provider.authority.partition(":")[0]
    return provider.format.startswith("bedrock") or (host.startswith("bedrock") and host.endswith(".amazonaws.com"))


def capability_findings(models: Mapping[str, GatewayModel], forms: Forms, providers: Providers) -> Iterator[Finding]:
    """Findings about capabilities of an alias that no translation into its provider's format carries.

    A warning: clients of that format are not translated, and others go on along the chain or are refused by name.
    """
    for alias, entry in models.items():
        wanted = forms.aliases.get(alias)
        provider = providers.by_name.get(wanted.provider) if wanted else None
        main = FORMATS.get(provider.format) if provider else None
        if main is None or main.provider is None:
            continue
        for n, word in enumerate(entry.capabilities):
            need = _CAPABILITIES.get(word)
            if need and need not in main.provider.carries:
                finding = f"{main.name} carries no {word} for clients of other formats: they are refused"
                yield warning(
                    f"gateway.models.{alias}.capabilities[{n}]", finding, "use another provider, or remove it"
                )
