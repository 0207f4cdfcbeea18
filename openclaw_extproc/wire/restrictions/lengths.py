"""Limits of length that vendors state for single fields, and what happens to a value that is longer.

One row for each field, with where the limit is from. Tools' names are in `translation/tool_names`: they have to be
changed back in the answer. Ids of calls are made short where they are written (`MAX_ID_CHARS`), schemas in each
format's `schemas`.
Left out: descriptions of tools, for which no vendor's reference states a limit any more.

The vendor at a provider's address. A vendor's restrictions hold at its own hosts; other servers of its format may
have none of them.

Source: the endpoints in the vendors' API references and SDKs (openai-python, anthropic-sdk-python, Azure's and xAI's
REST references, OpenRouter's quickstart).
"""

import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model.json import Json

# -- addresses -------------------------------------------------------------------------


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


# -- lengths ---------------------------------------------------------------------------


Body: TypeAlias = dict[str, Json]
Remedy: TypeAlias = Literal["hash", "first"]
"""`hash`: a value that only has to be the same each time becomes its SHA-256 in hex, cut to the limit. `first`: only
the first entries are kept."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The longest value that a vendor takes in one field of a request's body."""

    vendor: Vendor
    field: str
    most: int
    """Characters of a text; entries of a list or an object."""
    remedy: Remedy
    source: str


LIMITS: tuple[Limit, ...] = (
    Limit("openai", "user", 64, "hash", "maximhq/bifrost#1000"),
    Limit("openai", "safety_identifier", 64, "hash", "openai/openai-openapi (2026-08-21): `maxLength: 64`"),
    Limit("openai", "prompt_cache_key", 64, "hash", "theopenco/llmgateway#3110: `string_above_max_length`"),
    Limit("openai", "metadata", 16, "first", "openai-python 3.52, `Metadata`: set of 16 pairs"),
    Limit("openai", "stop", 4, "first", "openai-python 3.52, `stop`: up to 4 sequences"),
    Limit("openrouter", "user", 128, "hash", "ujisati/claude-code-provider-proxy#11"),
    Limit(
        "anthropic", "metadata.user_id", 256, "hash", "https://platform.claude.com/docs/en/api/messages, from memory"
    ),
)
"""The limits of fields with one value each."""

MAX_METADATA_KEY = 64
MAX_METADATA_VALUE = 512
"""openai-python 3.52, `Metadata`: "Keys are strings with a maximum length of 64 characters. Values are strings with a
maximum length of 512 characters." A longer key is left out with its value, a longer value is cut."""
MAX_NAME = 64
_NO_NAME = re.compile(r"[^a-zA-Z0-9_-]")
"""A message's `name` at OpenAI: "May contain a-z, A-Z, 0-9, and underscores, with a maximum length of 64 characters"
(its reference of chat completions)."""


def hash_of(value: str, most: int) -> str:
    """Returns a hash of at most so many characters, the same for the same value."""
    return hashlib.sha256(value.encode()).hexdigest()[:most]


def shorten_fields(body: Body, vendor: Vendor, losses: list[str]) -> None:
    """Bring the values of a request's own fields within the vendor's limits, in place."""
    for row in LIMITS:
        if row.vendor == vendor and (changed := _within(row, body.get(row.field), losses)) is not None:
            body[row.field] = changed
    if vendor == "openai":
        _pairs(body, losses)
        _names(body, losses)


def anthropic_user(user: str, losses: list[str]) -> str:
    """A `metadata.user_id` that Anthropic takes."""
    row = next(one for one in LIMITS if (one.vendor, one.field) == ("anthropic", "metadata.user_id"))
    changed = _within(row, user, losses)
    return changed if isinstance(changed, str) else user


def _within(row: Limit, value: Json, losses: list[str]) -> Json:
    """A value that fits; `None`: it fits as it is."""
    match row.remedy, value:
        case "hash", str() if len(value) > row.most:
            losses.append(f"{row.field}: longer than {row.most} characters, as a hash")
            return hash_of(value, row.most)
        case "first", list() if len(value) > row.most:
            losses.append(f"{row.field}: more than {row.most}")
            return value[: row.most]
        case "first", dict() if len(value) > row.most:
            losses.append(f"{row.field}: more than {row.most}")
            return dict(list(value.items())[: row.most])
        case _:
            return None


def _pairs(body: Body, losses: list[str]) -> None:
    given = body.get("metadata")
    if not isinstance(given, dict):
        return
    kept: Body = {key: _cut(value) for key, value in given.items() if len(key) <= MAX_METADATA_KEY}
    if len(kept) < len(given):
        losses.append(f"metadata: a key longer than {MAX_METADATA_KEY} characters")
    if any(value is not given[key] for key, value in kept.items()):
        losses.append(f"metadata: a value longer than {MAX_METADATA_VALUE} characters, cut")
    if len(kept) < len(given) or any(value is not given[key] for key, value in kept.items()):
        body["metadata"] = kept


def _cut(value: Json) -> Json:
    return value[:MAX_METADATA_VALUE] if isinstance(value, str) and len(value) > MAX_METADATA_VALUE else value


def _names(body: Body, losses: list[str]) -> None:
    """Shortens the names of speakers in messages, where the client gives them."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not any(_named_badly(message) for message in messages):
        return
    losses.append("messages[].name: letters or a length that OpenAI does not take")
    body["messages"] = [_with_short_name(message) for message in messages]


def _named_badly(message: Json) -> bool:
    name = message.get("name") if isinstance(message, dict) else None
    return isinstance(name, str) and (len(name) > MAX_NAME or _NO_NAME.search(name) is not None)


def _with_short_name(message: Json) -> Json:
    if not isinstance(message, dict) or not _named_badly(message):
        return message
    clean = _NO_NAME.sub("_", str(message["name"]))
    return {**message, "name": clean if len(clean) <= MAX_NAME else hash_of(clean, MAX_NAME)}
