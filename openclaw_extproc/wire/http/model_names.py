"""The model that a passed-on request names, wherever it stands, and the same request with another name there.

Nothing else of a request is changed: not a byte of a file beside it.

The place of a single field in a `multipart/form-data` body, so that it can be read and replaced.

Read strictly, because the vendor reads it too and must come to the same result: whatever two readers could take for
different things is refused. The files in it are not looked at.
Source: RFC 7578, RFC 2046 section 5.1.
Left out: nested multiparts, a preamble, folded header lines, `name*`: no SDK writes them.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote, unquote_plus

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.wire.http.passthrough import ModelAt, Rule

# -- multipart -------------------------------------------------------------------------


MAX_PARTS = 1_000
MAX_HEAD_BYTES = 4 * 1024
"""The size of the head of one part."""
MAX_VALUE_BYTES = 512

_BOUNDARY = re.compile(
    r"""multipart/form-data[ \t]*;[ \t]*boundary=("?)([0-9A-Za-z'()+_,./:=?-]{1,70})\1[ \t]*""", re.IGNORECASE
)
_DISPOSITION = re.compile(
    rb'form-data *; *name="([^"\r\n]{0,256})"(?: *; *filename(?:="[^"\r\n]*"|=[^\s;"]+|\*=[^\s;"]+)){0,2}'
)
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):[ \t]*([^\r\n]*)")


@dataclass(frozen=True, slots=True)
class Field:
    value: str
    start: int
    """The offset of the value in the body."""
    end: int

    def with_value(self, body: bytes, value: str) -> bytes:
        """The body with another value in this field."""
        return body[: self.start] + value.encode() + body[self.end :]


def is_form(content_type: str) -> bool:
    return _BOUNDARY.fullmatch(content_type) is not None


def form_field(body: bytes, content_type: str, name: str) -> Field | None:
    """The field of that name; `None`: there is none.

    Raises:
        UnreadableError: the body is no form, or it could be read in more than one way.
    """
    boundary = _BOUNDARY.fullmatch(content_type)
    if boundary is None:
        raise UnreadableError("content-type: expected multipart/form-data with a boundary")
    fields = [one for one in _parts(body, b"--" + boundary[2].encode()) if _names(one, name)]
    if len(fields) > 1:
        raise UnreadableError(f"request body: the field {name} is there twice")
    return _read(body, fields[0], name) if fields else None


@dataclass(frozen=True, slots=True)
class _Part:
    name: bytes
    encoded: bool
    """Whether the part has a transfer encoding of its own."""
    start: int
    end: int


def _parts(body: bytes, delimiter: bytes) -> Iterator[_Part]:
    if not body.startswith(delimiter + b"\r\n"):
        raise UnreadableError("request body: does not begin with the boundary of its content-type")
    at = len(delimiter)
    for _ in range(MAX_PARTS):
        end = body.find(b"\r\n" + delimiter, at)
        if end < 0:
            raise UnreadableError("request body: ends before its last boundary")
        yield _part(body, at + 2, end)
        at = end + 2 + len(delimiter)
        following = body[at : at + 2]
        if following == b"--" and body[at + 2 :].strip(b"\r\n") == b"":
            return
        if following != b"\r\n":
            raise UnreadableError("request body: something stands behind a boundary")
    raise UnreadableError(f"request body: more than {MAX_PARTS} parts")


def _part(body: bytes, start: int, end: int) -> _Part:
    over = body.find(b"\r\n\r\n", start, min(end, start + MAX_HEAD_BYTES))
    if over < 0:
        raise UnreadableError("request body: a part has no end of its head")
    headers = [_HEADER.fullmatch(line) for line in body[start:over].split(b"\r\n")]
    named = [(found[1].lower(), found[2]) for found in headers if found]
    said = [value for name, value in named if name == b"content-disposition"]
    disposition = _DISPOSITION.fullmatch(said[0].rstrip()) if len(said) == 1 else None
    if disposition is None or len(named) != len(headers):
        raise UnreadableError("request body: a part has a head that is not plain")
    encoded = any(name == b"content-transfer-encoding" for name, _ in named)
    return _Part(disposition[1], encoded, over + 4, end)


def _names(part: _Part, name: str) -> bool:
    """Raises `UnreadableError`: somebody else could take its name for this one."""
    said = part.name.decode("utf-8", "replace")
    if said == name:
        return True
    if unquote(said).replace("\\", "").strip().lower().partition("[")[0] == name:
        raise UnreadableError(f"request body: a field's name is almost {name}")
    return False


def _read(body: bytes, part: _Part, name: str) -> Field:
    value = body[part.start : part.end]
    if part.encoded or len(value) > MAX_VALUE_BYTES or not value.isascii() or b"\n" in value or b"\r" in value:
        raise UnreadableError(f"request body: {name}: expected a plain name")
    return Field(value.decode(), part.start, part.end)


# -- model names -----------------------------------------------------------------------


MAX_NAME_CHARS = 512
_PREFIX = "models/"
"""Google's bodies write it before a model's name."""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as its client sent it."""

    path: str
    query: str
    body: bytes = b""
    content_type: str = ""


def reads_body(rule: Rule) -> bool:
    """Whether the model's name is in the body."""
    return rule.model_at in ("json", "form", "body")


def model_name(rule: Rule, sent: SentRequest) -> str:
    """The model's name; empty: the request names none.

    Raises:
        UnreadableError: a name could be read in more than one way, or is no name.
    """
    name = _name(_place(rule, sent), rule, sent)
    if len(name) > MAX_NAME_CHARS:
        raise UnreadableError(f"model: longer than {MAX_NAME_CHARS} characters")
    return name


def with_model(rule: Rule, sent: SentRequest, model: str) -> SentRequest:
    """Returns the request with another model's name in it. Raises `UnreadableError` if it names no model."""
    match _place(rule, sent):
        case "path":
            start, end = _span(rule, sent.path)
            return SentRequest(sent.path[:start] + quote(model, safe="") + sent.path[end:], sent.query)
        case "query":
            pairs = [f"model={quote(model, safe='')}" if _is_model(p) else p for p in sent.query.split("&")]
            return SentRequest(sent.path, "&".join(pairs))
        case "json":
            whole = j.parse(sent.body, where="request body").get("model")
            prefix = _PREFIX if isinstance(whole, str) and whole.startswith(_PREFIX) else ""
            return SentRequest(sent.path, sent.query, j.patch(sent.body, {"model": prefix + model}), sent.content_type)
        case "form":
            field = form_field(sent.body, sent.content_type, "model")
            body = sent.body if field is None else field.with_value(sent.body, model)
            return SentRequest(sent.path, sent.query, body, sent.content_type)
        case _:
            return sent


def _place(rule: Rule, sent: SentRequest) -> ModelAt:
    """Returns where a request names its model. The rule of some paths leaves that to the content type."""
    if not reads_body(rule):
        return rule.model_at
    is_json = sent.content_type.partition(";")[0].strip().lower() == "application/json"
    if is_json and rule.model_at != "form":
        return "json"
    if is_form(sent.content_type) and rule.model_at != "json":
        return "form"
    raise UnreadableError(f"content-type: expected {_EXPECTED_PLACES[rule.model_at]}")


_EXPECTED_PLACES: Mapping[str, str] = {
    "json": "application/json",
    "form": "multipart/form-data with a boundary",
    "body": "application/json, or multipart/form-data with a boundary",
}


def _name(place: ModelAt, rule: Rule, sent: SentRequest) -> str:
    match place:
        case "path":
            return unquote(rule.model_of(sent.path))
        case "query":
            found = [pair for pair in sent.query.split("&") if _is_model(pair)]
            if len(found) > 1:
                raise UnreadableError("query: model is there twice")
            return unquote_plus(found[0].partition("=")[2]) if found else ""
        case "json":
            model = j.parse(sent.body, where="request body").get("model")
            return "" if model is None else j.a_string(model, at="model").removeprefix(_PREFIX)
        case "form":
            field = form_field(sent.body, sent.content_type, "model")
            return "" if field is None else field.value
        case _:
            return ""


def _is_model(pair: str) -> bool:
    return unquote_plus(pair.partition("=")[0]).strip().lower() == "model"


def _span(rule: Rule, path: str) -> tuple[int, int]:
    found = rule.pattern.fullmatch(path)
    assert found is not None, "the rule was found by this path"
    return found.span("model")
