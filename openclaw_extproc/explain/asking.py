"""From a file to a request as Envoy would show it to the route stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from openclaw_extproc.callers import ANONYMOUS, CallerIdentity
from openclaw_extproc.model import json as j
from openclaw_extproc.stages.pipeline import IncomingRequest
from openclaw_extproc.wire import CLIENTS, api_path_of, example_target, format_of_shape


class UnclearError(ValueError):
    """Nobody can tell what kind of request this is, or what is asked of it cannot be."""


@dataclass(frozen=True, slots=True)
class Asking:
    arrived: IncomingRequest
    found_by: Literal["path", "format", "shape"]
    """What told the client's format."""


def ask(
    body: bytes,
    headers: Mapping[str, str],
    *,
    path: str = "",
    format: str = "",
    at: float,
    identity: CallerIdentity = ANONYMOUS,
) -> Asking:
    """`identity`: who is taken for the caller. Raises `UnclearError`, or `UnreadableError`: it is not a JSON object."""
    parsed = j.parse(body, where="the request")
    said = {":method": "POST", "content-type": "application/json", **headers}
    if path:
        return Asking(_incoming_request(body, {**said, ":path": path}, at, identity), "path")
    if format and format not in CLIENTS:
        raise UnclearError(f"no client speaks {format} (known: {', '.join(CLIENTS)})")
    if found := format or format_of_shape(parsed):
        headed = {**said, ":path": example_target(found, parsed.get("model"))}
        return Asking(_incoming_request(body, headed, at, identity), "format" if format else "shape")
    raise UnclearError("the body does not tell its format: name its path (--path /v1/chat/completions)")


def _incoming_request(body: bytes, headers: Mapping[str, str], at: float, identity: CallerIdentity) -> IncomingRequest:
    spoken = api_path_of(headers[":path"], headers)
    if not spoken.served:
        raise UnclearError(f"{headers[':path']} is not a model call: it is answered with 404, or passed on unread")
    return IncomingRequest(headers, spoken, body, at, identity=identity)


def header(text: str) -> tuple[str, str]:
    """Of `name: value`. Raises `UnclearError`."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UnclearError(f"a header is written 'name: value', not {text!r}")
    return name.strip().lower(), value.strip()
