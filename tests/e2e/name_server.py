"""A DNS server on loopback whose answers a test sets, and an Envoy that asks it and nobody else."""

import socket
import struct
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from openclaw_extproc.edge.workers.processes import find_envoy

Answer: TypeAlias = Literal["address", "nxdomain", "empty", "servfail", "silence"]
"""`address`: 127.0.0.1. `empty`: the name is there, and has no address."""

_CODES: dict[Answer, int] = {"address": 0, "nxdomain": 3, "empty": 0, "servfail": 2}
_RESPONSE = 0x8580
"""Flags: a response, authoritative, recursion wanted and had (RFC 1035, 4.1.1)."""
_A, _HEADER_BYTES, _TTL_SECONDS = 1, 12, 1


class NameServer:
    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        """By name; of one that is not here: `nxdomain`."""
        self.asked: list[str] = []
        """Names, oldest first: two questions for each look, of addresses of either kind."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(512)
            if not question:
                return
            name, kind, end = _question(question)
            self.asked.append(name)
            answer = self.answers.get(name, "nxdomain")
            if answer == "silence":
                continue
            has_address = answer == "address" and kind == _A
            head = question[:2] + struct.pack("!HHHHH", _RESPONSE | _CODES[answer], 1, int(has_address), 0, 0)
            found = struct.pack("!HHHIH4s", 0xC00C, _A, 1, _TTL_SECONDS, 4, bytes((127, 0, 0, 1)))
            self._socket.sendto(head + question[_HEADER_BYTES:end] + (found if has_address else b""), client)


def _question(message: bytes) -> tuple[str, int, int]:
    """The name that is asked for, the type of record, and where the question ends."""
    labels, at = list[str](), _HEADER_BYTES
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(labels), int.from_bytes(message[at + 1 : at + 3], "big"), at + 5


@contextmanager
def name_server() -> Generator[NameServer]:
    server = NameServer()
    try:
        yield server
    finally:
        server.close()


def envoy_that_asks(server: NameServer, folder: Path) -> str:
    """The path of a program: Envoy with the configuration it is given, and this server in place of the machine's."""
    program = folder / "envoy"
    program.write_text(f"""#!{sys.executable}
import os, sys, yaml
place = sys.argv.index("-c") + 1
with open(sys.argv[place]) as file:
    whole = yaml.load(file, yaml.CSafeLoader)
server = {{"socket_address": {{"address": "127.0.0.1", "port_value": {server.port}}}}}
whole["typed_dns_resolver_config"]["typed_config"]["resolvers"] = [server]
sys.argv[place] = os.path.join(os.path.dirname(sys.argv[place]), "asking-envoy.yaml")
with open(sys.argv[place], "w") as file:
    yaml.safe_dump(whole, file)
os.execv({find_envoy(None)!r}, ["envoy", *sys.argv[1:]])
""")
    program.chmod(0o700)
    return str(program)
