"""The vendor at a provider's address. A vendor's restrictions hold at its own hosts; other servers of its format may
have none of them.

Source: the endpoints in the vendors' API references and SDKs (openai-python, anthropic-sdk-python, Azure's and xAI's
REST references, OpenRouter's quickstart).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from openclaw_extproc.gateway import Provider

Vendor: TypeAlias = Literal["openai", "anthropic", "openrouter", "xai"]

_HOSTS: Mapping[Vendor, re.Pattern[str]] = MappingProxyType(
    {
        "openai": re.compile(r"^([a-z]+\.)?api\.openai\.com$|\.openai\.azure\.(com|us|cn)$"),
        "anthropic": re.compile(r"^api\.anthropic\.com$"),
        "openrouter": re.compile(r"(^|\.)openrouter\.ai$"),
        "xai": re.compile(r"^([a-z0-9-]+\.)?api\.x\.ai$"),
    }
)


def vendor_of(provider: Provider) -> Vendor | None:
    """The vendor at whose own host a provider is; `None`: somebody else's server, or one that is not known."""
    host = re.sub(r":\d+$", "", provider.authority).lower()
    return next((vendor for vendor, pattern in _HOSTS.items() if pattern.search(host)), None)
