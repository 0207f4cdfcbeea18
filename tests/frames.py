"""AWS event-stream frames, written for tests; a fixture is one line of JSON per frame."""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    head = b"".join(_header(name, value) for name, value in headers.items())
    sizes = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    begun = sizes + struct.pack("!I", zlib.crc32(sizes)) + head + payload
    return begun + struct.pack("!I", zlib.crc32(begun))


def _header(name: str, value: str) -> bytes:
    raw = value.encode()
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(raw)) + raw


def event(name: str, payload: Mapping[str, Any]) -> bytes:
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(payload).encode())


def exception(name: str, message: str) -> bytes:
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"message": message}).encode())


def framed(lines: str) -> bytes:
    """`{"messageStart": {…}}` and so on, as the stream that a provider sends."""
    return b"".join(event(name, payload) for line in lines.splitlines() for name, payload in json.loads(line).items())
