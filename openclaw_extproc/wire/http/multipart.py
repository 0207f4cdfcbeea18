"""The place of a single field in a `multipart/form-data` body, so that it can be read and replaced.

Read strictly, because the vendor reads it too and must come to the same result: whatever two readers could take for
different things is refused. The files in it are not looked at.
Source: RFC 7578, RFC 2046 section 5.1.
Left out: nested multiparts, a preamble, folded header lines, `name*`: no SDK writes them.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import UnreadableError

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
