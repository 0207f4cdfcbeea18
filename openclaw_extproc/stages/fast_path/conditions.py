"""What a request must be like to take the fast path, as a table: Envoy's routes and `explain` are both made from it.

Envoy looks at heads and at top-level fields of a JSON body alone. Whatever could make another target the first one, or
have it waited for longer, has to show there; a request that may is routed by the route stage, as every other is.
"""

from collections.abc import Mapping
from typing import TypeAlias

from openclaw_extproc.features.declared import COST, COST_CENTRE, MODEL, PROMPT, ROUTING, SESSION, TIMEOUT
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import USUAL_TOKENS
from openclaw_extproc.model.json import Json
from openclaw_extproc.stages.route.identification import OWN_HEADER
from openclaw_extproc.stages.route.side_requests import INSIDE

MAX_BODY_BYTES = 16 * 1024
"""Envoy parses the body of a request that may take the fast path, at 7 to 9 ns a byte (measured with 1.40)."""
JSON_TYPE = "application/json"

DECIDING_HEADERS = (
    *(MODEL, PROMPT, ROUTING, TIMEOUT, COST, *COST_CENTRE, OWN_HEADER, INSIDE, SESSION[0]),
    *(f"x-openclaw-{name}" for name in ("user", "task", "tier", "priority", "data-class")),
)
"""Our own request headers: a decision looks at each of them."""
SESSION_HEADERS = SESSION[1:]
"""Those of other makers that name a session, which may have to stay with a later target of its chain."""
FieldPath: TypeAlias = tuple[str, ...]
SESSION_FIELDS: tuple[FieldPath, ...] = (("user",), ("metadata", "user_id"), ("prompt_cache_key",))
"""Fields of a body that may name a session, in any format."""
REASONING_FIELDS: tuple[FieldPath, ...] = (
    ("reasoning_effort",),
    *(("reasoning", name) for name in ("effort", "summary", "generate_summary")),
    ("thinking", "type"),
    ("output_config", "effort"),
)
"""Fields of a body that may ask for thought, which is waited for longer and not every model is able to."""
OUTPUT_FIELDS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
"""Fields of a body that limit the answer: a long one is waited for longer."""
MAX_OUTPUT_TOKENS = USUAL_TOKENS
"""Up to this many an answer is waited for no longer than usual."""
STREAM_FIELD, MODEL_FIELD = "stream", "model"


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What more the bodies of one route's requests are asked for."""

    names_no_session: bool
    """Where the chain has several targets: a session may have to stay with another one than the first."""
    has_short_output: bool
    """`MAX_OUTPUT_TOKENS` at most."""


def objection_to_head(headers: Mapping[str, str], size: int, limits: BodyLimits) -> str:
    """Why a request with this head does not take the fast path; empty: nothing is in the way. `size`: of its body."""
    names = (*DECIDING_HEADERS, *(SESSION_HEADERS if limits.names_no_session else ()))
    if found := next((name for name in names if name in headers), ""):
        return f"the request has the header {found}"
    if size > MAX_BODY_BYTES:
        return f"the body has more than {MAX_BODY_BYTES:,} bytes"
    if not headers.get("content-type", "").startswith(JSON_TYPE):
        return f"the content-type is not {JSON_TYPE}"
    return ""


def objection_to_body(body: Mapping[str, Json], limits: BodyLimits) -> str:
    """Why a request with this body does not take the fast path; empty: nothing is in the way."""
    fields = (*REASONING_FIELDS, *(SESSION_FIELDS if limits.names_no_session else ()))
    if found := next((path for path in fields if _has(body, path)), ()):
        return f"the body has the field {'.'.join(found)}"
    if limits.has_short_output and (long := next((n for n in OUTPUT_FIELDS if not _is_short(body.get(n))), "")):
        return f"{long} is more than {MAX_OUTPUT_TOKENS:,}"
    return ""


def _has(body: Mapping[str, Json], path: FieldPath) -> bool:
    """Whether there is a text, a number or a truth value: Envoy sees no other."""
    found: Json = dict(body)
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return isinstance(found, str | int | float)


def _is_short(value: Json) -> bool:
    return value is None or (isinstance(value, int | float) and 0 <= value <= MAX_OUTPUT_TOKENS)
