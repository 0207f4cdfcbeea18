"""The certificates of stages on TCP, as gRPC wants them: read again when their files change."""

import logging
from pathlib import Path
from typing import Any, Final

import grpc

from openclaw_extproc.config.settings import StageTls
from openclaw_extproc.edge.ext_proc.tcp.stage_tls import files_of, problems, signature
from openclaw_extproc.edge.ext_proc.transport import ListenError
from openclaw_extproc.edge.telemetry import logs

_SUBJECT_ALT_NAMES: Final = "x509_subject_alternative_name"


class Certificates:
    """What new connections are accepted with. gRPC asks for it before each handshake, from threads of its own."""

    def __init__(self, tls: StageTls) -> None:
        """Raises `ListenError`: the files cannot be used."""
        if problem := next(problems(tls), None):
            raise ListenError(str(problem))
        self._tls = tls
        self._signature = signature(tls)
        self.first = self._read()

    def if_changed(self) -> Any:  # grpc ships no types
        """The configuration in the files if they changed, else `None`: the last one stays."""
        now = signature(self._tls)
        if now == self._signature:
            return None
        self._signature = now
        problem = next(problems(self._tls), None)
        if problem is not None:
            logs.event("tls", "not_reloaded", {"why": str(problem)}, level=logging.ERROR)
            return None
        logs.event("tls", "reloaded", {"certificate_chain": self._tls.certificate_chain})
        return self._read()

    def credentials(self) -> Any:
        return grpc.dynamic_ssl_server_credentials(self.first, self.if_changed, require_client_authentication=True)

    def _read(self) -> Any:
        chain, key, roots = (Path(file).read_bytes() for file in files_of(self._tls).values())
        return grpc.ssl_server_certificate_configuration([(key, chain)], root_certificates=roots)


def names_of(context: Any) -> frozenset[str]:
    """The subject alternative names of the client's certificate, which was verified."""
    found: list[bytes] = context.auth_context().get(_SUBJECT_ALT_NAMES, [])
    return frozenset(name.decode("utf-8", "replace") for name in found)
