"""The base class of all sections of the configuration schema, and the scalar types that they share."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from openclaw_extproc.gateway import Auth
from openclaw_extproc.wire.http.headers import NEVER, NEVER_PREFIXES

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
"""The name of a request header, or a prefix of names: `x-team-*`."""
Duration: TypeAlias = Annotated[str, AfterValidator(_duration)]
Rate: TypeAlias = Annotated[str, AfterValidator(_rate)]
Milliseconds: TypeAlias = Annotated[int, Field(ge=0, le=86_400_000)]
Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Amount: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""An amount in US dollars, or in the unit of a threshold."""
Count: TypeAlias = Annotated[int, Field(ge=0)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=2_000)]


class Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    elsewhere: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Keys that are often written in this section although they belong elsewhere, each with the reason."""


class Access(Section):
    """The keys that say how a provider is reached. Known providers have built-in values for keys that are left out."""

    api_key: Name | None = Field(
        default=None,
        description="Names the environment variable, as `${NAME}`, that holds the provider's API key. A literal key is "
        "rejected.",
        json_schema_extra={"pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"},
    )
    """The reader of the file has replaced `${NAME}` by the name alone."""
    api_key_file: Name | None = None
    """Names a file that contains the provider's API key. The file is read again when it changes."""
    auth: Auth | None = None
    """Selects the credential that is sent to the provider. `inject`: the configured API key. `forward`: the caller's
    own credential; it is sent only to this provider, and only when this provider is the first target of the chain and
    the caller uses its format. `aws`: an AWS Signature Version 4 signature. `google`: a Google Cloud access token.
    Default: `inject`, and `aws` for the provider `bedrock`."""
    credential: Name | None = None
    """Names the cloud identity for `auth: aws` (an AWS profile) or `auth: google` (the path of a service account's key
    file). Default: `default`, the identity that the vendor's SDK finds."""
    endpoint: Name | None = None
    """Sets the provider's base URL, starting with `http://` or `https://`. A path in it is put before the path of the
    wire format. Known providers need no endpoint."""
    allow_http: bool | None = None
    """Allows a credential to be sent to an `http://` endpoint outside private networks, where it can be read in
    transit. Default: `false`, which makes such an endpoint an error."""
    format: Name | None = None
    """Selects the provider's wire format, one of the formats in docs/wire-formats.md. Default: the format of the known
    provider, otherwise `openai_chat`."""
    region: Name | None = None
    """Sets the provider's cloud region. It is required with `auth: aws`; on Vertex AI the default is `global`.
    Compliance and the top-level `region` compare it with their own values."""
    also: list[Name] | None = None
    """Lists further wire formats that the provider accepts besides `format`. Clients that use one of them are not
    translated."""
    quirks: list[Name] | None = None
    """Lists the provider's known deviations from its wire format, by the names in docs/wire-formats.md."""
    api_version: Name | None = None
    """Sets the `api-version` query parameter of Azure OpenAI. Without it, the newer versionless API is called."""
    project: Name | None = None
    """Sets the Google Cloud project. Vertex AI needs it, except with an API key in express mode."""
    forward_headers: list[Header] | None = None
    """Lists request headers that are forwarded to this provider in addition to the headers of the vendor's own SDKs:
    names, or prefixes such as `x-team-*`. They are added to `gateway.forward_headers`."""


class Choice(Access):
    """One model of one provider."""

    provider: Name | None = None
    """Names the provider: a known provider, or any other name together with an `endpoint`."""
    model: Name | None = None
    """Names the model, as the provider calls it."""
