"""TLS from Envoy to a stage: Envoy presents a client certificate and verifies the service's certificate.

Source: Envoy 1.40, extensions.transport_sockets.tls.v3.UpstreamTlsContext.
"""

import ipaddress

from openclaw_extproc.config.settings import StageTls
from openclaw_extproc.model.json import Json

_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"


def stage_transport(tls: StageTls, place: str) -> dict[str, Json]:
    """The transport socket of a stage's cluster. `place`: `host:port` of one of its endpoints."""
    name = tls.server_name or place.rpartition(":")[0].strip("[]")
    is_address = _is_address(name)
    context: dict[str, Json] = {
        "@type": _TLS,
        **({} if is_address else {"sni": name}),  # which is a name by its definition
        "common_tls_context": {
            "alpn_protocols": ["h2"],  # gRPC takes no other
            "tls_certificates": [
                {
                    "certificate_chain": {"filename": tls.client_certificate_chain},
                    "private_key": {"filename": tls.client_private_key},
                }
            ],
            "validation_context": {
                "trusted_ca": {"filename": tls.client_trusted_ca},
                # Without it whoever has a certificate of that authority could stand in for the service.
                "match_typed_subject_alt_names": [
                    {"san_type": "IP_ADDRESS" if is_address else "DNS", "matcher": {"exact": name}}
                ],
            },
        },
    }
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
