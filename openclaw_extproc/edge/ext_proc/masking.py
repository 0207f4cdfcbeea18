"""Our credential in what a provider answers: cut out, whatever the answer is, before anything of ours reads it.

Some providers and many proxies quote the request they refuse, headers included. A secret is looked for as it was sent
and in the forms in which it may be quoted: escaped in JSON, HTML or a URL, and in base64 at any place of what was
encoded (`Basic` credentials). It is replaced by as many asterisks, so that every length said before stays right.

Left out: pieces of a secret (vendors quote `sk-...abcd` themselves), and other encodings of it. Compressed answers are
unpacked before (`unpacking`).
"""

import html
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Protocol
from urllib.parse import quote

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

MIN_BYTES = 12
"""A shorter value is a word (`ollama`, `not-needed`) rather than a secret, and may be meant for the reader."""
MAX_KNOWN = 64
"""Secrets whose forms are remembered. A configuration has a few; tokens of clouds change once an hour."""

_PLAIN = frozenset({"x-amz-date", "x-amz-content-sha256", "x-goog-user-project"})
"""What is sent beside a credential, and is none."""
_SIGNATURE = "AWS4-HMAC-SHA256 "


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
        self._forms = tuple(form for secret in secrets for form in forms(secret))
        self._inner = frozenset(byte for form in self._forms for byte in form[:-1])
        """The bytes behind which a form may go on in the next chunk."""
        self._held = b""

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers with a secret in their value, without the secret."""
        if not self._forms:
            return {}
        masked = {name: self._mask(value.encode("latin-1", "replace")) for name, value in headers.items()}
        return {name: new for name, one in masked.items() if (new := one.decode("latin-1")) != headers[name]}

    def feed(self, chunk: bytes, *, end: bool) -> bytes:
        """The part of the body that is certain, without the secret. What may be the beginning of the secret is held
        back."""
        if self._held:
            chunk, self._held = self._held + chunk, b""
        if not chunk or not self._forms:
            return chunk
        chunk = self._mask(chunk)
        if end or chunk[-1] not in self._inner:
            return chunk
        if (begins := self._open_end(chunk)) < len(chunk):
            chunk, self._held = chunk[:begins], chunk[begins:]
        return chunk

    def rest(self) -> bytes:
        """What is held back, when nothing follows."""
        held, self._held = self._held, b""
        return held

    def _mask(self, text: bytes) -> bytes:
        for form in self._forms:
            if form in text:
                text = text.replace(form, b"*" * len(form))
        return text

    def _open_end(self, text: bytes) -> int:
        """Returns where the longest end of the text begins that is the beginning of a form; the text's length where
        there is none."""
        return min(_begin(text, form) for form in self._forms)


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

    def shown(self, event: Event, *, last: bool = False) -> Sequence[Event]:
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

    def told(self, answer: Answer) -> Answer:
        match answer:
            case Continue(To.RESPONSE_HEAD) if self._headers:
                kept = {name: one for name, one in self._headers.items() if name not in answer.remove_headers}
                return replace(answer, set_headers={**kept, **answer.set_headers})
            case Relay(chunk) if chunk == self._chunk:
                return replace(answer, changed=False)
            case _:
                return answer


def _begin(text: bytes, form: bytes) -> int:
    at = text.find(form[0], max(0, len(text) - len(form) + 1))
    while at >= 0:
        if form.startswith(text[at:]):
            return at
        at = text.find(form[0], at + 1)
    return len(text)


@lru_cache(maxsize=MAX_KNOWN)
def forms(secret: str) -> tuple[bytes, ...]:
    """The forms in which a secret is looked for, longer ones first; none for what is too short to be a secret."""
    sent = secret.strip().encode("latin-1", "replace")
    if len(sent) < MIN_BYTES:
        return ()
    found = {sent, *_escapings(secret.strip()), *_encodings(sent)}
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
