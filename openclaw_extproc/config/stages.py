"""Where the stages are served: checked before anything listens there."""

import ipaddress
from collections.abc import Iterator

from openclaw_extproc.config.findings import Finding, error, warning
from openclaw_extproc.config.settings import ROUTE_ADDRESS, UNIX, StageAddresses, StageTls
from openclaw_extproc.config.written_stages import Stages

PATH = "gateway.stages"
_MAX_PORT = 65_535


def link_stages(written: Stages, workers: int) -> tuple[StageAddresses, list[Finding]]:
    tls = written.tls and StageTls(
        certificate_chain=written.tls.certificate_chain,
        private_key=written.tls.private_key,
        trusted_ca=written.tls.trusted_ca,
        client_subject_alt_names=frozenset(written.tls.client_subject_alt_names),
        server_name=written.tls.server_name or "",
        client_certificate_chain=written.tls.client.certificate_chain,
        client_private_key=written.tls.client.private_key,
        client_trusted_ca=written.tls.client.trusted_ca or written.tls.trusted_ca,
    )
    stages = StageAddresses(written.route or "", written.attempt or "", tls, written.allow_plaintext)
    return stages, findings(stages, workers)


def findings(stages: StageAddresses, workers: int) -> list[Finding]:
    """Of addresses from the configuration or, for `serve` and `render`, from the command line."""
    addresses = {"route": stages.route, "attempt": stages.attempt}
    found = [one for name, address in addresses.items() if address for one in _of_one(name, address, stages, workers)]
    if stages.route and stages.route == stages.attempt:
        found.append(error(f"{PATH}.attempt", "is the address of the route stage too", "give each stage its own"))
    if stages.tls is not None and not any(is_tcp(address) for address in addresses.values()):
        finding = "is not used: both stages are on unix sockets"
        found.append(warning(f"{PATH}.tls", finding, f"remove it, or write host:port for {PATH}.route and .attempt"))
    return found


def _of_one(name: str, address: str, stages: StageAddresses, workers: int) -> Iterator[Finding]:
    path = f"{PATH}.{name}"
    if address.startswith(UNIX):
        if not address.startswith(f"{UNIX}/"):
            yield error(path, f"{address}: the path of a socket has to begin with /", f"write {ROUTE_ADDRESS}")
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= _MAX_PORT or (":" in host and not _is_bracketed(host)):
        yield error(path, f"{address} is no address", "write unix:/path/of/a.sock, host:port or [IPv6]:port")
        return
    if int(port) + 2 * (workers - 1) > _MAX_PORT:
        yield error(path, f"{workers} workers need the ports {port}, {int(port) + 2}, …", "begin with a lower port")
    if stages.tls is None and not is_loopback(host):
        finding = f"{address} is reached from the network without TLS: whoever gets there reads and steers all calls"
        if stages.allow_plaintext:
            yield warning(path, finding, f"set {PATH}.tls, or use unix sockets")
        else:
            yield error(path, finding, f"set {PATH}.tls, use unix sockets, or set {PATH}.allow_plaintext: true")


def is_tcp(address: str) -> bool:
    return bool(address) and not address.startswith(UNIX)


def is_loopback(host: str) -> bool:
    """Whether only this machine (or, in a pod, its containers) gets there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _is_bracketed(host: str) -> bool:
    return host.startswith("[") and host.endswith("]")
