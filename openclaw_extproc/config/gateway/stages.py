"""Linking of `gateway.stages`: the addresses of the stages, checked before they are opened."""

import ipaddress
from collections.abc import Iterator

from openclaw_extproc.config.findings import Finding, error, warning
from openclaw_extproc.config.schema.workers import Stages
from openclaw_extproc.config.schema.workers import StageTls as Tls
from openclaw_extproc.config.settings import ROUTE_ADDRESS, UNIX, StageAddresses, StageTls

PATH = "gateway.stages"
_MAX_PORT = 65_535


def link_stages(written: Stages, workers: int) -> tuple[StageAddresses, list[Finding]]:
    """The addresses of the stages and their TLS."""
    tls, missing = (None, list[Finding]()) if written.tls is None else _link_tls(written.tls)
    stages = StageAddresses(written.route or "", written.attempt or "", tls, written.allow_plaintext)
    return stages, missing or findings(stages, workers)


def _link_tls(written: Tls) -> tuple[StageTls | None, list[Finding]]:
    client = written.client
    files = {
        "certificate_chain": written.certificate_chain,
        "private_key": written.private_key,
        "trusted_ca": written.trusted_ca,
        "client.certificate_chain": client.certificate_chain,
        "client.private_key": client.private_key,
    }
    missing = [error(f"{PATH}.tls.{key}", "is missing", "name a PEM file") for key, file in files.items() if not file]
    if missing:
        return None, missing
    chain, key, roots, client_chain, client_key = (file or "" for file in files.values())
    names = frozenset(written.client_subject_alt_names)
    client_roots = client.trusted_ca or roots
    tls = StageTls(chain, key, roots, client_chain, client_key, client_roots, names, written.server_name or "")
    return tls, []


def findings(stages: StageAddresses, workers: int) -> list[Finding]:
    """Findings about addresses of stages, from the configuration or the command line of `serve` and `render`."""
    addresses = {"route": stages.route, "attempt": stages.attempt}
    found = [one for name, address in addresses.items() if address for one in _of_one(name, address, stages, workers)]
    if stages.route and stages.route == stages.attempt:
        found.append(error(f"{PATH}.attempt", "is the address of the route stage too", "give each stage its own"))
    if clash := _clash(stages, workers):
        found.append(error(f"{PATH}.attempt", clash, "take ports that are next to each other, or further apart"))
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
        yield error(path, f"{address} is not an address", "write unix:/path/of/a.sock, host:port or [IPv6]:port")
        return
    if int(port) + 2 * (workers - 1) > _MAX_PORT:
        yield error(path, f"{workers} workers need the ports {port}, {int(port) + 2}, …", "begin with a lower port")
    if stages.tls is None and not is_loopback(host):
        finding = f"{address} is reachable from the network without TLS: any peer can read and control all calls"
        if stages.allow_plaintext:
            yield warning(path, finding, f"set {PATH}.tls, or use unix sockets")
        else:
            yield error(path, finding, f"set {PATH}.tls, use unix sockets, or set {PATH}.allow_plaintext: true")


def _clash(stages: StageAddresses, workers: int) -> str:
    """Worker n has the ports plus 2n: whether one of the route stage is one of the attempt stage."""
    (host, _, route), (other, _, attempt) = stages.route.rpartition(":"), stages.attempt.rpartition(":")
    if host != other or not (route.isdecimal() and attempt.isdecimal()) or route == attempt:
        return ""
    apart = int(attempt) - int(route)
    if apart % 2 or abs(apart) > 2 * (workers - 1):
        return ""
    ours, theirs = (0, apart // 2) if apart > 0 else (-apart // 2, 0)
    port = int(attempt) + 2 * ours
    return f"worker {ours} would need the port {port} of the route stage of worker {theirs}"


def is_tcp(address: str) -> bool:
    """Whether an address is `host:port`."""
    return bool(address) and not address.startswith(UNIX)


def is_loopback(host: str) -> bool:
    """Whether only this machine (or, in a pod, its containers) gets there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _is_bracketed(host: str) -> bool:
    return host.startswith("[") and host.endswith("]")
