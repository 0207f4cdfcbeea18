"""The files of `gateway.stages.tls`: what is wrong with them, and whether they changed.

The certificates of stages on TCP, as gRPC wants them: read again when their files change.
"""

import logging
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import grpc

from openclaw_extproc.config.findings import Finding, warning
from openclaw_extproc.config.settings import StageTls
from openclaw_extproc.edge.ext_proc.transport import ListenError
from openclaw_extproc.edge.telemetry import logs

# -- stage tls -------------------------------------------------------------------------


PATH = "gateway.stages.tls"
Signature: TypeAlias = tuple[tuple[int, int, int] | None, ...]
"""The state of the certificate files, by their time, size and number."""


def problems(tls: StageTls) -> Iterator[Finding]:
    """What keeps the service from using its files."""
    unreadable = [*_unreadable(tls)]
    yield from unreadable
    if not unreadable:
        yield from _mismatches(tls)


def _unreadable(tls: StageTls) -> Iterator[Finding]:
    for key, file in files_of(tls).items():
        try:
            Path(file).read_bytes()
        except OSError as problem:
            yield warning(f"{PATH}.{key}", f"{file} cannot be read: {problem.strerror}", "the stages need it to start")


def _mismatches(tls: StageTls) -> Iterator[Finding]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(tls.certificate_chain, tls.private_key, password=_no_op)
    except (ssl.SSLError, OSError, ValueError) as problem:
        why = getattr(problem, "reason", None) or "no certificate and key in PEM"
        yield warning(f"{PATH}.private_key", f"does not go with certificate_chain: {why}", "write the key of that pair")
    try:
        context.load_verify_locations(tls.trusted_ca)
    except (ssl.SSLError, OSError) as problem:
        why = getattr(problem, "reason", None) or "no certificate"
        yield warning(f"{PATH}.trusted_ca", f"{tls.trusted_ca} has no certificates in PEM: {why}", "")


def _no_op() -> str:
    """A key that is encrypted cannot be used: nobody is asked for a password."""
    return ""


def files_of(tls: StageTls) -> dict[str, str]:
    return {
        "certificate_chain": tls.certificate_chain,
        "private_key": tls.private_key,
        "trusted_ca": tls.trusted_ca,
    }


def signature(tls: StageTls) -> Signature:
    """Changes when a file does, however it was replaced."""
    return tuple(_stat(Path(file)) for file in files_of(tls).values())


def _stat(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


# -- grpc credentials ------------------------------------------------------------------


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
