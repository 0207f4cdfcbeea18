"""The distance of an address: this machine, a private network, or the public internet."""

import ipaddress

_LOCAL_SUFFIXES = (".local", ".internal", ".localhost", ".lan", ".svc", ".home.arpa", ".intranet", ".private", ".corp")
"""Ends of names that no public resolver knows (RFC 6761, 6762, 8375, ICANN's `.internal`), and what is usual in
clusters and companies."""


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_near(host: str) -> bool:
    """Whether an address is of this machine or of a private network. Of a name only its form is looked at: nobody is
    asked, so a name without a dot is near, and a name that could be anybody's is not."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.lower().rstrip(".")
        return "." not in name or name.endswith(_LOCAL_SUFFIXES)
    return not address.is_global
