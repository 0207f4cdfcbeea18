"""Our credential in what a provider answers: cut out, whatever the answer is, before anything of ours reads it.

Some providers and many proxies quote the request they refuse, headers included. A secret is looked for as it was sent
and in the forms in which it may be quoted: escaped in JSON, HTML or a URL, and in base64 at any place of what was
encoded (`Basic` credentials). It is replaced by as many asterisks, so that every length said before stays right.

A secret of fewer than `WHOLE_BYTES` bytes may also be a part of a longer word, so it is looked for where it stands
alone. What is no secret at all (`ollama`, or a few letters) is left as it is: `cloud_credentials.is_secret`.

Left out: pieces of a secret (vendors quote `sk-...abcd` themselves), and other encodings of it. Compressed answers are
unpacked before (`unpacking`).

Our credential in WebSocket messages: looked for in what frames carry, over the frames of one message.

Frames keep their headers, because what is cut out is replaced by as many asterisks. A message that is complete goes out
at once: nothing that could be a key's beginning is held back behind its end.

Source: RFC 6455, section 5. A server does not mask its frames. Left out: compressed messages (RFC 7692), which the
attempt stage does not offer to providers.
"""

import html
import json
import re
from base64 import b64encode
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.parse import quote

from openclaw_extproc.config.providers.cloud_credentials import is_secret
from openclaw_extproc.stages.events import (
    Answer,
    Continue,
    Event,
    Relay,
    ResponseBody,
    ResponseHead,
    ResponseTrailers,
    To,
)

# -- masking ---------------------------------------------------------------------------


WHOLE_BYTES = 12
"""A secret of so many bytes is cut out wherever it stands."""
MAX_KNOWN = 64
"""Secrets whose forms are remembered. A configuration has a few; tokens of clouds change once an hour."""

_PLAIN = frozenset({"x-amz-date", "x-amz-content-sha256", "x-goog-user-project"})
"""What is sent beside a credential, and is none."""
_SIGNATURE = "AWS4-HMAC-SHA256 "

_BEFORE = rb"(?:(?<![0-9A-Za-z_])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2}))"
"""What a word does not go on behind: no letter or digit, unless it is the end of an escape of JSON or of a URL."""
_BEHIND = rb"(?![0-9A-Za-z_])"
_CONTEXT_BYTES = 6
"""Of what has gone out already, for `_BEFORE`."""


def secrets_in(headers: Mapping[str, str]) -> tuple[str, ...]:
    """What must not come back of the headers that carry a credential.

    Of an AWS signature that is the signature itself, which is good for this request for some minutes, and the session
    token. The key that it was made with is never sent; its id is no secret.
    """
    return tuple(secret for name, value in headers.items() if name not in _PLAIN and (secret := _secret(value)))


def _secret(value: str) -> str:
    """Returns a header's value without the word for the kind of credential."""
    if value.startswith(_SIGNATURE):
        return value.rpartition("Signature=")[2]
    scheme, _, rest = value.partition(" ")
    return rest if scheme.lower() in ("bearer", "basic") else value


class Masker:
    """Cuts secrets out of one response. It needs no more memory than the longest form of the secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = [forms(secret) for secret in secrets]
        self._anywhere = tuple(form for one in found for form in one.anywhere)
        self._alone = tuple(form for one in found for form in one.alone)
        self._words = re.compile(_BEFORE + b"(?:%b)" % b"|".join(map(re.escape, self._alone)) + _BEHIND)
        begins = (*(form[:-1] for form in self._anywhere), *self._alone)
        self._inner = frozenset(byte for form in begins for byte in form)
        """Only behind one of these bytes a form may go on in the next chunk, or be no word by what follows."""
        self._held = b""
        self._before: bytes = b""
        """The last bytes that have gone out, where forms are looked for that stand alone."""

    @property
    def _has_forms(self) -> bool:
        return bool(self._anywhere or self._alone)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers with a secret in their value, without the secret."""
        if not self._has_forms:
            return {}
        masked = {name: self._mask(value.encode("latin-1", "replace")) for name, value in headers.items()}
        return {name: new for name, one in masked.items() if (new := one.decode("latin-1")) != headers[name]}

    def feed(self, chunk: bytes, *, end: bool) -> bytes:
        """The part of the body that is certain, without the secret. What may be the beginning of the secret is held
        back."""
        if self._held:
            chunk, self._held = self._held + chunk, b""
        if not chunk or not self._has_forms:
            return chunk
        begins = len(chunk) if end or chunk[-1] not in self._inner else self._open_end(chunk)
        chunk = self._mask(chunk, self._before, begins)
        if begins < len(chunk):
            chunk, self._held = chunk[:begins], chunk[begins:]
        if self._alone:
            self._before = (self._before + chunk)[-_CONTEXT_BYTES:]
        return chunk

    def rest(self) -> bytes:
        """What is held back, when nothing follows."""
        held, self._held = self._held, b""
        return self._mask(held, self._before) if self._alone else held

    def _mask(self, text: bytes, before: bytes = b"", certain: int | None = None) -> bytes:
        """The text without secrets. `before`: what stands in front of it; `certain`: of how much of it what follows is
        known, and by that whether a word ends there; `None`: of all."""
        for form in self._anywhere:
            if form in text:
                text = text.replace(form, b"*" * len(form))
        if not any(form in text for form in self._alone):
            return text
        last = len(before) + (len(text) if certain is None else certain)
        whole = self._words.sub(lambda word: b"*" * len(word[0]) if word.end() <= last else word[0], before + text)
        return whole[len(before) :]

    def _open_end(self, text: bytes) -> int:
        """Where the longest end of the text begins that a form begins with, or that is all of a form which has to stand
        alone; the text's length where there is none."""
        begun = (_begin(text, form, len(form) - 1) for form in self._anywhere)
        return min((*begun, *(_begin(text, form, len(form)) for form in self._alone)))


class Masking(Protocol):
    """`Masker`, or one that looks into frames."""

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]: ...
    def feed(self, chunk: bytes, *, end: bool) -> bytes: ...
    def rest(self) -> bytes: ...


class MaskedResponse:
    """What a stage is shown of an answer, and what has to be told to Envoy because of it."""

    def __init__(self, masker: Masking) -> None:
        self._masker = masker
        self._headers: Mapping[str, str] = {}
        """The headers of the response that differ from those that Envoy has."""
        self._chunk = b""
        """The chunk as Envoy has it."""

    def to_stage(self, event: Event, *, last: bool = False) -> Sequence[Event]:
        """What the stage is shown in place of Envoy's message. `last`: nothing waits for a message after it."""
        match event:
            case ResponseHead(headers):
                self._headers = self._masker.headers(headers)
                return (replace(event, headers={**headers, **self._headers}) if self._headers else event,)
            case ResponseBody(chunk, end):
                self._chunk = chunk
                masked = self._masker.feed(chunk, end=end or last)
                return (event if masked is chunk else replace(event, chunk=masked),)
            case ResponseTrailers(at):
                rest = self._masker.rest()
                return (ResponseBody(rest, False, at), event) if rest else (event,)
            case _:
                return (event,)

    def to_envoy(self, answer: Answer) -> Answer:
        match answer:
            case Continue(To.RESPONSE_HEAD) if self._headers:
                kept = {name: one for name, one in self._headers.items() if name not in answer.remove_headers}
                return replace(answer, set_headers={**kept, **answer.set_headers})
            case Relay(chunk) if chunk == self._chunk:
                return replace(answer, changed=False)
            case _:
                return answer


def _begin(text: bytes, form: bytes, most: int) -> int:
    """Where the longest end of the text begins, of at most so many bytes, that the form begins with."""
    at = text.find(form[0], max(0, len(text) - most))
    while at >= 0:
        if form.startswith(text[at:]):
            return at
        at = text.find(form[0], at + 1)
    return len(text)


class Forms(NamedTuple):
    """The forms in which a secret is looked for, longer ones first."""

    anywhere: tuple[bytes, ...] = ()
    """Wherever they stand."""
    alone: tuple[bytes, ...] = ()
    """As words of their own only."""


@lru_cache(maxsize=MAX_KNOWN)
def forms(secret: str) -> Forms:
    """The forms of a secret; none of what is not one."""
    secret = secret.strip()
    if not is_secret(secret):
        return Forms()
    sent = secret.encode("latin-1", "replace")
    as_text, encoded = {sent, *_escapings(secret)}, set(_encodings(sent))
    if len(sent) < WHOLE_BYTES:
        return Forms(_by_length(encoded), _by_length(as_text))
    return Forms(_by_length(as_text | encoded))


def _by_length(found: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def _escapings(secret: str) -> Iterator[bytes]:
    """Yields the secret as JSON libraries write it, as a URL does and as a web page does."""
    quoted = json.dumps(secret)[1:-1]
    yield secret.encode()
    yield quoted.encode()
    yield quoted.replace("/", "\\/").encode()  # PHP
    for characters, form in (("&<>", "\\u%04x"), ("&<>='", "\\u%04x"), ("&<>'+`", "\\u%04X")):  # Go, Gson, .NET
        yield "".join(form % ord(one) if one in characters else one for one in quoted).encode()
    in_url = quote(secret, safe="")
    yield in_url.encode()
    yield quote(secret).encode()
    yield _lower_escapes(in_url).encode()
    yield html.escape(secret).encode()


def _lower_escapes(text: str) -> str:
    first, *rest = text.split("%")
    return "%".join((first, *(one[:2].lower() + one[2:] for one in rest)))


def _encodings(sent: bytes) -> Iterator[bytes]:
    """Yields the secret in base64, behind 0, 1 or 2 bytes more than a multiple of three: the characters that no
    neighbour changes."""
    for before in range(3):
        whole = b64encode(bytes(before) + sent)
        core = whole[-(-before * 8 // 6) : (before + len(sent)) * 8 // 6]
        yield core
        yield core.replace(b"+", b"-").replace(b"/", b"_")


# -- websocket masking -----------------------------------------------------------------


MAX_DUE = 4_096
"""Headers and parts of frames that may wait for what follows a key's beginning. Beyond, the beginning is cut out."""
_FIN, _CONTROL, _LENGTH = 0x80, 0x08, 0x7F
_MASK, _MASK_BYTES = 0x80, 4
_LENGTH_BYTES = {126: 2, 127: 8}
"""What follows where a length does not fit into seven bits."""


class FramesMasker:
    """Cuts secrets out of the messages of one WebSocket connection; has the methods of `Masker`."""

    def __init__(self, message: Masker, control: Masker) -> None:
        """`message`, `control`: for payloads of messages, and for those of pings, pongs and closes between them."""
        self._message, self._control = message, control
        self._header = bytearray()
        """Of the next frame, as far as it is here."""
        self._left = 0
        """Bytes of the payload that are still to come."""
        self._is_control = self._is_last = False
        self._masked = bytearray()
        """Of the message, not delivered yet."""
        self._due: deque[bytes | int] = deque()
        """What is to be delivered next: these bytes, or so many of the message."""

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return self._message.headers(headers)

    def feed(self, chunk: bytes, *, end: bool) -> bytes:
        at, out = 0, bytearray()
        while at < len(chunk):
            if self._left:
                part = chunk[at : at + self._left]
                at += len(part)
                self._payload(part)
            else:
                at = self._read_header(chunk, at)
            if len(self._due) > MAX_DUE:
                out += self._deliver()
            if len(self._due) > MAX_DUE:
                self._masked += b"*" * len(self._message.rest())
        return bytes(out) + self._deliver() + (self.rest() if end else b"")

    def rest(self) -> bytes:
        """What is held back, when nothing follows."""
        self._masked += self._message.rest()
        held = self._deliver() + bytes(self._header)
        self._header.clear()
        return held

    def _read_header(self, chunk: bytes, at: int) -> int:
        """Returns where the frame's header ends, or the chunk."""
        header = self._header
        while len(header) < _header_bytes(header) and at < len(chunk):
            header.append(chunk[at])
            at += 1
        if len(header) == _header_bytes(header):
            self._begin(bytes(header))
            header.clear()
        return at

    def _begin(self, header: bytes) -> None:
        more = _LENGTH_BYTES.get(header[1] & _LENGTH, 0)
        self._left = int.from_bytes(header[2 : 2 + more], "big") if more else header[1] & _LENGTH
        self._is_control, self._is_last = bool(header[0] & _CONTROL), bool(header[0] & _FIN)
        self._due.append(header)
        if not self._left:
            self._payload(b"")

    def _payload(self, part: bytes) -> None:
        self._left -= len(part)
        ends = not self._left and self._is_last
        if self._is_control:
            self._due.append(self._control.feed(part, end=not self._left))
        else:
            self._due.append(len(part))
            self._masked += self._message.feed(part, end=ends)

    def _deliver(self) -> bytes:
        """Returns as much of the message as is due and known."""
        out = bytearray()
        taken = 0
        while self._due:
            match self._due[0]:
                case int(count):
                    known = min(count, len(self._masked) - taken)
                    out += self._masked[taken : taken + known]
                    taken += known
                    if known < count:
                        self._due[0] = count - known
                        break
                case piece:
                    out += piece
            self._due.popleft()
        del self._masked[:taken]
        return bytes(out)


def _header_bytes(header: bytes | bytearray) -> int:
    """Returns the length of a frame's header, as far as its beginning tells."""
    if len(header) < 2:
        return 2
    return 2 + _LENGTH_BYTES.get(header[1] & _LENGTH, 0) + (_MASK_BYTES if header[1] & _MASK else 0)
