"""AWS's event-stream frames, written.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html. Own code on purpose, so that the gateway's reader is checked.
"""

import struct
import zlib

from openclaw_simulator.reading import Json, dump

CONTENT_TYPE = "application/vnd.amazon.eventstream"


def event(name: str, payload: Json) -> bytes:
    return raw_event(name, dump(payload))


def raw_event(name: str, payload: bytes) -> bytes:
    return _frame({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, payload)


def exception(name: str, message: str) -> bytes:
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return _frame(headers, dump({"message": message}))


def _frame(headers: dict[str, str], payload: bytes) -> bytes:
    written = bytearray()
    for name, value in headers.items():
        written += struct.pack(f"!B{len(name)}sBH", len(name), name.encode(), 7, len(value.encode())) + value.encode()
    frame = bytearray(struct.pack("!II", len(written) + len(payload) + 16, len(written)))
    frame += struct.pack("!I", zlib.crc32(frame))
    frame += written + payload
    frame += struct.pack("!I", zlib.crc32(frame))
    return bytes(frame)
