"""A provider whose every answer is a stream of 28 MiB, as fast as it is taken: `python -m tests.chaos.firehose PORT`.

A process of its own, which only copies: making such answers would keep the other providers of the load waiting.
"""

import asyncio
import json
import sys
from contextlib import suppress

EVENTS_A_CHUNK = 400
CHUNKS = 400
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_WORDS = _chunk(_event({"role": "assistant", "content": "much of a muchness, "}) * EVENTS_A_CHUNK)
_LAST = _chunk(_event({}, "stop") + b"data: [DONE]\n\n") + b"0\r\n\r\n"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, EOFError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
            writer.write(_HEAD)
            for _ in range(CHUNKS):
                writer.write(_WORDS)
                await writer.drain()
            writer.write(_LAST)
            await writer.drain()
    writer.transport.abort()


async def main() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", int(sys.argv[1]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
