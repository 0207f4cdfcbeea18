"""The verification of callers by Envoy's listener: TLS and client certificates, `x-forwarded-client-cert`, tokens.

Field meanings: Envoy 1.40, `extensions.filters.http.jwt_authn.v3`, `extensions.transport_sockets.tls.v3` and the HTTP
connection manager's `forward_client_cert_details`.
"""

import ipaddress

from openclaw_extproc.callers import JwtRules, ListenerTls
from openclaw_extproc.config.settings import Upstream
from openclaw_extproc.gateway import Provider, Timeouts
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.clusters import HTTP_OPTIONS, bare_cluster
from openclaw_extproc.render.ext_proc import CLAIMS, JWT_NAMESPACE, REFUSED_TOKEN
from openclaw_extproc.stages.route.identification import KEY_HEADERS

JWKS_CLUSTER = "openclaw_jwks"
_JWT = "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication"
_SECRET_TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105  # a type
_CERTIFICATE, _CLIENT_CA = "listener-certificate", "client-ca"
_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"


def jwt_filter(jwt: JwtRules) -> dict[str, Json]:
    """Lets every request pass: what it found is noted for the route stage, which refuses in the caller's own format."""
    provider: dict[str, Json] = {
        "issuer": jwt.issuer,
        **_jwks(jwt),
        "forward": False,  # a token of ours is not for providers
        "from_headers": [_header(name) for name in KEY_HEADERS],
        "from_params": ["key"],
        "payload_in_metadata": CLAIMS,
        "failed_status_in_metadata": REFUSED_TOKEN,
        "require_expiration": True,
    }
    if jwt.audiences:
        provider["audiences"] = list[Json](jwt.audiences)
    requirements: list[Json] = [{"provider_name": "callers"}, {"allow_missing_or_failed": {}}]
    return {
        "name": JWT_NAMESPACE,
        "typed_config": {
            "@type": _JWT,
            "providers": {"callers": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": requirements}}}],
        },
    }


def _header(name: str) -> dict[str, Json]:
    return {"name": name, "value_prefix": "Bearer "} if name == "authorization" else {"name": name}


def _jwks(jwt: JwtRules) -> dict[str, Json]:
    if jwt.jwks_server is None:
        return {"local_jwks": {"filename": jwt.jwks_file}}
    return {
        "remote_jwks": {
            "http_uri": {"uri": jwt.jwks_server.uri, "cluster": JWKS_CLUSTER, "timeout": "5s"},
            "cache_duration": "300s",
            "async_fetch": {"fast_listener": True},  # no call waits for the issuer, nor does the start
        }
    }


def jwks_clusters(jwt: JwtRules | None, timeouts: Timeouts, roots: str) -> list[Json]:
    if jwt is None or jwt.jwks_server is None:
        return []
    server = jwt.jwks_server
    upstream = Upstream(Provider("jwks", JWKS_CLUSTER, ""), server.scheme, server.host, server.port)
    options: dict[str, Json] = {
        "@type": f"type.googleapis.com/{HTTP_OPTIONS}",
        "explicit_http_config": {"http_protocol_options": {}},
    }
    return [bare_cluster(upstream, JWKS_CLUSTER, {HTTP_OPTIONS: options}, timeouts, roots)]


def transport_socket(tls: ListenerTls, secrets_folder: str) -> dict[str, Json]:
    """`secrets_folder`: where Envoy finds the files of `secrets`."""
    common: dict[str, Json] = {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "tls_certificate_sds_secret_configs": [_secret(_CERTIFICATE, secrets_folder)],
        "alpn_protocols": ["h2", "http/1.1"],
    }
    context: dict[str, Json] = {"@type": _TLS, "common_tls_context": common}
    if tls.client_ca_file:
        common["validation_context_sds_secret_config"] = _secret(_CLIENT_CA, secrets_folder)
        context["require_client_certificate"] = tls.require_client_cert
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}


def secrets(tls: ListenerTls) -> dict[str, dict[str, Json]]:
    """Files of secrets by their names: each has one (Envoy refuses two), and paths alone. What comes out of such a file
    is read anew when it is replaced; what stands in Envoy's own configuration is not."""
    certificate: dict[str, Json] = {
        "certificate_chain": {"filename": tls.cert_file},
        "private_key": {"filename": tls.key_file},
        "watched_directory": {"path": _folder(tls.cert_file)},
    }
    files = {_file(_CERTIFICATE): _resource(_CERTIFICATE, {"tls_certificate": certificate})}
    if tls.client_ca_file:
        context: dict[str, Json] = {
            "trusted_ca": {"filename": tls.client_ca_file},
            "watched_directory": {"path": _folder(tls.client_ca_file)},
        }
        files[_file(_CLIENT_CA)] = _resource(_CLIENT_CA, {"validation_context": context})
    return files


def _resource(name: str, secret: dict[str, Json]) -> dict[str, Json]:
    return {"resources": [{"@type": _SECRET_TYPE, "name": name, **secret}]}


def _file(name: str) -> str:
    return f"{name}.yaml"


def _secret(name: str, folder: str) -> dict[str, Json]:
    source: dict[str, Json] = {"path": f"{folder}/{_file(name)}", "watched_directory": {"path": folder}}
    return {"name": name, "sds_config": {"resource_api_version": "V3", "path_config_source": source}}


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "."


def source_ranges(ranges: tuple[str, ...]) -> dict[str, Json]:
    """Connections of these addresses, as the kernel sees them: no header has a say in it."""
    networks = [ipaddress.ip_network(one) for one in ranges]
    return {
        "source_prefix_ranges": [
            {"address_prefix": str(n.network_address), "prefix_len": n.prefixlen} for n in networks
        ]
    }
