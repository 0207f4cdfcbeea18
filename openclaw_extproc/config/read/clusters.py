"""Providers from an Envoy clusters file (filesystem CDS), which Envoy reads too.

A cluster is a provider when its `metadata.filter_metadata.openclaw` says so; the others are somebody else's.
Source: the CDS and cluster messages of Envoy 1.40, and what was seen to go wrong with them.
Left out: everything that Envoy itself refuses when it reads the file.
"""

import re
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass, replace

from openclaw_extproc.config.findings import (
    Finding,
    error,
    known_names,
    suggestion,
    unknown_words,
    warning,
    without_consequences,
)
from openclaw_extproc.config.providers.cloud_credentials import cloud_credential, is_cloud
from openclaw_extproc.config.read.complaints import validate
from openclaw_extproc.config.read.narrow import at, mapping, sequence, text
from openclaw_extproc.config.read.yaml_text import Plain
from openclaw_extproc.config.schema.config_file import ClusterMetadata
from openclaw_extproc.config.schema.models import ListedModel, Template, names
from openclaw_extproc.config.settings import BasePath, ProviderAddress
from openclaw_extproc.gateway import Provider
from openclaw_extproc.wire.translation.quirks import QUIRKS

_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_EXT_PROC = "envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor"
_CREDENTIAL = re.compile(r"[A-Z_][A-Z0-9_]*|[^\s]*/[^\s]*")
"""The usual name of a variable, or a path. Stricter than the shell, because a key written by mistake must not pass."""


@dataclass(frozen=True, slots=True)
class ClusterProvider:
    """A provider that is defined by a cluster."""

    provider: Provider
    path: str
    """Where its metadata stands, for findings."""
    listed: tuple[ListedModel, ...] = ()
    template: Template | None = None
    allow_http: bool = False
    endpoint: ProviderAddress | None = None
    """Of its first host, where Envoy finds it by address or name."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """The providers of a clusters file."""

    providers: tuple[ClusterProvider, ...] = ()
    names: frozenset[str] = frozenset()
    """Of all clusters in the file, ours or not: a rendered cluster must not have one of them."""


def read_clusters(
    name: str, file: Mapping[str, Plain], formats: Mapping[str, BasePath], ours: Collection[str] = ()
) -> tuple[Clusters, list[Finding]]:
    """The providers of a file that has this name. `ours`: names of clusters that are passed over."""
    if not isinstance(file.get("resources"), list):
        return Clusters(), [error(f"{name}: ", "has no list `resources`", "write the clusters under `resources:`")]
    findings: list[Finding] = []
    providers: dict[str, ClusterProvider] = {}
    names: set[str] = set()
    for n, cluster in enumerate(sequence(file["resources"])):
        path = f"{name}: resources[{n}]"
        cluster_name = text(at(cluster, "name"))
        if cluster_name in ours:
            continue
        if cluster_name in names:
            findings.append(error(f"{path}.name", f"a second cluster named {cluster_name}", "give it another name"))
        names.add(cluster_name)
        metadata = at(cluster, "metadata", "filter_metadata", "openclaw")
        if metadata is None:
            continue
        found = _provider(cluster_name, cluster, f"{path}.metadata.filter_metadata.openclaw", formats, findings)
        findings += _cluster_findings(mapping(cluster), path)
        if found.provider.name in providers:
            finding = f"a second cluster of provider {found.provider.name}"
            findings.append(error(f"{found.path}.provider", finding, "give one of them another provider name"))
        elif found.provider.name:
            providers[found.provider.name] = found
    twins = tuple(_with_twin(found, names) for found in providers.values())
    return Clusters(twins, frozenset(names)), findings


def unread_name(cluster: str) -> str:
    """The name of the second cluster of a provider, for requests that are no model calls."""
    return f"{cluster}-unread"


def _with_twin(found: ClusterProvider, names: Container[str]) -> ClusterProvider:
    twin = unread_name(found.provider.cluster)
    return replace(found, provider=replace(found.provider, unread_cluster=twin)) if twin in names else found


def _provider(
    name: str, cluster: object, path: str, formats: Mapping[str, BasePath], findings: list[Finding]
) -> ClusterProvider:
    metadata = mapping(at(cluster, "metadata", "filter_metadata", "openclaw"))
    written, found = validate(ClusterMetadata, metadata, path)
    findings += [*found, *without_consequences(_metadata_findings(written, name, path, formats), found)]
    provider = Provider(
        name=written.provider or "",
        cluster=name,
        format=written.format or "",
        base_path=_base_path(written, formats),
        credential=_credential(written),
        auth=written.auth,
        models=names(written.models),
        region=written.region,
        also=tuple(dict.fromkeys(written.also)),
        quirks=frozenset(written.quirks),
        api_version=written.api_version,
        project=written.project,
        authority=_authority(cluster),
        forward_headers=tuple(dict.fromkeys(written.forward_headers)),
    )
    return ClusterProvider(
        provider, path, tuple(written.models), written.template, written.allow_http, _endpoint(cluster)
    )


def _metadata_findings(
    written: ClusterMetadata, cluster: str, path: str, formats: Mapping[str, BasePath]
) -> Iterator[Finding]:
    if not cluster:
        yield error(path, "its cluster has no name", "write `name:` in the cluster")
    if not written.provider:
        yield error(f"{path}.provider", "missing", "name the provider")
    if not names(written.models):
        yield error(f"{path}.models", "lists no model", "list the models it serves")
    if written.format not in formats:
        finding = f'no format is named "{written.format}" {known_names(formats)}' if written.format else "missing"
        remedy = suggestion(written.format or "", formats) or "write one of: " + ", ".join(sorted(formats))
        yield error(f"{path}.format", finding, remedy)
    yield from unknown_words(f"{path}.also", "format", written.also, formats)
    yield from unknown_words(f"{path}.quirks", "quirk", written.quirks, QUIRKS)
    if is_cloud(written.auth):
        cloud = cloud_credential(written.auth, written.credential or "", f"{path}.credential")
        if isinstance(cloud, Finding):
            yield cloud
    elif written.credential and not _credential(written):
        remedy = "write the name of an environment variable such as ANTHROPIC_API_KEY, or the path of a file"
        yield error(f"{path}.credential", "is not the name of a secret", remedy)


def _credential(written: ClusterMetadata) -> str:
    """Nothing where it is no name: names of credentials are printed."""
    if is_cloud(written.auth):
        cloud = cloud_credential(written.auth, written.credential or "", "")
        return "" if isinstance(cloud, Finding) else cloud
    return written.credential if written.credential and _CREDENTIAL.fullmatch(written.credential) else ""


def _base_path(written: ClusterMetadata, formats: Mapping[str, BasePath]) -> str:
    """As written, since it is already what goes before the format's own path; else the format's usual one."""
    if written.base_path is not None:
        return written.base_path.rstrip("/")
    base_path = formats.get(written.format or "")
    return base_path("") if base_path else ""


def _cluster_findings(cluster: Mapping[str, object], path: str) -> Iterator[Finding]:
    """What would make Envoy go past us, or to somebody else than the provider."""
    options = at(cluster, "typed_extension_protocol_options", _OPTIONS)
    filters = sequence(at(options, "http_filters"))
    if not any(text(at(item, "typed_config", "@type")).endswith(f"/{_EXT_PROC}") for item in filters):
        finding = "has no ext_proc filter: requests would be sent unchanged, without a credential"
        remedy = "put the attempt stage before upstream_codec, as envoy/clusters.yaml shows"
        yield error(f"{path}.typed_extension_protocol_options.{_OPTIONS}.http_filters", finding, remedy)
    tls = mapping(at(cluster, "transport_socket", "typed_config"))
    if not text(tls.get("@type")).endswith("UpstreamTlsContext"):
        return
    names = at(tls, "common_tls_context", "validation_context", "match_typed_subject_alt_names")
    if not (tls.get("auto_sni_san_validation") is True or names):
        finding = "the name in the provider's certificate is not checked"
        yield warning(f"{path}.transport_socket", finding, "write auto_sni_san_validation: true")
    if tls.get("auto_host_sni") is True and not all(text(at(host, "hostname")) for host in _hosts(cluster)):
        finding = "an endpoint has no hostname, so auto_host_sni has no name to send"
        yield warning(f"{path}.load_assignment", finding, "write endpoint.hostname")


def _authority(cluster: object) -> str:
    """As Envoy sends it, which rewrites it to the endpoint's host name; of several endpoints the first one's."""
    host = next(_hosts(cluster), None)
    if hostname := text(at(host, "hostname")):
        return hostname
    socket = mapping(at(host, "address", "socket_address"))
    address, port = text(socket.get("address")), socket.get("port_value")
    if not address or not isinstance(port, int):
        return ""
    usual = 443 if at(cluster, "transport_socket") else 80
    bare = f"[{address}]" if ":" in address else address
    return bare if port == usual else f"{bare}:{port}"


def _endpoint(cluster: object) -> ProviderAddress | None:
    socket = mapping(at(next(_hosts(cluster), None), "address", "socket_address"))
    host, port = text(socket.get("address")), socket.get("port_value")
    if not host or not isinstance(port, int):
        return None
    return ProviderAddress("https" if at(cluster, "transport_socket") else "http", host, port, _authority(cluster))


def _hosts(cluster: object) -> Iterator[object]:
    for locality in sequence(at(cluster, "load_assignment", "endpoints")):
        for host in sequence(at(locality, "lb_endpoints")):
            yield at(host, "endpoint")
