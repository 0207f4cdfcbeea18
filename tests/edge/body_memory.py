"""How much memory a stage takes for one body, at its peak: measured in a process of its own for each body.

A program: `python -m tests.edge.body_memory STAGE:FORMAT:FILE ...` prints for each its peak in bytes, beyond what the
process had before. A body comes as Envoy sends it, in frames of HTTP/2, and the answer waits to be sent.
"""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from openclaw_extproc.edge.ext_proc.h2.grpc_messages import Messages, grpc_frame_parts
from openclaw_extproc.edge.ext_proc.stage_servers import return_freed_memory
from openclaw_extproc.edge.ext_proc.transport import Session
from openclaw_extproc.edge.runtime.in_flight import InFlight
from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.pb import ext_proc_pb2 as pb
from tests.edge import test_sessions as sessions

FRAME_BYTES = 16 * 1024


def opened(stage: str) -> Session:
    """A stage that has the head of its request."""
    route, _ = sessions.routing(InFlight())
    head, body = sessions.asking()
    route.receive(head)
    if stage == "route":
        return route
    plan = pb.ProcessingResponse.FromString(route.receive(body)[-1]).dynamic_metadata.fields["openclaw"].struct_value
    attempt, _ = sessions.attempting(InFlight())
    attempt.receive(sessions.asking({"plan": plan.fields["plan"].string_value}, "one")[0])
    return attempt


def frames(file: Path) -> Iterator[bytes]:
    """The message with that body, piece by piece: this process is not to have all of it."""
    size = file.stat().st_size
    body = b"\x0a" + varint(size)
    head = b"\x22" + varint(len(body) + size + 2) + body
    yield b"\0" + (len(head) + size + 2).to_bytes(4, "big") + head
    with file.open("rb", buffering=0) as content:
        while piece := content.read(FRAME_BYTES):
            yield piece
    yield b"\x10\x01"


def varint(number: int) -> bytes:
    written = b""
    while number > 0x7F:
        written += bytes([number & 0x7F | 0x80])
        number >>= 7
    return written + bytes([number])


def answered(session: Session, file: Path) -> list[memoryview]:
    """All that waits to be sent then."""
    messages = Messages()
    waiting: list[memoryview] = []
    for piece in frames(file):
        messages.feed(piece)
        while (message := messages.next()) is not None:
            answers = session.receive(message)
            waiting += [memoryview(part) for answer in answers for part in grpc_frame_parts(answer)]
    return waiting


def resident(key: str) -> int:
    """Bytes, from `/proc/self/status`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])


def peak(stage: str, file: Path) -> int:
    session = opened(stage)
    gc.collect()
    gc.freeze()
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins anew
    before = resident("VmRSS")
    sent = answered(session, file)
    assert sum(map(len, sent)) > 0
    return resident("VmHWM") - before


def main(cases: list[str]) -> None:
    return_freed_memory()
    for case in cases:
        stage, written, file = case.split(":", 2)
        provider = Provider("one", "one", written, models=("m",))
        sessions.GATEWAY = Gateway(providers={"one": provider}, chains={"m": (Target(provider, "m"),)})
        if (child := os.fork()) == 0:
            print(peak(stage, Path(file)), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
