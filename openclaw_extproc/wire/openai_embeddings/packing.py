"""Vectors in base64 for a client that asked for them, of a server that only has numbers.

OpenAI's SDKs ask for base64 unless told otherwise, and the JavaScript one reads nothing else. Ollama, llama.cpp and
others pass over `encoding_format`. An answer that is as it was asked for keeps every byte.
"""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.embed import Embed
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.base import ByteTransform
from openclaw_extproc.wire.streams.sse import MAX_EVENT_BYTES
from openclaw_extproc.wire.translation import vectors


def repack(embed: Embed) -> ByteTransform | None:
    return Packing() if embed.packed else None


class Packing:
    """Holds an answer until its end. One above the limit passes as it is."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._passes = False

    def feed(self, chunk: bytes) -> bytes:
        if self._passes:
            return chunk
        self._held += chunk
        if len(self._held) <= MAX_EVENT_BYTES:
            return b""
        self._passes = True
        return self._repack()

    def end(self) -> bytes:
        raw = self._repack()
        try:
            body = j.parse(raw, where="answer") if raw else {}
        except UnreadableError:
            return raw
        items = body.get("data")
        if not isinstance(items, list) or not any(_is_in_numbers(item) for item in items):
            return raw
        try:
            return j.patch(raw, {"data": [_to_base64(item) for item in items]})
        except UnreadableError:  # whoever decodes the answer says so
            return raw

    def _repack(self) -> bytes:
        raw = bytes(self._held)
        self._held.clear()
        return raw


def _is_in_numbers(item: Json) -> bool:
    return isinstance(item, dict) and isinstance(item.get("embedding"), list)


def _to_base64(item: Json) -> Json:
    if not isinstance(item, dict) or not _is_in_numbers(item):
        return item
    return {**item, "embedding": vectors.to_base64(vectors.read(item["embedding"], at="embedding"))}
