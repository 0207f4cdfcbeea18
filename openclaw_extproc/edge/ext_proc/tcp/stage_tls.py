"""The files of `gateway.stages.tls`: what is wrong with them, and whether they changed."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from openclaw_extproc.config.findings import Finding, warning
from openclaw_extproc.config.settings import StageTls

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
