"""The kind of a model: self-hosted, hosted with open weights, or sold by its vendor."""

import ipaddress
import re
from typing import Literal, TypeAlias

from openclaw_extproc.config.known.models import KnownModel
from openclaw_extproc.config.known.prices import seller
from openclaw_extproc.gateway import Provider

Kind: TypeAlias = Literal["local", "open_source", "paid"]
KINDS: tuple[Kind, ...] = ("local", "open_source", "paid")
"""From the cheapest to the dearest, as a rule."""

OWN_NAMES = frozenset({"local", "openclaw", "ollama", "vllm", "llamacpp", "sglang", "lmstudio", "tgi"})
"""What people call a server of their own."""
_PRIVATE = re.compile(r"[^.]+|.*\.(local|localhost|internal|intranet|lan|home|corp|private|svc|cluster|test)")
"""A name without a dot, of a container or in `/etc/hosts`, and domains that the Internet does not resolve."""


def kind(provider: Provider, known: KnownModel) -> Kind | Literal[""]:
    """Empty when nobody can tell: an unknown model at a public address that is no known seller's.

    A model whose weights nobody can have is paid for wherever it is asked: what stands at a private address is a proxy.
    """
    if known.is_open is False:
        return "paid"
    if is_private(provider.authority) or provider.name in OWN_NAMES:
        return "local"
    if known.is_open:
        return "open_source"
    return "paid" if seller(provider) else ""


def is_private(authority: str) -> bool:
    """Whether a `host[:port]` is of one's own network."""
    host = re.sub(r":\d+$", "", authority).strip("[]")
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return bool(_PRIVATE.fullmatch(host.lower()))
