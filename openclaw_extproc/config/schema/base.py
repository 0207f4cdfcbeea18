"""What all sections of the written form share: strictness, and the small types their values have."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from openclaw_extproc.gateway import Auth
from openclaw_extproc.wire.client_headers import NEVER, NEVER_PREFIXES

_DURATION = re.compile(r"(every )?[1-9][0-9]*(ms|s|m|h|d)")
_HEADER = re.compile(r"[a-z0-9_-]{1,80}\*?")
_RATE = re.compile(r"[1-9][0-9]*/(s|sec|second|min|minute|h|hour|day)")


def _duration(text: str) -> str:
    if not _DURATION.fullmatch(text):
        raise ValueError("write a duration such as 30s, 15m or 6h")
    return text


def _rate(text: str) -> str:
    if not _RATE.fullmatch(text):
        raise ValueError("write a rate such as 10/min or 100/hour")
    return text


def _header(text: str) -> str:
    name = text.lower()
    if not _HEADER.fullmatch(name):
        raise ValueError("write the name of a header such as baggage, or the beginning of names such as x-team-*")
    prefix = name.removesuffix("*")
    if name in NEVER or prefix.startswith(NEVER_PREFIXES) or (name != prefix and _covers_ours(prefix)):
        raise ValueError(
            "this header is never forwarded: credentials have auth: forward, the others are made anew for each hop"
        )
    return name


def _covers_ours(prefix: str) -> bool:
    return any(one.startswith(prefix) for one in NEVER_PREFIXES)


Header: TypeAlias = Annotated[str, AfterValidator(_header)]
"""The name of a request header, or what names begin with: `x-team-*`."""
Duration: TypeAlias = Annotated[str, AfterValidator(_duration)]
Rate: TypeAlias = Annotated[str, AfterValidator(_rate)]
Milliseconds: TypeAlias = Annotated[int, Field(ge=0, le=86_400_000)]
Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Amount: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""Of money, in US dollars, or of what a threshold measures."""
Count: TypeAlias = Annotated[int, Field(ge=0)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=2_000)]


class Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    elsewhere: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Keys that people look for here and that have to stand somewhere else: why."""


class Access(Section):
    """How a provider is reached; what is left out is known for a known provider."""

    api_key: Name | None = Field(
        default=None,
        description="${NAME}: the name of an environment variable, never the secret itself",
        json_schema_extra={"pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"},
    )
    """The reader of the text has made the name of `${NAME}`."""
    api_key_file: Name | None = None
    """A file with the key in it; read again when it changes."""
    auth: Auth | None = None
    """Whose credential goes along. `inject`: ours. `forward`: the caller's own, to this provider only, and only
    when it is first in the chain and speaks the caller's format. `aws`: a signature with our AWS keys. `google`: a
    token of our Google identity."""
    credential: Name | None = None
    """Of `auth: aws` and `auth: google`: which identity."""
    endpoint: Name | None = None
    """Any `http://` or `https://` URL; a path in it goes before the format's own. Known providers need none."""
    allow_http: bool | None = None
    """Says that a credential may go to an `http://` endpoint outside of private networks, where anybody between can
    read it."""
    format: Name | None = None
    """The provider's wire format: a name of docs/wire-formats.md. `openai_chat` where the provider is not known."""
    region: Name | None = None
    """The cloud's region; `auth: aws` needs it. On Vertex AI `global` where none is written."""
    also: list[Name] | None = None
    """Formats it speaks besides `format`."""
    quirks: list[Name] | None = None
    """Where it differs from the format's vendor: words of `wire/quirks.py`."""
    api_version: Name | None = None
    """Azure's `api-version`."""
    project: Name | None = None
    """Google Cloud's."""
    forward_headers: list[Header] | None = None
    """Request headers of callers that go to this provider besides those of the vendor's own clients: names, or
    beginnings such as `x-team-*`. See `gateway.forward_headers`."""


class Choice(Access):
    """One model at one provider."""

    provider: Name | None = None
    """Who is asked: a known provider, or a name of your own with an `endpoint`."""
    model: Name | None = None
    """Which of its models."""
