"""The registry of wire formats, and the paths they are spoken at.

A new format is a module here with its `FORMATS`, and its name in `MODULES`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import cast

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Ask
from openclaw_extproc.wire.base import ClientSide, Models, WireFormat
from openclaw_extproc.wire.examples import Body, Likeness
from openclaw_extproc.wire.families import VENDORS, Family
from openclaw_extproc.wire.http.headers import HeaderNames, canonical
from openclaw_extproc.wire.http.passthrough import Rule

MODULES = (
    "openai_chat",
    "openai_responses",
    "openai_completions",
    "openai_embeddings",
    "anthropic_messages",
    "gemini",
    "gemini_embeddings",
    "bedrock",
    "cohere_chat",
    "vertex",
    "azure",
)
"""Modules of this package that have formats. Where two formats would do, the first one is taken."""


def _formats_of_modules() -> Iterator[WireFormat[Ask]]:
    for name in MODULES:  # by name, so that a format has one line here, and not an import besides
        yield from cast("tuple[WireFormat[Ask], ...]", import_module(f"{__name__}.{name}").FORMATS)


FORMATS: Mapping[str, WireFormat[Ask]] = {made.name: made for made in _formats_of_modules()}
"""A request meets only formats of its own operation (`upstream_format`), so each of them gets what it is about."""
CLIENTS: Mapping[str, ClientSide[Ask]] = {name: made.client for name, made in FORMATS.items() if made.client}
"""The formats that clients speak."""
FAMILIES = tuple(
    replace(one, formats=tuple(name for name, side in CLIENTS.items() if side.family == one.name)) for one in VENDORS
)
"""The API families in the order in which a path is matched; the last one takes every other path."""
USUAL = FAMILIES[-1].formats[0]
"""The format of a call of our own, and of an error for somebody whose format is not known."""


@dataclass(frozen=True, slots=True)
class ApiPath:
    """What a request path says about who is asking."""

    format: str
    client: ClientSide[Ask]
    path: str
    """The path in its canonical spelling, without prefix and query."""
    query: str
    served: bool
    """Whether the format has a model call at this path; if not, errors are still written in it."""
    family: tuple[str, ...]
    """The names of all formats of the vendor whose path this is."""
    models: Models
    passthrough: tuple[Rule, ...]
    """What may go on to that vendor unread."""
    websocket: bool
    """Whether a websocket at the path may go on to the vendor. At others none is spoken."""


def api_path_of(target: str, headers: Mapping[str, str] = MappingProxyType({})) -> ApiPath:
    """Read an HTTP request target (`/openai/v1/chat/completions?x=y`), and the headers where it is not enough."""
    path, _, query = target.partition("?")
    family, rest = _family(canonical(path), headers)
    name = next((name for name in family.formats if CLIENTS[name].serves(rest)), None)
    first = name or family.formats[0]
    return ApiPath(
        first,
        client_side(first),
        rest,
        query,
        name is not None,
        family.formats,
        family.models,
        family.passthrough,
        any(f"{rest}/".startswith(f"{one}/") for one in family.websockets),
    )


def upstream_format(provider: Provider, client_format: str) -> WireFormat[Ask] | None:
    """The format in which a provider is asked on behalf of a client: the client's own where the provider knows it, else
    the first one that both can be translated through. `None`: there is none.
    """
    return _error_format((provider.format, *provider.also), client_format)


def format_in_chain(provider: Provider, chain: Iterable[Provider], client_format: str) -> WireFormat[Ask] | None:
    """The format in which a provider of a chain is asked: as `upstream_format`, but for a compaction. A vendor's own
    can be opened by the account that made it alone, so where another provider may have to go on with the conversation,
    it is a summary of ours.
    """
    spoken = upstream_format(provider, client_format)
    if spoken is None or spoken.operation != "compaction" or all(one.name == provider.name for one in chain):
        return spoken
    others = tuple(name for name in (provider.format, *provider.also) if name != spoken.name)
    return _error_format(others, client_format) or spoken


@lru_cache(maxsize=1_024)  # asked ten times for each request; a configuration has a few of these pairs
def _error_format(formats: tuple[str, ...], client_format: str) -> WireFormat[Ask] | None:
    known = [FORMATS[name] for name in formats if name in FORMATS]
    asked = FORMATS[client_format]
    own = (fmt for fmt in known if fmt.words == client_format)
    others = (fmt for fmt in known if _translates(asked, fmt))
    return next(own, None) or next(others, None)


def _translates(asked: WireFormat[Ask], into: WireFormat[Ask]) -> bool:
    """Counts are no formats for a provider alone, but each of them can be asked for another one."""
    chats = ("chat", "completions")
    becomes_chat = asked.operation in (*chats, "compaction")
    is_count = asked.operation == into.operation == "count_tokens"
    same = asked.operation == into.operation or (becomes_chat and into.operation in chats)
    return is_count or (into.translated and same)


def family_of(name: str) -> str:
    """The format that stands for all of a vendor's, in Envoy's own error replies."""
    return next(family.formats[0] for family in FAMILIES if name in family.formats)


def headers_of(name: str) -> HeaderNames:
    """What clients of this format say in headers on purpose."""
    return next(family.headers for family in FAMILIES if name in family.formats)


def client_side(name: str) -> ClientSide[Ask]:
    """The client's side of a format that clients speak."""
    return CLIENTS[name]


def example_target(name: str, model: Json, *, stream: bool = False) -> str:
    """The request target at which a client of a format asks for a model: its example's, below the family's prefix."""
    side = client_side(name)
    return f"/{side.family}{side.example.target(model, stream=stream)}"


def format_of_shape(body: Body) -> str | None:
    """The client format that a body fits best by its shape alone; `None` when nothing in the body tells.

    A guess, and named as one wherever it is used.
    """
    best = max(CLIENTS, key=lambda name: CLIENTS[name].looks_like(body))
    return best if CLIENTS[best].looks_like(body) > Likeness.NONE else None


def _family(path: str, headers: Mapping[str, str]) -> tuple[Family, str]:
    for family in FAMILIES:
        if path == family.prefix or path.startswith(family.prefix + "/"):
            return family, path.removeprefix(family.prefix)
    host = headers.get(":authority", "").partition(":")[0]
    at_home = (f for f in FAMILIES if host in f.hosts)
    by_call = (f for f in FAMILIES if any(CLIENTS[name].serves(path) for name in f.formats))
    by_path = (f for f in FAMILIES[:-1] if path.startswith(f.bare))
    by_sign = (f for f in FAMILIES if any(sign in headers for sign in f.signs))
    return next(at_home, None) or next(by_call, None) or next(by_path, None) or next(by_sign, FAMILIES[-1]), path
