"""What Bedrock's two formats share: where models are, whose key is sent, and how the service says that it failed.

Source: botocore 1.44, service model of `bedrock-runtime` (read 2026-11-21): the exceptions with their statuses, and
https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html (from memory) for keys as bearer tokens. Names
of exceptions outside that model are what AWS's front ends answer, from botocore's and boto's public issues.
Left out: the header `x-amzn-errortype`; of an error we are given the status and the body.
"""

from collections.abc import Mapping
from urllib.parse import quote

from openclaw_extproc.faults import Fault, FaultKind, kind_of_status
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.bedrock.aws_events import Frame
from openclaw_extproc.wire.translation import error_words

MAX_MESSAGE = 2_000
"""Characters of a provider's own error message: enough for its longest, too few to fill a log."""
MAX_CODE = 64
"""Characters of an exception's name, about twice the longest documented one."""

_EXCEPTIONS: Mapping[str, tuple[FaultKind, int]] = {
    "ValidationException": (FaultKind.MALFORMED, 400),
    "AccessDeniedException": (FaultKind.FORBIDDEN, 403),
    "ResourceNotFoundException": (FaultKind.NOT_FOUND, 404),
    "ModelTimeoutException": (FaultKind.UPSTREAM_SILENT, 408),
    "ModelErrorException": (FaultKind.UPSTREAM_ERROR, 424),
    "ModelStreamErrorException": (FaultKind.UPSTREAM_ERROR, 424),
    "ThrottlingException": (FaultKind.RATE_LIMITED, 429),
    "ModelNotReadyException": (FaultKind.OVERLOADED, 429),
    "ServiceQuotaExceededException": (FaultKind.RATE_LIMITED, 400),
    "InternalServerException": (FaultKind.UPSTREAM_ERROR, 500),
    "ServiceUnavailableException": (FaultKind.OVERLOADED, 503),
    "UnrecognizedClientException": (FaultKind.UNAUTHENTICATED, 403),
    "InvalidSignatureException": (FaultKind.UNAUTHENTICATED, 403),
    "IncompleteSignatureException": (FaultKind.UNAUTHENTICATED, 403),
    "MissingAuthenticationTokenException": (FaultKind.UNAUTHENTICATED, 403),
    "ExpiredTokenException": (FaultKind.UNAUTHENTICATED, 403),
}

REFUSED_CREDENTIAL = "the provider refuses the gateway's credential"
_ABOUT_CREDENTIALS = ("arn:aws", "security token", "signature", "Signature", "API Key", "API key", "Bearer Token")
"""Words of messages that are for the gateway's operator only: they name accounts, or quote what was signed."""


def base_path(given: str) -> str:
    """The paths of Bedrock begin at the root."""
    return given.rstrip("/")


def credential_header(secret: str) -> tuple[str, str]:
    """Returns the header for a Bedrock API key. Signed requests have no such secret."""
    return "authorization", f"Bearer {secret}"


def path(model: str, operation: str) -> str:
    """Encoded as botocore does it: an ARN has slashes and colons."""
    return f"/model/{quote(model, safe='')}/{operation}"


def fault_of(frame: Frame) -> Fault:
    """What an exception, or an error, in a stream says."""
    word = _exception(frame.name)
    kind, status = _EXCEPTIONS.get(word, (FaultKind.UPSTREAM_ERROR, 500))
    said = _message(_parse_object(frame.payload)) or frame.headers.get(":error-message", "")[:MAX_MESSAGE]
    code = error_words.code(word[:MAX_CODE], said, None)
    return Fault(kind, _public(kind, said) or "the provider failed while answering", status, code)


def decode_error(status: int, body: bytes) -> Fault:
    parsed = _parse_object(body)
    word = _exception(_string(parsed.get("__type")) or _string(parsed.get("code")))
    kind = _EXCEPTIONS[word][0] if word in _EXCEPTIONS else kind_of_status(status)
    said = _public(kind, _message(parsed))
    code = error_words.code(word[:MAX_CODE], said, status)
    return Fault(kind, said or f"the provider answered {status}", status, code)


def _exception(name: str) -> str:
    """`com.amazon.coral.service#ThrottlingException`, `throttlingException`: the name as documented."""
    name = name.rpartition("#")[2].partition(":")[0]
    return name[:1].upper() + name[1:]


def _message(body: Mapping[str, Json]) -> str:
    said = (_string(body.get(key)) for key in ("message", "Message", "originalMessage"))
    return next((text for text in said if text.strip()), "")[:MAX_MESSAGE]


def _public(kind: FaultKind, message: str) -> str:
    if kind is FaultKind.UNAUTHENTICATED:
        return REFUSED_CREDENTIAL
    if kind is FaultKind.FORBIDDEN and any(word in message for word in _ABOUT_CREDENTIALS):
        return REFUSED_CREDENTIAL
    return message


def _parse_object(body: bytes) -> dict[str, Json]:
    try:
        return j.parse(body, where="the provider's error")
    except UnreadableError:
        return {}


def _string(value: Json) -> str:
    return value if isinstance(value, str) else ""
