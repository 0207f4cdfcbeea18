"""Linking of every provider that the configuration names: address, wire format and credential.

A provider may be named in several forms; what they say of it is put together, and must not differ.
Whose cluster stands in the clusters file is not rendered again: the file is the truth about it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast, get_args

from openclaw_extproc.config.findings import (
    Finding,
    error,
    known_names,
    suggestion,
    sure_suggestion,
    unknown_words,
    warning,
)
from openclaw_extproc.config.known.providers import KNOWN_PROVIDERS, KnownProvider
from openclaw_extproc.config.providers.cloud_credentials import cloud_credential, is_cloud
from openclaw_extproc.config.providers.endpoints import Endpoint, below_the_same, endpoint
from openclaw_extproc.config.read.clusters import Clusters, unread_name
from openclaw_extproc.config.read.forms import Forms
from openclaw_extproc.config.schema.base import Access
from openclaw_extproc.config.settings import BasePath, Upstream
from openclaw_extproc.gateway import Auth, Provider
from openclaw_extproc.wire import FORMATS
from openclaw_extproc.wire.translation.quirks import QUIRKS


@dataclass(frozen=True, slots=True)
class Providers:
    """The linked providers of one configuration."""

    by_name: Mapping[str, Provider]
    """Those of `openclaw.yml` first."""
    upstreams: tuple[Upstream, ...]
    names: frozenset[str]
    """Also of those that were skipped or are wrong: to name one is not a mistake of its own."""
    paths: Mapping[str, str]
    """Where each provider's credential stands, or should."""
    in_the_clear: frozenset[str] = frozenset()
    """Whose credential may go over `http://` to anywhere, as the operator says."""


@dataclass(frozen=True, slots=True)
class _ProviderForms:
    """What all forms together say of one provider."""

    name: str
    path: str
    models: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    """By the name of a field of `Access`."""
    places: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where each of them is written."""
    levels: bool = False
    """Whether a level names a model of its own there, which is not among `models`: clients cannot ask for it."""

    def place(self, key: str) -> str:
        return self.places.get(key, f"{self.path}.{key}")


def link_providers(
    forms: Forms, clusters: Clusters, formats: Mapping[str, BasePath]
) -> tuple[Providers, list[Finding]]:
    """All providers of the configuration and the clusters file, with findings about them."""
    findings: list[Finding] = []
    by_name: dict[str, Provider] = {}
    upstreams: list[Upstream] = []
    given = {found.provider.name: found for found in clusters.providers}
    paths = {name: f"{found.path}.credential" for name, found in given.items()}
    declared = _declarations(forms, findings)
    for name, one in declared.items():
        if name in given:
            by_name[name] = _of_the_file(one, given[name].provider, findings)
        elif upstream := _upstream(one, formats, findings):
            by_name[name] = upstream.provider
            upstreams.append(upstream)
            paths[name] = one.place(_credential_key(one))
    findings += _equal_clusters(upstreams, clusters, declared)
    for name, found in given.items():
        by_name.setdefault(name, found.provider)
    in_the_clear = frozenset(name for name, one in declared.items() if one.values.get("allow_http") == "True")
    return Providers(by_name, tuple(upstreams), frozenset({*declared, *given}), paths, in_the_clear), findings


def with_headers(providers: Providers, forwarded: Sequence[str]) -> Providers:
    """The providers with the request headers that go to each of them."""
    by_name = {
        name: replace(one, forward_headers=tuple(dict.fromkeys((*one.forward_headers, *forwarded))))
        for name, one in providers.by_name.items()
    }
    upstreams = tuple(replace(one, provider=by_name[one.provider.name]) for one in providers.upstreams)
    return replace(providers, by_name=by_name, upstreams=upstreams)


def _declarations(forms: Forms, findings: list[Finding]) -> dict[str, _ProviderForms]:
    declared: dict[str, _ProviderForms] = {}
    for entry in forms.entries.values():
        one = declared.get(entry.name, _ProviderForms(entry.name, entry.path))
        declared[entry.name] = _join(one, entry.access, entry.path, entry.models, findings)
    for wanted in forms.wanted_models():
        one = declared.get(wanted.provider, _ProviderForms(wanted.provider, wanted.path))
        declared[wanted.provider] = _join(one, wanted.access, wanted.path, (wanted.model,), findings)
    for wanted in (one for level in forms.levels for one in level.wanted):
        one = declared.get(wanted.provider, _ProviderForms(wanted.provider, wanted.path))
        joined = _join(one, wanted.access, wanted.path, (), findings)
        declared[wanted.provider] = replace(joined, levels=True)
    return declared


def _join(
    one: _ProviderForms, access: Access, path: str, models: tuple[str, ...], findings: list[Finding]
) -> _ProviderForms:
    values, places = dict(one.values), dict(one.places)
    for key, given in access.model_dump(include=set(Access.model_fields), exclude_none=True).items():
        value = _as_text(given)
        if values.setdefault(key, value) != value:
            finding = f"differs from {one.place(key)} for {one.name}"
            findings.append(error(f"{path}.{key}", finding, "write it once, or give one of them another name"))
        places.setdefault(key, f"{path}.{key}")
    return replace(one, models=tuple(dict.fromkeys((*one.models, *models))), values=values, places=places)


def _as_text(given: object) -> str:
    """A list as its words: none of those lists holds a word with a space."""
    return " ".join(map(str, cast("Iterable[object]", given))) if isinstance(given, list | tuple) else str(given)


def _of_the_file(one: _ProviderForms, provider: Provider, findings: list[Finding]) -> Provider:
    for key in one.values:
        if key == "endpoint":
            finding = f"{one.name} is also a cluster of the clusters file"
            findings.append(error(one.place(key), finding, "remove the endpoint here or the cluster there"))
        else:
            findings.append(warning(one.place(key), "not used: the clusters file describes this provider", "remove it"))
    return replace(provider, models=tuple(dict.fromkeys((*provider.models, *one.models))))


def _upstream(one: _ProviderForms, formats: Mapping[str, BasePath], findings: list[Finding]) -> Upstream | None:
    usual = KNOWN_PROVIDERS.get(one.name)
    place = _place(one, usual, findings)
    format_name = one.values.get("format") or (usual or KnownProvider()).format
    if format_name not in formats:
        remedy = suggestion(format_name, formats) or "write one of these"
        findings.append(
            error(one.place("format"), f'no format is named "{format_name}" {known_names(formats)}', remedy)
        )
    if not one.models and not one.levels and place:
        findings.append(error(one.place("models"), "lists no model", "list the models it serves"))
    if place is None or format_name not in formats:
        return None
    base_path = formats[format_name](_path(one, place, usual, format_name))
    provider = Provider(
        name=one.name,
        cluster=cluster_name(one.name),
        format=format_name,
        base_path=base_path,
        credential=_credential(one, place, usual, findings),
        auth=_auth(one),
        models=one.models,
        region=one.values.get("region", ""),
        also=_also(one, place, usual, format_name, formats, findings),
        quirks=_quirks(one, usual, format_name, findings),
        api_version=one.values.get("api_version", ""),
        project=one.values.get("project", ""),
        unread_cluster=unread_name(cluster_name(one.name)),
        forward_headers=tuple(dict.fromkeys(one.values.get("forward_headers", "").split())),
    )
    upstream = Upstream(provider, place.scheme, place.host, place.port)
    return replace(upstream, provider=replace(provider, authority=upstream.authority))


def _auth(one: _ProviderForms) -> Auth:
    """As written; a known provider's usual way only where no key is written, and for its usual format."""
    usual = KNOWN_PROVIDERS.get(one.name)
    keyed = one.values.keys() & {"api_key", "api_key_file"}
    as_usual = usual is not None and not keyed and one.values.get("format", usual.format) == usual.format
    default: Auth = usual.auth if usual and as_usual else "inject"
    written: Auth | None = next((auth for auth in get_args(Auth) if auth == one.values.get("auth")), None)
    return written or default


def _credential_key(one: _ProviderForms) -> str:
    if is_cloud(_auth(one)):
        return "credential"
    return "api_key_file" if "api_key_file" in one.values else "api_key"


def _also(
    one: _ProviderForms,
    place: Endpoint,
    usual: KnownProvider | None,
    format_name: str,
    formats: Mapping[str, BasePath],
    findings: list[Finding],
) -> tuple[str, ...]:
    """As written; what is known of a provider holds for its usual format, where all is below one path.

    What goes with a chat format at its vendor's own address (counts, compactions) comes with it, whatever the provider
    is called: nobody has to know its name. An empty list means nothing at all.
    """
    path = formats[format_name](_path(one, place, usual, format_name))
    own = formats[format_name]
    if (written := one.values.get("also")) is not None:
        findings += unknown_words(one.place("also"), "format", written.split(), formats)
        spoken = tuple(dict.fromkeys(written.split()))
        if not spoken:
            return ()
    else:
        known_to_speak = usual.also if usual and usual.format == format_name else ()
        spoken = tuple(name for name in known_to_speak if name in formats and below_the_same(own, formats[name], path))
    chats = {format_name, *spoken}
    beside = (name for name in _beside_chats(place.host) if FORMATS[name].same_vendor in chats)
    return tuple(dict.fromkeys((*spoken, *(name for name in beside if below_the_same(own, formats[name], path)))))


def _beside_chats(host: str) -> tuple[str, ...]:
    """Formats that only go with a chat format, of the vendor whose own address this is."""
    known = next((known for known in KNOWN_PROVIDERS.values() if known.endpoint == f"https://{host}"), None)
    return tuple(name for name in known.also if FORMATS[name].operation in _BESIDE) if known else ()


_BESIDE = frozenset({"count_tokens", "compaction"})


def _quirks(
    one: _ProviderForms, usual: KnownProvider | None, format_name: str, findings: list[Finding]
) -> frozenset[str]:
    if (written := one.values.get("quirks")) is not None:
        findings += unknown_words(one.place("quirks"), "quirk", written.split(), QUIRKS)
        return frozenset(written.split())
    return frozenset(usual.quirks if usual and usual.format == format_name else ())


_REGION = re.compile(r"[a-z0-9-]{1,40}")


def cluster_name(provider: str) -> str:
    """The provider's name in letters that Envoy's statistics keep apart."""
    return re.sub(r"[^a-z0-9]+", "-", provider.lower()).strip("-")


def _place(one: _ProviderForms, usual: KnownProvider | None, findings: list[Finding]) -> Endpoint | None:
    url = one.values.get("endpoint") or (usual.endpoint if usual else "")
    region = one.values.get("region", "")
    if "{region}" in url and not _REGION.fullmatch(region):
        finding = "is no region" if region else f"missing: {one.name}'s address has it in it"
        findings.append(error(one.place("region"), finding, "write one such as us-east-1, or an endpoint"))
        return None
    url = url.replace("{region}", region)
    if url:
        place = endpoint(url, one.place("endpoint"))
        if isinstance(place, Endpoint):
            return place
        findings.append(place)
    elif usual:
        remedy = "write endpoint: http://HOST:PORT"
        findings.append(warning(one.place("endpoint"), f"provider {one.name} has no endpoint: skipped", remedy))
    else:
        finding = f'"{one.name}" is no provider we know {known_names(KNOWN_PROVIDERS)}, and has no endpoint'
        remedy = (
            sure_suggestion(one.name, KNOWN_PROVIDERS)
            or "write endpoint: https://..., and format: if it is not OpenAI's"
        )
        findings.append(error(one.place("endpoint"), finding, remedy))
    return None


def _home(usual: KnownProvider | None, place: Endpoint) -> Endpoint | None:
    """A known provider's own endpoint, if that is where this one is."""
    home = endpoint(usual.endpoint, "") if usual and usual.endpoint else None
    if not isinstance(home, Endpoint):
        return None
    return home if replace(home, path="") == replace(place, path="") else None


def _path(one: _ProviderForms, place: Endpoint, usual: KnownProvider | None, format_name: str) -> str:
    """The path as written; a known provider's usual path only at its own host and for its usual format."""
    if "endpoint" in one.values and place.path:
        return place.path
    home = _home(usual, place)
    return home.path if home and usual and format_name == usual.format else ""


def _credential(one: _ProviderForms, place: Endpoint, usual: KnownProvider | None, findings: list[Finding]) -> str:
    """The name of the secret. A usual name is taken only for the provider's own host: a key goes nowhere by itself."""
    name, file = one.values.get("api_key", ""), one.values.get("api_key_file", "")
    if is_cloud(_auth(one)):
        return _cloud_credential(one, findings)
    if "credential" in one.values:
        findings.append(error(one.place("credential"), "is for auth: aws or google", "write api_key or api_key_file"))
    if one.values.get("auth") == "forward":
        if name or file:
            finding = "not used: auth: forward sends the caller's own credential"
            findings.append(warning(one.place("api_key" if name else "api_key_file"), finding, "remove one of the two"))
        return ""
    if name and file:
        findings.append(error(one.place("api_key_file"), "set together with api_key", "remove one of the two"))
    if file and "/" not in file:
        findings.append(
            error(one.place("api_key_file"), "is not a path", "write one with a slash, such as ./keys/openai")
        )
        return ""  # it may be the secret itself, and names of credentials are printed
    if name or file or not usual or not usual.credential:
        return name or file
    if _home(usual, place):
        return usual.credential
    finding = f"the endpoint is not {one.name}'s own, so {usual.credential} is not sent there"
    findings.append(warning(one.place("api_key"), finding, f"if it should be, write api_key: ${{{usual.credential}}}"))
    return ""


def _cloud_credential(one: _ProviderForms, findings: list[Finding]) -> str:
    auth = _auth(one)
    assert is_cloud(auth), "asked for no other"
    findings += [
        error(one.place(key), f"is not for auth: {auth}", "write credential, or remove auth")
        for key in ("api_key", "api_key_file")
        if key in one.values
    ]
    found = cloud_credential(auth, one.values.get("credential", ""), one.place("credential"))
    if isinstance(found, Finding):
        findings.append(found)
        return ""
    return found


def _equal_clusters(
    upstreams: list[Upstream], clusters: Clusters, declared: Mapping[str, _ProviderForms]
) -> list[Finding]:
    """A rendered cluster must not take the name of another one."""
    findings: list[Finding] = []
    taken = set(clusters.names)
    for provider in (upstream.provider for upstream in upstreams):
        path = f"{declared[provider.name].path}.name"
        if not provider.cluster:
            findings.append(error(path, "has no letter or digit a-z, 0-9", "give it another name"))
        elif provider.cluster in taken:
            finding = f"a second cluster named {provider.cluster}"
            findings.append(error(path, finding, "give the provider a name that differs in more than case and signs"))
        taken |= {provider.cluster, provider.unread_cluster}
    return findings
